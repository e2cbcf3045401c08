"""One claim behind the first: a node's signed entry at one place of its chain, and the six things that it can say.

A claim is signed as a whole and names its place and the claim before it. What it carries from others (statements) is signed on
its own and stays in it byte for byte. Whether it fits into a chain is `sigchain`'s question.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any

from pk_tui.clock import Instant
from pk_tui.crypto.keys import SigningKey
from pk_tui.records import Bytes32, Meta, Record, Time, encode
from pk_tui.terms import ClaimId, NodeId
from pk_tui.trust.expulsion import Expulsion, read_expulsion
from pk_tui.trust.identity import IdentityStatement, read_identity
from pk_tui.trust.pair import Pair, read_pair
from pk_tui.trust.rewording import Rewording, read_rewording
from pk_tui.trust.statement import AROUND, STATEMENT_LIMIT, digest_of, read_exactly, read_statement, sign_statement
from pk_tui.trust.successor import Succession, read_successor

MAX_CLAIM_BYTES = 4 * 1024
MAX_BODY_BYTES = 2 * 1024
MAX_LOCATOR = 512

_LINK_LIMIT = MAX_CLAIM_BYTES - AROUND
_PURPOSE = "claim link"
_PERSON = b"pk-tui claim"

Statement = Annotated[bytes, Meta(min_length=1, max_length=STATEMENT_LIMIT)]
Locator = Annotated[str, Meta(max_length=MAX_LOCATOR, pattern=r"\A[!-~]*\Z")]
"""Visible ASCII: an address or a number."""


class LinkRecord(Record, frozen=True, tag="link1"):
    node: Bytes32
    sequence: Annotated[int, Meta(ge=1, le=0xFFFF_FFFF)]
    previous: Bytes32
    time: Time
    body: Annotated[bytes, Meta(max_length=MAX_BODY_BYTES)]


class PairedRecord(Record, frozen=True, tag="paired1"):
    statement: Statement


class IdentifiedRecord(Record, frozen=True, tag="identified1"):
    statement: Statement
    locator: Locator


class RetractedRecord(Record, frozen=True, tag="retracted1"):
    sequence: Annotated[int, Meta(ge=1, le=0xFFFF_FFFF)]


class ExpelledRecord(Record, frozen=True, tag="expelled1"):
    statement: Statement


class SucceededRecord(Record, frozen=True, tag="succeeded1"):
    statement: Statement


class RewordedRecord(Record, frozen=True, tag="reworded1"):
    statement: Statement


BodyRecord = PairedRecord | IdentifiedRecord | RetractedRecord | ExpelledRecord | SucceededRecord | RewordedRecord
"""A body as it was read: its type is right, what it carries is not yet verified."""
_BODY: Any = BodyRecord


@dataclass(frozen=True, slots=True)
class Paired:
    pair: Pair


@dataclass(frozen=True, slots=True)
class Identified:
    """`locator` says where the provider's copy lies; a hint, never believed."""

    statement: IdentityStatement
    locator: str


@dataclass(frozen=True, slots=True)
class Retracted:
    """The claim at `sequence` is taken back."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Expelled:
    expulsion: Expulsion


@dataclass(frozen=True, slots=True)
class Succeeded:
    succession: Succession


@dataclass(frozen=True, slots=True)
class Reworded:
    rewording: Rewording


Body = Paired | Identified | Retracted | Expelled | Succeeded | Reworded
"""What a claim says, its statement verified."""


@dataclass(frozen=True, slots=True)
class Link:
    """A claim that its node signed. `previous` is the ClaimId of the one before; `body` is not yet read."""

    node: NodeId
    sequence: int
    previous: bytes
    time: Instant
    body: bytes


class UnverifiedLink:
    """Bytes that say they are a claim. Whose it says it is and where it belongs may be looked at before it is verified."""

    __slots__ = ("_statement", "node", "sequence")

    def __init__(self, raw: bytes) -> None:
        """Raises Malformed if the bytes are no claim."""
        self._statement = read_statement(LinkRecord, raw, _LINK_LIMIT)
        self.node = NodeId(self._statement.claimed.node)
        self.sequence = self._statement.claimed.sequence

    def verify(self) -> Link:
        """Raises NotSigned if the node that it names did not sign it."""
        said = self._statement.signed_by(self.node, _PURPOSE)
        return Link(self.node, said.sequence, said.previous, said.time, said.body)


def claim_id(raw: bytes) -> ClaimId:
    """What the next claim names this one by: a hash of all its bytes, the signature too."""
    return ClaimId(hashlib.blake2b(raw, digest_size=32, person=_PERSON).digest())


def sign_link(signing: SigningKey, sequence: int, previous: ClaimId, body: BodyRecord, now: Instant) -> bytes:
    """Raises Malformed for what nobody could read back. Whether it fits into the chain is to be tried before it is shown."""
    record = LinkRecord(signing.node_id.raw, sequence, previous.raw, now, encode(body))
    raw = sign_statement(signing, _PURPOSE, record, _LINK_LIMIT)
    read_body(record.body)
    return raw


def read_body(body: bytes) -> BodyRecord:
    """Raises Malformed if the bytes are no body."""
    said: BodyRecord = read_exactly(_BODY, body, MAX_BODY_BYTES)
    return said


def verify_body(said: BodyRecord) -> Body:
    """Raises Malformed if the statement in it does not hold."""
    match said:
        case PairedRecord():
            return Paired(read_pair(said.statement))
        case IdentifiedRecord():
            return Identified(read_identity(said.statement), said.locator)
        case RetractedRecord():
            return Retracted(said.sequence)
        case ExpelledRecord():
            return Expelled(read_expulsion(said.statement))
        case SucceededRecord():
            return Succeeded(read_successor(said.statement))
        case RewordedRecord():
            return Reworded(read_rewording(said.statement))


def statement_in(said: BodyRecord) -> bytes | None:
    """The digest of the statement in it, or None if it carries none."""
    return None if isinstance(said, RetractedRecord) else digest_of(said.statement)


def names(said: Body, node: NodeId) -> bool:
    """True unless it carries a statement that has to name the chain's node and does not name `node`."""
    match said:
        case Paired(pair):
            return pair.names(node)
        case Identified(statement):
            return statement.node == node
        case Succeeded(succession):
            return node in (succession.predecessor, succession.successor)
        case Reworded(rewording):
            return rewording.node == node
        case Retracted() | Expelled():
            return True
