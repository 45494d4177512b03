#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs fixynn-cost as a user would. usage: cost_program.py --bin FOLDER

Exit codes, one sentence for bad input, formats that parse, and Ctrl-C with the cache kept."""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("--bin", required=True)
program = os.path.abspath(os.path.join(parser.parse_args().bin, "fixynn-cost"))
faults = []


def call(*arguments, cwd):
    done = subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def expect(condition, what):
    if not condition:
        faults.append(what)


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    (folder / "net.yaml").write_text("data: {kind: gtsrb, root: nowhere, size: 64}\nffe: {weight_bits: 6}\n")
    (folder / "empty.safetensors").write_text("")
    (folder / "folder").mkdir()
    (folder / "half.json").write_text('{"name": "half", "summary": "x", "figures": {}}')

    # (arguments, exit code, what the sentence must name)
    bad = [
        ([], 2, "DESIGN is missing"),
        (["net.yaml", "--area-mm2", "-1"], 2, "-1 mm2"),
        (["net.yaml", "--area-mm2", "nan"], 2, "nan mm2"),
        (["net.yaml", "--out", "--layers"], 2, "--out needs a value"),
        (["net.yaml", "--layers", "--out"], 2, "--out needs a value"),
        (["net.yaml", "--fixed_layers", "2"], 2, "did you mean --fixed-layers?"),
        (["calibrate", "--libert=x"], 2, "did you mean --liberty?"),
        (["calibrate"], 2, "see 'fixynn-cost calibrate --help'"),
        (["calibrate", "--liberty", "x.lib", "--out", "none/x.json"], 1, "no folder none"),
        (["net.yaml", "--plot", "plot.png"], 2, "ends in .svg"),
        (["net.yaml", "--sweep-area", "3:1:1"], 2, "LO:HI:STEP"),
        (["net.yaml", "--technology", "3nm"], 2, "3nm"),
        (["net.yaml", "--technology", "half.json"], 1, "is missing"),
        (["net.yaml", "--technology", "none.json"], 1, "none.json"),
        (["net.yaml", "--model", "guess"], 2, "guess"),
        (["net.yaml", "--bits", "1"], 2, "weight bits"),
        (["net.yaml", "--bits", "9"], 2, "weight bits"),
        (["net.yaml", "--sparsity", "1.5"], 2, "sparsity"),
        (["net.yaml", "--fixed-layers", "15"], 2, "0..14"),
        (["net.yaml", "--fixed-layers", "4", "--used-layers", "7"], 2, "7 of 4"),
        (["net.yaml", "--size", "7"], 2, "7"),
        (["net.yaml", "--used-layers", "20"], 2, "20 is outside 1..14"),
        (["net.yaml", "--fixed-layers", "0", "--used-layers", "14"], 2, "14 of no fixed layers"),
        (["net.yaml", "--clock-mhz", "1e-300"], 2, "1..100000 MHz"),
        (["net.yaml", "--area-mm2", "1e308"], 2, "at most 1000 mm2"),
        (["net.yaml", "--sweep-area", "1:1e308:1e307"], 2, "above 1000 mm2"),
        (["net.yaml", "--model", "paper", "--bits", "6"], 2, "--bits changes nothing in the paper model"),
        (["net.yaml", "--model", "paper", "--fold", "none"], 2, "--fold changes nothing"),
        (["net.yaml", "--images", "4"], 2, "--activity"),
        (["net.yaml", "--fixed-layers", ""], 2, "--fixed-layers: the value is empty"),
        (["net.yaml", "--activity", ""], 2, "--activity: the value is empty"),
        (["net.yaml", "--activity", "folder"], 2, "assumed weights"),
        (["calibrate", "--liberty", "x.lib", "--images", "folder"], 2, "--images needs --energy"),
        (["empty.safetensors"], 1, "empty.safetensors"),
        (["folder"], 1, "no run"),
        (["none.safetensors"], 1, "none.safetensors"),
        (["net.yaml", "--instant", "--out", "folder/none/x.json"], 1, "folder/none"),
    ]
    for arguments, code, word in bad:
        got, out, err = call(*arguments, cwd=folder)
        lines = err.strip().splitlines()
        expect(got == code, f"{arguments}: exit code {got}, not {code}: {err}")
        expect(len(lines) == 1 and lines[0].startswith("error: "), f"{arguments}: not one sentence: {err!r}")
        expect(word in err, f"{arguments}: {word!r} is not in {err!r}")
        expect(out == "", f"{arguments}: wrote {out!r}")

    for model in ("paper", "deepfreeze", "calibrated"):
        arguments = ["net.yaml", "--model", model, "--cache", "cache", "--fixed-layers", "0..2"]
        code, out, err = call(*arguments, "--format", "json", cwd=folder)
        expect(code == 0, f"{model}: {err}")
        expect(code != 0 or [p["fixed_layers"] for p in json.loads(out)["points"]] == [0, 1, 2], f"{model}: {out}")
        code, out, err = call(*arguments, "--format", "csv", "--plot", f"{model}.svg", cwd=folder)
        expect(code == 0 and len(out.splitlines()) == 4, f"{model} CSV: {out} {err}")
        expect((folder / f"{model}.svg").read_text().rstrip().endswith("</svg>"), f"{model}: no SVG")
    expect(any((folder / "cache").iterdir()), "the cache is empty")

    code, out, err = call("net.yaml", "--fixed-layers", "2", "--cache", "cache", "--dump-graphs", "graphs", cwd=folder)
    expect(code == 0 and len(list((folder / "graphs").iterdir())) == 3, f"--dump-graphs: {err}")
    checker = pathlib.Path(__file__).parents[2] / "tools" / "compare_da4ml.py"
    done = subprocess.run([sys.executable, checker, "graphs", "--check"], cwd=folder, capture_output=True, text=True)
    expect("10 graphs of 3 convolutions compute their matrices" in done.stdout, f"{checker}: {done}")

    # Stopped while it works on the first of 27 convolutions, the largest: once to keep it, twice to end at once.
    (folder / "wide.yaml").write_text((folder / "net.yaml").read_text() + "model: {alpha: 1.0}\n")
    for config, signals, code in (("net.yaml", 1, 128 + signal.SIGINT), ("wide.yaml", 2, -signal.SIGINT)):
        run = subprocess.Popen([program, config, "--bits", "8", "--cache", "stop", "--threads", "1"],
                               cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        first = run.stderr.readline()
        expect("of 27 convolutions" in first, f"SIGINT: no line of progress, but {first!r}")
        for _ in range(signals):
            run.send_signal(signal.SIGINT)
            time.sleep(0.2)
        try:
            out, err = run.communicate(timeout=120 if signals == 1 else 20)
        except subprocess.TimeoutExpired:
            run.kill()
            out, err = run.communicate()
            faults.append(f"{signals} SIGINT did not stop it")
        expect(run.returncode == code, f"{signals} SIGINT: exit code {run.returncode}, not {code}: {err}")
        expect(out == "", f"{signals} SIGINT: wrote {out!r}")
        if signals == 1:
            expect("stopped; the finished adder graphs are kept in stop" in err, f"SIGINT: {err!r}")
            expect(any((folder / "stop").iterdir()), "SIGINT: the cache is empty")

    # Yosys at work is stopped with it.
    fake = folder / "yosys"
    fake.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Yosys 0.23 (made up)" && exit\ntouch started\nsleep 100\n')
    fake.chmod(0o755)
    (folder / "cells.lib").write_text(
        'library(c) { time_unit : "1ns"; voltage_unit : "1V"; nom_voltage : 1; capacitive_load_unit (1, ff); '
        'leakage_power_unit : "1nW"; cell(NAND2) { area : 1; pin(A) { direction : input; } pin(B) { direction : input; } '
        'pin(Y) { direction : output; function : "!(A&B)"; } } cell(DFF) { area : 4; ff(IQ,IQN) { clocked_on : "C"; '
        'next_state : "D"; } pin(C) { direction : input; clock : true; } pin(D) { direction : input; } pin(Q) { direction : '
        'output; function : "IQ"; } } }')
    run = subprocess.Popen([program, "calibrate", "--liberty", "cells.lib", "--blocks", "small", "--full-adders", "off",
                            "--yosys", str(fake), "--work", "work"], cwd=folder, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True)
    for _ in range(200):
        if run.poll() is not None or (folder / "work" / "started").exists():
            break
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    try:
        out, err = run.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        run.kill()
        out, err = run.communicate()
    expect(run.returncode == 128 + signal.SIGINT, f"calibrate, SIGINT: exit code {run.returncode}: {err}")
    expect("finished blocks are kept in work" in err, f"calibrate, SIGINT: {err!r}")

print("\n".join(faults) or "fixynn-cost behaves")
sys.exit(1 if faults else 0)
