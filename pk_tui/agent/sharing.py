"""Sharing a vault with a person, ending that, and what was seen meanwhile. The owner's side; `cloning` is the receiver's."""

from __future__ import annotations

from collections.abc import Sequence

from pk_tui.agent.agreeing import refuse_lost
from pk_tui.agent.auditing import SHARED_TOPIC, UNSHARED
from pk_tui.agent.beliefs import Moved
from pk_tui.agent.core import Core
from pk_tui.agent.directory import find_vault
from pk_tui.agent.exposure import exposed_to
from pk_tui.agent.gestalts import tell
from pk_tui.agent.members import describe_member, find_member, gestalt_name, in_order
from pk_tui.agent.payloads import VAULT_SHARE, VaultShareBody
from pk_tui.agent.rights import grant_for, holders, is_trusted
from pk_tui.agent.views import given
from pk_tui.api.views import ExposedView, PermissionView, ShareView
from pk_tui.clock import Instant, rfc3339
from pk_tui.errors import Misuse, PermissionDenied
from pk_tui.safe_text import safe_text
from pk_tui.store.vaultrecord import VaultRecord
from pk_tui.terms import VAULT_ACTIONS, Action, NodeId, SecretPath, VaultId, Vertex
from pk_tui.trust import sharing
from pk_tui.trust.entitlement import Change

SHARED = frozenset({Action.CLONE, Action.PULL, Action.SCAN})
"""What a share gives. The first two are granted; whoever has one may scan and sees that vault."""


async def share(core: Core, vault: str, member: str, not_after: Instant | None) -> ShareView:
    """Grant scan, clone and pull to every node of a gestalt, by any member of it, and tell them. Raises UnknownNode, or
    PermissionDenied if it is not trusted."""

    def job() -> tuple[ShareView, dict[NodeId, VaultShareBody], Moved]:
        record = find_vault(core.store, vault).record
        vault_id = VaultId(record.vault_id)
        whom = find_member(core, member, exact=True)
        _require_creator(core, record)
        _require_trusted(core, whom)
        if not_after is not None and not_after <= core.clock.now():
            raise Misuse("A share cannot end before it begins: the time given is not in the future.")
        beliefs = core.beliefs
        change = sharing.share(beliefs.held, beliefs.graph, whom, vault_id, SHARED & VAULT_ACTIONS, not_after)
        _require_somebody(core, whom, change)

        def also() -> None:
            until = None if not_after is None else rfc3339(not_after)
            _note(core, SHARED_TOPIC, record, whom, until=until)

        moved = beliefs.grant(core.store, change, core.clock.now(), also)
        bodies = {
            node: _body(record, found[1])
            for node in in_order(core, beliefs.graph.of(whom))
            if node != core.node_id and (found := grant_for(core, record, node)) is not None
        }
        return ShareView(vault_id, tuple(bodies), given(SHARED), not_after), bodies, moved

    view, bodies, moved = await core.desk.do(job)
    tell(core, Moved(moved.nodes | bodies.keys(), moved.vaults | {view.vault_id}))
    for node, body in bodies.items():
        await core.outbox.post(node, VAULT_SHARE, body)
        # A clone from an earlier share heard of nothing since that ended.
        core.announcing.tell(node, view.vault_id)
    return view


def _require_creator(core: Core, record: VaultRecord) -> None:
    if record.creator != core.node_id.raw:
        raise PermissionDenied(
            f"“{safe_text(record.name, 80)}” is a clone: only its owner {NodeId(record.creator).short}… can share it."
        )


def _require_trusted(core: Core, member: Vertex) -> None:
    if isinstance(member, NodeId) and member in core.beliefs.graph.expelled:  # to be trusted is no way back
        refuse_lost(core, member, describe_member(core, member))
    nodes = core.beliefs.graph.of(member).nodes
    if not any(is_trusted(core, node) for node in nodes):
        raise PermissionDenied(
            f"{describe_member(core, member)} is known but not trusted, so nothing is shared with it. Compare its id with its "
            f"owner, then trust it with `pk-tui identities trust {member}`."
        )


def _require_somebody(core: Core, member: Vertex, change: Change) -> None:
    """An identity can have lost all its nodes to a no, or to doubt."""
    if change.come and not frozenset().union(*(one.confirmed for one in change.come)) - {core.node_id}:
        raise PermissionDenied(
            f"Nothing was shared: none of the nodes of {describe_member(core, member)} is let in here. Name the node that is to "
            "have it."
        )


def _body(record: VaultRecord, grant: bytes) -> VaultShareBody:
    actions = tuple(sorted(action.value for action in SHARED))
    return VaultShareBody(record.vault_id, record.name, actions, record.creator, record.nonce, grant)


def _note(core: Core, topic: str, record: VaultRecord, member: Vertex, **details: object) -> None:
    """Into the audit. Desk work."""
    whom = {"node_id" if isinstance(member, NodeId) else "identity": str(member)}
    vault_id = str(VaultId(record.vault_id))
    core.auditing.note(core.store, topic, **whom, vault_id=vault_id, vault_name=record.name, **details)


async def unshare(core: Core, vault: str, member: str) -> Sequence[ExposedView]:
    """End the share for the whole gestalt; what its nodes have seen and that has not changed since is returned."""

    def revoke() -> tuple[VaultId, frozenset[NodeId], Moved]:
        record = find_vault(core.store, vault).record
        vault_id = VaultId(record.vault_id)
        whom = find_member(core, member, exact=True)
        beliefs = core.beliefs
        change = sharing.unshare(beliefs.held, beliefs.graph, whom, vault_id)
        moved = Moved()
        if change:
            moved = beliefs.grant(core.store, change, core.clock.now(), lambda: _note(core, UNSHARED, record, whom))
        return vault_id, beliefs.graph.of(whom).nodes | moved.nodes, moved

    vault_id, nodes, moved = await core.desk.do(revoke)
    tell(core, Moved(moved.nodes | nodes, moved.vaults | {vault_id}))
    exposed: dict[SecretPath, ExposedView] = {}
    for node in sorted(nodes):
        for row in await core.desk.steps(exposed_to(core.store, vault_id, node)):
            exposed.setdefault(row.path, row)
    return [exposed[path] for path in sorted(exposed, key=lambda path: path.parts)]


async def permissions(core: Core, vault: str) -> Sequence[PermissionView]:
    """Who may have this vault now."""

    def job() -> list[PermissionView]:
        found = holders(core, VaultId(find_vault(core.store, vault).record.vault_id))
        graph = core.beliefs.graph
        return [PermissionView(node, gestalt_name(graph.of(node)), given(found[node])) for node in sorted(found)]

    return await core.desk.do(job)
