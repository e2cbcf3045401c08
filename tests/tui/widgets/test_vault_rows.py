from __future__ import annotations

from dataclasses import replace

import pytest

from pk_tui.api.views import EntryView, OriginView, VaultView
from pk_tui.terms import CommitId, NodeId, VaultId
from pk_tui.tui.widgets.vault_rows import (
    FILTERED_AT_MOST,
    ROWS_AT_MOST,
    Row,
    RowKind,
    Spot,
    VaultRows,
    facts_of,
    fitting,
)

ONE, TWO = VaultId(bytes([1] * 16)), VaultId(bytes([2] * 16))
HEAD, NEXT = CommitId(bytes(20)), CommitId(bytes([1] * 20))
BOB = NodeId(bytes(32))
OWN = VaultView(ONE, "work", HEAD, 3, None, False, 0, 0)
CLONE = VaultView(TWO, "infra", HEAD, 1, OriginView(BOB, ONE), True, 0, 0, behind=2)


def rows_of(*vaults: VaultView) -> VaultRows:
    rows = VaultRows(lambda node: "bob")
    rows.take(vaults or (OWN, CLONE))
    return rows


def entries(*paths: str) -> list[EntryView]:
    """A path that ends in a slash is a directory."""
    return [EntryView(path.rstrip("/"), path.endswith("/"), 1) for path in paths]


def names(rows: VaultRows, branch: Spot | None = None) -> list[str]:
    return [row.name for row in rows.rows(branch)]


def read_all(rows: VaultRows, listings: dict[Spot, list[EntryView]], head: CommitId = HEAD) -> list[Spot]:
    """Answer what is asked until nothing is; in which order it was."""
    asked = []
    while (branch := rows.next_unread()) is not None:
        asked.append(branch)
        rows.listed(branch, head, listings.get(branch, []))
    return asked


TREE = {
    Spot(ONE): entries("zebra", "Alpha", "db/", "tls/"),
    Spot(ONE, ("db",)): entries("db/prod", "db/test"),
    Spot(ONE, ("tls",)): entries("tls/prod.pem"),
}


def opened() -> VaultRows:
    rows = rows_of()
    for branch in TREE:
        rows.set_open(branch, True)
    read_all(rows, TREE)
    return rows


def test_directories_come_first_and_names_are_sorted_as_people_sort() -> None:
    assert names(opened(), Spot(ONE)) == ["db", "tls", "Alpha", "zebra"]


def test_only_open_branches_are_read_and_those_above_first() -> None:
    rows = rows_of()
    assert rows.next_unread() is None
    rows.set_open(Spot(ONE, ("db",)), True)
    assert rows.next_unread() is None  # what it is in is closed
    rows.set_open(Spot(ONE), True)
    assert read_all(rows, TREE) == [Spot(ONE), Spot(ONE, ("db",))]


def test_a_directory_that_is_gone_is_not_asked_for() -> None:
    rows = rows_of()
    rows.set_open(Spot(ONE), True)
    rows.set_open(Spot(ONE, ("gone",)), True)
    assert read_all(rows, TREE) == [Spot(ONE)]


def test_a_new_version_is_read_again_and_the_old_rows_stay_until_then() -> None:
    rows = opened()
    rows.take((replace(OWN, head=NEXT), CLONE))
    assert rows.next_unread() == Spot(ONE)
    assert names(rows, Spot(ONE)) == ["db", "tls", "Alpha", "zebra"]
    rows.listed(Spot(ONE), NEXT, entries("db/", "new"))
    assert names(rows, Spot(ONE)) == ["db", "new"]


def test_a_failed_listing_says_so_and_is_tried_again_when_doubted_or_changed() -> None:
    rows = rows_of()
    rows.set_open(Spot(ONE), True)
    rows.failed(Spot(ONE), HEAD, "The disk is on fire.")
    assert names(rows, Spot(ONE)) == ["The disk is on fire."]
    assert rows.next_unread() is None
    rows.doubt()
    assert rows.next_unread() == Spot(ONE)


def test_empty_damaged_slow_and_overfull_branches_say_what_they_are() -> None:
    rows = rows_of(OWN, replace(CLONE, damaged="A frame does not verify."))
    rows.set_open(Spot(ONE), True)
    assert names(rows, Spot(ONE)) == []
    rows.slow.add(Spot(ONE))
    assert names(rows, Spot(ONE)) == ["Reading…"]
    rows.listed(Spot(ONE), HEAD, [])
    assert names(rows, Spot(ONE)) == ["Nothing in here: n makes a secret."]
    rows.listed(Spot(ONE), HEAD, entries(*(f"s{number}" for number in range(ROWS_AT_MOST + 3))))
    assert len(names(rows, Spot(ONE))) == ROWS_AT_MOST + 1
    assert "3 more are not shown" in names(rows, Spot(ONE))[-1]
    rows.set_open(Spot(TWO), True)
    assert rows.next_unread() is None
    assert names(rows, Spot(TWO)) == ["A frame does not verify."]


def test_the_filter_leaves_what_has_all_words_in_its_path_and_the_way_to_it() -> None:
    rows = opened()
    rows.narrow("PROD work")
    assert names(rows) == ["work"]
    assert names(rows, Spot(ONE)) == ["db", "tls"]
    assert names(rows, Spot(ONE, ("db",))) == ["prod"]
    rows.narrow("db")
    assert names(rows, Spot(ONE)) == ["db"]
    assert names(rows, Spot(ONE, ("db",))) == ["prod", "test"]
    rows.narrow("infra")
    assert names(rows) == ["infra"]
    rows.narrow("nowhere")
    assert names(rows) == []
    rows.narrow("")
    assert names(rows) == ["work", "infra"]


