#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills a training with SIGKILL at random moments, resumes it each time, and compares what it leaves with an unbroken run:
the network files byte for byte, and the finished points but for their times.

usage: kill_resume.py --bin FOLDER [--kills 20] [--seed 1]     (FOLDER holds fixynn-train and fixynn-data)"""
import argparse
import hashlib
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

CONFIG = """
name: killed
data: {kind: gtsrb, root: signs, size: 32}
augment: {rotate_degrees: 9, scale: 0.15, shift: 0.1, brightness: 0.2}
fixed_layers: [4, 0]
train: {epochs: EPOCHS, learning_rate: 0.05, checkpoint_seconds: 0.05, reestimate_images: 512}
"""
TIMES = {"wall_seconds", "train_images_per_second"}


def results(run):
    networks = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted((run / "networks").iterdir())}
    points = [{k: v for k, v in json.loads(line).items() if k not in TIMES}
              for line in (run / "points.jsonl").read_text().splitlines()]
    return {"networks": networks, "points": points}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bin", required=True, type=pathlib.Path)
    p.add_argument("--kills", type=int, default=20)
    p.add_argument("--seed", type=int, default=1)
    args = p.parse_args()
    binaries = args.bin.resolve()
    random.seed(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        subprocess.run([binaries / "fixynn-data", "synth-signs", "signs", "--train-per-class", "20", "--test-per-class", "5",
                        "--size", "32"], cwd=work, check=True, stdout=subprocess.DEVNULL)
        # Longer trainings for more kills, so that kills fall all over them.
        (work / "c.yaml").write_text(CONFIG.replace("EPOCHS", str(max(4, 3 * args.kills))))

        def command(run):
            resume = ["--resume"] if (work / run / "config.yaml").exists() else []
            return [binaries / "fixynn-train", "c.yaml", "--run-dir", run, *resume]

        start = time.monotonic()
        subprocess.run(command("whole"), cwd=work, check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - start
        kills = 0
        while True:
            process = subprocess.Popen(command("killed"), cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            # Each life gets on average what is left, divided among the kills that are left.
            life = random.uniform(0.1, 2.0 * seconds / (args.kills + 1)) if kills < args.kills else None
            try:
                _, errors = process.communicate(timeout=life)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                kills += 1
                continue
            if process.returncode != 0:
                sys.exit(f"after {kills} kills: exit {process.returncode}: {errors.decode()}")
            break
        whole, killed = results(work / "whole"), results(work / "killed")
        print(f"{kills} kills; unbroken run {seconds:.1f} s")
        for name, digest in whole["networks"].items():
            print(f"{name}: {digest[:16]} unbroken, {killed['networks'].get(name, 'missing')[:16]} killed and resumed")
        if whole != killed:
            sys.exit("the killed run differs from the unbroken one")
        print("equal")


main()
