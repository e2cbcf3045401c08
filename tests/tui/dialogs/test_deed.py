from __future__ import annotations

import asyncio

from textual.content import Content
from textual.widgets import Button
from tui.dialogs.test_dialog import opened
from tui.stage import stage

from pk_tui.errors import PermissionDenied
from pk_tui.tui.dialogs.deed import DeedDialog


class Deed:
    """Fails as often as it is told to, and waits as long."""

    def __init__(self, fails: int = 0) -> None:
        self.fails, self.begun, self.ended = fails, 0, 0
        self.go = asyncio.Event()

    async def __call__(self) -> None:
        self.begun += 1
        try:
            await self.go.wait()
        finally:
            self.ended += 1
        if self.begun <= self.fails:
            raise PermissionDenied("[b]bob[/] has not invited this node. Run `pk-tui identities invite X` there.")


def dialog(deed: Deed) -> DeedDialog:
    return DeedDialog(Content("Claim bob"), Content("Both sign."), "Claim", deed, Content("Asking bob"))


def test_a_yes_is_carried_out_once_while_the_dialog_says_so_and_then_it_answers() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            deed = Deed()
            answers = await opened(s, dialog(deed), "C")
            assert "Asking bob" not in s.screen_text()
            await s.press("y", "y")
            await s.see("Asking bob …   esc calls it off")
            assert deed.begun == 1
            assert s.screen.query_one("#yes", Button).disabled
            deed.go.set()
            await s.until(lambda: answers == [True], "the answer")

    asyncio.run(scenario())


def test_a_refusal_is_read_in_it_with_the_key_to_press_and_a_second_yes_tries_again() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            deed = Deed(fails=1)
            deed.go.set()
            answers = await opened(s, dialog(deed), "C")
            await s.press("y")
            await s.see("[b]bob[/] has not invited this node. Run `3`, then `I` there.")
            assert "Asking bob" not in s.screen_text()
            assert answers == []
            await s.press("y")
            await s.until(lambda: answers == [True], "the answer")
            assert deed.begun == 2

    asyncio.run(scenario())


def test_called_off_while_it_waits_nothing_goes_on_behind_it() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            deed = Deed()
            answers = await opened(s, dialog(deed), "C")
            await s.press("y")
            await s.see("Asking bob")
            await s.press("escape")
            await s.until(lambda: deed.ended == 1, "the end of it")
            assert answers == [None]

    asyncio.run(scenario())
