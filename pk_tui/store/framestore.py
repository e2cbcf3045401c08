"""One vault's objects in sealed frames: append-only rows of at most 64 KiB of records, and a sealed index opened into memory.

A frame shows neither how many objects it holds nor their sizes; its seal is bound to the vault, the key's epoch and its own id.
Objects are visible only through the index. A batch (`frames`) may write frames long before its index row: what a crash leaves
of it is frames that nothing names, which are removed when the vault is next opened.

Which index rows there must be is told by the vault's state (`vaults`), by a chain over all of them: rows removed, put back
or added are noticed when the index is loaded. Memory follows the disk only after a commit has succeeded; otherwise an
object of an undone transaction would seem present and never be stored.

Layouts (little-endian). Record: kind u8, length u32, body; with bit 0x80 of kind the body is the 20-byte name of a base and a
git delta of it. Index entry, 88 bytes: oid 20, facts 52, frame id u64, depth of the delta chain and offset in the frame as
one u32 (8 and 24 bits), length of the record u32.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pk_tui.crypto.seal import SealKey, open_padded, place, seal_padded
from pk_tui.errors import CannotOpen, Corrupt, Malformed, PkError
from pk_tui.store.database import Database
from pk_tui.store.framecache import FrameCache
from pk_tui.vault.delta import apply_delta
from pk_tui.vault.objects import FACTS_SIZE, Facts, Oid

FRAME_FLOOR = 1024
"""Sealed size of the smallest frame: a one-secret commit looks like any other."""
INDEX_FLOOR = 512
_READ_CHAIN = 256
"""Deltas followed when reading. More than are written, since two batches can have placed their bases on one another."""
_ENTRIES_PER_ROW = 8192
_SWEEP_ROWS = 64
"""Frames removed in one transaction: at most about 4 MiB, so that the desk is free again soon."""

RECORD = struct.Struct("<BI")
PLACE = struct.Struct("<QII")
FRAME_ID = struct.Struct("<Q")
_ENTRY = struct.Struct(f"20s{FACTS_SIZE + PLACE.size}s")
AFTER_ID = FACTS_SIZE + FRAME_ID.size
DELTA = 0x80
_NO_CHAIN = bytes(32)


@dataclass(frozen=True, slots=True)
class IndexChain:
    """What a vault's state says of its index rows: how many, the id of the last, and BLAKE2b chained over all."""

    rows: int = 0
    last: int = 0
    digest: bytes = _NO_CHAIN

    def extended(self, row: int, sealed: bytes) -> IndexChain:
        state = hashlib.blake2b(self.digest + row.to_bytes(8, "big"), digest_size=32, person=b"pk-tui findex")
        state.update(hashlib.blake2b(sealed, digest_size=32).digest())
        return IndexChain(self.rows + 1, row, state.digest())


@dataclass(frozen=True, slots=True)
class EpochKeys:
    """The keys made of one epoch's vault key."""

    frame: SealKey
    index: SealKey
    state: SealKey

    @classmethod
    def of(cls, vault_key: SealKey) -> EpochKeys:
        return cls(vault_key.subkey("pk frame"), vault_key.subkey("pk frame index"), vault_key.subkey("pk vault state"))


