"""A node's recovery key gives way to a new one, since the words were changed. Both sign: the old one shows that it agrees, the
new one that somebody has it. The node's own signature is that of the claim that carries it."""

from __future__ import annotations

from dataclasses import dataclass

from pk_tui.clock import Instant
from pk_tui.crypto.keys import RecoveryKey, verifies
from pk_tui.errors import Malformed, Misuse
from pk_tui.records import Bytes32, Bytes64, Record, Time, encode
from pk_tui.terms import NodeId
from pk_tui.trust.statement import NotSigned, read_exactly

REWORDING_LIMIT = 512
"""Bytes of a whole statement; it takes about 310."""

_BY_OLD = "recovery old"
_BY_NEW = "recovery new"


class _Rewords(Record, frozen=True, tag="rewords1"):
    node: Bytes32
    old: Bytes32
    new: Bytes32
    new_box: Bytes32
    time: Time


class _Signed(Record, frozen=True, tag="rewording1"):
    body: bytes
    by_old: Bytes64
    by_new: Bytes64


@dataclass(frozen=True, slots=True)
class Rewording:
    """`old` and `new` are Ed25519 public keys, `new_box` the X25519 one that root keys are sealed to from now on."""

    node: NodeId
    old: bytes
    new: bytes
    new_box: bytes
    time: Instant


def make_rewording(old: RecoveryKey, new: RecoveryKey, node: NodeId, now: Instant) -> bytes:
    """Raises Misuse if one key stands for two."""
    said = _Rewords(node.raw, old.public, new.public, new.box_public, now)
    if _names_a_key_twice(said):
        raise Misuse("The new recovery words are the old ones.")
    body = encode(said)
    return encode(_Signed(body, old.signing.sign(_BY_OLD, body), new.signing.sign(_BY_NEW, body)))


def read_rewording(raw: bytes) -> Rewording:
    """Raises Malformed if `raw` is no such statement, NotSigned if not both recovery keys signed it."""
    signed = read_exactly(_Signed, raw, REWORDING_LIMIT)
    said = read_exactly(_Rewords, signed.body, REWORDING_LIMIT)
    if _names_a_key_twice(said):
        raise Malformed("A statement of a new recovery key names one key twice.")
    if not (
        verifies(said.old, _BY_OLD, signed.body, signed.by_old)
        and verifies(said.new, _BY_NEW, signed.body, signed.by_new)
    ):
        raise NotSigned("A statement of a new recovery key does not carry the signatures of both.")
    return Rewording(NodeId(said.node), said.old, said.new, said.new_box, said.time)


def _names_a_key_twice(said: _Rewords) -> bool:
    return len({said.node, said.old, said.new}) != 3
