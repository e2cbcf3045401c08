"""Objects on their way into a vault: gathered into frames, written as the frames fill, visible once the vault commits them.

How frames and index lie on disk, and how they are read, is `framestore`'s; here it is decided which frame an object goes into
and whether it is kept whole or as a delta. Several batches of one vault may be open at once.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from pk_tui.errors import Busy, Corrupt, StorageFailed
from pk_tui.store.framelayout import (
    FRAME_BYTES,
    FRAME_ID,
    PLACE,
    IndexChain,
    IndexRow,
    delta_record,
    entry_of,
    facts_in,
    put_together,
    whole_record,
)
from pk_tui.store.framestore import FrameStore
from pk_tui.vault.objects import MAX_OBJECT, Facts, Kind, Oid

MAX_CHAIN = 24
"""Deltas on top of one another; bounds what reading a tree costs."""
_STEP_FRAMES = 16
"""Frames written in one step of getting ready, 1 MiB: some milliseconds."""
_STEP_OBJECTS = 4096
"""Objects whose index entries are worked out in one such step: two milliseconds."""
_TRIES = 8
"""Times that index rows are sealed before their commit. If others write all the while, the commit does it."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """What a commit needs of the first `objects` of a batch: the index entries of those that are new to the vault, their rows as
    long as they follow, and those that were in the vault already."""

    objects: int
    entries: dict[Oid, bytes]
    known: list[Oid]
    rows: list[IndexRow]


class _Frame:
    """A frame being filled or waiting to be written: its records, the names in it, and its id once it is written."""

    __slots__ = ("content", "number", "oids")

    def __init__(self, content: bytearray | bytes | None = None) -> None:
        self.content: bytearray | bytes | None = bytearray() if content is None else content
        self.oids: list[Oid] = []
        self.number: int | None = None

    @property
    def is_one_blob(self) -> bool:
        return isinstance(self.content, bytes) and self.content[0] == Kind.BLOB


class Batch:
    """Objects on their way into one vault; implements `ObjectSink`. What it does not have is looked up in the vault.

    Nothing of it is visible elsewhere before the vault commits it. `flush` writes the full frames, to keep memory small.
    """

    def __init__(self, frames: FrameStore) -> None:
        self.frames = frames
        """Of the vault it goes into."""
        self._known = frames.index
        self._index: dict[Oid, bytes] = {}
        self._pending = [_Frame()]
        self._trees: dict[Oid, bytes] = {}
        self.bytes = 0
        """Bytes of records added."""
        self.pending_bytes = 0
        """Bytes of records still in memory."""
        self._ready: _Ready | None = None
        self._settled = False
        self._closed = False
        self._is_void = False
        frames.batches.add(self)

    @property
    def objects(self) -> int:
        return len(self._index)

    def __contains__(self, oid: Oid) -> bool:
        self._require_valid()
        return oid in self._index or oid in self.frames

    def __iter__(self) -> Iterator[Oid]:
        yield from self.frames
        yield from [oid for oid in self._index if oid not in self.frames]

    def facts(self, oid: Oid) -> Facts:
        if self._is_void:
            self._require_valid()
        entry = self._index.get(oid)
        return self.frames.facts(oid) if entry is None else facts_in(entry)

    def sizes_of(self, oids: Iterable[Oid]) -> list[int]:
        return [self.facts(oid).size for oid in oids]

    def stored(self, oid: Oid) -> tuple[Oid | None, bytes]:
        self._require_valid()
        entry = self._index.get(oid)
        if entry is None:
            return self.frames.stored(oid)
        ordinal, packed, length = PLACE.unpack_from(entry)
        frame = self._pending[ordinal]
        content = frame.content
        if content is None:
            assert frame.number is not None
            content = bytearray(self.frames.frame(frame.number))
        offset = packed & 0xFFFFFF
        return self.frames.split(bytes(content[offset : offset + length]))

    def body(self, oid: Oid) -> bytes:
        self._require_valid()
        if oid not in self._index:
            return self.frames.body(oid)
        kept = self._trees.get(oid)
        if kept is not None:
            return kept
        base, raw = self.stored(oid)
        return raw if base is None else put_together(self.stored, base, raw, self.frames.damage)

    def add(self, oid: Oid, facts: Facts, body: bytes, base: Oid | None = None, delta: bytes | None = None) -> None:
        if self._closed or self._is_void:
            self._require_open()
        known = self._index.get(oid) or self._known.get(oid)
        if known is not None:
            _require_same(known, facts.digest)
            return
        if len(body) > MAX_OBJECT:
            raise ValueError("an object is at most 2 MiB")
        depth = 0
        if base is not None and delta is not None and 2 * (len(delta) + 20) < len(body):
            depth = self._depth_on(base)
        if depth:
            assert base is not None
            assert delta is not None
            record = delta_record(facts.kind, base, delta)
            self._trees = {oid: body}  # the latest: the next edit in the same batch reads it
        else:
            record = whole_record(facts.kind, body)
        self._append(oid, facts, depth, record)

    def _append(self, oid: Oid, facts: Facts, depth: int, record: bytes) -> None:
        frame = self._pending[-1]
        content = frame.content
        offset = 0
        if len(record) > FRAME_BYTES:  # has a frame of its own: it is one, and not copied into one
            frame = _Frame(record)
            self._pending.append(frame)
        elif not isinstance(content, bytearray) or len(content) + len(record) > FRAME_BYTES:
            frame = _Frame(bytearray(record))
            self._pending.append(frame)
        else:
            offset = len(content)
            content += record
        self._index[oid] = entry_of(facts, len(self._pending) - 1, depth, offset, len(record))
        frame.oids.append(oid)
        self.bytes += len(record)
        self.pending_bytes += len(record)

    def _depth_on(self, base: Oid) -> int:
        """The depth of a delta on `base`; 0 if it cannot be one."""
        entry = self._index.get(base) or self._known.get(base)
        if entry is None:
            return 0
        depth = int(PLACE.unpack_from(entry)[1] >> 24) + 1
        return depth if depth <= MAX_CHAIN else 0

    def flush(self) -> None:
        """Write the frames that are full. They stay invisible, and are removed again if the batch is never committed."""
        full = [frame for frame in self._pending[:-1] if frame.number is None and frame.content]
        if full:
            with self.frames.db.passing():
                self._write(full)

    def _require_valid(self) -> None:
        if self._is_void:
            raise Busy("The vault's history was written anew meanwhile. Nothing of this was written; try again.")

    def _require_open(self) -> None:
        self._require_valid()
        if self._closed:
            raise RuntimeError("this batch is committed or discarded")

    def void(self) -> None:
        """Discard it for good; whoever still works with it is told to begin again."""
        self._is_void = True
        self._forget()

    def discard(self) -> None:
        """Forget the batch and remove what it wrote. Does nothing to one that is committed; one whose commit is part of a
        transaction that still runs is discarded only if that is undone.

        What cannot be removed now (on a full disk not even deleting works) is removed when the vault is next opened.
        """
        if self._settled:
            self.frames.db.after_rollback(self._forget)
        else:
            self._forget()

    def _forget(self) -> None:
        written = [frame.number for frame in self._pending if frame.number is not None]
        self._close()
        with suppress(StorageFailed, Busy):
            self.frames.rows.remove_frames(written)

    def getting_ready(self) -> Generator[None, None, None]:
        """Do in steps, before the transaction, what committing a great many objects takes: write their frames, which nothing
        names yet, and seal the rows of the index. Objects may still be added; the commit then has only those to do.

        Follow it with the commit at once: what others commit in between is noticed, and then it was done for nothing.
        """
        self._require_open()
        waiting = [frame for frame in self._pending if frame.number is None and frame.content]
        for start in range(0, len(waiting), _STEP_FRAMES):
            with self.frames.db.passing():
                self._write(waiting[start : start + _STEP_FRAMES])
            yield
            self._require_open()
        entries: dict[Oid, bytes] = {}
        known: list[Oid] = []
        names = iter(self._index)
        objects = len(self._index)
        while some := list(islice(names, _STEP_OBJECTS)):
            self._enter(some, entries, known)
            yield
            self._require_open()
        for _ in range(_TRIES):
            rows: list[IndexRow] = []
            for row in self.frames.sealed_index(entries.items(), self.frames.chain):
                rows.append(row)
                yield
                self._require_open()
            self._ready = _Ready(objects, entries, known, rows)
            if not rows or self.frames.follows(rows[0], self.frames.chain):
                return

    def settle(self, chain: IndexChain) -> IndexChain:
        """Write all that is left and the index rows of what is new to the vault, within the running transaction; the chain of
        them that continues `chain`."""
        self._require_open()
        self._write([frame for frame in self._pending if frame.number is None and frame.content])
        ready = self._ready if self._ready is not None and self._still_holds(self._ready) else None
        if ready is not None and ready.entries:
            rows = ready.rows if ready.rows and self.frames.follows(ready.rows[0], chain) else None
            chain = self.frames.write_index(ready.entries, chain, rows)
        entries: dict[Oid, bytes] = {}
        self._enter(islice(self._index, 0 if ready is None else ready.objects, None), entries, [])
        if entries:
            chain = self.frames.write_index(entries, chain)
        self._settled = True
        self.frames.db.after_rollback(self._unsettle)
        self.frames.db.after_commit(self._committed)
        return chain

    def _enter(self, oids: Iterable[Oid], entries: dict[Oid, bytes], known: list[Oid]) -> None:
        """Put the index entries of those that the vault has not yet into `entries`, and the names of the others into `known`."""
        for oid in oids:
            entry = self._index[oid]
            there = self._known.get(oid)
            if there is None:
                frame = self._pending[FRAME_ID.unpack_from(entry)[0]].number
                assert frame is not None
                entries[oid] = FRAME_ID.pack(frame) + entry[FRAME_ID.size :]
            else:  # another batch brought it meanwhile: the first one stays, so that no chain of deltas can bend back
                _require_same(there, facts_in(entry).digest)
                known.append(oid)

    def _still_holds(self, ready: _Ready) -> bool:
        """Whether the vault still has and lacks of this batch what it had and lacked then."""
        return self._known.keys().isdisjoint(ready.entries.keys()) and all(oid in self._known for oid in ready.known)

    def _unsettle(self) -> None:
        self._settled = False

    def _write(self, frames: list[_Frame]) -> None:
        if not frames:
            return
        contents = [frame.content or b"" for frame in frames]
        for frame, number in zip(frames, self.frames.write_frames(contents), strict=True):
            frame.number = number

        def undo() -> None:
            self._ready = None
            for frame in frames:
                frame.number = None

        def done() -> None:
            for frame, content in zip(frames, contents, strict=True):
                assert frame.number is not None
                if not frame.is_one_blob:
                    self.frames.keep(frame.number, bytes(content))
                self.pending_bytes -= len(content)
                frame.content = None

        self.frames.db.after_rollback(undo)
        self.frames.db.after_commit(done)

    def _committed(self) -> None:
        for oid, body in self._trees.items():
            self.frames.keep(oid, body)
        self._close()

    def _close(self) -> None:
        self.frames.batches.discard(self)
        self._closed = True
        self._settled = False
        self._ready = None
        self._index = {}
        self._trees = {}
        self._pending = [_Frame()]
        self.pending_bytes = 0


def _require_same(entry: bytes, digest: bytes) -> None:
    """Two objects of one git name must be one object: SHA-1 alone does not promise it."""
    if facts_in(entry).digest != digest:
        raise Corrupt("Two different objects have the same git name. The second one is refused.")
