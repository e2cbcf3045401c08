from __future__ import annotations

import pytest
from tui.people import NOW, clone, known, link, node_id, party

from pk_tui.clock import MINUTE
from pk_tui.terms import Address
from pk_tui.tui.node_rows import (
    SORTS,
    NodeRow,
    Sorting,
    State,
    clones_from,
    gestalt_of,
    in_order,
    matching,
    merged,
    spread,
)


def rows(*given: tuple[int, str | None, str | None]) -> list[NodeRow]:
    """Of (number, name, state of the connection); a name None and a connection: a stranger."""
    nodes = [known(number, name) for number, name, state in given if name is not None]
    links = [link(number, state) for number, _, state in given if state is not None]
    return merged(nodes, links, (), {})


@pytest.mark.parametrize(
    ("name", "connection", "state"),
    [
        ("bob", None, State.OFFLINE),
        ("bob", "connected", State.CONNECTED),
        ("bob", "connecting", State.CONNECTING),
        ("bob", "waiting", State.WAITING),
        ("bob", "failed", State.FAILED),
        (None, "connected", State.UNKNOWN),
        (None, "waiting", State.UNKNOWN),
    ],
)
def test_a_state_is_that_of_the_connection_or_of_knowing_nothing(
    name: str | None, connection: str | None, state: State
) -> None:
    (row,) = rows((1, name, connection))

    assert row.state is state
    assert row.known == (name is not None)


def test_each_node_has_one_row_whether_known_connected_or_both() -> None:
    found = rows((1, "bob", "connected"), (2, "carol", None), (3, None, "connected"))

    assert sorted(row.node_id for row in found) == [node_id(1), node_id(2), node_id(3)]


def test_a_stranger_is_never_trusted_and_shares_nothing() -> None:
    (row,) = merged((), [link(3)], [party(4, "work")], {})

    assert not row.trusted
    assert not row.known
    assert row.shared == 0


def test_a_row_says_what_is_shared_with_the_node() -> None:
    (row,) = merged([known(1, "bob", trusted=True)], (), [party(1, "work", "infra")], {})

    assert row.trusted
    assert row.shared == 2


@pytest.mark.parametrize(
    ("direction", "addresses", "shown"),
    [
        ("out", (Address("home", 1),), Address("there", 7)),  # by this it was reached
        ("in", (Address("home", 1),), Address("home", 1)),  # the port of its own call is of no use
        ("in", (), Address("there", 7)),
    ],
)
def test_the_address_is_the_one_it_can_be_reached_at(
    direction: str, addresses: tuple[Address, ...], shown: Address
) -> None:
    (row,) = merged([known(1, "bob", addresses=addresses)], [link(1, direction=direction)], (), {})

    assert row.address == shown


def test_a_round_trip_is_shown_only_of_a_connection_and_not_after_a_question_without_answer() -> None:
    trips = {node_id(1): [5.0, 7.0]}

    assert merged([known(1)], [link(1)], (), trips)[0].rtt == 7.0
    assert merged([known(1)], [link(1, rtt_ms=3.0)], (), {})[0].rtt == 3.0
    assert merged([known(1)], [link(1, rtt_ms=3.0)], (), {node_id(1): [5.0, None]})[0].rtt is None
    assert merged([known(1)], [link(1, "waiting")], (), trips)[0].rtt is None
    assert merged([known(1)], [link(1, "waiting")], (), trips)[0].trips == ()


def names(found: list[NodeRow]) -> list[str]:
    return [row.name or str(row.node_id)[:3] for row in found]


def test_connected_nodes_come_first_then_strangers_then_the_rest_each_by_name() -> None:
    found = rows(
        (1, "zoe", "connected"),
        (2, "Ann", None),
        (3, None, "connected"),
        (4, "bob", "connected"),
        (5, "carl", "waiting"),
        (6, "abe", "connecting"),
    )

    assert [row.name for row in in_order(found, Sorting())] == ["bob", "zoe", None, "abe", "Ann", "carl"]


