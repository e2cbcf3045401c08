from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.content import Content
from textual.pilot import Pilot
from tui.people import HOSTILE, NOW, WIDE, known, link, node_id, party

from pk_tui.clock import SECOND
from pk_tui.tui.glyphs import ASCII, UNICODE
from pk_tui.tui.node_rows import NodeRow, Sorting, in_order, merged
from pk_tui.tui.widgets.nodes_table import NAME_LONGEST, NodesHead, NodesTable, columns_for, line_of
from pk_tui.tui.widgets.nodes_table import WIDE as WIDE_FROM


def many(number: int, connected: int | None = None) -> list[NodeRow]:
    up = number if connected is None else connected
    nodes = [known(at, f"node {at:03}", trusted=True) for at in range(number)]
    links = [link(at) for at in range(up)]
    return in_order(merged(nodes, links, (), {node_id(at): [5.0] for at in range(up)}), Sorting("name"))


@pytest.mark.parametrize("width", [20, 60, 76, WIDE_FROM - 1, WIDE_FROM, 116, 200, 300])
def test_the_columns_fit_and_no_name_is_stretched(width: int) -> None:
    columns = columns_for(width)

    assert sum(column.width for column in columns) <= max(width, 48)
    assert next(column.width for column in columns if column.head == "Name") <= NAME_LONGEST
    heads = [column.head.strip() for column in columns]
    assert heads[:2] == ["State", "Name"]
    assert ("Address" in heads) == (width >= 66)
    assert [head for head in heads[2:] if head != "Address"][:3] == ["RTT", "Round trips", "Seen"]
    assert (heads[6:] == ["In/out", "Shared", "Trust"]) == (width >= WIDE_FROM)


def cells(row: NodeRow, width: int = 116) -> dict[str, str]:
    columns = columns_for(width)
    line = line_of(row, columns, UNICODE, NOW)
    return {column.head.strip(): text.strip() for column, (text, _) in zip(columns, line.cells, strict=True)}


def test_a_row_says_state_round_trip_bytes_shares_and_trust() -> None:
    (row,) = merged(
        [known(1, "bob", trusted=True)],
        [link(1, bytes_in=1_300_000, bytes_out=310)],
        [party(1, "a", "b")],
        {node_id(1): [5.0, 40.0]},
    )

    found = cells(row)

    assert found["State"] == "● connected"
    assert found["RTT"] == "40 ms"
    assert found["Round trips"][-1] == "█"
    assert found["Seen"] == "now"
    assert found["In/out"] == "1.2M/310B"
    assert found["Shared"] == "2"
    assert found["Trust"] == "yes"


def test_who_is_away_has_a_last_seen_and_no_numbers() -> None:
    (row,) = merged([known(1, "bob", last_seen=NOW - 7200 * SECOND)], (), (), {node_id(1): [5.0]})

    found = cells(row)

    assert (found["State"], found["RTT"], found["Round trips"], found["Seen"]) == ("○ offline", "-", "", "2h")
    assert (found["In/out"], found["Trust"]) == ("-", "NO")


def test_a_stranger_is_marked_without_colour() -> None:
    (row,) = merged((), [link(1)], (), {})

    assert cells(row)["State"] == "! unknown"
    assert cells(row)["Trust"] == "NO"
    assert line_of(row, columns_for(76), ASCII, NOW).cells[0][0] == "! unknown"


class Harness(App[None]):
    def compose(self) -> ComposeResult:
        yield NodesHead(UNICODE)
        yield NodesTable(UNICODE)

    @property
    def table(self) -> NodesTable:
        return self.query_one(NodesTable)


@asynccontextmanager
async def table(size: tuple[int, int] = (120, 30)) -> AsyncIterator[tuple[NodesTable, Pilot[None]]]:
    app = Harness()
    async with app.run_test(size=size) as pilot:
        app.table.focus()
        await pilot.pause()
        yield app.table, pilot


def test_a_look_at_200_nodes_that_found_nothing_new_draws_nothing() -> None:
    async def scenario() -> None:
        async with table() as (nodes, pilot):
            nodes.show_nodes(many(200), NOW)
            await pilot.pause()
            before = nodes.drawn
            assert before > 0
            for _ in range(5):
                nodes.show_nodes(many(200), NOW)
                await pilot.pause()
            assert nodes.drawn == before

    asyncio.run(scenario())


