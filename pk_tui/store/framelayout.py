"""The forms in which a vault's objects lie in frames and index, and what is true of them wherever they lie.

Layouts (little-endian). Record: kind u8, length u32, body; with bit 0x80 of kind the body is the 20-byte name of a base and a
git delta of it, with bit 0x40 it is deflated (zlib) after its size as u32. Index entry, 88 bytes: oid 20, facts 52, frame id
u64, depth of the delta chain and offset in the frame as one u32 (8 and 24 bits), length of the record u32.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Corrupt, Malformed
from pk_tui.vault.delta import apply_delta
from pk_tui.vault.objects import FACTS_SIZE, MAX_OBJECT, Kind, Oid

_READ_CHAIN = 256
"""Deltas followed when reading. More than are written, since two batches can have placed their bases on one another."""
RECORD = struct.Struct("<BI")
PLACE = struct.Struct("<QII")
FRAME_ID = struct.Struct("<Q")
ENTRY = struct.Struct(f"20s{FACTS_SIZE + PLACE.size}s")
AFTER_ID = FACTS_SIZE + FRAME_ID.size
DELTA, DEFLATED = 0x80, 0x40
_WORTH_DEFLATING = range(256, 32 * 1024)
"""Bytes of a tree that is deflated: names are alike, and are a tenth of what a vault of small secrets takes. A larger one is
read too often for it. Secrets are mostly noise."""
_NO_CHAIN = bytes(32)
OLD_SERIES, FIRST_SERIES = 1, 2
"""Of index rows. Those of the old series are as layout 1 wrote them: bare entries."""
_MANY_ENTRIES = 64
_INDEX_LIMIT = 8 * 1024 * 1024
"""Bytes of the entries of one row, and more than ever are in one."""


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


def index_row(entries: bytes, series: int) -> bytes:
    """What is sealed as one row of the index: 0 and the entries, or 1 and the entries deflated, which takes a third off many."""
    if series == OLD_SERIES:
        return entries
    if len(entries) < _MANY_ENTRIES * ENTRY.size:
        return b"\0" + entries
    return b"\1" + zlib.compress(entries, 1)


def index_entries(row: bytes, series: int) -> bytes:
    """Raises Malformed."""
    if series == OLD_SERIES:
        return row
    if row[:1] == b"\0":
        return row[1:]
    if row[:1] != b"\1":
        raise Malformed("A row of an index is of no known form.")
    return _inflate(row[1:], _INDEX_LIMIT)


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
    body = _inflate(record[9:], size)
    if len(body) != size:
        raise Malformed("A record does not give what it promises.")
    return body


def _inflate(deflated: bytes, limit: int) -> bytes:
    """At most `limit` bytes, of exactly one stream."""
    work = zlib.decompressobj()
    try:
        body = work.decompress(deflated, max(limit, 1))
    except zlib.error as error:
        raise Malformed("What was deflated cannot be inflated.") from error
    if not work.eof or work.unused_data:
        raise Malformed("What was deflated is not as long as it says.")
    return body
