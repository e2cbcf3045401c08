from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.content import Content
from tui.closed import closed_stage

from pk_tui.api.front import Beginning
from pk_tui.tui.app import ENDED_IN_BACKGROUND
from pk_tui.tui.dialogs.quit import BACKGROUND, PLAYED, STOP, Leaving, QuitDialog, question

OPEN = Beginning.ATTACHED


def leaving(**different: Any) -> Leaving:
    facts: dict[str, Any] = {"is_open": True, "is_locked": False, "is_held": True, "is_playing": False, **different}
    return Leaving(**facts)


@pytest.mark.parametrize(
    ("facts", "ways", "parts"),
    [
        ({"is_held": False}, None, ()),
        ({"is_playing": True}, None, ()),
        ({"is_open": False}, None, ()),
        ({}, (BACKGROUND, STOP), ("This window holds the node", "agent stop")),
        ({"is_locked": True}, (STOP,), ("unlock the screen first",)),
        ({"transfers": 2}, (BACKGROUND, STOP), ("2 transfers are running", "This window holds")),
        ({"is_held": False, "transfers": 1}, (STOP,), ("1 transfer is running", "goes on: a headless agent")),
        ({"is_held": False, "copied": "db-password"}, (STOP,), ("What you copied (db-password) is taken off",)),
        ({"is_playing": True, "transfers": 1}, (STOP,), ("both throw-away nodes are removed",)),
        ({"is_open": False, "objection": "The words are not confirmed."}, (STOP,), ("The words are not confirmed.",)),
    ],
)
def test_what_is_asked(facts: dict[str, Any], ways: tuple[str, ...] | None, parts: tuple[str, ...]) -> None:
    asked = question(leaving(**facts))
    if ways is None:
        assert asked is None
    else:
        assert asked is not None
        assert asked.ways == ways
        assert all(part in " ".join(asked.lines) for part in parts)


def test_a_locked_screen_tells_no_names_in_the_question() -> None:
    asked = question(leaving(is_locked=True, copied="db-password"))
    assert asked is not None
    assert "db-password" not in " ".join(asked.lines)
    assert "What you copied is taken off the clipboard." in asked.lines


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
@pytest.mark.parametrize(("way", "result"), [("s", 0), ("b", ENDED_IN_BACKGROUND)])
def test_a_node_held_here_is_stopped_or_left_running(key: str, way: str, result: int) -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN) as s:
            await s.press(key)
            await s.see("Leave pk-tui?", "Leave it running b", "Stop the node s", "goes on serving and syncing")
            await s.press("ctrl+q", "enter")
            await s.see("1 Vaults")
            assert s.app.return_value is None
            await s.press(key)
            await s.see("Leave pk-tui?")
            await s.press(way)
            await s.until(lambda: s.app.return_value == result, "left")

    asyncio.run(scenario())


def test_asked_twice_there_is_one_question() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN) as s:
            await s.press("ctrl+q", "ctrl+q", "ctrl+q")
            assert [isinstance(one, QuitDialog) for one in s.app.screen_stack].count(True) == 1
            await s.press("escape")
            await s.see("1 Vaults")

    asyncio.run(scenario())


def test_attached_one_leaves_at_once_unless_something_runs() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN, holder=4711) as s:
            over = asyncio.Event()

            async def work(step: object) -> Content:
                await over.wait()
                return Content("done")

            assert s.app.session is not None
            s.app.session.transfers.start(Content("Cloning"), work)
            await s.press("q")
            await s.see("1 transfer is running", "Leave s")
            await s.press("escape")
            over.set()
            await s.until(lambda: s.app.session is not None and not s.app.session.transfers.running, "ended")
            await s.press("q")
            await s.until(lambda: s.app.return_value == 0, "left")

    asyncio.run(scenario())


def test_leaving_the_playground_says_what_becomes_of_it() -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.NO_NODE, playground=True) as s:
            await s.see("playground")
            await s.press("q")
            await s.until(lambda: s.app.return_value == 0, "left")
            assert PLAYED in [str(one) for one in s.app._exit_renderables]

    asyncio.run(scenario())


def test_behind_the_lock_the_node_can_be_stopped_but_not_left_open_to_whoever_is_there() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN) as s:
            await s.press("ctrl+l")
            await s.press("ctrl+q")
            await s.see("unlock the screen first", "Stop the node s")
            await s.press("b")
            assert s.app.return_value is None
            assert isinstance(s.screen, QuitDialog)
            await s.press("s")
            await s.until(lambda: s.app.return_value == 0, "left")

    asyncio.run(scenario())


def test_the_key_that_opened_the_question_answers_nothing_while_it_repeats() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN) as s:
            await s.press("q")
            assert s.app.last_key == "q"
            dialog = s.screen
            assert isinstance(dialog, QuitDialog)
            await s.press("q", "q", "enter")
            assert s.app.return_value is None

    asyncio.run(scenario())