def test_one_that_changed_is_drawn_and_no_other() -> None:
    async def scenario() -> None:
        async with table() as (nodes, pilot):
            nodes.show_nodes(many(200), NOW)
            await pilot.pause()
            rows = many(200)
            rows[3] = merged([known(3, "node 003", trusted=False)], [link(3)], (), {node_id(3): [9.0]})[0]
            before = nodes.drawn
            nodes.show_nodes(rows, NOW)
            await pilot.pause()
            assert nodes.drawn == before + 1
            rows[150] = merged([known(150, "node 150", trusted=False)], (), (), {})[0]
            nodes.show_nodes(rows, NOW)
            await pilot.pause()
            assert nodes.drawn == before + 1, "what is out of sight is not drawn"

    asyncio.run(scenario())


def test_the_cursor_and_the_scroll_stay_with_the_node_through_sorting_coming_and_going() -> None:
    async def scenario() -> None:
        async with table() as (nodes, pilot):
            rows = many(100, connected=50)
            nodes.show_nodes(rows, NOW, cursor=node_id(60))
            await pilot.pause()
            on_screen = nodes.at - nodes.scroll_offset.y
            assert nodes.node == node_id(60)
            nodes.show_nodes(in_order(rows, Sorting("name", True)), NOW)
            assert nodes.node == node_id(60)
            nodes.show_nodes([row for row in rows if row.node_id.raw[0] % 3 == 0], NOW)
            await pilot.pause()
            assert nodes.node == node_id(60)
            assert 0 <= nodes.at - nodes.scroll_offset.y <= 28
            nodes.show_nodes(rows, NOW)
            await pilot.pause()
            assert nodes.node == node_id(60)
            assert on_screen >= 0
            nodes.show_nodes([row for row in rows if row.node_id != node_id(60)], NOW)
            assert nodes.node == node_id(61), "the one that took its place"

    asyncio.run(scenario())


@pytest.mark.parametrize("size", [(80, 24), (120, 30), (60, 15)])
def test_hostile_and_wide_names_stay_in_their_column(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with table(size) as (nodes, pilot):
            rows = merged([known(1, HOSTILE), known(2, WIDE), known(3, "bob")], (), (), {})
            nodes.show_nodes(rows, NOW)
            await pilot.pause()
            drawn = [nodes.draw(line, size[0]) for line in nodes.rows]
            assert len({one.cell_length for one in drawn}) == 1
            assert not any("click" in str(span.style) for one in drawn for span in one.spans)
            assert all(ord(letter) >= 32 for one in drawn for letter in one.plain)
            await pilot.resize_terminal(100, 20)
            await pilot.pause()
            assert len(nodes.rows) == 3

    asyncio.run(scenario())


def test_a_click_on_a_head_asks_for_that_order() -> None:
    asked: list[str] = []

    class Clicking(Harness):
        def on_nodes_head_clicked(self, event: NodesHead.Clicked) -> None:
            asked.append(event.by)

    async def scenario() -> None:
        async with Clicking().run_test(size=(120, 10)) as pilot:
            head = pilot.app.query_one(NodesHead)
            head.show(Sorting("rtt", True))
            rendered = head.render()
            assert isinstance(rendered, Content)
            assert "RTT▾" in rendered.plain
            for text in ("State", "Name", "Address", "RTT", "Seen", "Trust"):
                await pilot.click(NodesHead, offset=(rendered.plain.index(text) + 1, 0))
            await pilot.pause()
            assert asked == ["state", "name", "rtt", "seen"]

    asyncio.run(scenario())


def test_below_the_cursor_a_row_has_the_cursors_colours_alone() -> None:
    async def scenario() -> None:
        async with table() as (nodes, pilot):
            nodes.show_nodes(many(3), NOW)
            await pilot.pause()
            on_cursor, other = nodes.render_line(0), nodes.render_line(1)
            assert len({segment.style for segment in on_cursor if segment.text.strip()}) == 1
            assert len({segment.style for segment in other if segment.text.strip()}) > 1

    asyncio.run(scenario())
