from __future__ import annotations

import asyncio

import pytest
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Input
from tui.closed import PLACE, closed_stage

from pk_tui.api.front import Beginning
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.screens.lock import LockScreen
from pk_tui.tui.screens.too_small import TooSmallScreen, fits, notice
from pk_tui.tui.widgets.password_field import PasswordField


@pytest.mark.parametrize(
    ("width", "height", "expected"), [(60, 15, True), (59, 15, False), (60, 14, False), (1, 1, False)]
)
def test_what_fits(width: int, height: int, expected: bool) -> None:
    assert fits(Size(width, height)) is expected


def test_the_notice_names_both_sizes() -> None:
    assert "It has 40x10; pk-tui needs 60x15." in notice(Size(40, 10)).plain


def test_nothing_of_the_app_shows_and_what_was_typed_is_there_again() -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.LOCKED, (80, 24)) as s:
            await s.type("rig")
            await s.pilot.resize_terminal(50, 12)
            await s.see("This window is too small.", "50x12", "60x15")
            assert PLACE not in s.screen_text()
            assert "Password" not in s.screen_text()
            await s.type("zzz")
            await s.pilot.resize_terminal(40, 10)
            await s.see("40x10")
            await s.pilot.resize_terminal(80, 24)
            await s.until(lambda: isinstance(s.screen, LockScreen), "back")
            assert s.screen.query_one(PasswordField).value == "rig"
            await s.enter("ht")
            await s.see("1 Vaults")

    asyncio.run(scenario())


def test_a_dialog_that_opens_meanwhile_waits_under_the_notice() -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.ATTACHED, (120, 40)) as s:
            await s.pilot.resize_terminal(50, 12)
            await s.see("too small")
            await s.app.push_screen(ConfirmDialog(Content("A question"), Content("effect"), "Yes", typed="word"))
            await s.pilot.pause()
            assert "A question" not in s.screen_text()
            await s.see("too small")
            await s.pilot.resize_terminal(80, 24)
            await s.see("A question")
            assert s.screen.query_one(Input).has_focus
            await s.press("escape")
            await s.see("1 Vaults")
            assert not any(isinstance(one, TooSmallScreen) for one in s.app.screen_stack)

    asyncio.run(scenario())


def test_what_shows_again_is_laid_out_for_the_new_size() -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.ATTACHED, (120, 40)) as s:
            assert s.screen.has_class("-wide")
            await s.pilot.resize_terminal(50, 12)
            await s.see("too small")
            await s.pilot.resize_terminal(80, 24)
            await s.see("1 Vaults")
            await s.until(lambda: s.screen.has_class("-narrow"), "narrow")

    asyncio.run(scenario())


def test_it_is_there_from_the_start_and_locking_and_leaving_still_work() -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.ATTACHED, (50, 10)) as s:
            await s.see("too small")
            await s.press("ctrl+l")
            await s.until(lambda: isinstance(s.app.screen_stack[-2], LockScreen), "locked")
            await s.see("too small")
            await s.pilot.resize_terminal(60, 15)
            await s.see("The screen is locked.")
            await s.pilot.resize_terminal(50, 10)
            await s.see("too small")

    asyncio.run(scenario())
