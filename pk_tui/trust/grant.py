"""Grants: a writer's signed word that a node may have a vault. It is shown to whoever holds a copy, so the word of the writer
counts at mirrors too. Whether it is enough for what is asked is `rights`' question; revocation is kept by the granter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pk_tui.clock import DAY, MINUTE, Instant
from pk_tui.crypto.keys import SigningKey
from pk_tui.errors import Malformed, Misuse, PermissionDenied
from pk_tui.records import Bytes32, Meta, Record, Time
from pk_tui.terms import VAULT_ACTIONS, Action, LineageId, NodeId
from pk_tui.trust.lineage import Lineage
from pk_tui.trust.statement import read_statement, sign_statement

DEFAULT_TERM = 90 * DAY
"""How long a grant lasts where no end was set. A new one is made at contact, so that only mirrors ever see one that is over."""
CLOCK_SLACK = 10 * MINUTE
"""What two clocks may differ without anybody losing a right."""

_PURPOSE = "grant"
ActionName = Literal["clone", "pull"]
_ACTION_NAMES: tuple[ActionName, ...] = ("clone", "pull")


class _Grant(Record, frozen=True, tag="grant1"):
    lineage: Bytes32
    writer: Bytes32
    grantee: Bytes32
    actions: Annotated[tuple[ActionName, ...], Meta(min_length=1, max_length=2)]
    not_after: Time
    serial: Annotated[int, Meta(ge=1, le=0x7FFF_FFFF_FFFF_FFFF)]
    onward: bool
    time: Time


@dataclass(frozen=True, slots=True)
class Grant:
    """A verified grant. Of two for one grantee the higher `serial` counts. `onward`: the grantee may share further."""

    lineage: LineageId
    writer: NodeId
    grantee: NodeId
    actions: frozenset[Action]
    not_after: Instant
    serial: int
    onward: bool
    time: Instant

    def is_live(self, now: Instant) -> bool:
        """True until `not_after`, and a little longer by our clock. A grant from the future is live: clocks are often wrong."""
        return now <= self.not_after + CLOCK_SLACK


def sign_grant(
    signing: SigningKey,
    lineage: Lineage,
    grantee: NodeId,
    actions: frozenset[Action],
    *,
    not_after: Instant,
    serial: int,
    now: Instant,
    onward: bool = False,
) -> bytes:
    """Raises PermissionDenied if the key is not a writer's, Misuse for a grant that says nothing or is over already."""
    if not lineage.is_writer(signing.node_id):
        raise PermissionDenied("Only a writer of a vault shares it, and this node is none.")
    if not actions or not actions <= VAULT_ACTIONS:
        raise Misuse("A vault is shared for `clone`, `pull` or both.")
    if grantee == signing.node_id:
        raise Misuse("A vault is not shared with the node it is on.")
    if not_after <= now:
        raise Misuse("The time until which the vault is to be shared is over already.")
    record = _Grant(
        lineage=lineage.id.raw,
        writer=signing.node_id.raw,
        grantee=grantee.raw,
        actions=tuple(name for name in _ACTION_NAMES if Action(name) in actions),
        not_after=not_after,
        serial=serial,
        onward=onward,
        time=now,
    )
    return sign_statement(signing, _PURPOSE, record)


def read_grant(raw: bytes, lineage: Lineage) -> Grant:
    """Raises Malformed if `raw` is no grant, is for another lineage, or is not signed by a writer of this one.

    Says nothing on whom it is shown by or whether it is still good: that is for whoever is shown it.
    """
    statement = read_statement(_Grant, raw)
    writer = NodeId(statement.claimed.writer)
    if statement.claimed.lineage != lineage.id.raw:
        raise Malformed("A grant is for another vault.")
    if not lineage.is_writer(writer):
        raise Malformed("A grant is signed by a node that is not a writer of the vault.")
    said = statement.signed_by(writer, _PURPOSE)
    return Grant(
        lineage=lineage.id,
        writer=writer,
        grantee=NodeId(said.grantee),
        actions=frozenset(Action(name) for name in said.actions),
        not_after=said.not_after,
        serial=said.serial,
        onward=said.onward,
        time=said.time,
    )
