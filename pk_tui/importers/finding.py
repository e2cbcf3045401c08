"""What importers say: a secret found, or something that is not taken and why; and how they read a foreign file, under limits."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pk_tui.errors import Malformed, MissingInput, Misuse
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.terms import SecretPath
from pk_tui.vault.item import Item

MAX_FILE = 64 * 1024 * 1024
"""Bytes of a foreign file that is read whole. Years of passwords are a few; a line of 1 GB is no password."""
MAX_VALUE = 1024 * 1024
"""Bytes of one text from a foreign file, as of an item."""
_PIECE = 1024 * 1024
"""Bytes of a file looked through without a stop: about a millisecond."""


class Form(StrEnum):
    """What a source is: the same words as the API's kinds of import."""

    DIRECTORY = "dir"
    DOTENV = "dotenv"
    CSV = "csv"
    KEEPASS = "keepass"
    PASSWORD_STORE = "pass"  # noqa: S105 - the name of a program
    BITWARDEN = "bitwarden"


@dataclass(frozen=True, slots=True)
class Found:
    """A secret to write: plain bytes, or an item."""

    path: SecretPath
    content: Plaintext | Item


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file, line or entry that is not taken, and why in words. `name` has been made safe to show."""

    name: str
    reason: str


Finding = Found | Skipped
Findings = Iterator[Finding]


def shown(path: Path) -> str:
    return f"“{safe_text(str(path), 300)}”"


def open_regular(file: str | Path) -> int:
    """A descriptor for reading, opened so that no link is followed in the last step and no pipe is waited for. Raises OSError."""
    return open_sized(file)[0]


def open_sized(file: str | Path) -> tuple[int, int]:
    """The same, and how many bytes the file has."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise OSError("it is no longer a regular file")
    return descriptor, status.st_size


def read_file(path: Path, limit: int = MAX_FILE) -> bytes:
    """A whole file, of at most `limit` bytes. Raises MissingInput if it cannot be read, Misuse if it is larger."""
    try:
        descriptor = open_regular(os.path.realpath(path))  # a link that the user typed is meant
    except OSError as error:
        reason = error.strerror or "it is not a regular file"
        raise MissingInput(f"{shown(path)} cannot be read: {reason}.") from error
    with open(descriptor, "rb") as opened:
        try:
            content = b"" if os.fstat(descriptor).st_size > limit else opened.read(limit + 1)
            size = max(os.fstat(descriptor).st_size, len(content))
        except OSError as error:
            raise MissingInput(f"{shown(path)} cannot be read: {error.strerror}.") from error
    if size > limit:
        raise Misuse(
            f"{shown(path)} has {size // 1024**2} MiB; a file of this kind is taken up to {limit // 1024**2} MiB. "
            "Nothing was written."
        )
    return content


def count_in(raw: bytes, *marks: bytes) -> int:
    """How often these occur. A piece at a time: a look through a large file keeps every thread waiting."""
    return sum(
        raw.count(mark, start, start + _PIECE + len(mark) - 1) for start in range(0, len(raw), _PIECE) for mark in marks
    )


def as_text(raw: bytes, path: Path) -> str:
    """The text of a file, which must be UTF-8 (a byte order mark is left out). Raises Malformed, naming the line."""
    for mark in (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"):
        if raw.startswith(mark):
            raise Malformed(
                f"{shown(path)} is UTF-16 or UTF-32 text from its first line on. Save it as UTF-8. Nothing was written."
            )
    zero = raw.find(b"\0")
    if zero >= 0:
        raise Malformed(
            f"{shown(path)} has a zero byte in line {_line(raw, zero)}, so it is not text. Nothing was written."
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(
            f"{shown(path)} is not UTF-8 text in line {_line(raw, error.start)}. Save it as UTF-8. Nothing was written."
        ) from error


def _line(raw: bytes, at: int) -> int:
    return raw.count(b"\n", 0, at) + 1


def text_fault(text: str) -> str | None:
    """Why this may not be a value, or None: half a surrogate pair is no text, and a zero byte is never typed."""
    if "\0" in text:
        return "it has a zero byte"
    if len(text) > MAX_VALUE:
        return "it is longer than 1 MiB"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "it has half a surrogate pair, which is no text"
    return None
