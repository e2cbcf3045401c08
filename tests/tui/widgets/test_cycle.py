from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult

from pk_tui.tui.widgets.cycle import Cycle


class CycleApp(App[None]):
    def __init__(self, cycle: Cycle) -> None:
        super().__init__()
        self.cycle = cycle
        self.changes = 0

    def compose(self) -> ComposeResult:
        yield self.cycle

    def on_cycle_changed(self) -> None:
        self.changes += 1


def test_keys_go_round_and_a_letter_goes_to_what_begins_with_it() -> None:
    async def scenario() -> None:
        app = CycleApp(Cycle(["WPA3", "WPA2", "none"]))
        async with app.run_test() as pilot:
            assert "(none)" in app.cycle.render().plain
            await pilot.press("right")
            assert app.cycle.chosen == "WPA3"
            assert "< WPA3 >  1 of 3" in app.cycle.render().plain
            await pilot.press("n")
            assert app.cycle.chosen == "none"
            await pilot.press("w", "w")
            assert app.cycle.chosen == "WPA2"
            await pilot.press("x", "left", "left")
            assert app.cycle.chosen == ""
            await pilot.press("left")
            assert app.cycle.chosen == "none"
            assert app.changes == 7

    asyncio.run(scenario())


def test_what_is_chosen_and_no_choice_stays_one_and_is_shown_harmless() -> None:
    cycle = Cycle(["a"], "[red]\x1b")
    assert cycle.chosen == "[red]\x1b"
    assert "[red]\\u{1b}" in cycle.render().plain
    assert "2 of 2" in cycle.render().plain
