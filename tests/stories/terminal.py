"""The program on a real pseudo-terminal: what a person would see and type, and every byte that reached the terminal.

A thread takes in what is written as it comes, so that nobody who is not looked at just now is held up by a full terminal.
As newer terminals do, it says that it can show a picture whole (mode 2026), and is then never looked at half-drawn.
"""

from __future__ import annotations

import codecs
import os
import re
import select
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
import pyte
from stories.sequences import Token, Tokens

PATIENCE = 60.0
"""Seconds that anything may take; on a quiet machine nothing takes more than two."""
SCROLLBACK = 2000
WITH_FOCUS = ("1d202b", "262b3a")
"""The background of a field that has focus, in a dialog and in a box, in the theme the program begins with."""
KEYS = {
    "enter": "\r",
    "esc": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "space": " ",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "focus lost": "\x1b[O",
    "focus got": "\x1b[I",
}
KEYS |= {f"ctrl+{letter}": chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"}
_WHOLE = "2026"
_NOT_OURS = ("PK_", "TEXTUAL", "TMUX", "SSH_", "NO_COLOR", "DISPLAY", "WAYLAND", "VISUAL", "EDITOR", "COLUMNS", "LINES")


def environment(**more: str) -> dict[str, str]:
    """Of a usual terminal with 24-bit colour and no clipboard but its own; "" in `more` takes a name away."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)}
    kept |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "TEXTUAL_ANIMATIONS": "none"}
    return {name: value for name, value in (kept | more).items() if value}


class Terminal:
    """A child process on a terminal of `columns` × `rows`; `raw` is all it ever wrote there.

    What shows is kept as a terminal keeps it: a main screen with scrollback, and another one for programs that fill it.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        program: str = sys.executable,
        columns: int = 120,
        rows: int = 40,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
        whole_pictures: bool = True,
    ) -> None:
        self.raw = b""
        self.seen: set[str] = set()
        """Every line that ever stood on a screen, as it stood there when a piece of output had been taken in."""
        self.main = pyte.HistoryScreen(columns, rows, history=SCROLLBACK)
        self.other = pyte.Screen(columns, rows)
        self.is_other = False
        """True while the alternate screen shows."""
        self._streams = (pyte.Stream(self.main), pyte.Stream(self.other))
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._tokens = Tokens()
        self._changed = threading.Condition()
        self._is_drawing = False
        self._whole_pictures = whole_pictures
        self._pictures: list[str] | None = None
        self._is_over = self._is_closed = False
        self._stop, self._stopped = os.pipe()
        self.child = pexpect.spawn(
            program,
            list(arguments),
            dimensions=(rows, columns),
            env=environment(**(env or {})),
            cwd=None if cwd is None else str(cwd),
            timeout=PATIENCE,
            echo=True,
        )
        self.child.delaybeforesend = None
        self.before = self.line_settings()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return int(self.child.pid)

    def line_settings(self) -> list[Any]:
        """How the kernel treats the line: echo, signals, line by line."""
        return termios.tcgetattr(self.child.fileno())

    # What comes

    def _read(self) -> None:
        fd = self.child.fileno()
        while True:
            ready, _, _ = select.select([fd, self._stop], [], [])
            if self._stop in ready:
                break
            try:
                piece = os.read(fd, 1 << 16)
            except OSError:  # so a terminal says that nobody has it open any more
                break
            if not piece:
                break
            with self._changed:
                self._take(piece)
                self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def _take(self, piece: bytes) -> None:
        self.raw += piece
        for token in self._tokens.feed(self._decoder.decode(piece)):
            if token.shape in ("CSI ?h", "CSI ?l"):
                self._switch(token.shape == "CSI ?h", token.numbers.split(";"))
            elif token.shape == "CSI ?$p" and token.numbers == _WHOLE and self._whole_pictures:
                self.child.send(f"\x1b[?{_WHOLE};2$y")
            if _is_for_pyte(token):
                self._streams[self.is_other].feed(token.whole)
        self._keep_lines()

    def _switch(self, on: bool, modes: Sequence[str]) -> None:
        if "1049" in modes:
            self._keep_lines()
            self.is_other = on
            if on:
                self.other.reset()
        if _WHOLE in modes:
            self._is_drawing = on
            if not on:
                self._keep_lines()
                if self._pictures is not None:
                    self._pictures.append("\n".join(self._screen.display))

    def _keep_lines(self) -> None:
        screen = self._screen
        self.seen.update(_line(screen, row) for row in screen.dirty if row < screen.lines)
        screen.dirty.clear()

    # The screen

    @property
    def _screen(self) -> pyte.Screen:
        return self.other if self.is_other else self.main

    @property
    def lines(self) -> list[str]:
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or not self._is_drawing, PATIENCE)
            return list(self._screen.display)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def past(self) -> str:
        """Everything that ever stood on the screen, in no order."""
        with self._changed:
            return "\n".join(self.seen)

    @property
    def left_behind(self) -> str:
        """The main screen with its scrollback: what stays in the terminal after the program."""
        with self._changed:
            above = ["".join(row[column].data for column in range(self.main.columns)) for row in self.main.history.top]
            return "\n".join([*above, *self.main.display])

    @contextmanager
    def watched(self) -> Iterator[list[str]]:
        """Every picture from now on, one after the other, to the end of the block."""
        with self._changed:
            self._pictures = pictures = []
        try:
            yield pictures
        finally:
            with self._changed:
                self._pictures = None

    def until(self, holds: Callable[[str], object], what: str, within: float = PATIENCE) -> str:
        """Wait until the screen is as wanted; AssertionError with the screen as it is otherwise."""
        end = time.monotonic() + within
        with self._changed:
            while True:
                screen = "\n".join(self._screen.display)
                if not self._is_drawing and holds(screen):
                    return screen
                left = end - time.monotonic()
                if self._is_over or left <= 0:
                    state = "ended" if self._is_over else "still runs"
                    raise AssertionError(f"{what} did not happen; the program {state}. The screen:\n{screen}")
                self._changed.wait(left)

    def see(self, *texts: str, within: float = PATIENCE) -> str:
        """Wait until all of these are on the screen; the screen's text."""
        return self.until(lambda screen: all(text in screen for text in texts), f"seeing {texts}", within)

    def see_no(self, *texts: str, within: float = PATIENCE) -> str:
        """Wait until none of these is on the screen."""
        return self.until(lambda screen: all(text not in screen for text in texts), f"not seeing {texts}", within)

    def line_with(self, *texts: str) -> str:
        """Wait for one line that has all of these; that line."""

        def found(screen: str) -> list[str]:
            return [line for line in screen.splitlines() if all(text in line for text in texts)]

        return found(self.until(found, f"a line with {texts}"))[0]

    # The keyboard

    def press(self, *keys: str) -> None:
        """Named keys, or single characters."""
        for key in keys:
            assert key in KEYS or len(key) == 1, key
            self.child.send(KEYS.get(key, key))

    def type(self, text: str) -> None:
        self.child.send(text)

    def fill_in(self, text: str, label: str = "", key: str = "tab", looks: str = "") -> None:
        """Type into the field with focus and go on to the next; what is typed before focus is there would go into this one.

        `label` is what stands before it in its line, if anything does; `looks` how what is typed shows there, if otherwise.
        """
        field = re.compile(f"{re.escape(label)}{'  +' if label else ''}{re.escape(looks or text)}")

        def has_focus(_: str) -> bool:
            buffer, found = self._screen.buffer, map(field.search, self._screen.display)
            return any(one and buffer[row][one.end() - 1].bg in WITH_FOCUS for row, one in enumerate(found))

        self.type(text)
        self.until(has_focus, f"{text!r} being typed")
        self.press(key)
        self.until(lambda screen: not has_focus(screen), "focus going to another field")

    def paste(self, text: str) -> None:
        """As a terminal with bracketed paste sends it."""
        self.child.send(f"\x1b[200~{text}\x1b[201~")

    def resize(self, columns: int, rows: int) -> None:
        with self._changed:
            for screen in (self.main, self.other):
                screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    # The end

    def ended(self, within: float = PATIENCE) -> int:
        """Wait for the end; the exit code (128 + signal for a signal nobody took)."""
        end = time.monotonic() + within
        with self._changed:
            while not self._is_over:
                left = end - time.monotonic()
                assert left > 0, "the program did not end. The screen:\n" + "\n".join(self._screen.display)
                self._changed.wait(left)
        self.child.wait()
        return self.child.exitstatus if self.child.exitstatus is not None else 128 + self.child.signalstatus

    def signal(self, number: signal.Signals) -> None:
        self.child.kill(number)

    def hang_up(self) -> int:
        """Close the terminal under the program; its exit code."""
        self._stop_reading()
        os.close(self.child.fileno())
        self.child.closed = self.child.ptyproc.closed = True
        codes: list[int] = []
        waiting = threading.Thread(target=lambda: codes.append(os.waitpid(self.pid, 0)[1]), daemon=True)
        waiting.start()
        waiting.join(PATIENCE)
        assert codes, "the program did not end when its terminal was closed"
        self.child.terminated = self.child.ptyproc.terminated = True
        return os.waitstatus_to_exitcode(codes[0])

    def _stop_reading(self) -> None:
        os.write(self._stopped, b"x")
        self._reader.join(PATIENCE)

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        if not self.child.closed:
            if self.child.isalive():
                self.child.kill(signal.SIGKILL)
            self._stop_reading()
            self.child.close(force=True)
        os.close(self._stop)
        os.close(self._stopped)


def _line(screen: pyte.Screen, row: int) -> str:
    return "".join(screen.buffer[row][column].data for column in range(screen.columns))


_NOT_FOR_PYTE = ("CSI >", "CSI <", "CSI =", "CSI ?u", "CSI ?$p", "OSC")


def _is_for_pyte(token: Token) -> bool:
    """It takes some private sequences (Kitty's key modes, questions) for printable text in part: it is given none."""
    return not token.shape.startswith(_NOT_FOR_PYTE)


@contextmanager
def terminal(node: Path, *arguments: str, **more: Any) -> Iterator[Terminal]:
    """`pk-tui` on a terminal, with this node directory."""
    made = Terminal(["-m", "pk_tui", "--node-path", str(node), *arguments], **more)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def unlocked(node: Path, password: str, **more: Any) -> Iterator[Terminal]:
    """`pk-tui` on a node nobody holds, opened with its password."""
    with terminal(node, **more) as screen:
        screen.see("Enter the password to open the node")
        screen.type(password)
        screen.press("enter")
        screen.see("[1 Vaults]")
        yield screen
