#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs fixynn-rtl as a user would. usage: rtl_program.py --bin FOLDER

Exit codes, one sentence for what cannot be built, folders that hold other files, and a small package that Icarus Verilog
verifies. FOLDER holds fixynn-rtl and tests/make_rtl_package."""
import argparse
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--bin", required=True)
binaries = pathlib.Path(parser.parse_args().bin).absolute()
faults = []


def call(*arguments, cwd, path=None):
    environment = {**os.environ, **({"PATH": path} if path else {})}
    done = subprocess.run(
        [binaries / "fixynn-rtl", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def expect(condition, what):
    if not condition:
        faults.append(what)


def expect_error(arguments, code, word, cwd, path=None):
    """One sentence on standard error that holds `word`, and nothing else."""
    got, out, err = call(*arguments, cwd=cwd, path=path)
    lines = err.strip().splitlines()
    expect(got == code, f"{arguments}: exit code {got}, not {code}: {err}")
    expect(len(lines) == 1 and lines[0].startswith("error: "), f"{arguments}: not one sentence: {err!r}")
    expect(word in err, f"{arguments}: {word!r} is not in {err!r}")
    expect(out == "", f"{arguments}: wrote {out!r}")


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    subprocess.run([binaries / "tests" / "make_rtl_package", folder, "--networks"], check=True)
    # Any picture: a slope in each colour.
    pixels = bytes(value for y in range(32) for x in range(32) for value in (8 * x, 8 * y, 4 * (x + y)))
    (folder / "image.ppm").write_bytes(b"P6 32 32 255\n" + pixels)
    (folder / "text.txt").write_text("text")
    (folder / "foreign").mkdir()
    (folder / "foreign" / "mine.txt").write_text("mine")

    build = ["fixed_02.safetensors", "--cache", "cache", "--threads", "1", "--out"]
    two = [*build, "new", "--fixed-layers", "2"]
    for arguments, code, word in [
        ([], 2, "NETWORK is missing"),
        (["fixed_02.safetensors"], 2, "--fixed-layers is missing"),
        (["fixed_02.safetensors", "--fixed-layers", "1"], 2, "--out is missing"),
        ([*build, "new", "--fixed-layers", "0"], 2, "1..14"),
        ([*build, "new", "--fixed-layers", "3"], 2, "has 2 fixed layers where 3"),
        ([*build, "new", "--fixed-layers", "15"], 2, "1..14"),
        ([*two, "--size", "16"], 2, "too small"),
        ([*two, "--tap", "2"], 2, "give 1..1"),
        ([*two, "--tap", "-1"], 2, "--tap -1"),
        ([*two, "--fold", "twice"], 2, "twice"),
        ([*two, "--verify", "none"], 2, "no such file"),
        (["float.safetensors", "--fixed-layers", "1", "--out", "new"], 2, "without quantisation"),
        (["text.txt", "--fixed-layers", "1", "--out", "new"], 2, "no network"),
        ([*two, "--images", "3"], 2, "--images changes nothing without --verify"),
        ([*two, "--simulator", "icarus"], 2, "--simulator changes nothing without --verify"),
        (["fixed_02.safetensors", "--fixed-layers", "2", "--out", ""], 2, "--out: the value is empty"),
        (["compar", "fixed_02.safetensors"], 2, "nor such a command; did you mean 'fixynn-rtl compare'?"),
        (["parameter", "--for", "x"], 2, "did you mean 'fixynn-rtl parameters'?"),
        (["none.safetensors", "--fixed-layers", "1", "--out", "new"], 2, "no such network"),
        ([*build, "foreign", "--fixed-layers", "1"], 2, "holds other files"),
        ([*build, "text.txt", "--fixed-layers", "1"], 2, "is no folder"),
    ]:
        simulator = ["--simulator", "icarus"] if "--verify" in arguments else []
        if not simulator or shutil.which("iverilog"):
            expect_error([*arguments, *simulator], code, word, folder)
    # No simulator, or only a part of one.
    (folder / "path").mkdir()
    verify = [*two, "--verify", "image.ppm"]
    nowhere = str(folder / "path")
    expect_error(verify, 2, "verilator is not installed (Debian: apt install verilator)", folder, nowhere)
    expect_error([*verify, "--simulator", "icarus"], 2, "iverilog is not installed", folder, nowhere)
    for program in ("iverilog", "verilator"):
        (folder / "path" / program).write_text("#!/bin/sh\n")
        (folder / "path" / program).chmod(0o755)
    expect_error(verify, 2, "make, which Verilator needs, is not installed", folder, nowhere)
    expect_error([*verify, "--simulator", "icarus"], 2, "vvp, which Icarus Verilog needs, is not", folder, nowhere)
    expect(not (folder / "new").exists(), "a refused request has left a folder")

    # Parameters of other networks for a package.
    code, out, err = call(*build, "hardware", "--fixed-layers", "2", "--tap", "1", cwd=folder)
    expect(code == 0, f"a package: {code} {err}")
    for network, same in (("fixed_02", True), ("other_task", False)):
        for kind in ("hex", "h"):
            arguments = ["parameters", f"{network}.safetensors", "--for", "hardware", "--out", f"{network}.{kind}"]
            code, out, err = call(*arguments, cwd=folder)
            expect(code == 0 and "writes" in out, f"{arguments}: {code} {out} {err}")
            written, built = ((folder / f).read_text() for f in (f"{network}.{kind}", f"hardware/parameters.{kind}"))
            expect((written == built) == same, f"{arguments}: as those of the package or not")
            expect(len(written.splitlines()) == len(built.splitlines()), f"{arguments}: another number of lines")
    # Headers of both tasks can be one program's; what is not a file of this kind stays.
    header = ["parameters", "other_task.safetensors", "--for", "hardware", "--out"]
    code, out, err = call(*header, "other_task.h", "--name", "Second", cwd=folder)
    expect(code == 0 and "other_task.safetensors, SHA-256 " in out and "Second_parameters" in out, f"{out} {err}")
    digest = out.split("SHA-256 ")[1][:8]
    writes = (folder / "other_task.hex").read_text().split("\n", 1)[1]
    expect(hashlib.sha256(writes.encode()).hexdigest()[:8] == digest, f"another digest than {digest}")
    expect("#define SECOND_PARAMETER_WRITES" in (folder / "other_task.h").read_text(), "--name is not in the header")
    expect_error([*header, "text.txt"], 2, "was not written by fixynn-rtl parameters", folder)
    expect_error([*header, "foreign"], 2, "is no file", folder)
    expect_error([*header, "x.h", "--name", "2nd"], 2, "names in C cannot begin so", folder)
    expect_error([*header, "x.hex", "--name", "second"], 2, "only a C header has names", folder)
    expect((folder / "text.txt").read_text() == "text", "a foreign file was changed")
    code, out, err = call(*header, "text.txt", "--force", cwd=folder)
    expect(code == 0 and (folder / "text.txt").read_text().startswith("// Writes"), f"--force: {out} {err}")
    parameters = ["parameters", "other.safetensors", "--out", "x.h", "--for"]
    expect_error([*parameters, "hardware"], 1, "l00_conv1: the network's frozen weights are not", folder)
    shifted = ["parameters", "other_shift.safetensors", "--out", "x.h", "--for", "hardware"]
    expect_error(shifted, 1, "l01_depthwise: the network shifts by", folder)
    expect_error([*parameters, "foreign"], 2, "is no package", folder)
    expect(not (folder / "x.h").exists(), "parameters of other weights were written")

    # A package, one over it, and one beside other files.
    code, out, err = call(*two, "--tap", "1", cwd=folder)
    expect(code == 0 and "2 layers of fixed_02.safetensors, 32 x 32" in out, f"{two}: {code} {out} {err}")
    files = {path.relative_to(folder / "new").as_posix() for path in (folder / "new").rglob("*") if path.is_file()}
    manifest = json.loads((folder / "new" / "manifest.json").read_text())
    expect(files == {file["path"] for file in manifest["files"]} | {"manifest.json"}, f"files: {sorted(files)}")
    expect({"parameters.hex", "parameters.h", "rtl/ffe_gate.v"} <= files, f"what is missing of {sorted(files)}?")
    expect(not any(file.startswith("vectors/") for file in files), "vectors without --verify")
    code, out, err = call(*build, "new", "--fixed-layers", "1", cwd=folder)
    expect(code == 0 and not (folder / "new/rtl/ffe_gate.v").exists(), f"a package over another: {code} {err}")
    code, out, err = call(*build, "foreign", "--fixed-layers", "1", "--force", cwd=folder)
    expect(code == 0 and (folder / "foreign/rtl/ffe_top.v").exists(), f"--force: {code} {err}")
    expect((folder / "foreign" / "mine.txt").read_text() == "mine", "--force has changed what was there")

    if shutil.which("iverilog") and shutil.which("vvp"):
        arguments = [*build, "new", "--fixed-layers", "1", "--verify", "image.ppm", "--simulator", "icarus"]
        code, out, err = call(*arguments, cwd=folder)
        expect(code == 0 and "2 passes over 2 frames (one with other parameters): all equal" in out, f"{out} {err}")
        found = json.loads((folder / "new" / "manifest.json").read_text())["verify"]
        expect((found["images"], found["frames"], found["passes"], found["mismatches"]) == (1, 2, 2, 0), f"{found}")
        expect(found["frame_interval_cycles"] is None, "an interval of frames that did not follow at once")
        expect((folder / "new" / "vectors" / "frames.hex").exists(), "no vectors")

print("\n".join(faults) or "fixynn-rtl behaves")
sys.exit(1 if faults else 0)
