from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.content import Content
from textual.widgets import Button, Input
from tui.dialogs.test_dialog import opened
from tui.people import HOSTILE, clone, vault_id
from tui.stage import Stage, stage

from pk_tui.tui.dialogs.fork import ForkDialog, GoTo, MakeFork

INFRA = clone(1, "infra", 2)
MINE = replace(INFRA, vault_id=vault_id(7), name="infra-mine", read_only=False, fork=True)
REFUSED = Content("It is a clone of bob. Nothing was done.")


def play(scenario: Callable[[Stage], Awaitable[None]], size: tuple[int, int] = (80, 24)) -> None:
    async def run() -> None:
        async with stage(size) as s:
            await scenario(s)

    asyncio.run(run())


async def ask(s: Stage, key: str = "W", **given: Any) -> list[Any]:
    return await opened(s, ForkDialog(INFRA, "bob", lambda: ["infra", "infra-mine"], **given), key)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_it_proposes_a_free_name_and_says_what_follows(size: tuple[int, int]) -> None:
    async def scenario(s: Stage) -> None:
        answers = await ask(s)
        await s.see(
            "infra-mine-2",
            "You get",
            "3 secrets",
            "merges in what is changed there",
            "! lets you decide",
            "infra stays as it is",
        )
        await s.press("enter")
        assert answers == [MakeFork("infra-mine-2")]

    play(scenario, size)


def test_on_the_smallest_screen_every_way_out_has_its_whole_button() -> None:
    async def scenario(s: Stage) -> None:
        await ask(s, there_is=[MINE])
        await s.see("Cancel  esc", "Go there  ctrl+g", "Make it  ctrl+s")
        frame = s.screen.query_one("#dialog").region
        assert all(frame.contains_region(button.region) for button in s.screen.query(Button))

    play(scenario, (60, 15))


def test_a_name_in_use_or_none_is_refused() -> None:
    async def scenario(s: Stage) -> None:
        answers = await ask(s)
        line = s.screen.query_one("#name", Input)
        for typed, why in (("infra", "already a vault “infra”"), ("", "Give it a name"), ("a/b", "has a “/”")):
            line.value = typed
            await s.see(why)
            assert s.screen.query_one("#fork", Button).disabled
            await s.press("ctrl+s")
        assert answers == []

    play(scenario)


def test_after_a_refusal_neither_enter_nor_what_one_goes_on_typing_makes_anything() -> None:
    async def scenario(s: Stage) -> None:
        answers = await ask(s, "e", refused=REFUSED)
        await s.see("infra is read only here", "Nothing was done.")
        await s.press("x", "y", "e")
        assert s.screen.query_one("#name", Input).value == "infra-mine-2"
        await s.press("enter")
        assert answers == [None]

    play(scenario)


def test_the_way_to_a_copy_that_there_is_stands_only_where_there_is_one() -> None:
    async def scenario(s: Stage) -> None:
        answers = await ask(s, "e", refused=REFUSED)
        await s.press("ctrl+g")
        assert answers == []
        assert "Go there" not in s.screen_text()
        await s.press("escape")
        answers = await ask(s, "e", refused=REFUSED, there_is=[MINE])
        await s.see("You have a copy to write in already: infra-mine.")
        await s.press("enter")
        assert answers == [GoTo(MINE.vault_id)]

    play(scenario)


def test_names_from_outside_stay_text() -> None:
    async def scenario(s: Stage) -> None:
        named = replace(INFRA, name=HOSTILE)
        await opened(s, ForkDialog(named, HOSTILE, list, [replace(MINE, name=HOSTILE)], REFUSED), "e")
        await s.see("[@click=app.quit]")
        assert "\x1b" not in s.screen_text()

    play(scenario)
