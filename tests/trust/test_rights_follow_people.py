"""No right without an explicit grant, no refusal of a granted one: whatever people do, and whatever becomes of their gestalts.

A state machine carries out each deed in the program's rules and in the plain ones, and compares every answer after every step.
"""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from trust.plain_people import NOW, Back, IdentityClaim, PairClaim, World, node, words
from trust.plain_rights import Key, PlainRights

from pk_tui.clock import DAY, MINUTE
from pk_tui.errors import PermissionDenied
from pk_tui.terms import GESTALT_ACTIONS, VAULT_ACTIONS, Action, IdentityId, NodeId, VaultId, Vertex
from pk_tui.trust.belief import Proof
from pk_tui.trust.entitlement import Change, Entitlements, read_entitlement, write_entitlement
from pk_tui.trust.gestalt import Graph
from pk_tui.trust.rights import Allowed, decide, held_by, holders
from pk_tui.trust.sharing import (
    Gain,
    Pending,
    allow,
    confirm,
    disallow,
    pending,
    reject,
    settle,
    share,
    unshare,
    without_vault,
    would_gain,
)
from pk_tui.trust.standing import Expulsion, Succession

NODES = [node(number) for number in range(5)]
IDENTITIES = [IdentityId("github", "1"), IdentityId("web", "example.org")]
NAMES = ["work", "home"]
ENDS = [None, None, 5 * MINUTE, DAY]
SPANS = [MINUTE, 11 * MINUTE, DAY, DAY + 10 * MINUTE, -DAY]

nodes = st.sampled_from(NODES)
identities = st.sampled_from(IDENTITIES)
members: st.SearchStrategy[Vertex] = st.sampled_from([*NODES, *NODES, *IDENTITIES])
names = st.sampled_from(NAMES)
numbers = st.integers(0, 15)
for_vaults = st.sampled_from([VAULT_ACTIONS, frozenset({Action.CLONE}), frozenset({Action.PULL})])
for_gestalts = st.sampled_from([frozenset({Action.NOTIFY}), frozenset({Action.SCAN}), GESTALT_ACTIONS])
ends = st.sampled_from(ENDS)
often = st.sampled_from([True, True, True, False])
lately = st.sampled_from([0, 0, 0, 1, 2, 5])
seldom = st.sampled_from([False] * 4 + [True])


