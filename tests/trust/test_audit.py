"""Whatever is done to a chain of entries, it does not hang together any more."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.errors import Malformed
from pk_tui.trust.audit import BEGINNING, MAX_ENTRY, Entry, Mark, Walk, mark_of, next_entry, read_entry

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
DETAILS = {"node_id": "v1", "count": 3, "trusted": True, "vault_name": None, "times": ["a", "b"]}


def chain(length: int, start: Mark = BEGINNING, salt: int = 0) -> list[bytes]:
    raws: list[bytes] = []
    end = start
    for number in range(length):
        raws.append(next_entry(end, number, "vault.scanned", {"at": number, "salt": salt}))
        end = mark_of(raws[-1])
    return raws


def faults(raws: list[bytes], end: Mark, dropped: Mark = BEGINNING) -> list[str]:
    walk = Walk(dropped)
    return [fault for fault in [*map(walk.take, raws), walk.finish(end)] if fault]


@settings(max_examples=60)
@given(
    st.integers(0, 2**62),
    st.sampled_from(["vault.scanned", "agent.login_failed"]),
    st.dictionaries(texts, st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts | st.lists(texts)),
)
def test_an_entry_comes_back_as_it_was(time: int, topic: str, details: dict[str, object]) -> None:
    assert read_entry(next_entry(Mark(6, b"d" * 32), time, topic, details)) == Entry(7, time, topic, details)


def test_the_digest_of_an_entry_is_of_its_bytes() -> None:
    raw = next_entry(BEGINNING, 5, "vault.scanned", DETAILS)

    assert mark_of(raw) == Mark(1, hashlib.blake2b(raw, digest_size=32, person=b"pk-tui audit 1").digest())


def test_a_whole_chain_has_no_fault() -> None:
    raws = chain(10)

    assert faults(raws, mark_of(raws[-1])) == []
    assert faults(raws[4:], mark_of(raws[-1]), mark_of(raws[3])) == []
    assert faults([], BEGINNING) == []


@given(st.integers(0, 9), st.integers(1, 9))
def test_removing_any_of_it_shows(start: int, count: int) -> None:
    raws = chain(10)
    left = raws[:start] + raws[start + count :]

    assert faults(left, mark_of(raws[-1]))


@given(st.permutations(range(6)))
def test_another_order_shows(order: list[int]) -> None:
    raws = chain(6)

    assert bool(faults([raws[at] for at in order], mark_of(raws[-1]))) == (order != sorted(order))


@given(st.integers(0, 9))
def test_an_entry_of_another_chain_shows_in_its_place_and_after_it(at: int) -> None:
    raws, other = chain(10), chain(10, salt=1)
    found = faults([*raws[:at], other[at], *raws[at + 1 :]], mark_of(raws[-1]))

    assert found
    assert any("replaced" in fault for fault in found)


def test_a_chain_that_goes_on_beyond_its_noted_end_shows() -> None:
    raws = chain(10)

    assert "added" in faults(raws, mark_of(raws[8]))[0]


def test_what_was_removed_is_told_by_its_numbers() -> None:
    raws = chain(10)

    assert faults([*raws[:3], *raws[5:]], mark_of(raws[-1])) == ["The audit has a gap: number 3 is followed by 6."]
    assert faults(raws[:7], mark_of(raws[-1])) == [
        "The audit ends at number 7, and ought to at 10: entries were removed."
    ]


def test_bytes_that_are_no_entry_are_a_fault_and_no_crash() -> None:
    raws = chain(3)

    assert "cannot be read" in faults([raws[0], b"\x93", *raws[1:]], mark_of(raws[-1]))[0]
    for wrong in (b"", b"x", raws[0] + b"\0", raws[0][:-1]):
        with pytest.raises(Malformed):
            read_entry(wrong)


@pytest.mark.parametrize("topic", ["", "vault", "vault.", "Vault.Scanned", "vault scanned", "v" * 70 + ".x"])
def test_a_topic_is_words_with_dots_between(topic: str) -> None:
    with pytest.raises(ValueError, match=r"topic|audit"):
        next_entry(BEGINNING, 0, topic, {})


@pytest.mark.parametrize("details", [{"x": b"bytes"}, {"x": 1.5}, {"x": {"y": 1}}, {"x": "a" * MAX_ENTRY}, {"x": [1]}])
def test_what_an_entry_may_not_hold_is_our_mistake(details: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="may not"):
        next_entry(BEGINNING, 0, "vault.scanned", details)


def test_a_clock_before_1970_does_not_keep_an_entry_from_being_made() -> None:
    assert read_entry(next_entry(BEGINNING, -5, "vault.scanned", {})).time == 0