def test_the_filter_finds_what_an_overfull_branch_does_not_show() -> None:
    rows = rows_of()
    rows.set_open(Spot(ONE), True)
    rows.listed(Spot(ONE), HEAD, entries(*(f"s{number:05}" for number in range(ROWS_AT_MOST + 9))))
    rows.narrow(f"{ROWS_AT_MOST + 5:05}")
    assert names(rows, Spot(ONE)) == [f"s{ROWS_AT_MOST + 5:05}"]


def test_the_filter_opens_what_it_found_and_leaves_the_tree_as_it_was() -> None:
    rows = opened()
    rows.set_open(Spot(ONE, ("db",)), False)
    before = set(rows.opened)
    rows.narrow("test")
    assert rows.is_open(Spot(ONE, ("db",)))
    rows.narrow("")
    assert rows.opened == before
    rows.narrow("test")
    rows.narrow("", Spot(ONE, ("db", "test")))
    assert rows.opened == before | {Spot(ONE), Spot(ONE, ("db",))}  # the cursor stays on what was found


def test_a_word_in_a_vaults_own_name_does_not_unfold_all_of_it() -> None:
    rows = opened()
    rows.set_open(Spot(ONE), False)
    rows.narrow("work")
    assert names(rows) == ["work"]
    assert not rows.is_open(Spot(ONE))


def test_a_vaults_row_says_whose_it_is_and_what_is_wrong() -> None:
    def said(vault: VaultView) -> list[str]:
        return [fact.text for fact in facts_of(vault, lambda node: "bob")]

    assert said(OWN) == ["3 secrets", "own"]
    assert said(replace(OWN, shared_with=2)) == ["3 secrets", "own", "2 shares"]
    assert said(CLONE) == ["1 secret", "clone of bob", "read only", "2 behind"]
    assert said(replace(CLONE, damaged="x", behind=0)) == ["clone of bob", "read only", "damaged"]


@pytest.mark.parametrize(
    ("room", "said"),
    [
        (100, ["1 secret", "clone of bob", "read only", "2 behind"]),
        (32, ["1", "of bob", "read only", "2 behind"]),
        (29, ["of bob", "read only", "2 behind"]),
        (21, ["read only", "2 behind"]),
        (10, ["2 behind"]),
        (5, []),
    ],
)
def test_where_there_is_little_room_facts_get_short_and_the_least_go(room: int, said: list[str]) -> None:
    assert [fact.text for fact in fitting(facts_of(CLONE, lambda node: "bob"), room)] == said


def test_something_new_lies_beside_a_secret_and_inside_a_directory() -> None:
    inside = Spot(ONE, ("db", "prod"))
    assert Row(inside, RowKind.SECRET, "prod").directory == ("db",)
    assert Row(inside, RowKind.DIRECTORY, "prod").directory == ("db", "prod")
    assert Row(Spot(ONE), RowKind.VAULT, "work").directory == ()


def test_a_spot_knows_what_it_lies_in() -> None:
    spot = Spot(ONE, ("a", "b", "c"))
    assert list(spot.above) == [Spot(ONE), Spot(ONE, ("a",)), Spot(ONE, ("a", "b"))]
    assert str(spot.path) == "a/b/c"
    assert Spot(ONE).path is None
    rows = rows_of()
    rows.reveal(spot)
    assert rows.opened == set(spot.above)


def test_what_was_read_of_a_removed_vault_is_forgotten() -> None:
    rows = opened()
    rows.take((CLONE,))
    assert names(rows) == ["infra"]
    rows.take((OWN, CLONE))
    assert names(rows, Spot(ONE)) == []


def test_a_filter_that_leaves_very_much_shows_some_of_it() -> None:
    rows = rows_of()
    rows.set_open(Spot(ONE), True)
    rows.listed(Spot(ONE), HEAD, entries(*(f"s{number:05}" for number in range(FILTERED_AT_MOST + 40))))
    everything = rows.rows(Spot(ONE))
    assert len(everything) == FILTERED_AT_MOST + 40
    assert rows.rows(Spot(ONE)) is everything, "what shows without a filter is made once"
    rows.narrow("s0")
    assert len(names(rows, Spot(ONE))) == FILTERED_AT_MOST + 1
    assert "40 more are not shown: another letter leaves fewer" in names(rows, Spot(ONE))[-1]
    rows.narrow("")
    assert rows.rows(Spot(ONE)) is everything
    rows.listed(Spot(ONE), NEXT, entries("new"))
    assert names(rows, Spot(ONE)) == ["new"]


FORK = replace(
    CLONE, vault_id=VaultId(bytes([3] * 16)), name="infra-mine", read_only=False, fork=True, behind=2, conflicts=3
)


def test_a_fork_says_what_it_is_of_how_far_behind_and_what_waits_in_words() -> None:
    row = rows_of(OWN, CLONE, FORK).rows()[2]
    assert [fact.text for fact in row.facts] == ["1 secret", "fork of infra at bob", "2 behind", "! 3 conflicts"]
    alone = rows_of(OWN, FORK).rows()[1]  # the clone it was made from is gone
    assert alone.facts[1].text == "fork of bob"
    assert [fact.text for fact in fitting(row.facts, 25)] == ["2 behind", "! 3 conflicts"]
    assert [fact.text for fact in fitting(row.facts, 15)] == ["! 3 conflicts"]


def test_what_a_fork_is_of_is_safe_to_show() -> None:
    row = rows_of(replace(CLONE, name="in\x1bfra"), FORK).rows()[1]
    assert row.facts[1].text == "fork of in\\u{1b}fra at bob"
