from __future__ import annotations

import pytest
from tui.people import HOSTILE, NOW, clone, known, link, own_status, party

from pk_tui.terms import Action
from pk_tui.tui.gestalt_words import (
    RIGHTS,
    changes,
    clone_lines,
    gestalt_lines,
    me_lines,
    nobody_lines,
    node_lines,
    rights_line,
    shared_lines,
)
from pk_tui.tui.node_rows import merged
from pk_tui.tui.told import Line

N, S, C = Action.NOTIFY, Action.SCAN, Action.CLAIM


def plain(lines: list[Line]) -> str:
    return "\n".join(line.text.plain for line in lines)


def test_rights_are_shown_as_boxes() -> None:
    assert rights_line({N}).plain == "notify [x]  scan [ ]  claim [ ]"
    assert rights_line(set()).plain == "notify [ ]  scan [ ]  claim [ ]"


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ({N}, {N}, []),
        (set(), {C, N}, [(N, True), (C, True)]),
        ({N, S}, {S, C}, [(N, False), (C, True)]),
        ({N, S, C}, set(), [(N, False), (S, False), (C, False)]),
    ],
)
def test_only_what_differs_is_changed(
    before: set[Action], after: set[Action], wanted: list[tuple[Action, bool]]
) -> None:
    assert changes(before, after) == wanted


def test_a_gestalt_is_told_with_trust_every_right_and_what_goes_to_and_fro() -> None:
    text = plain(gestalt_lines(party(1, "work", actions=(N, S), trusted=True), [clone(5, "theirs", 1)]))

    assert "Trusted" in text
    assert "notify [x]  scan [x]  claim [ ]" in text
    assert all(means in text for _, means in RIGHTS)
    assert "Shared with it: work." in text
    assert "Cloned from it: theirs." in text
    assert "as long as a vault is shared" in text


def test_who_is_not_trusted_is_said_not_to_be() -> None:
    text = plain(gestalt_lines(party(1), ()))

    assert "NOT trusted" in text
    assert "have not trusted it" in text
    assert "notify [ ]" in text


def test_me_is_told_with_the_whole_id_and_how_to_hand_it_out() -> None:
    text = plain([*me_lines(own_status(), 3), *nobody_lines()])

    assert str(own_status().node_id) in text.replace(" ", "")
    assert "3 vaults" in text
    assert "c copies it" in text
    assert "2 goes to the nodes" in text


@pytest.mark.parametrize(("behind", "says"), [(None, "Not known"), (0, "Up to date"), (3, "3 versions behind")])
def test_a_clone_says_how_far_behind_it_is(behind: int | None, says: str) -> None:
    assert says in plain(clone_lines(clone(5, "theirs", 1, behind=behind), "bob", NOW))


def test_a_share_says_what_it_means() -> None:
    text = plain(shared_lines(party(1, "work").shared[0], "bob"))

    assert "every secret in it, and all old versions" in text
    assert "U ends the share" in text


def test_names_from_outside_are_shown_as_they_are_and_do_nothing() -> None:
    (row,) = merged([known(1, HOSTILE)], [link(1, "waiting", last_error=HOSTILE)], (), {})
    lines = [
        *gestalt_lines(party(1, HOSTILE), [clone(5, HOSTILE, 1)]),
        *node_lines(row, party(1, HOSTILE), [], NOW),
        *shared_lines(party(1, HOSTILE).shared[0], "bob"),
        *clone_lines(clone(5, HOSTILE, 1), "bob", NOW),
    ]

    assert plain(lines).count("[@click=app.quit]x[/]") == 6
    assert "\x1b" not in plain(lines)
    assert not any("click" in str(span.style) for line in lines for span in line.text.spans)
