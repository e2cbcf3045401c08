from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from simulator import VirtualClock, World
from textual.widgets import Input
from tui.people import HOSTILE, NOW, known, link, node_id
from tui.stage import Stage, stage, write

from pk_tui.api.events import NodeChanged
from pk_tui.terms import Address, NodeId
from pk_tui.tui.node_rows import SORTS
from pk_tui.tui.panes.nodes import NodesPane
from pk_tui.tui.widgets.node_strip import NodeStrip

CANARY = b"correct-horse-battery"
SIZES = [(80, 24), (120, 40)]


def pane(s: Stage) -> NodesPane:
    return s.screen.query_one(NodesPane)


def live(s: Stage) -> Any:
    assert s.app.session is not None
    return s.app.session.live


async def neighbours(w: World) -> None:
    """Beside bob: carol, who cannot be reached, and dave, who calls by himself and is not known."""
    alice = w.agents["alice"]
    await w.add("carol")
    await w.add("dave")
    await alice.vaults.create("work")
    await write(alice, "work", "password", CANARY)
    await alice.vaults.share("work", "bob")
    await alice.nodes.add(w.ids["carol"], Address("nowhere", 9), ping=False)
    await alice.nodes.name(str(w.ids["carol"]), "[b]carol[i]")
    await w.agents["dave"].nodes.add(w.ids["alice"], Address("alice", 1))


async def at_nodes(s: Stage, *seen: str) -> NodesPane:
    await s.until(lambda: len(live(s).nodes) > 0, "the nodes")
    await s.press("2")
    await s.see(*seen)
    return pane(s)


@pytest.mark.parametrize("size", SIZES)
def test_everybody_is_listed_with_how_the_connection_stands_and_the_selected_one_in_sentences(
    size: tuple[int, int],
) -> None:
    async def scenario() -> None:
        async with stage(size, neighbours, clock=VirtualClock()) as s:
            nodes = await at_nodes(
                s, "● connected", "! unknown", "◐ waiting", "bob", "[b]carol[i]", "Nodes  3  by state  live"
            )
            await s.see("bob:1, direct, answers", "Trusted", "Shared with it: work.")
            assert str(s.world.ids["bob"]) in s.screen_text().replace(" ", "")
            await s.press("j")
            assert nodes.table.node == s.world.ids["dave"]
            await s.see("UNKNOWN and NOT trusted")
            await s.press("j")
            await s.see("NOT trusted", "The last try failed:", "refuses", "Next try in", "never")
            assert CANARY.decode() not in s.screen_text()
            wide = size[0] >= 100
            assert ("Shared Trust" in s.screen_text()) == wide
            if wide:
                await s.see("  NO")

    asyncio.run(scenario())


def test_round_trips_are_measured_while_the_pane_is_looked_at_and_only_then() -> None:
    async def scenario() -> None:
        async with stage() as s:
            await s.until(lambda: len(live(s).nodes) == 1, "the nodes")
            assert not live(s).watched
            await at_nodes(s, "connected")
            assert live(s).watched
            await s.press("escape")
            await s.pilot.pause()
            assert live(s).watched, "escape leaves nothing"
            s.app.app_focus = False
            await s.pilot.pause()
            assert not live(s).watched
            s.app.app_focus = True
            await s.pilot.pause()
            assert live(s).watched
            await s.press("3")
            await s.until(lambda: not live(s).watched, "the end of watching")
            await s.press("2")
            assert live(s).watched
            await s.press("ctrl+l")
            assert not live(s).watched

    asyncio.run(scenario())


def test_a_cut_shows_by_itself_and_the_cursor_stays_on_its_node() -> None:
    async def scenario() -> None:
        async with stage(prepare=neighbours) as s:
            nodes = await at_nodes(s, "● connected")
            assert nodes.table.node == s.world.ids["bob"]
            await s.world.stop("bob")
            await s.until(lambda: nodes.nodes[s.world.ids["bob"]].state != "connected", "the end of the connection")
            assert nodes.table.node == s.world.ids["bob"]
            await s.see_no("● connected")
            await s.see("Not connected.", "Next try in")
            assert nodes.table.at > 0, "it moved down, and the cursor with it"
            await s.world.start("bob")
            await s.see("● connected")
            assert nodes.table.node == s.world.ids["bob"]

    asyncio.run(scenario())


def test_a_look_that_finds_nothing_new_draws_nothing_with_200_nodes() -> None:
    async def scenario() -> None:
        async with stage() as s:
            nodes = await at_nodes(s, "connected")
            s.app.workers.cancel_group(s.app, "live")
            live(s).nodes = [known(n, f"n{n:03}", trusted=n % 2 == 0, last_seen=NOW - 10**15) for n in range(200)]
            live(s).connections = [link(n, since=None) for n in range(50)]
            live(s).round_trips = {node_id(n): [5.0, 6.0] for n in range(50)}
            nodes._look()
            await s.pilot.pause()
            await s.see("200")
            before = nodes.table.drawn
            for _ in range(5):
                nodes._look()
                await s.pilot.pause()
            assert nodes.table.drawn == before
            live(s).round_trips[node_id(2)].append(9.0)
            nodes._look()
            await s.pilot.pause()
            assert nodes.table.drawn == before + 1

    asyncio.run(scenario())


