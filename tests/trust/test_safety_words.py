"""Both sides get the same words, somebody between them gets others, and nobody can choose what they will be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemonic import Mnemonic

from pk_tui.crypto import entropy
from pk_tui.errors import PeerMisbehaved
from pk_tui.terms import NodeId
from pk_tui.trust import safety_words
from pk_tui.trust.safety_words import Answerer, ComparedWords, Meeting, MetInPerson, Starter

ADA, BEN, EVE = (NodeId(letter * 32) for letter in (b"a", b"b", b"e"))
SESSION = b"s" * 32


def sides(session: bytes = SESSION) -> tuple[Meeting, Meeting]:
    return Meeting(ADA, BEN, session), Meeting(BEN, ADA, session)


def compared(ours: Meeting, theirs: Meeting) -> tuple[ComparedWords, ComparedWords]:
    starter = Starter(ours)
    answerer = Answerer(theirs, starter.commitment)
    opening, words = starter.answered(answerer.nonce)
    return words, answerer.opened(opening)


@settings(max_examples=50)
@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=64))
def test_both_screens_show_the_same_words(one: bytes, other: bytes, session: bytes) -> None:
    if one == other:
        return
    first, second = NodeId(one), NodeId(other)
    here, there = compared(Meeting(first, second, session), Meeting(second, first, session))

    assert here.words == there.words
    assert len(here.words) == 6
    assert (here.peer, there.peer) == (second, first)


def test_the_words_are_of_the_list_that_recovery_codes_are_made_of() -> None:
    here, _ = compared(*sides())

    assert set(here.words) <= set(Mnemonic("english").wordlist)
    assert str(here) == " ".join(here.words)


def test_each_comparison_has_words_of_its_own() -> None:
    assert len({str(compared(*sides())[0]) for _ in range(20)}) == 20


def test_words_alone_verify_nothing_and_the_person_who_says_they_match_does() -> None:
    here, _ = compared(*sides())

    assert not isinstance(here, MetInPerson)
    assert here.matched(7) == MetInPerson(BEN, 7)


def test_the_formula() -> None:
    with entropy.seeded(b"words"):
        starter = Starter(Meeting(ADA, BEN, SESSION))
    answerer = Answerer(Meeting(BEN, ADA, SESSION), starter.commitment)
    opening, words = starter.answered(answerer.nonce)

    def digest(person: bytes, *parts: bytes) -> bytes:
        return hashlib.blake2b(b"".join(parts), digest_size=32, person=person).digest()

    bits = int.from_bytes(digest(b"pk-tui words 1", ADA.raw, BEN.raw, opening, answerer.nonce, SESSION), "big")
    assert starter.commitment == digest(b"pk-tui verify 1", opening, ADA.raw, BEN.raw, SESSION)
    assert words.words == tuple(Mnemonic("english").wordlist[bits >> shift & 0x7FF] for shift in range(245, 179, -11))


# ---- somebody between ----


def test_a_man_in_the_middle_who_passes_everything_on_shows_himself() -> None:
    """Eve has a session with each, under her own key, and hands the messages through as they are."""
    ada = Starter(Meeting(ADA, EVE, b"1" * 32))
    ben = Answerer(Meeting(BEN, EVE, b"2" * 32), ada.commitment)
    opening, at_ada = ada.answered(ben.nonce)

    with pytest.raises(PeerMisbehaved, match="between you"):
        ben.opened(opening)
    assert at_ada.peer == EVE


@pytest.mark.parametrize("same_session", [False, True])
def test_a_man_in_the_middle_who_plays_both_parts_gets_different_words(same_session: bool) -> None:
    """Even if he could make both sessions have one name."""
    sessions = (b"1" * 32, b"1" * 32) if same_session else (b"1" * 32, b"2" * 32)
    at_ada, _ = compared(Meeting(ADA, EVE, sessions[0]), Meeting(EVE, ADA, sessions[0]))
    at_ben, _ = compared(Meeting(BEN, EVE, sessions[1]), Meeting(EVE, BEN, sessions[1]))

    assert at_ada.words != at_ben.words


def test_with_the_same_nonces_other_ids_or_another_session_give_other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def fixed(meeting: Meeting) -> tuple[str, ...]:
        nonces = iter((b"1" * 32, b"2" * 32))
        monkeypatch.setattr(safety_words, "random_bytes", lambda _: next(nonces))
        return compared(meeting, Meeting(meeting.peer, meeting.own, meeting.session))[0].words

    meetings = [
        Meeting(ADA, BEN, SESSION),
        Meeting(BEN, ADA, SESSION),
        Meeting(ADA, EVE, SESSION),
        Meeting(ADA, BEN, b"t" * 32),
        Meeting(ADA, BEN, SESSION + b"s"),
    ]
    assert len({fixed(meeting) for meeting in meetings}) == len(meetings)
    assert fixed(meetings[0]) == fixed(meetings[0])


def test_whoever_begins_has_settled_his_nonce_before_the_other_is_made() -> None:
    """Nothing to try out: what was committed to opens with one nonce, and every other is refused."""
    starter = Starter(sides()[0])
    for _ in range(100):
        answerer = Answerer(sides()[1], starter.commitment)
        with pytest.raises(PeerMisbehaved):
            answerer.opened(entropy.random_bytes(32))


def test_whoever_answers_knows_nothing_of_the_nonce_but_its_hash() -> None:
    starter = Starter(sides()[0])
    opening, _ = starter.answered(Answerer(sides()[1], starter.commitment).nonce)

    assert opening not in (starter.commitment, SESSION)
    assert not hasattr(starter, "nonce")


# ---- what is not as it should be ----


def wrong_openings(opening: bytes, starter: Starter) -> list[bytes]:
    changed = [bytes((opening[0] ^ 1,)) + opening[1:], opening[:-1] + bytes((opening[-1] ^ 0x80,))]
    return [*changed, opening[:-1], opening + b"\0", b"", starter.commitment, bytes(32)]


def test_a_wrong_opening_is_refused_and_there_is_no_second_try() -> None:
    starter = Starter(sides()[0])
    opening, _ = starter.answered(b"n" * 32)
    for wrong in wrong_openings(opening, starter):
        answerer = Answerer(sides()[1], starter.commitment)
        with pytest.raises(PeerMisbehaved):
            answerer.opened(wrong)
        with pytest.raises(PeerMisbehaved, match="twice"):
            answerer.opened(opening)


def test_an_opening_that_was_right_is_not_taken_again() -> None:
    starter = Starter(sides()[0])
    answerer = Answerer(sides()[1], starter.commitment)
    opening, _ = starter.answered(answerer.nonce)
    answerer.opened(opening)

    with pytest.raises(PeerMisbehaved, match="twice"):
        answerer.opened(opening)


def test_a_second_answer_is_refused() -> None:
    starter = Starter(sides()[0])
    starter.answered(b"n" * 32)

    with pytest.raises(PeerMisbehaved, match="twice"):
        starter.answered(b"m" * 32)


@pytest.mark.parametrize("wrong", [b"", b"n" * 31, b"n" * 33])
def test_an_answer_of_another_size_is_refused_and_opens_nothing(wrong: bytes) -> None:
    starter = Starter(sides()[0])

    with pytest.raises(PeerMisbehaved):
        starter.answered(wrong)
    with pytest.raises(PeerMisbehaved):
        starter.answered(b"n" * 32)


@pytest.mark.parametrize("wrong", [b"", b"c" * 31, b"c" * 33, b"c" * 64])
def test_a_commitment_of_another_size_is_refused(wrong: bytes) -> None:
    with pytest.raises(PeerMisbehaved):
        Answerer(sides()[1], wrong)


@pytest.mark.parametrize("own_part", [lambda one: one.commitment, lambda one: one._nonce])
def test_our_own_part_sent_back_is_no_answer(own_part: Callable[[Starter], bytes]) -> None:
    starter = Starter(sides()[0])

    with pytest.raises(PeerMisbehaved, match="our own part"):
        starter.answered(own_part(starter))


def test_our_own_commitment_sent_back_does_not_open_with_our_own_nonce() -> None:
    """Ben lets Ada compare with herself: he sends what she began with, and then what she opened it with."""
    starter = Starter(sides()[0])
    reflected = Answerer(sides()[0], starter.commitment)
    opening, _ = starter.answered(reflected.nonce)

    with pytest.raises(PeerMisbehaved):
        reflected.opened(opening)


@pytest.mark.parametrize(
    "meeting", [Meeting(BEN, EVE, SESSION), Meeting(EVE, ADA, SESSION), Meeting(BEN, ADA, b"t" * 32)]
)
def test_what_was_begun_between_others_or_in_another_session_does_not_open(meeting: Meeting) -> None:
    starter = Starter(sides()[0])
    answerer = Answerer(meeting, starter.commitment)
    opening, _ = starter.answered(answerer.nonce)

    with pytest.raises(PeerMisbehaved):
        answerer.opened(opening)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["answer", "own answer", "open", "open wrongly"]), max_size=6))
def test_in_whatever_order_things_come_words_are_shown_for_the_first_right_one_alone(steps: list[str]) -> None:
    starter = Starter(sides()[0])
    answerer = Answerer(sides()[1], starter.commitment)
    parts = {
        "answer": answerer.nonce,
        "own answer": starter.commitment,
        "open": starter._nonce,
        "open wrongly": b"w" * 32,
    }
    shown: dict[str, list[ComparedWords]] = {"here": [], "there": []}
    tried: dict[str, list[str]] = {"here": [], "there": []}
    for step in steps:
        where = "here" if step.endswith("answer") else "there"
        tried[where].append(step)
        try:
            if where == "here":
                shown[where].append(starter.answered(parts[step])[1])
            else:
                shown[where].append(answerer.opened(parts[step]))
        except PeerMisbehaved:
            pass

    for where, right in (("here", "answer"), ("there", "open")):
        assert len(shown[where]) == int(tried[where][:1] == [right])
    if shown["here"] and shown["there"]:
        assert shown["here"][0].words == shown["there"][0].words


def test_a_meeting_is_of_two_nodes_in_a_session() -> None:
    with pytest.raises(ValueError, match="two nodes"):
        Meeting(ADA, ADA, SESSION)
    with pytest.raises(ValueError, match="session"):
        Meeting(ADA, BEN, b"")
