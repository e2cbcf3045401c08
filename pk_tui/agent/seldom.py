"""What happens often is noted seldom: the first time at once, then once an hour, with how many times it was since."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

WINDOW: Final = 3600.0
"""Seconds."""
KEYS: Final = 64
"""Things told apart at once. What comes beyond them is one thing more: whoever thinks of new ones all the time fills nothing."""
_OTHERS: Final = object()


class Seldom:
    def __init__(self, window: float = WINDOW, keys: int = KEYS) -> None:
        self._window, self._keys = window, keys
        self._seen: dict[Hashable, tuple[float, int]] = {}

    def due(self, what: Hashable, now: float) -> int:
        """0 if this is not to be noted now; else how many times it was since it was noted last, this time among them."""
        if what not in self._seen and len(self._seen) >= self._keys:
            self._forget(now)
            if len(self._seen) >= self._keys:
                what = _OTHERS
        since, more = self._seen.get(what, (now - self._window, 0))
        if now - since < self._window:
            self._seen[what] = (since, more + 1)
            return 0
        self._seen[what] = (now, 0)
        return more + 1

    def _forget(self, now: float) -> None:
        over = [what for what, (since, _) in self._seen.items() if now - since >= self._window]
        for what in over:
            del self._seen[what]
