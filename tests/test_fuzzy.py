from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.fuzzy import (
    BETWEEN_WORDS,
    CLOSE_AT_MOST,
    GATHERED,
    LONGEST_QUERY,
    LOOKED_AT_CLOSELY,
    Match,
    Names,
    Shelf,
    by_length,
    last_part,
    lowered,
    placed,
    query_of,
    search,
)


def shelf(names: Iterable[str], prefix: str = "", gone: Callable[[int], bool] | None = None) -> Shelf:
    return Shelf(Names.of(sorted(names, key=by_length)), prefix, gone)


def run(steps: Any) -> tuple[Any, int]:
    """What a generator returns, and in how many steps."""
    count = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value, count
        count += 1


def best(typed: str, *shelves: Shelf, limit: int = 50) -> list[Match]:
    return run(search(typed, shelves, limit))[0]  # type: ignore[no-any-return]


def texts(typed: str, names: Iterable[str], prefix: str = "", limit: int = 50) -> list[str]:
    return [match.text for match in best(typed, shelf(names, prefix), limit=limit)]


@pytest.mark.parametrize(
    ("typed", "wanted", "others"),
    [
        ("pass", "work:db/password", ["work:pass/x", "work:compass", "work:p/a/s/s/x"]),
        ("dbpw", "work:db/prod-web", ["work:dxbxpxw", "work:sdabppw-long-name"]),
        ("work", "work", ["work:db/password", "w/o/r/k", "homework:x"]),
        ("api key", "work:api/key", ["work:apiary-monkey", "work:a-p-i-k-e-y"]),
        ("PROD", "work:prod", ["work:preroad", "work:reprod"]),
        ("größe", "work:Größe", ["work:grosse"]),
        ("ößg", "work:öx-ßy-gz", ["work:öxßyz/g"]),
        ("db/", "work:db/", ["work:data-base/x"]),
    ],
)
def test_the_name_that_is_meant_comes_first(typed: str, wanted: str, others: list[str]) -> None:
    assert texts(typed, [*others, wanted])[0] == wanted


@pytest.mark.parametrize(
    ("typed", "wanted", "others"),
    [
        ("wodbpass", "db/password", ["db/passage-old", "deep/board/p-a-s-s"]),
        ("work:db", "db/x", ["d/b/x", "odd-bits"]),
        ("wpass", "pass", ["compass", "p/a/s/s"]),
        ("word", "word", ["d", "rd"]),
    ],
)
def test_a_query_may_begin_with_letters_of_what_stands_before_all_names(
    typed: str, wanted: str, others: list[str]
) -> None:
    assert texts(typed, [*others, wanted], "work:")[0] == f"work:{wanted}"


def test_what_stands_before_all_names_finds_none_of_them_by_itself() -> None:
    assert texts("work", ["db/a", "db/b"], "work:") == []
    assert texts("zwork", ["db/a"], "work:") == []
    assert texts("wod", ["db/a", "x"], "work:") == ["work:db/a"]


def test_letters_that_stand_together_are_marked_together() -> None:
    (match,) = best("word", shelf(["work:w/o/r/d-word"]))
    assert "".join(match.text[at] for at in match.at) == "word"
    assert match.at == (13, 14, 15, 16)


def test_nothing_typed_too_much_typed_and_nothing_fitting_find_nothing() -> None:
    assert texts("", ["a"]) == texts("  ", ["a"]) == texts("zz", ["az", "za"]) == []
    long = "a" * LONGEST_QUERY
    assert texts(long, [long]) == [long]
    assert texts(long + "a", [long + "a"]) == []
    assert texts("a", []) == best("a") == []


def test_letters_that_mean_something_in_patterns_mean_themselves() -> None:
    assert texts(".*[", ["a.b*c[", "abc"]) == ["a.b*c["]
    assert texts("^]-\\", ["x^]-\\", "x"]) == ["x^]-\\"]
    assert texts("^-\\", ["x^y-z\\", "x"]) == ["x^y-z\\"]


def test_a_name_with_a_newline_is_one_name() -> None:
    found = best("two", shelf(["one\ntwo", "other"]))
    assert [(match.text, match.at) for match in found] == [("one\ntwo", (4, 5, 6))]
    assert texts("one two", ["one\ntwo"]) == ["one\ntwo"]


LETTERS = "ab/-AÄİß€𝄞\n"