class People(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.numbers = count(1)
        self.world = World({one: [] for one in NODES})
        self.graph = Graph.made_of(self.world.standings())
        self.held = Entitlements()
        self.plain = PlainRights(self.world)
        self.vaults = {name: self.new_vault() for name in NAMES}
        self.deleted: list[VaultId] = []
        self.shown: list[Pending] = []
        self.before: set[tuple[NodeId, Action, VaultId | None]] = set()
        self.may_gain = False

    def new_vault(self) -> VaultId:
        return VaultId(next(self.numbers).to_bytes(16, "big"))

    def carry_out(self, change: Change) -> None:
        before = set(self.held)
        assert change.gone <= before
        self.held.apply(change)
        assert set(self.held) == (before - change.gone) | change.come

    @initialize(pairs=st.lists(st.tuples(nodes, nodes), max_size=3))
    def begin(self, pairs: list[tuple[NodeId, NodeId]]) -> None:
        for one, other in pairs:
            self.link(one, other, True)

    # ---- what the granter does ----

    @rule(member=members, name=names, actions=for_vaults, end=ends)
    def share(self, member: Vertex, name: str, actions: frozenset[Action], end: int | None) -> None:
        self._grant(member, self.vaults[name], actions, end)

    @rule(member=members, actions=for_gestalts, end=ends)
    def allow(self, member: Vertex, actions: frozenset[Action], end: int | None) -> None:
        self._grant(member, None, actions, end)

    @rule(member=members)
    def trust(self, member: Vertex) -> None:
        self._grant(member, None, frozenset({Action.NOTIFY}), None)

    def _grant(self, member: Vertex, vault: VaultId | None, actions: frozenset[Action], end: int | None) -> None:
        until = None if end is None else self.now + end
        try:
            if vault is None:
                change = allow(self.held, self.graph, member, actions, until)
            else:
                change = share(self.held, self.graph, member, vault, actions, until)
        except PermissionDenied:
            assert member in self.plain.facts.out | self.plain.facts.forked
            return
        self.carry_out(change)
        self.plain.grant(member, vault, actions, until)
        self.may_gain = True

    @rule(member=members, name=names)
    def unshare(self, member: Vertex, name: str) -> None:
        self.carry_out(unshare(self.held, self.graph, member, self.vaults[name]))
        self.plain.end(member, self.vaults[name], VAULT_ACTIONS)

    @rule(member=members, actions=for_gestalts)
    def disallow(self, member: Vertex, actions: frozenset[Action]) -> None:
        self.carry_out(disallow(self.held, self.graph, member, actions))
        self.plain.end(member, None, actions)

    @rule(member=members)
    def untrust(self, member: Vertex) -> None:
        self.carry_out(disallow(self.held, self.graph, member, frozenset({Action.NOTIFY})))
        self.plain.end(member, None, {Action.NOTIFY})

    @precondition(lambda self: self.shown)
    @rule(ago=lately, yes=st.booleans(), first=st.booleans())
    def answer(self, ago: int, yes: bool, first: bool) -> None:
        """About a node as it was shown, perhaps some time ago; about all that was shown, or one thing of it."""
        was = self.shown[-1 - ago % len(self.shown)]
        self._answer(was.node, was.gains[:1] if first else was.gains, yes)

    @rule(one=nodes)
    def take_back_a_no(self, one: NodeId) -> None:
        self._answer(one, would_gain(self.held, self.graph, one, self.now), True)

    @precondition(lambda self: self.shown)
    @rule(one=nodes, ago=lately)
    def answer_for_another(self, one: NodeId, ago: int) -> None:
        """Gains that were shown for one node are no gains of another, unless it waits for the same."""
        self._answer(one, self.shown[-1 - ago % len(self.shown)].gains, True)

    def _answer(self, one: NodeId, gains: tuple[Gain, ...], yes: bool) -> None:
        keys = {_key(gain) for gain in gains}
        try:
            change = (confirm if yes else reject)(self.held, self.graph, one, gains)
        except PermissionDenied:
            assert one in self.plain.facts.out | self.plain.facts.forked
            return
        self.carry_out(change)
        self.plain.answer(one, keys, yes)
        self.may_gain = yes

    # ---- vaults ----

    @rule(name=names)
    def delete_and_make_anew(self, name: str) -> None:
        old, self.vaults[name] = self.vaults[name], self.new_vault()
        self.deleted.append(old)
        self.carry_out(without_vault(self.held, old))
        self.plain.delete(old)

    @rule()
    def swap_names(self) -> None:
        """Renaming is nothing to any right."""
        self.vaults = dict(zip(NAMES, reversed(self.vaults.values()), strict=True))

    # ---- what becomes of people ----

    @rule(one=nodes, other=nodes, both=often)
    def link(self, one: NodeId, other: NodeId, both: bool) -> None:
        claim = PairClaim(one, other, next(self.numbers))
        self.world.chains[one].append(claim)
        if both and one != other:
            self.world.chains[other].append(claim)
        self.turn(one, other)

    @rule(one=nodes, other=nodes)
    def meet(self, one: NodeId, other: NodeId) -> None:
        self.link(one, other, True)

    @rule(one=nodes, number=numbers)
    def unlink(self, one: NodeId, number: int) -> None:
        backs = {claim.claim for claim in self.world.chains[one] if isinstance(claim, Back)}
        made = [claim for claim in self.world.chains[one] if isinstance(claim, PairClaim | IdentityClaim)]
        made = [claim for claim in made if claim not in backs]
        if made:
            self.world.chains[one].append(Back(made[number % len(made)]))
            self.turn(one)

    @rule(one=nodes, identity=identities, proven=often)
    def name_an_identity(self, one: NodeId, identity: IdentityId, proven: bool) -> None:
        claim = IdentityClaim(identity, next(self.numbers))
        self.world.chains[one].append(claim)
        if proven:
            self.world.proofs.setdefault(one, set()).add(Proof(identity, one, claim.digest, "", "", self.now))
        self.turn(one)

    @rule(one=nodes)
    def lose_the_proofs(self, one: NodeId) -> None:
        if self.world.proofs.pop(one, None):
            self.turn(one)

    @rule(lost=nodes, whose=nodes, teller=nodes, really=seldom)
    def expel(self, lost: NodeId, whose: NodeId, teller: NodeId, really: bool) -> None:
        if whose != lost or really:  # the whole world would soon be out
            self.world.chains[teller].append(Expulsion(lost, words(whose), self.now))
            self.turn(teller)

    @rule(lost=nodes, after=nodes, really=st.booleans())
    def succeed(self, lost: NodeId, after: NodeId, really: bool) -> None:
        key = words(lost) if really else words(after)
        self.world.chains[after].append(Succession(lost, after, key, self.now))
        self.turn(after)

    @rule(one=nodes, at=st.integers(0, 4), really=seldom)
    def fork(self, one: NodeId, at: int, really: bool) -> None:
        if really:
            self.world.forks[one] = min(at, self.world.forks.get(one, at))
            self.turn(one)

    def turn(self, *told: NodeId) -> None:
        """The chains of these nodes are heard anew."""
        proofs = {one: self.world.proofs.get(one, set()) for one in told}
        self.graph, moved = self.graph.changed([self.world.standing(one) for one in told], proofs)
        self.plain.turn(self.world)
        self._every_decision_is(self.plain.rights(self.plain.grants(), self.now))  # before anything was settled, too
        change = settle(self.held, self.graph, moved)
        assert all(not new.confirmed - set().union(*(old.confirmed for old in change.gone)) for new in change.come)
        self.carry_out(change)
        assert not settle(self.held, self.graph)

    # ---- the rest of the world ----

    @rule(span=st.sampled_from(SPANS))
    def wait(self, span: int) -> None:
        self.now += span
        self.may_gain = span < 0  # what was over is not over yet

    @rule()
    def restart(self) -> None:
        self.held = Entitlements(read_entitlement(write_entitlement(one)) for one in self.held)
        self.graph = Graph.made_of(self.world.standings(), self.world.all_proofs())

    # ---- what must hold ----

    @invariant()
    def every_answer_is_the_plain_one(self) -> None:
        grants = self.plain.grants()
        rights = self.plain.rights(grants, self.now)
        assert self.may_gain or rights <= self.before, "somebody has gained a right, and nobody gave it"
        self.before, self.may_gain = rights, False

        self._every_decision_is(rights)
        for one in NODES:
            given = {
                (action, right.vault)
                for right in held_by(one, self.held, self.graph, self.now)
                for action in right.actions
            }
            scans = {(action, vault) for _, action, vault in rights if action is Action.SCAN} - given
            assert given == {(action, vault) for who, action, vault in rights if who == one} - scans
        for vault in self._known_vaults():
            assert holders(vault, self.held, self.graph, self.now) == _by_node(rights, vault)

        waiting = pending(self.held, self.graph, self.now)
        assert {one.node: {_key(gain) for gain in one.gains} for one in waiting} == self.plain.waiting(grants, self.now)
        self.shown += (one for one in waiting if one not in self.shown[-8:])

    def _every_decision_is(self, rights: set[tuple[NodeId, Action, VaultId | None]]) -> None:
        for one in NODES:
            for vault in (None, *self._known_vaults()):
                for action in Action:
                    decision = decide(action, asker=one, vault=vault, held=self.held, graph=self.graph, now=self.now)
                    assert isinstance(decision, Allowed) is ((one, action, vault) in rights), (
                        one,
                        action,
                        vault,
                        decision,
                    )

    def _known_vaults(self) -> list[VaultId]:
        return [*self.vaults.values(), *self.deleted[-2:]]


def _key(gain: Gain) -> Key:
    return gain.anchor, gain.vault, gain.actions, gain.not_after, gain.follows


def _by_node(rights: set[tuple[NodeId, Action, VaultId | None]], vault: VaultId) -> dict[NodeId, set[Action]]:
    found: dict[NodeId, set[Action]] = {}
    for one, action, where in rights:
        if where == vault and action is not Action.SCAN:
            found.setdefault(one, set()).add(action)
    return found


def test_no_right_without_a_grant_and_no_refusal_of_a_granted_one() -> None:
    run_state_machine_as_test(People, settings=settings(max_examples=500, stateful_step_count=50))  # type: ignore[no-untyped-call]


@pytest.mark.night
def test_no_right_without_a_grant_in_many_long_lives() -> None:
    run_state_machine_as_test(People, settings=settings(max_examples=10_000, stateful_step_count=100))  # type: ignore[no-untyped-call]
