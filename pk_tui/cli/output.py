"""What a command prints: sentences and aligned tables for people, one JSON document for programs, errors for both.

All text from outside passes `safe_text` on its way to a person. In JSON every character that is not plain ASCII is written
as an escape, so nothing in it steers a terminal and nothing of it is lost.
"""

from __future__ import annotations

import asyncio
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import wrap
from typing import Generic, TypeVar

from pk_tui.api.facade import OnProgress
from pk_tui.api.views import Progress
from pk_tui.clock import DAY, MINUTE, SECOND, Clock, Instant, SystemClock
from pk_tui.control.invocation import Invocation
from pk_tui.safe_text import safe_text

T = TypeVar("T")

SLICE = 500
"""Rows built and written in one go: a few milliseconds, after which others get their turn."""
CELL_LIMIT = 1200
"""Characters of one cell: the longest path is shown whole."""
LEAST_ROOM = 20
"""Columns within which words are wrapped; in less they are easier to read cut anywhere."""
_PROGRESS_EVERY = 0.1
_BOLD, _RED, _PLAIN = "\x1b[1m", "\x1b[31m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    title: str
    text: Callable[[T], str]
    to_the_right: bool = False
    wraps: bool = False
    """Of the last column: on a terminal that is too narrow its words go on below, and not at the left edge."""


class Output:
    def __init__(self, invocation: Invocation, clock: Clock | None = None) -> None:
        self._invocation = invocation
        self._request = invocation.request
        self.clock = clock or SystemClock()

    @property
    def as_json(self) -> bool:
        return self._request.as_json

    async def raw(self, content: bytes) -> None:
        """A secret's own bytes, in either format."""
        await self._invocation.out(content)

    async def done(self, value: Mapping[str, object] | None, sentence: str) -> None:
        """The one result of a command: the JSON object (`{}` for None), or a sentence."""
        await self._invocation.out(_line(to_json(value or {}) if self.as_json else sentence))

    async def facts(self, value: Mapping[str, object], rows: Sequence[tuple[str, str]]) -> None:
        """One thing with several facts: the JSON object, or a line for each."""
        width = max(len(title) for title, _ in rows)
        lines = [f"{self._bold(title.ljust(width))}  {safe_text(text, CELL_LIMIT)}" for title, text in rows]
        await self._invocation.out(_line(to_json(value) if self.as_json else "\n".join(lines)))

    async def table(
        self,
        rows: Sequence[T],
        as_json: Callable[[T], Mapping[str, object]],
        columns: Sequence[Column[T]],
        empty: str,
    ) -> None:
        """The JSON list, or aligned columns; `empty` says so when there are no rows. Written in slices."""
        if self.as_json:
            await self._json_rows(rows, as_json)
        elif rows:
            await self._aligned(rows, columns)
        else:
            await self.note(empty)

    async def _json_rows(self, rows: Sequence[T], as_json: Callable[[T], Mapping[str, object]]) -> None:
        before = "["
        for some in _slices(rows):
            await self._invocation.out((before + ",\n ".join(to_json(as_json(row)) for row in some)).encode())
            before = ",\n "
            await asyncio.sleep(0)
        await self._invocation.out(b"]\n" if rows else b"[]\n")

    async def _aligned(self, rows: Sequence[T], columns: Sequence[Column[T]]) -> None:
        widths = [display_width(column.title) for column in columns]
        slices: list[list[_Cells]] = []
        for some in _slices(rows):
            slices.append([_Cells([column.text(row) for row in some]) for column in columns])
            widths = [max(width, cells.width) for width, cells in zip(widths, slices[-1], strict=True)]
            await asyncio.sleep(0)
        before = self._bold(_align([column.title for column in columns], widths, columns)) + "\n"
        indent = sum(widths[:-1]) + 2 * len(widths[:-1])
        room = self._request.columns - indent if columns[-1].wraps and self._request.columns else 0
        for table in slices:
            if room >= LEAST_ROOM:
                table[-1].wrap(indent, room)
            aligned = [
                cells.aligned(width, column.to_the_right)
                for cells, width, column in zip(table, widths, columns, strict=True)
            ]
            lines = "\n".join([line.rstrip() for line in map("  ".join, zip(*aligned, strict=True))])
            await self._invocation.out(_line(before + lines))
            before = ""
            await asyncio.sleep(0)

    async def text(self, lines: str) -> None:
        """Human output that is neither a sentence nor a table. The caller has made it safe."""
        await self._invocation.out(_line(lines))

    async def note(self, sentence: str) -> None:
        """A remark beside the result, for people only."""
        if not self.as_json:
            await self._invocation.err(_line(sentence))

    async def warn(self, sentence: str) -> None:
        """What a program that called us should hear of too. The caller has made it safe."""
        await self._invocation.err(_line(to_json({"warning": {"message": sentence}}) if self.as_json else sentence))

    async def fail(self, kind: str, message: str, code: int) -> None:
        """Why the command failed, in the form asked for."""
        message = safe_text(message, 4000, lines=True)
        if self.as_json:
            text = to_json({"error": {"kind": kind, "message": message, "exit_code": code}})
        elif self._request.color and self._request.stderr_tty:
            text = f"{_RED}{message}{_PLAIN}"
        else:
            text = message
        await self._invocation.err(_line(text))

    @contextmanager
    def progress(self) -> Iterator[OnProgress]:
        """One line on the terminal's stderr that says how far long work has come; nothing where there is no terminal.

        What is yielded may be called from any thread.
        """
        if not self._request.stderr_tty:
            yield None
            return
        loop = asyncio.get_running_loop()
        last_drawn = -_PROGRESS_EVERY
        over = False

        def draw(progress: Progress) -> None:
            nonlocal last_drawn
            now = self.clock.elapsed()
            if not over and now - last_drawn >= _PROGRESS_EVERY:
                last_drawn = now
                self._invocation.hint(f"\r\x1b[K{progress_line(progress)}".encode())

        def tell(progress: Progress) -> None:
            loop.call_soon_threadsafe(draw, progress)

        try:
            yield tell
        finally:
            over = True
            if last_drawn >= 0:
                self._invocation.hint(b"\r\x1b[K")

    def ago(self, at: Instant | None) -> str:
        return "never" if at is None else time_text(at, self.clock.now())

    def _bold(self, text: str) -> str:
        return f"{_BOLD}{text}{_PLAIN}" if self._request.color and self._request.stdout_tty else text


