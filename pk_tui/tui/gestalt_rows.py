"""Who is who, as a tree: me and every gestalt, below each its nodes, what is shared with it and what was cloned from it.

Rules alone: which rows there are, which of them show, and what stands in them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from pk_tui.api.views import ConnectionView, GestaltView, NodeView, SharedView, StatusView, VaultView
from pk_tui.terms import NodeId
from pk_tui.tui.node_rows import State, clones_from


class Kind(Enum):
    ME = "me"
    GESTALT = "gestalt"
    NODE = "node"
    SHARED = "shared"
    """A vault of ours that the gestalt may clone."""
    CLONE = "clone"
    """Our clone of a vault of theirs."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One row. `name` is as it was given, not safe to show. `party`: a node of the gestalt it belongs to; None for what is
    ours."""

    kind: Kind
    key: str
    depth: int
    name: str
    party: NodeId | None = None
    trusted: bool = False
    node: NodeId | None = None
    state: State | None = None
    shared: SharedView | None = None
    clone: VaultView | None = None

    @property
    def parent(self) -> str:
        """The key of the row it lies under; empty for those at the top."""
        return self.key.rpartition("/")[0]

    @property
    def is_branch(self) -> bool:
        return self.depth == 0


def branches(
    status: StatusView | None,
    gestalts: Iterable[GestaltView],
    nodes: Iterable[NodeView],
    connections: Iterable[ConnectionView],
    vaults: Collection[VaultView],
) -> list[Branch]:
    """All rows from top to bottom, as if every branch were open: me, then the others by name."""
    names = {row.node_id: row.petname for row in nodes}
    states = {row.node_id: State(row.state) for row in connections}
    rows: list[Branch] = []
    if status is not None:
        rows.append(Branch(Kind.ME, "me", 0, "me", trusted=True))
        rows.append(Branch(Kind.NODE, f"me/{status.node_id}", 1, "this node", trusted=True, node=status.node_id))
    parties = sorted((_name_of(one, names), one.gestalt, one) for one in gestalts)
    for (_, name), _, gestalt in parties:
        rows += _party(name, gestalt, states, vaults)
    return rows


def _name_of(gestalt: GestaltView, names: dict[NodeId, str | None]) -> tuple[tuple[bool, str], str]:
    """What it is sorted by, and what it is called: by the name of its first node that has one. Those without come last."""
    name = next((found for node in gestalt.nodes if (found := names.get(node))), "")
    return (not name, name.casefold()), name


def _party(
    name: str, gestalt: GestaltView, states: dict[NodeId, State], vaults: Collection[VaultView]
) -> Iterator[Branch]:
    key, first, trusted = gestalt.gestalt, gestalt.nodes[0] if gestalt.nodes else None, gestalt.trusted
    title = name or (f"{first.short}…" if first is not None else key)
    yield Branch(Kind.GESTALT, key, 0, title, first, trusted, first)
    for node in gestalt.nodes:
        state = states.get(node, State.OFFLINE)
        yield Branch(Kind.NODE, f"{key}/{node}", 1, name, first, trusted, node, state)
    for shared in gestalt.shared:
        yield Branch(Kind.SHARED, f"{key}/to:{shared.vault_id}", 1, shared.name, first, trusted, shared=shared)
    for node in gestalt.nodes:
        for clone in clones_from(node, vaults):
            yield Branch(Kind.CLONE, f"{key}/from:{clone.vault_id}", 1, clone.name, first, trusted, clone=clone)


def showing(rows: Iterable[Branch], folded: Collection[str], words: str = "") -> list[Branch]:
    """Those that show: what lies in a folded branch does not. With words, every branch in which all of them occur is shown
    whole and open."""
    wanted = words.casefold().split()
    if not wanted:
        return [row for row in rows if row.parent not in folded]
    every = list(rows)
    found: dict[str, str] = {}
    for row in every:
        found[row.parent or row.key] = found.get(row.parent or row.key, "") + "\n" + _searched(row)
    return [row for row in every if all(word in found[row.parent or row.key] for word in wanted)]


def _searched(row: Branch) -> str:
    return f"{row.name}\n{row.node or ''}\n{row.state or ''}".casefold()
