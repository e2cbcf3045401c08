"""A chain grows by one valid claim after the other, or is refused for the one thing that is wrong with it."""

import contextlib
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trust.chains import ADA, BEN, CYD, DEEDS, EVE, NOW, Person, agreed, agreed_otherwise, honest

from pk_tui.crypto.keys import RecoveryKey
from pk_tui.errors import Malformed, kinds
from pk_tui.records import encode
from pk_tui.terms import ClaimId
from pk_tui.trust import expulsion, sigchain
from pk_tui.trust.claim import (
    MAX_CLAIM_BYTES,
    BodyRecord,
    ExpelledRecord,
    Identified,
    IdentifiedRecord,
    LinkRecord,
    PairedRecord,
    Retracted,
    RetractedRecord,
    RewordedRecord,
    SucceededRecord,
    claim_id,
)
from pk_tui.trust.expulsion import make_expulsion
from pk_tui.trust.genesis import GenesisClaim
from pk_tui.trust.pair import Party, countersign, make_half, read_pair
from pk_tui.trust.rewording import make_rewording
from pk_tui.trust.sigchain import (
    MAX_CLAIMS,
    Chain,
    ChainFault,
    Fault,
    Head,
    extend,
    extend_all,
    extend_while,
    read_chain,
    read_first,
    read_signed,
)
from pk_tui.trust.statement import digest_of, sign_statement
from pk_tui.trust.succession import make_succession
from pk_tui.trust.successor import make_successor

PAIR = PairedRecord(agreed(ADA, BEN))
NAMED = IdentifiedRecord(ADA.identity(), "x")
SHORT = ADA.chain(PAIR, NAMED)
RAWS = [claim.raw for claim in SHORT.claims]
WORDS_2, WORDS_3 = RecoveryKey(b"2" * 32), RecoveryKey(b"3" * 32)


def fault_of(tried: Callable[[], object]) -> Fault:
    with pytest.raises(ChainFault) as caught:
        tried()
    return caught.value.fault


def fault_after(chain: Chain, body: BodyRecord) -> Fault:
    """Of Ada's claim that says `body` right behind `chain`."""
    return fault_of(lambda: extend(chain, ADA.after(chain, body, NOW + 99)))


def restored(words: RecoveryKey = BEN.words) -> Chain:
    """A node of Ada's key that was restored, from Ben's backup, by the password alone."""
    return read_first(make_succession(ADA.signing, BEN.signing, words.public, words.box_public, NOW))


# ---- what holds ----


def test_a_first_claim_is_a_chain() -> None:
    chain = read_first(RAWS[0])

    assert chain.node == ADA.node
    assert isinstance(chain.first, GenesisClaim)
    assert (chain.recovery, chain.recoveries, chain.named) == (ADA.words.public, {ADA.words.public}, {ADA.words.public})
    assert chain.head == Head(1, claim_id(RAWS[0]))


def test_a_chain_says_what_was_signed_in_order() -> None:
    assert [claim.sequence for claim in SHORT.claims] == [0, 1, 2]
    assert [claim.id for claim in SHORT.claims] == [claim_id(raw) for raw in RAWS]
    assert [claim.time for claim in SHORT.claims] == [NOW, NOW + 1, NOW + 2]
    assert [claim.statement for claim in SHORT.claims] == [None, digest_of(PAIR.statement), digest_of(NAMED.statement)]
    assert SHORT.head == Head(3, claim_id(RAWS[2]))
    assert isinstance(SHORT.claims[2].said, Identified)


def test_growing_one_by_one_and_reading_at_once_give_the_same() -> None:
    grown = extend(extend(read_first(RAWS[0]), RAWS[1]), RAWS[2])

    assert grown == SHORT == read_chain(ADA.node, iter(RAWS)) == extend_all(read_first(RAWS[0]), RAWS[1:])


