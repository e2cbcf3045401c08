"""What people do with rights, and what becomes of them, deed by deed. Whole lives are in `test_rights_follow_people`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from trust.plain_people import NOW, Back, PairClaim, World, node, words

from pk_tui.errors import Misuse, PermissionDenied
from pk_tui.terms import GESTALT_ACTIONS, VAULT_ACTIONS, Action, IdentityId, VaultId
from pk_tui.trust.entitlement import Change, Entitlement, Entitlements
from pk_tui.trust.gestalt import Graph
from pk_tui.trust.grant import CLOCK_SLACK
from pk_tui.trust.sharing import (
    Gain,
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

ADA, BEN, CYD, DAN = (node(number) for number in range(4))
GITHUB = IdentityId("github", "1")
VAULT, OTHER = VaultId(bytes(16)), VaultId(b"o" * 16)
SCAN, NOTIFY = frozenset({Action.SCAN}), frozenset({Action.NOTIFY})


class Life:
    """People and what was granted to them; every deed is carried out."""

    def __init__(self) -> None:
        self.world = World({of: [] for of in (ADA, BEN, CYD, DAN)})
        self.held = Entitlements()

    @property
    def graph(self) -> Graph:
        return Graph.made_of(self.world.standings())

    def link(self, *pairs: tuple[object, object]) -> None:
        for one, other in pairs:
            claim = PairClaim(one, other, len(self.world.chains[ADA]) + 10 * len(self.world.chains[CYD]))  # type: ignore[arg-type]
            self.world.chains[one].append(claim)  # type: ignore[index]
            self.world.chains[other].append(claim)  # type: ignore[index]

    def part(self, one: object, other: object) -> None:
        claims = self.world.chains[one]  # type: ignore[index]
        claims += [
            Back(claim) for claim in claims if isinstance(claim, PairClaim) and other in (claim.one, claim.other)
        ]

    def does(self, change: Change) -> Change:
        self.held.apply(change)
        return change

    def settles(self) -> Change:
        return self.does(settle(self.held, self.graph))

    def confirms(self, who: object) -> Change:
        gains = would_gain(self.held, self.graph, who, NOW)  # type: ignore[arg-type]
        return self.does(confirm(self.held, self.graph, who, gains))  # type: ignore[arg-type]

    def the_one(self) -> Entitlement:
        (one,) = self.held
        return one


@pytest.fixture
def life() -> Life:
    """Ada has two nodes, and the vault is shared with her by the name of the first."""
    life = Life()
    life.link((ADA, BEN))
    life.does(share(life.held, life.graph, ADA, VAULT, VAULT_ACTIONS))
    return life


def test_a_share_reaches_every_node_known_at_that_moment(life: Life) -> None:
    assert life.the_one() == Entitlement(ADA, VAULT, VAULT_ACTIONS, None, frozenset({ADA, BEN}))


def test_one_linked_later_waits_and_gains_what_was_shown(life: Life) -> None:
    life.link((BEN, CYD))
    assert not life.settles()

    (waiting,) = pending(life.held, life.graph, NOW)
    assert (waiting.node, waiting.gains) == (CYD, (Gain(ADA, VAULT, VAULT_ACTIONS, None, None),))

    life.does(share(life.held, life.graph, BEN, OTHER, VAULT_ACTIONS))
    life.does(confirm(life.held, life.graph, CYD, waiting.gains))
    assert {one.vault: one.confirmed for one in life.held} == {VAULT: {ADA, BEN, CYD}, OTHER: {ADA, BEN, CYD}}
    assert not pending(life.held, life.graph, NOW)


def test_what_came_to_wait_after_it_was_shown_waits_on(life: Life) -> None:
    life.link((BEN, CYD))
    (shown,) = pending(life.held, life.graph, NOW)
    life.does(share(life.held, Life().graph, BEN, OTHER, VAULT_ACTIONS))

    life.does(confirm(life.held, life.graph, CYD, shown.gains))

    (left,) = (one for one in pending(life.held, life.graph, NOW) if one.node == CYD)
    assert [gain.vault for gain in left.gains] == [OTHER]


def test_a_no_is_kept_and_can_be_taken_back(life: Life) -> None:
    life.link((BEN, CYD))
    (shown,) = pending(life.held, life.graph, NOW)
    life.does(reject(life.held, life.graph, CYD, shown.gains))

    assert not pending(life.held, life.graph, NOW)
    assert not life.does(reject(life.held, life.graph, ADA, shown.gains))  # who is confirmed keeps it
    assert life.confirms(CYD)
    assert life.the_one().confirmed == {ADA, BEN, CYD}
    assert not life.the_one().rejected


def test_who_was_rejected_is_not_let_in_by_the_next_share_but_by_its_own_name(life: Life) -> None:
    life.link((BEN, CYD))
    life.does(reject(life.held, life.graph, CYD, pending(life.held, life.graph, NOW)[0].gains))

    life.does(share(life.held, life.graph, BEN, OTHER, VAULT_ACTIONS))
    assert {one.vault: CYD in one.confirmed for one in life.held} == {VAULT: False, OTHER: False}
    assert not pending(life.held, life.graph, NOW)

    life.does(share(life.held, life.graph, CYD, OTHER, VAULT_ACTIONS))
    assert {one.anchor for one in life.held if CYD in one.confirmed} == {CYD}


def test_two_gestalts_that_join_inherit_nothing_from_one_another(life: Life) -> None:
    life.link((CYD, DAN))
    life.does(share(life.held, life.graph, CYD, OTHER, VAULT_ACTIONS))
    life.link((BEN, CYD))

    assert not life.settles()
    assert {one.node: [gain.vault for gain in one.gains] for one in pending(life.held, life.graph, NOW)} == {
        ADA: [OTHER],
        BEN: [OTHER],
        CYD: [VAULT],
        DAN: [VAULT],
    }


def test_a_split_leaves_each_half_what_was_granted_to_a_node_it_contains(life: Life) -> None:
    life.does(share(life.held, life.graph, BEN, OTHER, VAULT_ACTIONS))
    life.part(BEN, ADA)
    life.settles()

    assert {one.vault: one.confirmed for one in life.held} == {VAULT: {ADA}, OTHER: {BEN}}


def test_who_left_and_comes_back_is_asked_about_again(life: Life) -> None:
    life.part(BEN, ADA)
    life.settles()
    life.link((ADA, BEN))

    assert not life.settles()
    assert life.the_one().confirmed == {ADA}
    assert [one.node for one in pending(life.held, life.graph, NOW)] == [BEN]


@pytest.mark.parametrize("member", [ADA, BEN])
def test_unsharing_with_any_member_ends_it_for_all(life: Life, member: object) -> None:
    life.does(share(life.held, life.graph, ADA, OTHER, VAULT_ACTIONS))
    life.does(share(life.held, life.graph, DAN, VAULT, VAULT_ACTIONS))

    life.does(unshare(life.held, life.graph, member, VAULT))  # type: ignore[arg-type]

    assert {(one.anchor, one.vault) for one in life.held} == {(ADA, OTHER), (DAN, VAULT)}


def test_disallowing_leaves_the_other_rights(life: Life) -> None:
    life.does(allow(life.held, life.graph, BEN, GESTALT_ACTIONS))
    life.does(disallow(life.held, life.graph, ADA, NOTIFY))

    assert {one.actions for one in life.held} == {VAULT_ACTIONS, GESTALT_ACTIONS - NOTIFY}


def test_deleting_a_vault_ends_what_was_granted_on_it(life: Life) -> None:
    life.does(share(life.held, life.graph, BEN, OTHER, VAULT_ACTIONS))
    life.does(without_vault(life.held, VAULT))

    assert life.the_one().vault == OTHER


def test_the_last_word_on_a_member_counts_for_the_actions_it_is_about(life: Life) -> None:
    life.does(share(life.held, life.graph, ADA, VAULT, frozenset({Action.PULL}), NOW))
    life.does(allow(life.held, life.graph, ADA, SCAN))
    life.does(allow(life.held, life.graph, ADA, NOTIFY))

    assert {(one.vault, one.actions, one.not_after) for one in life.held} == {
        (VAULT, frozenset({Action.CLONE}), None),
        (VAULT, frozenset({Action.PULL}), NOW),
        (None, SCAN, None),
        (None, NOTIFY, None),
    }


def test_an_identity_that_nobody_proves_yet_can_be_named() -> None:
    life = Life()
    life.does(share(life.held, life.graph, GITHUB, VAULT, VAULT_ACTIONS))

    assert life.the_one().confirmed == frozenset()


def test_what_is_over_is_not_asked_about(life: Life) -> None:
    life.link((BEN, CYD))
    life.does(unshare(life.held, life.graph, ADA, VAULT))
    life.does(share(life.held, Life().graph, ADA, VAULT, VAULT_ACTIONS, NOW))

    assert pending(life.held, life.graph, NOW + CLOCK_SLACK)
    assert not pending(life.held, life.graph, NOW + CLOCK_SLACK + 1)
    assert not would_gain(life.held, life.graph, CYD, NOW + CLOCK_SLACK + 1)


@pytest.mark.parametrize("actions", [frozenset(), SCAN, frozenset(Action)])
def test_a_vault_is_shared_for_what_can_be_done_with_vaults(life: Life, actions: frozenset[Action]) -> None:
    with pytest.raises(Misuse):
        share(life.held, life.graph, ADA, VAULT, actions)


# ---- nodes that were lost ----


def test_an_expelled_node_is_out_and_what_was_granted_to_it_ends(life: Life) -> None:
    life.does(share(life.held, life.graph, BEN, OTHER, VAULT_ACTIONS))
    life.world.chains[BEN].append(Expulsion(ADA, words(BEN), NOW))
    life.settles()

    assert (life.the_one().anchor, life.the_one().confirmed) == (BEN, {BEN})
    with pytest.raises(PermissionDenied, match="expelled"):
        share(life.held, life.graph, ADA, VAULT, VAULT_ACTIONS)
    with pytest.raises(PermissionDenied, match="expelled"):
        confirm(life.held, life.graph, ADA, ())


def test_a_node_with_two_histories_keeps_what_it_has_and_is_given_nothing(life: Life) -> None:
    life.world.forks[BEN] = 2
    life.link((ADA, CYD))
    life.does(share(life.held, life.graph, ADA, OTHER, VAULT_ACTIONS))

    assert {one.vault: one.confirmed for one in life.held} == {VAULT: {ADA, BEN}, OTHER: {ADA, CYD}}
    assert [one.node for one in pending(life.held, life.graph, NOW)] == [CYD]
    with pytest.raises(PermissionDenied, match="two different histories"):
        life.confirms(BEN)
    with pytest.raises(PermissionDenied, match="two different histories"):
        allow(life.held, life.graph, BEN, SCAN)


def followed(life: Life, *successors: object) -> None:
    for one in successors:
        life.world.chains[one].append(Succession(ADA, one, words(ADA), NOW))  # type: ignore[arg-type, index]
    life.settles()


def test_what_was_granted_to_a_node_waits_for_the_one_that_follows_it(life: Life) -> None:
    followed(life, CYD)

    assert life.the_one() == Entitlement(ADA, VAULT, VAULT_ACTIONS, None, frozenset())
    (waiting,) = pending(life.held, life.graph, NOW)
    assert (waiting.node, waiting.gains) == (CYD, (Gain(ADA, VAULT, VAULT_ACTIONS, None, ADA),))

    life.link((CYD, DAN))
    life.does(confirm(life.held, life.graph, CYD, waiting.gains))
    assert life.the_one() == Entitlement(CYD, VAULT, VAULT_ACTIONS, None, frozenset({CYD}))
    assert [one.node for one in pending(life.held, life.graph, NOW)] == [DAN]


def test_of_two_that_say_they_follow_the_granter_confirms_one(life: Life) -> None:
    followed(life, CYD, DAN)
    waiting = pending(life.held, life.graph, NOW)
    assert [one.node for one in waiting] == [CYD, DAN]

    life.does(confirm(life.held, life.graph, DAN, waiting[1].gains))

    assert not life.does(confirm(life.held, life.graph, CYD, waiting[0].gains))
    assert life.the_one().confirmed == {DAN}


def test_a_follower_that_was_turned_down_is_not_asked_about_again(life: Life) -> None:
    followed(life, CYD)
    life.does(reject(life.held, life.graph, CYD, pending(life.held, life.graph, NOW)[0].gains))

    assert not life.settles()
    assert not pending(life.held, life.graph, NOW)
    assert life.confirms(CYD)


@pytest.mark.parametrize("member", [ADA, CYD])
def test_unsharing_ends_what_waits_for_a_follower(life: Life, member: object) -> None:
    followed(life, CYD)
    life.does(unshare(life.held, life.graph, member, VAULT))  # type: ignore[arg-type]

    assert not list(life.held)


def test_when_nobody_is_left_to_follow_it_ends(life: Life) -> None:
    followed(life, CYD)
    life.world.chains[DAN].append(Expulsion(CYD, words(CYD), NOW))
    life.settles()

    assert not list(life.held)


def test_settling_by_what_moved_is_settling_all(life: Life) -> None:
    before = life.graph
    life.world.chains[CYD].append(Succession(ADA, CYD, words(ADA), NOW))
    after, moved = before.changed([life.world.standing(CYD)])

    change = settle(life.held, after, moved)
    assert change == settle(life.held, after)
    assert change.come == {replace(one, confirmed=frozenset()) for one in change.gone}
