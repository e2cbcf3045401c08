from __future__ import annotations

from tui.people import HOSTILE, NOW, OWN, node_id, party, vault_id

from pk_tui.api.trust import GainView, PendingView
from pk_tui.api.views import GestaltView, LinkView, SharedView
from pk_tui.terms import Action, NodeId
from pk_tui.tui.gestalt_rows import Mark
from pk_tui.tui.link_words import (
    gain_lines,
    granted_lines,
    in_short,
    link_lines,
    mark_lines,
    mark_of_party,
    mark_words,
    names_of,
    node_in,
    reached,
    stranger_lines,
)
from pk_tui.tui.told import Line

CLONE, PULL, NOTIFY, SCAN = Action.CLONE, Action.PULL, Action.NOTIFY, Action.SCAN
GAINS = (
    GainView(vault_id(1), "work", (CLONE, PULL)),
    GainView(vault_id(2), "notes", (CLONE, PULL)),
    GainView(None, None, (NOTIFY, SCAN)),
)


def name_of(node: NodeId) -> str:
    return {OWN: "this node", node_id(1): "laptop", node_id(2): "server"}.get(node, f"{node.short}…")


def plain(lines: list[Line]) -> str:
    return "\n".join(line.text.plain for line in lines)


def waiting(*gains: GainView) -> PendingView:
    return PendingView(node_id(2), "g", gains)


def test_whom_a_share_reaches_is_told_with_each_node_unless_the_name_says_it_all() -> None:
    assert reached([node_id(1)], "laptop", name_of).plain == "laptop"
    assert reached([node_id(1), node_id(2)], "bob", name_of).plain == "bob (2 nodes: laptop, server)"
    assert reached([node_id(4), node_id(2)], "bob", name_of).plain.startswith("bob (2 nodes: server, v")
    assert reached([node_id(2)], "bob", name_of).plain == "bob (1 node: server)"
    many = names_of([node_id(number) for number in range(1, 13)], name_of).plain
    assert many.startswith("laptop, server, ")
    assert many.endswith(", 4 more")


def test_what_would_be_gained_is_told_in_short_and_exactly() -> None:
    assert in_short(GAINS).plain == "read work, notes; notify, scan"
    assert in_short(GAINS[2:]).plain == "notify, scan"
    lines = [line.plain for line in gain_lines(GAINS)]
    assert [line.split(":")[0].strip() for line in lines] == ["work", "notes", "notify", "scan"]
    assert "clone and pull" in lines[0]
    assert "inbox" in lines[2]


def test_a_vault_without_a_name_is_told_by_its_id() -> None:
    assert str(vault_id(3)) in in_short([GainView(vault_id(3), None, (PULL,))]).plain


def test_marks_are_words_and_say_which_key_does_something() -> None:
    assert mark_words(Mark.WAITS, waiting(*GAINS[:2])).plain == "waits: would read work, notes"
    assert {mark: mark_words(mark, None).plain.split(",")[0] for mark in Mark if mark is not Mark.WAITS} == {
        Mark.EXPELLED: "EXPELLED",
        Mark.FORKED: "FORKED",
        Mark.REJECTED: "rejected",
    }
    assert [mark_of_party(mark).plain for mark in (Mark.FORKED, Mark.WAITS)] == ["a node is FORKED", "a node waits"]
    told = plain(mark_lines(Mark.WAITS, waiting(*GAINS)))
    assert all(word in told for word in ("none of them", "work", "notes", "notify", "A compares its id", "x says no"))
    assert "! shows both" in plain(mark_lines(Mark.FORKED, None))
    assert "belongs to nobody" in plain(mark_lines(Mark.EXPELLED, None))
    assert "A asks once more" in plain(mark_lines(Mark.REJECTED, waiting()))
    assert mark_lines(None, None) == []


def test_a_link_is_told_with_both_who_have_signed_it_the_asked_one_first() -> None:
    links = (LinkView(node_id(1), node_id(2), NOW), LinkView(node_id(2), node_id(3), NOW))
    bob = GestaltView("g", (node_id(1), node_id(2), node_id(3)), (), (), True, links=links)

    assert len(link_lines(bob, name_of)) == 2
    (line,) = link_lines(bob, name_of, node_id(1))
    assert line.text.plain == "laptop and server have both signed that they belong together, on 2025-06-15."
    assert "server and laptop" in plain(link_lines(bob, name_of, node_id(2)))
    assert link_lines(party(1), name_of) == []


def test_of_many_links_the_number_is_told() -> None:
    links = tuple(LinkView(node_id(1), node_id(number), NOW) for number in range(2, 14))
    told = link_lines(GestaltView("g", (), (), (), True, links=links), name_of)

    assert len(told) == 9
    assert "4 more links" in told[-1].text.plain


def test_a_share_says_through_whom_it_was_given_who_has_it_and_who_has_not() -> None:
    shared = SharedView(vault_id(1), "work", (CLONE,), (str(node_id(1)), f"github:{HOSTILE}"), (node_id(1),))
    told = plain(granted_lines(shared, (node_id(1), node_id(2)), name_of))

    assert "through laptop, github:" in told
    assert "laptop; not server" in told
    assert "\x1b" not in told
    assert granted_lines(SharedView(vault_id(1), "work", ()), (node_id(1),), name_of) == []


def test_a_node_that_only_others_know_is_told_with_its_whole_id() -> None:
    told = plain(stranger_lines(node_id(3), "bob"))

    assert str(node_id(3)) in told.replace(" ", "")
    assert "only by the claims of bob" in told


def test_an_id_is_found_in_its_text_alone() -> None:
    assert node_in(str(node_id(1))) == node_id(1)
    assert node_in("recovery") is None


def test_names_from_outside_do_nothing() -> None:
    hostile = waiting(GainView(vault_id(1), HOSTILE, (CLONE,)))
    texts = [in_short(hostile.would_gain), *gain_lines(hostile.would_gain), mark_words(Mark.WAITS, hostile)]

    assert all("[@click=app.quit]x[/]" in one.plain for one in texts)
    assert not any("\x1b" in one.plain for one in texts)
    assert not any("click" in str(span.style) for one in texts for span in one.spans)
