from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from textual.app import App, ComposeResult
from textual.content import Content
from textual.pilot import Pilot

from pk_tui.tui.widgets.line_list import LineList


@dataclass(frozen=True)
class Row:
    key: str
    says: str = ""


class Names(LineList[Row]):
    drawn = 0

    def draw(self, row: Row, width: int) -> Content:
        self.drawn += 1
        return Content(f"{row.key} {row.says}")


class Harness(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.moved: list[str | None] = []
        self.chosen: list[str] = []

    def compose(self) -> ComposeResult:
        yield Names("names", empty=Content("Nothing here."))

    def on_line_list_moved(self) -> None:
        current = self.names.current
        self.moved.append(current.key if current else None)

    def on_line_list_chosen(self) -> None:
        assert self.names.current is not None
        self.chosen.append(self.names.current.key)

    @property
    def names(self) -> Names:
        return self.query_one(Names)


def rows(*keys: str) -> list[Row]:
    return [Row(key) for key in keys]


@asynccontextmanager
async def shown(*keys: str, height: int = 6) -> AsyncIterator[tuple[Harness, Pilot[Any]]]:
    app = Harness()
    async with app.run_test(size=(20, height)) as pilot:
        app.names.show_rows(rows(*keys))
        app.names.focus()
        await pilot.pause()
        yield app, pilot


def on_screen(app: Harness) -> list[str]:
    return [app.names.render_line(y).text.rstrip() for y in range(app.names.size.height)]


def test_vim_keys_arrows_and_pages_move_the_cursor_and_the_view() -> None:
    async def scenario() -> None:
        async with shown(*(f"r{number:02}" for number in range(30))) as (app, pilot):
            for key, at in [("j", 1), ("down", 2), ("k", 1), ("G", 29), ("up", 28), ("g", 0), ("pagedown", 5), ("ctrl+d", 8),
                            ("ctrl+u", 5), ("pageup", 0), ("k", 0), ("end", 29), ("j", 29), ("home", 0)]:  # fmt: skip
                await pilot.press(key)
                assert app.names.at == at, key
                assert any(line.startswith("> ") for line in on_screen(app)), key
            await pilot.press("enter")
            await pilot.pause()
            assert app.chosen == ["r00"]

    asyncio.run(scenario())


def test_new_rows_leave_the_cursor_on_its_row_in_its_line() -> None:
    async def scenario() -> None:
        names = [f"r{number:02}" for number in range(30)]
        async with shown(*names) as (app, pilot):
            await pilot.press(*("j",) * 12)
            before = on_screen(app)
            assert "> r12" in before
            app.names.show_rows(rows("new1", "new2", "new3", *names))
            await pilot.pause()
            assert on_screen(app) == before
            assert app.names.current == Row("r12")
            app.names.show_rows(rows("new3", *names[5:]))
            await pilot.pause()
            assert on_screen(app) == before

    asyncio.run(scenario())


def test_when_its_row_goes_the_cursor_stays_in_its_place() -> None:
    async def scenario() -> None:
        async with shown("a", "b", "c") as (app, pilot):
            await pilot.press("j")
            app.names.show_rows(rows("a", "c"))
            assert app.names.current == Row("c")
            app.names.show_rows(rows("a"))
            assert app.names.current == Row("a")
            app.names.show_rows([])
            assert app.names.current is None
            await pilot.press("j", "G", "enter", "pagedown")
            await pilot.pause()
            assert app.chosen == []

    asyncio.run(scenario())


def test_whoever_listens_hears_of_another_row_and_of_the_same_row_changed() -> None:
    async def scenario() -> None:
        async with shown("a", "b") as (app, pilot):
            assert app.moved == ["a"]
            app.names.show_rows(rows("a", "b", "c"))
            await pilot.pause()
            assert app.moved == ["a"]
            app.names.show_rows([Row("a", "new"), *rows("b", "c")])
            await pilot.pause()
            assert app.moved == ["a", "a"]
            assert app.names.put_cursor("c")
            assert not app.names.put_cursor("z")
            await pilot.pause()
            assert app.moved == ["a", "a", "c"]

    asyncio.run(scenario())


def test_a_click_moves_the_cursor_and_a_second_one_opens() -> None:
    async def scenario() -> None:
        async with shown("a", "b", "c") as (app, pilot):
            await pilot.click(Names, offset=(3, 2))
            assert app.names.current == Row("c")
            assert app.chosen == []
            await pilot.click(Names, offset=(3, 2))
            assert app.chosen == ["c"]
            await pilot.click(Names, offset=(3, 5))
            assert app.names.current == Row("c")

    asyncio.run(scenario())


def test_an_empty_list_says_why_and_a_long_row_is_cut() -> None:
    async def scenario() -> None:
        async with shown() as (app, pilot):
            assert on_screen(app)[0] == "Nothing here."
            app.names.empty = Content("Still nothing.")
            assert on_screen(app)[0] == "Still nothing."
            app.names.show_rows([Row("長い名前の行がここにある長い名前の行")])
            await pilot.pause()
            line = app.names.render_line(0)
            assert line.cell_length == app.names.size.width
            assert "…" in line.text

    asyncio.run(scenario())


def test_only_the_rows_that_show_are_drawn() -> None:
    async def scenario() -> None:
        async with shown() as (app, pilot):
            app.names.drawn = 0
            app.names.show_rows([Row(f"r{number}") for number in range(100_000)])
            await pilot.pause()
            assert app.names.drawn <= 4 * app.names.size.height

    asyncio.run(scenario())
