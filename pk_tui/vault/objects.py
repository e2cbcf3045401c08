"""Git objects as this program uses them: their names, their facts, and the source and sink they are read from and added to.

An object has two names. Its git name (`oid`, SHA-1, 20 raw bytes) links trees and commits and keeps exports plain git; it
proves nothing, since SHA-1 collides. Its `digest` is BLAKE2b-256 over the body and the digests of everything the body
names, so the digest of a commit covers the whole history behind it; that is what a signed head vouches for.

The digest and a few sums (`Facts`) are computed once, when an object is added, from the body and the facts of what it
names, and are kept in the sealed index. So sizes and counts of any directory, and the limits on depth, path length and
number of entries, cost no walk.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple, Protocol

Oid = bytes
"""A git name: 20 raw bytes."""

MAX_OBJECT = 2 * 1024 * 1024
"""Bytes of one object's body; larger secrets are chunk trees. Bounds what one record from a peer can cost."""
MAX_ENTRIES = 2_000_000
"""Secrets and empty directories below one tree, repetitions included: 11 objects can otherwise stand for 10^10 entries."""
MODE_FILE = 0o100644
MODE_TREE = 0o040000


class Kind(IntEnum):
    """The first three numbers are git's. CHUNKS is a git tree that holds the pieces of one large secret."""

    COMMIT = 1
    TREE = 2
    BLOB = 3
    CHUNKS = 5

    @property
    def git_name(self) -> bytes:
        return _GIT_NAME[self]


_GIT_NAME = {Kind.COMMIT: b"commit", Kind.TREE: b"tree", Kind.BLOB: b"blob", Kind.CHUNKS: b"tree"}
_GIT_HEADER = {kind: name + b" %d\0" for kind, name in _GIT_NAME.items()}
_KINDS = {int(kind): kind for kind in Kind}
"""Much faster than Kind(number), which every look at the facts would pay."""
_LARGE = 32 * 1024
"""Bytes of a body that is not copied to stand behind its header; a smaller one is, since that takes one call less."""
_FACTS = struct.Struct("<BBHIQ32sI")
FACTS_SIZE = _FACTS.size
"""Where the size lies in packed facts."""


class Facts(NamedTuple):
    """What is known of an object without reading it.

    height: levels of trees below it (0 for a secret, 1 for a directory of secrets); reach: bytes of the longest path below
    it; secrets: those below it (1 for a secret); size: bytes of all secrets below it; empties: empty directories below it. For
    a commit those of its tree.
    """

    kind: Kind
    height: int
    reach: int
    secrets: int
    size: int
    digest: bytes
    empties: int = 0

    def pack(self) -> bytes:
        """52 bytes, little-endian: kind u8, height u8, reach u16, count u32, size u64, digest 32, empties u32."""
        return _FACTS.pack(*self)

    @classmethod
    def unpack(cls, raw: bytes) -> Facts:
        kind, height, reach, secrets, size, digest, empties = _FACTS.unpack(raw)
        return cls(_KINDS[kind], height, reach, secrets, size, digest, empties)


class ObjectSource(Protocol):
    """Where objects are read from: one vault's frames, with or without a batch on top."""

    def __contains__(self, oid: Oid) -> bool: ...

    def __iter__(self) -> Iterator[Oid]:
        """All names, those added long ago before those added lately."""
        ...

    def facts(self, oid: Oid) -> Facts:
        """Raises KeyError if it is not here."""
        ...

    def sizes_of(self, oids: Iterable[Oid]) -> list[int]:
        """The `size` of each one's facts, for less than asking for them one by one. Raises KeyError."""
        ...

    def body(self, oid: Oid) -> bytes:
        """The whole body, deltas applied. Raises KeyError if it is not here, Corrupt if it does not open."""
        ...

    def stored(self, oid: Oid) -> tuple[Oid | None, bytes]:
        """As it lies: `(None, body)`, or `(base, delta)` for a tree kept as a git delta of `base`."""
        ...


class ObjectSink(ObjectSource, Protocol):
    """A source that can be added to. What is added is readable at once here, and elsewhere only after the store commits it."""

    def add(self, oid: Oid, facts: Facts, body: bytes, base: Oid | None = None, delta: bytes | None = None) -> None:
        """Add a checked object; a second time is a no-op if the digest is the same and Corrupt if not (a SHA-1 collision).

        With `base` and `delta` the store may keep the delta instead of the body.
        """
        ...


def git_name(kind: Kind, body: bytes) -> Oid:
    """The object's git name: SHA-1 over git's header and the body."""
    if len(body) > _LARGE:
        state = hashlib.sha1(_GIT_HEADER[kind] % len(body), usedforsecurity=False)
        state.update(body)
        return state.digest()
    return hashlib.sha1(_GIT_HEADER[kind] % len(body) + body, usedforsecurity=False).digest()


def blob_digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=32, person=b"pk-tui blob").digest()


def tree_digest(raw: bytes, child_digests: bytes) -> bytes:
    """`child_digests`: the digests of the entries, 32 bytes each, in the tree's order."""
    state = hashlib.blake2b(len(raw).to_bytes(8, "big"), digest_size=32, person=b"pk-tui tree")
    state.update(raw)
    state.update(child_digests)
    return state.digest()


def commit_digest(raw: bytes, tree: bytes, parents: list[bytes]) -> bytes:
    """`tree` and `parents` are digests."""
    state = hashlib.blake2b(len(raw).to_bytes(8, "big"), digest_size=32, person=b"pk-tui commit")
    state.update(raw)
    state.update(tree)
    for parent in parents:
        state.update(parent)
    return state.digest()


def blob(body: bytes) -> tuple[Oid, Facts]:
    """Name and facts of a secret's bytes."""
    return git_name(Kind.BLOB, body), Facts(Kind.BLOB, 0, 0, 1, len(body), blob_digest(body))
