"""Vaults between peers: the stream in which a history travels, and what is believed of one that is received.

The stream is records `type u8 | size u32 | body` (big-endian), cut into pieces anywhere. Each commit comes after its parents,
and each object after everything it names. A tree may come as a delta (type | DELTA): the body is then the name of its base,
which the receiver has, and a git delta. Names are never sent: the receiver computes them.

What is sent of a history, `outgoing` says. The receiver believes nothing: it knows where it stands (the head it has, or
nothing), which head the owner signed, and checks every object on arrival. An honest stream holds no object that is not
needed, so one that does is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pk_tui.errors import Conflict, Corrupt, Malformed
from pk_tui.vault.check import checked_blob, checked_commit, checked_successor, checked_tree
from pk_tui.vault.delta import apply_delta, target_size
from pk_tui.vault.objects import MAX_OBJECT, Facts, Kind, ObjectSink, Oid, git_name

DELTA = 0x80
PIECE = 60_000
"""Bytes of a piece, so that it fits one message of the wire with what is put around it."""
_STOP_EVERY = 32
"""Secrets checked between two places where the work can be interrupted; at most 1 MiB each."""
_LARGE = PIECE
"""Bytes from which on naming an object takes longer than handing it to another thread."""
_SMALL_PIECE = 4096
"""Bytes of a piece that is not kept as an object of its own."""

HEADER = struct.Struct(">BI")
"""Of a record."""
_KINDS = {int(kind): kind for kind in Kind}
_BLOB = int(Kind.BLOB)
_CODES = frozenset((*_KINDS, Kind.TREE | DELTA))
Record = tuple[int, bytes, Oid | None, Facts | None]
"""A record's code and body and, of a secret that `Incoming.cut` has looked at, its name and facts."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one transfer may bring at most."""

    objects: int = 4_000_000
    commits: int = 200_000
    size: int = 16 * 1024**3
    """Bytes of the stream."""
    expanded: int = 64 * 1024**3
    """Bytes of the objects with deltas applied: what a small stream can make us read."""


DEFAULT_LIMITS = Limits()