class FrameStore:
    """The frames and the index of one vault, without knowing what the vault is called or where its head is.

    Implements `ObjectSource`. `expected` says which index rows there must be; it is asked when the index is first needed.
    `damage` makes the error, which names the vault, out of what is wrong.
    """

    def __init__(
        self,
        db: Database,
        cache: FrameCache,
        row: int,
        uid: bytes,
        keys: dict[int, EpochKeys],
        expected: Callable[[], IndexChain],
        damage: Callable[[str], Corrupt],
    ) -> None:
        self.db = db
        self.row = row
        self.uid = uid
        self._cache = cache
        self._keys = keys
        self._expected = expected
        self._index: dict[Oid, bytes] | None = None
        self._closed: Callable[[], PkError] | None = None
        self.damage = damage

    def close(self, reason: Callable[[], PkError]) -> None:
        """Drop keys and index. Every use from now on raises `reason()`."""
        self._closed = reason
        self._index = None
        self._keys = {}

    def require_open(self) -> None:
        """Raises what `close` was told, if it was."""
        if self._closed is not None:
            raise self._closed()

    # Reading

    def __contains__(self, oid: Oid) -> bool:
        return oid in self.index

    def __iter__(self) -> Iterator[Oid]:
        return iter(list(self.index))

    def __len__(self) -> int:
        return len(self.index)

    def facts(self, oid: Oid) -> Facts:
        return Facts.unpack(self.index[oid][:FACTS_SIZE])

    def stored(self, oid: Oid) -> tuple[Oid | None, bytes]:
        frame, packed, length = PLACE.unpack_from(self.index[oid], FACTS_SIZE)
        offset = packed & 0xFFFFFF
        return self.split(self.frame(frame)[offset : offset + length])

    def body(self, oid: Oid) -> bytes:
        base, raw = self.stored(oid)
        if base is None:
            return raw
        kept = self._cache.get((self.row, oid))
        if kept is None:
            kept = put_together(self.stored, base, raw, self.damage)
            self._cache.put((self.row, oid), kept)
        return kept

    @property
    def index(self) -> dict[Oid, bytes]:
        """Facts and place by name, loaded and checked on first use. Raises Corrupt if it is not what the state says."""
        if self._index is None:
            self.require_open()
            self._index = self._load()
        return self._index

    def split(self, record: bytes) -> tuple[Oid | None, bytes]:
        """A record's base, if it is a delta, and its body or delta."""
        if len(record) < RECORD.size or len(record) != RECORD.size + RECORD.unpack_from(record)[1]:
            raise self.damage("an object is cut off")
        if record[0] & DELTA:
            return record[5:25], record[25:]
        return None, record[5:]

    def frame(self, number: int) -> bytes:
        """The records of a frame, opened."""
        found = self._cache.get(number)
        if found is not None:
            return found
        self.require_open()
        row = self.db.one("SELECT epoch, sealed FROM frame WHERE id = ? AND vault_id = ?", (number, self.row))
        if row is None:
            raise self.damage("a part of its content is gone")
        epoch, sealed = row
        try:
            content = open_padded(self._keys[epoch].frame, sealed, self.frame_place(epoch, number))
        except (CannotOpen, KeyError, TypeError) as error:
            raise self.damage("a part of its content does not open") from error
        self._cache.put(number, content)
        return content

    def frame_place(self, epoch: int, number: int) -> bytes:
        return place("frame", self.uid, epoch, number)

    def _index_place(self, epoch: int, number: int) -> bytes:
        return place("findex", self.uid, epoch, number)

    def _load(self) -> dict[Oid, bytes]:
        expected = self._expected()
        index: dict[Oid, bytes] = {}
        chain = IndexChain()
        for number, epoch, sealed in self.db.rows(
            "SELECT id, epoch, sealed FROM findex WHERE vault_id = ? ORDER BY id", (self.row,)
        ):
            try:
                entries = open_padded(self._keys[epoch].index, sealed, self._index_place(epoch, number))
                chain = chain.extended(number, sealed)
                index.update(_ENTRY.iter_unpack(entries))
            except (CannotOpen, KeyError, TypeError, struct.error) as error:
                raise self.damage("a part of its index does not open") from error
        if chain != expected:
            raise self.damage("parts of its index were removed, put back or added")
        if not self.db.in_transaction:
            self._remove_orphans(index)
        return index

    # Writing

    @property
    def epoch(self) -> int:
        """The epoch under whose key new rows are sealed."""
        self.require_open()
        return max(self._keys)

    def write_frames(self, contents: list[bytes]) -> list[int]:
        """Insert frames within the running transaction; returns their ids."""
        epoch = self.epoch
        key = self._keys[epoch].frame
        first = self.db.next_id("frame")
        rows = [
            (number, self.row, epoch, seal_padded(key, content, self.frame_place(epoch, number), FRAME_FLOOR))
            for number, content in enumerate(contents, first)
        ]
        self.db.executemany("INSERT INTO frame (id, vault_id, epoch, sealed) VALUES (?, ?, ?, ?)", rows)
        return [row[0] for row in rows]

    def write_index(self, entries: dict[Oid, bytes], chain: IndexChain) -> IndexChain:
        """Insert index rows within the running transaction and, once it is on disk, take the entries into memory."""
        epoch = self.epoch
        key = self._keys[epoch].index
        packed = b"".join([part for entry in entries.items() for part in entry])
        number = self.db.next_id("findex")
        for start in range(0, len(packed), _ENTRIES_PER_ROW * _ENTRY.size):
            part = packed[start : start + _ENTRIES_PER_ROW * _ENTRY.size]
            sealed = seal_padded(key, part, self._index_place(epoch, number), INDEX_FLOOR)
            self.db.execute(
                "INSERT INTO findex (id, vault_id, epoch, sealed) VALUES (?, ?, ?, ?)",
                (number, self.row, epoch, sealed),
            )
            chain = chain.extended(number, sealed)
            number += 1
        index = self.index
        self.db.after_commit(lambda: index.update(entries))
        return chain

    def keep(self, key: int | Oid, content: bytes) -> None:
        """Remember what was just written: the next edit reads it. `key`: a frame's id, or the name of a tree kept as delta."""
        self._cache.put(key if isinstance(key, int) else (self.row, key), content)

    def remove_frames(self, numbers: list[int]) -> None:
        """Delete frames that nothing names, a few at a time."""
        for start in range(0, len(numbers), _SWEEP_ROWS):
            with self.db.transaction():
                self.db.executemany(
                    "DELETE FROM frame WHERE id = ? AND vault_id = ?",
                    [(number, self.row) for number in numbers[start : start + _SWEEP_ROWS]],
                )

    def _remove_orphans(self, index: dict[Oid, bytes]) -> None:
        """Frames of batches that were never committed. No batch can be open yet: opening one loads the index first."""
        there = {number for (number,) in self.db.rows("SELECT id FROM frame WHERE vault_id = ?", (self.row,))}
        named = {FRAME_ID.unpack(raw)[0] for raw in {entry[FACTS_SIZE:AFTER_ID] for entry in index.values()}}
        self.remove_frames(sorted(there - named))


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


def delete_rows(db: Database, vault: int) -> None:
    """Remove all that is left of a vault whose keys are gone, in short steps; the vault's own row last."""
    for table in ("frame", "findex"):
        todo = True
        while todo:
            with db.transaction():
                sql = f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE vault_id = ? LIMIT {_SWEEP_ROWS})"  # noqa: S608
                todo = db.execute(sql, (vault,)).rowcount > 0
    with db.transaction():
        db.execute("DELETE FROM vault WHERE id = ?", (vault,))
