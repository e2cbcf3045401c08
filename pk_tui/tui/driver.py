"""The terminal at the other end: it may be gone at any time, and what it sends may be no keys. Neither is to stop anything.

Textual's thread that writes dies with the terminal, and whoever writes then waits for it for ever, with the node open; its
thread that reads ends the program, with exit code 0, at the first bytes that it cannot read.
"""

from __future__ import annotations

import os
import select
import signal
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from functools import partial
from typing import IO, Any

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

LOOKS_EVERY = 0.1
"""Seconds after which a lone escape is a key, at the latest; and after which reading ends when the program does."""


class Outlived:
    """A file on a terminal; when that is gone, what is written goes nowhere."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        try:
            return self._file.write(text)
        except (OSError, ValueError):  # ValueError: it was closed
            return len(text)

    def flush(self) -> None:
        try:
            self._file.flush()
        except (OSError, ValueError):
            return

    def fileno(self) -> int:
        return self._file.fileno()


class Keys:
    """Keys out of bytes as they come. What is no UTF-8 becomes the sign for that, what is no key is passed over."""

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._parser = XTermParser()

    def feed(self, received: bytes) -> Iterable[Message]:
        for character in self._decoder.decode(received):  # one by one, so that what follows the mistake is read
            yield from self._some(partial(self._parser.feed, character))

    def tick(self) -> Iterable[Message]:
        """What is finished because nothing came after it."""
        yield from self._some(self._parser.tick)

    def _some(self, parse: Callable[[], Iterable[Message]]) -> list[Message]:
        try:
            return list(parse())
        except Exception:  # a sequence that Textual takes for a key and cannot read
            self._parser = XTermParser()
            return []


class SteadyDriver(LinuxDriver):
    """`_file` is private in Textual: a test fails if the name goes away."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        if self._file is not None:
            self._file = Outlived(self._file)  # type: ignore[assignment]  # all of it that the writing thread uses

    def run_input_thread(self) -> None:
        keys = Keys()
        while not self.exit_event.is_set():
            try:
                received = self._read()
            except OSError:
                # The signal that says so too does not always come.
                self._app.call_later(self._app.exit, 128 + signal.SIGHUP, 128 + signal.SIGHUP)
                return
            for event in (*keys.feed(received), *keys.tick()):
                self.process_message(event)

    def _read(self) -> bytes:
        """What came, if anything did. Raises OSError if the terminal is gone."""
        ready, _, _ = select.select([self.fileno], [], [], LOOKS_EVERY)
        if not ready:
            return b""
        received = os.read(self.fileno, 4096)
        if not received:
            raise OSError("end of file")
        return received
