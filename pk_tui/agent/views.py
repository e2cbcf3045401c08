"""From stored records to the frozen views of the counter. Desk work, reads only."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from pk_tui.agent.commits import head_facts
from pk_tui.agent.core import Core
from pk_tui.agent.members import describe_member, gestalt_name, in_order
from pk_tui.agent.rights import is_trusted
from pk_tui.agent.versions import Version
from pk_tui.api.views import GestaltView, LinkView, NodeView, OriginView, SharedView, VaultView
from pk_tui.errors import NotFound
from pk_tui.store.contacts import Contact
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import Action, Address, CommitId, NodeId, VaultId, Vertex
from pk_tui.trust.claim import Paired
from pk_tui.trust.entitlement import Entitlement
from pk_tui.trust.gestalt import Gestalt
from pk_tui.vault import history


def vault_view(frames: VaultFrames, shared_with: int, behind: int | None, conflicts: int = 0) -> VaultView:
    """`shared_with`: how many nodes may have it; `behind`: as `watching` says; `conflicts`: how many wait."""
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


def gestalt_view(core: Core, gestalt: Gestalt) -> GestaltView:
    """What was granted to any of its members and has not ended, whichever of its nodes are confirmed for it."""
    now = core.clock.now()
    live = [one for vertex in gestalt for one in core.beliefs.held.anchored(vertex) if one.is_live(now)]
    explicit = frozenset().union(*(one.actions for one in live if one.vault is None))
    shared = _shared_views(core, live)
    return GestaltView(
        gestalt=gestalt_name(gestalt),
        nodes=in_order(core, gestalt),
        identities=tuple(describe_member(core, identity) for identity in sorted(gestalt.identities)),
        actions=tuple(sorted(explicit | ({Action.SCAN} if shared else frozenset()))),
        trusted=Action.NOTIFY in explicit,
        shared=shared,
        links=_link_views(core, gestalt),
        expelled=not gestalt.nodes.isdisjoint(core.beliefs.graph.expelled),
    )


def _link_views(core: Core, gestalt: Gestalt) -> tuple[LinkView, ...]:
    """What joins its nodes, each link once, since the first statement that still stands."""
    views = []
    for node in sorted(gestalt.nodes):
        for link in core.beliefs.graph.links(node):
            if link.node == node and isinstance(link.other, NodeId):
                chain = core.beliefs.chains[node]
                times = [
                    claim.said.pair.time
                    for claim in chain.claims
                    if isinstance(claim.said, Paired) and claim.said.pair.digest in link.statements
                ]
                views.append(LinkView(node, link.other, min(times)))
    return tuple(views)


def _shared_views(core: Core, live: Iterable[Entitlement]) -> tuple[SharedView, ...]:
    granted: dict[VaultId, list[Entitlement]] = {}
    for one in live:
        if one.vault is not None:
            granted.setdefault(one.vault, []).append(one)
    views = []
    for vault, some in granted.items():
        with suppress(NotFound):  # it does not open
            views.append(
                SharedView(
                    vault_id=vault,
                    name=core.store.vaults.get(vault).record.name,
                    actions=given(frozenset().union(*(one.actions for one in some))),
                    through=tuple(sorted({_member_name(core, one.anchor) for one in some})),
                    nodes=tuple(sorted(frozenset().union(*(one.confirmed for one in some)))),
                )
            )
    return tuple(sorted(views, key=lambda view: view.name))


def _member_name(core: Core, member: Vertex) -> str:
    return str(member) if isinstance(member, NodeId) else describe_member(core, member)


def given(actions: Iterable[Action]) -> tuple[Action, ...]:
    """What a share lets its holder do: whoever holds one may also scan, and sees the vault."""
    return tuple(sorted({*actions, Action.SCAN}))


def node_view(core: Core, contact: Contact) -> NodeView:
    return NodeView(
        node_id=NodeId(contact.node),
        petname=contact.petname,
        addresses=tuple(Address(host, port) for host, port in contact.addresses),
        last_seen=contact.last_seen,
        trusted=is_trusted(core, NodeId(contact.node)),
    )
