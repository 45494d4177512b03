#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds faults into emitted Verilog and counts those that the verification finds.

usage: faults.py --bin FOLDER [--work FOLDER] [--sample N] [--jobs N] [--stress]

FOLDER holds make_rtl_package and test_rtl. Each fault is one change of the text of a package of two layers at 32 x 32
(real batch norm, a tap, all modules): the sign or the shift of a digit, a register's enable, swapped channels, a
padding mask, a rounding shift, a counter or comparison that is off by one, a dropped commit, a wrong reset and so on.
It is caught when Icarus Verilog or the bench in the package says so, at full rate or with gaps, or, in a hand-written
module, when one of that module's own tests fails, which all pass without a fault. With --stress, faults in those modules
and in ffe_top.v that get through are tried in the stress bench, too (Verilator; frames of wrong geometry, resets,
switches). Changes that do not compile, or that do not change the circuit, are no faults and not counted. The status is 1
when less than 98 % of the rest are caught."""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile

Fault = collections.namedtuple("Fault", "kind file line before after")

# Faults that no simulation can find, each with its reason: (kind, pattern of the file's name, pattern of
# "line before -> line after", reason).
UNDETECTABLE = [
    (
        "pipeline register skipped",
        r"ffe_l01_\w+_adders",
        r"",
        "pixels are two clocks apart there and what a stage reads holds still between them: a clock earlier it is the same",
    ),
    (
        "pipeline register skipped",
        r"ffe_l00_conv1_adders",
        r"_r2 <= \w+_r1;",
        "with stride 2 outputs are two clocks apart, and the stage before holds still between them",
    ),
    (
        "wrong node",
        r"ffe_l00_conv1_adders",
        r"\b(n\d+)_r2\}.* -> .*\b\1_r1\}",
        "a node and its own register behind the first stage: outputs are two clocks apart, so both hold the same",
    ),
    ("commit of the stream", r"ffe_l\d\d_", r"done & done_commit; -> .*= done_commit;", "whoever takes a commit takes it with `done` alone"),
    ("enable left out", r"ffe_accumulator_fifo", r"count <=", "without either, `left` is `count`"),
    ("enable left out", r"ffe_input", r"pixel <=", "a pixel is read in the clock after `push` alone: more switching"),
    (
        "enable left out",
        r"ffe_line_buffer",
        r"(in_col_r1|target_r1|inner) <=",
        "it is read in the clock after its enable alone: more switching",
    ),
    ("constant", r"ffe_line_buffer", r"target <= 1'b0", "either memory may take the first row"),
    ("constant", r"ffe_line_buffer", r"\{inner\[\d\], 1'b1,", "the middle row and column are never outside: nobody reads it"),
]


# ---- Where a text can be changed --------------------------------------------------------------------------------
def code_of(line):
    """The line without its comment."""
    return line.split("//")[0].rstrip()


def substitutions(pattern, *replacements):
    """A finder: every match of `pattern` in a line, replaced in each of the ways."""

    def find(line, _):
        for match in re.finditer(pattern, line):
            for replacement in replacements:
                text = replacement(match) if callable(replacement) else match.expand(replacement)
                yield line[: match.start()] + text + line[match.end() :]

    return find


def operand_end(text, begin):
    """Where the operand that begins at `begin` ends: at a comma, semicolon or closing brace of its level."""
    depth = 0
    for i in range(begin, len(text)):
        if text[i] in "{([":
            depth += 1
        elif text[i] in "})]":
            depth -= 1
        if depth < 0 or (depth == 0 and text[i] in ",;"):
            return i
    return len(text)


def shifted_term(line, _):
    """The second operand of a sum, one bit further left."""
    match = re.search(r" [+-] ", line)
    if match and line.lstrip().startswith("wire"):
        end = operand_end(line, match.end())
        yield f"{line[:match.end()]}({line[match.end():end]} << 1){line[end:]}"


def other_net(line, widths):
    """A node of a sum replaced by the next one of the same width."""
    names = list(widths)
    for match in re.finditer(r"\b[nx]\d+(_r\d+)?\b(?=[ },;])", line.split("=")[-1]):
        same = [name for name in names if widths[name] == widths.get(match[0]) and name != match[0]]
        earlier = [name for name in same if names.index(name) < names.index(match[0])]
        if earlier and line.lstrip().startswith("wire"):
            head, tail = line.rsplit("=", 1)
            yield f"{head}={tail[:match.start()]}{earlier[-1]}{tail[match.end():]}"


def swapped_outputs(line, widths):
    """Two neighbours of equal width in the concatenation of sums or codes."""
    items = re.findall(r"(?<![\w\[])(\w+)(?=[,}])", line)
    for a, b in zip(items, items[1:]):
        if a in widths and widths[a] == widths.get(b) and f"{a}, {b}" in line:
            yield line.replace(f"{a}, {b}", f"{b}, {a}", 1)


def without_statement(line, _):
    """A whole assignment left out."""
    if re.match(r"\s+(if \(.*\) |else |else if \(.*\) )?\S.* <= [^;]*;$", line):
        head = re.match(r"(\s+(?:if \(.*\) |else if \(.*\) |else )?)", line)[1]
        yield f"{head};" if head.strip() else ""


def swapped_branches(line, _):
    match = re.search(r"(= | <= |\()([^?=();]+) \? ([^?:]+) : ([^?:;]+)([;)])", line)
    if match:
        yield f"{line[:match.start(3)]}{match[4]} : {match[3]}{line[match.end(4):]}"


def constant_plus_one(match):
    return str(int(match[0]) + 1)


def constant_minus_one(match):
    return str(int(match[0]) - 1)


def other_sign(match):
    return " - " if match[1] == "+" else " + "


def earlier_register(match):
    return f"<= {match[1]}{'_r%d' % (int(match[2]) - 1) if match[2] > '1' else ''};"


def range_one_lower(match):
    high, low = int(match[1]), int(match[2])
    return f"[{high - 1}:{low - 1}])" if low else f"[{high + 1}:1])"


def other_direction(name):
    return "col" if name == "row" else "row"


def other_index(count):
    return lambda match: f"{match[1]}[{(int(match[2]) + 1) % count}]"


def opposite(a, b):
    """Each of two words becomes the other one."""
    return lambda match: match[0].replace(match[1], b if match[1] == a else a)


ADDERS = {
    "sign of a digit": substitutions(r"(?<=[\w}]) ([+-]) (?=[\w{])", other_sign),
    "shift of a term": shifted_term,
    "wrong node": other_net,
    "lost sign extension": substitutions(r"\{(\d+)\{[nx]\w+\[\d+\]\}\}", r"{\1{1'b0}}"),
    "swapped channels": swapped_outputs,
    "enable of another stage": substitutions(r"(enable)\[(\d)\]", other_index(2)),
    "pipeline register skipped": substitutions(r"<= (\w+)_r(\d);", earlier_register),
}
LAYERS = {
    "rounding shift": substitutions(r"(?<=\.SHIFT\()\d+", constant_plus_one, constant_minus_one),
    "parameters of another channel": substitutions(r"(?<=FIRST_CHANNEL\()\d+", constant_plus_one),
    "dropped commit": substitutions(r"\.commit\(\w+\)", ".commit(1'b0)"),
    "commit at the wrong time": substitutions(r"\.commit\(\w+\)", ".commit(start)", ".commit(valid)", ".commit(1'b1)"),
    "enable chain": substitutions(r"(valid_r\d|start|sums_valid) <= (?!1)\w+;", r"\1 <= valid;", r"\1 <= 1'b0;"),
    "commit chain": substitutions(r"(commit_r\d|sums_commit|start_commit) <= (?!1)\w+;", r"\1 <= commit;"),
    "channels of another group": substitutions(r"\[(\d+):(\d+)\]\)", range_one_lower),
    "swapped groups": swapped_outputs,
    "padding mask": substitutions(
        r"\.(row|col)_ok\(\w+\)", r".\1_ok(3'b111)", lambda m: f".{m[1]}_ok({other_direction(m[1])}_ok)"
    ),
    "write of parameters": substitutions(r"\.write_bias\(write_bias\)", ".write_bias(!write_bias)"),
    "enables in another order": substitutions(r"(enable = \{)(\w+), (\w+)", r"\1\3, \2"),
    "interval of the requantisers": substitutions(r"(?<=INTERVAL\()\d+", constant_minus_one, constant_plus_one),
    "depth": substitutions(r"(?<=\.DEPTH\()\d+", lambda m: str(int(m[0]) // 4)),
    "commit of the stream": substitutions(r"= done & done_commit", "= done_commit", "= 1'b0"),
}
TOP = {
    "parameter of a module": substitutions(
        r"(?<=\.)(SIZE|STRIDE|PAD_BEFORE|PACE|FLUSH_DELAY|PIXELS|CHANNEL_BITS|CONVS|LAYERS|TAP|VERSION)\((\d+)\)",
        lambda m: f"{m[1]}({int(m[2]) + 1})",
        lambda m: f"{m[1]}({max(int(m[2]) - 1, 0)})",
    ),
    "room of the outputs": substitutions(r"(?<=\.MARGIN\()\d+", "1"),
    "another convolution's parameters": substitutions(r"(write)\[(\d)\]", other_index(3)),
    "credit": substitutions(r"assign go = .*;", "assign go = 1'b1;", "assign go = tap_room;", "assign go = 1'b0;"),
    "wrong net": substitutions(r"_rows_(row|col)_ok\)", lambda m: f"_rows_{other_direction(m[1])}_ok)"),
    "switch": substitutions(r"\.(tap_on|main_off)\(\w+\)", r".\1(1'b1)", r".\1(1'b0)"),
    "commit and switches": substitutions(
        r"\.(commit_pending|main_waits)\(\w+\)|(commit_done = )\w+ \| ",
        lambda m: m[2] or f".{m[1]}(1'b0)",
        lambda m: m[2] or f".{m[1]}(1'b1)",
    ),
    "commit of the stream": substitutions(r"\.(in_commit|commit_taken|commit_done)\(\w+\)", r".\1(1'b0)", r".\1(1'b1)"),
    "event": substitutions(r"missing_start, bad_row, early_start\}", "frame_started, bad_row, early_start}"),
    "counter": substitutions(r"\.(frame_in|frame_out|frame_tap|frame_bad)\(\w+\)", r".\1(1'b0)", r".\1(1'b1)"),
}
HANDWRITTEN = {
    "comparison": substitutions(r" (==|!=) ", opposite("==", "!=")),
    "comparison off by one": substitutions(r" == (\w+)(?=[ );])(?! ?\?)", r" == \1 - 1'b1"),
    "and for or": substitutions(r" (&&|\|\|) ", opposite("&&", "||")),
    "lost not": substitutions(r"(?<![=\w])!(?!=)", ""),
    "condition left out": substitutions(r"(?<![\w'])[a-z_]\w* && ", ""),
    "counter": substitutions(r" \+ 1'b1", "", " - 1'b1", " + 2'd2"),
    "constant": substitutions(r"(?<=[ (]1'b)([01])(?=[; ),])", opposite("0", "1")),
    "limit off by one": substitutions(
        r"= (SIZE|DEPTH|PACE|DELAY|INTERVAL|PIXELS)( - \w+)?;", r"= \1\2 - 1;", r"= \1\2 + 1;"
    ),
    "wrong reset": substitutions(r"if \(!rst_n\)", "if (rst_n)", "if (1'b0)"),
    "assignment left out": without_statement,
    "enable left out": substitutions(r"^(\s+)if \((?!!rst_n)[^;]*\) (?=\w[^;()]* <= )", r"\1"),
    "branches swapped": swapped_branches,
    "row for column": substitutions(
        r"\b(in|centre)_(row|col)\b(?!_)", lambda m: f"{m[1]}_{other_direction(m[2])}"
    ),
    "memory for memory": substitutions(r"stored([01])", opposite("0", "1")),
    "bit": substitutions(r"\[(\d)\]", lambda m: f"[{int(m[1]) ^ 1}]"),
    "sign": substitutions(r"\$signed\((\w+)\)", r"$unsigned(\1)"),
    "state too early or late": substitutions(r"\b(\w+)_r1\b", r"\1"),
}


def operators_of(name):
    if name == "ffe_top.v":
        return TOP
    if name.endswith("_adders.v"):
        return ADDERS
    if re.match(r"ffe_l\d\d_", name):
        return LAYERS
    return HANDWRITTEN


def candidates(name, text):
    """All faults of a file, by kind."""
    widths = {}
    for high, names in re.findall(r"(?:wire|reg) (?:signed )?(?:\[(\d+):0\] )?([\w, \n]+?)(?: =|;)", text):
        for net in re.split(r",\s*", names):
            widths[net.strip()] = int(high or 0) + 1
    found = collections.defaultdict(list)
    for number, line in enumerate(text.split("\n")):
        code = code_of(line)
        if not code.strip() or re.match(r"\s*(module|parameter|input|output|/\*)", code):
            continue
        for kind, finder in operators_of(name).items():
            for after in finder(code, widths):
                if after != code:
                    found[kind].append(Fault(kind, name, number, code, after))
    return found


def choose(package, quota, seed):
    """At most `quota` faults of each kind and file, and four times as many of the top, which is all parameters. What
    is taken of one file does not depend on the others."""
    chosen = []
    for path in sorted((package / "rtl").glob("*.v")):
        most = 4 * quota if path.name == "ffe_top.v" else quota
        for kind, faults in sorted(candidates(path.name, path.read_text()).items()):
            generator = random.Random(f"{seed} {path.name} {kind}")
            chosen += generator.sample(faults, min(most, len(faults)))
    return chosen


# ---- Trying one -------------------------------------------------------------------------------------------------
def run(command, folder, limit_s, environment=None):
    """Status, None for a hang, and what was printed. At the limit all that the command started ends with it."""
    child = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", start_new_session=True,
    )
    try:
        output, _ = child.communicate(timeout=limit_s)
        return child.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        return None, "it took too long"


def circuit(path):
    """The compiled simulation, without the addresses that differ from run to run."""
    names = {}
    return re.sub(r"0x[0-9a-f]{6,}", lambda m: names.setdefault(m[0], str(len(names))), path.read_text())


def apply(fault, package):
    """Changes the line, or, in a package with another ffe_top.v, the first line like it; false without one."""
    path = package / "rtl" / fault.file
    lines = path.read_text().split("\n")
    line = fault.line if fault.line < len(lines) and code_of(lines[fault.line]) == fault.before else None
    if line is None:
        line = next((i for i, text in enumerate(lines) if code_of(text) == fault.before), None)
    if line is None:
        return False
    lines[line] = fault.after
    path.write_text("\n".join(lines))
    return True


def module_tests(file):
    """The tests of a hand-written module: ffe_line_buffer.v has those of LineBufferModule."""
    return "".join(word.capitalize() for word in file[len("ffe_") : -len(".v")].split("_")) + "Module.*"


def first_fault(output):
    for line in output.split("\n"):
        if line.startswith(("MISMATCH", "ERROR")):
            return line
    return output.strip().split("\n")[-1][:100]


class Campaign:
    def __init__(self, work, bin_folder, stress):
        self.work = work
        self.package = work / "package"
        self.stress = work / "stress" if stress else None
        self.test_rtl = bin_folder / "test_rtl"
        maker = bin_folder / "make_rtl_package"
        subprocess.run([maker, self.package], check=True)
        if stress:
            subprocess.run([maker, self.stress, "--stress"], check=True)
            caught = self.build_and_stress(self.stress)
            if caught:
                sys.exit(f"the stress bench finds a fault before any is seeded: {caught}")
            # A fault in the design leaves the bench and Verilator's library as they are.
            for path in (self.stress / "build").iterdir():
                if path.name not in ("main.o", "verilated.o", "verilated_threads.o"):
                    path.unlink()
        (self.package / "build").mkdir()
        code, output = self.compile(self.package)
        if code != 0:
            sys.exit(f"the package does not compile: {output}")
        self.good = circuit(self.package / "build" / "bench.vvp")
        for arguments in ([], ["+gaps=1"]):
            caught = self.simulate(self.package, arguments)
            if caught:
                sys.exit(f"the package has a fault before any is seeded: {caught}")

    @staticmethod
    def compile(folder):
        command = ["iverilog", "-g2005", "-s", "ffe_bench", "-o", "build/bench.vvp", "-c", "tb/icarus.f"]
        return run(command, folder, 120)

    @staticmethod
    def simulate(folder, arguments):
        """What the bench found; empty if nothing."""
        code, output = run(["vvp", "-n", "build/bench.vvp", "+stop", *arguments], folder, 300)
        return "" if code == 0 and "RESULT pass" in output else first_fault(output) or "no result"

    def try_fault(self, fault):
        """("caught", how), ("missed", "") or ("no fault", why)."""
        with tempfile.TemporaryDirectory(dir=self.work) as name:
            folder = pathlib.Path(name)
            for part in ("rtl", "tb"):
                shutil.copytree(self.package / part, folder / part)
            (folder / "vectors").symlink_to(self.package / "vectors")
            (folder / "build").mkdir()
            apply(fault, folder)
            code, output = self.compile(folder)
            if code != 0:
                return "no fault", "does not compile"
            if circuit(folder / "build" / "bench.vvp") == self.good:
                return "no fault", "the same circuit"
            levels = [("full rate", lambda: self.simulate(folder, []))]
            if operators_of(fault.file) is HANDWRITTEN:
                levels.append(("module test", lambda: self.try_module_tests(fault.file, folder)))
            if self.stress and operators_of(fault.file) in (HANDWRITTEN, TOP):
                levels.append(("stress", lambda: self.try_stress(fault, folder / "stress")))
            levels.append(("gaps", lambda: self.simulate(folder, ["+gaps=1"])))
            for name, find in levels:
                caught = find()
                if caught:
                    return "caught", f"{name}: {caught}"
            return "missed", ""

    def check_module_tests(self, files):
        """Without a fault the tests of each module pass; only then does one that fails say something."""
        for file in sorted(files):
            caught = self.try_module_tests(file, self.package)
            if caught:
                sys.exit(f"{module_tests(file)} fails before any fault is seeded: {caught}")

    def try_module_tests(self, file, folder):
        """The tests of one module alone: the one that failed; empty if none did."""
        with tempfile.TemporaryDirectory(dir=self.work) as scratch:
            environment = {**os.environ, "FIXYNN_RTL_FOLDER": str(folder / "rtl"), "TEST_TMPDIR": scratch}
            command = [self.test_rtl, f"--gtest_filter={module_tests(file)}", "--gtest_fail_fast"]
            code, output = run(command, folder, 300, environment)
        if code is None:
            return "a test hangs"
        failed = re.search(r"\[  FAILED  \] (\w+\.\w+)", output)
        passed = re.search(r"\[  PASSED  \] (\d+) test", output)
        if not failed and (code != 0 or not passed or int(passed[1]) == 0):
            sys.exit(f"{module_tests(file)}: no test ran to its end: {first_fault(output)}")
        return failed[1] if failed else ""

    def try_stress(self, fault, folder):
        shutil.copytree(self.stress, folder)
        return self.build_and_stress(folder) if apply(fault, folder) else ""

    @staticmethod
    def build_and_stress(folder):
        build = ("verilator -f tb/verilator.f && touch build/main.o build/verilated*.o 2> /dev/null; "
                 "make -C build -f Vffe_tb.mk OPT_FAST=-O1 OPT_SLOW=-O0 Vffe_tb")
        if not (folder / "build").exists():
            build = build.replace("touch build/main.o build/verilated*.o 2> /dev/null;", "true;")
        code, output = run(["sh", "-c", build], folder, 600)
        if code != 0:
            return "Verilator does not compile it: " + first_fault(output)
        code, output = run(["build/Vffe_tb", "+seed=2", "+frames=3000"], folder, 300)
        return "" if code == 0 and "RESULT pass" in output else first_fault(output)


def reason(fault):
    """Why no simulation can find it, or None."""
    for kind, file, change, why in UNDETECTABLE:
        if fault.kind == kind and re.match(file, fault.file) and re.search(change, f"{fault.before} -> {fault.after}"):
            return why
    return None


def report(results):
    """Prints the table; the share caught."""
    kinds = collections.defaultdict(lambda: [0, 0])
    for fault, (result, _) in results:
        if result != "no fault" and not (result == "missed" and reason(fault)):
            kinds[fault.kind][1] += 1
            kinds[fault.kind][0] += result == "caught"
    for kind, (caught, seeded) in sorted(kinds.items()):
        print(f"  {kind:34} {caught:4} of {seeded:4}")
    for title, wanted in (("MISSED", False), ("CANNOT BE FOUND", True)):
        for fault, (result, _) in results:
            if result == "missed" and bool(reason(fault)) == wanted:
                print(f"{title} {fault.kind}: {fault.file}:{fault.line + 1}\n  - {fault.before.strip()}\n"
                      f"  + {fault.after.strip()}" + (f"\n  {reason(fault)}" if wanted else ""))
    skipped = collections.Counter(how for _, (result, how) in results if result == "no fault")
    caught, seeded = (sum(k[i] for k in kinds.values()) for i in (0, 1))
    undetectable = sum(result == "missed" and bool(reason(fault)) for fault, (result, _) in results)
    by = collections.Counter(how.split(":")[0] for _, (result, how) in results if result == "caught")
    print("caught by: " + ", ".join(f"{name} {count}" for name, count in by.most_common()))
    print(f"caught {caught} of {seeded} seeded faults; not counted: {dict(skipped)}, cannot be found: {undetectable}")
    return caught / max(seeded, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    parser.add_argument("--work", type=pathlib.Path, help="default: a temporary folder")
    parser.add_argument("--sample", type=int, default=0, help="only so many; default: all")
    parser.add_argument("--quota", type=int, default=3, help="faults of a kind in a file")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--stress", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="print every fault as it is tried")
    options = parser.parse_args()
    if not shutil.which("iverilog"):
        print("Icarus Verilog is not installed (Debian: apt install iverilog): skipped")
        return 0
    if options.stress and not shutil.which("verilator"):
        print("Verilator is not installed (Debian: apt install verilator): skipped")
        return 0
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        campaign = Campaign(pathlib.Path(name), options.bin.absolute(), options.stress)
        faults = choose(campaign.package, options.quota, options.seed)
        if options.sample:
            faults = random.Random(options.seed).sample(faults, min(options.sample, len(faults)))
        campaign.check_module_tests({fault.file for fault in faults if operators_of(fault.file) is HANDWRITTEN})
        results = []
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for fault, result in zip(faults, pool.map(campaign.try_fault, faults)):
                results.append((fault, result))
                if options.verbose:
                    place = f"{fault.file}:{fault.line + 1}"
                    print(f"{result[0]:9} {fault.kind}: {place}: {fault.after.strip()}  [{result[1]}]", flush=True)
        return 0 if report(results) >= 0.98 else 1


if __name__ == "__main__":
    sys.exit(main())
