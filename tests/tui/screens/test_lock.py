from __future__ import annotations

import asyncio

import pytest
from textual.widgets import Input
from tui.closed import PLACE, closed_stage

from pk_tui.api.front import Beginning
from pk_tui.errors import Busy, RolledBack, StorageFailed
from pk_tui.tui.screens.lock import waiting, what_is_older
from pk_tui.tui.widgets.password_field import PasswordField

WENT_BACK = "The database went back from version 9 to 3. Nothing was changed; `--accept-state` goes on with it."


@pytest.mark.parametrize(
    ("wait", "failures", "expected"),
    [
        (0.9, 1, "Wrong password. The next is taken in 1 s."),
        (1.1, 3, "Wrong password, 3 times in a row. The next is taken in 2 s."),
        (0, 2, "Wrong password, 2 times in a row. Try again."),
    ],
)
def test_what_is_said_after_wrong_passwords(wait: float, failures: int, expected: str) -> None:
    assert waiting(wait, failures) == expected


def test_what_speaks_of_the_command_line_is_left_out() -> None:
    assert what_is_older(WENT_BACK) == "The database went back from version 9 to 3."


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 15)])
def test_the_password_opens_the_node(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.LOCKED, size) as s:
            await s.see("Enter the password to open the node.", PLACE, "enter Unlock", "--recovery-code-file")
            await s.press("enter")
            assert s.front.asked == []
            await s.enter("right")
            await s.see("1 Vaults")
            assert s.app.attempts.failures == 0

    asyncio.run(scenario())


def test_a_wrong_password_is_said_to_be_wrong_and_the_next_one_waits() -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.LOCKED) as s:
            await s.enter("wrong")
            await s.see("Wrong password. The next is taken in 1 s.")
            await s.enter("right")
            assert s.front.asked == ["open"]
            assert s.screen.query_one(PasswordField).value == "right"
            s.clock.advance(1)
            await s.see("Wrong password. Try again.")
            await s.press("enter")
            await s.see("1 Vaults")

    asyncio.run(scenario())


def test_wrong_passwords_are_still_counted_after_locking_once_more() -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.ATTACHED) as s:
            await s.press("ctrl+l")
            for failures in (1, 2, 3):
                await s.enter("wrong")
                await s.until(lambda count=failures: s.app.attempts.failures == count, "counted")  # type: ignore[misc]
                s.clock.advance(30)
            s.clock.sleep(100)
            await s.look()
            await s.see("its keys are not in memory")
            await s.enter("wrong")
            await s.see("4 times in a row", "in 8 s")

    asyncio.run(scenario())


def test_while_the_password_is_checked_this_is_shown_and_keys_stay_alive() -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.LOCKED) as s:
            s.front.hold = asyncio.Event()
            await s.enter("wrong")
            await s.see("Checking the password…")
            await s.enter("more")
            assert s.front.asked == ["open"]
            assert s.screen.query_one(PasswordField).value == "more"
            s.front.hold.set()
            await s.see("Wrong password.")

    asyncio.run(scenario())


def test_what_is_not_the_passwords_fault_is_said_and_the_password_kept() -> None:
    async def scenario() -> None:
        errors = [Busy("Another process holds the node [/x]\x1b]52;c;aGk=\x07."), StorageFailed("The disk is full.")]
        async with closed_stage(Beginning.LOCKED, fails={"open": errors}) as s:
            await s.enter("right")
            await s.see("Another process holds the node [/x]\\u{1b}")
            await s.press("enter")
            await s.see("The disk is full.")
            assert s.app.attempts.failures == 0
            await s.press("enter")
            await s.see("1 Vaults")

    asyncio.run(scenario())


def test_an_older_database_is_opened_only_after_typing_that_this_is_meant() -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.LOCKED, fails={"open": [RolledBack(WENT_BACK), RolledBack(WENT_BACK)]}) as s:
            await s.enter("right")
            await s.see("went back from version 9 to 3", "put back an old copy", "Go on only if you know why.")
            await s.press("enter", "enter")
            assert s.front.asked == ["open"]
            await s.type("no")
            await s.press("enter")
            await s.see("That is not “accept”.")
            await s.press("escape")
            await s.see("Nothing was changed.", "Enter the password")
            assert s.front.asked == ["open"]
            await s.enter("right")
            await s.see("Go on only if you know why.")
            await s.type("accept")
            await s.press("enter")
            await s.see("1 Vaults")
            assert s.front.asked == ["open", "open", "open accept"]

    asyncio.run(scenario())


def test_playing_the_password_to_try_is_shown() -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.NO_NODE, playground=True) as s:
            await s.see("1 Vaults")
            await s.press("ctrl+l")
            await s.see("Playground: the password is “right”.")
            s.clock.sleep(100)
            await s.look()
            await s.see("keys are not in memory", "Playground: the password is “right”.")
            await s.enter("right")
            await s.see("1 Vaults", "playground")

    asyncio.run(scenario())


def test_neither_a_screen_nor_a_message_holds_what_was_typed() -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.LOCKED) as s:
            seen: list[object] = []
            post = s.screen.post_message
            s.screen.post_message = lambda message: (seen.append(message), post(message))[1]  # type: ignore[method-assign, func-returns-value]
            await s.type("canary")
            assert "canary" not in s.screen_text()
            assert "••••••" in s.screen_text()
            field = s.screen.query_one(PasswordField)
            await s.press("enter")
            await s.see("Wrong password")
            assert field.is_empty
            assert seen
            assert not any(isinstance(one, Input.Changed | Input.Submitted) for one in seen)
            assert not any("canary" in repr(one) for one in (*seen, field, s.screen, s.app))

    asyncio.run(scenario())


def test_q_is_a_letter_here_and_ctrl_q_leaves() -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.LOCKED) as s:
            await s.press("q")
            assert s.screen.query_one(PasswordField).value == "q"
            await s.press("ctrl+q")
            await s.until(lambda: s.app.return_value == 0, "left")

    asyncio.run(scenario())
