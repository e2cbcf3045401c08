from __future__ import annotations

import asyncio

import pytest
from tui.dialogs.test_dialog import opened
from tui.people import HOSTILE
from tui.stage import stage

from pk_tui.terms import Action
from pk_tui.tui.dialogs.permissions import PermissionsDialog

N, S, C = Action.NOTIFY, Action.SCAN, Action.CLAIM


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_rights_are_switched_and_said_before_they_are_saved(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size) as s:
            answers = await opened(s, PermissionsDialog(HOSTILE, {N}, 0), "p")
            await s.see("[x] notify", "[ ] scan", "[ ] claim", "Nothing is changed yet.")
            await s.press("j", "space")
            await s.see("[x] scan", "Will be allowed: scan.")
            await s.press("j", "enter", "k", "enter")
            await s.see("[ ] scan", "Will be allowed: claim.")
            await s.press("ctrl+s")
            assert answers == [frozenset({N, C})]

    asyncio.run(scenario())


def test_it_says_that_trust_is_asked_for_and_that_a_share_lets_scan() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            answers = await opened(s, PermissionsDialog("bob", {S}, 2), "p")
            await s.press("space")
            await s.see("Will be allowed: notify.", "asked to compare its id")
            await s.press("j", "space")
            await s.see("may scan all the same, for 2 vaults are shared")
            await s.press("escape")
            assert answers == [None]

    asyncio.run(scenario())


def test_the_key_that_opened_it_saves_nothing() -> None:
    async def scenario() -> None:
        async with stage() as s:
            answers = await opened(s, PermissionsDialog("bob", {S}, 0), "ctrl+s")
            await s.press("ctrl+s", "ctrl+s")
            assert answers == []
            await opened(s, PermissionsDialog("bob", {S}, 0), "enter")
            await s.press("enter")
            await s.see("Nothing is changed yet.")

    asyncio.run(scenario())
