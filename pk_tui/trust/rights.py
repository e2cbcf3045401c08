"""May this node do that? One pure function decides, from what was granted, the gestalts of now, and the time; every request of a
peer ends here, and so does every batch that is sent.

A right never comes from a name, nor from belonging together alone: it was granted to a member of the node's gestalt, and this
very node was confirmed for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pk_tui.clock import Instant
from pk_tui.terms import GESTALT_ACTIONS, VAULT_ACTIONS, Action, NodeId, VaultId
from pk_tui.trust.entitlement import Entitlement, Entitlements
from pk_tui.trust.gestalt import Graph


@dataclass(frozen=True, slots=True)
class Allowed:
    pass


@dataclass(frozen=True, slots=True)
class Refused:
    """`reason` is for our own log alone: from outside “not there” and “not allowed” look the same."""

    reason: str

    def __bool__(self) -> Literal[False]:
        """So that `if decide(...)` cannot let anybody in."""
        return False


Decision = Allowed | Refused


def decide(
    action: Action, *, asker: NodeId, vault: VaultId | None, held: Entitlements, graph: Graph, now: Instant
) -> Decision:
    """Whether `asker`, whom the session has proved, may do `action`.

    vault: which vault is asked about. A scan asks as a whole (None: the right to scan is enough, or any vault that is shared) and
    for each vault it would show (which the right to scan alone does not open). There is nothing else to know of a vault: the
    entitlements on one end with it, so that one that is gone, or never was, is refused as any other.
    """
    if asker in graph.expelled:
        return Refused("the node was expelled")
    if action is Action.SCAN:
        return _decide_scan(asker, vault, held, graph, now)
    if action not in (GESTALT_ACTIONS if vault is None else VAULT_ACTIONS):
        return Refused(f"{action} is not what can be done there")
    fault = "nothing that was granted names this node"
    for one in held.naming_on(asker, vault):
        if action not in one.actions:
            fault = f"what was granted is not {action}"
            continue
        why = _fault(one, asker, graph, now)
        if why is None:
            return Allowed()
        fault = why
    return Refused(fault)


def _decide_scan(asker: NodeId, vault: VaultId | None, held: Entitlements, graph: Graph, now: Instant) -> Decision:
    fault = "nothing that was granted names this node"
    for one in held.naming(asker) if vault is None else held.naming_on(asker, vault):
        if one.vault is None and Action.SCAN not in one.actions:
            fault = "what was granted is not scan"
            continue
        why = _fault(one, asker, graph, now)
        if why is None:
            return Allowed()
        fault = why
        if vault is None and not one.is_live(now):
            break  # so are all behind it: many vaults that were shared once cost nothing
    return Refused(fault)


def _fault(one: Entitlement, node: NodeId, graph: Graph, now: Instant) -> str | None:
    """Why an entitlement gives nothing to this node, which is not expelled; None if it gives what it says."""
    if node not in one.confirmed:
        return "the node was not confirmed"
    if not one.is_live(now):
        return "its time is over"
    if node not in graph.of(one.anchor):
        return "the node is not in the gestalt it was granted to"
    return None


def held_by(node: NodeId, held: Entitlements, graph: Graph, now: Instant) -> Iterator[Entitlement]:
    """What gives this node rights now: its answer to “what can it read?”."""
    if node not in graph.expelled:
        yield from (one for one in held.naming(node) if _fault(one, node, graph, now) is None)


def held_on(vault: VaultId, node: NodeId, held: Entitlements, graph: Graph, now: Instant) -> Iterator[Entitlement]:
    """What gives this node rights on this vault now."""
    if node not in graph.expelled:
        yield from (one for one in held.naming_on(node, vault) if _fault(one, node, graph, now) is None)


def holders(vault: VaultId, held: Entitlements, graph: Graph, now: Instant) -> dict[NodeId, frozenset[Action]]:
    """The nodes that may have this vault now, and for what: the answer to “who can read it?”."""
    found: dict[NodeId, frozenset[Action]] = {}
    for one in held.on(vault):
        for node in one.confirmed:
            if node not in graph.expelled and _fault(one, node, graph, now) is None:
                found[node] = found.get(node, frozenset()) | one.actions
    return found
