# SPDX-License-Identifier: Apache-2.0
"""The steps of gpu_check.py. Each takes the Check and the seconds it may use, and returns what the report says of it:
status (passed, failed, partial: cut short by the time, not_run), reason, and its figures."""
import hashlib
import json
import os
import pathlib
import platform
import shutil
import signal
import time

POINTS = [0, 4, 7, 11, 14]
# Of the design, on an H100: images/s and times PyTorch's best; None = not set.
TARGETS = {(224, 0): (70e3, 2), (224, 8): (60e3, 4), (32, 0): (1.5e6, 3), (32, 8): (None, 6)}
DEPTHWISE_TARGET = 0.8  # of copy bandwidth, where the tensors are 112 and 56 pixels wide
TRAININGS_TARGET_SECONDS = 600


def outcome(status, reason="", **figures):
    return {"status": status, "reason": reason, **figures}


def without_card(check):
    return None if check.gpu else outcome("not_run", check.gpu_reason)


def json_of(result):
    return json.loads(result.out.strip().splitlines()[-1]) if result.code == 0 and result.out.strip() else None


def machine(check, seconds):
    figures = {"cpu": platform.processor() or platform.machine(), "processors": os.cpu_count(), "system": platform.platform()}
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if os.path.exists("/proc/cpuinfo") else []:
        if line.startswith("model name"):
            figures["cpu"] = line.split(":", 1)[1].strip()
            break
    figures["program"] = check.fixynn("fixynn-bench", ["--version"], 30).out.strip()
    fields = ("name,driver_version,memory.total,memory.free,clocks.sm,clocks.max.sm,clocks.mem,clocks.max.mem,power.limit,"
              "temperature.gpu,compute_cap")
    smi = shutil.which("nvidia-smi")
    if smi:
        asked = check.run([smi, f"--query-gpu={fields}", "--format=csv,noheader"], 60, own=False)
        if asked.code == 0:
            values = [value.strip() for value in asked.out.strip().splitlines()[0].split(",")]
            figures["card"] = dict(zip(fields.split(","), values))
        else:
            figures["nvidia_smi"] = asked.sentence()
    else:
        figures["nvidia_smi"] = "not found"
    try:
        figures["doctor"] = check.fixynn("fixynn-doctor", [], 60).out.strip()
    except FileNotFoundError:
        pass
    return outcome("passed", figures.get("card", {}).get("name", ""), **figures)


# ---- the tests of tests/cuda ----

def suites_of(check, seconds):
    listed = check.fixynn("test_cuda_device", ["--gtest_list_tests"], seconds)
    names = [line.split("#")[0].strip() for line in listed.out.splitlines() if line and not line[0].isspace()]
    return [name for name in names if name.endswith(".")]


def read_gtest(path, suite, result):
    """Cases of one suite, also where the program ended in the middle."""
    cases, failures = {"run": 0, "skipped": 0}, []
    try:
        tests = [test for one in json.loads(path.read_text())["testsuites"] for test in one["testsuite"]]
    except (OSError, ValueError, KeyError):
        running = [line.split("]", 1)[1].strip() for line in result.out.splitlines() if line.startswith("[ RUN")]
        name = running[-1] if running else suite
        return {"run": len(running), "skipped": 0}, [{"name": name, "message": f"the program ended: {result.sentence()}"}]
    for test in tests:
        if test.get("result") == "SKIPPED":
            cases["skipped"] += 1
            continue
        cases["run"] += 1
        if test.get("failures"):
            message = test["failures"][0]["failure"].strip()
            failures.append({"name": f"{test['classname']}.{test['name']}", "message": message[:600]})
    return cases, failures


