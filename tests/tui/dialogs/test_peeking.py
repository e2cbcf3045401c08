from __future__ import annotations

import asyncio

from textual.app import ComposeResult
from tui.dialogs.test_dialog import opened
from tui.stage import Stage, stage

from pk_tui.errors import NotFound
from pk_tui.tui.dialogs.peeking import PeekingDialog, Seen

CANARY = "canary-peeking"


class One(PeekingDialog[None]):
    def __init__(self, s: Stage) -> None:
        assert s.app.session is not None
        super().__init__(s.app.session)
        self.found: Seen | Exception | None = Seen(CANARY)
        self.hold: asyncio.Event | None = None
        self.asked = 0

    def body(self) -> ComposeResult:
        yield self.view

    async def value(self) -> Seen | None:
        self.asked += 1
        if self.hold is not None:
            await self.hold.wait()
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def test_a_value_is_asked_for_once_shown_for_a_while_and_gone_with_the_mask() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            dialog = One(s)
            await opened(s, dialog, "d")
            await s.see("space peeks")
            assert CANARY not in s.screen_text()
            await s.press("space", "space")
            await s.see(CANARY, "hides in")
            assert dialog.asked == 1
            await s.press("v")
            await s.see("until the cursor moves")
            await s.press("v")
            await s.see("space peeks")
            assert CANARY not in s.screen_text()

    asyncio.run(scenario())


def test_a_value_that_comes_after_it_was_masked_is_not_shown() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            dialog = One(s)
            dialog.hold = asyncio.Event()
            await opened(s, dialog, "d")
            await s.press("space")
            dialog.mask()
            dialog.hold.set()
            await s.pilot.pause(0.05)
            assert CANARY not in s.screen_text()
            assert not dialog.view.revealed

    asyncio.run(scenario())


def test_why_there_is_nothing_to_show_is_said() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            dialog = One(s)
            await opened(s, dialog, "d")
            for found, says in (
                (None, "A directory has no value to show"),
                (Seen(why_not="binary, 3 B"), "binary, 3 B"),
                (NotFound("There is no secret “a”."), "There is no secret “a”."),
            ):
                dialog.found = found
                await s.press("space")
                await s.see(says)
                assert not dialog.view.revealed

    asyncio.run(scenario())


def test_what_was_seen_is_not_printed() -> None:
    assert CANARY not in repr(Seen(CANARY))
