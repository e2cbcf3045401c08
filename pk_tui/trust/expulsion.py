"""The word of a recovery key that a node is lost and no longer to be believed. Whoever holds the device alone cannot say it."""

from __future__ import annotations

from dataclasses import dataclass

from pk_tui.clock import Instant
from pk_tui.crypto.keys import RecoveryKey
from pk_tui.errors import Malformed, Misuse
from pk_tui.records import Bytes32, Record, Time
from pk_tui.terms import NodeId
from pk_tui.trust.statement import read_statement, sign_statement

_PURPOSE = "expulsion"


class _Expulsion(Record, frozen=True, tag="expulsion1"):
    expelled: Bytes32
    recovery: Bytes32
    time: Time


@dataclass(frozen=True, slots=True)
class Expulsion:
    """A recovery key's word that a node is lost. Whether that key may speak of that node is not decided here."""

    expelled: NodeId
    recovery: bytes
    time: Instant


def make_expulsion(recovery: RecoveryKey, expelled: NodeId, now: Instant) -> bytes:
    """Raises Misuse if the node's id is the recovery key itself."""
    if expelled.raw == recovery.public:
        raise Misuse("A recovery key is no node and cannot be expelled.")
    return sign_statement(recovery.signing, _PURPOSE, _Expulsion(expelled.raw, recovery.public, now))


def read_expulsion(raw: bytes) -> Expulsion:
    """Raises Malformed if `raw` is no such statement, NotSigned if the recovery key it names did not sign it."""
    statement = read_statement(_Expulsion, raw)
    if statement.claimed.expelled == statement.claimed.recovery:
        raise Malformed("A statement of expulsion names one key twice.")
    said = statement.signed_by(NodeId(statement.claimed.recovery), _PURPOSE)
    return Expulsion(NodeId(said.expelled), said.recovery, said.time)
