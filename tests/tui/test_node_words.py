from __future__ import annotations

import pytest
from tui.people import HOSTILE, NOW, clone, known, link, node_id, own_status, party

from pk_tui.api.views import ConnectionView, NodeView
from pk_tui.clock import SECOND
from pk_tui.terms import Address
from pk_tui.tui.glyphs import ASCII, UNICODE
from pk_tui.tui.node_rows import NodeRow, Sorting, State, merged
from pk_tui.tui.node_words import (
    groups,
    lines_about,
    link_sentence,
    names,
    nodes_title,
    own_lines,
    sign_of,
    trust_sentence,
    why_no_nodes,
)
from pk_tui.tui.told import Line


def row_of(node: NodeView | None, connection: ConnectionView | None, *trips: float | None) -> NodeRow:
    links = [connection] if connection is not None else []
    found = {one.node_id: list(trips) for one in links}
    (row,) = merged([node] if node is not None else [], links, (), found)
    return row


def plain(lines: list[Line]) -> str:
    return "\n".join(line.text.plain for line in lines)


def test_an_id_in_groups_is_the_whole_id_and_nothing_else() -> None:
    assert "".join(groups(node_id(9))) == str(node_id(9))
    assert all(1 <= len(group) <= 5 for group in groups(node_id(9)))


def test_no_two_states_look_alike_where_it_matters() -> None:
    for glyphs in (UNICODE, ASCII):
        signs = {state: sign_of(state, glyphs) for state in State}
        assert signs[State.UNKNOWN] not in {signs[state] for state in State if state is not State.UNKNOWN}
        assert signs[State.CONNECTED] not in {signs[state] for state in State if state is not State.CONNECTED}


@pytest.mark.parametrize(
    ("is_known", "trusted", "says"),
    [(True, True, "Trusted"), (True, False, "NOT trusted"), (False, False, "UNKNOWN and NOT trusted")],
)
def test_trust_is_told_in_words(is_known: bool, trusted: bool, says: str) -> None:
    assert trust_sentence(is_known, trusted).plain.startswith(says)


def test_a_connection_is_told_with_since_route_round_trips_and_bytes() -> None:
    row = row_of(known(1, "bob"), link(1, bytes_in=2048, bytes_out=5, direction="in"), 5.0, 6.0, 7.0, 80.0)

    says = link_sentence(row, NOW).plain

    assert "for 5m" in says
    assert "called from there:7" in says
    assert "80 ms" in says
    assert "half within 6.0 ms" in says
    assert "in 2.0 KiB, out 5 B" in says


def test_a_failure_says_why_and_when_the_next_try_comes() -> None:
    failed = link(1, "waiting", address=None, last_error="there:7: nobody answers", next_try=NOW + 8 * SECOND)

    says = link_sentence(row_of(known(1, "bob", last_seen=NOW - 7200 * SECOND), failed), NOW).plain

    assert "there:7: nobody answers" in says
    assert "Next try in 8 s." in says
    assert "Last seen 2h ago." in says


@pytest.mark.parametrize(
    ("next_try", "says"),
    [(None, "by itself"), (NOW - SECOND, "in 0 s"), (NOW + 119 * SECOND, "in 119 s"), (NOW + 240 * SECOND, "in 4 min")],
)
def test_the_next_try_is_told_in_a_unit_that_fits(next_try: int | None, says: str) -> None:
    assert says in link_sentence(row_of(known(1), link(1, "waiting", next_try=next_try)), NOW).plain


def test_a_node_that_nobody_tries_says_how_to() -> None:
    says = link_sentence(row_of(known(1, "bob"), None), NOW).plain

    assert "nobody tries" in says
    assert "p tries now" in says
    assert "never seen" in says


def test_everything_is_there_and_nothing_from_outside_is_markup_or_steers() -> None:
    failed = link(1, "waiting", last_error=HOSTILE, address=Address("there", 7))
    about = lines_about(row_of(known(1, HOSTILE), failed), party(1, HOSTILE).shared, [clone(5, HOSTILE, 1)], NOW)

    text = plain(about)

    assert text.count("[@click=app.quit]x[/]") == 3, "shown as it is: an error, a vault of ours, a clone"
    assert "\x1b" not in text
    assert "\u202e" not in text
    styles = [str(span.style) for line in about for span in line.text.spans]
    assert not any("click" in style for style in styles)


def test_many_vaults_are_not_all_named() -> None:
    assert names([f"v{n}" for n in range(12)]).plain.endswith("v7, 4 more")
    assert names(["one"]).plain == "one"


def test_what_somebody_needs_to_add_this_node_is_told_whole() -> None:
    text = plain(own_lines(own_status()))

    assert str(own_status().node_id) in text.replace(" ", "")
    assert "0.0.0.0:1314" in text
    assert "does not listen" in plain(own_lines(own_status(None)))


def test_an_empty_table_says_what_it_is_and_what_fills_it_or_what_hides_all() -> None:
    text = plain(why_no_nodes(0, "", own_status()))
    hidden = plain(why_no_nodes(7, HOSTILE, own_status()))

    assert "(a)" in text
    assert str(own_status().node_id) in text.replace(" ", "")
    assert "esc" in hidden
    assert "[@click=app.quit]x[/]" in hidden
    assert "Asking" in plain(why_no_nodes(0, "", None))


def test_the_title_says_how_many_in_what_order_and_whether_the_table_is_held() -> None:
    assert nodes_title(3, 3, Sorting(), False).plain.split() == ["Nodes", "3", "by", "state", "live"]
    held = nodes_title(2, 9, Sorting("rtt", True), True).plain
    assert "2 of 9" in held
    assert "by rtt, reversed" in held
    assert "PAUSED" in held
