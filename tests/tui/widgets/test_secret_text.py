from __future__ import annotations

import asyncio

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from pk_tui.plaintext import Plaintext
from pk_tui.tui.widgets.secret_text import HIDDEN, WRAPPED_AT_MOST, SecretText


class Holder(App[int]):
    def __init__(self, value: str = "") -> None:
        super().__init__()
        self.value = value
        self.copied: list[Plaintext] = []
        self.complaints: list[str] = []

    def compose(self) -> ComposeResult:
        yield SecretText(self.value, lambda value, then: self.copied.append(value), self.complaints.append, id="area")

    @property
    def area(self) -> SecretText:
        return self.query_one(SecretText)

    def seen(self) -> str:
        return "\n".join(strip.text for strip in self.screen._compositor.render_strips())


async def paste(pilot: Pilot[int], text: str) -> None:
    pilot.app.post_message(events.Paste(text))
    await pilot.pause()


def test_a_value_is_hidden_while_the_window_is_not_in_use_and_comes_back_with_its_cursor() -> None:
    async def scenario() -> None:
        app = Holder("canary one\ncanary two")
        async with app.run_test(size=(60, 10)) as pilot:
            app.area.move_cursor((1, 3))
            await pilot.pause()
            assert "canary two" in app.seen()
            app.post_message(events.AppBlur())
            await pilot.pause()
            await pilot.pause()
            assert "canary" not in app.seen()
            assert HIDDEN in app.seen()
            app.post_message(events.AppFocus())
            await pilot.pause()
            await pilot.pause()
            assert "canary two" in app.seen()
            assert app.area.cursor_location == (1, 3)
            assert app.focused is app.area

    asyncio.run(scenario())


def test_nothing_reaches_textuals_own_clipboard() -> None:
    async def scenario() -> None:
        app = Holder("canary")
        async with app.run_test() as pilot:
            app.area.select_all()
            await pilot.press("ctrl+c", "ctrl+x")
            assert app.clipboard == ""
            assert app.copied == [Plaintext(b"canary")] * 2
            assert app.area.text == "canary"  # nobody said that it was copied
            await pilot.press("ctrl+v")
            assert app.area.text == "canary"
            assert "ctrl+shift+v" in app.complaints[0]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("pasted", "kept"), [("a\nb", "a\nb"), ("a\rb\r", "a\nb\n"), ("a\r\nb", "a\nb"), ("\t x ", "\t x ")]
)
def test_lines_are_pasted_as_lines(pasted: str, kept: str) -> None:
    async def scenario() -> None:
        app = Holder()
        async with app.run_test() as pilot:
            await paste(pilot, pasted)
            assert app.area.text == kept
            assert app.complaints == []

    asyncio.run(scenario())


@pytest.mark.parametrize("pasted", ["a\x0cb", "a\u2028b", "a\x1b[31mb", "a\0b", "x" * (1024 * 1024 + 1)])
def test_what_would_not_be_kept_exactly_is_not_pasted(pasted: str) -> None:
    async def scenario() -> None:
        app = Holder("before")
        async with app.run_test() as pilot:
            await paste(pilot, pasted)
            assert app.area.text == "before"
            assert len(app.complaints) == 1

    asyncio.run(scenario())


def test_a_very_long_line_is_not_wrapped_at_every_key() -> None:
    async def scenario() -> None:
        long = "x" * (WRAPPED_AT_MOST + 1)
        app = Holder(long)
        async with app.run_test():
            assert not app.area.soft_wrap
        app = Holder("short\n" * 10_000)
        async with app.run_test() as pilot:
            assert app.area.soft_wrap
            await paste(pilot, long)
            assert not app.area.soft_wrap

    asyncio.run(scenario())


def test_what_was_typed_is_gone_with_the_widget() -> None:
    async def scenario() -> None:
        app = Holder("canary")
        async with app.run_test() as pilot:
            area = app.area
            await pilot.press("x", "y")
            await pilot.press("ctrl+z")
            assert area.history.redo_stack
            await area.remove()
            assert area.text == ""
            assert not area.history.undo_stack
            assert not area.history.redo_stack
            assert not area._line_cache

    asyncio.run(scenario())
