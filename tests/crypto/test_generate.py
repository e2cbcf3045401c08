"""New passwords: every allowed one is as likely as the others, and the bits told are those of the draw."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.crypto import entropy
from pk_tui.crypto.generate import (
    ALIKE,
    DIGITS,
    LIST_SIZE,
    LOWER,
    MAX_LENGTH,
    SYMBOLS,
    UPPER,
    below,
    passphrase,
    password,
    word_list,
)
from pk_tui.errors import Misuse

ALL = (LOWER, UPPER, DIGITS, SYMBOLS)


@given(st.sets(st.sampled_from(ALL), min_size=1), st.integers(4, 60), st.text(LOWER + DIGITS, max_size=8))
def test_each_chosen_sort_comes_and_nothing_that_is_excluded(sorts: set[str], length: int, exclude: str) -> None:
    text = password(length, sorted(sorts), exclude).value.reveal().decode()

    assert len(text) == length
    assert set(text) <= set("".join(sorts)) - set(exclude)
    for sort in sorts:
        assert set(text) & set(sort)


def test_every_allowed_password_is_drawn_as_often_as_the_others() -> None:
    allowed = {"".join(p) for p in product("abc12", repeat=3) if set(p) & set("abc") and set(p) & set("12")}
    draws = 40 * len(allowed)
    with entropy.seeded(b"evenly"):
        seen = Counter(password(3, ["abc", "12"]).value.reveal().decode() for _ in range(draws))

    assert set(seen) == allowed
    # chi squared: of 89 degrees of freedom, above 150 comes once in 20,000 seeds; this is one seed, the same every time
    assert sum((count - 40) ** 2 / 40 for count in seen.values()) < 150


@pytest.mark.parametrize(("sorts", "length"), [(["ab", "1"], 4), (["abc", "12", "!"], 3), (["a", "b", "c", "d"], 5)])
def test_the_bits_told_are_those_of_all_that_could_have_been_drawn(sorts: list[str], length: int) -> None:
    allowed = [p for p in product("".join(sorts), repeat=length) if all(set(p) & set(sort) for sort in sorts)]

    assert password(length, sorts).entropy_bits == pytest.approx(math.log2(len(allowed)))


def test_the_bits_of_common_passwords() -> None:
    assert password(20, ALL).entropy_bits == pytest.approx(130.926, abs=0.001)  # without the constraint: 131.09
    assert password(20, [LOWER]).entropy_bits == pytest.approx(20 * math.log2(26))
    assert password(MAX_LENGTH, ALL).entropy_bits == pytest.approx(MAX_LENGTH * math.log2(94))
    assert password(1, [DIGITS], "012345678").entropy_bits == 0


@pytest.mark.parametrize(
    ("length", "sorts", "exclude"),
    [(0, [LOWER], ""), (-1, [LOWER], ""), (3, ALL, ""), (MAX_LENGTH + 1, ALL, ""), (8, [], ""), (8, [DIGITS], DIGITS)],
)
def test_a_password_that_cannot_be_is_refused(length: int, sorts: list[str], exclude: str) -> None:
    with pytest.raises(Misuse):
        password(length, sorts, exclude)


def test_what_is_alike_can_be_left_out_of_every_sort() -> None:
    text = password(200, ALL, ALIKE).value.reveal().decode()

    assert not set(text) & set(ALIKE)


@given(st.integers(1, 2000))
def test_a_number_is_below_its_limit(limit: int) -> None:
    assert 0 <= below(limit) < limit


def test_numbers_are_drawn_again_and_not_folded() -> None:
    with entropy.seeded(b"folded"):
        seen = Counter(below(3) for _ in range(3000))

    assert set(seen) == {0, 1, 2}
    assert max(seen.values()) - min(seen.values()) < 200  # folded, one of them would come 1,500 times
    assert below(1) == 0
    with pytest.raises(ValueError, match="no number"):
        below(0)


def test_the_list_is_the_effs_long_one() -> None:
    words = word_list()

    assert len(words) == len(set(words)) == LIST_SIZE == 6**5
    assert words[0] == "abacus"
    assert words[-1] == "zoom"
    assert hashlib.sha256("\n".join(words).encode()).hexdigest() == LIST_DIGEST


def test_no_word_begins_another_so_no_two_draws_give_one_phrase() -> None:
    words = sorted(word_list())

    assert not [one for one, other in pairwise(words) if other.startswith(one)]


def test_a_passphrase_is_of_listed_words() -> None:
    made = passphrase(6, " ")

    assert set(made.value.reveal().decode().split(" ")) <= set(word_list())
    assert made.entropy_bits == pytest.approx(6 * math.log2(7776))
    assert len(made.value.reveal().split(b" ")) == 6
    assert passphrase(64, "").entropy_bits == pytest.approx(64 * math.log2(7776))


@pytest.mark.parametrize(
    ("words", "separator"), [(0, "-"), (-3, "-"), (65, "-"), (3, "x" * 17), (3, "\n"), (3, "\x1b")]
)
def test_a_passphrase_that_cannot_be_is_refused(words: int, separator: str) -> None:
    with pytest.raises(Misuse):
        passphrase(words, separator)


def test_a_made_value_does_not_print() -> None:
    made = passphrase(3)

    assert made.value.reveal().decode() not in repr(made)


LIST_DIGEST = "abae49761b88f3f1ba31ef944bea1f61b795a3cd7e1cfb7d276ed45bf77967ba"
