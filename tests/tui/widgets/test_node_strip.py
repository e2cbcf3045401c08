from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult
from tui.people import NOW, clone, known, link, node_id, party

from pk_tui.tui.node_rows import merged
from pk_tui.tui.widgets.node_strip import NodeStrip


class Harness(App[None]):
    def compose(self) -> ComposeResult:
        yield NodeStrip("strip")


def test_it_tells_of_one_node_under_its_name_and_of_nobody_nothing() -> None:
    async def scenario() -> None:
        async with Harness().run_test(size=(100, 20)) as pilot:
            strip = pilot.app.query_one(NodeStrip)
            (row,) = merged([known(1, "bob", trusted=True)], [link(1)], (), {})
            strip.show(row, party(1, "work").shared, [clone(5, "theirs", 1)], NOW)
            await pilot.pause()
            text = " ".join(line.text.plain for line in strip.lines)
            assert "bob" in str(strip.border_title)
            assert str(node_id(1)) in text.replace(" ", "")
            assert "work" in text
            assert "theirs" in text
            strip.show(None, (), (), NOW)
            assert not strip.lines

    asyncio.run(scenario())
