from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pk_tui.agent.seldom import Seldom


def test_the_first_is_due_and_the_others_once_the_window_is_over_with_their_number() -> None:
    seldom = Seldom(window=10.0)
    assert [seldom.due("a", at) for at in (0.0, 1.0, 9.9, 10.0, 11.0, 25.0, 26.0)] == [1, 0, 0, 3, 0, 2, 0]


def test_different_things_do_not_count_for_each_other() -> None:
    seldom = Seldom(window=10.0)
    assert [seldom.due(what, 0.0) for what in ("a", "b", ("a", "b"), "a")] == [1, 1, 1, 0]


def test_whoever_thinks_of_new_things_all_the_time_is_one_thing() -> None:
    seldom = Seldom(window=10.0, keys=4)
    assert sum(bool(seldom.due(number, 1.0)) for number in range(1000)) == 5
    assert seldom.due(1, 11.0) == 1
    assert sum(bool(seldom.due(number, 12.0)) for number in range(1000, 2000)) <= 5


def test_what_comes_beyond_is_counted_together() -> None:
    seldom = Seldom(window=10.0, keys=1)
    seldom.due("a", 9.0)
    assert [seldom.due(number, 9.0) for number in range(5)] == [1, 0, 0, 0, 0]
    seldom.due("a", 18.9)
    seldom.due("a", 19.0)
    assert len(seldom._seen) <= 2


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), max_size=60))
def test_nothing_is_counted_twice_and_little_is_noted(steps: list[tuple[int, int]]) -> None:
    seldom, now, told = Seldom(window=10.0, keys=3), 0.0, 0
    noted = 0
    for what, later in steps:
        now += later
        times = seldom.due(what, now)
        told += times
        noted += bool(times)
    assert told <= len(steps)
    assert noted <= 4 * (now / 10.0 + 1) + 4
