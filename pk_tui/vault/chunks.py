"""Large secrets in pieces: a secret of more than 1 MiB is a git tree of chunks, so that no object is large.

All chunks have CHUNK bytes but the last, and are named \\x01 and their number in eight digits. No user can make such a
name, so the tree tells by itself what it is. A secret has exactly one form: equal secrets have equal names.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Protocol

from pk_tui.errors import Misuse
from pk_tui.vault import entries
from pk_tui.vault.facts import chunks_facts
from pk_tui.vault.objects import Facts, Kind, ObjectSource, Oid, blob, git_name

CHUNK = 256 * 1024
MAX_WHOLE = 1024 * 1024
"""Bytes of the largest secret that is one blob."""
MIN_CHUNKS = MAX_WHOLE // CHUNK + 1
MAX_CHUNKS = 16_384
"""So a secret has at most 4 GiB."""


class ChunkSink(Protocol):
    """What a writer needs of where the objects go; every `ObjectSink` is one."""

    def add(self, oid: Oid, facts: Facts, body: bytes) -> None: ...


class Named:
    """Objects with their names, on their way to a sink: naming them is most of the work, and needs nothing that is shared."""

    def __init__(self) -> None:
        self._objects: list[tuple[Oid, Facts, bytes]] = []

    def add(self, oid: Oid, facts: Facts, body: bytes) -> None:
        self._objects.append((oid, facts, body))

    def taken(self) -> list[tuple[Oid, Facts, bytes]]:
        """Those that came since this was last called."""
        taken, self._objects = self._objects, []
        return taken


def chunk_name(number: int) -> bytes:
    return b"\x01%08d" % number


class ChunkWriter:
    """Takes the bytes of one secret and adds it to the sink, chunk by chunk. Holds no more than MAX_WHOLE and one chunk.

    Pieces of whole chunks are passed on as they are: that is how large secrets come, and copying costs as much as hashing.
    """

    def __init__(self, sink: ChunkSink) -> None:
        self._sink = sink
        self._full: deque[bytes] = deque()
        self._rest = bytearray()
        """What comes after the full ones."""
        self._chunks: list[tuple[Oid, Facts]] = []

    def feed(self, piece: bytes) -> None:
        """The next bytes. Raises Misuse when the secret gets larger than a secret may be."""
        for at in range(0, len(piece), CHUNK):
            part = piece[at : at + CHUNK]
            if len(part) == CHUNK and not self._rest:
                self._full.append(part)
            else:
                self._rest += part
                if len(self._rest) >= CHUNK:
                    self._full.append(bytes(memoryview(self._rest)[:CHUNK]))
                    del self._rest[:CHUNK]
            if self._chunks or self._waiting > MAX_WHOLE:
                while self._waiting > CHUNK:  # the last chunk is never empty, so one full chunk waits
                    self._cut()

    @property
    def _waiting(self) -> int:
        return len(self._full) * CHUNK + len(self._rest)

    def finish(self) -> tuple[Oid, Facts]:
        """Name and facts of the secret: of a blob, or of the tree of its chunks."""
        if not self._chunks:
            return self._add(b"".join((*self._full, self._rest)))
        self._cut()
        raw = b"".join(entries.make(chunk_name(number), oid, False) for number, (oid, _) in enumerate(self._chunks))
        size = sum(facts.size for _, facts in self._chunks)
        tree = git_name(Kind.CHUNKS, raw)
        tree_facts = chunks_facts(raw, size, b"".join(facts.digest for _, facts in self._chunks))
        self._sink.add(tree, tree_facts, raw)
        return tree, tree_facts

    def _cut(self) -> None:
        if len(self._chunks) == MAX_CHUNKS:
            raise Misuse(f"A secret has at most {MAX_CHUNKS * CHUNK // 1024**3} GiB. Nothing was written.")
        self._chunks.append(self._add(self._full.popleft() if self._full else bytes(self._rest)))

    def _add(self, body: bytes) -> tuple[Oid, Facts]:
        oid, facts = blob(body)
        self._sink.add(oid, facts, body)
        return oid, facts


def piece_names(source: ObjectSource, secret: Oid) -> list[Oid]:
    """The blobs that make up the secret, in order: itself, or its chunks."""
    if source.facts(secret).kind is not Kind.CHUNKS:
        return [secret]
    return [entries.oid_of(entry) for entry in entries.split(source.body(secret))]


def pieces(source: ObjectSource, secret: Oid) -> Iterator[bytes]:
    """The secret's bytes, at most MAX_WHOLE at a time."""
    return map(source.body, piece_names(source, secret))
