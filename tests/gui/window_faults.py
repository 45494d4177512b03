# SPDX-License-Identifier: Apache-2.0
"""Checks of window_test.py --faults: what goes wrong around the window is said, and the window goes on."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

from window_driver import Display, Failure, Workbench, until
from window_runs import append, epoch_line, write_job_config, write_run, write_status


def _expect(what, good):
    if not good:
        raise Failure(f"expected {what}")


def _ends(programs, words, code, *parts, env=None, without=()):
    """The program ends by itself with this code and one sentence that holds `parts`."""
    full = {key: value for key, value in {**os.environ, **(env or {})}.items() if key not in without}
    result = subprocess.run([str(programs / "fixynn-gui"), *map(str, words)], env=full, text=True, capture_output=True,
                            timeout=60)
    said = result.stderr.strip()
    about = f"{' '.join(map(str, words))}: code {result.returncode}, {said!r}"
    _expect(f"exit code {code} of {about}", result.returncode == code)
    _expect(f"one sentence with {parts} from {about}",
            said.startswith("error: ") and len(said.splitlines()) == 1 and all(part in said for part in parts))


def without_display(programs, display, folder):
    hidden = ("DISPLAY", "WAYLAND_DISPLAY")
    _ends(programs, ["--session", "none"], 1, "DISPLAY", "--screenshot", without=hidden)
    _ends(programs, ["--session", "none"], 1, "DISPLAY", "--screenshot", env={"DISPLAY": ":7654"})
    bare = {key: value for key, value in os.environ.items() if key not in hidden}
    for words in (["--help"], ["--version"]):
        result = subprocess.run([programs / "fixynn-gui", *words], env=bare, text=True, capture_output=True)
        _expect(f"{words} without a display", result.returncode == 0 and "fixynn-gui" in result.stdout)
    run = write_run(folder / "signs")
    shot = [run, "--estimates", "--font", "none", "--size", "800x500"]
    subprocess.run([programs / "fixynn-gui", *shot, "--screenshot", folder / "shot.png"], env=bare, check=True,
                   capture_output=True)
    _expect("a PNG", (folder / "shot.png").read_bytes().startswith(b"\x89PNG"))
    _ends(programs, [*shot, "--screenshot", "/proc/shot.png"], 1, "/proc/shot.png", without=hidden)


def without_opengl(programs, display, folder):
    with Display("-extension", "GLX") as bare:
        _ends(programs, ["--session", "none"], 1, "OpenGL", "--screenshot", env={"DISPLAY": bare.name})
    broken = {"DISPLAY": display.name, "LIBGL_ALWAYS_SOFTWARE": "1", "GALLIUM_DRIVER": "nonsense",
              "MESA_LOADER_DRIVER_OVERRIDE": "nonsense", "LIBGL_DRIVERS_PATH": "/nowhere"}
    result = subprocess.run([str(programs / "fixynn-gui"), "--session", "none"], env={**os.environ, **broken},
                            text=True, capture_output=True, timeout=60)
    said = result.stderr.strip().splitlines()
    _expect(f"exit code 1, not {result.returncode}: {said}", result.returncode == 1)
    # What Mesa itself says comes before.
    _expect(f"one sentence of ours in {said}", [line.startswith("error: ") for line in said].count(True) == 1)


def wrong_command_lines(programs, display, folder):
    env = {"DISPLAY": display.name}
    folder.mkdir(parents=True)
    for words, part in ((["--size", "0x0"], "--size"), (["--size", "big"], "--size"), (["--scale", "9"], "--scale"),
                        (["--scale", "x"], "--scale"), (["--theme", "pink"], "--theme"),
                        (["--select", "n=99"], "--select"), (["--select", "nonsense"], "--select"),
                        (["--select", "run=nobody"], "--select"), (["--select", "command=no.such"], "--select"),
                        (["--font", "/nowhere.ttf"], "--font"), (["/nowhere/run"], "/nowhere/run"),
                        (["--no-such-option"], "--no-such-option")):
        _ends(programs, ["--session", "none", "--estimates", *words], 2, part, env=env)
    # The map of widgets is for scripts: without it they would wait for ever.
    _ends(programs, ["--session", "none", "--dump", folder / "none" / "map.json"], 1, "map.json", env=env)


def killed_training(programs, display, folder):
    config = write_job_config(folder / "data", programs)
    with Workbench(programs / "fixynn-gui", display, folder / "gui", config) as gui:
        gui.appear()
        gui.click("new_run.directory")
        gui.type(str(folder / "run"))
        gui.click("new_run.start")
        pid = until("the training's process", lambda: gui.job().get("pid"))
        until("losses", lambda: gui.run().get("losses", 0) > 0)
        os.kill(pid, signal.SIGKILL)
        until("the job to fail", lambda: gui.job()["state"] == "failed")
        gui.until_said("signal 9")
        until("a run that says so", lambda: gui.run()["state"] == "lost")
        gui.answers()
        gui.click("toolbar.resume")
        until("the training to go on", lambda: gui.job()["state"] == "running" and gui.run()["state"] == "live")
        gui.key("ctrl+period")
        until("the job to end", lambda: gui.job()["state"] == "cancelled")


def damaged_files(programs, display, folder):
    run = write_run(folder / "signs", "training")
    with Workbench(programs / "fixynn-gui", display, folder / "gui", run) as gui:
        gui.appear()
        until("ten epochs", lambda: gui.run().get("epochs") == 10)
        os.truncate(run / "metrics.jsonl", 500)
        until("the file that became shorter to be read anew", lambda: 0 < gui.run()["epochs"] < 10)
        until("a word about it", lambda: any("cut short" in problem for problem in gui.run()["problems"]))
        (run / "metrics.jsonl").write_bytes(b"garbage\n{\"a\":\n\xff\xfe\0\n[1, 2]\n{\"epoch\": []}\n" + b"x" * 100000)
        until("garbage to be left out", lambda: gui.run()["epochs"] == 0)
        until("a word about it", lambda: any("bad lines" in problem for problem in gui.run()["problems"]))
        append(run / "metrics.jsonl", "\n" + epoch_line(0, 1))
        until("what follows garbage", lambda: gui.run()["epochs"] == 1)
        (run / "status.json").write_text("{")
        until("a word about status.json", lambda: any("status.json" in problem for problem in gui.run()["problems"]))
        gui.answers()

        run.rename(folder / "away")
        until("a run that is gone", lambda: gui.run()["state"] == "unreachable")
        _expect(f"a reason, not {gui.run()['message']!r}", "no such folder" in gui.run()["message"])
        gui.answers()
        (folder / "away").rename(run)
        write_status(run, "finished", beat=2)
        until("the folder that came back", lambda: gui.run()["state"] == "finished" and gui.run()["epochs"] == 1)
        _expect(f"exit code 143, not {(code := gui.terminate())}", code == 143)


def damaged_session(programs, display, folder):
    for number, text in enumerate((b"{", b"", b"\xff\0\xfe", b'{"version": 99}', b"[" * 100000)):
        place = folder / str(number)
        place.mkdir(parents=True)
        (place / "session.json").write_bytes(text)
        with Workbench(programs / "fixynn-gui", display, place) as gui:
            gui.appear()
            gui.until_said("session", str(place / "session.json"))
            _expect("a short sentence", all(len(text) < 600 for text in gui.messages()))
            gui.answers()
            _expect(f"exit code 0, not {(code := gui.close())}", code == 0)


@contextlib.contextmanager
def _full_disk(folder):
    """A file system of 1 MiB with nothing left; None where this user may not mount one."""
    folder.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _fill(folder):
    with contextlib.suppress(OSError), open(folder / "filler", "wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 4096)


def full_disk(programs, display, folder):
    """Session, saved plot, report and training on a disk without room, then with room again."""
    config = write_job_config(folder / "data", programs)
    with _full_disk(folder / "small") as small:
        if small is None:
            return "not done: a small file system cannot be mounted by this user"
        run = write_run(small / "signs")
        (small / "session").mkdir()
        _fill(small)
        with Workbench(programs / "fixynn-gui", display, folder / "gui", run, config, "--export-dir", small,
                       session=str(small / "session" / "session.json")) as gui:
            gui.appear()
            until("the run", lambda: gui.run().get("points") == 3)
            gui.until_said("the session cannot be saved", "disk is full")
            gui.wait_for("new_run.start")
            gui.click("new_run.directory")
            gui.type(str(small / "trained"))
            gui.click("new_run.start")
            until("the training to fail", lambda: gui.job().get("state") == "failed")
            gui.until_said("train little.yaml", "disk is full")
            gui.key("ctrl+shift+s")
            gui.until_said(".csv", "disk is full")
            gui.command("make report")
            until("the report to fail", lambda: len(gui.state()["jobs"]) == 2 and gui.job()["state"] == "failed")
            gui.answers()
            (small / "filler").unlink()
            gui.answers()
            until("the session to be saved after all", lambda: (small / "session" / "session.json").exists())
            _expect(f"exit code 0, not {(code := gui.close())}: {gui.said()}", code == 0)


def hanging_files(programs, display, folder):
    """A pipe that nobody writes into, in the place of each file: an open() or read() of it may never come back."""
    slowest = 0
    for name in ("config.yaml", "run.yaml", "status.json", "metrics.jsonl", "points.jsonl", "losses.jsonl"):
        run = write_run(folder / name / "signs")
        (run / "run.yaml").write_text("sessions: []\n")
        (run / name).unlink(missing_ok=True)
        os.mkfifo(run / name)
        with Workbench(programs / "fixynn-gui", display, folder / name / "gui", run) as gui:
            gui.appear()
            until(f"{name} as a pipe to be named as a problem",
                  lambda: name in " ".join(gui.run().get("problems", []) + [gui.run().get("message", "")]) or
                  gui.run().get("state") == "unreachable")
            slowest = max(slowest, gui.answers())
            _expect(f"exit code 143, not {(code := gui.terminate())}", code == 143)
    return f"slowest answer {slowest:.2f} s"


def pipes_on_the_command_line(programs, display, folder):
    folder.mkdir(parents=True)
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "pipe.yaml")
    with Workbench(programs / "fixynn-gui", display, folder / "gui", folder / "pipe", folder / "pipe.yaml") as gui:
        gui.appear()
        gui.until_said("pipe", "can be opened")
        gui.answers()
        _expect(f"exit code 143, not {(code := gui.terminate())}", code == 143)


def display_goes(programs, display, folder):
    with Display() as other, Workbench(programs / "fixynn-gui", other, folder / "gui") as gui:
        gui.appear()
        other.server.terminate()
        code = gui.end(lambda: None, 10)
        _expect(f"exit code 1, not {code}: {gui.said()}", code == 1)
        return gui.said()


def stopped_at_once(programs, display, folder):
    """SIGTERM at whatever moment of the start."""
    codes = []
    run = write_run(folder / "signs")
    for delay in (0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8):
        with Workbench(programs / "fixynn-gui", display, folder / "gui", run) as gui:
            time.sleep(delay)
            codes.append(gui.terminate())
    _expect(f"143 or ended by the signal, not {codes}", all(code in (143, -signal.SIGTERM) for code in codes))


def nothing_left(programs, display, folder):
    """No temporary file of the map or session stays behind."""
    with Workbench(programs / "fixynn-gui", display, folder / "gui") as gui:
        gui.appear()
        gui.answers()
        _expect("exit code 0", gui.close() == 0)
    left = sorted(path.name for path in (folder / "gui").iterdir())
    _expect(f"three files, not {left}", left == ["map.json", "output.txt", "session.json"])
    shutil.rmtree(pathlib.Path(folder))