def parity(check, seconds):
    """A process for every suite: after a fault on the card nothing more works in the same process."""
    missing = without_card(check)
    if missing:
        return missing
    end = time.monotonic() + seconds
    run = skipped = 0
    failures, left_out, suites = [], [], []
    for suite in suites_of(check, 60):
        if time.monotonic() > end:
            left_out.append(suite)
            continue
        path = check.scratch / "gtest.json"
        path.unlink(missing_ok=True)
        result = check.fixynn("test_cuda_device", [f"--gtest_filter={suite}*", f"--gtest_output=json:{path}"],
                              max(20, end - time.monotonic()))
        cases, failed = read_gtest(path, suite, result)
        run, skipped = run + cases["run"], skipped + cases["skipped"]
        failures += failed
        suites.append({"suite": suite, "seconds": round(result.seconds, 1), "failed": len(failed), **cases})
    figures = dict(cases=run, failed=len(failures), skipped=skipped, failures=failures, suites=suites, left_out=left_out)
    text = f"{run} cases, {len(failures)} failed, {skipped} skipped"
    if failures or run == 0:
        return outcome("failed", text, **figures)
    return outcome("partial" if left_out else "passed", text + (f", {len(left_out)} suites left out" if left_out else ""),
                   **figures)


# Every kernel at least once, and a whole engine; what takes a sanitizer minutes is left out.
SANITIZER_CASES = {
    "memcheck": "-*CudaParity*:*CudaReducedPrecision*:*Networks*:*CudaRealSizes*:*QueuedSteps*",
    "racecheck": "-*CudaParity*:*CudaReducedPrecision*:*Networks*:*CudaRealSizes*:CudaEngineTest*",
    "initcheck": "*Forward*:*Backward*:*Head*:*Render*:CudaEngineTest.AShortLast*",
}


def sanitizer(check, seconds):
    missing = without_card(check)
    if missing:
        return missing
    homes = [os.environ.get("CUDA_HOME", ""), "/usr/local/cuda"]
    tool = shutil.which("compute-sanitizer", path=os.pathsep.join([os.environ.get("PATH", "")] + [h + "/bin" for h in homes]))
    if tool is None:
        return outcome("not_run", "compute-sanitizer was not found")
    rows, end = [], time.monotonic() + seconds
    kinds = ["memcheck", "racecheck"] if check.quick else list(SANITIZER_CASES)
    for i, kind in enumerate(kinds):
        limit = (end - time.monotonic()) / (len(kinds) - i)
        result = check.run([tool, "--tool", kind, "--error-exitcode", 99, check.program("test_cuda_device"),
                            f"--gtest_filter={SANITIZER_CASES[kind]}"], limit)
        lines = result.out.splitlines()
        summary = [line.lstrip("= ") for line in lines if "SUMMARY" in line]
        findings = [line.lstrip("= ") for line in lines if line.startswith("=========") and "SUMMARY" not in line][:20]
        done = sum(line.startswith("[       OK ]") for line in lines)
        rows.append({"tool": kind, "cases": done, "code": result.code, "timed_out": result.timed_out,
                     "summary": summary[-1] if summary else result.sentence(), "findings": findings})
    bad = [row["tool"] for row in rows if row["code"] != 0 and not row["timed_out"]]
    cut = [row["tool"] for row in rows if row["timed_out"]]
    text = "; ".join(f"{row['tool']}: {row['summary']}" for row in rows)
    return outcome("failed" if bad else "partial" if cut else "passed", text, rows=rows)


# ---- speed ----

