# SPDX-License-Identifier: Apache-2.0
"""Figures of window_test.py --measure: what the window costs. Nothing fails: the machine may be a slow one."""
import time

from window_driver import Workbench, until
from window_runs import append, loss_line, write_run, write_status

_SECONDS = 20
_TICKS_PER_SECOND = 100


def _share(gui, each_second):
    before, begin = gui.processor_ticks(), time.monotonic()
    computed, presented = (gui.state()["frames"][key] for key in ("computed", "presented"))
    for second in range(_SECONDS):
        each_second(second)
        time.sleep(max(0, begin + second + 1 - time.monotonic()))
    share = 100 * (gui.processor_ticks() - before) / _TICKS_PER_SECOND / _SECONDS
    frames = gui.state()["frames"]
    return (f"{share:.2f} % of a core, {frames['computed'] - computed} frames computed, "
            f"{frames['presented'] - presented} drawn in {_SECONDS} s")


def start_up(programs, display, folder):
    run = write_run(folder / "signs")
    times = []
    for _ in range(5):
        with Workbench(programs / "fixynn-gui", display, folder / "gui", run, session="none") as gui:
            until("a frame", lambda: gui.state().get("frames", {}).get("presented", 0) > 0)
            times.append(time.monotonic() - gui.started)
            gui.terminate()
    return f"first picture on the screen after {min(times):.2f} to {max(times):.2f} s"


def idle_on_a_finished_run(programs, display, folder):
    run = write_run(folder / "signs")
    with Workbench(programs / "fixynn-gui", display, folder / "gui", run, "--select", "tab=training") as gui:
        gui.appear()
        until("the run", lambda: gui.run().get("points") == 3)
        time.sleep(4)
        return _share(gui, lambda second: None)


def _live(programs, display, folder, *words):
    run = write_run(folder / "signs", "training")

    def each_second(second):
        append(run / "losses.jsonl", loss_line(1000 + 10 * second))
        write_status(run, "training", beat=second + 10, progress=second / 100)
    with Workbench(programs / "fixynn-gui", display, folder / "gui", run, "--select", "tab=training", *words) as gui:
        gui.appear()
        until("the run", lambda: gui.run().get("epochs") == 10)
        time.sleep(4)
        return _share(gui, each_second)


def watching_a_live_run(programs, display, folder):
    """A status and a loss every second, as fixynn-train writes them."""
    return _live(programs, display, folder)


def watching_with_low_bandwidth(programs, display, folder):
    return _live(programs, display, folder, "--low-bandwidth")


def frames_of_a_drag(programs, display, folder):
    run = write_run(folder / "signs")
    with Workbench(programs / "fixynn-gui", display, folder / "gui", run, session="none") as gui:
        gui.appear()
        until("the run", lambda: gui.run().get("points") == 3)
        for _ in range(5):
            gui.drag("design.area", 0.1, 0.9)
            gui.drag("design.area", 0.9, 0.1)
        frames = gui.state()["frames"]
        return ", ".join(f"{key} {value:.1f}" for key, value in frames.items() if key.endswith("_ms"))
