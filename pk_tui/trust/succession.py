"""The first claim of a node that was restored from a backup by its password alone, without the recovery words.

It has a new key. That it succeeds the old node is signed by both node keys, which shows no more than that whoever restored it
held the old node's key. Only the recovery key can speak for that; so this is a claim of another type than a genesis claim,
and who verifies genesis claims does not take it for one. The recovery key stays the one that the old node's first claim names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pk_tui.clock import Instant
from pk_tui.crypto.keys import SigningKey, verifies
from pk_tui.errors import Malformed
from pk_tui.records import Bytes32, Bytes64, Meta, Record, Time, encode
from pk_tui.terms import NodeId
from pk_tui.trust.genesis import CLAIM_LIMIT, UnverifiedClaim
from pk_tui.trust.statement import NotSigned, read_exactly

_BY_NODE = "claim succession"
_BY_PREDECESSOR = "claim succeeded"


class _Succession(Record, frozen=True, tag="succession1"):
    node: Bytes32
    predecessor: Bytes32
    recovery: Bytes32
    recovery_box: Bytes32
    time: Time


class _Signed(Record, frozen=True, tag="succeeds1"):
    body: Annotated[bytes, Meta(max_length=CLAIM_LIMIT)]
    by_node: Bytes64
    by_predecessor: Bytes64


@dataclass(frozen=True, slots=True)
class Succession:
    """A verified claim. `recovery` and `recovery_box` are public keys, as the predecessor's first claim named them."""

    node: NodeId
    predecessor: NodeId
    recovery: bytes
    recovery_box: bytes
    time: Instant


@dataclass(frozen=True, slots=True)
class UnverifiedSuccession:
    """Bytes that say they are such a claim."""

    raw: bytes

    def verify(self) -> Succession:
        """Raises Malformed if the bytes are none, NotSigned if they are one that its two keys did not sign."""
        signed = read_exactly(_Signed, self.raw, CLAIM_LIMIT)
        said = read_exactly(_Succession, signed.body, CLAIM_LIMIT)
        if said.recovery in (said.node, said.predecessor) or said.node == said.predecessor:
            raise Malformed("A claim of succession names one key twice.")
        if not (
            verifies(said.node, _BY_NODE, signed.body, signed.by_node)
            and verifies(said.predecessor, _BY_PREDECESSOR, signed.body, signed.by_predecessor)
        ):
            raise NotSigned("A claim of succession does not carry the signatures of both nodes.")
        return Succession(NodeId(said.node), NodeId(said.predecessor), said.recovery, said.recovery_box, said.time)


def make_succession(
    signing: SigningKey, predecessor: SigningKey, recovery: bytes, recovery_box: bytes, now: Instant
) -> bytes:
    """The first claim of the node of `signing`, which goes on where that of `predecessor` was."""
    body = encode(_Succession(signing.node_id.raw, predecessor.node_id.raw, recovery, recovery_box, now))
    return encode(_Signed(body, signing.sign(_BY_NODE, body), predecessor.sign(_BY_PREDECESSOR, body)))


def recovery_key_of(first_claim: bytes) -> bytes:
    """The recovery key (Ed25519 public key) that a node's own first claim names, of whichever type it is.

    For the node itself, about its own claim: of others only a genesis claim is believed. Raises Malformed.
    """
    try:
        return UnverifiedClaim(first_claim).verify().recovery
    except Malformed:
        return UnverifiedSuccession(first_claim).verify().recovery
