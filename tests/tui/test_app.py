from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tui.closed import closed_stage

from pk_tui.api.front import Beginning
from pk_tui.errors import Busy
from pk_tui.tui import app as module
from pk_tui.tui.screens.first_run import FirstRunScreen
from pk_tui.tui.screens.lock import LockScreen
from pk_tui.tui.screens.workspace import Workspace


@pytest.mark.parametrize(
    ("beginning", "expected"),
    [
        (Beginning.NO_NODE, FirstRunScreen),
        (Beginning.LOCKED, LockScreen),
        (Beginning.ATTACHED, Workspace),
    ],
)
def test_the_first_screen_is_what_the_situation_asks_for(beginning: Beginning, expected: type) -> None:
    async def scenario() -> None:
        async with closed_stage(beginning) as s:
            assert isinstance(s.screen, expected)

    asyncio.run(scenario())


def test_a_holder_that_is_gone_by_then_leads_to_the_password() -> None:
    async def scenario() -> None:
        fails = {"attach": [Busy("No agent holds this node any more [/x].")]}
        async with closed_stage(Beginning.ATTACHED, fails=fails) as s:
            await s.see("No agent holds this node any more [/x].")
            await s.enter("right")
            await s.see("1 Vaults")

    asyncio.run(scenario())


def test_a_signal_ends_it_with_the_code_that_shells_expect() -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.LOCKED) as s:
            s.app.end_by_signal(15)
            await s.until(lambda: s.app.return_value == 143, "ended")
            assert s.app.return_code == 143

    asyncio.run(scenario())


def test_it_is_wiring_and_stays_short() -> None:
    assert len(Path(module.__file__).read_text().splitlines()) < 150