def kernels(check, seconds):
    missing = without_card(check)
    if missing:
        return missing
    end, rows = time.monotonic() + seconds, []
    cases = [(size, batch, precision, bits, fixed, convolutions)
             for convolutions in ["custom", "cudnn"] for size, batch in [(224, 256), (32, 1024)]
             for precision, bits in [("bf16", 0), ("bf16", 8), ("tf32", 8), ("tf32", 0), ("fp32", 0)] for fixed in [0, 7]]
    if check.quick:
        cases = [c for c in cases if c[4] == 0 and c[2] == "bf16" and (c[5] == "custom" or c[0] == 224)]
    for size, batch, precision, bits, fixed, convolutions in cases:
        row = dict(size=size, batch=batch, precision=precision, bits=bits, fixed_layers=fixed, convolutions=convolutions)
        rows.append(row)
        if time.monotonic() > end:
            row["reason"] = "no time was left"
            continue
        result = check.fixynn("fixynn-bench", ["kernels", "--json", "--device", check.device, "--size", size, "--batch", batch,
                                               "--precision", precision, "--bits", bits, "--fixed-layers", fixed,
                                               "--convolutions", convolutions, "--seconds", 1, "--threads", 0],
                              max(30, end - time.monotonic()))
        measured = json_of(result)
        if measured is None:
            row["reason"] = result.sentence()
            row["failed"] = convolutions == "custom" or not no_cudnn(result)
            continue
        check.copy_gb_per_s = measured["copy_gb_per_s"]
        wide = [p for p in measured["passes"] if size == 224 and p["name"][:4] in ("l01_", "l02_", "l03_")
                and "depthwise" in p["name"]]
        row.update({key: measured[key] for key in ("copy_gb_per_s", "sum_of_passes_microseconds", "step_microseconds",
                                                   "images_per_second", "launches_per_step", "passes", "device")})
        row["depthwise_share_of_copy"] = [round(p["share_of_copy"], 3) for p in wide]
    failed = [row for row in rows if row.get("failed")]
    done = [row for row in rows if "step_microseconds" in row]
    wide = [share for row in done if row["convolutions"] == "custom" for share in row["depthwise_share_of_copy"]]
    text = f"{len(done)} of {len(rows)} configurations"
    if wide:
        text += f"; depthwise at 112 and 56 pixels {100 * min(wide):.0f}..{100 * max(wide):.0f} % of copy bandwidth"
    text += f"; first failure: {failed[0]['reason']}" if failed else ""
    return outcome("failed" if failed or not done else "passed" if len(done) == len(rows) else "partial", text, rows=rows,
                   depthwise_target=DEPTHWISE_TARGET)


def no_cudnn(result):
    """cuDNN is not there: no failure. A cuDNN that is there and fails is one."""
    text = result.sentence().lower()
    return result.code == 2 and "cudnn" in text and any(
        word in text for word in ("cannot be loaded", "not be found", "too old", "without cudnn", "no cudnn", "missing"))


def bench(check, config, batch, seconds):
    arguments = ["train", "--device", check.device, "--seconds", 0.3 if check.quick else 0.8, "--batch", batch, "--threads", 0]
    for key in ("size", "precision", "bits", "fixed_layers", "convolutions"):
        arguments += ["--" + key.replace("_", "-"), config[key]]
    if getattr(check, "copy_gb_per_s", 0):
        arguments += ["--memory-gb-per-s", check.copy_gb_per_s]
    return check.fixynn("fixynn-bench", arguments, seconds)


def best_batch(check, config, batches, end):
    """The row of the fastest batch size."""
    best = {**config, "images_per_second": 0}
    for batch in batches:
        result = bench(check, config, batch, max(20, end - time.monotonic()))
        measured = json_of(result)
        if measured is None:
            best.setdefault("reason", f"batch {batch}: {result.sentence()}")
            best["failed"] = config["convolutions"] == "custom" or not no_cudnn(result)
        elif measured["images_per_second"] > best["images_per_second"]:
            best.update({key: measured[key] for key in ("images_per_second", "share_of_floor", "floor_images_per_second",
                                                       "launches_per_step", "device_memory_bytes", "batch")})
    if best["images_per_second"] > 0:  # a batch that does not fit is no failure
        best.pop("failed", None)
    return best


def throughput_cases(check):
    if check.device == "cpu":
        return [dict(size=32, bits=bits, precision="fp32", fixed_layers=7, convolutions="custom") for bits in (0, 8)]
    cases = [dict(size=size, bits=bits, precision=precision, fixed_layers=fixed, convolutions=convolutions)
             for convolutions in ["custom", "cudnn"] for precision in ["bf16", "tf32", "fp32"] for size in [224, 32]
             for bits in [0, 8] for fixed in [7, 0]]
    if check.quick:
        return [c for c in cases if c["precision"] == "bf16" and c["fixed_layers"] == 7
                and (c["convolutions"] == "custom" or c["size"] == 224)]
    return [c for c in cases if c["fixed_layers"] == 7 or (c["precision"] == "bf16" and c["convolutions"] == "custom")]


