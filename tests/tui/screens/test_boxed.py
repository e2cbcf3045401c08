from __future__ import annotations

import asyncio

from textual.app import ComposeResult
from textual.widgets import Static
from tui.closed import closed_stage

from pk_tui.tui.screens.boxed import BoxedScreen


class Box(BoxedScreen):
    drawn = 0

    def compose(self) -> ComposeResult:
        yield Static("", id="state", markup=False)

    def draw(self) -> None:
        type(self).drawn += 1


def test_the_line_says_harmlessly_what_is_done_and_what_is_wrong_and_not_by_colour_alone() -> None:
    async def scenario() -> None:
        async with closed_stage() as s:
            box = Box()
            await s.app.show(box)
            box.state("It is “[/x]\x1b[2J”.", wrong=True)
            await s.see("It is “[/x]\\u{1b}[2J”.")
            assert box.query_one("#state").has_class("-wrong")
            box.state(box.turning("Thinking…"), wrong=False)
            await s.see("Thinking…")
            assert not box.query_one("#state").has_class("-wrong")
            await s.until(lambda: Box.drawn >= 2, "pictures")

    asyncio.run(scenario())


def test_the_spinner_turns() -> None:
    async def scenario() -> None:
        async with closed_stage() as s:
            box = Box()
            await s.app.show(box)
            assert len({box.turning("x") for _ in range(20)}) > 2

    asyncio.run(scenario())
