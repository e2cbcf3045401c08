"""The terminal UI in a real pseudo-terminal: how soon it paints, and how soon it answers a key while a clone comes in."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.nodes import PASSWORD, Node

COLUMNS, ROWS = 120, 40
PATIENCE = 60.0
EMPTY = """
from textual.app import App, ComposeResult
from textual.widgets import Static

class Empty(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("nothing here")

Empty().run()
"""


class Screen:
    """A child on a pseudo-terminal, of which only the bytes are looked at: emulating a terminal would cost what is measured."""

    def __init__(self, arguments: Sequence[str]) -> None:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PK_", "PYTHON", "TEXTUAL", "TMUX"))
        }
        kept |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.begun = time.perf_counter()
        self._child = subprocess.Popen(
            [sys.executable, *arguments], stdin=slave, stdout=slave, stderr=slave, env=kept, start_new_session=True
        )
        os.close(slave)
        self._received = b""

    def until(self, text: bytes) -> float:
        """Wait until these bytes have come; the time they did."""
        end = time.perf_counter() + PATIENCE
        while True:
            if text in self._received:
                self._received = b""
                return time.perf_counter()
            if not self._some(end - time.perf_counter()):
                raise RuntimeError(f"{text!r} did not come: {self._received[-2000:]!r}")

    def answer(self, key: bytes) -> float:
        """Seconds from a key to the first byte of what it changes."""
        self.drain()
        begun = time.perf_counter()
        os.write(self._master, key)
        if not self._some(PATIENCE):
            raise RuntimeError("a key was not answered")
        return time.perf_counter() - begun

    def drain(self) -> None:
        while self._some(0):
            continue
        self._received = b""

    def send(self, raw: bytes) -> None:
        os.write(self._master, raw)

    def _some(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0.0, seconds))
        if not ready:
            return False
        try:
            piece = os.read(self._master, 65536)
        except OSError:
            return False
        self._received += piece
        return bool(piece)

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGTERM)
        end = time.perf_counter() + 10
        while self._child.poll() is None and time.perf_counter() < end:
            self._some(0.05)
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        os.close(self._master)


@contextmanager
def screen(*arguments: str) -> Iterator[Screen]:
    made = Screen(arguments)
    try:
        yield made
    finally:
        made.close()


def first_paint(text: bytes, *arguments: str) -> float:
    """Seconds from the start of the process until this text is on its screen."""
    with screen(*arguments) as made:
        return made.until(text) - made.begun


def empty_app() -> float:
    return first_paint(b"nothing here", "-c", EMPTY)


def locked(node: Node) -> float:
    """Until the password can be typed; nobody holds the node."""
    return first_paint(b"Enter the password", "-m", "pk_tui", "--node-path", str(node.path))


def attached(node: Node, text: bytes) -> float:
    """Until the vaults are there; a headless agent holds the node."""
    return first_paint(text, "-m", "pk_tui", "--node-path", str(node.path))


def keys_during_clone(node: Node, work: Sequence[str]) -> list[float]:
    """Seconds from each key to its answer on the screen that holds the node, while a command clones into it."""
    with screen("-m", "pk_tui", "--node-path", str(node.path)) as made:
        made.until(b"Enter the password")
        made.send(PASSWORD + b"\r")
        made.until(b"Vaults")
        time.sleep(1.0)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PK_")}
        command = [sys.executable, "-m", "pk_tui", "--node-path", str(node.path), *work]
        clone = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
        answers: list[float] = []
        while clone.poll() is None:
            for key in (b"2", b"1", b"j", b"k", b"j", b"k"):
                answers.append(made.answer(key))
                time.sleep(0.02)
        if clone.returncode:
            raise RuntimeError("the clone failed")
        return answers
