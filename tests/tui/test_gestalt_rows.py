from __future__ import annotations

import pytest
from tui.people import clone, known, link, node_id, own_status, party

from pk_tui.tui.gestalt_rows import Branch, Kind, branches, showing
from pk_tui.tui.node_rows import State


def everybody() -> list[Branch]:
    return branches(
        own_status(),
        [party(1, "work", trusted=True), party(2), party(3)],
        [known(1, "zoe", trusted=True), known(2, None), known(3, "Bob")],
        [link(1), link(3, "waiting")],
        [clone(9, "hers", 1)],
    )


def tops(rows: list[Branch]) -> list[str]:
    return [row.name for row in rows if row.depth == 0]


def test_i_am_first_then_the_others_by_name_and_those_without_one_last() -> None:
    assert tops(everybody()) == ["me", "Bob", "zoe", f"{node_id(2).short}…"]


def test_below_each_are_its_nodes_what_is_shared_with_it_and_what_was_cloned_from_it() -> None:
    zoe = [row for row in everybody() if row.party == node_id(1)]

    assert [(row.kind, row.name) for row in zoe] == [
        (Kind.GESTALT, "zoe"),
        (Kind.NODE, "zoe"),
        (Kind.SHARED, "work"),
        (Kind.CLONE, "hers"),
    ]
    assert all(row.trusted for row in zoe)
    assert zoe[1].state is State.CONNECTED


def test_states_are_those_of_the_connections() -> None:
    states = {row.party: row.state for row in everybody() if row.kind is Kind.NODE}

    assert states == {
        None: None,
        node_id(1): State.CONNECTED,
        node_id(3): State.WAITING,
        node_id(2): State.OFFLINE,
    }


def test_keys_are_of_their_own_and_lead_to_the_branch() -> None:
    rows = everybody()
    keys = [row.key for row in rows]

    assert len(set(keys)) == len(keys)
    assert all(row.parent in keys for row in rows if row.depth)
    assert not any(row.parent for row in rows if row.depth == 0)


def test_keys_stay_when_names_change() -> None:
    renamed = branches(own_status(), [party(1)], [known(1, "a")], (), ())
    named = branches(own_status(), [party(1)], [known(1, "z")], (), ())

    assert [row.key for row in renamed] == [row.key for row in named]


def test_what_lies_in_a_folded_branch_does_not_show() -> None:
    rows = everybody()
    left = showing(rows, {str(node_id(1))})

    assert tops(left) == tops(rows)
    assert not [row for row in left if row.party == node_id(1) and row.depth]
    assert [row for row in left if row.party == node_id(3) and row.depth]


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("zoe", ["zoe"]),
        ("HERS", ["zoe"]),
        ("zoe work", ["zoe"]),  # anywhere in the branch
        ("waiting", ["Bob"]),
        ("me", ["me"]),
        ("zoe bob", []),
        ("  ", ["me", "Bob", "zoe", f"{node_id(2).short}…"]),
    ],
)
def test_the_filter_leaves_whole_branches_and_opens_them(words: str, left: list[str]) -> None:
    rows = showing(everybody(), {str(node_id(1))} if words.strip() else (), words)

    assert tops(rows) == left
    if left == ["zoe"]:
        assert len(rows) == 4


def test_before_anything_is_known_there_is_nothing() -> None:
    assert branches(None, (), (), (), ()) == []