def test_nothing_is_done_while_the_pane_is_hidden() -> None:
    async def scenario() -> None:
        async with stage() as s:
            nodes = await at_nodes(s, "connected")
            await s.press("3")
            before = nodes.nodes
            await s.alice.nodes.name("bob", "robert")
            await s.until(lambda: live(s).nodes[0].petname == "robert", "the name")
            await s.pilot.pause(0.1)
            assert nodes.nodes is before
            await s.press("2")
            await s.see("robert")

    asyncio.run(scenario())


def test_sorting_goes_through_all_orders_and_the_title_and_head_say_which() -> None:
    async def scenario() -> None:
        async with stage(prepare=neighbours) as s:
            nodes = await at_nodes(s, "by state", "State▴")
            await s.press("j")
            chosen = nodes.table.node
            for by in (*SORTS[1:], SORTS[0]):
                await s.press("o")
                await s.see(f"by {by}")
                assert nodes.table.node == chosen
            await s.press("O")
            await s.see("by state, reversed", "State▾")
            assert nodes.table.rows[-1].node_id == s.world.ids["bob"]
            await s.press("o")
            await s.see("by name")
            rows = [row.node_id for row in nodes.table.rows]
            assert rows[:2] == [s.world.ids["carol"], s.world.ids["bob"]]

    asyncio.run(scenario())


def test_held_the_table_stands_still_and_says_so_but_trust_is_never_out_of_date() -> None:
    async def scenario() -> None:
        async with stage(prepare=neighbours) as s:
            nodes = await at_nodes(s, "live")
            await s.press("space")
            await s.see("PAUSED", "space lets it go on")
            before = nodes.table.rows
            await s.alice.gestalts.untrust("bob")
            await s.alice.nodes.name("bob", "robert")
            await s.see("NOT trusted")
            assert nodes.table.rows is before
            await s.press("space")
            await s.see("robert", "live")

    asyncio.run(scenario())


def test_the_filter_narrows_as_one_types_and_escape_takes_it_away() -> None:
    async def scenario() -> None:
        async with stage((80, 24), neighbours) as s:
            nodes = await at_nodes(s, "bob")
            await s.press("slash")
            await s.type("car")
            await s.see("1 of 3", "[b]carol[i]")
            await s.type("x")
            await s.see("No node has “carx”", "esc shows all")
            await s.press("backspace", "enter")
            await s.until(lambda: nodes.table.has_focus, "focus")
            await s.see("1 of 3")
            await s.press("escape")
            await s.see("Nodes  3", "bob")
            await s.press("slash")
            await s.type("zz")
            await s.press("enter")
            await s.until(
                lambda: s.screen.focused is not None and s.screen.focused.id == "no-nodes", "focus on what says why"
            )
            await s.press("p")
            await s.see("No node is selected.")
            await s.press("escape")
            await s.until(lambda: nodes.table.has_focus, "focus")

    asyncio.run(scenario())


def test_enter_opens_the_details_to_be_read_and_escape_closes_them() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            nodes = await at_nodes(s, "bob")
            before = nodes.strip.size.height
            await s.press("enter")
            await s.until(lambda: nodes.strip.has_focus, "focus")
            assert nodes.has_class("-reading")
            assert nodes.strip.size.height >= before
            await s.press("escape")
            await s.until(lambda: nodes.table.has_focus, "focus")
            assert not nodes.has_class("-reading")
            await s.press("enter")
            await s.until(lambda: nodes.strip.has_focus, "focus")
            await s.press("enter")
            await s.until(lambda: nodes.table.has_focus, "enter opens and closes")
            assert not nodes.has_class("-reading")

    asyncio.run(scenario())


def test_on_a_short_terminal_the_details_are_shown_on_enter() -> None:
    async def scenario() -> None:
        async with stage((80, 16)) as s:
            nodes = await at_nodes(s, "bob")
            assert "Trusted:" not in s.screen_text()
            await s.press("enter")
            await s.see("Trusted:")
            await s.press("escape")
            await s.until(lambda: "Trusted:" not in s.screen_text(), "the table again")
            await s.until(lambda: nodes.table.has_focus, "focus")

    asyncio.run(scenario())


