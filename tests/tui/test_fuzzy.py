from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.tui.fuzzy import (
    BETWEEN_WORDS,
    CLOSE_AT_MOST,
    LOOKED_AT_CLOSELY,
    STEP,
    Match,
    Name,
    look_closely,
    lowered,
    search,
)


def best(typed: str, names: Sequence[str], limit: int = 50) -> list[Match[int]]:
    steps = search(typed, [Name(text, number) for number, text in enumerate(names)], limit)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def texts(typed: str, names: Sequence[str]) -> list[str]:
    return [match.name.text for match in best(typed, names)]


@pytest.mark.parametrize(
    ("typed", "wanted", "others"),
    [
        ("pass", "work:db/password", ["work:pass/x", "work:compass", "work:p/a/s/s/x"]),
        ("dbpw", "work:db/prod-web", ["work:dxbxpxw", "work:sdabppw-long-name"]),
        ("work", "work", ["work:db/password", "w/o/r/k", "homework:x"]),
        ("api key", "work:api/key", ["work:apiary-monkey", "work:a-p-i-k-e-y"]),
        ("PROD", "work:prod", ["work:preroad", "work:reprod"]),
        ("größe", "work:Größe", ["work:grosse"]),
        ("db/", "work:db/", ["work:data-base/x"]),
    ],
)
def test_the_name_that_is_meant_comes_first(typed: str, wanted: str, others: list[str]) -> None:
    assert texts(typed, [*others, wanted])[0] == wanted


def test_letters_that_stand_together_are_marked_together() -> None:
    (match,) = best("word", ["work:w/o/r/d-word"])
    assert "".join(match.name.text[at] for at in match.at) == "word"
    assert match.at == (13, 14, 15, 16)


def test_nothing_typed_and_nothing_fitting_find_nothing() -> None:
    assert best("", ["a"]) == best("  ", ["a"]) == best("zz", ["az", "za"]) == []


def test_letters_that_mean_something_in_patterns_mean_themselves() -> None:
    assert texts(".*[", ["a.b*c[", "abc"]) == ["a.b*c["]
    assert texts("^]-\\", ["x^]-\\", "x"]) == ["x^]-\\"]


@given(st.text("ab/-AÄİß", max_size=12), st.text("ab/-äß", min_size=1, max_size=5))
def test_what_is_found_has_the_letters_at_the_marked_places_in_order(text: str, typed: str) -> None:
    low, rest = lowered(text), iter(lowered(text))
    fits = all(letter in rest for letter in lowered(typed))
    matches = best(typed, [text])
    assert len(low) == len(text)
    assert bool(matches) == fits
    for match in matches:
        assert [low[at] for at in match.at] == list(lowered(typed))
        assert list(match.at) == sorted(set(match.at))


def test_a_crafted_name_takes_no_longer_than_others() -> None:
    names = ["a" * 1000 + str(number) for number in range(400)]
    began = time.process_time()
    assert best("a" * 39 + "z", names) == []
    assert len(best("a" * 40, names)) == 50
    assert time.process_time() - began < 1.0
    assert CLOSE_AT_MOST < 40 * 1000


class Counted(list[Name[int]]):
    """Names that count how often one is looked at."""

    looks = 0

    def __getitem__(self, index: Any) -> Any:
        self.looks += 1
        return super().__getitem__(index)


def test_ten_thousand_names_are_searched_in_small_steps() -> None:
    names = Counted(Name(f"work:area-{n % 37}/service-{n % 101}/password_{n}", n) for n in range(10_000))
    steps, before, looks = search("serpas99", names), 0, []
    found: list[Match[int]] = []
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found = end.value
            break
        looks.append(names.looks - before)
        before = names.looks
    assert len(found) == 50
    assert max(looks) == STEP
    assert sum(looks) == 10_000 + LOOKED_AT_CLOSELY
    assert looks[-LOOKED_AT_CLOSELY:] == LOOKED_AT_CLOSELY * [1]


def test_the_best_of_many_is_not_lost_to_the_first_cheap_look() -> None:
    many = [f"x{'-' * (n % 7)}p{n}a{n}s{n}w" for n in range(5000)]
    assert texts("pasw", [*many, "deep/pas-w"])[0] == "deep/pas-w"


def test_a_close_look_prefers_the_beginnings_of_words() -> None:
    assert look_closely("pw", Name("prow:prod-web", 0)).at == (5, 10)
    assert "-" in BETWEEN_WORDS