@settings(max_examples=25)
@given(st.lists(st.integers(0, 5 * DEEDS), max_size=12))
def test_what_was_honestly_signed_reads_back(deeds: list[int]) -> None:
    chain = honest(ADA.chain(), deeds)

    assert read_chain(ADA.node, [claim.raw for claim in chain.claims]) == chain
    assert chain.recovery in chain.recoveries == chain.named


# ---- any one thing wrong ----

LONG = honest(ADA.chain(), [0, 2, 3, 7, 1, 4, 6, 2, 3, 5, 0])
LONG_RAWS = [claim.raw for claim in LONG.claims]


def test_the_long_chain_below_has_every_kind_of_claim() -> None:
    assert len({type(claim.said) for claim in LONG.claims}) == 7


@settings(max_examples=200)
@given(st.data())
def test_any_altered_bit_is_refused(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(LONG_RAWS) - 1))
    bit = data.draw(st.integers(0, len(LONG_RAWS[at]) * 8 - 1))
    altered = bytearray(LONG_RAWS[at])
    altered[bit // 8] ^= 1 << bit % 8

    raws = [*LONG_RAWS[:at], bytes(altered), *LONG_RAWS[at + 1 :]]
    assert fault_of(lambda: read_chain(ADA.node, raws)) in {Fault.MALFORMED, Fault.WRONG_SIGNER}


def test_any_dropped_claim_but_the_last_leaves_a_gap() -> None:
    for at in range(len(LONG_RAWS) - 1):
        with pytest.raises(ChainFault) as caught:
            read_chain(ADA.node, LONG_RAWS[:at] + LONG_RAWS[at + 1 :])
        assert (caught.value.fault, caught.value.at) == (Fault.GAP, at)


def test_any_two_swapped_claims_leave_a_gap() -> None:
    for one in range(len(LONG_RAWS)):
        for other in range(one + 1, len(LONG_RAWS)):
            raws = list(LONG_RAWS)
            raws[one], raws[other] = raws[other], raws[one]
            assert fault_of(lambda raws=raws: read_chain(ADA.node, raws)) is Fault.GAP


def test_any_claim_that_comes_again_is_an_older_one() -> None:
    for at in range(len(LONG_RAWS)):
        for later in range(at + 1, len(LONG_RAWS) + 1):
            raws = [*LONG_RAWS[:later], LONG_RAWS[at], *LONG_RAWS[later:]]
            with pytest.raises(ChainFault) as caught:
                read_chain(ADA.node, raws)
            assert (caught.value.fault, caught.value.at) == (Fault.ROLLBACK, later)


# ---- each fault ----


def test_gap() -> None:
    skipped = ADA.link(4, SHORT.head.digest, RetractedRecord(1))
    assert fault_of(lambda: extend(SHORT, skipped)) is Fault.GAP
    assert fault_of(lambda: read_chain(ADA.node, [])) is Fault.GAP
    assert fault_of(lambda: read_first(RAWS[1])) is Fault.GAP


def test_fork() -> None:
    other = ADA.link(1, SHORT.claims[0].id, RetractedRecord(1))
    with pytest.raises(ChainFault) as caught:
        extend(SHORT, other)
    assert (caught.value.fault, caught.value.at) == (Fault.FORK, 1)
    with pytest.raises(ChainFault) as caught:
        extend(SHORT, ADA.genesis(NOW + 1))
    assert (caught.value.fault, caught.value.at) == (Fault.FORK, 0)


def test_rollback() -> None:
    assert [fault_of(lambda raw=raw: extend(SHORT, raw)) for raw in RAWS] == [Fault.ROLLBACK] * 3


def test_wrong_digest() -> None:
    for previous in (SHORT.claims[1].id, ClaimId(bytes(32)), ClaimId(digest_of(RAWS[2]))):
        assert fault_of(lambda previous=previous: extend(SHORT, ADA.link(3, previous, RetractedRecord(1)))) is (
            Fault.WRONG_DIGEST
        )


def test_wrong_signer() -> None:
    record = LinkRecord(ADA.node.raw, 3, SHORT.head.digest.raw, NOW, encode(RetractedRecord(1)))
    for who, purpose in ((EVE, "claim link"), (ADA, "claim genesis"), (ADA, "grant"), (ADA, "pair")):
        raw = sign_statement(who.signing, purpose, record)
        assert fault_of(lambda raw=raw: extend(SHORT, raw)) is Fault.WRONG_SIGNER
    assert extend(SHORT, sign_statement(ADA.signing, "claim link", record))
    forged = RAWS[0][:-1] + bytes((RAWS[0][-1] ^ 1,))
    assert fault_of(lambda: read_first(forged)) is Fault.WRONG_SIGNER
    signed = make_succession(ADA.signing, BEN.signing, BEN.words.public, BEN.words.box_public, NOW)
    assert fault_of(lambda: read_first(signed[:-1] + bytes((signed[-1] ^ 1,)))) is Fault.WRONG_SIGNER


def test_wrong_node() -> None:
    assert fault_of(lambda: read_chain(BEN.node, RAWS)) is Fault.WRONG_NODE
    assert fault_of(lambda: extend(SHORT, BEN.link(3, SHORT.head.digest, RetractedRecord(1)))) is Fault.WRONG_NODE
    assert fault_of(lambda: extend(SHORT, BEN.genesis())) is Fault.WRONG_NODE
    replayed = [BEN.genesis(), *RAWS[1:]]
    assert fault_of(lambda: read_chain(BEN.node, replayed)) is Fault.WRONG_NODE


@pytest.mark.parametrize(
    "raw",
    [b"", b"\0" * 300, PAIR.statement, NAMED.statement, encode(RetractedRecord(1)), RAWS[2] + b"\0", RAWS[2][:-1]],
    ids=["empty", "zeros", "pair", "identity", "body", "more", "less"],
)
def test_malformed(raw: bytes) -> None:
    assert fault_of(lambda: extend(SHORT, raw)) is Fault.MALFORMED
    assert fault_of(lambda: read_first(raw)) is Fault.MALFORMED


def test_a_claim_with_a_body_that_is_none_is_malformed() -> None:
    for body in (b"", b"\0", encode(RetractedRecord(1)) + b"\0", encode(LinkRecord(b"n" * 32, 1, b"p" * 32, 0, b""))):
        record = LinkRecord(ADA.node.raw, 3, SHORT.head.digest.raw, NOW, body)
        raw = sign_statement(ADA.signing, "claim link", record)
        assert fault_of(lambda raw=raw: extend(SHORT, raw)) is Fault.MALFORMED


def test_a_claim_over_its_size_is_refused_before_anything_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("msgspec.msgpack.Decoder", None)
    monkeypatch.setattr("pk_tui.records._decoders", {})
    for tried in (lambda raw: extend(SHORT, raw), read_first):
        assert fault_of(lambda tried=tried: tried(bytes(MAX_CLAIM_BYTES + 1))) is Fault.MALFORMED


def bodies_that_name_others() -> Iterator[BodyRecord]:
    yield PairedRecord(agreed(BEN, CYD))
    yield IdentifiedRecord(BEN.identity(), "x")
    yield SucceededRecord(make_successor(BEN.words, BEN.node, CYD.node, NOW))
    yield SucceededRecord(make_successor(ADA.words, BEN.node, CYD.node, NOW))
    yield RewordedRecord(make_rewording(BEN.words, WORDS_2, BEN.node, NOW))
    yield RewordedRecord(make_rewording(ADA.words, WORDS_2, BEN.node, NOW))


@pytest.mark.parametrize("body", list(bodies_that_name_others()))
def test_not_named(body: BodyRecord) -> None:
    assert fault_after(SHORT, body) is Fault.NOT_NAMED


@pytest.mark.parametrize("at", [3, 4, 7, MAX_CLAIMS, 2**32 - 1])
def test_what_is_not_there_is_not_taken_back(at: int) -> None:
    assert fault_after(SHORT, RetractedRecord(at)) is Fault.NOTHING_TO_RETRACT


def test_nothing_is_taken_back_twice_and_no_taking_back_is_taken_back() -> None:
    once = extend(SHORT, ADA.after(SHORT, RetractedRecord(1)))

    assert once.retracted == {1}
    assert once.claims[3].said == Retracted(1)
    assert fault_after(once, RetractedRecord(1)) is Fault.NOTHING_TO_RETRACT
    assert fault_after(once, RetractedRecord(3)) is Fault.NOTHING_TO_RETRACT
    assert extend(once, ADA.after(once, RetractedRecord(2))).retracted == {1, 2}


def test_what_recovery_words_said_is_not_taken_back() -> None:
    chain = honest(ADA.chain(), [4, 5, 7])
    for at in (1, 2, 3):
        assert fault_after(chain, RetractedRecord(at)) is Fault.NOTHING_TO_RETRACT


def test_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sigchain, "MAX_CLAIMS", 3)
    assert read_chain(ADA.node, RAWS) == SHORT
    assert fault_of(lambda: extend(SHORT, ADA.after(SHORT, RetractedRecord(1)))) is Fault.TOO_LONG
    assert fault_of(lambda: extend(SHORT, b"not even looked at")) is Fault.TOO_LONG
    assert fault_of(lambda: read_chain(ADA.node, [*RAWS, b""])) is Fault.TOO_LONG