def test_rows_do_not_jump_while_a_node_is_tried_again_and_again() -> None:
    trying = rows((1, "ann", "connecting"), (2, "bob", "waiting"), (3, "carl", None))
    waiting = rows((1, "ann", "waiting"), (2, "bob", "connecting"), (3, "carl", "failed"))

    assert names(in_order(trying, Sorting())) == names(in_order(waiting, Sorting())) == ["ann", "bob", "carl"]


@pytest.mark.parametrize("by", SORTS)
@pytest.mark.parametrize("reverse", [False, True])
def test_the_order_does_not_depend_on_the_order_before(by: str, reverse: bool) -> None:
    found = rows(
        (1, "bob", "connected"), (2, "Bob", "waiting"), (3, None, "connected"), (4, "bob2", None), (5, "bob", None)
    )

    one, other = in_order(found, Sorting(by, reverse)), in_order(found[::-1], Sorting(by, reverse))

    assert one == other
    assert len(one) == len(found)


def test_what_has_no_value_to_sort_by_is_last_in_both_directions() -> None:
    trips = {node_id(1): [50.0], node_id(2): [5.0]}
    found = merged([known(n, name) for n, name in ((1, "far"), (2, "near"), (3, "off"))], [link(1), link(2)], (), trips)

    assert names(in_order(found, Sorting("rtt"))) == ["near", "far", "off"]
    assert names(in_order(found, Sorting("rtt", True))) == ["far", "near", "off"]


def test_by_last_seen_the_connected_are_first_and_the_never_seen_last() -> None:
    nodes = [
        known(1, "never"),
        known(2, "old", last_seen=NOW - 9 * MINUTE),
        known(3, "new", last_seen=NOW - MINUTE),
        known(4, "here", last_seen=NOW - 99 * MINUTE),
    ]
    found = merged(nodes, [link(4)], (), {})

    assert names(in_order(found, Sorting("seen"))) == ["here", "new", "old", "never"]
    assert names(in_order(found, Sorting("seen", True))) == ["old", "new", "here", "never"]


def test_by_name_reversed_is_the_other_way_round() -> None:
    found = rows((1, "a", None), (2, "C", None), (3, "b", "connected"))

    assert names(in_order(found, Sorting("name"))) == ["a", "b", "C"]
    assert names(in_order(found, Sorting("name", True))) == ["C", "b", "a"]


def test_one_key_goes_through_all_orders_and_back() -> None:
    seen, sorting = [], Sorting("state", True)
    for _ in SORTS:
        sorting = sorting.next()
        seen.append(sorting.by)

    assert sorted(seen) == sorted(SORTS)
    assert sorting == Sorting("state")
    assert Sorting("rtt").reversed() == Sorting("rtt", True)


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("", ["bob@build", "carol", None]),
        ("BUILD", ["bob@build"]),
        ("unkn", [None]),
        ("host:1002", ["carol"]),
        ("conn bob", ["bob@build"]),
        ("bob carol", []),
        (str(node_id(3))[:9], [None]),
    ],
)
def test_the_filter_finds_every_word_in_name_id_address_or_state(words: str, left: list[str | None]) -> None:
    found = rows((1, "bob@build", "connected"), (2, "carol", None), (3, None, "connected"))

    assert [row.name for row in matching(found, words)] == left


def test_our_clones_of_a_nodes_vaults_are_told_apart_from_those_of_others() -> None:
    vaults = [clone(1, "Zed", 7), clone(2, "infra", 7), clone(3, "other", 8)]

    assert [vault.name for vault in clones_from(node_id(7), vaults)] == ["infra", "Zed"]
    assert gestalt_of(node_id(2), [party(1), party(2)]) == party(2)
    assert gestalt_of(node_id(3), [party(1)]) is None


@pytest.mark.parametrize(
    ("trips", "found"),
    [
        ([], None),
        ([None, None], None),
        ([5.0], (5.0, 5.0)),
        ([None, 3.0, 1.0, 2.0], (2.0, 3.0)),
        ([float(n) for n in range(1, 102)], (51.0, 96.0)),
    ],
)
def test_the_spread_is_the_half_and_nineteen_of_twenty(
    trips: list[float | None], found: tuple[float, float] | None
) -> None:
    assert spread(trips) == found
