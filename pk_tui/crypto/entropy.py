"""The only randomness of the program. The simulator seeds it, so that a run can be repeated exactly."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_source: Callable[[int], bytes] = os.urandom


def random_bytes(size: int) -> bytes:
    """`size` bytes that nobody can guess (the operating system's generator)."""
    return _source(size)


def random_fraction() -> float:
    """A number in [0, 1), for jitter; not for keys."""
    return (int.from_bytes(random_bytes(7), "big") >> 3) / (1 << 53)  # 53 bits: more would round up to 1


@contextmanager
def seeded(seed: bytes) -> Iterator[None]:
    """Within the block randomness is a fixed stream derived from `seed`. For simulations only."""
    global _source
    counter = 0

    def stream(size: int) -> bytes:
        nonlocal counter
        counter += 1
        return hashlib.shake_256(seed + counter.to_bytes(8, "big")).digest(size)

    before, _source = _source, stream
    try:
        yield
    finally:
        _source = before