def throughput(check, seconds):
    if check.device == "cuda" and not check.gpu:
        return outcome("not_run", check.gpu_reason)
    start, rows = time.monotonic(), []
    ours_end = start + seconds * (0.45 if check.torch and check.torch["cuda"] else 1.0)
    batches = {224: [128, 256, 512], 32: [1024, 2048, 4096]} if check.device == "cuda" else {32: [16, 32]}
    best = {}  # custom's best batch serves cuDNN too
    for config in throughput_cases(check):
        if time.monotonic() > ours_end:
            rows.append({**config, "images_per_second": 0, "reason": "no time was left"})
            continue
        key = (config["size"], config["bits"], config["precision"])
        row = best_batch(check, config, [best[key]] if key in best else batches[config["size"]], ours_end)
        if row["images_per_second"] > 0:
            best.setdefault(key, row["batch"])
        rows.append(row)
    beside, reason = beside_torch(check, start + seconds - time.monotonic(), best)
    failed = [row for row in rows if row.get("failed")]
    done = [row for row in rows if row["images_per_second"] > 0]
    text = f"{len(done)} of {len(rows)} configurations, {len(beside)} beside PyTorch" + (f" ({reason})" if reason else "")
    text += f"; first failure: {failed[0]['reason']}" if failed else ""
    targets = [{"size": size, "bits": bits, "images_per_second": speed, "ratio": ratio}
               for (size, bits), (speed, ratio) in TARGETS.items()]
    return outcome("failed" if failed or not done else "passed" if len(done) == len(rows) else "partial", text, rows=rows,
                   beside_torch=beside, torch_reason=reason, targets=targets)


def beside_torch(check, seconds, best):
    if check.device == "cpu":
        return [], "rehearsal"
    if check.torch is None:
        return [], f"{check.args.python} cannot import torch"
    if not check.torch["cuda"]:
        return [], f"PyTorch {check.torch['version']} sees no card"
    rows, reason, end = [], "", time.monotonic() + seconds
    # The targets' precision first: what the time does not reach is the least wanted.
    for precision in ["bf16"] if check.quick else ["bf16", "tf32", "fp32"]:
        for size in [224, 32]:
            left = end - time.monotonic()
            if left < 20:
                reason = reason or "no time was left for all"
                continue
            batches = [256, 512] if size == 224 else [2048, 4096]
            path = check.scratch / f"torch_{precision}_{size}.json"
            result = check.run([check.args.python, check.tools / "compare_torch.py", "--device", "cuda", "--bench",
                                check.wrapper("fixynn-bench"), "--python", check.args.python, "--sizes", size, "--bits", "0,8",
                                "--precisions", precision, "--batches", ",".join(map(str, batches)), "--seconds", 0.7,
                                "--minutes", left / 60 * 0.6, "--start-seconds", max(30, left / 4), "--json", path],
                               left, own=False)
            if path.exists():
                rows += json.loads(path.read_text())
            if result.code != 0:
                reason = reason or result.sentence()
    return rows, reason


# ---- trainings ----

def signs(check):
    """Generated traffic signs, drawn once."""
    folder = check.scratch / "signs"
    if not folder.exists():
        few = check.quick or check.device == "cpu"
        drawn = check.fixynn("fixynn-data", ["synth-signs", folder, "--train-per-class", 40 if few else 120,
                                             "--test-per-class", 24 if few else 30, "--frames-per-track", 4], 300)
        if drawn.code != 0:
            raise RuntimeError(f"fixynn-data synth-signs: {drawn.sentence()}")
    return folder


def data_sets(check):
    """(kind, root) of what --data names."""
    return [found for given in check.args.data for found in kinds_below(given)]


