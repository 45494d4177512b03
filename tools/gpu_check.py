#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks a machine with a CUDA card everything that a machine without one cannot answer. Needs nothing but Python 3.9, and
PyTorch for the comparison with it. docs/gpu.md explains the report."""
import argparse
import datetime
import json
import lzma
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

import gpu_report
import gpu_steps

# Name, share of the time, function. What a step leaves of its time goes to those behind it.
STEPS = [
    ("machine", 1, gpu_steps.machine),
    ("parity", 12, gpu_steps.parity),
    ("kernels", 10, gpu_steps.kernels),
    ("errors", 3, gpu_steps.errors),
    ("training", 25, gpu_steps.training),
    ("codes", 8, gpu_steps.codes),
    ("sanitizer", 15, gpu_steps.sanitizer),
    ("throughput", 30, gpu_steps.throughput),
]


class UsageError(Exception):
    """One sentence for the user: exit code 2."""


class Result:
    def __init__(self, code, out, err, seconds, timed_out):
        self.code, self.out, self.err, self.seconds, self.timed_out = code, out, err, seconds, timed_out

    def sentence(self):
        """The program's own words for what went wrong."""
        if self.timed_out:
            return f"stopped after {self.seconds:.0f} s, the time it had"
        if self.code < 0:
            return f"ended by {signal.Signals(-self.code).name}"
        lines = [line for line in (self.err.strip() or self.out.strip()).splitlines() if line.strip()]
        return lines[-1].removeprefix("error: ")[:400] if lines else f"exit code {self.code} without a word"


def signal_group(process, number):
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


