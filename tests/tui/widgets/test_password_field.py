from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Input

from pk_tui.plaintext import Plaintext
from pk_tui.tui.widgets.password_field import LONGEST, STEERING, TOO_LONG, TWO_LINES, PasswordField, pasted


@pytest.mark.parametrize(
    ("text", "taken", "why"),
    [
        ("secret", "secret", ""),
        ("secret\n", "secret", ""),
        ("secret\r\n", "secret", ""),
        ("secret\r", "secret", ""),
        ("  spaces stay  \n", "  spaces stay  ", ""),
        ("tab\there", "tab\there", ""),
        ("one\ntwo", "", TWO_LINES),
        ("one\rtwo\n", "", TWO_LINES),
        ("one\n\n", "", TWO_LINES),
        ("a\x1b[2Jb", "", STEERING),
        ("a\x00", "", STEERING),
        ("", "", ""),
    ],
)
def test_what_a_paste_gives(text: str, taken: str, why: str) -> None:
    assert pasted(text) == (taken, why)


class Field(App[None]):
    """Keeps every message that comes up to it."""

    def __init__(self, hidden: bool, peekable: bool) -> None:
        super().__init__()
        self.came: list[Message] = []
        self.copied: list[str] = []
        self._how = (hidden, peekable)

    def compose(self) -> ComposeResult:
        hidden, peekable = self._how
        yield PasswordField("Password", id="field", hidden=hidden, peekable=peekable)
        yield Input(id="other")

    async def on_event(self, event: events.Event) -> None:
        self.came.append(event)
        await super().on_event(event)

    async def _on_message(self, message: Message) -> None:
        self.came.append(message)
        await super()._on_message(message)

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)


@asynccontextmanager
async def field(hidden: bool = True, peekable: bool = False) -> AsyncIterator[tuple[Field, PasswordField, Pilot[Any]]]:
    app = Field(hidden, peekable)
    async with app.run_test() as pilot:
        it = app.query_one(PasswordField)
        it.focus()
        await pilot.pause()
        yield app, it, pilot


def shown(it: PasswordField) -> str:
    return it.render_line(0).text.strip()


def test_what_was_typed_is_taken_once() -> None:
    async def scenario() -> None:
        async with field() as (_, it, pilot):
            await pilot.press(*"canary")
            assert shown(it) == "*" * 6
            assert it.take() == Plaintext.of_text("canary")
            assert it.is_empty
            assert it.take() == Plaintext.of_text("")

    asyncio.run(scenario())


def test_no_key_copies_or_cuts_what_is_in_it() -> None:
    async def scenario() -> None:
        async with field() as (app, it, pilot):
            await pilot.press(*"canary", "ctrl+shift+a", "ctrl+c", "super+c", "ctrl+x", "ctrl+v")
            await pilot.pause()
            assert app.copied == []
            assert app.clipboard == ""
            assert it.value == "canary"

    asyncio.run(scenario())


def test_no_message_that_leaves_it_knows_what_was_typed() -> None:
    async def scenario() -> None:
        async with field() as (app, it, pilot):
            await pilot.press(*"canary", "enter", "tab")
            await pilot.pause()
            ours = [one for one in app.came if isinstance(one, PasswordField.Typed | PasswordField.Entered)]
            assert len([one for one in ours if isinstance(one, PasswordField.Typed)]) == 6
            assert len([one for one in ours if isinstance(one, PasswordField.Entered)]) == 1
            for one in app.came:
                if isinstance(one, Input.Changed | Input.Submitted | Input.Blurred):
                    assert one.control is not it
            assert not any("canary" in repr(one) or "canary" in repr(vars(one)) for one in ours)
            assert "canary" not in repr(it)
            assert "canary" not in repr(list(it.__rich_repr__()))

    asyncio.run(scenario())


def test_a_paste_goes_in_where_the_cursor_is_and_more_than_a_line_does_not() -> None:
    async def scenario() -> None:
        async with field() as (app, it, pilot):
            await pilot.press("a", "z", "left")
            it.post_message(events.Paste("bcd\n"))
            await pilot.pause()
            assert it.value == "abcdz"
            it.post_message(events.Paste("one\ntwo"))
            await pilot.pause()
            assert it.value == "abcdz"
            refused = [one.why for one in app.came if isinstance(one, PasswordField.Refused)]
            assert refused == [TWO_LINES]

    asyncio.run(scenario())


def test_too_much_is_refused_whole() -> None:
    async def scenario() -> None:
        async with field() as (app, it, pilot):
            it.post_message(events.Paste("x" * (LONGEST + 1)))
            await pilot.pause()
            assert it.is_empty
            assert [one.why for one in app.came if isinstance(one, PasswordField.Refused)] == [TOO_LONG]

    asyncio.run(scenario())


def test_it_shows_on_request_only_where_that_is_allowed_and_covers_when_left() -> None:
    async def scenario() -> None:
        async with field() as (_, it, pilot):
            await pilot.press(*"canary", "ctrl+r")
            assert shown(it) == "*" * 6
        async with field(peekable=True) as (_, it, pilot):
            await pilot.press(*"canary", "ctrl+r")
            assert shown(it) == "canary"
            await pilot.press("tab")
            await pilot.pause()
            assert shown(it) == "*" * 6
        async with field(hidden=False) as (_, it, pilot):
            await pilot.press(*"word", "tab")
            assert shown(it) == "word"

    asyncio.run(scenario())


def test_it_does_not_blink_and_gives_no_hint_of_words() -> None:
    async def scenario() -> None:
        async with field() as (_, it, pilot):
            assert not it.cursor_blink
            assert it.suggester is None
            await pilot.press(*"two words".replace(" ", "x"), "ctrl+left")
            assert it.cursor_position == 0

    asyncio.run(scenario())


def test_what_is_put_back_does_not_replace_what_was_typed_meanwhile() -> None:
    async def scenario() -> None:
        async with field() as (_, it, pilot):
            it.put(Plaintext.of_text("first"))
            it.put(Plaintext.of_text("second"))
            await pilot.press("x")
            assert it.value == "firstx"

    asyncio.run(scenario())
