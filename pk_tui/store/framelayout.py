"""The forms in which a vault's objects lie in frames and index, and what is true of them wherever they lie.

Layouts (little-endian). Record: kind u8, length u32, body; with bit 0x80 of kind the body is the 20-byte name of a base and a
git delta of it, with bit 0x40 it is deflated (zlib) after its size as u32. Index entry: frame id u64, depth of the delta chain
and offset in the frame as one u32 (8 and 24 bits), length of the record u32; then facts 52, or of a blob only its digest 32:
nearly all objects are blobs, and the length says the rest.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Corrupt, Malformed
from pk_tui.vault.delta import apply_delta
from pk_tui.vault.objects import FACTS_SIZE, MAX_OBJECT, Facts, Kind, Oid

FRAME_BYTES = 64 * 1024 - 4
"""Records in one frame; an object that is larger has a frame of its own. With its length before it, a full one is not padded."""
_READ_CHAIN = 256
"""Deltas followed when reading. More than are written, since two batches can have placed their bases on one another."""
RECORD = struct.Struct("<BI")
PLACE = struct.Struct("<QII")
FRAME_ID = struct.Struct("<Q")
SHORT_ENTRY, LONG_ENTRY = PLACE.size + 32, PLACE.size + FACTS_SIZE
_SHORT_ROW, _LONG_ROW = struct.Struct(f"20s{SHORT_ENTRY}s"), struct.Struct(f"20s{LONG_ENTRY}s")
_OLD_ROW = struct.Struct(f"20s{FACTS_SIZE}s{PLACE.size}s")
_COUNT = struct.Struct("<I")
DELTA, DEFLATED = 0x80, 0x40
_WORTH_DEFLATING = range(256, 32 * 1024)
"""Bytes of a tree that is deflated: names are alike, and are a tenth of what a vault of small secrets takes. A larger one is
read too often for it. Secrets are mostly noise."""
_NO_CHAIN = bytes(32)
OLD_SERIES, FIRST_SERIES = 1, 2
"""Of index rows. Those of the old series are as layout 1 wrote them: name, facts, place."""


@dataclass(frozen=True, slots=True)
class IndexChain:
    """What a vault's state says of its index rows: how many, the id of the last, BLAKE2b chained over all, and of which series
    they are. Rows of another series are an index that is being written anew, or the one before."""

    rows: int = 0
    last: int = 0
    digest: bytes = _NO_CHAIN
    series: int = FIRST_SERIES

    def extended(self, row: int, sealed: bytes) -> IndexChain:
        state = hashlib.blake2b(self.digest + row.to_bytes(8, "big"), digest_size=32, person=b"pk-tui findex")
        state.update(hashlib.blake2b(sealed, digest_size=32).digest())
        return IndexChain(self.rows + 1, row, state.digest(), self.series)


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One row of the index as it is to be inserted, and the chain before and after it."""

    number: int
    epoch: int
    sealed: bytes
    before: IndexChain
    after: IndexChain


@dataclass(frozen=True, slots=True)
class EpochKeys:
    """The keys made of one epoch's vault key."""

    frame: SealKey
    index: SealKey
    state: SealKey

    @classmethod
    def of(cls, vault_key: SealKey) -> EpochKeys:
        return cls(vault_key.subkey("pk frame"), vault_key.subkey("pk frame index"), vault_key.subkey("pk vault state"))


def put_together(
    stored: Callable[[Oid], tuple[Oid | None, bytes]], base: Oid | None, delta: bytes, damage: Callable[[str], Corrupt]
) -> bytes:
    """Follow a chain of deltas to a whole body and apply them."""
    chain = [delta]
    raw = b""
    try:
        while base is not None:
            base, raw = stored(base)
            if base is not None:
                chain.append(raw)
            if len(chain) > _READ_CHAIN:
                raise damage("a chain of differences is too long")
    except KeyError as error:
        raise damage("an object that another one builds upon is gone") from error
    try:
        for step in reversed(chain):
            raw = apply_delta(raw, step)
    except Malformed as error:
        raise damage("a difference between two versions does not fit") from error
    return raw