class Check:
    """Where things are, what a step may use, and the log of every command."""

    def __init__(self, args):
        self.args = args
        self.quick, self.device = args.quick, args.device
        here = pathlib.Path(__file__).resolve().parent
        self.tools, self.source = here, here.parent
        pack = pathlib.Path(args.pack).resolve() if args.pack else None
        if pack is None and not args.bin and (self.source / "PACK").exists():
            pack = self.source
        self.libraries = []
        self.out = pathlib.Path(args.out).resolve()
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            self.log = open(self.out / "gpu_check.log", "w")
        except OSError as problem:
            raise UsageError(f"--out: {self.out} cannot be written ({problem.strerror})") from None
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="gpu_check_"))
        if pack is not None:
            self.tools, self.source = pack / "tools", pack
            if not args.data and (pack / "data").is_dir():
                args.data = [str(pack / "data")]
            if not args.weights and (pack / "weights").is_dir():
                args.weights = str(next((pack / "weights").iterdir()))
            try:
                with tarfile.open(pack / "programs.tar.xz") as programs:
                    programs.extractall(self.scratch)
            except (OSError, EOFError, tarfile.TarError, lzma.LZMAError) as problem:
                raise UsageError(f"{pack}/programs.tar.xz cannot be unpacked ({problem}); copy the pack again, or make one "
                                 "with tools/gpu_pack.sh") from None
            self.bin, self.libraries = self.scratch / "bin", [str(self.scratch / "lib")]
        else:
            self.bin = pathlib.Path(args.bin or self.source / "build/release").resolve()
        self.gpu, self.gpu_reason, self.torch = False, "", None
        self.networks = []  # (network file, folder of its data) that the training left
        self.deadline = time.monotonic() + 60 * args.minutes

    def left(self):
        return self.deadline - time.monotonic()

    def program(self, name):
        for path in (self.bin / name, self.bin / "tests/cuda" / name):
            if path.exists():
                return str(path)
        raise UsageError(f"{name} is not in {self.bin}; build first, or name the build folder with --bin or a pack with --pack")

    def environment(self, own):
        env = dict(os.environ)
        if own and self.libraries:
            env["LD_LIBRARY_PATH"] = ":".join(self.libraries + [p for p in [env.get("LD_LIBRARY_PATH")] if p])
        return env

    def run(self, command, seconds, own=True, stop=signal.SIGKILL, env=None):
        """`own`: one of our programs, which finds its libraries in the pack. `stop`: what is sent when the time is up."""
        command = [str(word) for word in command]
        self.log.write(f"\n$ {' '.join(command)}\n")
        start = time.monotonic()
        # A group of its own: what a stopped command has started must end with it, or its open pipes are waited for.
        process = subprocess.Popen(command, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   cwd=self.scratch, env={**self.environment(own), **(env or {})}, start_new_session=True)
        timed_out = False
        try:
            out, err = process.communicate(timeout=max(1.0, seconds))
        except subprocess.TimeoutExpired:
            timed_out = True
            signal_group(process, stop)
            try:
                out, err = process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                signal_group(process, signal.SIGKILL)
                out, err = process.communicate()
        except BaseException:
            signal_group(process, signal.SIGKILL)
            raise
        result = Result(process.returncode, out, err, time.monotonic() - start, timed_out)
        self.log.write(f"{out[-20000:]}{err[-20000:]}[exit code {result.code}, {result.seconds:.1f} s]\n")
        self.log.flush()
        return result

    def fixynn(self, name, arguments, seconds, **how):
        return self.run([self.program(name), *arguments], seconds, **how)

    def wrapper(self, name):
        """A command that runs one of our programs with its libraries, for programs that must not see them."""
        path = self.scratch / name
        libraries = self.environment(True).get("LD_LIBRARY_PATH", "")
        path.write_text(f"#!/bin/sh\nLD_LIBRARY_PATH='{libraries}' exec '{self.program(name)}' \"$@\"\n")
        path.chmod(0o755)
        return str(path)

    def look_around(self):
        """Do the programs start, is there a card, is there PyTorch, and where is cuDNN?"""
        started = self.fixynn("fixynn-bench", ["--version"], 60)
        if started.code != 0:
            raise RuntimeError(f"the programs do not run on this machine: {started.sentence()}")
        python = self.args.python
        text = ("import json, os, torch\nfolders = []\ntry:\n import nvidia.cudnn\n"
                " folders = [os.path.join(p, 'lib') for p in nvidia.cudnn.__path__]\nexcept ImportError: pass\n"
                "print(json.dumps(dict(version=torch.__version__, cuda=torch.cuda.is_available(), cudnn=folders)))")
        found = self.run([python, "-c", text], 120, own=False)
        if found.code == 0:
            self.torch = json.loads(found.out.strip().splitlines()[-1])
            self.libraries += self.torch["cudnn"]
        if self.device == "cpu":
            self.gpu_reason = "rehearsal on the CPU (--device cpu)"
            return None
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        hidden = visible is not None and visible.strip() in ("", "-1")
        tool = shutil.which("nvidia-smi")
        listed = self.run([tool, "-L"], 30, own=False).out.strip() if tool and not hidden else ""
        probe = self.fixynn("fixynn-bench", ["train", "--device", "cuda", "--size", 32, "--batch", 8, "--seconds", 0.1], 120)
        self.gpu = probe.code == 0 or "GPU 0" in listed
        if probe.code == 0:
            return None
        self.gpu_reason = probe.sentence()
        if self.gpu:
            return f"nvidia-smi lists a card, but the first step on it failed: {self.gpu_reason}"
        # Exit code 2 is the program's own word for "no usable card"; anything else is a program that fails.
        return None if probe.code == 2 else f"the first step failed: {self.gpu_reason}"


def python_program(text):
    found = shutil.which(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text} is no program")
    return os.path.abspath(found)


