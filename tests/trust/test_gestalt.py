"""The whole graph: the same from the same evidence in any order, step by step or at once, and the same as the plain way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trust import chains
from trust.plain_people import NOW, Back, IdentityClaim, PairClaim, World, node, words

from pk_tui.terms import IdentityId, NodeId, Vertex
from pk_tui.trust.appending import make_expelled, make_succeeded
from pk_tui.trust.belief import Proof
from pk_tui.trust.claim import ExpelledRecord, IdentifiedRecord, PairedRecord
from pk_tui.trust.expulsion import make_expulsion
from pk_tui.trust.genesis import make_genesis
from pk_tui.trust.gestalt import Gestalt, Graph
from pk_tui.trust.identity import read_identity
from pk_tui.trust.sigchain import extend, read_first
from pk_tui.trust.standing import Expulsion, Succession, standing
from pk_tui.trust.statement import digest_of
from pk_tui.trust.successor import make_successor

ADA, BEN, CYD, DAN = (node(number) for number in range(4))
PEOPLE = [ADA, BEN, CYD, DAN, node(4)]
IDENTITIES = [IdentityId("github", "1"), IdentityId("web", "example.org")]
THIEF = b"words of a thief" + bytes(16)


def world(*pairs: tuple[NodeId, NodeId]) -> World:
    """Four nodes; these pairs stand in both chains."""
    one = World({node: [] for node in (ADA, BEN, CYD, DAN)})
    for number, (a, b) in enumerate(pairs):
        claim = PairClaim(a, b, number)
        one.chains[a].append(claim)
        one.chains[b].append(claim)
    return one


def graph(of: World) -> Graph:
    return Graph.made_of(of.standings(), of.all_proofs())


def proof(of: NodeId, claim: IdentityClaim, checked: int = NOW) -> Proof:
    return Proof(claim.identity, of, claim.digest, "ada", "https://example.org", checked)


def test_nodes_that_both_claim_one_another_are_one_gestalt_with_all_that_hang_on_them() -> None:
    found = graph(world((ADA, BEN), (BEN, CYD)))

    assert found.of(ADA) is found.of(BEN) is found.of(CYD)
    assert found.of(ADA).nodes == {ADA, BEN, CYD}
    assert found.of(DAN) == Gestalt(frozenset({DAN}), frozenset())
    assert {tuple(sorted(one.nodes)) for one in found.gestalts()} == {(ADA, BEN, CYD), (DAN,)}
    assert [link.other for link in found.links(BEN)] == [BEN, CYD]


def test_who_is_not_known_is_a_gestalt_of_itself() -> None:
    for vertex in (ADA, IDENTITIES[0]):
        assert list(Graph().of(vertex)) == [vertex]
        assert vertex in Graph().of(vertex)


def test_an_identity_that_two_nodes_prove_joins_them() -> None:
    one = world()
    for number, of in enumerate((ADA, BEN)):
        claim = IdentityClaim(IDENTITIES[0], number)
        one.chains[of].append(claim)
        one.proofs[of] = {proof(of, claim)}

    found = graph(one)

    assert set(found.of(ADA)) == set(found.of(IDENTITIES[0])) == {ADA, BEN, IDENTITIES[0]}
    assert [link.node for link in found.links(IDENTITIES[0])] == [ADA, BEN]
    assert len(found.of(ADA)) == 3


def test_a_proof_that_is_no_longer_there_takes_the_identity_away() -> None:
    one, claim = world(), IdentityClaim(IDENTITIES[0], 1)
    one.chains[ADA].append(claim)
    before = graph(one).changed(proofs={ADA: [proof(ADA, claim)]})[0]
    assert IDENTITIES[0] in before.of(ADA)

    after, moved = before.changed(proofs={ADA: []})

    assert list(after.of(ADA)) == [ADA]
    assert {ADA, IDENTITIES[0]} <= moved
    assert IDENTITIES[0] in before.of(ADA)  # a graph never changes


def test_unlinking_splits_and_says_who_is_concerned() -> None:
    one = world((ADA, BEN), (BEN, CYD))
    before = graph(one)
    one.chains[BEN].append(Back(PairClaim(ADA, BEN, 0)))

    after, moved = before.changed([one.standing(BEN)])

    assert (after.of(ADA).nodes, after.of(CYD).nodes) == ({ADA}, {BEN, CYD})
    assert moved == {ADA, BEN, CYD}


def test_a_standing_takes_the_place_of_the_one_before_with_all_it_said() -> None:
    one = world((ADA, BEN))
    one.chains[BEN].append(Expulsion(ADA, words(BEN), NOW))
    full = graph(one)

    less, _ = full.changed([world().standing(BEN)])

    assert set(full.expelled) == {ADA}
    assert not less.expelled
    assert seen(less) == seen(Graph.made_of([one.standing(ADA), *(world().standing(of) for of in (BEN, CYD, DAN))]))


# ---- the thief with the device, and no words ----


def test_a_lost_node_is_out_by_its_own_words_or_those_of_a_partner() -> None:
    for key in (words(ADA), words(BEN)):
        one = world((ADA, BEN), (BEN, CYD))
        one.chains[BEN].append(Expulsion(ADA, key, NOW))
        found = graph(one)
        assert set(found.expelled) == {ADA}
        assert (found.of(ADA).nodes, found.of(BEN).nodes) == ({ADA}, {BEN, CYD})


def test_nobody_is_expelled_by_words_it_never_agreed_to() -> None:
    """Not by those of a stranger, nor of another member of its gestalt that it was never paired with, nor by none at all."""
    for key in (THIEF, words(CYD), words(DAN)):
        one = world((ADA, BEN), (BEN, CYD))
        for chain in one.chains.values():
            chain.append(Expulsion(ADA, key, NOW))
        assert not graph(one).expelled


def test_taking_back_first_saves_a_thief_from_nothing() -> None:
    one = world((ADA, BEN))
    one.chains[ADA].append(Back(PairClaim(ADA, BEN, 0)))
    one.chains[CYD].append(Expulsion(ADA, words(BEN), NOW))

    assert set(graph(one).expelled) == {ADA}


@pytest.mark.parametrize("at", [0, 1])
def test_forking_the_chain_or_keeping_it_back_saves_a_thief_from_nothing(at: int) -> None:
    one = world((ADA, BEN))
    one.chains[BEN].append(Expulsion(ADA, words(BEN), NOW))
    one.forks[ADA] = at
    assert set(graph(one).expelled) == {ADA}

    one.unheard.add(ADA)
    assert set(graph(one).expelled) == {ADA}


def test_another_first_claim_with_words_of_its_own_expels_no_partner_and_names_no_follower() -> None:
    one = world((ADA, BEN))
    one.forks[ADA], one.others[ADA] = 0, {THIEF}
    one.chains[ADA] += [Expulsion(BEN, THIEF, NOW), Succession(ADA, DAN, THIEF, NOW)]

    found = graph(one)

    assert BEN not in found.expelled
    assert found.heirs(ADA) == frozenset()
    assert found.of(DAN).nodes == {DAN}


def test_a_thief_who_pairs_the_device_with_a_node_of_his_own_expels_no_more_than_the_device() -> None:
    one = world((ADA, BEN), (ADA, DAN))  # Dan is the thief
    one.chains[DAN] += [Expulsion(of, words(DAN), NOW) for of in (ADA, BEN, CYD)]

    assert set(graph(one).expelled) == {ADA}


def test_two_that_expel_one_another_are_both_out_whoever_was_first() -> None:
    for first in (ADA, BEN):
        one = world((ADA, BEN), (BEN, CYD))
        one.chains[CYD] += [
            Expulsion(BEN, words(ADA), NOW + (first == BEN)),
            Expulsion(ADA, words(BEN), NOW + (first == ADA)),
        ]
        assert set(graph(one).expelled) == {ADA, BEN}


def test_a_forked_node_keeps_what_stood_before_and_gains_nothing_from_there_on() -> None:
    one = world((ADA, BEN), (ADA, CYD), (ADA, DAN))
    one.forks[ADA] = 2  # the first pair has number 1
    found = graph(one)

    assert found.of(ADA).nodes == {ADA, BEN}
    assert found.forked == {ADA}


def test_taking_back_counts_from_the_other_branch_too() -> None:
    one = world((ADA, BEN))
    one.chains[ADA] += [PairClaim(ADA, CYD, 9), Back(PairClaim(ADA, BEN, 0))]
    one.forks[ADA] = 2

    assert graph(one).of(ADA).nodes == {ADA}


# ---- succession ----


def test_a_node_is_followed_by_whom_its_own_words_name_alone() -> None:
    one = world((ADA, BEN))
    one.chains[CYD].append(Succession(ADA, CYD, words(ADA), NOW))
    one.chains[DAN] += [Succession(BEN, DAN, words(ADA), NOW), Succession(CYD, DAN, THIEF, NOW)]

    found = graph(one)

    assert set(found.expelled) == {ADA}
    assert found.heirs(ADA) == {CYD}
    assert found.heirs(BEN) == found.heirs(CYD) == frozenset()
    assert found.of(CYD).nodes == {CYD}  # following is not belonging


def test_succession_goes_to_the_end_of_the_line() -> None:
    one = world()
    one.chains[CYD].append(Succession(ADA, BEN, words(ADA), NOW))
    one.chains[CYD].append(Succession(BEN, CYD, words(BEN), NOW))
    assert graph(one).heirs(ADA) == {CYD}

    one.chains[DAN].append(Expulsion(CYD, words(CYD), NOW))
    assert graph(one).heirs(ADA) == frozenset()


def test_two_successions_of_one_node_leave_the_choice_to_people() -> None:
    one = world()
    one.chains[CYD] += [Succession(ADA, BEN, words(ADA), NOW), Succession(ADA, CYD, words(ADA), NOW)]

    assert graph(one).heirs(ADA) == {BEN, CYD}


def test_in_a_circle_of_successions_all_are_out_and_nobody_follows() -> None:
    one = world()
    for before, after in ((ADA, BEN), (BEN, CYD), (CYD, ADA)):
        one.chains[after].append(Succession(before, after, words(before), NOW))
    found = graph(one)

    assert set(found.expelled) == {ADA, BEN, CYD}
    assert not any(found.heirs(of) for of in (ADA, BEN, CYD))


def test_a_node_cannot_follow_itself() -> None:
    one = world((ADA, BEN))
    one.chains[ADA].append(Succession(ADA, ADA, words(ADA), NOW))

    assert not graph(one).expelled
    assert graph(one).of(ADA).nodes == {ADA, BEN}


def test_who_loses_an_heir_is_concerned_however_far_away() -> None:
    one = world()
    one.chains[CYD] += [Succession(ADA, BEN, words(ADA), NOW), Succession(BEN, CYD, words(BEN), NOW)]
    before = graph(one)

    one.chains[DAN].append(Expulsion(CYD, words(CYD), NOW))
    assert {ADA, BEN, CYD} <= before.changed([one.standing(DAN)])[1]

    one.forks[ADA] = 0
    assert ADA in before.changed([one.standing(ADA)])[1]


# ---- from chains as they are signed ----


def test_signed_chains_come_to_the_same() -> None:
    """Two nodes pair, one proves an identity, and the words of the other put it out when it is lost, whatever its thief signs."""
    ada, ben, eve = chains.ADA, chains.BEN, chains.EVE
    pair, name = chains.agreed(ada, ben), ada.identity()
    told = read_identity(name)
    mine = ada.chain(PairedRecord(pair), IdentifiedRecord(name, "gist1"))
    theirs = ben.chain(PairedRecord(pair))
    fetched = Proof(told.identity, ada.node, told.digest, told.name, "https://example.org", NOW)

    found = Graph.made_of([standing(mine), standing(theirs)], [fetched])
    assert set(found.of(ben.node)) == {ada.node, ben.node, told.identity}
    assert found.links(ben.node)[0].statements == (digest_of(pair),)
    assert found.links(told.identity)[0].proof == fetched

    lost = ExpelledRecord(make_expulsion(ben.words, ada.node, NOW))
    found, _ = found.changed([standing(ben.chain(PairedRecord(pair), lost))])
    assert [one.words_of for one in found.expelled[ada.node]] == [ben.node]
    assert set(found.of(ben.node)) == {ben.node}

    again = read_first(make_genesis(ada.signing, eve.words, NOW))  # the thief has the device, and other words
    after = make_successor(eve.words, ada.node, eve.node, NOW)
    forked = extend(again, make_succeeded(ada.signing, again, after, NOW))
    against = extend(forked, make_expelled(ada.signing, forked, make_expulsion(eve.words, ben.node, NOW), NOW))
    found, _ = found.changed([standing(against, branches=[mine])])
    assert set(found.expelled) == {ada.node}
    assert found.heirs(ada.node) == frozenset()
    assert found.forked == {ada.node}


# ---- any order, any steps ----

people = st.sampled_from(PEOPLE)
keys = st.sampled_from([*map(words, PEOPLE), THIEF])


@st.composite
def stories(draw: st.DrawFn) -> list[World]:
    """A world as it grows: what can be known of it at several times, each with all that was known before."""
    now = World({of: [] for of in PEOPLE}, unheard=set(draw(st.sets(people, max_size=3))))
    told = []
    for number in range(draw(st.integers(1, 25))):
        of, other = draw(people), draw(people)
        match draw(
            st.sampled_from(["pair", "pair", "pair", "half", "back", "self", "expel", "follow", "fork", "hear", "tell"])
        ):
            case "pair":
                claim = PairClaim(of, other, number)
                now.chains[of].append(claim)
                now.chains[other].append(claim)
            case "half":
                now.chains[of].append(PairClaim(of, other, number))
            case "back":
                made = [one for one in now.chains[of] if isinstance(one, PairClaim | IdentityClaim)]
                if made:
                    now.chains[of].append(Back(draw(st.sampled_from(made))))
            case "self":
                self_claim = IdentityClaim(draw(st.sampled_from(IDENTITIES)), number)
                now.chains[of].append(self_claim)
                if draw(st.booleans()):  # what lies there may be another's
                    signer = draw(st.sampled_from([of, of, other]))
                    now.proofs.setdefault(signer, set()).add(proof(signer, self_claim))
            case "expel":
                now.chains[of].append(Expulsion(other, draw(keys), NOW + number))
            case "follow":
                now.chains[of].append(Succession(other, draw(people), draw(keys), NOW + number))
            case "fork":
                now.forks[of] = min(draw(st.integers(0, 1 + len(now.chains[of]))), now.forks.get(of, 99))
                if now.forks[of] == 0 and draw(st.booleans()):
                    now.others[of] = {THIEF}
            case "hear":
                now.unheard.discard(of)
            case "tell":
                told.append(_copy(now))
    return [*told, now]


def _copy(one: World) -> World:
    return World(
        {of: list(claims) for of, claims in one.chains.items()},
        dict(one.forks),
        set(one.unheard),
        {of: set(some) for of, some in one.proofs.items()},
        {of: set(some) for of, some in one.others.items()},
    )


def seen(found: Graph) -> object:
    """All that can be asked of a graph, for these people."""
    vertices: list[Vertex] = [*PEOPLE, *IDENTITIES]
    return (
        dict(found.expelled),
        found.forked,
        {vertex: found.of(vertex) for vertex in vertices},
        {vertex: found.links(vertex) for vertex in vertices},
        {of: (found.doubts(of), found.heirs(of)) for of in PEOPLE},
        {frozenset(gestalt) for gestalt in found.gestalts()},
    )


@settings(max_examples=300)
@given(stories(), st.randoms(use_true_random=False))
def test_the_graph_is_what_the_plain_way_gives_in_any_order_and_in_any_steps(
    story: list[World], random: object
) -> None:
    end = story[-1]
    at_once = graph(end)
    parties = end.parties()
    for vertex in [*PEOPLE, *IDENTITIES]:
        assert set(at_once.of(vertex)) == parties.get(vertex, {vertex})
    assert set(at_once.expelled) == end.out()
    for of in PEOPLE:
        assert at_once.heirs(of) == end.heirs(of)

    standings, proofs = end.standings(), end.all_proofs()
    random.shuffle(standings)  # type: ignore[attr-defined]
    random.shuffle(proofs)  # type: ignore[attr-defined]
    assert seen(Graph.made_of(standings, proofs)) == seen(at_once)

    step = Graph()
    for known in story:
        before = step
        for heard in known.standings():
            earlier = step
            step, moved = step.changed([heard])
            _nothing_moves_unsaid(earlier, step, moved)
        step, moved = step.changed(proofs=known.proofs)
        assert set(before.expelled) <= set(step.expelled)  # out for ever
    assert seen(step) == seen(at_once)


def _nothing_moves_unsaid(before: Graph, after: Graph, moved: frozenset[Vertex]) -> None:
    for vertex in [*PEOPLE, *IDENTITIES]:
        if vertex not in moved:
            assert before.of(vertex) == after.of(vertex)
            assert isinstance(vertex, IdentityId) or before.heirs(vertex) == after.heirs(vertex)


@settings(max_examples=100)
@given(stories(), st.data())
def test_every_claimed_link_is_believed_or_has_its_reason(story: list[World], data: st.DataObject) -> None:
    end = story[-1]
    found = graph(end)
    for of in PEOPLE:
        if of in end.unheard:
            continue
        standing = end.standing(of)
        claimed: set[Vertex] = {*standing.pairs, *(one.identity for one in standing.identities)} - {of}
        ends = {link.other if link.node == of else link.node for link in found.links(of)}
        doubted = {doubt.other for doubt in found.doubts(of)}
        assert ends | doubted == claimed
        assert not ends & doubted
