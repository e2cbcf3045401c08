from __future__ import annotations

import asyncio
from typing import Any

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input
from tui.stage import Stage, stage

from pk_tui.errors import Conflict
from pk_tui.tui.dialogs.dialog import Dialog


class Question(Dialog[str]):
    heading = Content("A question")

    def body(self) -> ComposeResult:
        yield Input(id="answer")

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Cancel  esc", False), ("go", "Go", False)]

    def chosen(self, button: str) -> None:
        self.dismiss(button)


async def opened(s: Stage, dialog: Dialog[Any], by: str) -> list[Any]:
    """Lay the dialog over the screen as if this key had done it; what it answers is put in the list."""
    answers: list[Any] = []
    s.app.last_key = by
    await s.app.push_screen(dialog, answers.append)
    await s.pilot.pause()
    return answers


def test_escape_and_cancel_answer_nothing() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            answers = await opened(s, Question(), "s")
            await s.see("A question", "Cancel")
            await s.press("escape")
            assert answers == [None]
            answers = await opened(s, Question(), "s")
            await s.pilot.click("#cancel")
            await s.pilot.pause()
            assert answers == [None]

    asyncio.run(scenario())


def test_the_key_that_opened_it_confirms_nothing_until_another_was_pressed() -> None:
    async def scenario() -> None:
        async with stage() as s:
            dialog = Question()
            dialog.first = "go"
            answers = await opened(s, dialog, "enter")
            await s.press("enter", "enter", "enter")
            assert answers == []
            await s.press("tab", "shift+tab", "enter")
            assert answers == ["go"]

    asyncio.run(scenario())


def test_another_key_confirms_at_once() -> None:
    async def scenario() -> None:
        async with stage() as s:
            dialog = Question()
            dialog.first = "go"
            answers = await opened(s, dialog, "s")
            await s.press("enter")
            assert answers == ["go"]

    asyncio.run(scenario())


def test_letters_that_open_dialogs_can_be_typed_into_them() -> None:
    async def scenario() -> None:
        async with stage() as s:
            dialog = Question()
            dialog.first = "answer"
            await opened(s, dialog, "y")
            await s.type("yes y")
            assert dialog.query_one(Input).value == "yes y"

    asyncio.run(scenario())


def test_what_went_wrong_is_said_in_it_harmlessly_and_it_stays() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            dialog = Question()
            answers = await opened(s, dialog, "s")

            async def fails() -> None:
                raise Conflict("There is already a “[/x]\x1b[2J”.")

            dialog.do(fails(), "probe")
            await s.see("There is already a “[/x]\\u{1b}[2J”.")
            assert answers == []

    asyncio.run(scenario())