@pytest.mark.parametrize("size", SIZES)
def test_without_nodes_it_says_what_a_node_is_and_shows_our_own_id_to_hand_out(size: tuple[int, int]) -> None:
    copied: list[tuple[str, str]] = []

    async def scenario() -> None:
        async with stage(size, introduced=False) as s:
            await s.until(lambda: live(s).status is not None, "the status")
            await s.press("2")
            await s.see("No other node is known here yet.", "(a)", "alice:1")
            assert str(s.world.ids["alice"]) in "".join(s.screen_text().replace("║", "").split())

            async def copy(value: Any, what: str, seconds: float) -> None:
                copied.append((value.reveal().decode(), what))

            s.app.copied.copy = copy  # type: ignore[method-assign, assignment]
            await s.press("c")
            await s.see("Copied the id of this node.")
            assert copied == [(str(s.world.ids["alice"]), "the id of this node")]
            await s.press("t")
            await s.see("There is no node to do that with yet: a adds one.")
            await s.press("a")
            await s.see("Add a node")
            s.screen.query_one("#node", Input).value = f"{s.world.ids['bob']}@bob:1"
            await s.pilot.pause()
            await s.press("ctrl+s")
            await s.see("It is not trusted by that", f"{s.world.ids['bob'].short}")
            assert pane(s).table.node == s.world.ids["bob"]
            assert pane(s).table.has_focus

    asyncio.run(scenario())


def test_after_locking_and_unlocking_it_stands_where_it_stood() -> None:
    async def scenario() -> None:
        async with stage(prepare=neighbours) as s:
            await at_nodes(s, "bob")
            await s.press("o", "O", "space")
            pane(s).table.show_nodes(
                [pane(s).nodes[row.node_id] for row in pane(s).table.rows], NOW, s.world.ids["dave"]
            )
            place = pane(s).place()
            s.app.session.places["nodes"] = place  # type: ignore[union-attr]
            from pk_tui.tui.screens.workspace import Workspace

            assert s.app.session is not None
            s.app.session.places["shown pane"] = "nodes"
            await s.app.show(Workspace(s.app.session))
            await s.until(lambda: pane(s).table.node == s.world.ids["dave"], "the same node")
            assert pane(s).place() == place
            await s.see("PAUSED", "by name, reversed")

    asyncio.run(scenario())


def test_going_to_a_node_clears_a_filter_that_hides_it_and_waits_until_it_is_there() -> None:
    async def scenario() -> None:
        async with stage(prepare=neighbours) as s:
            nodes = await at_nodes(s, "bob")
            await s.press("slash")
            await s.type("carol")
            await s.press("enter")
            nodes.go_to(s.world.ids["bob"])
            await s.until(lambda: nodes.table.node == s.world.ids["bob"], "bob")
            await s.until(lambda: nodes.words == "", "no filter")
            eve = NodeId(b"e" * 32)
            nodes.go_to(eve)
            assert nodes.table.node == s.world.ids["bob"]
            await s.alice.nodes.add(eve, Address("nowhere", 1), ping=False)
            await s.until(lambda: nodes.table.node == eve, "her, once she is there")
            nodes.go_to("nonsense")
            assert nodes.table.node == eve

    asyncio.run(scenario())


def test_names_and_errors_from_outside_do_nothing_here() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            nodes = await at_nodes(s, "bob")
            s.app.workers.cancel_group(s.app, "live")
            live(s).nodes = [known(1, HOSTILE), known(2, "漢字" * 30)]
            live(s).connections = [link(1, "waiting", last_error=HOSTILE)]
            nodes._look()
            await s.see("[/x] [@")
            assert "\x1b" not in s.screen_text()
            strip = s.screen.query_one(NodeStrip)
            assert "[@click=app.quit]" in str(strip.lines[2].text.plain)
            await s.pilot.click(NodesPane, offset=(20, 3))
            await s.press("j")
            assert s.app.return_value is None

    asyncio.run(scenario())


def test_the_mouse_selects_and_sorts() -> None:
    async def scenario() -> None:
        async with stage(prepare=neighbours) as s:
            nodes = await at_nodes(s, "bob")
            await s.pilot.click("#nodes-table", offset=(10, 2))
            await s.until(lambda: nodes.table.at == 2, "the row clicked on")
            await s.pilot.click("NodesHead", offset=(17, 0))
            await s.see("by name")
            await s.pilot.click("NodesHead", offset=(17, 0))
            await s.see("by name, reversed")

    asyncio.run(scenario())


KEYS: list[tuple[str, Callable[[Stage], str]]] = [
    ("p", lambda s: "bob answered in"),
    ("m", lambda s: "Message to bob"),
    ("N", lambda s: "Name bob"),
    ("u", lambda s: "Untrust bob"),
    ("t", lambda s: "bob is trusted already"),
    ("S", lambda s: "What bob shares with this node"),
    ("s", lambda s: "Share"),
    ("x", lambda s: "Disconnected from bob"),
]


@pytest.mark.parametrize(("key", "says"), KEYS)
def test_each_key_does_its_verb_on_the_node_with_the_cursor(key: str, says: Callable[[Stage], str]) -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            await s.alice.vaults.create("work")
            await at_nodes(s, "● connected", "bob")
            await s.press(key)
            await s.see(says(s))

    asyncio.run(scenario())


def test_an_event_about_a_stranger_changes_nothing_for_the_worse() -> None:
    async def scenario() -> None:
        async with stage() as s:
            await at_nodes(s, "bob")
            s.alice._bus.say(NodeChanged(NodeId(b"z" * 32)))
            await s.pilot.pause(0.2)
            await s.see("bob", "connected")

    asyncio.run(scenario())
