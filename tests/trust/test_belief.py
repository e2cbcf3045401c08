"""Each link has its evidence, each doubt its reason; and only words that a node agreed to speak of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from trust.plain_people import NOW, Back, IdentityClaim, PairClaim, World, node, words

from pk_tui.terms import IdentityId, Vertex
from pk_tui.trust.belief import (
    Doubt,
    Link,
    Proof,
    Reason,
    exclusions,
    identity_link,
    pair_doubt,
    pair_link,
    successors,
    words_over,
)
from pk_tui.trust.standing import Expulsion, Succession

ADA, BEN, CYD = (node(number) for number in range(3))
GITHUB, WEB = IdentityId("github", "1"), IdentityId("web", "example.org")
PAIR, AGAIN = PairClaim(ADA, BEN, 1), PairClaim(ADA, BEN, 2)
MINE, OLDER = IdentityClaim(GITHUB, 1), IdentityClaim(GITHUB, 2)
NOBODY: frozenset[Vertex] = frozenset()


def world(ada: list[object], ben: list[object] | None) -> World:
    one = World({ADA: list(ada), BEN: list(ben or [])})  # type: ignore[arg-type]
    if ben is None:
        one.unheard.add(BEN)
    return one


def proof(of: object = ADA, identity: IdentityId = GITHUB, claim: IdentityClaim = MINE, checked: int = NOW) -> Proof:
    return Proof(identity, of, claim.digest, "ada", "https://example.org", checked)  # type: ignore[arg-type]


# ---- between nodes ----


@pytest.mark.parametrize(
    ("ada", "ben", "evidence"),
    [
        ([PAIR], [PAIR], (PAIR.digest,)),
        ([PAIR, AGAIN], [AGAIN, PAIR], (PAIR.digest, AGAIN.digest)),
        ([PAIR, AGAIN], [AGAIN], (AGAIN.digest,)),
        ([PAIR, Back(PAIR), AGAIN], [PAIR, AGAIN], (AGAIN.digest,)),
    ],
)
def test_a_link_between_nodes_is_what_stands_in_both_chains(
    ada: list[object], ben: list[object], evidence: tuple[bytes, ...]
) -> None:
    one = world(ada, ben)
    for sides in ((ADA, BEN), (BEN, ADA)):
        assert pair_link(*map(one.standing, sides), NOBODY) == Link(ADA, BEN, evidence)


@pytest.mark.parametrize(
    ("ada", "ben", "out", "fork", "reason"),
    [
        ([PAIR], None, NOBODY, None, Reason.UNKNOWN),
        ([PAIR], [], NOBODY, None, Reason.UNANSWERED),
        ([PAIR], [AGAIN], NOBODY, None, Reason.UNANSWERED),
        ([PAIR], [PAIR, Back(PAIR)], NOBODY, None, Reason.ENDED),
        ([PAIR, AGAIN], [PAIR, Back(PAIR)], NOBODY, None, Reason.UNANSWERED),
        ([PAIR], [PAIR], NOBODY, 1, Reason.FORKED),
        ([PAIR], [PAIR, Back(PAIR)], NOBODY, 2, Reason.ENDED),
        ([PAIR], [PAIR], {ADA}, None, Reason.EXPELLED),
        ([PAIR], [PAIR], {BEN}, None, Reason.EXPELLED),
        ([PAIR], None, {BEN}, None, Reason.EXPELLED),
    ],
)
def test_a_claimed_link_that_is_not_believed_has_its_reason(
    ada: list[object], ben: list[object] | None, out: frozenset[Vertex], fork: int | None, reason: Reason
) -> None:
    one = world(ada, ben)
    if fork is not None:
        one.forks[BEN] = fork
    own, other = one.standing(ADA), None if ben is None else one.standing(BEN)

    assert pair_link(own, other, out) is None
    assert pair_doubt(own, BEN, other, out) == Doubt(ADA, BEN, reason)


def test_taking_back_on_either_side_is_enough_wherever_it_was_heard() -> None:
    one = world([PAIR], [PAIR])
    ada, ben = one.standing(ADA), one.standing(BEN)
    ended = frozenset({PAIR.digest})

    assert pair_link(ada, ben, NOBODY)
    assert pair_link(replace(ada, ended=ended), ben, NOBODY) is None
    assert pair_link(ada, replace(ben, ended=ended), NOBODY) is None


def test_who_claims_nothing_is_in_no_doubt() -> None:
    one = world([PAIR, Back(PAIR)], [PAIR])

    assert pair_doubt(one.standing(ADA), BEN, one.standing(BEN), NOBODY) is None
    assert pair_doubt(one.standing(BEN), ADA, one.standing(ADA), NOBODY) == Doubt(BEN, ADA, Reason.ENDED)


def test_a_node_is_in_no_pair_with_itself() -> None:
    one = world([PairClaim(ADA, ADA, 1)], [])
    own = one.standing(ADA)

    assert pair_link(own, own, NOBODY) is None
    assert pair_doubt(own, ADA, own, NOBODY) is None


# ---- to identities ----


def test_an_identity_is_believed_by_the_providers_copy_of_the_very_statement() -> None:
    named = world([MINE, OLDER], []).standing(ADA).identities
    late = proof(checked=NOW + 1)

    assert identity_link(ADA, GITHUB, named, [proof(), late], NOBODY) == Link(ADA, GITHUB, (MINE.digest,), late)


@pytest.mark.parametrize(
    ("proofs", "out", "reason"),
    [
        ([], NOBODY, Reason.NO_PROOF),
        ([proof(of=BEN)], NOBODY, Reason.NO_PROOF),
        ([proof(identity=WEB)], NOBODY, Reason.NO_PROOF),
        ([proof(claim=OLDER)], NOBODY, Reason.OTHER_PROOF),
        ([proof()], {ADA}, Reason.EXPELLED),
    ],
)
def test_an_identity_without_that_copy_is_not(proofs: list[Proof], out: frozenset[Vertex], reason: Reason) -> None:
    named = world([MINE], []).standing(ADA).identities

    assert identity_link(ADA, GITHUB, named, proofs, out) == Doubt(ADA, GITHUB, reason)


def test_a_copy_of_what_no_chain_claims_joins_nobody() -> None:
    named = world([IdentityClaim(WEB, 3)], []).standing(ADA).identities

    assert identity_link(ADA, GITHUB, named, [proof()], NOBODY) is None


# ---- words ----


def test_a_node_listens_to_its_own_words_and_to_those_of_whom_it_was_paired_with() -> None:
    one = world([PAIR, Back(PAIR)], [PAIR])
    ada, ben = one.standing(ADA), one.standing(BEN)
    both = {words(ADA): ADA, words(BEN): BEN}

    assert words_over(ADA, ada, [ben]) == both
    assert words_over(ADA, ada, []) == both
    assert words_over(ADA, None, [ben]) == {words(BEN): BEN}
    assert words_over(ADA, None, []) == {}


def test_words_that_a_partner_has_besides_are_not_listened_to() -> None:
    one = world([PAIR], [PAIR])
    one.others[BEN] = {b"later or of another first claim."}

    assert set(words_over(ADA, one.standing(ADA), [one.standing(BEN)])) == {words(ADA), words(BEN)}


def test_an_exclusion_says_by_whose_words() -> None:
    one = world([PAIR], [PAIR])
    by_ben, by_cyd = (Expulsion(ADA, words(of), NOW) for of in (BEN, CYD))
    followed = Succession(ADA, CYD, words(ADA), NOW)
    said = [followed, by_cyd, by_ben]

    found = exclusions(ADA, one.standing(ADA), [one.standing(BEN)], said)

    assert [(each.said, each.words_of) for each in found] == [(by_ben, BEN), (followed, ADA)]
    assert exclusions(ADA, one.standing(ADA), [one.standing(BEN)], reversed(said)) == found


def test_a_partners_words_name_no_follower_and_no_chain_no_words() -> None:
    one = world([PAIR], [PAIR])
    said = [Succession(ADA, CYD, words(BEN), NOW)]
    own = Succession(ADA, CYD, words(ADA), NOW)

    assert exclusions(ADA, one.standing(ADA), [one.standing(BEN)], said) == ()
    assert successors(ADA, one.standing(ADA), said) == frozenset()
    assert successors(ADA, None, [own]) == frozenset()
    assert exclusions(ADA, None, [], [own]) == ()
    assert successors(ADA, one.standing(ADA), [own]) == {CYD}


def test_of_a_node_with_two_first_claims_it_is_not_known_who_follows_but_that_it_is_out() -> None:
    one = world([], [])
    one.forks[ADA] = 0
    said = [Succession(ADA, CYD, words(ADA), NOW)]

    assert successors(ADA, one.standing(ADA), said) == frozenset()
    assert exclusions(ADA, one.standing(ADA), [], said)
