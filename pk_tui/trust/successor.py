"""The word of a recovery key that one node goes on where another was: what a renewed key shows to those who knew the old one.

It is another thing than the first claim in `succession`, which only the two node keys sign.
"""

from __future__ import annotations

from dataclasses import dataclass

from pk_tui.clock import Instant
from pk_tui.crypto.keys import RecoveryKey
from pk_tui.errors import Malformed, Misuse
from pk_tui.records import Bytes32, Record, Time
from pk_tui.terms import NodeId
from pk_tui.trust.statement import read_statement, sign_statement

_PURPOSE = "succession"


class _Successor(Record, frozen=True, tag="successor1"):
    predecessor: Bytes32
    successor: Bytes32
    recovery: Bytes32
    time: Time


@dataclass(frozen=True, slots=True)
class Succession:
    """A recovery key's word that `successor` goes on where `predecessor` was."""

    predecessor: NodeId
    successor: NodeId
    recovery: bytes
    time: Instant


def make_successor(recovery: RecoveryKey, predecessor: NodeId, successor: NodeId, now: Instant) -> bytes:
    """Raises Misuse if one key stands for two."""
    if len({predecessor.raw, successor.raw, recovery.public}) != 3:
        raise Misuse("A node is followed by another one, and a recovery key is no node.")
    return sign_statement(recovery.signing, _PURPOSE, _Successor(predecessor.raw, successor.raw, recovery.public, now))


def read_successor(raw: bytes) -> Succession:
    """Raises Malformed if `raw` is no such statement, NotSigned if the recovery key it names did not sign it."""
    statement = read_statement(_Successor, raw)
    claimed = statement.claimed
    if len({claimed.predecessor, claimed.successor, claimed.recovery}) != 3:
        raise Malformed("A statement of succession names one key twice.")
    said = statement.signed_by(NodeId(claimed.recovery), _PURPOSE)
    return Succession(NodeId(said.predecessor), NodeId(said.successor), said.recovery, said.time)
