from __future__ import annotations

import asyncio

import pytest
from textual.widgets import Button
from tui.dialogs.test_dialog import opened
from tui.people import HOSTILE, node_id
from tui.stage import stage

from pk_tui.tui.dialogs.trust import TrustDialog, UntrustDialog, id_lines


def test_the_whole_id_is_shown_in_groups_and_nothing_else() -> None:
    text = id_lines(node_id(9)).plain

    assert text.replace(" ", "").replace("\n", "") == str(node_id(9))
    assert max(len(line) for line in text.split("\n")) < 60


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_it_asks_to_compare_says_what_trust_allows_and_wants_y(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size) as s:
            answers = await opened(s, TrustDialog(node_id(9), "bob", known=True), "t")
            await s.see("Trust bob", "Compare this id with its owner", str(node_id(9))[:5], "it is somebody else")
            await s.see("notices into your inbox", "Cancel  esc", "They match: trust it  y")
            assert isinstance(s.screen.focused, Button)
            assert s.screen.focused.id == "cancel"
            await s.press("t", "enter")
            assert answers == [None], "neither the key that opened it nor enter says yes"
            answers = await opened(s, TrustDialog(node_id(9), "bob", known=False), "t")
            await s.see("not among yours")
            await s.press("y")
            assert answers == [True]

    asyncio.run(scenario())


def test_opened_by_y_it_is_not_confirmed_by_y_held_down() -> None:
    async def scenario() -> None:
        async with stage() as s:
            answers = await opened(s, TrustDialog(node_id(9), "bob", known=True), "y")
            await s.press("y", "y", "y")
            assert answers == []

    asyncio.run(scenario())


def test_taking_trust_back_names_the_shares_that_stay() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            shares = [f"vault {n}" for n in range(20)] + [HOSTILE]
            answers = await opened(s, UntrustDialog(HOSTILE, [HOSTILE, *shares]), "u")
            await s.see("22 shares with it stay in force", "[@click=app.quit]x[/]", "vault 0", "14 more", "Untrust  y")
            assert "\x1b" not in s.screen_text()
            await s.press("u", "enter")
            assert answers == [None]
            answers = await opened(s, UntrustDialog("bob", []), "u")
            await s.see("Nothing is shared with it.")
            await s.press("y")
            assert answers == [True]

    asyncio.run(scenario())
