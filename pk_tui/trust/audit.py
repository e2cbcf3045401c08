"""The audit's chain: each entry has a number and the digest of the one before, so that none is removed, put in or changed without
a mark. Where the entries lie is `store`'s matter, what is worth one the agent's.

    entry   number | digest of the entry before | time | topic | what happened, as JSON

A `Mark` says how far a chain goes: its last number and that entry's digest. Old entries may be dropped, if the mark of the last
one dropped is kept in their place: what follows still hangs on it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from pk_tui.clock import Instant
from pk_tui.errors import Malformed
from pk_tui.records import U63, Bytes32, JsonRecord, Meta, Record, Time, decode, decode_json, encode, encode_json

MAX_ENTRY: Final = 4096
"""Bytes of what happened, in one entry. What would make it larger is cut off by whoever writes it."""
MAX_RAW: Final = MAX_ENTRY + 256
_PERSON = b"pk-tui audit 1"
_TOPIC = re.compile(r"[a-z]+(\.[a-z_]+)+")

Details = Mapping[str, object]
"""What happened, of texts, numbers, truths and lists of texts: ids and names of nodes and vaults, never a value."""


class _Entry(Record, frozen=True, tag="audit1"):
    number: U63
    before: Bytes32
    time: Time
    topic: Annotated[str, Meta(min_length=1, max_length=64)]
    details: Annotated[bytes, Meta(max_length=MAX_ENTRY)]


class _Details(JsonRecord, frozen=True):
    of: dict[str, str | int | bool | list[str] | None]


@dataclass(frozen=True, slots=True)
class Entry:
    number: int
    time: Instant
    topic: str
    details: dict[str, object]


@dataclass(frozen=True, slots=True)
class Mark:
    """The last entry of a chain, or of the part of it that was dropped: its number, 0 for none, and its digest."""

    number: int
    digest: bytes


BEGINNING = Mark(0, bytes(32))


def mark_of(raw: bytes) -> Mark:
    """Of an entry. Raises Malformed if the bytes are none."""
    return Mark(_read(raw).number, hashlib.blake2b(raw, digest_size=32, person=_PERSON).digest())


def next_entry(end: Mark, time: Instant, topic: str, details: Details) -> bytes:
    """The entry after `end`. Raises ValueError for what nobody could read back: our own mistake."""
    if not _TOPIC.fullmatch(topic):
        raise ValueError("a topic is words with dots between")
    try:
        written = encode_json(_Details(dict(details)))  # type: ignore[arg-type] # looked at below
        raw = encode(_Entry(end.number + 1, end.digest, max(time, 0), topic, written))
        if read_entry(raw).details == details:
            return raw
    except Malformed:
        pass
    raise ValueError("an entry of the audit holds what it may not, or too much")


def read_entry(raw: bytes) -> Entry:
    """Raises Malformed. Whether it is in its place, `Walk` says."""
    entry = _read(raw)
    details: dict[str, object] = dict(decode_json(_Details, entry.details, MAX_ENTRY).of)
    return Entry(entry.number, entry.time, entry.topic, details)


def _read(raw: bytes) -> _Entry:
    return decode(_Entry, raw, MAX_RAW)


class Walk:
    """Goes along a chain, from the mark of what was dropped, entry by entry in the order of their numbers."""

    def __init__(self, dropped: Mark) -> None:
        self._at = dropped

    def take(self, raw: bytes) -> str | None:
        """What is wrong with the next entry, in words, or None. After a fault it goes on behind it."""
        try:
            entry = _read(raw)
        except Malformed:
            return f"The entry of the audit after number {self._at.number} cannot be read."
        before, self._at = self._at, mark_of(raw)
        if entry.number != before.number + 1:
            return f"The audit has a gap: number {before.number} is followed by {entry.number}."
        if entry.before != before.digest:
            return (
                f"Number {entry.number} of the audit does not follow from the one before it: one of them was replaced."
            )
        return None

    def finish(self, end: Mark) -> str | None:
        """What is missing at the end, or None."""
        if self._at.number < end.number:
            return f"The audit ends at number {self._at.number}, and ought to at {end.number}: entries were removed."
        if self._at != end:
            return "The end of the audit is not the one that was noted: entries were added or replaced."
        return None
