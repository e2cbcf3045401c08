from __future__ import annotations

import asyncio

import pytest
from textual.widgets import Input, OptionList
from tui.closed import PLACE, closed_stage

from pk_tui.api.front import Beginning
from pk_tui.errors import Misuse, StorageFailed
from pk_tui.tui.dialogs.settings import TIMES, SettingsDialog, taken
from pk_tui.tui.settings import LIMITS, Settings

OPEN = Beginning.ATTACHED
TYPED = {"lock_minutes": "7", "close_minutes": "0", "reveal_seconds": "3", "clipboard_seconds": "300"}


def test_every_number_can_be_set() -> None:
    assert {time.name for time in TIMES} == set(LIMITS)
    assert taken(Settings(), "nord", TYPED) == Settings("nord", 7, 0, 3, 300)


@pytest.mark.parametrize("wrong", ["", "x", "-1", "721", "5.0", "٣", "9" * 5000])
def test_what_is_out_of_its_limits_is_refused_with_the_limits(wrong: str) -> None:
    with pytest.raises(Misuse, match=r"“Lock the screen after” takes a whole number \(1-720, 0: never\)"):
        taken(Settings(), "nord", {**TYPED, "lock_minutes": wrong})


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_what_is_saved_holds_at_once(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN, size) as s:
            await s.press("f2")
            await s.see(
                "Settings", "1-720, 0: never", "Clipboard", "Node", PLACE, "Version", "Care", "back up to a file"
            )
            s.screen.query_one("#lock_minutes", Input).value = "9"
            await s.press("j", "ctrl+s")
            await s.until(lambda: not isinstance(s.screen, SettingsDialog), "saved")
            expected = Settings(theme="pk-light", lock_minutes=9)
            assert s.front.saved == expected.kept()
            assert s.app.settings == expected
            assert s.app.session is not None
            assert s.app.session.settings == expected
            assert s.app.theme == "pk-light"
            await s.pass_time(400)
            await s.see("1 Vaults")
            await s.pass_time(140)
            await s.see("The screen is locked.")

    asyncio.run(scenario())


def test_a_theme_is_tried_on_while_moving_and_comes_off_with_esc_or_the_lock() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN) as s:
            assert s.app.theme == "pk-dark"
            for key in ("escape", "ctrl+l"):
                await s.press("f2")
                await s.press("down")
                await s.until(lambda: s.app.theme == "pk-light", "tried on")
                await s.press(key)
                await s.until(lambda: s.app.theme == "pk-dark", "taken off")
            assert "save" not in s.front.asked

    asyncio.run(scenario())


def test_nothing_changes_if_it_is_wrong_or_cannot_be_saved() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN, fails={"save": [StorageFailed("The disk is full [/x].")]}) as s:
            await s.press("f2")
            field = s.screen.query_one("#reveal_seconds", Input)
            field.value = "2"
            await s.press("ctrl+s")
            await s.see("“Hide a value after” takes a whole number (3-60).")
            assert "save" not in s.front.asked
            field.value = "4"
            await s.press("ctrl+s")
            await s.see("The disk is full [/x].")
            assert s.app.settings == Settings()
            await s.press("ctrl+s")
            await s.until(lambda: s.app.settings.reveal_seconds == 4, "saved")

    asyncio.run(scenario())


def test_a_terminal_without_colours_keeps_the_theme_that_was_set_for_others() -> None:
    async def scenario() -> None:
        environment = {"TERM": "linux"}
        async with closed_stage(OPEN, environment=environment, settings=Settings(theme="nord")) as s:
            await s.press("f2")
            names = [option.id for option in s.screen.query_one(OptionList).options]
            assert names == ["ansi-dark", "ansi-light"]
            await s.press("ctrl+s")
            await s.until(lambda: bool(s.front.saved), "saved")
            assert s.front.saved["theme"] == "nord"
            assert s.app.theme == "ansi-dark"

    asyncio.run(scenario())
