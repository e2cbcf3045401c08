"""Two nodes belong together when both have signed the same words, which name both of them and nothing else."""

from collections.abc import Callable

import pytest
from trust.chains import ADA, BEN, CYD, EVE, NOW, Person, agreed, altered

from pk_tui.crypto.entropy import seeded
from pk_tui.errors import Malformed, Misuse
from pk_tui.records import decode, encode, replace
from pk_tui.trust import pair
from pk_tui.trust.pair import PAIR_LIMIT, Party, countersign, make_half, parties_of, read_pair
from pk_tui.trust.statement import NotSigned, digest_of, sign_statement

HALF = make_half(ADA.signing, ADA.words.public, BEN.party, NOW)
RAW = countersign(BEN.signing, BEN.words.public, HALF, ADA.party)
LOW, HIGH = sorted((ADA, BEN), key=lambda who: who.node)
SAID = pair._Pair(LOW.node.raw, HIGH.node.raw, LOW.words.public, HIGH.words.public, b"n" * 16, NOW)


def signed(said: pair._Pair, by_low: Person = LOW, by_high: Person = HIGH, purpose: str = "pair") -> bytes:
    body = encode(said)
    return encode(pair._Agreed(body, by_low.signing.sign(purpose, body), by_high.signing.sign(purpose, body)))


def refused(raw: bytes) -> bool:
    with pytest.raises(Malformed):
        read_pair(raw)
    return True


def test_what_both_signed_names_both_and_their_recovery_keys_whoever_proposed_it() -> None:
    for raw in (RAW, agreed(BEN, ADA)):
        read = read_pair(raw)
        assert (read.low, read.high) == (LOW.party, HIGH.party)
        assert (read.time, read.digest) == (NOW, digest_of(raw))
        assert read.own(ADA.node) == read.other(BEN.node) == ADA.party
        assert read.own(BEN.node) == read.other(ADA.node) == BEN.party
        assert read.names(ADA.node)
        assert not read.names(CYD.node)
        with pytest.raises(ValueError, match="none of the two"):
            read.other(CYD.node)


def test_the_whole_names_whom_its_half_names_and_every_half_makes_another() -> None:
    pair = read_pair(RAW)
    assert (pair.low, pair.high) == parties_of(HALF)
    again = make_half(ADA.signing, ADA.words.public, BEN.party, NOW)
    assert parties_of(again) == parties_of(HALF)
    assert read_pair(countersign(BEN.signing, BEN.words.public, again, ADA.party)).nonce != pair.nonce


def test_the_same_randomness_gives_the_same_half() -> None:
    halves = []
    for _ in range(2):
        with seeded(b"x"):
            halves.append(make_half(ADA.signing, ADA.words.public, BEN.party, NOW))
    assert halves[0] == halves[1]


def test_it_stays_small() -> None:
    assert len(RAW) < PAIR_LIMIT - 150


def test_a_half_is_no_whole() -> None:
    assert refused(HALF)


def test_any_bit_changed_and_any_other_length_is_refused() -> None:
    assert all(map(refused, altered(RAW)))


def test_another_spelling_of_the_same_bytes_is_refused() -> None:
    """Whoever has no key could make it, and it would have another digest."""
    body = decode(pair._Agreed, RAW).body
    at = RAW.index(body)
    longer = RAW[: at - 2] + b"\xc5" + len(body).to_bytes(2, "big") + RAW[at:]
    assert decode(pair._Agreed, longer) == decode(pair._Agreed, RAW)
    assert refused(longer)


@pytest.mark.parametrize(
    ("by_low", "by_high"), [(HIGH, LOW), (LOW, LOW), (HIGH, HIGH), (LOW, EVE), (EVE, HIGH)], ids=str
)
def test_both_have_to_sign_each_in_its_place(by_low: Person, by_high: Person) -> None:
    assert read_pair(signed(SAID))
    with pytest.raises(NotSigned):
        read_pair(signed(SAID, by_low, by_high))


def test_a_signature_for_another_purpose_does_not_agree() -> None:
    for purpose in ("identity", "claim link", "expulsion", "succession", ""):
        with pytest.raises(NotSigned):
            read_pair(signed(SAID, purpose=purpose))


@pytest.mark.parametrize(
    "said",
    [
        replace(SAID, low=SAID.high, high=SAID.low),
        replace(SAID, high=SAID.low),
        replace(SAID, low_recovery=SAID.low),
        replace(SAID, low_recovery=SAID.high),
        replace(SAID, high_recovery=SAID.low),
        replace(SAID, high_recovery=SAID.high),
        replace(SAID, nonce=b"n" * 15),
        replace(SAID, high_recovery=b""),
        replace(SAID, time=-1),
    ],
    ids=["swapped", "one node", "low, low", "low, high", "high, low", "high, high", "nonce", "no key", "time"],
)
def test_a_statement_that_names_not_two_nodes_and_two_other_keys_is_refused(said: pair._Pair) -> None:
    low = LOW if said.low == LOW.node.raw else HIGH
    high = HIGH if said.high == HIGH.node.raw else LOW
    assert refused(signed(said, low, high))


def test_one_recovery_key_for_both_is_allowed_since_one_person_may_have_both() -> None:
    assert read_pair(signed(replace(SAID, low_recovery=SAID.high_recovery)))


def test_a_node_is_not_paired_with_itself_and_no_node_key_recovers() -> None:
    for other in (ADA.party, Party(BEN.node, BEN.node.raw), Party(BEN.node, ADA.node.raw)):
        with pytest.raises(Misuse):
            make_half(ADA.signing, ADA.words.public, other, NOW)
    with pytest.raises(Misuse):
        make_half(ADA.signing, ADA.node.raw, BEN.party, NOW)


def half(said: pair._Pair = SAID, by: Person = ADA, purpose: str = "pair") -> bytes:
    return sign_statement(by.signing, purpose, said)


def test_the_halves_below_are_refused_for_what_they_change() -> None:
    assert read_pair(countersign(BEN.signing, BEN.words.public, half(), ADA.party)).nonce == b"n" * 16


@pytest.mark.parametrize(
    "tried",
    [
        lambda: countersign(BEN.signing, BEN.words.public, half(), CYD.party),
        lambda: countersign(CYD.signing, CYD.words.public, half(), ADA.party),
        lambda: countersign(BEN.signing, CYD.words.public, half(), ADA.party),
        lambda: countersign(BEN.signing, BEN.words.public, half(), Party(ADA.node, CYD.words.public)),
        lambda: countersign(BEN.signing, BEN.words.public, half(by=EVE), ADA.party),
        lambda: countersign(BEN.signing, BEN.words.public, half(purpose="pairs"), ADA.party),
        lambda: countersign(BEN.signing, BEN.words.public, half(by=BEN), BEN.party),
        lambda: countersign(BEN.signing, BEN.words.public, half(by=BEN), ADA.party),
        lambda: countersign(ADA.signing, ADA.words.public, half(), ADA.party),
        lambda: countersign(BEN.signing, BEN.words.public, half(replace(SAID, low=HIGH.node.raw, high=LOW.node.raw)), ADA.party),
        lambda: countersign(BEN.signing, BEN.words.public, RAW, ADA.party),
        lambda: countersign(BEN.signing, BEN.words.public, HALF[:-1], ADA.party),
    ],
)  # fmt: skip
def test_nothing_is_countersigned_but_what_names_exactly_these_two(tried: Callable[[], bytes]) -> None:
    with pytest.raises(Malformed):
        tried()
