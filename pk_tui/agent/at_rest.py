"""Python's collector of rings of objects, held off while very many objects are made that form none.

A collection looks through all young objects and keeps every thread waiting, and the event loop with them. Of an import of 20,000
entries the young ones are nearly all there are: 30 ms and more at a time, for nothing. What rings others make meanwhile waits.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_held: list[bool] = []
"""One for each block that holds it off; the first says whether it was on before."""


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """For the length of one bulk of work; may be nested and overlap. Whoever had turned it off finds it off afterwards."""
    _held.append(gc.isenabled() if not _held else _held[0])
    gc.disable()
    try:
        yield
    finally:
        was_on = _held.pop()
        if not _held and was_on:
            gc.enable()
