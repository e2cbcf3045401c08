"""Opened frames and put-together trees that were used lately, in a bounded number of bytes, for all vaults together."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

CAPACITY = 4 * 1024 * 1024
"""Bytes kept. A frame is 64 KiB, so the frames of a handful of edits and listings stay open."""


class FrameCache:
    """Least recently used goes first. What is larger than a quarter of the whole is not kept."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._held: OrderedDict[Hashable, bytes] = OrderedDict()
        self.size = 0

    def get(self, key: Hashable) -> bytes | None:
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
        return found

    def put(self, key: Hashable, content: bytes) -> None:
        if len(content) > self._capacity // 4:
            return
        before = self._held.pop(key, None)
        if before is not None:
            self.size -= len(before)
        self._held[key] = content
        self.size += len(content)
        while self.size > self._capacity:
            self.size -= len(self._held.popitem(last=False)[1])

    def clear(self) -> None:
        self._held.clear()
        self.size = 0
