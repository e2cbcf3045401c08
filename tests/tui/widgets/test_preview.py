from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets import Static

from pk_tui.clock import SystemClock
from pk_tui.tui.glyphs import ASCII
from pk_tui.tui.item_words import ItemRows, SlotRow
from pk_tui.tui.widgets.preview import Preview


class PreviewApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.preview = Preview(SystemClock(), ASCII)

    def compose(self) -> ComposeResult:
        yield self.preview

    def text(self) -> str:
        return "\n".join(str(self.preview.query_one(name, Static).content) for name in ("#facts", "#waits"))


def test_facts_title_and_what_is_waited_for() -> None:
    async def scenario() -> None:
        app = PreviewApp()
        async with app.run_test(size=(40, 10)) as pilot:
            app.preview.show("work/[/x]\x1b", [("Path", Content("a/b"))], True)
            app.preview.wait("Reading…")
            await pilot.pause()
            assert app.preview._border_title is not None
            assert app.preview._border_title.plain == "work/[/x]\\u{1b}"
            assert app.text() == "Path     a/b\nReading…"
            assert app.preview.secret.display
            app.preview.show("work", [("Secrets", Content("3"))], False)
            app.preview.wait("")
            assert app.text() == "Secrets  3\n"
            assert not app.preview.secret.display

    asyncio.run(scenario())


def test_facts_are_wrapped_anew_when_the_width_changes() -> None:
    async def scenario() -> None:
        app = PreviewApp()
        async with app.run_test(size=(80, 10)) as pilot:
            app.preview.show("x", [("Id", Content("one two three four five six"))], False)
            await pilot.pause()
            assert app.text().count("\n") == 1
            await pilot.resize_terminal(24, 10)
            await pilot.pause()
            assert app.text().count("\n") == 2

    asyncio.run(scenario())


def test_a_screen_is_laid_out_again_only_if_the_number_of_lines_changes() -> None:
    async def scenario() -> None:
        app = PreviewApp()
        async with app.run_test(size=(40, 10)) as pilot:
            app.preview.show("x", [("Id", Content("one"))], False)
            await pilot.pause()
            layouts: list[bool] = []
            facts = app.preview.query_one("#facts", Static)
            facts.refresh = lambda *regions, layout=False, **named: layouts.append(layout) or facts  # type: ignore[method-assign, func-returns-value]
            app.preview.show("y", [("Id", Content("two"))], False)
            app.preview.show("y", [("Id", Content("two"))], False)
            app.preview.show("z", [("Id", Content("two")), ("More", Content("three"))], False)
            assert layouts == [False, True]

    asyncio.run(scenario())


def test_slots_stand_in_place_of_the_value_and_arrows_go_from_one_to_the_next() -> None:
    async def scenario() -> None:
        app = PreviewApp()
        async with app.run_test(size=(40, 10)) as pilot:
            slots = tuple(SlotRow(f"s{number}", f"Slot {number}", "text", False, "x") for number in range(20))
            app.preview.show("work/a", [("Path", Content("a"))], True)
            app.preview.show_item(ItemRows("mine", "", (), slots))
            app.preview.focus()
            await pilot.pause()
            assert not app.preview.secret.display
            assert app.preview.showing is app.preview.slots
            await pilot.press(*["j"] * 10, *["down"] * 9)
            await pilot.pause()
            assert app.preview.slots.at == 19
            assert app.preview.scroll_offset.y > 0
            top = app.preview.scroll_offset.y
            await pilot.press("down")
            await pilot.pause()
            assert app.preview.scroll_offset.y > top  # past the last slot there are the facts
            await pilot.press("k")
            assert app.preview.slots.at == 18
            app.preview.show_item(None)
            assert app.preview.secret.display
            assert app.preview.showing is app.preview.secret

    asyncio.run(scenario())
