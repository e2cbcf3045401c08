"""The audit where it lies: sealed rows of some entries each, and one with how far the chain goes and what was dropped of it.

Entries are appended within the transaction of what they tell of, so neither is there without the other. Some 100,000 are kept,
and then the oldest are dropped. What makes a chain of them is in `trust`.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Annotated, Final

from pk_tui.clock import Instant
from pk_tui.errors import Corrupt, Malformed
from pk_tui.records import U63, Bytes32, Meta, Record, decode, encode
from pk_tui.store.shelf import Number, Shelf, ShelfRoom
from pk_tui.trust.audit import BEGINNING, MAX_RAW, Details, Entry, Mark, Walk, mark_of, next_entry, read_entry

KEPT: Final = 100_000
"""Entries. A busy node makes some hundred a day."""
IN_PAGE: Final = 32
"""Entries in one row, which is written anew for each. All small rows are counted when a node is unlocked: fewer are quicker."""
_ENDS = b"ends"


class _Ends(Record, frozen=True, tag="audit-ends1"):
    last: U63
    last_digest: Bytes32
    dropped: U63
    dropped_digest: Bytes32


class _Page(Record, frozen=True, tag="audit-page1"):
    entries: Annotated[tuple[Annotated[bytes, Meta(max_length=MAX_RAW)], ...], Meta(max_length=IN_PAGE)]


_PAGE_LIMIT = IN_PAGE * (MAX_RAW + 8) + 64


class AuditTable:
    def __init__(self, room: ShelfRoom, kept: int = KEPT) -> None:
        self._room = room
        self._shelf = Shelf(room, Number.AUDIT)
        self._kept = kept

    def append(self, time: Instant, topic: str, details: Details) -> int:
        """The new entry's number."""
        with self._room.ledger.transaction():
            dropped, end = self._ends()
            raw = next_entry(end, time, topic, details)
            end = mark_of(raw)
            page = _page_of(end.number)
            self._shelf.put(_name(page), encode(_Page((*self._page(page), raw))))
            if end.number - dropped.number >= self._kept + IN_PAGE:
                dropped = self._drop(dropped)
            self._shelf.put(_ENDS, encode(_Ends(end.number, end.digest, dropped.number, dropped.digest)))
        return end.number

    def _drop(self, dropped: Mark) -> Mark:
        """Drop the oldest page; the mark that stands for it."""
        page = _page_of(dropped.number + 1)
        raws = self._page(page)
        self._shelf.remove(_name(page))
        # A page that was removed from outside leaves a mark that nothing follows from: `faults` tells of it.
        return mark_of(raws[-1]) if raws else Mark((page + 1) * IN_PAGE, bytes(32))

    @property
    def last(self) -> int:
        """The newest entry's number, 0 if there is none."""
        return self._ends()[1].number

    def after(self, number: int) -> list[Entry]:
        """The entries with higher numbers, oldest first: all of one page at most. Empty if there is none."""
        dropped, end = self._ends()
        first = max(number, dropped.number) + 1
        for page in range(_page_of(first), _page_of(end.number) + 1):
            found = [entry for entry in map(_entry, self._page(page)) if entry.number >= first]
            if found:
                return found
        return []

    def newest(self, limit: int | None, since: Instant | None) -> Generator[None, None, list[Entry]]:
        """The newest `limit` entries of those since then, oldest first. All are looked at: clocks go back at times."""
        dropped, end = self._ends()
        found: list[Entry] = []
        for page in range(_page_of(end.number), _page_of(dropped.number + 1) - 1, -1):
            entries = [entry for entry in map(_entry, self._page(page)) if since is None or entry.time >= since]
            found += entries[::-1]
            if limit is not None and len(found) >= limit:
                break
            yield
        return found[:limit][::-1]

    def faults(self) -> Generator[None, None, list[str]]:
        """What is wrong with the chain, in words, step by step."""
        dropped, end = self._ends()
        walk, found = Walk(dropped), list[str | None]()
        for page in range(_page_of(dropped.number + 1), _page_of(end.number) + 1):
            try:
                # What was appended since the ends were read is of another end.
                found += map(walk.take, self._page(page)[: end.number - page * IN_PAGE])
            except Corrupt as error:
                found.append(error.message)
            yield
        if self._ends()[0] != dropped:  # the oldest page went meanwhile, by right
            return []
        found.append(walk.finish(end))
        return [fault for fault in found if fault]

    def _page(self, page: int) -> Sequence[bytes]:
        raw = self._shelf.get(_name(page))
        if raw is None:
            return ()
        try:
            return decode(_Page, raw, _PAGE_LIMIT).entries
        except Malformed as error:
            raise Corrupt("A part of the audit cannot be read.") from error

    def _ends(self) -> tuple[Mark, Mark]:
        """The marks of what was dropped and of the newest entry."""
        raw = self._shelf.get(_ENDS)
        if raw is None:
            return BEGINNING, BEGINNING
        try:
            ends = decode(_Ends, raw)
        except Malformed as error:
            raise Corrupt("How far the audit goes cannot be read.") from error
        return Mark(ends.dropped, ends.dropped_digest), Mark(ends.last, ends.last_digest)


def _entry(raw: bytes) -> Entry:
    try:
        return read_entry(raw)
    except Malformed as error:
        raise Corrupt("An entry of the audit cannot be read.") from error


def _page_of(number: int) -> int:
    """Which page an entry lies in; of number 0, which is none, the one before the first."""
    return (number - 1) // IN_PAGE


def _name(page: int) -> bytes:
    return b"page" + page.to_bytes(8, "big")
