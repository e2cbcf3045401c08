"""From stored records to the frozen views of the counter. Desk work, reads only."""

from __future__ import annotations

from pk_tui.agent.rights import actions_of, holders, is_trusted
from pk_tui.api.views import GestaltView, NodeView, OriginView, VaultView
from pk_tui.clock import Instant
from pk_tui.errors import PkError
from pk_tui.store.contacts import Contact
from pk_tui.store.node import NodeStore
from pk_tui.store.vaults import VaultFrames
from pk_tui.terms import Address, CommitId, NodeId, VaultId


def vault_view(store: NodeStore, frames: VaultFrames, now: Instant) -> VaultView:
    record = frames.record
    vault_id = VaultId(record.vault_id)
    origin = None
    if record.origin_node is not None and record.origin_vault is not None:
        origin = OriginView(NodeId(record.origin_node), VaultId(record.origin_vault))
    damage: str | None = None
    count = 0
    try:
        count = frames.facts(record.commit).secrets
    except PkError as error:  # one damaged vault never hides the others: the list shows it, with the reason
        damage = error.message
    except KeyError:
        damage = "The vault's newest version is missing from its index."
    return VaultView(
        vault_id=vault_id,
        name=record.name,
        head=CommitId(record.commit),
        secrets=count,
        origin=origin,
        read_only=record.read_only,
        shared_with=len(holders(store, record, now)),
        updated=record.updated,
        damaged=damage,
    )


def gestalt_view(store: NodeStore, contact: Contact) -> GestaltView:
    node = NodeId(contact.node)
    return GestaltView(
        gestalt=str(node),
        nodes=(node,),
        identities=(),
        actions=tuple(sorted(actions_of(store, contact))),
        trusted=is_trusted(contact),
    )


def node_view(contact: Contact) -> NodeView:
    return NodeView(
        node_id=NodeId(contact.node),
        petname=contact.petname,
        addresses=tuple(Address(host, port) for host, port in contact.addresses),
        last_seen=contact.last_seen,
        trusted=is_trusted(contact),
    )
