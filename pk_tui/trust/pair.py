"""Two nodes' agreement that they belong together, signed by both: one makes a half, the other countersigns it.

Both sign the same bytes, which name both nodes and the recovery key of each: what one has agreed to nobody can put beside
another name. To agree is also to say that the other's recovery words may expel this node. A nonce makes each agreement another
one, so that one that was taken back does not come back.
"""

from __future__ import annotations

from dataclasses import dataclass

from pk_tui.clock import Instant
from pk_tui.crypto.entropy import random_bytes
from pk_tui.crypto.keys import SigningKey, verifies
from pk_tui.errors import Malformed, Misuse
from pk_tui.records import Bytes16, Bytes32, Bytes64, Record, Time, encode
from pk_tui.terms import NodeId
from pk_tui.trust.statement import NotSigned, digest_of, read_exactly, read_statement, sign_statement

PAIR_LIMIT = 512
"""Bytes of a whole pair statement; it takes about 320."""
NONCE_SIZE = 16

_PURPOSE = "pair"


class _Pair(Record, frozen=True, tag="pair1"):
    low: Bytes32
    high: Bytes32
    low_recovery: Bytes32
    high_recovery: Bytes32
    nonce: Bytes16
    time: Time


class _Agreed(Record, frozen=True, tag="pairing1"):
    body: bytes
    by_low: Bytes64
    by_high: Bytes64


@dataclass(frozen=True, slots=True)
class Party:
    """A node and the recovery key (Ed25519 public key) that its chain names now."""

    node: NodeId
    recovery: bytes


@dataclass(frozen=True, slots=True)
class Pair:
    """What two nodes agreed to; `low` has the lower id. `time` is the proposer's, only for showing.
    `digest` tells the statement."""

    low: Party
    high: Party
    nonce: bytes
    time: Instant
    digest: bytes

    def names(self, node: NodeId) -> bool:
        return node in (self.low.node, self.high.node)

    def own(self, node: NodeId) -> Party:
        """`node`, which is named, as the statement names it."""
        return self._sides(node)[0]

    def other(self, node: NodeId) -> Party:
        """The one that `node`, which is named, is paired with."""
        return self._sides(node)[1]

    def _sides(self, node: NodeId) -> tuple[Party, Party]:
        if not self.names(node):
            raise ValueError("the node is none of the two")
        return (self.low, self.high) if node == self.low.node else (self.high, self.low)


def make_half(signing: SigningKey, recovery: bytes, other: Party, now: Instant) -> bytes:
    """The proposer's half: what it wants to agree to, under its signature alone. `recovery`: its own recovery key.

    Raises Misuse for a node and itself, or a key in two places.
    """
    low, high = sorted((Party(signing.node_id, recovery), other), key=lambda party: party.node)
    said = _Pair(low.node.raw, high.node.raw, low.recovery, high.recovery, random_bytes(NONCE_SIZE), now)
    if _fault(said) is not None:
        raise Misuse("Only two different nodes, each with a recovery key of its own, can be paired.")
    return sign_statement(signing, _PURPOSE, said)


def parties_of(half: bytes) -> tuple[Party, Party]:
    """Whom a half that was made here names, the lower id first. Raises Malformed."""
    said = read_statement(_Pair, half).claimed
    return Party(NodeId(said.low), said.low_recovery), Party(NodeId(said.high), said.high_recovery)


def countersign(signing: SigningKey, recovery: bytes, half: bytes, proposer: Party) -> bytes:
    """The whole statement, of a half that `proposer` signed and that names exactly these two nodes and these recovery keys.

    Raises Malformed for any other: nothing is signed that was not looked at. That `proposer` is who is spoken with, and that its
    chain names that recovery key, is the caller's to know.
    """
    half_read = read_statement(_Pair, half)
    said = half_read.claimed
    mine = Party(signing.node_id, recovery)
    parties = parties_of(half)
    if _fault(said) is not None or parties not in ((mine, proposer), (proposer, mine)):
        raise Malformed("A proposal to pair two nodes does not name the two that are to be paired.")
    half_read.signed_by(proposer.node, _PURPOSE)
    own = signing.sign(_PURPOSE, half_read.body)
    by_low, by_high = (own, half_read.signature) if parties[0] == mine else (half_read.signature, own)
    return encode(_Agreed(half_read.body, by_low, by_high))


def read_pair(raw: bytes) -> Pair:
    """Raises Malformed if `raw` is no pair statement, NotSigned if not both of its nodes signed it."""
    agreed = read_exactly(_Agreed, raw, PAIR_LIMIT)
    said = read_exactly(_Pair, agreed.body, PAIR_LIMIT)
    fault = _fault(said)
    if fault is not None:
        raise Malformed(fault)
    if not (
        verifies(said.low, _PURPOSE, agreed.body, agreed.by_low)
        and verifies(said.high, _PURPOSE, agreed.body, agreed.by_high)
    ):
        raise NotSigned("A pair statement does not carry the signatures of both nodes.")
    return Pair(
        Party(NodeId(said.low), said.low_recovery),
        Party(NodeId(said.high), said.high_recovery),
        said.nonce,
        said.time,
        digest_of(raw),
    )


def _fault(said: _Pair) -> str | None:
    if not said.low < said.high:
        return "A pair statement does not name two nodes, the lower id first."
    if {said.low, said.high} & {said.low_recovery, said.high_recovery}:
        return "A pair statement names a node's key as a recovery key."
    return None
