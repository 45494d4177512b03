# SPDX-License-Identifier: Apache-2.0
"""gpu_report.json and gpu_report.md, from what the steps of gpu_check.py found."""
import json
import os

import gpu_steps

WORDS = {"passed": "passed", "failed": "**FAILED**", "partial": "cut short", "not_run": "not run"}


def write(folder, report):
    for name, text in [("gpu_report.json", json.dumps(report, indent=1) + "\n"), ("gpu_report.md", markdown(report))]:
        part = folder / (name + ".part")
        part.write_text(text)
        os.replace(part, folder / name)


def headline(report):
    counts = {}
    for step in report["steps"]:
        counts[step["status"]] = counts.get(step["status"], 0) + 1
    text = ", ".join(f"{counts[status]} {word.strip('*').lower()}" for status, word in WORDS.items() if status in counts)
    return text if report["gpu"] else f"no GPU: {report['gpu_reason']}; {text}"


def table(heads, rows):
    if not rows:
        return []
    cells = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)] + ["| " + " | ".join(row) + " |" for row in cells] + [""]


def percent(share):
    return f"{100 * share:.0f} %" if share else "-"


def kind(row):
    return f"{row['bits']} bits" if row["bits"] else "float"


def reached(value, target):
    return "-" if target is None else f"{target:,.0f} ({'reached' if value >= target else 'missed'})"


def machine_lines(step):
    rows = [(key, step[key]) for key in ("program", "cpu", "processors", "system", "nvidia_smi") if key in step]
    lines = table(["", ""], [*step.get("card", {}).items(), *rows])
    return lines + (["```", step["doctor"], "```", ""] if step.get("doctor") else [])


def parity_lines(step):
    lines = table(["failed case", "first message"], [(f["name"], f["message"]) for f in step.get("failures", [])])
    return lines + table(["suite", "cases", "failed", "skipped", "seconds"],
                         [(s["suite"], s["run"], s["failed"], s["skipped"], s["seconds"]) for s in step.get("suites", [])])


def sanitizer_lines(step):
    lines = table(["tool", "cases passed", "summary"], [(r["tool"], r["cases"], r["summary"]) for r in step.get("rows", [])])
    for row in step.get("rows", []):
        if row["code"] != 0 and row["findings"]:
            lines += ["```", *row["findings"], "```", ""]
    return lines


def kernels_lines(step):
    rows, lines = step.get("rows", []), []
    done = [row for row in rows if "passes" in row]
    lines += table(["size", "batch", "arithmetic", "fixed", "convolutions", "step, us", "sum of passes, us", "images/s",
                    "depthwise, % of copy (target >= 80)"],
                   [(r["size"], r["batch"], f"{r['precision']}, {kind(r)}", r["fixed_layers"], r["convolutions"],
                     f"{r['step_microseconds']:.0f}", f"{r['sum_of_passes_microseconds']:.0f}", f"{r['images_per_second']:,.0f}",
                     " ".join(f"{100 * s:.0f}" for s in r["depthwise_share_of_copy"]) or "-") for r in done])
    lines += [f"- {r['size']} px, {r['precision']}, {kind(r)}, {r['convolutions']}: {r['reason']}" for r in rows if "reason" in r]
    for row in done[:2]:
        lines += ["", f"{row['size']} pixels, batch {row['batch']}, {row['precision']}, {kind(row)}, {row['fixed_layers']} fixed "
                  f"layers; a large copy moves {row['copy_gb_per_s']:,.0f} GB/s", ""]
        lines += table(["pass", "us", "GB/s", "share of copy", "share of step"],
                       [(p["name"], f"{p['microseconds']:.1f}", f"{p['gb_per_s']:,.0f}", percent(p["share_of_copy"]),
                         percent(p["share_of_step"])) for p in row["passes"]])
    return lines


