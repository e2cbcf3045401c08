"""A report of our own mistake: where in our code, and what kinds of exception; no values, no messages, no paths of others."""

from __future__ import annotations

import os
import platform
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pk_tui
from pk_tui.clock import SystemClock, rfc3339

KEPT = 20
"""Reports kept; older ones are removed."""
_OURS = Path(pk_tui.__file__).parent


def write_report(node: Path, error: BaseException) -> Path | None:
    """Write the report below the node's directory (file 0600); None if that fails too, which must not hide the first failure."""
    place = node / "reports"
    now = SystemClock().now()
    # The last part tells two reports of one millisecond apart.
    path = place / f"{rfc3339(now).replace(':', '')}-{os.getpid()}-{now % 1000:03}.txt"
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as opened:
            opened.write("\n".join(report_lines(error)) + "\n")
    except OSError:
        return None
    with suppress(OSError):
        for old in sorted(place.iterdir())[:-KEPT]:
            old.unlink()
    return path


def report_lines(error: BaseException) -> Iterator[str]:
    yield f"pk-tui {pk_tui.__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    seen: set[int] = set()
    todo: list[tuple[str, BaseException]] = [("", error)]
    while todo and len(seen) < KEPT:
        relation, one = todo.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield f"{relation}{type(one).__module__}.{type(one).__qualname__}"
        yield from _places(one)
        if isinstance(one, BaseExceptionGroup):
            todo += [("within it: ", inner) for inner in one.exceptions]
        if one.__cause__ is not None:
            todo.append(("caused by: ", one.__cause__))
        elif one.__context__ is not None and not one.__suppress_context__:
            todo.append(("while handling: ", one.__context__))


def _places(error: BaseException) -> Iterator[str]:
    """Positions in our own files; of other code only that it was there."""
    for frame, line in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        file = Path(code.co_filename)
        if file.is_relative_to(_OURS):
            yield f"  {file.relative_to(_OURS.parent)}:{line} in {code.co_qualname}"
        else:
            yield "  (other code)"
