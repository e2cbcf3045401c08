"""Who may do what here: the rule in `trust.rights`, asked with what is believed now; and the grants, on paper, that follow from
it. Desk work.

What was granted are entitlements. A signed grant is made of one when a node is to have it in hand: to show it at mirrors, and to
see when it is over. It lasts as long as the entitlement, or for a term that any contact renews.
"""

from __future__ import annotations

from collections.abc import Iterable

from pk_tui.agent.core import Core
from pk_tui.clock import Instant
from pk_tui.errors import Malformed
from pk_tui.store.grants import IssuedGrant, ReceivedGrant
from pk_tui.store.node import NodeStore
from pk_tui.store.vaultrecord import VaultRecord
from pk_tui.terms import Action, NodeId, VaultId
from pk_tui.trust import rights
from pk_tui.trust.entitlement import Entitlement
from pk_tui.trust.grant import DEFAULT_TERM, Grant, read_grant, sign_grant
from pk_tui.trust.lineage import Lineage
from pk_tui.trust.rights import Allowed


def lineage_of(record: VaultRecord) -> Lineage:
    return Lineage(NodeId(record.creator), record.nonce)


def allows(core: Core, node: NodeId, action: Action, vault: VaultId | None = None) -> bool:
    """Whether `node` may do that now; with `vault` None, whether its gestalt may."""
    return isinstance(core.beliefs.may(node, action, vault, core.clock.now()), Allowed)


def is_trusted(core: Core, node: NodeId) -> bool:
    """Trusting a node is allowing it to notify us."""
    return allows(core, node, Action.NOTIFY)


def holders(core: Core, vault: VaultId) -> dict[NodeId, frozenset[Action]]:
    """The other nodes that may have this vault now, and for what. This one can be in a gestalt that something is granted to."""
    found = rights.holders(vault, core.beliefs.held, core.beliefs.graph, core.clock.now())
    return {node: actions for node, actions in found.items() if node != core.node_id}


def grant_for(core: Core, record: VaultRecord, node: NodeId) -> tuple[Grant, bytes] | None:
    """The signed grant to hand to `node` now, issued anew where it no longer says what was granted or is half over; None for who
    may not have the vault. Only its creator grants one."""
    vault, now = VaultId(record.vault_id), core.clock.now()
    live = _live(core, vault, node)
    if not live or record.creator != core.node_id.raw:
        return None
    actions = frozenset().union(*(one.actions for one in live))
    until = _until(live)
    row = core.store.grants.issued.get(vault, node)
    if row is not None and row.revoked is None:
        grant = read_grant(row.grant, lineage_of(record))
        if grant.actions == actions and _is_good_for(grant, until, now):
            return grant, row.grant
    if until is not None and until <= now:  # live by the slack of clocks alone: nothing is signed that is over already
        return None
    raw = sign_grant(
        core.signing,
        lineage_of(record),
        node,
        actions,
        not_after=now + DEFAULT_TERM if until is None else until,
        serial=1 if row is None else row.serial + 1,
        now=now,
    )
    core.store.grants.issued.put(IssuedGrant(record.vault_id, node.raw, raw, 1 if row is None else row.serial + 1))
    return read_grant(raw, lineage_of(record)), raw


def shared_until(core: Core, vault: VaultId, node: NodeId) -> Instant | None:
    """When the right of a node that has one on this vault ends; None if it has no end."""
    return _until(_live(core, vault, node))


def _live(core: Core, vault: VaultId, node: NodeId) -> list[Entitlement]:
    return list(rights.held_on(vault, node, core.beliefs.held, core.beliefs.graph, core.clock.now()))


def _until(live: Iterable[Entitlement]) -> Instant | None:
    """When the last of them ends; None if one has no end."""
    ends = [one.not_after for one in live]
    return None if None in ends else max(end for end in ends if end is not None)


def _is_good_for(grant: Grant, until: Instant | None, now: Instant) -> bool:
    if until is None:
        return grant.not_after - now >= DEFAULT_TERM // 2
    return grant.not_after == until


def keep_received(store: NodeStore, giver: NodeId, vault_id: bytes, name: str, lineage: Lineage, grant: bytes) -> None:
    """Keep a grant that another node handed to us, to show it wherever the vault is pulled from. One that its vault's writer did
    not sign, or not for us, is worth nothing and is not kept."""
    try:
        grantee = read_grant(grant, lineage).grantee
    except Malformed:
        return
    if grantee == store.signing.node_id:
        store.grants.received.put(ReceivedGrant(giver.raw, vault_id, grant, lineage.creator.raw, lineage.nonce, name))
