"""Which names fit a few typed letters, best first. Decides only; it stops after every small step, so that nothing waits for it.

The letters of a query stand in a name in their order, with anything between them. Better is: together, at the beginnings of
words, in the last part of a path, in a shorter name. Every name is looked at once with a cheap look; only the best of them
are looked at closely.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Generic, TypeVar

Of = TypeVar("Of")

BETWEEN_WORDS = frozenset("/:._- @")
LOOKED_AT_CLOSELY = 300
CLOSE_AT_MOST = 8000
"""Letters typed times letters of a name; beyond, a closer look would take long, and names come from others too."""
STEP = 500
"""Names with one cheap look each, before others may run; about a millisecond."""

_TOGETHER, _WORD, _LAST_PART, _LETTER, _GAP = 24, 20, 4, 16, 3
"""Points of a letter: next to the one before, at the beginning of a word, in the last part, at all; and off for a gap."""


@dataclass(frozen=True, slots=True)
class Name(Generic[Of]):
    """`text` as it is shown; `of`: what has this name."""

    text: str
    of: Of
    low: str = field(init=False)
    last: int = field(init=False)
    """Where its last part begins."""
    initials: str = field(init=False)

    def __post_init__(self) -> None:
        low = lowered(self.text)
        inner = low[:-1]  # a directory's own name is its last part, though it ends in a slash
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "last", max(inner.rfind("/"), inner.rfind(":")) + 1)
        object.__setattr__(self, "initials", "".join(word[0] for word in _WORDS.findall(low)))


_WORDS = re.compile(r"[^/:._\-\s@]+")


@dataclass(frozen=True, slots=True)
class Match(Generic[Of]):
    """`at`: which characters of the name were typed."""

    name: Name[Of]
    score: int
    at: tuple[int, ...]


def lowered(text: str) -> str:
    """In lower case, character for character: some letters become two, and then positions would shift."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(one.lower() if len(one.lower()) == 1 else one for one in text)


def search(typed: str, names: Sequence[Name[Of]], limit: int = 50) -> Generator[None, None, list[Match[Of]]]:
    """The best `limit` names, best first; nothing typed fits nothing. Stops after every step."""
    query = lowered("".join(typed.split()))
    if not query:
        return []
    # Possessive: each letter is taken where it first comes, so a name that fits nowhere costs one walk, however it is made.
    anywhere = re.compile("".join(f"[^{re.escape(one)}]*+{re.escape(one)}" for one in query))
    rough: list[tuple[int, int]] = []
    for start in range(0, len(names), STEP):
        for index in range(start, min(start + STEP, len(names))):
            points = _glance(query, anywhere, names[index])
            if points:
                rough.append((points, -index))
        yield
    matches = []
    for _, index in nlargest(LOOKED_AT_CLOSELY, rough):
        matches.append(look_closely(query, names[-index]))
        yield
    matches.sort(key=lambda match: (-match.score, len(match.name.text), match.name.text))
    return matches[:limit]


def _glance(query: str, anywhere: re.Pattern[str], name: Name[Of]) -> int:
    """How well it fits, about; 0: not at all."""
    low = name.low
    shorter = max(0, 400 - len(low))
    found = low.find(query, name.last)
    if found >= 0:
        return (5000 if found == name.last else 4000 if low[found - 1] in BETWEEN_WORDS else 3000) + shorter
    found = low.find(query)
    if found >= 0:
        return (2500 if found == 0 or low[found - 1] in BETWEEN_WORDS else 2000) + shorter
    if query in name.initials:
        return 1500 + shorter
    return 1 + shorter if anywhere.match(low) else 0


def look_closely(query: str, name: Name[Of]) -> Match[Of]:
    """The best way in which the letters stand in the name; they must stand in it somehow."""
    low = name.low
    if len(query) * len(low) > CLOSE_AT_MOST:
        return _as_it_comes(query, name)
    so_far: dict[int, int] = {-1: 0}
    """Points by the place of the letter before."""
    came_from: list[dict[int, int]] = []
    for number, letter in enumerate(query):
        points: dict[int, int] = {}
        origin: dict[int, int] = {}
        best: int | None = None  # of all places before that are not next to this one
        best_at = -1
        waiting = sorted(so_far)
        taken = 0
        place = low.find(letter)
        while place >= 0:
            while taken < len(waiting) and waiting[taken] < place - (number > 0):
                if best is None or so_far[waiting[taken]] > best:
                    best, best_at = so_far[waiting[taken]], waiting[taken]
                taken += 1
            chosen = None if best is None else best - (_GAP if number else 0)
            origin_of = best_at
            if number and place - 1 in so_far and (chosen is None or so_far[place - 1] + _TOGETHER >= chosen):
                chosen, origin_of = so_far[place - 1] + _TOGETHER, place - 1
            if chosen is not None:
                word = place == 0 or low[place - 1] in BETWEEN_WORDS
                points[place] = chosen + _LETTER + _WORD * word + _LAST_PART * (place >= name.last)
                origin[place] = origin_of
            place = low.find(letter, place + 1)
        so_far = points
        came_from.append(origin)
    end = max(so_far, key=lambda at: (so_far[at], -at))
    at = [end]
    for origin in reversed(came_from[1:]):
        at.append(origin[at[-1]])
    whole = 20 * (low[name.last :].rstrip("/") == query)
    return Match(name, so_far[end] + whole, tuple(reversed(at)))


def _as_it_comes(query: str, name: Name[Of]) -> Match[Of]:
    """Each letter where it first stands."""
    at: list[int] = []
    for letter in query:
        at.append(name.low.find(letter, at[-1] + 1 if at else 0))
    return Match(name, _LETTER, tuple(at))
