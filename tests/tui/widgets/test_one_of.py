from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult

from pk_tui.tui.widgets.one_of import OneOf


class Harness(App[None]):
    AUTO_FOCUS = ""
    changes = 0

    def compose(self) -> ComposeResult:
        yield OneOf(["a day", "a week", "a year"], 1, name="term")

    def on_one_of_changed(self) -> None:
        self.changes += 1


def test_left_and_right_choose_and_stop_at_the_ends() -> None:
    async def scenario() -> None:
        app = Harness()
        async with app.run_test(size=(40, 3)) as pilot:
            choice = app.query_one(OneOf)
            assert choice.render().plain == "   a day [a week] a year "
            choice.focus()
            for key, at in [("right", 2), ("l", 2), ("left", 1), ("h", 0), ("left", 0)]:
                await pilot.press(key)
                assert choice.at == at, key
            assert choice.render().plain == "> [a day] a week  a year "
            assert app.changes == 3

    asyncio.run(scenario())


def test_a_click_chooses() -> None:
    async def scenario() -> None:
        app = Harness()
        async with app.run_test(size=(40, 3)) as pilot:
            await pilot.click(OneOf, offset=(20, 0))
            assert app.query_one(OneOf).at == 2
            await pilot.click(OneOf, offset=(35, 0))
            assert app.query_one(OneOf).at == 2

    asyncio.run(scenario())


def test_where_there_is_no_room_for_all_the_chosen_one_is_in_sight() -> None:
    async def scenario() -> None:
        app = Harness()
        async with app.run_test(size=(20, 3)) as pilot:
            choice = app.query_one(OneOf)
            assert choice.render().plain == "   a day [a week]…"
            choice.focus()
            await pilot.press("right")
            assert choice.render().plain == "> … a week [a year]"
            await pilot.click(OneOf, offset=(5, 0))
            assert choice.at == 1
            await pilot.press("left")
            assert choice.render().plain == "> [a day] a week …"

    asyncio.run(scenario())