def kinds_below(given):
    """(kind, root) of the data sets in a folder or up to two folders below it."""
    given, found = pathlib.Path(given), []
    below = sorted(p for p in [*given.glob("*"), *given.glob("*/*")] if p.is_dir() and "Final_" not in str(p))
    for folder in [given, *below]:
        if (folder / "Final_Training").is_dir():
            found.append(("gtsrb", folder.resolve()))
        elif (folder / "cifar-10-batches-bin").is_dir() or (folder / "data_batch_1.bin").exists():
            if folder.name != "cifar-10-batches-bin" or folder == given:
                found.append(("cifar10", folder.resolve()))
    return found


def train(check, config, run_directory, settings, seconds):
    arguments = [check.source / "configs" / config, "--run-dir", run_directory, "--device", check.device,
                 "--precision", check.args.precision]
    for key, value in settings.items():
        arguments += ["--set", f"{key}={value}"]
    return check.fixynn("fixynn-train", arguments, seconds, stop=signal.SIGINT)


def read_points(run_directory):
    path = pathlib.Path(run_directory) / "points.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


SMALL = {"model.pretrained": "none", "data.size": 64, "data.max_train_images": 1024, "data.max_test_images": 256,
         "train.epochs": 2, "train.batch_size": 64, "fixed_layers": "[0, 7]", "train.warmup_epochs": 1}


SAME = {True: "yes", False: "NO", None: "not compared"}


def same_bits(check, seconds):
    """Two trainings with one seed: do they write the same files?"""
    sums = []
    for attempt in range(2):
        folder = check.scratch / f"same_bits_{attempt}"
        result = train(check, "quickstart.yaml", folder, {**SMALL, "data.root": signs(check)}, seconds / 2)
        if result.code != 0:
            # Nothing was compared: neither equal nor different.
            return {"same": None, "failed": not result.timed_out, "reason": result.sentence()}
        files = sorted((folder / "networks").glob("*.safetensors"))
        sums.append({file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files})
    check.networks.append((folder / "networks" / "fixed_07.safetensors", signs(check)))
    return {"same": sums[0] == sums[1] and len(sums[0]) == 2, "sha256": sums[0], "again": sums[1]}


def one_training(check, kind, root, generated, seconds):
    settings = {"data.root": root, "model.pretrained": check.args.weights and os.path.abspath(check.args.weights) or "none"}
    if generated:
        settings["data.label"] = "synth-signs"
    if check.quick:
        settings.update({"fixed_layers": "[0, 7]", "train.epochs": 2, "train.warmup_epochs": 1})
    if check.device == "cpu":
        settings.update({"data.size": 32, "data.max_train_images": 512, "data.max_test_images": 128})
    run_directory = check.scratch / f"run_{kind}"
    config = "cifar10_224.yaml" if kind == "cifar10" else "gtsr_224.yaml"
    result = train(check, config, run_directory, settings, seconds)
    wanted = 2 if check.quick else len(POINTS)
    points = read_points(run_directory)
    network = run_directory / "networks" / "fixed_07.safetensors"
    if network.exists():
        check.networks.append((network, root))
    reason = "" if len(points) == wanted else f"{len(points)} of {wanted} trainings: {result.sentence()}"
    return {"data": "synth-signs" if generated else kind, "config": config, "pretrained": settings["model.pretrained"] != "none",
            "precision": check.args.precision, "seconds": round(result.seconds, 1), "wanted": wanted, "points": points,
            "reason": reason, "failed": result.code != 0 and not result.timed_out}


def training(check, seconds):
    if check.device == "cuda" and not check.gpu:
        return outcome("not_run", check.gpu_reason)
    end = time.monotonic() + seconds
    bits = same_bits(check, 0.25 * seconds)
    sets = data_sets(check)
    chosen = [(kind, root, False) for kind, root in sets] or [("gtsrb", signs(check), True)]
    runs = [one_training(check, *one, (end - time.monotonic()) / (len(chosen) - i)) for i, one in enumerate(chosen)]
    done, wanted = sum(len(run["points"]) for run in runs), sum(run["wanted"] for run in runs)
    text = f"{done} of {wanted} trainings; same seed, same bits: {SAME[bits['same']]}"
    if not sets:
        text += "; generated signs, for want of --data"
    if bits.get("reason"):
        text += f" ({bits['reason']})"
    for run in runs:
        text += f"; {run['data']}: {run['reason']}" if run["reason"] else ""
    failed = bits["same"] is False or bits.get("failed", False) or any(run["failed"] for run in runs)
    complete = done == wanted and bits["same"]
    return outcome("failed" if failed else "passed" if complete else "partial", text, same_bits=bits, runs=runs,
                   target_seconds=TRAININGS_TARGET_SECONDS)


