"""Who may do what, in the plainest way: a list of everything that was ever done and of how the world was then. Each answer goes
through the list from each grant on. It shares no code with the program but its nouns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trust.plain_people import World

from pk_tui.terms import Action, NodeId, VaultId, Vertex

SLACK = 10 * 60 * 1_000_000

Key = tuple[Vertex, VaultId | None, frozenset[Action], int | None, NodeId | None]
"""What was shown of a grant to somebody who confirmed a node for it: to whom, what, until when, and whom the node follows."""


@dataclass(frozen=True)
class Facts:
    """How the world was at one time."""

    parties: dict[Vertex, frozenset[Vertex]]
    out: set[NodeId]
    forked: set[NodeId]
    heirs: dict[NodeId, set[NodeId]]

    def party(self, of: Vertex) -> frozenset[Vertex]:
        return self.parties.get(of) or frozenset({of})

    def may_belong(self, anchor: Vertex) -> set[Vertex]:
        """Who can be named for what this member was granted."""
        if anchor in self.out:
            return {*self.heirs.get(anchor, ())}
        return {*self.party(anchor)} - self.out


@dataclass(frozen=True)
class Granted:
    facts: Facts
    member: Vertex
    vault: VaultId | None
    actions: frozenset[Action]
    until: int | None
    named: frozenset[Vertex]
    refused: frozenset[Vertex]


@dataclass(frozen=True)
class Ended:
    facts: Facts
    member: Vertex
    vault: VaultId | None
    actions: frozenset[Action]


@dataclass(frozen=True)
class Deleted:
    facts: Facts
    vault: VaultId


@dataclass(frozen=True)
class Answered:
    facts: Facts
    node: NodeId
    gains: frozenset[Key]
    yes: bool


@dataclass(frozen=True)
class Turned:
    """The world is another one now."""

    facts: Facts


Deed = Granted | Ended | Deleted | Answered | Turned


@dataclass
class Grant:
    """What became of one grant."""

    anchor: Vertex
    vault: VaultId | None
    actions: set[Action]
    until: int | None
    named: set[Vertex]
    refused: set[Vertex]

    def live(self, now: int) -> bool:
        return self.until is None or now <= self.until + SLACK

    def key(self, facts: Facts) -> Key:
        follows = self.anchor if isinstance(self.anchor, NodeId) and self.anchor in facts.out else None
        return self.anchor, self.vault, frozenset(self.actions), self.until, follows


class PlainRights:
    def __init__(self, world: World) -> None:
        self.done: list[Deed] = []
        self.facts = Facts({}, set(), set(), {})
        self._open: list[int] = []  # grants that had not ended when last looked at; what has ended never comes back
        self.turn(world)

    # ---- what is done ----

    def turn(self, world: World) -> None:
        out = world.out()
        heirs = {node: world.heirs(node) for node in out}
        self.facts = Facts(world.parties(), out, set(world.forks), heirs)
        self.done.append(Turned(self.facts))

    def grant(self, member: Vertex, vault: VaultId | None, actions: Iterable[Action], until: int | None) -> None:
        party = {vertex for vertex in self.facts.party(member) if isinstance(vertex, NodeId)}
        refused = {node for one in self.grants() if one.anchor in self.facts.party(member) for node in one.refused}
        refused = (refused & party) - {member}
        named = party - refused - self.facts.forked
        self._open.append(len(self.done))
        self.done.append(
            Granted(self.facts, member, vault, frozenset(actions), until, frozenset(named), frozenset(refused))
        )

    def end(self, member: Vertex, vault: VaultId | None, actions: Iterable[Action]) -> None:
        self.done.append(Ended(self.facts, member, vault, frozenset(actions)))

    def delete(self, vault: VaultId) -> None:
        self.done.append(Deleted(self.facts, vault))

    def answer(self, node: NodeId, gains: Iterable[Key], yes: bool) -> None:
        self.done.append(Answered(self.facts, node, frozenset(gains), yes))

    # ---- what follows ----

    def grants(self) -> list[Grant]:
        """Every grant that has not ended, as it is now."""
        found = [(at, self._followed(at)) for at in self._open]
        self._open = [at for at, grant in found if grant is not None]
        return [grant for _, grant in found if grant is not None]

    def _followed(self, at: int) -> Grant | None:
        made = self.done[at]
        assert isinstance(made, Granted)
        grant = Grant(made.member, made.vault, {*made.actions}, made.until, {*made.named}, {*made.refused})
        for deed in self.done[at + 1 :]:
            if isinstance(deed, Turned):
                if grant.anchor in deed.facts.out and not deed.facts.heirs.get(grant.anchor):  # type: ignore[call-overload]
                    return None
                belong = deed.facts.may_belong(grant.anchor)
                grant.named &= set() if grant.anchor in deed.facts.out else belong
                grant.refused &= belong
            elif isinstance(deed, Granted):
                if (deed.member, deed.vault) == (grant.anchor, grant.vault):
                    grant.actions -= deed.actions
            elif isinstance(deed, Ended):
                party = deed.facts.party(deed.member)
                concerned = grant.anchor in party or (
                    grant.anchor in deed.facts.out and party & deed.facts.may_belong(grant.anchor)
                )
                if deed.vault == grant.vault and concerned:
                    grant.actions -= deed.actions
            elif isinstance(deed, Deleted):
                if deed.vault == grant.vault:
                    return None
            else:
                self._answered(grant, deed)
            if not grant.actions:
                return None
        return grant

    @staticmethod
    def _answered(grant: Grant, deed: Answered) -> None:
        facts, node = deed.facts, deed.node
        if grant.key(facts) not in deed.gains or node in grant.named or node not in facts.may_belong(grant.anchor):
            return
        if not deed.yes:
            grant.refused.add(node)
        elif node in facts.forked:
            return
        elif grant.anchor in facts.out:
            grant.anchor, grant.named, grant.refused = node, {node}, set()
        else:
            grant.named.add(node)
            grant.refused.discard(node)

    # ---- the answers ----

    def rights(self, grants: Iterable[Grant], now: int) -> set[tuple[NodeId, Action, VaultId | None]]:
        """All that anybody may do now."""
        return {right for grant in grants if grant.live(now) for right in self._given(grant)}

    def _given(self, grant: Grant) -> Iterator[tuple[NodeId, Action, VaultId | None]]:
        for node in grant.named:
            assert isinstance(node, NodeId)
            assert grant.anchor in self.facts.party(node), "a right without one that it was granted to"
            for action in grant.actions:
                yield node, action, grant.vault
            if grant.vault is not None:
                yield node, Action.SCAN, grant.vault
                yield node, Action.SCAN, None

    def waiting(self, grants: Iterable[Grant], now: int) -> dict[NodeId, set[Key]]:
        found: dict[NodeId, set[Key]] = {}
        for grant in grants:
            for node in self.facts.may_belong(grant.anchor):
                if not isinstance(node, NodeId) or not grant.live(now):
                    continue
                if node not in grant.named | grant.refused | self.facts.forked:
                    found.setdefault(node, set()).add(grant.key(self.facts))
        return found