class Incoming:
    """Checks a stream while it arrives and adds what is right to the sink.

    `known_head` is the commit the receiver stands at, None for a clone. Every method raises Malformed for what an honest
    sender would not send, and Conflict if the history does not continue from there; the sink is then to be discarded. With
    `anew` a history that begins with its first commit is taken instead, and `rewritten` says that it did. `objects` and `size`
    (bytes) count what has come.
    """

    def __init__(
        self, sink: ObjectSink, known_head: Oid | None, limits: Limits = DEFAULT_LIMITS, anew: bool = False
    ) -> None:
        self._sink = sink
        self._known = known_head
        self._anew = anew
        self._limits = limits
        self._rest: list[bytes | bytearray] = []
        self._waiting = 0
        """Bytes of the rest."""
        self._needed = HEADER.size
        self._latest = 0
        """Bytes of the record whose header came last."""
        self._expanded = 0
        self._unnamed: set[Oid] = set()
        self._come: dict[Oid, bool] = {}
        """The commits of this transfer, each with whether it continues from the known one."""
        self._tips: set[Oid] = set()
        """Those of them that no other has named as a parent yet."""
        self.rewritten = False
        self.objects = 0
        self.size = 0

    @property
    def commits(self) -> int:
        return len(self._come)

    def feed(self, piece: bytes) -> None:
        """The next bytes of the stream, cut anywhere."""
        for _ in self.steps(piece):
            pass

    def steps(self, piece: bytes) -> Iterator[None]:
        """Like `feed`, with places to stop at: after some secrets, and after each delta, a few bytes of which can stand for a
        directory of 2 MiB to check."""
        return self.taking(self._records(piece))

    @property
    def is_amid_large(self) -> bool:
        """The last object of which anything came is large: then `cut` is worth its while."""
        return self._latest > _LARGE

    def cut(self, pieces: Iterable[bytes]) -> list[Record]:
        """Do of the next bytes what needs nothing but them: find the records and name the secrets. It may be done beside the
        taking of those before, which `taking` then continues; on its own it believes nothing, and adds nothing."""
        records: list[Record] = []
        for piece in pieces:
            for code, body, _, _ in self._records(piece):
                if code == _BLOB:
                    records.append((code, body, git_name(Kind.BLOB, body), checked_blob(body)))
                else:
                    records.append((code, body, None, None))
        return records

    def taking(self, records: Iterable[Record]) -> Iterator[None]:
        """Take these, with places to stop at as in `steps`."""
        for code, body, oid, facts in records:
            self._take(code, body, oid, facts)
            if code != _BLOB or self.objects % _STOP_EVERY == 0:
                yield

    def _records(self, piece: bytes) -> Iterator[Record]:
        """What is whole with this piece; the rest waits for the next."""
        self.size += len(piece)
        if self.size > self._limits.size:
            raise Malformed("More was sent than is accepted in one transfer.")
        if self._rest and isinstance(self._rest[-1], bytearray):
            self._rest[-1] += piece
        else:  # very many small ones are not to cost more than their bytes
            self._rest.append(piece if len(piece) > _SMALL_PIECE else bytearray(piece))
        self._waiting += len(piece)
        if self._waiting < self._needed:  # so that a record in many small pieces is not copied with each of them
            return
        stream = b"".join(self._rest)
        at, end = 0, len(stream)
        self._needed = HEADER.size
        while end - at >= HEADER.size:
            code, size = HEADER.unpack_from(stream, at)
            _check_header(code, size)
            self._latest = size
            start = at + HEADER.size
            if end - start < size:
                self._needed += size
                break
            yield code, stream[start : start + size], None, None
            at = start + size
        self._rest = [stream[at:]]
        self._waiting = end - at

    def finish(self, head: Oid, digest: bytes) -> None:
        """The stream has ended: it must have led to this head with this digest (as its owner signed them), and nothing else."""
        if self._waiting:
            raise Malformed("A transfer ended in the middle of a record.")
        if self._unnamed:
            raise Malformed("A transfer ended with objects that no commit needs.")
        if not self._come and head == self._known:
            continues = True
        elif head in self._come:
            continues = self._come[head]
        else:
            raise Malformed("A transfer did not lead to the signed head.")
        if self._sink.facts(head).digest != digest:
            raise Malformed("A transfer did not lead to the signed head.")
        # Whatever else came has a child that came, so it is behind a tip; if the head is the only one, it is behind the head.
        if self._tips - {head}:
            raise Malformed("A transfer ended with commits that the signed head does not need.")
        if not continues:
            raise Malformed("A transfer does not follow the version that is here.")

    def _take(self, code: int, body: bytes, oid: Oid | None, facts: Facts | None) -> None:
        self.objects += 1
        if self.objects > self._limits.objects:
            raise Malformed("More objects were sent than are accepted in one transfer.")
        if code == _BLOB:  # nearly all are secrets: first, and with few calls
            self._expand(body)
            oid = oid or git_name(Kind.BLOB, body)
            self._add(oid, facts or checked_blob(body), body)
            self._unnamed.add(oid)
            return
        if code & DELTA:
            self._take_delta(body[:20], body[20:])
            return
        kind = _KINDS[code]
        oid = self._named(kind, body)
        if kind is Kind.COMMIT:
            self._take_commit(oid, body)
        else:
            facts, names = checked_tree(body, self._sink.facts)
            if facts.kind is not kind:
                raise Malformed("A tree was sent as one of another kind.")
            self._take_tree(oid, facts, names, body)

    def _take_delta(self, base: Oid, delta: bytes) -> None:
        size = target_size(delta)
        if size > MAX_OBJECT or len(delta) >= size:
            raise Malformed("A delta gives too much, or is no shorter than what it gives.")
        if base not in self._sink or self._sink.facts(base).kind is not Kind.TREE:
            raise Malformed("A delta has a base that is not a directory known before it.")
        old = self._sink.body(base)
        body = apply_delta(old, delta)
        oid = self._named(Kind.TREE, body)
        facts, names = checked_successor(body, old, self._sink.facts(base), self._sink.facts)
        self._take_tree(oid, facts, names, body, base, delta)

    def _named(self, kind: Kind, body: bytes) -> Oid:
        self._expand(body)
        return git_name(kind, body)

    def _expand(self, body: bytes) -> None:
        self._expanded += len(body)
        if self._expanded > self._limits.expanded:
            raise Malformed("More was sent than is accepted in one transfer.")

    def _take_tree(
        self,
        oid: Oid,
        facts: Facts,
        names: list[Oid],
        body: bytes,
        base: Oid | None = None,
        delta: bytes | None = None,
    ) -> None:
        self._add(oid, facts, body, base, delta)
        self._unnamed.difference_update(names)
        self._unnamed.add(oid)

    def _take_commit(self, oid: Oid, body: bytes) -> None:
        if self.commits >= self._limits.commits:
            raise Malformed("More commits were sent than are accepted in one transfer.")
        facts, commit = checked_commit(body, self._sink.facts)
        parents = [parent.raw for parent in commit.parents]
        if not parents:
            self._begin_anew()
        elif oid in self._come or oid == self._known:
            # One that is merely in the sink may have come by another transfer that ran meanwhile.
            raise Malformed("A commit was sent twice, or although it was said to be here.")
        self._unnamed.discard(commit.tree)
        if self._unnamed:
            raise Malformed("Objects were sent that no commit needs.")
        self._add(oid, facts, body)
        self._come[oid] = (
            self._known is None or self.rewritten or any(self._come.get(one, one == self._known) for one in parents)
        )
        self._tips.difference_update(parents)
        self._tips.add(oid)

    def _begin_anew(self) -> None:
        """A commit without parents: every history has one, its first, so only who has nothing yet is sent one."""
        if self._come:
            raise Malformed("A commit does not follow any before it.")
        if self._known is not None:
            if not self._anew:
                raise Conflict(
                    "The other side's history does not hold the version that is here: it was rewritten, or is an older copy. "
                    "Nothing was changed."
                )
            self.rewritten = True

    def _add(self, oid: Oid, facts: Facts, body: bytes, base: Oid | None = None, delta: bytes | None = None) -> None:
        try:
            self._sink.add(oid, facts, body, base, delta)
        except (
            Corrupt
        ) as error:  # a second object of the same name: nothing here is damaged, the sender made a collision
            raise Malformed("An object has the name of another one: its sender made a SHA-1 collision.") from error


def _check_header(code: int, size: int) -> None:
    """Before a byte of the body is waited for."""
    if code not in _CODES:
        raise Malformed("A record is of a type that does not exist.")
    if size > MAX_OBJECT or (code & DELTA and size < 20):
        raise Malformed("A record is larger or smaller than an object can be.")
