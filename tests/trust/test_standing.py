"""What a chain says now: what was taken back is gone in whichever branch that was said, and what stands alone is not lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trust.chains import ADA, BEN, CYD, DEEDS, EVE, NOW, Person, agreed, honest

from pk_tui.crypto.keys import RecoveryKey
from pk_tui.terms import IdentityId
from pk_tui.trust.claim import (
    BodyRecord,
    ExpelledRecord,
    Identified,
    IdentifiedRecord,
    LinkRecord,
    Paired,
    PairedRecord,
    RetractedRecord,
    RewordedRecord,
    SucceededRecord,
)
from pk_tui.trust.expulsion import make_expulsion, read_expulsion
from pk_tui.trust.fork import Fork, verify_fork
from pk_tui.trust.rewording import make_rewording
from pk_tui.trust.sigchain import Chain, extend, read_first
from pk_tui.trust.standing import Named, Standing, standing
from pk_tui.trust.statement import digest_of, sign_statement
from pk_tui.trust.succession import make_succession
from pk_tui.trust.successor import make_successor, read_successor

BEN_1, BEN_2, CYD_1 = agreed(ADA, BEN), agreed(ADA, BEN, NOW + 1), agreed(CYD, ADA)
NAME = ADA.identity()
LOST = make_expulsion(ADA.words, CYD.node, NOW)
AFTER = make_successor(ADA.words, ADA.node, EVE.node, NOW)
WORDS_2 = RecoveryKey(b"2" * 32)
NEW_WORDS = make_rewording(ADA.words, WORDS_2, ADA.node, NOW)


def grown(chain: Chain, *bodies: BodyRecord, now: int = NOW + 50) -> Chain:
    for body in bodies:
        chain = extend(chain, ADA.after(chain, body, now))
    return chain


def forked(one: Chain, other: Chain, at: int) -> Fork:
    return verify_fork(one.claims[at].raw, other.claims[at].raw)


def test_a_new_chain_says_only_whose_words_speak_for_it() -> None:
    assert standing(ADA.chain()) == Standing(
        node=ADA.node,
        pairs={},
        ended=frozenset(),
        partners={},
        identities=(),
        expulsions=(),
        successions=(),
        recoveries=frozenset({ADA.words.public}),
    )


def test_it_says_everything_that_was_claimed() -> None:
    chain = ADA.chain(
        PairedRecord(BEN_1),
        PairedRecord(CYD_1),
        PairedRecord(BEN_2),
        IdentifiedRecord(NAME, "gist-1"),
        ExpelledRecord(LOST),
        SucceededRecord(AFTER),
        RewordedRecord(NEW_WORDS),
    )
    said = standing(chain)

    assert said.pairs == {BEN.node: {digest_of(BEN_1), digest_of(BEN_2)}, CYD.node: {digest_of(CYD_1)}}
    assert said.partners == {BEN.node: {BEN.words.public}, CYD.node: {CYD.words.public}}
    assert said.agreed == {BEN.node: {ADA.words.public}, CYD.node: {ADA.words.public}}
    github = IdentityId("github", "583231")
    assert said.identities == (Named(github, "ada", digest_of(NAME), "gist-1", chain.claims[4].id, NOW + 4),)
    assert said.expulsions == (read_expulsion(LOST),)
    assert said.successions == (read_successor(AFTER),)
    assert said.recoveries == {ADA.words.public, WORDS_2.public}
    assert (said.ended, said.forked_at) == (frozenset(), None)


def test_what_was_taken_back_is_gone_but_its_partners_words_stay() -> None:
    chain = ADA.chain(PairedRecord(BEN_1), PairedRecord(BEN_2), IdentifiedRecord(NAME, ""))
    said = standing(grown(chain, RetractedRecord(1), RetractedRecord(3)))

    assert said.pairs == {BEN.node: {digest_of(BEN_2)}}
    assert said.identities == ()
    assert said.ended == {digest_of(BEN_1), digest_of(NAME)}
    assert said.partners == {BEN.node: {BEN.words.public}}
    assert standing(grown(chain, RetractedRecord(1), RetractedRecord(2))).pairs == {}


def test_from_a_fork_on_nothing_new_counts_and_from_the_other_branch_nothing_at_all() -> None:
    trunk = ADA.chain(PairedRecord(BEN_1))
    left = grown(trunk, PairedRecord(CYD_1), IdentifiedRecord(NAME, ""))
    right = grown(trunk, PairedRecord(BEN_2), now=NOW + 60)
    for said in (standing(left, [forked(left, right, 2)]), standing(left, (), [right])):
        assert said.pairs == {BEN.node: {digest_of(BEN_1)}}
        assert said.identities == ()
        assert said.forked_at == 2


def test_a_fork_counts_from_where_the_branches_are_proven_to_part() -> None:
    left = grown(ADA.chain(PairedRecord(BEN_1)), PairedRecord(CYD_1), IdentifiedRecord(NAME, ""))
    right = grown(ADA.chain(PairedRecord(BEN_2)), PairedRecord(BEN_1), IdentifiedRecord(NAME, ""))

    assert standing(left, [forked(left, right, 3)]).forked_at == 2
    assert standing(left, [forked(left, right, 3), forked(left, right, 2)]).forked_at == 1
    assert standing(left, [forked(left, right, 3)], [right]).forked_at == 1


def test_after_two_first_claims_nothing_joins_but_all_words_speak() -> None:
    left = grown(ADA.chain(), PairedRecord(BEN_1), ExpelledRecord(LOST))
    thief = Person(ADA.signing, EVE.words)
    right = read_first(thief.genesis(NOW + 1))
    for said in (standing(left, [forked(left, right, 0)]), standing(left, (), [right]), standing(right, (), [left])):
        assert (said.forked_at, said.pairs) == (0, {})
        assert said.recoveries == {ADA.words.public, EVE.words.public}
    assert standing(right, (), [left]).expulsions == (read_expulsion(LOST),)
    assert standing(right, (), [left]).partners == {BEN.node: {BEN.words.public}}


def test_what_any_branch_takes_back_is_gone() -> None:
    trunk = ADA.chain(PairedRecord(BEN_1), PairedRecord(CYD_1))
    left = grown(trunk, IdentifiedRecord(NAME, ""))
    right = grown(trunk, RetractedRecord(1))
    for said in (
        standing(left, [forked(left, right, 3)]),
        standing(left, (), [right]),
        standing(left, (), [grown(trunk, ExpelledRecord(LOST), RetractedRecord(1))]),
    ):
        assert said.pairs == {CYD.node: {digest_of(CYD_1)}}
        assert said.ended == {digest_of(BEN_1)}


def test_what_stands_alone_counts_from_every_branch() -> None:
    trunk = ADA.chain()
    left = grown(trunk, IdentifiedRecord(NAME, ""))
    for body in (ExpelledRecord(LOST), SucceededRecord(AFTER), RewordedRecord(NEW_WORDS), PairedRecord(BEN_1)):
        right = grown(trunk, body)
        assert standing(left, [forked(left, right, 1)]) == standing(left, (), [right])
        assert standing(left, (), [right]) != standing(left, [forked(left, grown(trunk, PairedRecord(CYD_1)), 1)])
    said = standing(left, (), [grown(trunk, ExpelledRecord(LOST)), grown(trunk, SucceededRecord(AFTER))])
    assert (said.expulsions, said.successions) == ((read_expulsion(LOST),), (read_successor(AFTER),))


def test_a_claim_of_a_fork_that_fits_into_no_chain_gives_nobody_words() -> None:
    """A thief with the device, but no words, can sign any claim for one place. Only what the known words agree to counts."""
    chain = grown(ADA.chain(), PairedRecord(BEN_1))
    stolen = make_rewording(EVE.words, RecoveryKey(b"9" * 32), ADA.node, NOW)
    others = make_rewording(ADA.words, RecoveryKey(b"9" * 32), BEN.node, NOW)
    for body in (RewordedRecord(stolen), RewordedRecord(others), PairedRecord(agreed(BEN, CYD))):
        fork = verify_fork(chain.claims[1].raw, ADA.link(1, chain.claims[0].id, body))
        said = standing(chain, [fork])
        assert said.recoveries == {ADA.words.public}
        assert said.partners == {BEN.node: {BEN.words.public}}
        assert said.forked_at == 1


def test_a_claim_of_a_fork_that_cannot_be_read_is_passed_over() -> None:
    chain = grown(ADA.chain(), PairedRecord(BEN_1))
    record = LinkRecord(ADA.node.raw, 1, chain.claims[0].id.raw, NOW, b"nonsense")
    fork = verify_fork(chain.claims[1].raw, sign_statement(ADA.signing, "claim link", record))
    assert standing(chain, [fork]).forked_at == 1


def test_a_recovery_key_that_is_only_said_speaks_for_nobody() -> None:
    chain = read_first(make_succession(ADA.signing, BEN.signing, BEN.words.public, BEN.words.box_public, NOW))
    assert standing(chain).recoveries == frozenset()
    proven = grown(chain, SucceededRecord(make_successor(BEN.words, BEN.node, ADA.node, NOW)))
    assert standing(proven).recoveries == {BEN.words.public}
    genesis = read_first(ADA.genesis())
    assert standing(genesis, [forked(genesis, chain, 0)]).recoveries == {ADA.words.public}


def test_one_that_is_the_beginning_of_the_other_is_no_fork() -> None:
    chain = honest(ADA.chain(), [0, 2, 3])
    short = read_first(chain.claims[0].raw)
    assert standing(chain, (), [short]) == standing(chain)
    assert standing(short, (), [chain]).forked_at is None


def test_forks_and_branches_of_others_have_no_place_here() -> None:
    fork = verify_fork(BEN.genesis(), BEN.genesis(NOW + 1))
    with pytest.raises(ValueError, match="another node"):
        standing(ADA.chain(), [fork])
    with pytest.raises(ValueError, match="another node"):
        standing(ADA.chain(), (), [BEN.chain()])


@settings(max_examples=30)
@given(st.lists(st.integers(0, 5 * DEEDS), max_size=12))
def test_what_stands_is_what_was_claimed_and_not_taken_back(deeds: list[int]) -> None:
    chain = honest(ADA.chain(), deeds)
    said = standing(chain)

    live = [claim for claim in chain.claims if claim.sequence not in chain.retracted]
    pairs = {claim.said.pair.digest for claim in live if isinstance(claim.said, Paired)}
    assert {digest for digests in said.pairs.values() for digest in digests} == pairs
    assert [one.claim for one in said.identities] == [claim.id for claim in live if isinstance(claim.said, Identified)]
    assert len(said.ended) == len(chain.retracted)
    assert said.recoveries == chain.recoveries


@settings(max_examples=30)
@given(*[st.lists(st.integers(0, 5 * DEEDS), max_size=6) for _ in range(3)])
def test_more_branches_never_let_more_stand(trunk: list[int], left: list[int], right: list[int]) -> None:
    base = honest(ADA.chain(), trunk)
    one, other = honest(base, left, NOW + 1000), honest(base, right, NOW + 2000)
    alone, both = standing(one), standing(one, (), [other])

    for node, digests in both.pairs.items():
        assert digests <= alone.pairs[node]
    assert set(both.identities) <= set(alone.identities)
    assert both.ended >= alone.ended
    assert both.recoveries >= alone.recoveries
    assert set(both.expulsions) >= set(alone.expulsions)
