"""A vault's history as one git pack and its index, piece by piece: the bytes alone, writing them is left to others.

Objects are packed as git packs them: each compressed, a tree that is kept as a delta of one that is packed already as that
delta. git's own tools read the result (`fsck`, `log`, `checkout`); nothing in it is made by them.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator

from pk_tui.errors import Corrupt
from pk_tui.terms import CommitId
from pk_tui.vault import entries, history
from pk_tui.vault.objects import Kind, ObjectSource, Oid

LEVEL = 1
"""Of zlib: most of what is packed are keys and passwords, which do not get smaller."""
_OFS_DELTA = 6
_HEADER = struct.Struct(">4sII")
_FAR = 0x80000000
"""Offsets from here on stand in a table of their own in the index."""


def reachable(source: ObjectSource, head: CommitId) -> Iterator[Oid | None]:
    """All objects that a version names, its own and those of the versions before it, each once; the oldest versions first, so
    that what a delta builds on comes before it. None: nothing new, but a point where long work can be interrupted.

    Raises Corrupt if one is missing.
    """
    seen: set[Oid] = set()
    commits: list[CommitId] = []
    yield from _commits(source, head, commits)
    for commit in commits:
        yield from _below(source, history.read_commit(source, commit).tree, seen)
        yield commit.raw


def _commits(source: ObjectSource, head: CommitId, found: list[CommitId]) -> Iterator[None]:
    """Into `found`: every commit behind `head`, parents before children."""
    seen: set[Oid] = set()
    waiting: list[tuple[CommitId, bool]] = [(head, False)]
    while waiting:
        commit, parents_done = waiting.pop()
        if parents_done:
            found.append(commit)
        elif commit.raw not in seen:
            seen.add(commit.raw)
            _require(source, commit.raw)
            waiting.append((commit, True))
            waiting += [(parent, False) for parent in history.read_commit(source, commit).parents]
            yield


def _below(source: ObjectSource, root: Oid, seen: set[Oid]) -> Iterator[Oid | None]:
    waiting = [root]
    while waiting:
        oid = waiting.pop()
        if oid in seen:
            yield None
            continue
        seen.add(oid)
        _require(source, oid)
        if source.facts(oid).kind is not Kind.BLOB:
            waiting += [child for _, _, child in entries.fields(source.body(oid)) if child not in seen]
        yield oid


def _require(source: ObjectSource, oid: Oid) -> None:
    if oid not in source:
        raise Corrupt("The vault is damaged: an object that its history names is gone. `pk-tui check` says more.")


class Packing:
    """A pack in the making: `begin`, `add` for each object and `end` give its bytes, one after the other."""

    def __init__(self, source: ObjectSource) -> None:
        self._source = source
        self._places: dict[Oid, tuple[int, int]] = {}
        self._at = 0
        self._sum = hashlib.sha1(usedforsecurity=False)

    def begin(self, objects: int) -> bytes:
        return self._next(_HEADER.pack(b"PACK", 2, objects))

    def end(self) -> bytes:
        return self._sum.digest()

    def _next(self, raw: bytes) -> bytes:
        self._at += len(raw)
        self._sum.update(raw)
        return raw

    def add(self, oid: Oid) -> bytes:
        """An object that is in the source and not in the pack yet."""
        kind = self._source.facts(oid).kind
        base, stored = self._source.stored(oid)
        place = self._places.get(base) if base is not None else None
        if base is not None and place is not None:
            raw = _size(_OFS_DELTA, len(stored)) + _distance(self._at - place[0]) + zlib.compress(stored, LEVEL)
        else:
            body = stored if base is None else self._source.body(oid)
            number = Kind.TREE if kind is Kind.CHUNKS else kind
            raw = _size(number, len(body)) + zlib.compress(body, LEVEL)
        self._places[oid] = (self._at, zlib.crc32(raw))
        return self._next(raw)

    def index(self) -> Iterator[bytes]:
        """git's index (version 2) of the pack that has ended."""
        state = hashlib.sha1(usedforsecurity=False)
        for part in self._index_parts(sorted(self._places)):
            state.update(part)
            yield part
        yield state.digest()

    def _index_parts(self, order: list[Oid]) -> Iterator[bytes]:
        yield b"\xfftOc" + struct.pack(">I", 2)
        counts = [0] * 256
        for oid in order:
            counts[oid[0]] += 1
        total = 0
        fan = []
        for count in counts:
            total += count
            fan.append(total)
        yield struct.pack(">256I", *fan)
        yield b"".join(order)
        yield b"".join(struct.pack(">I", self._places[oid][1]) for oid in order)
        far: list[int] = []
        near = bytearray()
        for oid in order:
            at = self._places[oid][0]
            if at < _FAR:
                near += struct.pack(">I", at)
            else:
                near += struct.pack(">I", _FAR | len(far))
                far.append(at)
        yield bytes(near)
        yield b"".join(struct.pack(">Q", at) for at in far)
        yield self.end()


def _size(kind: int, size: int) -> bytes:
    """An object's type and size: 4 bits of the size beside the type, then 7 in each byte, the lowest first."""
    out = bytearray()
    byte = kind << 4 | size & 0x0F
    size >>= 4
    while size:
        out.append(byte | 0x80)
        byte = size & 0x7F
        size >>= 7
    out.append(byte)
    return bytes(out)


def _distance(back: int) -> bytes:
    """How far back a delta's base lies: 7 bits in each byte, the highest first, each step less one."""
    out = [back & 0x7F]
    back >>= 7
    while back:
        back -= 1
        out.append(0x80 | back & 0x7F)
        back >>= 7
    return bytes(reversed(out))
