"""From stored records to the frozen views of the counter. Desk work, reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pk_tui.agent.commits import head_facts
from pk_tui.agent.rights import actions_of, is_trusted
from pk_tui.agent.versions import Version
from pk_tui.api.views import GestaltView, NodeView, OriginView, SharedView, VaultView
from pk_tui.store.contacts import Contact
from pk_tui.store.vault import VaultFrames
from pk_tui.store.vaultrecord import VaultRecord
from pk_tui.terms import Action, Address, CommitId, NodeId, VaultId
from pk_tui.trust.grant import Grant
from pk_tui.vault import history


def vault_view(frames: VaultFrames, shared_with: int, behind: int | None, conflicts: int = 0) -> VaultView:
    """`shared_with`: how many nodes hold a live grant; `behind`: as `watching` says; `conflicts`: how many wait."""
    record = frames.record
    vault_id = VaultId(record.vault_id)
    origin = None
    if record.origin_node is not None and record.origin_vault is not None:
        origin = OriginView(NodeId(record.origin_node), VaultId(record.origin_vault))
    facts = head_facts(frames)
    return VaultView(
        vault_id=vault_id,
        name=record.name,
        head=CommitId(record.commit),
        secrets=facts.secrets if not isinstance(facts, str) else 0,
        origin=origin,
        read_only=record.read_only,
        shared_with=shared_with,
        updated=record.updated,
        damaged=facts if isinstance(facts, str) else None,
        behind=behind,
        fork=record.upstream is not None,
        conflicts=conflicts,
    )


def version_view(view: VaultView, version: Version) -> VaultView:
    """The vault as it was: what that version holds, since when, and never to be written."""
    made = history.read_commit(version.frames, version.commit).time
    secrets = version.frames.facts(version.tree).secrets
    return replace(view, head=version.commit, secrets=secrets, updated=made, read_only=True, damaged=None)


def gestalt_view(contact: Contact, shares: Iterable[tuple[VaultRecord, Grant]]) -> GestaltView:
    """`shares`: the vaults its node holds a live grant for, in any order."""
    node = NodeId(contact.node)
    shared = tuple(sorted((_shared_view(record, grant) for record, grant in shares), key=lambda view: view.name))
    return GestaltView(
        gestalt=str(node),
        nodes=(node,),
        identities=(),
        actions=tuple(sorted(actions_of(contact, bool(shared)))),
        trusted=is_trusted(contact),
        shared=shared,
    )


def _shared_view(record: VaultRecord, grant: Grant) -> SharedView:
    return SharedView(VaultId(record.vault_id), record.name, actions_given(grant))


def actions_given(grant: Grant) -> tuple[Action, ...]:
    """What a live grant lets its holder do: whoever holds one may also scan, and sees the vault."""
    return tuple(sorted({*grant.actions, Action.SCAN}))


def node_view(contact: Contact) -> NodeView:
    return NodeView(
        node_id=NodeId(contact.node),
        petname=contact.petname,
        addresses=tuple(Address(host, port) for host, port in contact.addresses),
        last_seen=contact.last_seen,
        trusted=is_trusted(contact),
    )