def test_a_chain_of_the_full_length_holds_and_one_claim_more_does_not() -> None:
    """The claims behind the first are made up as if they had been verified, which is what takes long."""
    first = SHORT.claims[0]
    full = Chain(ADA.node, (first,) * MAX_CLAIMS, None, frozenset(), frozenset(), frozenset())
    assert fault_of(lambda: extend(full, RAWS[0])) is Fault.TOO_LONG
    almost = Chain(ADA.node, (first,) * (MAX_CLAIMS - 1), None, frozenset(), frozenset(), frozenset())
    raw = ADA.link(MAX_CLAIMS - 1, first.id, NAMED)
    assert len(extend(almost, raw).claims) == MAX_CLAIMS


# ---- statements that do not hold in this chain ----


def spoilt(statement: bytes) -> bytes:
    return statement[:-1] + bytes((statement[-1] ^ 1,))


def bodies_that_do_not_hold() -> Iterator[tuple[str, BodyRecord]]:
    yield "pair, altered", PairedRecord(spoilt(agreed(ADA, CYD)))
    yield "pair, half", PairedRecord(make_half(ADA.signing, ADA.words.public, CYD.party, NOW))
    yield "pair, again", PAIR
    yield "pair, other words for this node", PairedRecord(agreed(Person(ADA.signing, EVE.words), CYD))
    yield "identity, altered", IdentifiedRecord(spoilt(ADA.identity("7")), "")
    yield "identity, again", IdentifiedRecord(NAMED.statement, "elsewhere")
    yield "identity, a pair in its place", IdentifiedRecord(PAIR.statement, "")
    yield "expulsion, altered", ExpelledRecord(spoilt(make_expulsion(ADA.words, CYD.node, NOW)))
    device = sign_statement(ADA.signing, "expulsion", expulsion._Expulsion(CYD.node.raw, ADA.words.public, NOW))
    yield "expulsion, by the device", ExpelledRecord(device)
    yield "succession, altered", SucceededRecord(spoilt(make_successor(ADA.words, ADA.node, CYD.node, NOW)))
    yield "succession, other words", SucceededRecord(make_successor(EVE.words, ADA.node, CYD.node, NOW))
    yield "words, altered", RewordedRecord(spoilt(make_rewording(ADA.words, WORDS_2, ADA.node, NOW)))
    yield "words, other old ones", RewordedRecord(make_rewording(EVE.words, WORDS_2, ADA.node, NOW))


