"""What items are found by besides their paths: their titles, tags and user names. Desk work in small steps.

Items are told by their first bytes; they are read in the order in which they are stored, each frame once, and nothing but these
names is kept. A tag or user name that many items share is kept once.
"""

from __future__ import annotations

from array import array
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import compress

from pk_tui.errors import Malformed
from pk_tui.fuzzy import Names
from pk_tui.lines import Lines, LineWriter
from pk_tui.store.vault import VaultFrames
from pk_tui.vault.item import MAX_ITEM, is_item, parse_item, user_names

LABEL_AT_MOST = 200
"""Characters of a title or tag that are searched; a note's title may be a page."""
STEP = 500
NOTHING = bytes(20)
"""Stands for the oid of a directory."""
KINDS = ("title", "tag", "user")
_TITLE, _TAG, _USER = range(3)


@dataclass(frozen=True, slots=True)
class Labels:
    """`kinds` says what each of the names is (see `KINDS`)."""

    names: Names
    kinds: bytes
    firsts: array[int]
    """Where the owners of each begin, and one more for the end."""
    owners: array[int]
    """Numbers of paths."""
    titles: Lines
    """The title of each path's item, empty where there is none."""

    def owners_of(self, index: int) -> array[int]:
        return self.owners[self.firsts[index] : self.firsts[index + 1]]


def by_frame(
    frames: VaultFrames, oids: bytes, at_most: int | None = None
) -> Generator[None, None, dict[int, array[int]]]:
    """The numbers of the oids (20 bytes each, one after the other), by the frame each object lies in; without those that are
    not there, or larger than `at_most`."""
    found: dict[int, array[int]] = {}
    for start in range(0, len(oids) // 20, STEP):
        numbers = [
            at for at in range(start, min(start + STEP, len(oids) // 20)) if not oids.startswith(NOTHING, 20 * at)
        ]
        some = [oids[20 * at : 20 * at + 20] for at in numbers]
        try:
            places = frames.in_frames(some)
        except KeyError:  # seldom: some of a damaged vault
            there = [oid in frames for oid in some]
            numbers, some = list(compress(numbers, there)), list(compress(some, there))
            places = frames.in_frames(some)
        sizes = frames.sizes_of(some) if at_most is not None else [0] * len(some)
        for number, frame, size in zip(numbers, places, sizes, strict=True):
            if at_most is None or size <= at_most:
                found.setdefault(frame, array("I")).append(number)
        yield
    return found


def read_items(frames: VaultFrames, names: Names, oids: bytes) -> Generator[None, None, Labels | None]:
    """What there is at these paths. `oids`: what lies at each, in the order of the names. None if no item is among them."""
    groups = yield from by_frame(frames, oids, MAX_ITEM)
    found = _Found()
    for frame in sorted(groups):
        numbers = groups[frame]
        read = frames.in_passing(oids[20 * number : 20 * number + 20] for number in numbers)
        for count, (number, (_, body)) in enumerate(zip(numbers, read, strict=True), 1):
            if body is not None and is_item(body):
                found.add(number, names[number].rpartition("/")[2], body)
            if count % _PARSED == 0:
                yield
        yield
    return (yield from found.gathered(len(names))) if found.titles else None


_PARSED = 100
"""Items taken apart in one step."""


class _Found:
    """Titles, tags and user names on their way. Titles are many, and other ones each time; the others come again."""

    def __init__(self) -> None:
        self.titles: dict[int, str] = {}
        self._shown: dict[int, tuple[LineWriter, array[int]]] = {}
        """Titles that say more than the path, and their owners, by length."""
        self._shared: dict[tuple[int, str], array[int]] = {}

    def add(self, number: int, name: str, body: bytes) -> None:
        try:
            item = parse_item(body)
        except Malformed:
            return
        title = self.titles[number] = item.title[:LABEL_AT_MOST]
        if title.strip() and title.casefold() != name.casefold():
            writer, owners = self._shown.setdefault(len(title), (LineWriter(), array("I")))
            writer.extend([title])
            owners.append(number)
        labels = [(_TAG, tag) for tag in item.tags] + [(_USER, user) for user in user_names(item)]
        for kind, text in dict.fromkeys(labels):
            if text.strip():
                self._shared.setdefault((kind, text[:LABEL_AT_MOST]), array("I")).append(number)

    def gathered(self, paths: int) -> Generator[None, None, Labels]:
        kinds, firsts, owners = bytearray(), array("I", [0]), array("I")
        shared: dict[int, list[tuple[int, str]]] = {}
        for kind, text in self._shared:
            shared.setdefault(len(text), []).append((kind, text))
        yield

        def take(kind: int, of: array[int]) -> None:
            kinds.append(kind)
            owners.extend(of)
            firsts.append(len(owners))

        def shorter_first() -> Iterator[str]:
            for size in sorted(shared.keys() | self._shown.keys()):
                for kind, text in shared.pop(size, []):
                    take(kind, self._shared.pop((kind, text)))
                    yield text
                writer, numbers = self._shown.pop(size, (LineWriter(), array("I")))
                titles = writer.lines()
                for place, number in enumerate(numbers):
                    take(_TITLE, array("I", [number]))
                    yield titles[place]

        names = yield from Names.gathered(shorter_first())
        lines = LineWriter()
        for start in range(0, paths, STEP):
            lines.extend([self.titles.pop(number, "") for number in range(start, min(start + STEP, paths))])
            yield
        return Labels(names, bytes(kinds), firsts, owners, lines.lines())