def to_json(value: object) -> str:
    """On one line, in ASCII; DEL, which JSON lets through, is escaped too."""
    return json.dumps(value).replace("\x7f", "\\u007f")


def display_width(text: str) -> int:
    """Columns the text takes on a terminal."""
    if text.isascii():
        return len(text)
    wide = sum(1 for character in text if unicodedata.east_asian_width(character) in "WF")
    marks = sum(1 for character in text if unicodedata.combining(character))
    return len(text) + wide - marks


def many(number: int, thing: str) -> str:
    """`1 secret`, `2 secrets`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def size_text(size: int) -> str:
    """`812 B`, `1.5 KiB`, `3.0 GiB`."""
    if size < 1024:
        return f"{size} B"
    amount = float(size)
    for unit in ("KiB", "MiB", "GiB"):
        amount /= 1024
        if amount < 1023.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1024:.1f} TiB"


def time_text(at: Instant, now: Instant) -> str:
    """A moment for people: how long ago within a day, otherwise the local date and minute."""
    age = now - at
    if 0 <= age < MINUTE:
        return "just now"
    if 0 <= age < 60 * MINUTE:
        return f"{age // MINUTE} min ago"
    if 0 <= age < DAY:
        return f"{age // (60 * MINUTE)} h ago"
    seconds = min(max(at // SECOND, 0), 253_370_764_800)  # a year 9999 or before 1970 is a lie, but must not fail
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone():%Y-%m-%d %H:%M}"


def progress_line(progress: Progress) -> str:
    parts = [safe_text(progress.doing, 60)]
    if progress.objects:
        parts.append(
            f"{progress.objects}/{progress.objects_total}" if progress.objects_total else f"{progress.objects}"
        )
    if progress.bytes:
        parts.append(size_text(progress.bytes))
    if progress.bytes_total:
        parts.append(f"{min(100, 100 * progress.bytes // progress.bytes_total)} %")
    return "  ".join(parts)


def _slices(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[start : start + SLICE] for start in range(0, len(rows), SLICE))


class _Cells:
    """The cells of one column in one slice, made safe. Nearly always all are plain ASCII, which is found out at once for all."""

    def __init__(self, texts: list[str]) -> None:
        together = "".join(texts)
        self._plain = together.isascii() and together.isprintable() and max(map(len, texts)) <= CELL_LIMIT
        self._texts = texts if self._plain else [safe_text(text, CELL_LIMIT) for text in texts]
        self.width = max(map(len if self._plain else display_width, self._texts))

    def wrap(self, indent: int, room: int) -> None:
        go_on = "\n" + " " * indent
        self._texts = [
            go_on.join(wrap(text, room, break_long_words=False, break_on_hyphens=False)) for text in self._texts
        ]

    def aligned(self, width: int, to_the_right: bool) -> list[str]:
        """Each with as many blanks as it lacks."""
        if self._plain:
            return (
                [text.rjust(width) for text in self._texts]
                if to_the_right
                else [text.ljust(width) for text in self._texts]
            )
        return [_padded(text, width, to_the_right) for text in self._texts]


def _align(cells: Sequence[str], widths: Sequence[int], columns: Sequence[Column[T]]) -> str:
    parts = [
        _padded(cell, width, column.to_the_right) for cell, width, column in zip(cells, widths, columns, strict=True)
    ]
    return "  ".join(parts).rstrip()


def _padded(text: str, width: int, to_the_right: bool) -> str:
    gap = " " * (width - display_width(text))
    return gap + text if to_the_right else text + gap


def _line(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace") + b"\n"