BAD = dict(bodies_that_do_not_hold())


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_bad_statement(body: BodyRecord) -> None:
    assert fault_after(SHORT, body) is Fault.BAD_STATEMENT


def test_a_statement_that_was_taken_back_does_not_come_again() -> None:
    ended = honest(SHORT, [3, 3])
    assert ended.retracted == {1, 2}
    assert fault_after(ended, PAIR) is Fault.BAD_STATEMENT
    assert fault_after(ended, NAMED) is Fault.BAD_STATEMENT
    assert extend(ended, ADA.after(ended, PairedRecord(agreed(ADA, BEN)))).retracted == {1, 2}


def test_the_other_cannot_sign_once_more_for_what_was_taken_back() -> None:
    again = agreed_otherwise(PAIR.statement, "b")
    assert again != PAIR.statement
    assert read_pair(again).nonce == read_pair(PAIR.statement).nonce
    assert extend(read_first(RAWS[0]), ADA.link(1, claim_id(RAWS[0]), PairedRecord(again)))
    for chain in (SHORT, honest(SHORT, [3, 3])):
        assert fault_after(chain, PairedRecord(again)) is Fault.BAD_STATEMENT


def test_an_expulsion_is_carried_whosever_words_it_is_of() -> None:
    """It is no word of this node. Whether it counts is decided where the expelled node's words are known."""
    for body in (make_expulsion(BEN.words, CYD.node, NOW), make_expulsion(ADA.words, ADA.node, NOW)):
        assert extend(SHORT, ADA.after(SHORT, ExpelledRecord(body)))


