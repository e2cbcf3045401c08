"""Heads: a writer's signed word on which version of a vault is the newest. A clone believes this and nothing else.

Whether the commits between two heads really follow one another is shown by the history itself, which `vault.transfer`
checks; here two heads are compared by what they say.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from pk_tui.clock import Instant
from pk_tui.crypto.keys import SigningKey
from pk_tui.errors import Malformed, PermissionDenied
from pk_tui.records import Bytes20, Bytes32, Meta, Record, Time
from pk_tui.terms import CommitId, LineageId, NodeId
from pk_tui.trust.lineage import Lineage
from pk_tui.trust.statement import read_statement, sign_statement

_PURPOSE = "head"


class _Head(Record, frozen=True, tag="head1"):
    lineage: Bytes32
    writer: Bytes32
    sequence: Annotated[int, Meta(ge=1, le=0x7FFF_FFFF_FFFF_FFFF)]
    parents: Annotated[tuple[Bytes20, ...], Meta(max_length=1)]  # one writer, one parent
    commit: Bytes20
    digest: Bytes32
    time: Time


@dataclass(frozen=True, slots=True)
class Head:
    """A verified head. `sequence` counts what this writer has signed in this lineage, from 1; `digest` proves the commit and
    all history behind it; `time` is the writer's own, for showing a head's age, never for ordering."""

    lineage: LineageId
    writer: NodeId
    sequence: int
    parents: tuple[CommitId, ...]
    commit: CommitId
    digest: bytes
    time: Instant


class Verdict(Enum):
    SAME = "same"
    NEWER = "newer"
    OLDER = "older"
    FORK = "fork"
    """Both cannot belong to one history: the writer's key signed two."""


def sign_head(
    signing: SigningKey,
    lineage: Lineage,
    sequence: int,
    parents: tuple[CommitId, ...],
    commit: CommitId,
    digest: bytes,
    now: Instant,
) -> bytes:
    """Raises PermissionDenied if the key is not a writer's. The caller never uses a sequence number twice in a lineage."""
    if not lineage.is_writer(signing.node_id):
        raise PermissionDenied("Only a writer of a vault signs its versions, and this node is none.")
    record = _Head(
        lineage=lineage.id.raw,
        writer=signing.node_id.raw,
        sequence=sequence,
        parents=tuple(parent.raw for parent in parents),
        commit=commit.raw,
        digest=digest,
        time=now,
    )
    return sign_statement(signing, _PURPOSE, record)


def read_head(raw: bytes, lineage: Lineage) -> Head:
    """Raises Malformed if `raw` is no head, belongs to another lineage, or is not signed by a writer of this one."""
    statement = read_statement(_Head, raw)
    writer = NodeId(statement.claimed.writer)
    if statement.claimed.lineage != lineage.id.raw:
        raise Malformed("A signed head belongs to another vault.")
    if not lineage.is_writer(writer):
        raise Malformed("A head is signed by a node that is not a writer of the vault.")
    said = statement.signed_by(writer, _PURPOSE)
    return Head(
        lineage=lineage.id,
        writer=writer,
        sequence=said.sequence,
        parents=tuple(CommitId(parent) for parent in said.parents),
        commit=CommitId(said.commit),
        digest=said.digest,
        time=said.time,
    )


def compare(known: Head | None, new: Head) -> Verdict:
    """What `new` is to who knows `known` (None: nothing yet) of the same lineage and writer.

    NEWER by more than one step says only that nothing speaks against it: the commits in between decide.
    """
    if known is None:
        return Verdict.NEWER
    if (known.lineage, known.writer) != (new.lineage, new.writer):
        raise ValueError("heads of two lineages or writers have no order")
    if known.sequence == new.sequence:
        return Verdict.SAME if _names_the_same(known, new) else Verdict.FORK
    if known.sequence < new.sequence:
        return Verdict.NEWER if _may_follow(known, new) else Verdict.FORK
    return Verdict.OLDER if _may_follow(new, known) else Verdict.FORK


def _names_the_same(one: Head, other: Head) -> bool:
    return (one.commit, one.digest) == (other.commit, other.digest)


def _may_follow(earlier: Head, later: Head) -> bool:
    if earlier.commit == later.commit:  # signed anew without a change; another digest would be a collision of names
        return earlier.digest == later.digest
    return later.sequence > earlier.sequence + 1 or earlier.commit in later.parents