@given(st.lists(st.text(LETTERS, max_size=12), max_size=8, unique=True), st.text("ab/-äß€𝄞", min_size=1, max_size=5))
def test_what_is_found_has_the_letters_at_the_marked_places_in_order_and_nothing_else_has(
    names: list[str], typed: str
) -> None:
    def fits(name: str) -> bool:
        rest = iter(lowered(name))
        return all(letter in rest for letter in query_of(typed))

    found = best(typed, shelf(names), limit=100)
    assert sorted(match.text for match in found) == sorted(filter(fits, names))
    for match in found:
        assert [lowered(match.text)[at] for at in match.at] == list(query_of(typed))
        assert list(match.at) == sorted(set(match.at))


@given(st.lists(st.text(LETTERS, max_size=12), max_size=8))
def test_names_keep_their_text_and_their_place(names: list[str]) -> None:
    held = Names.of(names)
    assert [held[number] for number in range(len(held))] == names


def test_the_last_part_of_a_directory_is_its_own_name() -> None:
    assert "work:db/".startswith("work:db/"[: last_part("work:db/")] + "db")
    assert last_part("work:a/b") == 7
    assert last_part("a") == last_part("/") == last_part("") == 0


def test_what_is_gone_is_not_found_however_many_there_are() -> None:
    names = [f"pass-{number:05d}" for number in range(3000)]
    found = best("pass", shelf(names, gone=lambda index: index != 2999), limit=10)
    assert [match.text for match in found] == ["pass-02999"]


def test_names_of_many_shelves_are_told_apart() -> None:
    one, other = shelf(["db/pw", "x"], "home:"), shelf(["db/pw"], "work:")
    found = best("dbpw", one, other)
    assert {(match.shelf.prefix, match.index, match.text) for match in found} == {
        ("home:", 1, "home:db/pw"),
        ("work:", 0, "work:db/pw"),
    }


def test_the_best_of_many_is_not_lost_to_the_first_cheap_look() -> None:
    many = [f"x{'-' * (n % 7)}p{n}a{n}s{n}w" for n in range(5000)]
    assert texts("pasw", [*many, "deep/pas-w"])[0] == "deep/pas-w"
    assert texts("pasw", [*many, "deep/path/to/a/pasw-of-long-ago"])[0] == "deep/path/to/a/pasw-of-long-ago"


def test_more_than_are_looked_at_closely_by_themselves_can_be_asked_for() -> None:
    names = [f"a{number}" for number in range(1000)]
    assert len(texts("a", names)) == 50
    assert len(texts("a", names, limit=LOOKED_AT_CLOSELY)) == LOOKED_AT_CLOSELY
    assert len(texts("a", names, limit=700)) == 700


def test_a_close_look_prefers_the_beginnings_of_words() -> None:
    assert placed("pw", "prow:prod-web")[1] == (5, 10)
    assert "-" in BETWEEN_WORDS


def test_a_close_look_at_much_is_no_close_look() -> None:
    name = "a" * 1000
    assert 40 * len(name) > CLOSE_AT_MOST
    assert placed("a" * 40, name) == (16, tuple(range(40)))


class Looks:
    """Stands for what tells whether a name is gone, and counts how often it is asked."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, index: int) -> bool:
        self.count += 1
        return False


@pytest.mark.parametrize(
    "names",
    [
        [f"area-{n % 37}/service-{n % 101}/password_{n}" for n in range(20_000)],
        ["a" * 60 + str(n) for n in range(20_000)],
    ],
)
@pytest.mark.parametrize("typed", ["s", "a", "serpas99", "rea", "9" * 7, "a" * 39 + "z", "a" * 40])
def test_a_search_takes_steps_that_each_look_at_little(names: Sequence[str], typed: str) -> None:
    looks = Looks()
    where = shelf(names, gone=looks)
    steps, before, most, count = search(typed, [where]), 0, 0, 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found = end.value
            break
        most, before = max(most, looks.count - before), looks.count
        count += 1
    windows = sum(1 for _ in where.names.low.windows())
    assert most <= 2 * LOOKED_AT_CLOSELY
    assert looks.count <= 10 * LOOKED_AT_CLOSELY, "only what may be the answer is taken out of the joined text"
    assert windows <= count <= 8 * (windows + 20_000 // 4000 + 2) + LOOKED_AT_CLOSELY
    assert len(found) <= 50


def test_names_are_taken_in_by_small_steps() -> None:
    asked = 0

    def texts() -> Any:
        nonlocal asked
        for number in range(10 * GATHERED):
            asked += 1
            yield f"n{number:06d}"

    steps = Names.gathered(texts())
    for count in range(1, 10):
        next(steps)
        assert asked == count * GATHERED
    names, _ = run(steps)
    assert len(names) == 10 * GATHERED
    assert names.texts is names.low, "what is in lower case anyway is held once"