def test_a_chain_tells_of_one_predecessor_and_of_one_successor() -> None:
    chain = honest(ADA.chain(), [5, 6])
    assert len(chain.claims) == 3
    assert (
        fault_after(chain, SucceededRecord(make_successor(ADA.words, ADA.node, CYD.node, NOW))) is Fault.BAD_STATEMENT
    )
    assert (
        fault_after(chain, SucceededRecord(make_successor(CYD.words, CYD.node, ADA.node, NOW))) is Fault.BAD_STATEMENT
    )


# ---- new words ----


def test_new_words_take_over_and_the_old_ones_are_still_known() -> None:
    chain = ADA.chain(RewordedRecord(make_rewording(ADA.words, WORDS_2, ADA.node, NOW)))

    assert chain.recovery == WORDS_2.public
    assert chain.recoveries == chain.named == {ADA.words.public, WORDS_2.public}
    for words in (ADA.words, WORDS_2):
        said = make_successor(words, ADA.node, CYD.node, NOW)
        assert extend(chain, ADA.after(chain, SucceededRecord(said))).head.length == 3
    for words in (ADA.words, WORDS_2):
        said = agreed(Person(ADA.signing, words), BEN)
        assert extend(chain, ADA.after(chain, PairedRecord(said))).head.length == 3


def test_only_the_words_of_now_give_way_and_old_ones_never_come_back() -> None:
    chain = ADA.chain(RewordedRecord(make_rewording(ADA.words, WORDS_2, ADA.node, NOW)))

    for old, new in ((ADA.words, WORDS_3), (WORDS_2, ADA.words), (WORDS_3, EVE.words)):
        body = RewordedRecord(make_rewording(old, new, ADA.node, NOW + 1))
        assert fault_after(chain, body) is Fault.BAD_STATEMENT
    body = RewordedRecord(make_rewording(WORDS_2, WORDS_3, ADA.node, NOW + 1))
    assert extend(chain, ADA.after(chain, body)).recovery == WORDS_3.public


# ---- a node restored by its password alone ----


def test_its_recovery_key_is_only_said() -> None:
    chain = restored()
    assert (chain.recovery, chain.recoveries, chain.named) == (None, frozenset(), {BEN.words.public})
    for body in (
        RewordedRecord(make_rewording(BEN.words, WORDS_2, ADA.node, NOW)),
        SucceededRecord(make_successor(BEN.words, ADA.node, CYD.node, NOW)),
    ):
        assert fault_after(chain, body) is Fault.BAD_STATEMENT


