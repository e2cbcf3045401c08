from __future__ import annotations

import asyncio

from textual.content import Content
from tui.dialogs.test_dialog import opened
from tui.stage import stage

from pk_tui.tui.dialogs.confirm import ConfirmDialog


def dialog(typed: str | None = None) -> ConfirmDialog:
    return ConfirmDialog(Content("Delete it"), Content("It is gone then."), "Delete", typed=typed)


def test_y_says_yes_and_enter_at_once_says_no() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            answers = await opened(s, dialog(), "d")
            await s.see("Delete it", "It is gone then.", "Delete  y")
            await s.press("y")
            assert answers == [True]
            answers = await opened(s, dialog(), "d")
            await s.press("enter")
            assert answers == [None]

    asyncio.run(scenario())


def test_n_and_escape_say_no() -> None:
    async def scenario() -> None:
        async with stage() as s:
            for key in ("n", "escape"):
                answers = await opened(s, dialog(), "d")
                await s.press(key)
                assert answers == [None]

    asyncio.run(scenario())


def test_opened_by_y_it_needs_more_than_y() -> None:
    async def scenario() -> None:
        async with stage() as s:
            answers = await opened(s, dialog(), "y")
            await s.press("y", "y")
            assert answers == []
            await s.press("tab", "y")
            assert answers == [True]

    asyncio.run(scenario())


def test_what_cannot_be_undone_needs_the_name_typed_exactly() -> None:
    async def scenario() -> None:
        async with stage() as s:
            answers = await opened(s, dialog("work"), "d")
            await s.press("y", "enter")
            await s.see("That is not the name. Nothing was done.")
            assert answers == []
            await s.press("backspace")
            await s.type("work")
            await s.press("enter")
            assert answers == [True]

    asyncio.run(scenario())
