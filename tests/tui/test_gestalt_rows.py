from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tui.people import OWN, clone, known, link, node_id, own_status, party, vault_id

from pk_tui.api.trust import ClaimView, ForkView, GainView, PendingView
from pk_tui.api.views import GestaltView
from pk_tui.terms import Action, ClaimId
from pk_tui.tui.gestalt_rows import Branch, Kind, Mark, Marks, branches, share_reaches, showing
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


def of_several(number: int, *others: int, **given: Any) -> GestaltView:
    """The party of a node with these nodes besides."""
    nodes = tuple(node_id(one) for one in (number, *others))
    return replace(party(number, **given), nodes=nodes)


def waits(number: int) -> PendingView:
    return PendingView(node_id(number), "g", (GainView(vault_id(1), "work", (Action.PULL,)),))


def fork(number: int) -> ForkView:
    one = ClaimView(1, ClaimId(b"1" * 32), "node", 0, ())
    return ForkView(node_id(number), one, replace(one, claim_id=ClaimId(b"2" * 32)))


def test_a_person_is_called_as_the_first_node_with_a_name_and_each_node_by_its_own() -> None:
    rows = branches(own_status(), [of_several(1, 2, 3)], [known(1, None), known(2, "desk")], [link(2)], ())[2:]

    assert [(row.kind, row.name, row.node) for row in rows] == [
        (Kind.GESTALT, "desk", node_id(1)),
        (Kind.NODE, "", node_id(1)),
        (Kind.NODE, "desk", node_id(2)),
        (Kind.NODE, "", node_id(3)),
    ]
    assert [row.state for row in rows[1:]] == [State.OFFLINE, State.CONNECTED, State.OFFLINE]
    assert not any(row.is_alone for row in rows)
    assert all(row.is_alone for row in branches(None, [party(1)], [], [], ())[1:])


def test_my_other_nodes_stand_below_me_and_are_no_party_of_their_own() -> None:
    mine = replace(party(1, "work"), nodes=(node_id(1), OWN))
    rows = branches(own_status(), [mine, party(2)], [known(1, "server"), known(2, "zoe")], [], [clone(9, "old", 1)])

    assert tops(rows) == ["me", "zoe"]
    assert [(row.kind, row.name, row.party) for row in rows if row.parent == "me"] == [
        (Kind.NODE, "this node", None),
        (Kind.NODE, "server", node_id(1)),
        (Kind.SHARED, "work", node_id(1)),
        (Kind.CLONE, "old", node_id(1)),
    ]


def test_nodes_are_marked_and_their_gestalt_with_what_counts_most() -> None:
    marks = Marks.of([waits(2)], [waits(3)], [fork(4)])
    rows = branches(None, [of_several(1, 2, 3), of_several(4, 5)], [], [], (), marks)
    found = {row.key: row.mark for row in rows}

    bob, eve = str(node_id(1)), str(node_id(4))
    assert found[bob] is Mark.WAITS
    assert [found[f"{bob}/{node_id(one)}"] for one in (1, 2, 3)] == [None, Mark.WAITS, Mark.REJECTED]
    assert (found[eve], found[f"{eve}/{node_id(4)}"], found[f"{eve}/{node_id(5)}"]) == (Mark.FORKED, Mark.FORKED, None)
    waiting = next(row for row in rows if row.key == f"{bob}/{node_id(2)}")
    assert waiting.gains == waits(2)


def test_a_node_that_was_only_rejected_leaves_its_gestalt_unmarked_and_one_that_is_expelled_does_not() -> None:
    rejected = Marks.of([], [waits(2)], [])
    assert branches(None, [of_several(1, 2)], [], [], (), rejected)[0].mark is None
    assert [row.mark for row in branches(None, [replace(party(1), expelled=True)], [], [], (), rejected)] == [
        Mark.EXPELLED,
        Mark.EXPELLED,
    ]


def test_the_filter_finds_what_is_marked() -> None:
    rows = branches(own_status(), [of_several(1, 2), party(3)], [], [], (), Marks.of([waits(2)], [], []))

    assert [row.node for row in showing(rows, (), "waits") if row.depth == 0] == [node_id(1)]


def test_a_share_reaches_all_of_a_party_but_who_was_rejected_or_has_forked_or_is_this_node() -> None:
    parties = [of_several(1, 2, 3, 4), replace(party(6), nodes=(node_id(6), OWN))]
    marks = Marks.of([], [waits(2)], [fork(3)])

    assert share_reaches(node_id(1), OWN, parties, marks) == (node_id(1), node_id(4))
    assert share_reaches(node_id(2), OWN, parties, marks) == (node_id(1), node_id(2), node_id(4)), (
        "who is named is meant"
    )
    assert share_reaches(node_id(6), OWN, parties, marks) == (node_id(6),)
    assert share_reaches(node_id(9), OWN, parties, marks) == (node_id(9),), "nothing is known of it"


def test_this_node_itself_can_be_forked() -> None:
    own = ForkView(OWN, fork(1).one, fork(1).other)
    rows = branches(own_status(), [], [], [], (), Marks.of([], [], [own]))

    assert [row.mark for row in rows] == [Mark.FORKED, Mark.FORKED]


def test_a_node_that_waits_has_a_row_though_nothing_else_is_known_of_it() -> None:
    rows = branches(own_status(), [party(1)], [], [], (), Marks.of([waits(7)], [], []))

    assert [(row.node, row.mark) for row in rows if row.key.startswith(str(node_id(7)))] == [
        (node_id(7), Mark.WAITS),
        (node_id(7), Mark.WAITS),
    ]
