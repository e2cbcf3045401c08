"""A vault's frames brought into a better form, in small steps, while it is read and written: gathered, freed of what nobody can
name any more, and under a new key.

How it goes: small frames, and those with objects that go, are copied object by object into full ones that nothing names yet;
frames that stay are sealed anew where they lie; an index of a new series is written beside the one in use; then one small
transaction makes that series the vault's, and what is left over is deleted. The key of an older epoch is deleted when nothing
lies under it.

Until the small transaction the vault is what it was, whatever is killed or called off; after it, what has not been deleted yet is
removed when the vault is next opened. Which versions must stay is the caller's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from pk_tui.errors import Corrupt
from pk_tui.store.framelayout import FRAME_BYTES, FRAME_ID, PLACE, IndexChain, delta_record, facts_in, whole_record
from pk_tui.store.framestore import ENTRIES_PER_ROW
from pk_tui.store.vault import VaultFrames
from pk_tui.vault.objects import Oid
from pk_tui.vault.reachable import reach

T = TypeVar("T")

STEP = 1024 * 1024
"""Bytes of frames rewritten in one transaction: a few milliseconds, so that other work comes in between."""
_SMALL = FRAME_BYTES // 2
"""Bytes of records below which a frame is worth gathering with others."""
_CATCH_UP = 32
"""Steps without a break when following versions that were made meanwhile, so that a busy writer cannot keep ahead for ever."""
_LOOK = 4096
"""Index entries looked at in one step."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far it has come, in bytes of frames to write."""

    done: int
    total: int


Steps = Generator[Step, None, int]
Roots = Callable[[], Iterable[Oid]]
"""The commits from which all that must stay is reached, as they are when it is asked."""