def minutes(text):
    value = float(text)
    if not 0 < value <= 24 * 60:
        raise ValueError
    return value


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pack", metavar="DIR", help="folder that gpu_pack.sh made; default: the one this script lies in")
    p.add_argument("--bin", metavar="DIR", help="build folder in place of a pack (default build/release)")
    p.add_argument("--out", metavar="DIR", default="gpu_check", help="where gpu_report.json, gpu_report.md and the log go")
    p.add_argument("--data", metavar="DIR", action="append", default=[],
                   help="GTSRB or CIFAR-10 in the official layout, or a folder of both; may be repeated; default: what the "
                   "pack holds. Without any the trainings use generated signs")
    p.add_argument("--weights", metavar="FILE", help="ImageNet weights that the trainings start from; default: what the pack holds")
    p.add_argument("--minutes", type=minutes, help="time for everything (default 30, with --quick 5)")
    p.add_argument("--only", metavar="STEPS", help=f"some of {','.join(name for name, _, _ in STEPS)}")
    p.add_argument("--quick", action="store_true", help="fewer and shorter measurements")
    p.add_argument("--precision", choices=["bf16", "tf32", "fp32"], default="bf16", help="of the trainings")
    p.add_argument("--python", default=sys.executable, type=python_program, help="the Python that has PyTorch")
    p.add_argument("--device", choices=["cuda", "cpu"], default="cuda", help="cpu: try the script itself, without a card")
    args = p.parse_args()
    if args.minutes is None:
        args.minutes = 5 if args.quick else 30
    known = [name for name, _, _ in STEPS]
    args.only = [name.strip() for name in args.only.split(",")] if args.only is not None else known
    for name in args.only:
        if name not in known:
            p.error(f"--only: {name} is none of {', '.join(known)}")
    for path in [*args.data, *([args.weights] if args.weights else [])]:
        if not pathlib.Path(path).exists():
            p.error(f"{path} does not exist")
    for given in args.data:
        if not gpu_steps.kinds_below(given):
            p.error(f"--data: {given} holds neither GTSRB (Final_Training/Images) nor CIFAR-10 (data_batch_1.bin)")
    return args


def run_step(check, name, function, seconds):
    start = time.monotonic()
    try:
        step = function(check, seconds)
    except Exception as problem:  # a step's trouble is its own; the next may run
        step = {"status": "failed", "reason": f"{type(problem).__name__}: {problem}"}
        check.log.write(f"\n{name}: {problem!r}\n")
    return {"name": name, **step, "seconds": round(time.monotonic() - start, 1)}


def ask(check, args):
    report = {"version": 1, "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
              "host": platform.node(), "quick": args.quick, "device": args.device, "minutes": args.minutes, "steps": []}
    trouble = check.look_around()
    report.update(gpu=check.gpu, gpu_reason=check.gpu_reason, torch=check.torch)
    if trouble:
        report["steps"].append({"name": "first step", "status": "failed", "reason": trouble, "seconds": 0})
    chosen = [step for step in STEPS if step[0] in args.only]
    for i, (name, share, function) in enumerate(chosen):
        seconds = check.left() * share / sum(later for _, later, _ in chosen[i:])
        step = run_step(check, name, function, seconds)
        report["steps"].append(step)
        print(f"{name:<12}{step['status']:<10}{step['seconds']:>7.1f} s  {step.get('reason', '')}", flush=True)
        gpu_report.write(check.out, report)  # after every step: a run that is cut short leaves what it has
    report["failed"] = [step["name"] for step in report["steps"] if step["status"] == "failed"]
    report["finished"] = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    gpu_report.write(check.out, report)
    print(f"\n{gpu_report.headline(report)}\nreport: {check.out / 'gpu_report.md'}")
    return 1 if report["failed"] else 0


def main():
    args = parse_arguments()
    check = None
    try:
        check = Check.__new__(Check)
        check.scratch = None
        check.__init__(args)
        return ask(check, args)
    except (UsageError, RuntimeError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2 if isinstance(problem, UsageError) else 1
    except KeyboardInterrupt:
        print("error: stopped; the report holds the steps before", file=sys.stderr)
        return 130
    finally:
        if check is not None and check.scratch is not None:
            shutil.rmtree(check.scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
