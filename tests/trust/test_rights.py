"""The table of who may do what, cell by cell. Whole lives of people are in `test_rights_follow_people`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from trust.plain_people import NOW, IdentityClaim, PairClaim, World, node, words

from pk_tui.terms import GESTALT_ACTIONS, VAULT_ACTIONS, Action, IdentityId, NodeId, VaultId
from pk_tui.trust.belief import Proof
from pk_tui.trust.entitlement import Entitlement, Entitlements
from pk_tui.trust.gestalt import Graph
from pk_tui.trust.grant import CLOCK_SLACK
from pk_tui.trust.rights import Allowed, Refused, decide, held_by, holders
from pk_tui.trust.standing import Expulsion

ADA, BEN, CYD, DAN = (node(number) for number in range(4))
GITHUB = IdentityId("github", "1")
VAULT, OTHER = VaultId(bytes(16)), VaultId(b"o" * 16)
SHARED = Entitlement(ADA, VAULT, VAULT_ACTIONS, None, frozenset({ADA, BEN}))
TRUSTED = Entitlement(ADA, None, frozenset({Action.NOTIFY}), None, frozenset({ADA, BEN}))


def people() -> World:
    """Ada has two nodes, and a third came to them; Dan is somebody else."""
    one = World({of: [] for of in (ADA, BEN, CYD, DAN)})
    for number, other in enumerate((BEN, CYD)):
        claim = PairClaim(ADA, other, number)
        one.chains[ADA].append(claim)
        one.chains[other].append(claim)
    return one


GRAPH = Graph.made_of(people().standings())


def may(
    action: Action,
    who: NodeId,
    vault: VaultId | None,
    *held: Entitlement,
    graph: Graph = GRAPH,
    now: int = NOW,
) -> bool:
    decision = decide(action, asker=who, vault=vault, held=Entitlements(held), graph=graph, now=now)
    assert isinstance(decision, Allowed) or (isinstance(decision, Refused) and decision.reason)
    return isinstance(decision, Allowed)


@pytest.mark.parametrize("who", [ADA, BEN])
@pytest.mark.parametrize("action", [Action.SCAN, Action.CLONE, Action.PULL])
def test_what_was_granted_to_one_member_holds_for_every_confirmed_one(who: NodeId, action: Action) -> None:
    assert may(action, who, VAULT, SHARED)


@pytest.mark.parametrize("who", [CYD, DAN, node(9)])
@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("vault", [None, VAULT])
def test_belonging_together_gives_nothing_by_itself(who: NodeId, action: Action, vault: VaultId | None) -> None:
    assert not may(action, who, vault, SHARED, TRUSTED)


@pytest.mark.parametrize("action", list(Action))
def test_another_vault_stays_shut(action: Action) -> None:
    assert not may(action, ADA, OTHER, SHARED, TRUSTED, replace(TRUSTED, actions=GESTALT_ACTIONS))


@pytest.mark.parametrize(("granted", "asked"), [(Action.CLONE, Action.PULL), (Action.PULL, Action.CLONE)])
def test_one_action_is_not_the_other(granted: Action, asked: Action) -> None:
    only = replace(SHARED, actions=frozenset({granted}))

    assert may(granted, ADA, VAULT, only)
    assert not may(asked, ADA, VAULT, only)
    assert may(Action.SCAN, ADA, VAULT, only)


@pytest.mark.parametrize("granted", sorted(GESTALT_ACTIONS))
@pytest.mark.parametrize("asked", list(Action))
def test_a_right_of_a_gestalt_is_that_right_and_opens_no_vault(granted: Action, asked: Action) -> None:
    only = replace(TRUSTED, actions=frozenset({granted}))

    assert may(asked, ADA, None, only) is (asked is granted)
    assert not may(asked, ADA, VAULT, only)


def test_to_scan_takes_the_right_to_scan_or_any_vault_that_is_shared_now() -> None:
    over = replace(SHARED, vault=OTHER, not_after=NOW - CLOCK_SLACK - 1)

    assert may(Action.SCAN, BEN, None, SHARED)
    assert may(Action.SCAN, BEN, None, over, SHARED)
    assert not may(Action.SCAN, BEN, None, over, TRUSTED)
    assert may(Action.SCAN, BEN, None, over, replace(TRUSTED, actions=frozenset({Action.SCAN})))


@pytest.mark.parametrize(("late", "expected"), [(0, True), (CLOCK_SLACK, True), (CLOCK_SLACK + 1, False)])
def test_what_is_over_gives_nothing(late: int, expected: bool) -> None:
    until = replace(SHARED, not_after=NOW)
    for action, vault in ((Action.PULL, VAULT), (Action.SCAN, VAULT), (Action.SCAN, None)):
        assert may(action, ADA, vault, until, now=NOW + late) is expected


def test_of_two_entitlements_one_that_gives_it_is_enough() -> None:
    over = replace(SHARED, not_after=NOW - CLOCK_SLACK - 1)
    elsewhere = replace(SHARED, anchor=DAN)
    for held in ((over, SHARED), (SHARED, elsewhere, over)):
        assert may(Action.PULL, BEN, VAULT, *held)
    assert not may(Action.PULL, BEN, VAULT, over, elsewhere)


def test_who_left_the_gestalt_has_nothing_even_before_that_is_settled() -> None:
    alone = Graph.made_of([])

    assert not may(Action.PULL, BEN, VAULT, SHARED, graph=alone)
    assert not may(Action.SCAN, BEN, None, SHARED, graph=alone)
    assert may(Action.PULL, ADA, VAULT, SHARED, graph=alone)
    assert not list(held_by(BEN, Entitlements([SHARED]), alone, NOW))
    assert holders(VAULT, Entitlements([SHARED]), alone, NOW) == {ADA: VAULT_ACTIONS}


@pytest.mark.parametrize("action", list(Action))
def test_who_is_expelled_has_nothing_even_before_that_is_settled(action: Action) -> None:
    one = people()
    one.chains[BEN].append(Expulsion(ADA, words(ADA), NOW))
    graph = Graph.made_of(one.standings())
    everything = (SHARED, replace(TRUSTED, actions=GESTALT_ACTIONS))

    assert not may(action, ADA, None, *everything, graph=graph)
    assert not may(action, ADA, VAULT, *everything, graph=graph)
    assert not list(held_by(ADA, Entitlements(everything), graph, NOW))
    assert ADA not in holders(VAULT, Entitlements(everything), graph, NOW)


def test_a_grant_to_an_identity_holds_for_the_confirmed_nodes_that_prove_it() -> None:
    one, claim = people(), IdentityClaim(GITHUB, 1)
    one.chains[BEN].append(claim)
    named = replace(SHARED, anchor=GITHUB, confirmed=frozenset({BEN, CYD}))
    proof = Proof(GITHUB, BEN, claim.digest, "ada", "https://example.org", NOW)

    assert not may(Action.PULL, BEN, VAULT, named, graph=Graph.made_of(one.standings()))
    graph = Graph.made_of(one.standings(), [proof])
    assert may(Action.PULL, BEN, VAULT, named, graph=graph)
    assert may(Action.PULL, CYD, VAULT, named, graph=graph)
    assert not may(Action.PULL, ADA, VAULT, named, graph=graph)


def test_who_can_read_and_what_can_be_read_are_the_same_answer() -> None:
    pull = replace(SHARED, anchor=BEN, actions=frozenset({Action.PULL}), confirmed=frozenset({CYD}))
    held = Entitlements([SHARED, TRUSTED, pull])

    assert holders(VAULT, held, GRAPH, NOW) == {ADA: VAULT_ACTIONS, BEN: VAULT_ACTIONS, CYD: {Action.PULL}}
    assert set(held_by(ADA, held, GRAPH, NOW)) == {SHARED, TRUSTED}
    assert set(held_by(CYD, held, GRAPH, NOW)) == {pull}
    assert not holders(OTHER, held, GRAPH, NOW)


def test_the_rule_asks_for_itself_what_the_index_should_have_asked() -> None:
    class Careless(Entitlements):
        def naming(self, node: NodeId) -> list[Entitlement]:
            return list(self)

        def naming_on(self, node: NodeId, vault: VaultId | None) -> list[Entitlement]:
            return [one for one in self if one.vault == vault]

    held = Careless([SHARED, TRUSTED])
    for who, allowed in ((BEN, True), (CYD, False), (DAN, False)):
        for action, vault in ((Action.PULL, VAULT), (Action.SCAN, VAULT), (Action.SCAN, None), (Action.NOTIFY, None)):
            decision = decide(action, asker=who, vault=vault, held=held, graph=GRAPH, now=NOW)
            assert isinstance(decision, Allowed) is allowed


def test_a_refusal_cannot_be_taken_for_a_yes() -> None:
    assert not decide(Action.PULL, asker=DAN, vault=VAULT, held=Entitlements(), graph=GRAPH, now=NOW)


def test_a_refusal_is_false_where_somebody_forgets_to_look_closer() -> None:
    assert not Refused("whatever")
    assert Allowed()