def is_worthwhile(frames: int, size: int, index_size: int) -> bool:
    """Whether gathering pays: `frames` of `size` sealed bytes in all, with an index of `index_size` bytes.

    Each small change leaves a frame of its own. What gathering costs is mainly the index, written anew as a whole; so the more
    there is in it, the more small frames are waited for. 256 of them are about what opening and listing begin to feel.
    """
    surplus = frames - -(-size // FRAME_BYTES)
    return surplus >= max(256, index_size // 8192)


def rewrite(vault: VaultFrames, roots: Roots | None = None, new_key: bool = False) -> Steps:
    """Rewrite one vault step by step; gives the number of objects that are gone. Close it to call it off.

    With `roots` what is not reached from them goes (unless a batch is open that may build on it: then the next time). With
    `new_key` all of it comes under a new key; what an earlier, unfinished rewriting left under an old one does in any case. That
    one may have promised that something is gone: so then the batches that are open have to begin again.
    Raises Busy if one is under way already, Corrupt if the vault is damaged where it has to be read.
    """
    with vault.frame_store.alone():
        return (yield from _rewrite(vault, roots, new_key))


def _rewrite(vault: VaultFrames, roots: Roots | None, new_key: bool) -> Steps:
    store = vault.frame_store
    work = _Rewriting(vault)
    is_unfinished = len(vault.epochs) > 1
    if new_key:
        vault.commit(None, vault.record, new_key=True)
        yield Step(0, 0)
    try:
        if roots is not None:
            yield from work.hide(roots, is_unfinished)
        gone = len(store.hidden)
        yield from work.plan()
        if work.has_to:
            yield from work.move()
            yield from work.reseal()
            yield from work.write_index()
            work.swap()
    finally:
        if store.hidden:
            store.unhide()
    if not work.has_to:
        return 0
    yield from work.sweep()
    vault.shred_old_keys()
    yield work.step()
    while store.db.give_back():
        yield work.step()
    store.db.checkpoint()
    return gone


class _Rewriting:
    """One run. Nothing of it is on disk as the vault's before `swap`."""

    def __init__(self, vault: VaultFrames) -> None:
        self._vault = vault
        self._store = vault.frame_store
        self._objects: dict[int, list[Oid]] = {}
        """Of the frames to copy: what of them stays, in order."""
        self._stay: list[tuple[int, int]] = []
        """Frames to seal anew where they lie, and their sizes."""
        self._moved: dict[Oid, bytes] = {}
        self._chain = IndexChain()
        self._indexed = 0
        self._done = self._total = 0

    def step(self) -> Step:
        return Step(self._done, self._total)

    @property
    def has_to(self) -> bool:
        """Whether there is anything to do."""
        return bool(self._objects or self._stay or self._store.hidden or len(self._vault.epochs) > 1)

    # What to do

    def hide(self, roots: Roots, at_once: bool) -> Iterator[Step]:
        """Find what nothing needs, and let nobody build on it from then on. With `at_once` batches that may do so are void."""
        found: set[Oid] = set()
        breath = 1
        try:
            while not found.issuperset(roots()):  # they may have gone on while the last ones were followed
                for count, _ in enumerate(reach(self._vault, roots(), found), 1):
                    if count % breath == 0:
                        yield self.step()
                breath = _CATCH_UP
        except KeyError as error:
            raise self._store.damage("an object that another one names is missing") from error
        if at_once:
            for batch in list(self._store.batches):
                batch.void()
        if not len(self._store.batches):
            self._store.hide([oid for oid in self._store if oid not in found])
        yield self.step()

    def plan(self) -> Iterator[Step]:
        """Which frames are copied, and which stay where they are."""
        store = self._store
        held: dict[int, list[Oid]] = {}
        used: dict[int, int] = {}
        must: set[int] = set()
        # Frames that nothing names were left by a run that was called off, unless they are of a batch that is open. To be seen
        # in one moment with the index: a batch that is committed later is in neither.
        lost = {frame for frame, _ in store.rows.sizes()} if not len(store.batches) else set()
        for look in _slices(list(store.index.items()), _LOOK):
            for oid, entry in look:
                frame, packed, length = PLACE.unpack_from(entry)
                held.setdefault(frame, []).append(oid)
                used[frame] = used.get(frame, 0) + length
                if store.hidden and packed >> 24 and self._base(oid) in store.hidden:
                    must.add(frame)
            yield self.step()
        for entry in store.hidden.values():
            must.add(FRAME_ID.unpack_from(entry)[0])
        small = [frame for frame, size in used.items() if size < _SMALL and frame not in must]
        if len(small) > 1 or (small and must):
            must.update(small)
        must.update(lost.difference(held))
        self._objects = {frame: held.get(frame, []) for frame in sorted(must)}
        if len(self._vault.epochs) > 1:
            old = store.rows.sizes(store.epoch)
            self._stay = [(frame, size) for frame, size in old if frame not in self._objects]
        self._total = sum(used.get(frame, 0) for frame in must) + sum(size for _, size in self._stay)
        yield self.step()

    def _base(self, oid: Oid) -> Oid | None:
        with suppress(Corrupt):
            return self._store.stored(oid)[0]
        return None

    # Doing it

    def move(self) -> Iterator[Step]:
        """Copy what stays of the chosen frames into full ones. A frame that does not open stays where it is, for a check to find,
        unless something in it is to go."""
        waiting = _Gathered()
        for frame, oids in list(self._objects.items()):
            try:
                records = [(oid, *self._record(oid)) for oid in oids]
            except Corrupt:
                if self._store.hidden:
                    raise
                del self._objects[frame]
                continue
            for oid, known, depth, record in records:
                waiting.add(oid, known, depth, record)
                self._done += len(record)
            if waiting.size >= STEP:
                self._write(waiting)
                waiting = _Gathered()
                yield self.step()
        self._write(waiting)
        yield self.step()

    def _record(self, oid: Oid) -> tuple[bytes, int, bytes]:
        """What follows the place in its index entry, depth of deltas and record of an object, as it is to be stored."""
        store = self._store
        entry = store.index[oid]
        known = entry[PLACE.size :]
        base, raw = store.stored(oid)
        kind = facts_in(entry).kind
        if base is None:
            return known, 0, whole_record(kind, raw)
        if base in store.hidden:
            whole = store.body(oid)
            return known, 0, whole_record(kind, whole)
        depth = PLACE.unpack_from(entry)[1] >> 24
        return known, depth, delta_record(kind, base, raw)

    def _write(self, gathered: _Gathered) -> None:
        if not gathered.contents:
            return
        with self._store.db.transaction():
            numbers = self._store.write_frames([bytes(content) for content in gathered.contents])
        for oid, (ordinal, known, packed, length) in gathered.entries.items():
            self._moved[oid] = PLACE.pack(numbers[ordinal], packed, length) + known

    def reseal(self) -> Iterator[Step]:
        """Frames that stay come under the newest key where they lie: an index entry says nothing of keys."""
        some: list[int] = []
        size = 0
        for frame, sealed in self._stay:
            some.append(frame)
            size += sealed
            if size >= STEP:
                self._reseal(some, size)
                some, size = [], 0
                yield self.step()
        self._reseal(some, size)
        yield self.step()

    def _reseal(self, frames: list[int], size: int) -> None:
        with self._store.db.transaction():
            self._store.reseal(frames)
        self._done += size

    def write_index(self) -> Iterator[Step]:
        """The whole index as it will be, in rows of the next series; what is committed meanwhile follows in later rounds."""
        store = self._store
        series = self._vault.index_chain.series + 1
        store.rows.remove_index_rows(series - 1)  # of one that was called off
        self._chain = IndexChain(series=series)
        while len(store.index) - self._indexed > (ENTRIES_PER_ROW if self._indexed else 0):
            for names in _slices(list(islice(store.index, self._indexed, None)), ENTRIES_PER_ROW):
                with store.db.transaction():
                    self._chain = store.write_index(self._entries(names), self._chain)
                self._indexed += len(names)
                yield self.step()

    def _entries(self, names: list[Oid]) -> dict[Oid, bytes]:
        index = self._store.index
        return {oid: self._moved.get(oid) or index[oid] for oid in names}

    def swap(self) -> None:
        """The one moment at which the vault changes over."""
        store = self._store
        late = self._entries(list(islice(store.index, self._indexed, None)))
        with self._vault.transaction():
            chain = store.write_index(late, self._chain) if late else self._chain
            self._vault.take_index(chain)
            store.db.after_commit(lambda: store.swap(self._moved))

    def sweep(self) -> Iterator[Step]:
        """Delete what was copied, and the index before. If this is broken off, the next opening of the vault does it."""
        for some in _slices(list(self._objects), 16):
            self._store.rows.remove_frames(some)
            yield self.step()
        for number in self._store.rows.index_rows_beside(self._chain.series):
            self._store.rows.remove_index_row(number)
            yield self.step()


class _Gathered:
    """Records on their way into full frames."""

    def __init__(self) -> None:
        self.contents: list[bytearray] = []
        self.entries: dict[Oid, tuple[int, bytes, int, int]] = {}
        """By name: which of the contents, what follows the place, depth and offset, length."""
        self.size = 0

    def add(self, oid: Oid, known: bytes, depth: int, record: bytes) -> None:
        if not self.contents or len(self.contents[-1]) + len(record) > FRAME_BYTES:
            self.contents.append(bytearray())
        content = self.contents[-1]
        self.entries[oid] = (len(self.contents) - 1, known, depth << 24 | len(content), len(record))
        content += record
        self.size += len(record)


def _slices(rows: list[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
