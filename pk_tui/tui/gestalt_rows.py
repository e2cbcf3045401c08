"""Who is who, as a tree: me and every gestalt, below each its nodes, what is shared with it and what was cloned from it.

Rules alone: which rows there are, which of them show, and what stands in them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from pk_tui.api.trust import ForkView, PendingView
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


class Mark(Enum):
    """What is to be said of a node before anything else. In the order in which one counts more than another."""

    EXPELLED = "expelled"
    FORKED = "forked"
    WAITS = "waits"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Branch:
    """One row. `name` is as it was given, not safe to show. `party`: a node of the gestalt it belongs to; None for what is
    ours alone. `mark` with `gains`, what the node would get, is the node's; of a gestalt that of its node that counts most."""

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
    mark: Mark | None = None
    gains: PendingView | None = None
    is_alone: bool = False
    """A node that is its whole gestalt: its name stands above it already."""

    @property
    def parent(self) -> str:
        """The key of the row it lies under; empty for those at the top."""
        return self.key.rpartition("/")[0]

    @property
    def is_branch(self) -> bool:
        return self.depth == 0


@dataclass(frozen=True, slots=True)
class Marks:
    """Of which nodes there is something to be said before all else."""

    pending: Mapping[NodeId, PendingView] = field(default_factory=dict)
    rejected: Mapping[NodeId, PendingView] = field(default_factory=dict)
    forked: frozenset[NodeId] = frozenset()

    @classmethod
    def of(cls, pending: Iterable[PendingView], rejected: Iterable[PendingView], forks: Iterable[ForkView]) -> Marks:
        return cls(
            {one.node_id: one for one in pending},
            {one.node_id: one for one in rejected},
            frozenset(one.node_id for one in forks),
        )

    def on(self, node: NodeId, gestalt: GestaltView) -> Mark | None:
        if gestalt.expelled:
            return Mark.EXPELLED
        if node in self.forked:
            return Mark.FORKED
        if node in self.pending:
            return Mark.WAITS
        return Mark.REJECTED if node in self.rejected else None

    def gains(self, node: NodeId) -> PendingView | None:
        return self.pending.get(node) or self.rejected.get(node)


def branches(
    status: StatusView | None,
    gestalts: Iterable[GestaltView],
    nodes: Iterable[NodeView],
    connections: Iterable[ConnectionView],
    vaults: Collection[VaultView],
    marks: Marks | None = None,
) -> list[Branch]:
    """All rows from top to bottom, as if every branch were open: me, then the others by name."""
    maker = _Maker(
        {row.node_id: row.petname for row in nodes},
        {row.node_id: State(row.state) for row in connections},
        vaults,
        marks or Marks(),
    )
    rows: list[Branch] = []
    everybody = list(gestalts)
    if status is not None:
        mine = own_gestalt(status.node_id, everybody)
        rows += maker.me(status.node_id, mine)
        everybody = [one for one in everybody if one is not mine]
    everybody += _unknown(maker.marks, everybody)
    for (_, name), _, gestalt in sorted((maker.sorted_by(one), one.gestalt, one) for one in everybody):
        rows += maker.party(name, gestalt)
    return rows


def _unknown(marks: Marks, gestalts: Iterable[GestaltView]) -> Iterator[GestaltView]:
    """Nodes that wait and that nothing else is known of: each follows one that is out."""
    known = {node for one in gestalts for node in one.nodes}
    for node in marks.pending:
        if node not in known:
            yield GestaltView(str(node), (node,), (), (), False)


def own_gestalt(own: NodeId, gestalts: Iterable[GestaltView]) -> GestaltView | None:
    """That of this node, if it has other nodes."""
    return next((one for one in gestalts if own in one.nodes), None)


def share_reaches(
    node: NodeId, own: NodeId | None, gestalts: Iterable[GestaltView], marks: Marks
) -> tuple[NodeId, ...]:
    """The nodes that get what is shared with this one: all of its gestalt but those that were rejected or have forked."""
    gestalt = next((one for one in gestalts if node in one.nodes), None)
    if gestalt is None:
        return (node,)
    return tuple(
        one
        for one in gestalt.nodes
        if one == node or (one != own and one not in marks.rejected and one not in marks.forked)
    )


@dataclass(frozen=True, slots=True)
class _Maker:
    names: Mapping[NodeId, str | None]
    states: Mapping[NodeId, State]
    vaults: Collection[VaultView]
    marks: Marks

    def sorted_by(self, gestalt: GestaltView) -> tuple[tuple[bool, str], str]:
        """What it is sorted by, and what it is called: by the name of its first node that has one. Those without come last."""
        name = next((found for node in gestalt.nodes if (found := self.names.get(node))), "")
        return (not name, name.casefold()), name

    def me(self, own: NodeId, mine: GestaltView | None) -> Iterator[Branch]:
        others = [] if mine is None else [node for node in mine.nodes if node != own]
        mark, gains = self._foremost(others, mine)
        here = Mark.FORKED if own in self.marks.forked else None
        yield Branch(Kind.ME, "me", 0, "me", trusted=True, mark=here or mark, gains=gains)
        yield Branch(Kind.NODE, f"me/{own}", 1, "this node", trusted=True, node=own, mark=here)
        if mine is not None and others:
            yield from self._below("me", others, mine, others[0])

    def party(self, name: str, gestalt: GestaltView) -> Iterator[Branch]:
        first = gestalt.nodes[0] if gestalt.nodes else None
        title = name or (f"{first.short}…" if first is not None else gestalt.gestalt)
        mark, gains = self._foremost(gestalt.nodes, gestalt)
        yield Branch(
            Kind.GESTALT, gestalt.gestalt, 0, title, first, gestalt.trusted, first, mark=mark, gains=gains
        )  # fmt: skip
        yield from self._below(gestalt.gestalt, gestalt.nodes, gestalt, first)

    def _below(self, key: str, nodes: Sequence[NodeId], gestalt: GestaltView, party: NodeId | None) -> Iterator[Branch]:
        trusted = gestalt.trusted
        for node in nodes:
            yield Branch(
                Kind.NODE,
                f"{key}/{node}",
                1,
                self.names.get(node) or "",
                node if key == "me" else party,
                trusted,
                node,
                self.states.get(node, State.OFFLINE),
                mark=self.marks.on(node, gestalt),
                gains=self.marks.gains(node),
                is_alone=len(gestalt.nodes) == 1,
            )
        for shared in gestalt.shared:
            yield Branch(Kind.SHARED, f"{key}/to:{shared.vault_id}", 1, shared.name, party, trusted, shared=shared)
        for node in nodes:
            for clone in clones_from(node, self.vaults):
                yield Branch(Kind.CLONE, f"{key}/from:{clone.vault_id}", 1, clone.name, node, trusted, clone=clone)

    def _foremost(self, nodes: Sequence[NodeId], gestalt: GestaltView | None) -> tuple[Mark | None, PendingView | None]:
        """What counts most of what is to be said of these; of nodes to which one has said no there is nothing to be said."""
        marks = [] if gestalt is None else [(self.marks.on(node, gestalt), node) for node in nodes]
        for wanted in (Mark.EXPELLED, Mark.FORKED, Mark.WAITS):
            for mark, node in marks:
                if mark is wanted:
                    return mark, self.marks.gains(node)
        return None, None


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
    mark = row.mark.value if row.mark is not None else ""
    return f"{row.name}\n{row.node or ''}\n{row.state or ''}\n{mark}".casefold()
