"""How entitlements come and go: by what the granter does, and by what becomes of gestalts.

Each function looks at the entitlements there are and gives the change; who keeps them carries it out. Only `share`, `allow` and
`confirm` ever give a node anything, and each is somebody's deed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from pk_tui.clock import Instant
from pk_tui.errors import PermissionDenied
from pk_tui.terms import Action, NodeId, VaultId, Vertex
from pk_tui.trust.entitlement import Change, Entitlement, Entitlements
from pk_tui.trust.gestalt import Graph

_NOBODY: frozenset[NodeId] = frozenset()


@dataclass(frozen=True, slots=True)
class Gain:
    """What confirming a node would give it. `follows`: the node it succeeds, if that is how it comes to it."""

    anchor: Vertex
    vault: VaultId | None
    actions: frozenset[Action]
    not_after: Instant | None
    follows: NodeId | None


@dataclass(frozen=True, slots=True)
class Pending:
    """A node that came to a gestalt which holds rights here, and has none of them until it is confirmed."""

    node: NodeId
    gains: tuple[Gain, ...]


# ---- what the granter does ----


def share(
    held: Entitlements,
    graph: Graph,
    member: Vertex,
    vault: VaultId,
    actions: frozenset[Action],
    not_after: Instant | None = None,
) -> Change:
    """Grant a vault to every node that is in the member's gestalt now."""
    return _grant(held, graph, member, vault, actions, not_after)


def allow(
    held: Entitlements, graph: Graph, member: Vertex, actions: frozenset[Action], not_after: Instant | None = None
) -> Change:
    """Grant rights of a gestalt to every node that is in the member's gestalt now."""
    return _grant(held, graph, member, None, actions, not_after)


def unshare(held: Entitlements, graph: Graph, member: Vertex, vault: VaultId) -> Change:
    """End a vault's entitlements for the whole gestalt of the member."""
    return Change(gone=frozenset(_of_gestalt(held.on(vault), graph, member)))


def disallow(held: Entitlements, graph: Graph, member: Vertex, actions: frozenset[Action]) -> Change:
    """End these rights for the whole gestalt of the member."""
    old = frozenset(_of_gestalt(held.on(None), graph, member))
    return Change.of(old, _without(old, actions))


def without_vault(held: Entitlements, vault: VaultId) -> Change:
    """End every entitlement on a vault, as when it is deleted. Its id is never given again."""
    return Change(gone=frozenset(held.on(vault)))


def confirm(held: Entitlements, graph: Graph, node: NodeId, gains: Collection[Gain]) -> Change:
    """Give `node` what it waits for, of `gains` alone: what the granter was shown is what is given.

    Who follows another takes the place of it as the one that was named. Raises PermissionDenied for a node that is expelled or
    whose chain has two branches.
    """
    _refuse_lost(graph, node)
    gone, come = [], []
    for one in _waiting_for(held, graph, node):
        if _gain(one, graph) not in gains:
            continue
        gone.append(one)
        if one.anchor in graph.expelled:
            come.append(replace(one, anchor=node, confirmed=frozenset({node}), rejected=_NOBODY))
        else:
            come.append(replace(one, confirmed=one.confirmed | {node}, rejected=one.rejected - {node}))
    return Change.of(gone, come)


def reject(held: Entitlements, graph: Graph, node: NodeId, gains: Collection[Gain]) -> Change:
    """Say no to what `node` waits for, so that it is not asked again. What it was confirmed for it keeps."""
    old = [one for one in _waiting_for(held, graph, node) if _gain(one, graph) in gains]
    return Change.of(old, [replace(one, rejected=one.rejected | {node}) for one in old])


# ---- what becomes of gestalts ----


def settle(held: Entitlements, graph: Graph, moved: Iterable[Vertex] | None = None) -> Change:
    """What a change of the graph takes away. Never gives anything.

    A node that left the anchor's gestalt is no longer confirmed, nor rejected: when it comes back, it is asked about again. An
    entitlement whose anchor is expelled waits for a node that the anchor's own words name to follow it, and with none it ends.
    moved: the vertices that `Graph.changed` gave; None looks through everything.
    """
    old = [one for vertex in moved for one in held.anchored(vertex)] if moved is not None else list(held)
    return Change.of(old, [kept for one in old if (kept := _settled(one, graph)) is not None])


def _settled(one: Entitlement, graph: Graph) -> Entitlement | None:
    if isinstance(one.anchor, NodeId) and one.anchor in graph.expelled:
        heirs = graph.heirs(one.anchor)
        return replace(one, confirmed=_NOBODY, rejected=one.rejected & heirs) if heirs else None
    nodes = graph.of(one.anchor).nodes
    if one.confirmed <= nodes and one.rejected <= nodes:
        return one
    return replace(one, confirmed=one.confirmed & nodes, rejected=one.rejected & nodes)


