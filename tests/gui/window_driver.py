# SPDX-License-Identifier: Apache-2.0
"""A display of its own and the workbench on it, driven by the names of its widgets. For window_test.py."""
import contextlib
import ctypes
import ctypes.util
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

DEADLINE_S = 20
STEP_S = 0.02


def _die_with_us():
    """In a child: it ends when this test is killed, by ctest's time limit say."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Skip(Exception):
    """What the test needs is not on this machine."""


class Failure(Exception):
    """The workbench did not do what it should."""


def until(what, condition, seconds=DEADLINE_S):
    """The first value of `condition` that counts as true; Failure after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"not within {seconds} s: {what}")
        time.sleep(STEP_S)


class Display:
    """An Xvfb under the first free number."""

    def __init__(self, *options):
        for program, package in (("Xvfb", "xvfb"), ("xdotool", "xdotool")):
            if not shutil.which(program):
                raise Skip(f"{program} is not installed (Debian: {package})")
        reader, writer = os.pipe()
        command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1600x1000x24", "-noreset", "-nolisten", "tcp"]
        self.server = subprocess.Popen(command + list(options), pass_fds=[writer], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, preexec_fn=_die_with_us)
        os.close(writer)
        with os.fdopen(reader) as number:
            self.name = ":" + number.readline().strip()
        if self.name == ":":
            self.close()
            raise Skip("Xvfb does not start")

    def close(self):
        self.server.terminate()
        try:
            self.server.wait(10)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def tell(self, *words):
        result = subprocess.run(["xdotool", *map(str, words)], env=dict(os.environ, DISPLAY=self.name), text=True,
                                capture_output=True, timeout=DEADLINE_S)
        if result.returncode != 0 and words[0] != "search":
            raise Failure(f"xdotool {' '.join(map(str, words))}: {result.stderr.strip()}")
        return result.stdout.split()

    def ask_to_close(self, window):
        """What a window manager sends when the cross is clicked. (WM_DELETE_WINDOW: there is none here to do it.)"""
        x11 = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
        for function in (x11.XOpenDisplay, x11.XInternAtom):
            function.restype = ctypes.c_void_p
        x11.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
        x11.XSendEvent.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]
        x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
        display = x11.XOpenDisplay(self.name.encode())
        # XClientMessageEvent: type, serial, send_event, display, window, message_type, format, data.l[5]
        event = (ctypes.c_long * 24)()
        event[0], event[4], event[6] = 33, int(window), 32
        event[5] = x11.XInternAtom(display, b"WM_PROTOCOLS", 0)
        event[7] = x11.XInternAtom(display, b"WM_DELETE_WINDOW", 0)
        x11.XSendEvent(display, int(window), 0, 0, event)
        x11.XCloseDisplay(display)


class Workbench:
    """fixynn-gui on a display. `folder` holds its map of widgets, its session file and its output."""

    def __init__(self, program, display, folder, *words, session=None, env=None):
        self.display, self.folder = display, pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.map_file, self.session_file = self.folder / "map.json", self.folder / "session.json"
        self.map_file.unlink(missing_ok=True)
        self.output = open(self.folder / "output.txt", "w+")
        command = [str(program), *map(str, words), "--dump", str(self.map_file), "--session",
                   session or str(self.session_file), "--estimates", "--font", "none", "--size", "1600x1000"]
        self.started = time.monotonic()
        around = {**os.environ, "DISPLAY": display.name, "TMPDIR": str(self.folder), **(env or {})}
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=self.output, stderr=subprocess.STDOUT,
                                        preexec_fn=_die_with_us,
                                        env=around)
        self.window = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self._kill_jobs()
            self.process.kill()
            self.process.wait()
        self.output.close()

    def _kill_jobs(self):
        """After a failed check: a training would go on without the window."""
        for job in self.state().get("jobs", []):
            if job["pid"]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(job["pid"], signal.SIGKILL)

    def said(self):
        return (self.folder / "output.txt").read_text().strip()

    def map(self):
        """The widgets of the last frame; {} before the first."""
        if self.process.poll() is not None:
            raise Failure(f"the workbench ended with {self.process.returncode}: {self.said()}")
        try:
            return json.loads(self.map_file.read_text())
        except FileNotFoundError:
            return {}

    def state(self):
        return self.map().get("state", {})

    def run(self, index=0):
        runs = self.state().get("runs", [])
        return runs[index] if len(runs) > index else {}

    def job(self, index=-1):
        jobs = self.state().get("jobs", [])
        return jobs[index] if jobs else {}

    def messages(self):
        return [message["text"] for message in self.state().get("messages", [])]

    def until_said(self, *parts):
        until(f"a message with {parts}; there are {self.messages()}",
              lambda: any(all(part in text for part in parts) for text in self.messages()))

    def appear(self):
        """Waits for the window and gives it the keyboard: there is no window manager that would."""
        until("a frame on the screen", lambda: self.state().get("frames", {}).get("presented", 0) > 0)
        self.window = until("a window", lambda: self.display.tell("search", "--class", "fixynn-gui"))[-1]
        self.display.tell("windowfocus", "--sync", self.window)
        return self

    def wait_for(self, *marks):
        """Until the widgets are there, can be used, and stand still."""
        def still():
            before = self.map()
            if not all(mark in before and before[mark][4] and before[mark][5] for mark in marks):
                return None
            time.sleep(STEP_S)
            after = self.map()
            return before if all(after.get(mark) == before[mark] for mark in marks) else None
        return until(f"widgets {marks} to use", still)

    def place(self, mark, share=0.5):
        left, top, right, bottom = self.wait_for(mark)[mark][:4]
        return round(left + share * (right - left)), round((top + bottom) / 2)

    def click(self, mark, share=0.5):
        self.display.tell("mousemove", *self.place(mark, share), "sleep", "0.03", "click", "1")

    def drag(self, mark, start, end):
        x, y = self.place(mark, start)
        to, _ = self.place(mark, end)
        moves = [word for i in range(1, 6) for word in ("mousemove", round(x + i * (to - x) / 5), y, "sleep", "0.03")]
        self.display.tell("mousemove", x, y, "sleep", "0.03", "mousedown", "1", "sleep", "0.03", *moves, "mouseup", "1")

    def key(self, *keys):
        # GLFW drops a key with the same millisecond as the one before.
        self.display.tell("key", "--delay", "8", *keys)

    def type(self, text):
        self.display.tell("type", "--delay", "6", text)

    def command(self, words):
        """Gives a command by the palette, as its user does."""
        self.key("ctrl+p")
        self.wait_for("palette.query", "palette.0")
        self.type(words)
        time.sleep(0.1)
        self.wait_for("palette.0")
        self.key("Return")
        until("the palette to close", lambda: "palette.query" not in self.map())

    def answers(self, seconds=1.0):
        """Seconds from a key to what it changes on the screen; Failure when it is more than `seconds`."""
        light = self.state()["light"]
        begin = time.monotonic()
        self.key("ctrl+t")
        until("Ctrl+T to change the theme", lambda: self.state()["light"] != light, seconds)
        return time.monotonic() - begin

    def processor_ticks(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def end(self, how, seconds=2):
        """Exit code after `how` has asked for the end."""
        how()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"it still runs {seconds} s after it was asked to end: {self.said()}")

    def terminate(self, seconds=2):
        return self.end(lambda: self.process.send_signal(signal.SIGTERM), seconds)

    def close(self, seconds=2):
        return self.end(lambda: self.display.ask_to_close(self.window), seconds)
