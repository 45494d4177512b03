# SPDX-License-Identifier: Apache-2.0
"""Checks of window_test.py: what a user does."""
import json

from window_driver import Failure, Workbench, until
from window_runs import append, epoch_line, loss_line, write_job_config, write_run, write_status


def _expect(what, good):
    if not good:
        raise Failure(f"expected {what}")


def edits(programs, display, folder):
    """Click, drag, shortcut, palette, theme, scale; then the cross, and the session is as it was left."""
    run = write_run(folder / "signs")
    with Workbench(programs / "fixynn-gui", display, folder / "gui", run) as gui:
        gui.appear()
        until("three points", lambda: gui.run().get("points") == 3)
        gui.click("tabs.1")
        until("the area sweep", lambda: gui.state()["tab"] == "Area sweep")

        before = gui.state()["fixed_layers"]
        gui.drag("design.fixed_layers", 0.1, 0.9)
        # On its way it passes 11.
        dragged = until("a drag to change the design",
                        lambda: (n := gui.state()["fixed_layers"]) != before and n >= 12 and n)
        gui.key("ctrl+z")
        until("Ctrl+Z to take the whole drag back", lambda: gui.state()["fixed_layers"] == before)
        gui.key("ctrl+y")
        until("Ctrl+Y to do it again", lambda: gui.state()["fixed_layers"] == dragged)

        gui.command("Training")
        until("the palette to change the tab", lambda: gui.state()["tab"] == "Training")
        gui.key("ctrl+p")
        gui.wait_for("palette.query")
        gui.key("Escape")
        until("Escape to close the palette", lambda: "palette.query" not in gui.map())
        gui.key("ctrl+t")
        until("the light theme", lambda: gui.state()["light"])
        gui.key("ctrl+equal")
        until("a larger scale", lambda: gui.state()["ui_scale"] > 1)
        _expect(f"exit code 0, not {(code := gui.close())}: {gui.said()}", code == 0)
        saved = json.loads(gui.session_file.read_text())
    _expect(f"the design in the session, not {saved['design']}", saved["design"]["fixed_layers"] == dragged)
    _expect("theme and scale in the session", saved["settings"]["light"] and saved["settings"]["ui_scale"] > 1)
    _expect("the run in the session", [entry["folder"] for entry in saved["runs"]] == [str(run)])
    with Workbench(programs / "fixynn-gui", display, folder / "gui") as gui:
        gui.appear()
        until("the run of the last session", lambda: gui.run().get("points") == 3)
        _expect("the design of the last session", gui.state()["fixed_layers"] == dragged and gui.state()["light"])
        _expect(f"exit code 143, not {(code := gui.terminate())}", code == 143)


def watching(programs, display, folder):
    """What another process writes comes to the screen without any input."""
    run = write_run(folder / "signs", "training")
    with Workbench(programs / "fixynn-gui", display, folder / "gui", run, "--select", "tab=training") as gui:
        gui.appear()
        until("ten epochs of a live run", lambda: gui.run().get("epochs") == 10 and gui.run()["state"] == "live")
        losses, shown = gui.run()["losses"], gui.state()["frames"]["presented"]
        append(run / "losses.jsonl", loss_line(1010) + loss_line(1020))
        until("two losses more", lambda: gui.run()["losses"] == losses + 2)
        append(run / "metrics.jsonl", epoch_line(7, 1)[:40])
        append(run / "metrics.jsonl", epoch_line(7, 1)[40:])
        until("an epoch more", lambda: gui.run()["epochs"] == 11)
        write_status(run, "finished", beat=1, progress=1)
        until("the run to end", lambda: gui.run()["state"] == "finished")
        until("a new picture", lambda: gui.state()["frames"]["presented"] > shown)
        _expect(f"no bad line: {gui.run()['problems']}", not gui.run()["problems"])
        _expect(f"exit code 143, not {(code := gui.terminate())}", code == 143)


def training(programs, display, folder):
    """A training is started in the dialog, seen, stopped, and has kept its checkpoint; then one is left running."""
    config = write_job_config(folder / "data", programs)
    run = folder / "run"
    with Workbench(programs / "fixynn-gui", display, folder / "gui", config) as gui:
        gui.appear()
        gui.click("new_run.directory")
        gui.type(str(run))
        gui.click("new_run.start")
        until("a job that runs", lambda: gui.job().get("state") == "running")
        until("losses of the training", lambda: gui.run().get("losses", 0) > 0)
        gui.key("ctrl+period")
        until("the job to end", lambda: gui.job()["state"] == "cancelled")
        until("a run that is stopped", lambda: gui.run()["state"] == "stopped")
        _expect("a checkpoint", any((run / "checkpoints").iterdir()))
        gui.click("toolbar.resume")
        until("the training to go on", lambda: gui.job()["state"] == "running" and gui.run()["state"] == "live")
        gui.display.ask_to_close(gui.window)
        gui.click("quit.stop")
        _expect(f"exit code 0, not {(code := gui.end(lambda: None, 20))}", code == 0)
        state = json.loads((run / "status.json").read_text())["state"]
        _expect(f"a stopped training behind the closed window, not {state}", state == "stopped")
