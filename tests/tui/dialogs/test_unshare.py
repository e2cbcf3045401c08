from __future__ import annotations

import asyncio

import pytest
from textual.content import Content
from tui.dialogs.test_dialog import opened
from tui.dialogs.test_share import WORK
from tui.stage import stage

from pk_tui.api.views import ExposedView
from pk_tui.terms import CommitId, SecretPath
from pk_tui.tui.dialogs.unshare import ExposedDialog, unshare_question

SEEN = CommitId(b"s" * 20)


def seen(*paths: str) -> list[ExposedView]:
    return [ExposedView(SecretPath.parse(path), SEEN) for path in paths]


def test_it_says_what_it_does_and_what_it_does_not_and_asks_for_y() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            answers = await opened(s, unshare_question(WORK, "bob", Content("bob")), "U")
            await s.see(
                "Unshare work", "gets nothing new", "Nobody can take that back", "is told nothing", "Unshare  y"
            )
            await s.press("enter")
            assert answers == [None]
            answers = await opened(s, unshare_question(WORK, "bob", Content("bob")), "U")
            await s.press("y")
            assert answers == [True]

    asyncio.run(scenario())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_all_that_was_seen_can_be_scrolled_through(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size) as s:
            names = [f"db/p{number:05}" for number in range(5_000)]
            answers = await opened(s, ExposedDialog(WORK, "bob", seen(*names, "a[/x]")), "y")
            await s.see("Unshared work", "these 5,001 secrets", "db/p00000", "Close  esc")
            await s.press("G")
            await s.see("a[/x]", "Close  esc")
            await s.press("g", "pagedown")
            await s.see("db/p00011")
            await s.press("escape")
            assert answers == [None]

    asyncio.run(scenario())


def test_one_secret_is_spoken_of_as_one() -> None:
    async def scenario() -> None:
        async with stage() as s:
            await opened(s, ExposedDialog(WORK, "bob", seen("a")), "y")
            await s.see("has seen this secret, and it has not changed since.")

    asyncio.run(scenario())