def test_the_words_themselves_prove_it_later() -> None:
    chain = restored()
    proof = SucceededRecord(make_successor(BEN.words, BEN.node, ADA.node, NOW))
    proven = extend(chain, ADA.after(chain, proof))

    assert (proven.recovery, proven.recoveries) == (BEN.words.public, {BEN.words.public})
    body = RewordedRecord(make_rewording(BEN.words, WORDS_2, ADA.node, NOW))
    assert extend(proven, ADA.after(proven, body)).recovery == WORDS_2.public


@pytest.mark.parametrize(
    "said",
    [
        make_successor(EVE.words, BEN.node, ADA.node, NOW),
        make_successor(BEN.words, CYD.node, ADA.node, NOW),
        make_successor(ADA.words, BEN.node, ADA.node, NOW),
    ],
    ids=["thief's words", "another predecessor", "its own new words"],
)
def test_nothing_else_proves_it(said: bytes) -> None:
    assert fault_after(restored(), SucceededRecord(said)) is Fault.BAD_STATEMENT


def test_it_is_paired_under_the_recovery_key_that_it_names() -> None:
    chain = restored()
    half = make_half(CYD.signing, CYD.words.public, Party(ADA.node, BEN.words.public), NOW)
    good = countersign(ADA.signing, BEN.words.public, half, CYD.party)
    assert extend(chain, ADA.after(chain, PairedRecord(good))).head.length == 2
    assert fault_after(chain, PairedRecord(agreed(ADA, CYD))) is Fault.BAD_STATEMENT


# ---- the rest ----


def test_as_much_is_read_as_holds() -> None:
    assert extend_while(SHORT.claims[:1], [RAWS[1], RAWS[2], b"no claim", RAWS[2]]) == SHORT
    assert extend_while(SHORT.claims, []) == SHORT
    assert fault_of(lambda: extend_while((), [b"no claim"])) is Fault.GAP


def test_a_refused_claim_changes_nothing() -> None:
    before = honest(SHORT, [])
    for raw in (RAWS[1], b"", ADA.after(SHORT, RetractedRecord(9))):
        with pytest.raises(ChainFault):
            extend(SHORT, raw)
    assert before == SHORT


def test_any_signed_claim_can_be_read_alone() -> None:
    assert [read_signed(raw, 0).node for raw in RAWS] == [ADA.node] * 3
    assert fault_of(lambda: read_signed(b"", 5)) is Fault.MALFORMED


def test_every_fault_has_a_sentence_that_says_where() -> None:
    for fault in Fault:
        error = ChainFault(fault, 17)
        assert error.message.endswith(".")
        assert ("17" in error.message) is (fault is not Fault.TOO_LONG)
        assert (error.fault, error.at) == (fault, 17)


def test_outside_this_process_a_fault_is_malformed() -> None:
    assert ChainFault(Fault.GAP, 1).kind == "malformed"
    assert kinds()["malformed"] is Malformed


@st.composite
def spoilt_bodies(draw: st.DrawFn) -> bytes:
    body = bytearray(encode(draw(st.sampled_from([PAIR, NAMED, *BAD.values()]))))
    for _ in range(draw(st.integers(1, 3))):
        body[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
    return bytes(body[: draw(st.integers(0, len(body)))])


@settings(max_examples=300)
@given(st.integers(0, len(LONG_RAWS) - 1), st.data())
def test_whatever_bytes_come_there_is_a_chain_or_a_fault(at: int, data: st.DataObject) -> None:
    """Signed ones too: the node's own key can sign any nonsense."""
    body = data.draw(st.one_of(st.binary(max_size=400), spoilt_bodies()))
    chain = read_chain(ADA.node, LONG_RAWS[: at + 1])
    record = LinkRecord(ADA.node.raw, at + 1, chain.head.digest.raw, NOW, body)
    for raw in (body, sign_statement(ADA.signing, "claim link", record, MAX_CLAIM_BYTES)):
        for tried in (lambda raw=raw: extend(chain, raw), lambda raw=raw: read_first(raw)):
            with contextlib.suppress(ChainFault):
                assert isinstance(tried(), Chain)
