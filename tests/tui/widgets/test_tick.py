from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult

from pk_tui.tui.widgets.tick import Tick


class Harness(App[None]):
    turns = 0

    def on_tick_turned(self) -> None:
        self.turns += 1

    def compose(self) -> ComposeResult:
        yield Tick("Ping it", True, "ping")


def test_on_and_off_differ_without_colour_and_keys_and_mouse_switch() -> None:
    async def scenario() -> None:
        app = Harness()
        async with app.run_test() as pilot:
            tick = pilot.app.query_one(Tick)
            tick.focus()
            assert tick.render().plain == "[x] Ping it"
            await pilot.press("space")
            assert not tick.is_on
            assert tick.render().plain == "[ ] Ping it"
            await pilot.press("enter")
            assert tick.is_on
            await pilot.click("#ping")
            assert not tick.is_on
            await pilot.pause()
            assert app.turns == 3

    asyncio.run(scenario())
