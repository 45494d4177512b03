#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/gpu_check.sh where no card can be seen: it runs to its end, says so on top, and its report has every field.

usage: gpu_check_test.py SOURCE_DIR BUILD_DIR"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

source, build = sys.argv[1:]
steps = ["machine", "parity", "kernels", "errors", "training", "codes", "sanitizer", "throughput"]
faults = []


def expect(what, good):
    if not good:
        faults.append(what)


with tempfile.TemporaryDirectory() as folder:
    # The card of a machine that has one is hidden: this is about what happens without.
    env = dict(os.environ, CUDA_VISIBLE_DEVICES="")
    command = [source + "/tools/gpu_check.sh", "--quick", "--bin", build, "--out", folder, "--python", "/bin/false"]
    result = subprocess.run(command, env=env, text=True, capture_output=True)
    expect(f"exit code 0, not {result.returncode}: {result.stderr}", result.returncode == 0)
    expect(f"'no GPU' in the last lines of\n{result.stdout}", "no GPU" in "".join(result.stdout.splitlines()[-3:]))
    report = json.loads(pathlib.Path(folder, "gpu_report.json").read_text())
    text = pathlib.Path(folder, "gpu_report.md").read_text()
    log = pathlib.Path(folder, "gpu_check.log").read_text()

expect("gpu is false", report["gpu"] is False)
expect(f"a reason: {report['gpu_reason']!r}", len(report["gpu_reason"]) > 10)
expect("nothing failed", report["failed"] == [])
expect("begin and end", report["started"] <= report["finished"])
expect("the steps in their order", [step["name"] for step in report["steps"]] == steps)
for step in report["steps"]:
    wanted = "passed" if step["name"] == "machine" else "not_run"
    expect(f"{step['name']} is {wanted}, not {step['status']} ({step['reason']})", step["status"] == wanted)
    expect(f"{step['name']} says why it did not run", wanted == "passed" or step["reason"] == report["gpu_reason"])
    expect(f"{step['name']} has its seconds", step["seconds"] >= 0)
machine = report["steps"][0]
expect("the machine step knows program and processors", "fixynn-bench" in machine["program"] and machine["processors"] >= 1)
expect("'no GPU' on top of the table", "**no GPU**" in "".join(text.splitlines(keepends=True)[:4]))
expect("a row for every step", all(f"| {name} |" in text for name in steps))
expect("commands in the log", "$ " in log and "--device cuda" in log)

bad = subprocess.run([source + "/tools/gpu_check.sh", "--only", "nonsense"], text=True, capture_output=True)
expect("an unknown step is refused", bad.returncode == 2 and "nonsense" in bad.stderr)

print("\n".join("FAILED: expected " + fault for fault in faults) or "passed")
sys.exit(1 if faults else 0)