def throughput_lines(step):
    targets = {(t["size"], t["bits"]): t for t in step.get("targets", [])}
    ours = table(["size", "arithmetic", "fixed", "convolutions", "batch", "images/s", "share of floor", "target (H100, bf16)"],
                 [(r["size"], f"{r['precision']}, {kind(r)}", r["fixed_layers"], r["convolutions"], r.get("batch", "-"),
                   f"{r['images_per_second']:,.0f}" if r["images_per_second"] else r.get("reason", "-"),
                   percent(r.get("share_of_floor")),
                   reached(r["images_per_second"], targets.get((r["size"], r["bits"]), {}).get("images_per_second"))
                   if (r["precision"], r["convolutions"]) == ("bf16", "custom") and r["images_per_second"] else "-") for r in step.get("rows", [])])
    beside = table(["size", "arithmetic", "ours, images/s", "PyTorch, images/s", "ratio", "target", "PyTorch's setting"],
                   [(r["size"], f"{r['precision']}, {kind(r)}", f"{r['images_per_second']:,.0f} (batch {r['batch']})",
                     f"{r['torch_images_per_second']:,.0f} (batch {r['torch_batch']})", f"{r['ratio']:.1f}",
                     reached(r["ratio"], targets.get((r["size"], r["bits"]), {}).get("ratio"))
                     if r["precision"] == "bf16" else "-",
                     f"{r['torch']} {r['torch_setting']}") for r in step.get("beside_torch", [])])
    reason = [f"PyTorch: {step['torch_reason']}", ""] if step.get("torch_reason") else []
    return ours + beside + reason


def training_lines(step):
    lines = []
    for run in step.get("runs", []):
        source = "from the given weights" if run["pretrained"] else "from random weights"
        lines += [f"{run['data']}, {run['config']}, {run['precision']}, {source}: {run['seconds']} s for everything"
                  + (f"; {run['reason']}" if run["reason"] else ""), ""]
        lines += table(["N", "test top-1, % (integer network)", "float path, %", "seconds", "images/s"],
                       [(p["fixed_layers"], f"{p['top1_percent']:.2f}", f"{p['float_path_top1_percent']:.2f}",
                         f"{p['wall_seconds']:.1f}", f"{p['train_images_per_second']:,.0f}") for p in run["points"]])
    if step.get("runs"):
        lines += [f"Target: all of them in {step['target_seconds']} s.", ""]
    bits = step.get("same_bits")
    if bits:
        lines += [f"Same seed, same bits: {gpu_steps.SAME[bits['same']]}"
                  + "".join(f"; {name} sha256 {value[:16]}" for name, value in bits.get("sha256", {}).items()), ""]
    return lines


def codes_lines(step):
    return table(["network", "engine", "images", "codes compared", "different", "top-1, %", "images/s"],
                 [(r["network"], r["engine"], r["images"], f"{r['codes']:,}", r["different"], f"{r['top1_percent']:.2f}",
                   f"{r['images_per_second']:,.0f}") for r in step.get("rows", []) if r["images"]])


def errors_lines(step):
    return table(["what", "exit code", "said", ""], [(r["what"], r.get("code", "-"), r["said"], "as expected" if r["passed"] else
                                                      "**unexpected**") for r in step.get("rows", [])])


def markdown(report):
    lines = ["# GPU check", ""]
    if not report["gpu"]:
        lines += [f"**no GPU**: {report['gpu_reason']}. What needs a card did not run.", ""]
    torch = report["torch"]
    lines += [f"{report['started']}, {report['host']}" + (", quick" if report["quick"] else "") +
              (f", PyTorch {torch['version']}" if torch else ""), "", headline(report), ""]
    lines += table(["step", "", "seconds", "found"], [(s["name"], WORDS[s["status"]], s["seconds"], s.get("reason", ""))
                                                      for s in report["steps"]])
    for step in report["steps"]:
        body = globals().get(f"{step['name']}_lines", lambda _: [])(step)
        if body:
            lines += [f"## {step['name'].capitalize()}", "", *body]
    return "\n".join(lines).rstrip() + "\n"
