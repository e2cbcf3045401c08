"""Which values are text that may be shown, edited and copied as text. What becomes of other bytes is the caller's to say."""

from __future__ import annotations

from pk_tui.errors import Misuse
from pk_tui.tui.text import size

MAX_TEXT = 1024 * 1024
"""Bytes. More than anyone types or pastes; an editor on a terminal gets slow soon after."""
_STEERING = frozenset(map(chr, [*range(0x20), *range(0x7F, 0xA0)])) - set("\t\n\r")
"""Controls: pasted into a terminal they act on it, and no editor shows what they do."""
_OTHER_LINE_ENDS = frozenset("\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
"""What Python's `splitlines`, and with it the built-in editor, takes for the end of a line besides the common three."""


def text_fault(value: bytes) -> str | None:
    """Why these bytes are no text that can be shown or copied, or None if they are. Says nothing of what they are."""
    if len(value) > MAX_TEXT:
        return f"it is {size(len(value))} long, which is more than {size(MAX_TEXT)}"
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return "it is not text (not UTF-8)"
    if not _STEERING.isdisjoint(text):
        return "it has control characters that do not show"
    return None


def as_text(value: bytes) -> str:
    """The text. Raises Misuse with the reason as its message, to be put into a sentence."""
    fault = text_fault(value)
    if fault is not None:
        raise Misuse(fault)
    return value.decode()


def line_fault(text: str) -> str | None:
    """Why the built-in editor would not give this text back exactly, or None if it would: it knows one kind of line end."""
    if not _OTHER_LINE_ENDS.isdisjoint(text):
        return "it has line ends of an unusual kind"
    without = text.replace("\r\n", "")
    kinds = ("\r\n" in text) + ("\n" in without) + ("\r" in without)
    return "it mixes kinds of line ends" if kinds > 1 else None
