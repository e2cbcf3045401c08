from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult
from textual.content import Content

from pk_tui.tui.told import labelled, said
from pk_tui.tui.widgets.telling import Telling

LONG = [labelled(str(number), f"line {number}") for number in range(60)]


class Harness(App[None]):
    CSS = "Telling { height: 10; }"

    def compose(self) -> ComposeResult:
        yield Telling("panel")


def test_what_did_not_change_is_not_laid_out_again_and_the_reader_is_not_disturbed() -> None:
    async def scenario() -> None:
        async with Harness().run_test(size=(40, 12)) as pilot:
            panel = pilot.app.query_one(Telling)
            panel.focus()
            panel.tell(Content("bob"), LONG)
            await pilot.pause()
            assert panel.virtual_size.height >= 60
            await pilot.press("j", "j")
            await pilot.pause(0.3)
            where = panel.scroll_offset.y
            assert where == 2
            lines = panel.lines
            panel.tell(Content("bob"), list(LONG))
            assert panel.lines is lines, "the same is not put in again"
            panel.tell(Content("bob"), [*LONG[:-1], said("another end")])
            await pilot.pause()
            assert panel.scroll_offset.y == where
            panel.tell(Content("carol"), LONG)
            await pilot.pause()
            assert panel.scroll_offset.y == 0, "somebody else is read from the beginning"

    asyncio.run(scenario())


def test_it_is_as_high_as_what_it_tells_at_any_width() -> None:
    async def scenario() -> None:
        async with Harness().run_test(size=(80, 12)) as pilot:
            panel = pilot.app.query_one(Telling)
            panel.tell(Content(""), [said("word " * 40)])
            await pilot.pause()
            assert panel.max_scroll_y == 0
            await pilot.resize_terminal(16, 12)
            await pilot.pause()
            assert panel.max_scroll_y > 0

    asyncio.run(scenario())
