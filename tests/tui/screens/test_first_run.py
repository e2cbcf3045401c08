from __future__ import annotations

import asyncio

import pytest
from tui.closed import PLACE, closed_stage

from pk_tui.api.front import Beginning
from pk_tui.errors import StorageFailed
from pk_tui.tui.screens.first_run import FirstRunScreen
from pk_tui.tui.screens.new_node import NewNodeScreen

NONE = Beginning.NO_NODE


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 15)])
def test_it_says_where_the_node_will_lie_and_what_can_be_done(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with closed_stage(NONE, size) as s:
            await s.see(
                PLACE, "1 Create a node here", "2 Open the playground", "enter Open", "q Quit", "pk-tui restore FILE"
            )
            await s.press("j", "k", "enter")
            await s.until(lambda: isinstance(s.screen, NewNodeScreen), "the form")
            await s.press("escape")
            await s.until(lambda: isinstance(s.screen, FirstRunScreen), "back")
            await s.press("q")
            await s.until(lambda: s.app.return_value == 0, "left")

    asyncio.run(scenario())


def test_the_playground_opens_by_keyboard_after_saying_what_is_being_made() -> None:
    async def scenario() -> None:
        async with closed_stage(NONE) as s:
            s.front.hold = asyncio.Event()
            await s.press("j", "enter")
            await s.see("Making the playground… 0 s", "Nothing leaves this machine.", "esc Call it off")
            s.clock.advance(3)
            await s.see("Making the playground… 3 s")
            await s.press("1", "2", "enter")
            assert s.front.asked == ["playground"]
            s.front.hold.set()
            await s.see("1 Vaults", "playground")

    asyncio.run(scenario())


def test_a_playground_that_fails_says_why_and_can_be_tried_again() -> None:
    async def scenario() -> None:
        fails = {"playground": [StorageFailed("The friend's node did not start: [/x].")]}
        async with closed_stage(NONE, playground=True, fails=fails) as s:
            await s.see("The friend's node did not start: [/x].", "2 Open the playground")
            await s.press("2")
            await s.see("1 Vaults")

    asyncio.run(scenario())


def test_a_playground_in_the_making_can_be_called_off() -> None:
    async def scenario() -> None:
        async with closed_stage(NONE) as s:
            s.front.hold = asyncio.Event()
            await s.press("2")
            await s.see("Making the playground…")
            await s.press("escape")
            await s.see("1 Create a node here")
            assert "Making" not in s.screen_text()
            await s.press("1")
            await s.until(lambda: isinstance(s.screen, NewNodeScreen), "the form")

    asyncio.run(scenario())
