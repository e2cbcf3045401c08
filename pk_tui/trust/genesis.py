"""The first claim of a node: this is my key, and this recovery key may speak for me when it is lost. Both keys sign it.

The recovery key signs too, so that nobody can name a key that is not theirs; and each key signs for a purpose of its own, so
neither signature stands in for the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pk_tui.clock import Instant
from pk_tui.crypto.keys import RecoveryKey, SigningKey, verifies
from pk_tui.errors import Malformed
from pk_tui.records import Bytes32, Bytes64, Meta, Record, Time, encode
from pk_tui.terms import NodeId
from pk_tui.trust.statement import NotSigned, read_exactly

CLAIM_LIMIT = 512
"""Bytes of a whole claim; a genesis claim takes about 270."""

_BY_NODE = "claim genesis"
_BY_RECOVERY = "claim recovery"


class _Genesis(Record, frozen=True, tag="genesis1"):
    node: Bytes32
    recovery: Bytes32
    recovery_box: Bytes32
    time: Time


class _Claim(Record, frozen=True, tag="claim1"):
    body: Annotated[bytes, Meta(max_length=CLAIM_LIMIT)]
    by_node: Bytes64
    by_recovery: Bytes64


@dataclass(frozen=True, slots=True)
class GenesisClaim:
    """A verified first claim. `recovery` is an Ed25519 public key, `recovery_box` an X25519 one that root keys are sealed to."""

    node: NodeId
    recovery: bytes
    recovery_box: bytes
    time: Instant


@dataclass(frozen=True, slots=True)
class UnverifiedClaim:
    """Bytes that say they are a node's first claim. The claim itself comes out of `verify` alone."""

    raw: bytes

    def verify(self) -> GenesisClaim:
        """Raises Malformed if the bytes are no genesis claim, NotSigned if they are one that its two keys did not sign."""
        claim = read_exactly(_Claim, self.raw, CLAIM_LIMIT)
        said = read_exactly(_Genesis, claim.body, CLAIM_LIMIT)
        if said.node == said.recovery:
            raise Malformed("A first claim names the node's own key as its recovery key.")
        if not (
            verifies(said.node, _BY_NODE, claim.body, claim.by_node)
            and verifies(said.recovery, _BY_RECOVERY, claim.body, claim.by_recovery)
        ):
            raise NotSigned("A first claim does not carry the signatures of its node and its recovery key.")
        return GenesisClaim(NodeId(said.node), said.recovery, said.recovery_box, said.time)


def make_genesis(signing: SigningKey, recovery: RecoveryKey, now: Instant) -> bytes:
    """The first claim of a new node, signed by its key and by its recovery key."""
    body = encode(_Genesis(signing.node_id.raw, recovery.public, recovery.box_public, now))
    return encode(_Claim(body, signing.sign(_BY_NODE, body), recovery.signing.sign(_BY_RECOVERY, body)))
