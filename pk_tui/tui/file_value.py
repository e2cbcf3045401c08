"""A file as a value: for slots that hold one. Read whole, and only if it is small enough to be part of an item."""

from __future__ import annotations

import os
import stat

from pk_tui.errors import MissingInput, Misuse
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.tui.text import size

MAX_FILE = 700 * 1024
"""Bytes: an item has at most 1 MiB, and what is not text takes a third more in it."""


def read_file(typed: str) -> Plaintext:
    """For a thread. Raises Misuse or MissingInput with a sentence."""
    if "\0" in typed:
        raise Misuse("No path has a NUL in it.")
    path = os.path.abspath(os.path.expanduser(typed.strip()))
    name = safe_text(path, 300)
    try:
        # Without waiting: a pipe that nobody writes to would hold this up for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
            content = _read(descriptor) if is_file else b""
        finally:
            os.close(descriptor)
    except OSError as error:
        raise MissingInput(f"The file “{name}” cannot be read: {error.strerror or type(error).__name__}.") from None
    if not is_file:
        raise Misuse(f"“{name}” is not a file that could be read as a whole.")
    if len(content) > MAX_FILE:
        raise Misuse(
            f"“{name}” is longer than {size(MAX_FILE)}, which is the most that a slot holds. "
            "`pk-tui secrets write` stores it as a secret of its own."
        )
    return Plaintext(content)


def _read(descriptor: int) -> bytes:
    """At most one byte more than is taken."""
    content = bytearray()
    while len(content) <= MAX_FILE and (piece := os.read(descriptor, MAX_FILE + 1 - len(content))):
        content += piece
    return bytes(content)
