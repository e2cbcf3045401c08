from __future__ import annotations

import asyncio

from textual.content import Content
from tui.dialogs.test_dialog import opened
from tui.stage import stage

from pk_tui.tui.dialogs.pick import PickDialog
from pk_tui.tui.glyphs import UNICODE
from pk_tui.tui.widgets.chooser import Choice

CHOICES = [Choice("1", "bob"), Choice("2", "carol"), Choice("3", "carl", why_not=Content("carl is away."))]


def dialog() -> PickDialog:
    return PickDialog(Content("Whom?"), Content("Whose share ends?"), CHOICES, UNICODE)


def test_typing_narrows_and_enter_picks() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            answers = await opened(s, dialog(), "U")
            await s.see("Whom?", "Whose share ends?", "bob", "carol")
            await s.type("ca")
            await s.see_no("bob")
            await s.press("enter")
            assert answers == ["2"]

    asyncio.run(scenario())


def test_what_cannot_be_picked_says_why_and_escape_picks_nothing() -> None:
    async def scenario() -> None:
        async with stage() as s:
            answers = await opened(s, dialog(), "U")
            await s.type("carl")
            await s.press("ctrl+s")
            await s.see("carl is away.")
            assert answers == []
            await s.press("escape")
            assert answers == [None]

    asyncio.run(scenario())


def test_the_enter_that_opened_it_picks_nothing() -> None:
    async def scenario() -> None:
        async with stage() as s:
            answers = await opened(s, dialog(), "enter")
            await s.press("enter", "enter")
            assert answers == []
            await s.press("down", "enter")
            assert answers == ["2"]

    asyncio.run(scenario())