def entry_of(facts: Facts, frame: int, depth: int, offset: int, length: int) -> bytes:
    """An index entry: where an object's record lies, and what is known of it."""
    where = PLACE.pack(frame, depth << 24 | offset, length)
    return where + (facts.digest if facts.kind is Kind.BLOB else facts.pack())


def facts_in(entry: bytes) -> Facts:
    if len(entry) == SHORT_ENTRY:
        return Facts(Kind.BLOB, 0, 0, 1, PLACE.unpack_from(entry)[2] - RECORD.size, entry[PLACE.size :])
    return Facts.unpack(entry[PLACE.size :])


def sizes_in(entries: Sequence[bytes]) -> list[int]:
    """The `size` of each one's facts, for less than reading all of them."""
    lengths = struct.unpack(f"<{len(entries)}I", b"".join([entry[12:16] for entry in entries]))
    return [
        length - RECORD.size if len(entry) == SHORT_ENTRY else facts_in(entry).size
        for entry, length in zip(entries, lengths, strict=True)
    ]


def index_row(entries: Sequence[tuple[Oid, bytes]], series: int) -> bytes:
    """What is sealed as one row of the index: how many short entries there are, those, and the others."""
    if series == OLD_SERIES:
        return b"".join([oid + facts_in(entry).pack() + entry[: PLACE.size] for oid, entry in entries])
    short = [part for row in entries if len(row[1]) == SHORT_ENTRY for part in row]
    rest = [part for row in entries if len(row[1]) != SHORT_ENTRY for part in row]
    return _COUNT.pack(len(short) // 2) + b"".join(short) + b"".join(rest)


def index_entries(row: bytes, series: int) -> Iterator[tuple[Oid, bytes]]:
    """Names and entries of one row. Raises struct.error if it has not the length it should have."""
    if series == OLD_SERIES:
        for oid, facts, where in _OLD_ROW.iter_unpack(row):
            yield oid, where + (Facts.unpack(facts).digest if facts[0] == Kind.BLOB else facts)
        return
    end = _COUNT.size + _COUNT.unpack_from(row)[0] * _SHORT_ROW.size
    if end > len(row):
        raise struct.error("more entries are promised than there are")
    yield from _SHORT_ROW.iter_unpack(row[_COUNT.size : end])
    yield from _LONG_ROW.iter_unpack(row[end:])


def whole_record(kind: int, body: bytes) -> bytes:
    """Of an object as it is."""
    if kind == Kind.TREE and len(body) in _WORTH_DEFLATING:
        deflated = zlib.compress(body, 1)
        if len(deflated) + 4 < len(body) * 7 // 8:
            return RECORD.pack(kind | DEFLATED, 4 + len(deflated)) + len(body).to_bytes(4, "little") + deflated
    return RECORD.pack(kind, len(body)) + body


def delta_record(kind: int, base: Oid, delta: bytes) -> bytes:
    return RECORD.pack(kind | DELTA, 20 + len(delta)) + base + delta


def read_record(record: bytes) -> tuple[int, Oid | None, bytes]:
    """Kind, base and delta; or kind, None and body. Raises Malformed."""
    if len(record) < RECORD.size or len(record) != RECORD.size + RECORD.unpack_from(record)[1]:
        raise Malformed("A record is cut off.")
    kind = record[0]
    if kind & DELTA:
        return kind & ~DELTA, record[5:25], record[25:]
    if kind & DEFLATED:
        return kind & ~DEFLATED, None, _inflated(record)
    return kind, None, record[5:]


def _inflated(record: bytes) -> bytes:
    size = int.from_bytes(record[5:9], "little")
    if size > MAX_OBJECT:
        raise Malformed("A record promises more than an object may have.")
    work = zlib.decompressobj()
    try:
        body = work.decompress(record[9:], max(size, 1))
    except zlib.error as error:
        raise Malformed("A record cannot be inflated.") from error
    if len(body) != size or not work.eof or work.unused_data:
        raise Malformed("A record does not give what it promises.")
    return body
