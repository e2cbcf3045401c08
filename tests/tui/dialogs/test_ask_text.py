from __future__ import annotations

import asyncio

import pytest
from textual.content import Content
from textual.widgets import Input
from tui.deeds.acting import acting
from tui.dialogs.test_dialog import opened

from pk_tui.errors import AlreadyExists
from pk_tui.terms import vault_name
from pk_tui.tui.dialogs.ask_text import AskTextDialog


def plain(**more: object) -> AskTextDialog[str]:
    return AskTextDialog(Content("New vault"), Content("Name of it"), vault_name, yes="Create", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("confirm", ["enter", "ctrl+s"])
def test_a_line_is_read_by_its_rule_as_it_is_typed(confirm: str) -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            answers = await opened(s, plain(), "n")
            await s.see("New vault", "Name of it", "Create  enter")
            await s.type("a:b")
            await s.see("it has a “:”")
            await s.press(confirm)
            assert answers == []
            await s.press("backspace", "backspace")
            await s.see_no("it has a")
            await s.press(confirm)
            assert answers == ["a"]

    asyncio.run(scenario())


def test_an_empty_line_is_only_wrong_once_it_is_sent() -> None:
    async def scenario() -> None:
        async with acting() as s:
            answers = await opened(s, plain(value="x"), "n")
            await s.press("backspace")
            assert "cannot be" not in s.screen_text()
            await s.press("enter")
            await s.see("it is empty")
            await s.press("escape")
            assert answers == [None]

    asyncio.run(scenario())


def test_a_refusal_of_the_agent_stays_in_the_dialog_with_what_was_typed() -> None:
    async def scenario() -> None:
        async with acting() as s:

            async def refuse(name: str) -> None:
                raise AlreadyExists(f"There is already a [/x] {name}.")

            answers = await opened(s, plain(carry_out=refuse), "n")
            await s.type("work")
            await s.press("enter")
            await s.see("There is already a [/x] work.")
            assert s.screen.query_one("#line", Input).value == "work"
            assert answers == []

    asyncio.run(scenario())


def test_enter_twice_is_carried_out_once() -> None:
    async def scenario() -> None:
        async with acting() as s:
            done: list[str] = []
            go_on = asyncio.Event()

            async def slowly(name: str) -> None:
                done.append(name)
                await go_on.wait()

            answers = await opened(s, plain(carry_out=slowly), "n")
            await s.type("work")
            await s.press("enter", "enter", "ctrl+s")
            go_on.set()
            await s.until(lambda: answers == ["work"], "the answer")
            assert done == ["work"]

    asyncio.run(scenario())


def test_what_the_line_would_do_is_said_while_it_is_right() -> None:
    async def scenario() -> None:
        async with acting() as s:
            await opened(s, plain(note=lambda name: Content(f"makes {name}")), "n")
            await s.type("ab")
            await s.see("makes ab")
            await s.type(":")
            await s.see_no("makes ab")

    asyncio.run(scenario())
