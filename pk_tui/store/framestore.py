"""One vault's objects in sealed frames: append-only rows of at most 64 KiB of records, and a sealed index opened into memory.

A frame shows neither how many objects it holds nor their sizes; its seal is bound to the vault, the key's epoch and its own id.
Objects are visible only through the index. A batch (`frames`) may write frames long before its index row: what a crash leaves
of it is frames that nothing names, which are removed when the vault is next opened.

Rows are measured and deleted in `framerows`. Which index rows there must be is told by the vault's state (`vaults`), by a chain
over all of them: rows removed, put back or added are noticed when the index is loaded. Memory follows the disk only after a
commit has succeeded; otherwise an object of an undone transaction would seem present and never be stored.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Protocol
from weakref import WeakSet

from pk_tui.crypto.seal import open_padded, place, seal_padded, seal_padded_large
from pk_tui.errors import Busy, CannotOpen, Corrupt, Malformed, PkError
from pk_tui.store.database import Database
from pk_tui.store.framecache import FrameCache
from pk_tui.store.framelayout import (
    FRAME_BYTES,
    FRAME_ID,
    PLACE,
    SHORT_ENTRY,
    EpochKeys,
    IndexChain,
    IndexRow,
    facts_in,
    index_entries,
    index_row,
    put_together,
    read_record,
    sizes_in,
)
from pk_tui.store.framerows import FrameRows
from pk_tui.vault.objects import Facts, Oid

FRAME_FLOOR = 960
"""Padded size of the smallest frame: a one-secret commit looks like any other. Four such rows fill a page of the database."""
INDEX_FLOOR = 512
ENTRIES_PER_ROW = 8192


class OpenBatch(Protocol):
    """Objects on their way into a vault (`frames.Batch`)."""

    def void(self) -> None:
        """End it: its objects were chosen by a history that is no longer the vault's."""
        ...


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
        self.rows = FrameRows(db, row)
        self.uid = uid
        self._cache = cache
        self._keys = keys
        self._expected = expected
        self._index: dict[Oid, bytes] | None = None
        self._hidden: dict[Oid, bytes] = {}
        self._alone = False
        self.batches: WeakSet[OpenBatch] = WeakSet()
        """Those that may still be committed."""
        self._closed: Callable[[], PkError] | None = None
        self.damage = damage

    def close(self, reason: Callable[[], PkError]) -> None:
        """Drop keys and index. Every use from now on raises `reason()`."""
        self._closed = reason
        self._index = None
        self._hidden = {}
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
        return facts_in(self.index[oid])

    def sizes_of(self, oids: Iterable[Oid]) -> list[int]:
        index = self.index
        return sizes_in([index[oid] for oid in oids])

    def stored(self, oid: Oid) -> tuple[Oid | None, bytes]:
        entry = self.index.get(oid) or self._hidden[oid]  # what stays may still be kept as a delta of what goes
        frame, packed, length = PLACE.unpack_from(entry)
        offset = packed & 0xFFFFFF
        # Of a large secret each part is read once, and 4 MiB of them would drive out everything else.
        content = self.frame(frame, keep=len(entry) != SHORT_ENTRY or length <= FRAME_BYTES)
        return self.split(content[offset : offset + length])

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
        try:
            return read_record(record)[1:]
        except Malformed as error:
            raise self.damage("an object cannot be read") from error

    def in_frames(self, oids: Iterable[Oid]) -> list[int]:
        """The number of the frame that each lies in: whoever reads many reads those of a frame together. Raises KeyError."""
        index = self.index
        return [FRAME_ID.unpack_from(index[oid])[0] for oid in oids]

    def in_passing(self, oids: Iterable[Oid]) -> Iterator[tuple[Oid, bytes | None]]:
        """Each one's body, or None if it cannot be read. For whoever reads a great many once: frames are opened as they come
        and not kept, so that those that are used all the time are not driven out."""
        number, content = -1, b""
        for oid in oids:
            try:
                frame, packed, length = PLACE.unpack_from(self.index[oid])
                if frame != number:
                    number, content = -1, self.frame(frame, keep=False)
                    number = frame
                offset = packed & 0xFFFFFF
                base, raw = self.split(content[offset : offset + length])
                yield oid, raw if base is None else self.body(oid)
            except (Corrupt, KeyError):
                yield oid, None

    def frame(self, number: int, keep: bool = True) -> bytes:
        """The records of a frame, opened."""
        found = self._cache.get(number)
        if found is not None:
            return found
        content = self.opened(number)
        if keep:
            self._cache.put(number, content)
        return content

    def opened(self, number: int) -> bytes:
        """The same as it lies on disk now, and not remembered."""
        self.require_open()
        row = self.db.one("SELECT epoch, sealed FROM frame WHERE id = ? AND vault_id = ?", (number, self.row))
        if row is None:
            raise self.damage("a part of its content is gone")
        epoch, sealed = row
        try:
            return open_padded(self._keys[epoch].frame, sealed, self.frame_place(epoch, number))
        except (CannotOpen, KeyError, TypeError) as error:
            raise self.damage("a part of its content does not open") from error

    def frame_place(self, epoch: int, number: int) -> bytes:
        return place("frame", self.uid, epoch, number)

    def _index_place(self, epoch: int, number: int) -> bytes:
        return place("findex", self.uid, epoch, number)

    def _load(self) -> dict[Oid, bytes]:
        expected = self._expected()
        index: dict[Oid, bytes] = {}
        chain = IndexChain(series=expected.series)
        for number, epoch, sealed in self.db.rows(
            "SELECT id, epoch, sealed FROM findex WHERE vault_id = ? AND series = ? ORDER BY id",
            (self.row, expected.series),
        ):
            try:
                row = open_padded(self._keys[epoch].index, sealed, self._index_place(epoch, number))
                chain = chain.extended(number, sealed)
                index.update(index_entries(row, expected.series))
            except (CannotOpen, Malformed, KeyError, TypeError, struct.error) as error:
                raise self.damage("a part of its index does not open") from error
        if chain != expected:
            raise self.damage("parts of its index were removed, put back or added")
        if not self.db.in_transaction:
            self._remove_orphans(index, expected.series)
        return index

    # Writing

    @property
    def epoch(self) -> int:
        """The epoch under whose key new rows are sealed."""
        self.require_open()
        return max(self._keys)

    @property
    def newest(self) -> EpochKeys:
        return self._keys[self.epoch]

    @property
    def epochs(self) -> tuple[int, ...]:
        self.require_open()
        return tuple(sorted(self._keys))

    def begin_epoch(self, keys: EpochKeys) -> None:
        """Within the running transaction: from now on everything is sealed under these. Older keys still read."""
        epoch = self.epoch + 1

        def undo() -> None:
            self._keys.pop(epoch, None)

        self.db.after_rollback(undo)
        self._keys[epoch] = keys

    def end_old_epochs(self) -> None:
        """Nothing lies under the older keys any more: forget them."""
        newest = self.epoch
        self._keys = {newest: self._keys[newest]}

    def write_frames(self, contents: Sequence[bytes | bytearray]) -> list[int]:
        """Insert frames within the running transaction; returns their ids."""
        epoch = self.epoch
        key = self._keys[epoch].frame
        first = self.db.next_id("frame")
        rows = (  # sealed as they are inserted: never more than one in memory
            (number, self.row, epoch, seal_padded_large(key, content, self.frame_place(epoch, number), FRAME_FLOOR))
            for number, content in enumerate(contents, first)
        )
        self.db.executemany("INSERT INTO frame (id, vault_id, epoch, sealed) VALUES (?, ?, ?, ?)", rows)
        return list(range(first, first + len(contents)))

    def sealed_index(self, entries: Iterable[tuple[Oid, bytes]], chain: IndexChain) -> Iterator[IndexRow]:
        """Rows of the index that continue `chain`, sealed one by one; nothing is written. They `follow` as long as nobody writes
        any others."""
        epoch = self.epoch
        key = self._keys[epoch].index
        number = self.db.next_id("findex")
        left = iter(entries)
        while rows := list(islice(left, ENTRIES_PER_ROW)):
            sealed = seal_padded(key, index_row(rows, chain.series), self._index_place(epoch, number), INDEX_FLOOR)
            row = IndexRow(number, epoch, sealed, chain, chain.extended(number, sealed))
            yield row
            chain, number = row.after, number + 1

    def follows(self, row: IndexRow, chain: IndexChain) -> bool:
        """Whether this row can be inserted now, as the next one behind `chain`."""
        return (row.before, row.epoch, row.number) == (chain, self.epoch, self.db.next_id("findex"))

    def write_index(
        self, entries: dict[Oid, bytes], chain: IndexChain, rows: Iterable[IndexRow] | None = None
    ) -> IndexChain:
        """Insert index rows within the running transaction and, once it is on disk, take the entries into memory; those of a
        series that is not in use yet are only written. `rows`: those of these entries, if they are sealed already and follow."""
        for row in self.sealed_index(entries.items(), chain) if rows is None else rows:
            self.db.execute(
                "INSERT INTO findex (id, vault_id, epoch, sealed, series) VALUES (?, ?, ?, ?, ?)",
                (row.number, self.row, row.epoch, row.sealed, chain.series),
            )
            chain = row.after
        if chain.series == self._expected().series:
            index = self.index
            self.db.after_commit(lambda: index.update(entries))
        return chain

    def keep(self, key: int | Oid, content: bytes) -> None:
        """Remember what was just written: the next edit reads it. `key`: a frame's id, or the name of a tree kept as delta."""
        self._cache.put(key if isinstance(key, int) else (self.row, key), content)

    def _remove_orphans(self, index: dict[Oid, bytes], series: int) -> None:
        """Frames of batches that were never committed, and what a rewriting that was broken off left. No batch can be open yet:
        opening one loads the index first."""
        named = {FRAME_ID.unpack(raw)[0] for raw in {entry[: FRAME_ID.size] for entry in index.values()}}
        self.rows.remove_frames(sorted(self.rows.frames() - named))
        self.rows.remove_index_rows(series)

    # For `survey`

    @property
    def chain(self) -> IndexChain:
        """What its state says of the index rows."""
        return self._expected()

    @property
    def is_settled(self) -> bool:
        """True while nobody has frames in it that the index is only going to name: no batch is open, nothing is rewritten."""
        return not self.batches and not self._alone

    def fits(self, table: str, epoch: int, number: int, sealed: bytes) -> bool:
        """True if these bytes were sealed for this place: a row of `frame` or `findex` of this vault."""
        is_frame = table == "frame"
        try:
            keys = self._keys[epoch]
            where = self.frame_place(epoch, number) if is_frame else self._index_place(epoch, number)
            open_padded(keys.frame if is_frame else keys.index, sealed, where)
        except (CannotOpen, KeyError, TypeError, AttributeError):
            return False
        return True

    # Rewriting. What is done with these is decided in `rewriting`.

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Only one rewriting at a time, and no new key by anybody else meanwhile. Raises Busy."""
        if self._alone:
            raise Busy("This vault is being tidied already. Try again in a moment.")
        self._alone = True
        try:
            yield
        finally:
            self._alone = False

    def reseal(self, numbers: Iterable[int]) -> None:
        """Within the running transaction, seal these frames where they lie under the newest key. One that does not open stays as
        it is: that is for a check to find, and the others are not to wait for it."""
        epoch, key = self.epoch, self.newest.frame
        for number in numbers:
            with suppress(Corrupt):
                content = self.opened(number)
                sealed = seal_padded(key, content, self.frame_place(epoch, number), FRAME_FLOOR)
                self.db.execute("UPDATE frame SET epoch = ?, sealed = ? WHERE id = ?", (epoch, sealed, number))

    def hide(self, gone: Iterable[Oid]) -> None:
        """Let these objects be no longer there for whoever looks, though what builds upon them can be read. Until `swap` or
        `unhide`."""
        index = self.index
        for oid in gone:
            self._hidden[oid] = index.pop(oid)

    def unhide(self) -> None:
        """They stay after all. What was stored anew meanwhile is the newer row of the index too."""
        index = self.index
        for oid, entry in self._hidden.items():
            index.setdefault(oid, entry)
        self._hidden = {}

    @property
    def hidden(self) -> dict[Oid, bytes]:
        return self._hidden

    def swap(self, moved: dict[Oid, bytes]) -> None:
        """The index rows of the new series are the vault's: follow them. `moved` are the entries that have changed."""
        self.index.update(moved)
        if self._hidden:
            self._hidden = {}
            self._cache.clear()
