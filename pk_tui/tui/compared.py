"""Two values of one secret, line by line: what went, what came, what stayed around it."""

from __future__ import annotations

import difflib

CONTEXT = 3
"""Lines shown around those that differ."""
COMPARED_AT_MOST = 500
"""Lines up to which two values are compared, which takes its time; longer ones are shown one after the other."""


def compared(old: str | None, new: str | None) -> str:
    """`- ` before a line that went, `+ ` before one that came; None for a value that was or is not there."""
    was, became = _lines(old), _lines(new)
    if max(len(was), len(became)) > COMPARED_AT_MOST:
        signed = [*(f"-{line}" for line in was), *(f"+{line}" for line in became)]
    else:
        signed = list(difflib.unified_diff(was, became, n=CONTEXT, lineterm=""))[2:]
        signed = [line for line in signed if not line.startswith("@@")]
    lines = [f"{line[0]} {line[1:]}" for line in signed]
    if old is not None and new is not None and old != new and old.removesuffix("\n") == new.removesuffix("\n"):
        lines = ["only the newline at the end differs"]
    return "\n".join(lines)


def _lines(value: str | None) -> list[str]:
    return [] if value is None else value.removesuffix("\n").split("\n")
