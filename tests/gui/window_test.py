#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The workbench in a real window, on an X server of this test's own.

usage: window_test.py --bin BUILD_DIR [--repeat N] [--faults] [--measure] [--only NAME] [--keep DIR]

Ends with 77 where Xvfb or xdotool is missing."""
import argparse
import contextlib
import inspect
import pathlib
import sys
import tempfile
import time

import window_faults
import window_measure
import window_use
from window_driver import Display, Failure, Skip


def checks_of(module):
    return [(name, check) for name, check in vars(module).items()
            if inspect.isfunction(check) and check.__module__ == module.__name__ and not name.startswith("_")]


def run_checks(module, programs, folder, only):
    faults = 0
    with contextlib.ExitStack() as stack:
        display = stack.enter_context(Display())
        for name, check in checks_of(module):
            if only and only not in name:
                continue
            begin = time.monotonic()
            said, verdict = None, "passed"
            try:
                said = check(programs, display, folder / name)
            except Failure as failure:
                said, verdict = failure, "FAILED"
                faults += 1
            print(f"{verdict} {name} ({time.monotonic() - begin:.1f} s){': ' + str(said) if said else ''}", flush=True)
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of the built programs")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--faults", action="store_true", help="what goes wrong around the window")
    parser.add_argument("--measure", action="store_true", help="start-up, idle cost, frame times")
    parser.add_argument("--only", default="", help="checks whose names hold this")
    parser.add_argument("--keep", type=pathlib.Path, help="where the files of the runs stay, for a look at them")
    options = parser.parse_args()
    module = window_faults if options.faults else window_measure if options.measure else window_use
    passes = 0
    for number in range(options.repeat):
        with contextlib.ExitStack() as stack:
            folder = options.keep / str(number) if options.keep else pathlib.Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="fixynn-window-")))
            begin = time.monotonic()
            try:
                faults = run_checks(module, options.bin.resolve(), folder, options.only)
            except Skip as reason:
                print(f"skipped: {reason}")
                return 77
            passes += faults == 0
            print(f"{'passed' if faults == 0 else 'FAILED'} in {time.monotonic() - begin:.1f} s", flush=True)
    if options.repeat > 1:
        print(f"{passes} of {options.repeat} passed")
    return 0 if passes == options.repeat else 1


if __name__ == "__main__":
    sys.exit(main())