def codes(check, seconds):
    """Integer codes on the card against the exact executor."""
    if check.device == "cuda" and not check.gpu:
        return outcome("not_run", check.gpu_reason)
    end, rows = time.monotonic() + seconds, []
    if not check.networks:
        same_bits(check, 0.4 * seconds)
    images = 1000 if check.device == "cuda" else 50
    for network, root in check.networks:
        if not network.exists():
            continue
        result = check.fixynn("fixynn-eval", [network, "--data", root, "--engine", check.device, "--compare", "--images", images,
                                              "--format", "json"], max(20, end - time.monotonic()))
        row = {"network": f"{network.parent.parent.name}/{network.name}", "images": 0}
        rows.append(row)
        try:  # codes that differ are exit code 1, after the figures
            report = json.loads(result.out.strip().splitlines()[-1])
        except (ValueError, IndexError):
            row.update(reason=result.sentence(), failed=not result.timed_out)
            continue
        compared = report.get("against_executor", [])
        row.update(images=report["images"], engine=report["engine"], images_per_second=report["images_per_second"],
                   top1_percent=report["top1_percent"], codes=sum(c["values"] for c in compared),
                   different=sum(c["different"] for c in compared), convolutions=compared)
        row["failed"] = result.code != 0 or row["different"] > 0 or row["codes"] == 0
    if not rows:
        return outcome("failed", "there was no network to compare")
    text = "; ".join(row.get("reason") or f"{row['different']} of {row['codes']:,} codes differ on {row['images']} images"
                     for row in rows)
    done = [row for row in rows if row["images"] > 0]
    return outcome("failed" if any(row["failed"] for row in rows) else "passed" if done else "partial", text, rows=rows)


# ---- what goes wrong must be said ----

def errors(check, seconds):
    missing = without_card(check)
    if missing:
        return missing
    rows = []

    def expect(what, result, code, words):
        said = result.err.strip().splitlines()
        good = result.code == code and len(said) > 0 and said[-1].startswith("error: ") and all(w in said[-1] for w in words)
        rows.append({"what": what, "code": result.code, "expected_code": code, "said": result.sentence(), "passed": good})

    huge = {**SMALL, "data.root": signs(check), "data.size": 1024, "train.batch_size": 1024, "fixed_layers": "[0]",
            "model.alpha": 1.0, "engine.precision": "fp32", "data.max_train_images": 0}  # some 400 GiB
    expect("a batch that no card holds", train(check, "quickstart.yaml", check.scratch / "huge", huge, seconds / 2), 1,
           ["MiB", "train.batch_size"])
    small = ["train", "--device", "cuda", "--size", 32, "--batch", 8, "--seconds", 0.1]
    expect("no card is visible", check.fixynn("fixynn-bench", small, 60, env={"CUDA_VISIBLE_DEVICES": ""}), 2, ["cuda"])
    bare = {"LD_LIBRARY_PATH": ":".join(path for path in check.libraries if "cudnn" not in path)}
    result = check.fixynn("fixynn-bench", [*small, "--convolutions", "cudnn"], 60, env=bare)
    if result.code == 0:
        rows.append({"what": "cuDNN is missing", "said": "not tried: cuDNN is installed for the whole machine", "passed": True})
    else:
        expect("cuDNN is missing", result, 2, ["cuDNN", "engine.convolutions: custom"])
    bad = [row["what"] for row in rows if not row["passed"]]
    return outcome("failed" if bad else "passed", f"not as expected: {', '.join(bad)}" if bad else
                   f"{len(rows)} kinds of trouble, each with its sentence", rows=rows)
