from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input
from tui.deeds.acting import Acting, acting
from tui.dialogs.test_dialog import opened

from pk_tui.api.views import Progress
from pk_tui.errors import Conflict
from pk_tui.tui.dialogs.long_work import LongWorkDialog
from pk_tui.tui.transfers import State, Transfer


class Working(LongWorkDialog):
    def __init__(self, s: Acting) -> None:
        assert s.app.session is not None
        super().__init__(s.app.session)
        self.go_on = asyncio.Event()
        self.fails = False
        self.told = True
        self.seen: list[State] = []

    def body(self) -> ComposeResult:
        yield Input("in the form", id="field", classes="-form")
        yield from self.progress()

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Close  esc", False), *self.more_buttons()]

    def begin(self) -> Transfer:
        async def work(step: Callable[[Progress], None]) -> Content:
            if self.told:
                step(Progress("Doing", 3, 12, 100, 400))
            await self.go_on.wait()
            if self.fails:
                raise Conflict("It went wrong [/x]\x1b.")
            return Content("All done.")

        transfer = self.session.transfers.start(Content("Doing it"), work)
        self.follow(transfer)
        return transfer

    def ended(self, transfer: Transfer) -> None:
        self.seen.append(transfer.state)


def test_it_shows_how_far_it_has_come_and_then_what_came_of_it() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            dialog = Working(s)
            await opened(s, dialog, "K")
            assert "Work on" not in s.screen_text()
            dialog.begin()
            await s.see("Doing it", "25 %", "esc calls it off", "Work on  w")
            assert dialog.query_one("#field").disabled
            dialog.go_on.set()
            await s.see("All done.")
            await s.see_no("Work on")
            assert not dialog.query_one("#field").disabled
            assert dialog.seen == [State.DONE]

    asyncio.run(scenario())


def test_work_that_tells_nothing_shows_that_time_passes() -> None:
    async def scenario() -> None:
        async with acting() as s:
            dialog = Working(s)
            dialog.told = False
            await opened(s, dialog, "K")
            dialog.begin()
            await s.see("Doing it  0 s")
            dialog._since -= 75
            await s.see("Doing it  75 s")

    asyncio.run(scenario())


def test_escape_ends_the_work_first_and_the_dialog_after_that() -> None:
    async def scenario() -> None:
        async with acting() as s:
            dialog = Working(s)
            answers = await opened(s, dialog, "K")
            transfer = dialog.begin()
            await s.press("escape")
            await s.see("Called off; nothing was changed.")
            assert transfer.state is State.CANCELLED
            assert answers == []
            await s.press("escape")
            assert answers == [None]

    asyncio.run(scenario())


def test_one_can_go_away_and_it_goes_on() -> None:
    async def scenario() -> None:
        async with acting() as s:
            dialog = Working(s)
            answers = await opened(s, dialog, "K")
            await s.press("w")  # nothing runs yet
            assert answers == []
            transfer = dialog.begin()
            await s.press("w")
            assert answers == [transfer]
            assert transfer.state is State.RUNNING
            await s.see("Doing it", "esc calls it off")  # in the status line
            dialog.go_on.set()
            await s.see("All done.")
            assert dialog.seen == []

    asyncio.run(scenario())


def test_it_goes_on_when_the_screen_is_locked() -> None:
    async def scenario() -> None:
        async with acting() as s:
            dialog = Working(s)
            await opened(s, dialog, "K")
            transfer = dialog.begin()
            await s.press("ctrl+l")
            await s.see_no("Doing it")
            dialog.go_on.set()
            await s.until(lambda: transfer.state is State.DONE, "the work")

    asyncio.run(scenario())


def test_what_fails_is_said_harmlessly_and_can_be_tried_again() -> None:
    async def scenario() -> None:
        async with acting() as s:
            dialog = Working(s)
            dialog.fails = True
            await opened(s, dialog, "K")
            dialog.begin()
            dialog.go_on.set()
            await s.see("It went wrong [/x]\\u{1b}.")
            assert "\x1b" not in s.screen_text()
            dialog.fails = False
            dialog.begin()
            await s.see("All done.")
            await s.see_no("It went wrong")
            assert dialog.seen == [State.FAILED, State.DONE]

    asyncio.run(scenario())
