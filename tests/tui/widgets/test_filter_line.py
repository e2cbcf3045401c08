from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult
from textual.widgets import Button

from pk_tui.tui.widgets.filter_line import FilterLine


class FilterApp(App[None]):
    AUTO_FOCUS = "Button"

    def __init__(self) -> None:
        super().__init__()
        self.line = FilterLine()
        self.told: list[str] = []
        self.closed = 0

    def compose(self) -> ComposeResult:
        yield Button("list")
        yield self.line

    def on_filter_line_narrowed(self, event: FilterLine.Narrowed) -> None:
        self.told.append(event.text)

    def on_filter_line_closed(self) -> None:
        self.closed += 1
        self.screen.query_one(Button).focus()


def test_it_narrows_with_every_key_stays_while_it_does_and_goes_when_cleared() -> None:
    async def scenario() -> None:
        app = FilterApp()
        async with app.run_test() as pilot:
            assert not app.line.display
            app.line.open()
            await pilot.press("a", "b")
            assert app.told == ["a", "ab"]
            await pilot.press("enter")
            await pilot.pause()
            assert (app.closed, app.line.display, app.line.words) == (1, True, "ab")
            app.line.open()
            await pilot.press("escape")
            await pilot.pause()
            assert (app.closed, app.line.display, app.told[-1]) == (2, False, "")

    asyncio.run(scenario())


def test_opened_and_left_without_a_word_it_is_not_in_the_way() -> None:
    async def scenario() -> None:
        app = FilterApp()
        async with app.run_test() as pilot:
            app.line.open()
            await pilot.press("down")
            await pilot.pause()
            assert not app.line.display
            app.line.put("db")
            await pilot.pause()
            assert app.line.display
            assert not app.line.has_focus
            assert app.told == ["db"]

    asyncio.run(scenario())