# ---- who waits ----


def pending(held: Entitlements, graph: Graph, now: Instant) -> tuple[Pending, ...]:
    """Every node that waits for a word of the granter, with what it would gain. Who was rejected does not wait."""
    gains: dict[NodeId, set[Gain]] = {}
    for one in held:
        for node in _candidates(one, graph) - one.confirmed - one.rejected - graph.forked:
            if one.is_live(now):
                gains.setdefault(node, set()).add(_gain(one, graph))
    return tuple(Pending(node, _in_order(gains[node])) for node in sorted(gains))


def would_gain(held: Entitlements, graph: Graph, node: NodeId, now: Instant) -> tuple[Gain, ...]:
    """What confirming this one node would give it, where it was rejected too: a no may be taken back."""
    return _in_order({_gain(one, graph) for one in _waiting_for(held, graph, node) if one.is_live(now)})


def _candidates(one: Entitlement, graph: Graph) -> frozenset[NodeId]:
    if isinstance(one.anchor, NodeId) and one.anchor in graph.expelled:
        return graph.heirs(one.anchor)
    return graph.of(one.anchor).nodes


def _waiting_for(held: Entitlements, graph: Graph, node: NodeId) -> Iterator[Entitlement]:
    """What this node is a candidate for and not confirmed."""
    if node in graph.expelled:
        return
    for one in _anchored_with(held, graph, node):
        if node not in one.confirmed and node in _candidates(one, graph):
            yield one


def _gain(one: Entitlement, graph: Graph) -> Gain:
    follows = one.anchor if isinstance(one.anchor, NodeId) and one.anchor in graph.expelled else None
    return Gain(one.anchor, one.vault, one.actions, one.not_after, follows)


def _in_order(gains: Iterable[Gain]) -> tuple[Gain, ...]:
    return tuple(sorted(gains, key=_place_of))


def _place_of(one: Gain) -> tuple[bytes, str, list[Action], Instant]:
    vault = b"" if one.vault is None else one.vault.raw
    return vault, str(one.anchor), sorted(one.actions), -1 if one.not_after is None else one.not_after


# ---- the rest ----


def _grant(
    held: Entitlements,
    graph: Graph,
    member: Vertex,
    vault: VaultId | None,
    actions: frozenset[Action],
    not_after: Instant | None,
) -> Change:
    """The last word on one member, vault and action counts, its end and its nodes too; what was granted to others stands.

    A node to which the granter said no in this gestalt is not let in by the way: only by naming it, or confirming it.
    """
    if isinstance(member, NodeId):
        _refuse_lost(graph, member)
    gestalt = graph.of(member)
    rejected = _NOBODY.union(*(one.rejected for vertex in gestalt for one in held.anchored(vertex)))
    rejected = (rejected & gestalt.nodes) - {member}
    confirmed = gestalt.nodes - rejected - graph.forked
    old = [one for one in held.anchored(member) if one.vault == vault]
    new = Entitlement(member, vault, actions, not_after, confirmed, rejected)
    return Change.of(old, [new, *_without(old, actions)])


def _without(entitlements: Iterable[Entitlement], actions: frozenset[Action]) -> Iterator[Entitlement]:
    """What is left of them without these actions."""
    for one in entitlements:
        if one.actions - actions:
            yield replace(one, actions=one.actions - actions)


def _of_gestalt(some: Collection[Entitlement], graph: Graph, member: Vertex) -> Iterator[Entitlement]:
    """Those of them that the member's gestalt has, or that wait for one of its nodes to follow who had them."""
    gestalt = graph.of(member)
    for one in some:
        if one.anchor in gestalt or (
            one.anchor in graph.expelled and not gestalt.nodes.isdisjoint(_candidates(one, graph))
        ):
            yield one


def _anchored_with(held: Entitlements, graph: Graph, node: NodeId) -> Iterator[Entitlement]:
    for vertex in graph.of(node):
        yield from held.anchored(vertex)
    for vertex in graph.followers:
        if vertex in graph.expelled:
            yield from held.anchored(vertex)


def _refuse_lost(graph: Graph, node: NodeId) -> None:
    if node in graph.expelled:
        raise PermissionDenied(
            f"The node {node.short} was expelled by its owner's recovery words. It is granted nothing any more."
        )
    if node in graph.forked:
        raise PermissionDenied(
            f"The node {node.short} has shown two different histories of itself, so its key may be in two hands. It is granted "
            "nothing more; grant it to a node of theirs with a new key."
        )
