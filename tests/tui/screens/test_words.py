from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events
from tui.closed import RIGHT, WORDS, ClosedStage, closed_stage

from pk_tui.api.front import Beginning
from pk_tui.bootstrap.front import HolderFront
from pk_tui.clock import SystemClock
from pk_tui.errors import Busy, PkError
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Address
from pk_tui.tui.app import PkApp
from pk_tui.tui.screens.lock import LockScreen
from pk_tui.tui.screens.new_node import NewNodeScreen
from pk_tui.tui.screens.words import WordsScreen, asked_for, grid, mistakes
from pk_tui.tui.screens.workspace import Workspace
from pk_tui.tui.settings import Settings


def test_words_are_numbered_down_four_columns() -> None:
    lines = grid(WORDS).splitlines()
    assert len(lines) == 6
    assert lines[0].split() == ["1", WORDS[0], "7", WORDS[6], "13", WORDS[12], "19", WORDS[18]]
    assert lines[5].split()[-2:] == ["24", WORDS[23]]
    assert max(map(len, lines)) <= 60


def test_three_different_positions_are_asked_for_and_others_the_next_time() -> None:
    words = Plaintext.of_text(" ".join(WORDS))
    asked = [tuple(asked_for(words, attempt)) for attempt in range(200)]
    assert all(len(set(one)) == 3 and list(one) == sorted(one) for one in asked)
    assert {position for one in asked for position in one} == set(range(1, 25))
    assert asked[0] == tuple(asked_for(words, 0))
    assert len(set(asked)) > 150
    assert asked_for(words, 0) != asked_for(Plaintext.of_text(" ".join(reversed(WORDS))), 0)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({1: "Abandon ", 24: "actual"}, ""),
        ({1: "ability", 24: "actual"}, "Word 1 is another one."),
        ({1: "ability", 5: "x", 24: ""}, "Words 1, 5 and 24 are others."),
    ],
)
def test_mistakes_are_named_by_position(answers: dict[int, str], expected: str) -> None:
    assert mistakes(WORDS, answers).startswith(expected)
    assert bool(mistakes(WORDS, answers)) == bool(expected)


@asynccontextmanager
async def words_stage(
    size: tuple[int, int] = (80, 24), fails: dict[str, list[PkError]] | None = None
) -> AsyncIterator[ClosedStage]:
    """The words of a node that was just made, asked for in an order known before."""
    asked = ([2, 11, 20], [3, 12, 21])
    async with closed_stage(Beginning.NO_NODE, size, fails=fails) as s:
        password = Plaintext.of_text(RIGHT)
        await s.app.show(
            WordsScreen(Plaintext.of_text(" ".join(WORDS)), password, lambda _, attempt: asked[attempt % 2])
        )
        await s.pilot.pause()
        yield s


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 15)])
def test_three_words_given_back_open_the_node(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with words_stage(size) as s:
            await s.see("They hold no secrets", "24 actual", "enter I have written them down")
            await s.press("enter")
            await s.see("Word 2", "Word 11", "Word 20", "ctrl+k Skip")
            for position in (2, 11, 20):
                await s.enter(WORDS[position - 1])
            await s.see("1 Vaults")
            assert s.front.asked == ["open"]

    asyncio.run(scenario())


def test_a_wrong_word_is_named_and_one_may_look_again_for_other_questions() -> None:
    async def scenario() -> None:
        async with words_stage() as s:
            await s.press("enter")
            await s.enter(WORDS[1])
            await s.enter("zebra")
            await s.enter("zebra")
            await s.see("Words 11 and 20 are others.")
            assert s.front.asked == []
            await s.press("escape")
            await s.see("24 actual")
            await s.press("escape")
            await s.see("The node is made already")
            await s.press("enter")
            await s.see("Word 3", "Word 12", "Word 21")
            assert "zebra" not in s.screen_text()
            assert WORDS[1] not in s.screen_text()

    asyncio.run(scenario())


def test_skipping_needs_a_yes_of_its_own() -> None:
    async def scenario() -> None:
        async with words_stage() as s:
            await s.press("ctrl+k")
            await s.see("Go on without confirming the words?", "The words are not shown again.")
            await s.press("enter")
            assert isinstance(s.screen, WordsScreen)
            await s.press("enter")
            await s.see("Word 2")
            await s.press("ctrl+k")
            await s.see("Go on without confirming")
            await s.press("y")
            await s.see("1 Vaults")

    asyncio.run(scenario())


def test_the_words_are_hidden_while_nobody_looks() -> None:
    async def scenario() -> None:
        async with words_stage() as s:
            await s.see("abandon")
            s.app.post_message(events.AppBlur())
            await s.see_no("abandon")
            await s.see("Press space to show them.")
            s.app.post_message(events.AppFocus())
            await s.press("space")
            await s.see("abandon")
            s.app.app_suspend_signal.publish(s.app)
            await s.see_no("abandon")
            s.app.app_resume_signal.publish(s.app)
            await s.press("space")
            await s.see("abandon")
            await s.press("ctrl+l")
            await s.see_no("abandon")
            await s.press("space")
            await s.see("abandon")
            await s.pass_time(300)
            await s.see_no("abandon")

    asyncio.run(scenario())


def test_leaving_before_the_words_are_confirmed_asks_first() -> None:
    async def scenario() -> None:
        async with words_stage() as s:
            await s.press("ctrl+q")
            await s.see("not confirmed yet", "not shown again")
            await s.press("escape")
            assert isinstance(s.screen, WordsScreen)
            await s.press("ctrl+q")
            await s.see("not confirmed yet")
            await s.press("s")
            await s.until(lambda: s.app.return_value == 0, "left")

    asyncio.run(scenario())


def test_a_node_that_does_not_open_afterwards_waits_behind_its_password() -> None:
    async def scenario() -> None:
        async with words_stage(fails={"open": [Busy("The port is taken [/x].")]}) as s:
            await s.press("ctrl+k", "y")
            await s.until(lambda: isinstance(s.screen, LockScreen), "the lock screen")
            await s.see("The node is made, but could not be opened: The port is taken [/x].")
            await s.enter(RIGHT)
            await s.see("1 Vaults")

    asyncio.run(scenario())


def test_nothing_holds_the_words_when_the_workspace_shows() -> None:
    async def scenario() -> None:
        async with words_stage() as s:
            await s.press("ctrl+k", "y")
            await s.until(lambda: isinstance(s.screen, Workspace), "the workspace")
            await s.pilot.pause()
            gc.collect()
            held = " ".join(WORDS).encode()
            assert not any(isinstance(one, WordsScreen) and one._words is not None for one in gc.get_objects())
            assert not [one for one in gc.get_objects() if isinstance(one, Plaintext) and one.reveal() == held]

    asyncio.run(scenario())


def test_a_real_node_is_made_opened_and_unlocked_again_with_its_password(tmp_path: Path) -> None:
    """With the real front, the real key derivation and a real clock: nothing on this way is scripted."""

    async def scenario() -> None:
        async with HolderFront(Home(tmp_path / "node"), Address("127.0.0.1", 0)) as front:
            app = PkApp(front, await front.look(), Settings(), SystemClock(), environment={"TERM": "xterm-256color"})
            async with app.run_test(size=(80, 24)) as pilot:
                s = ClosedStage(None, app, pilot, front)  # type: ignore[arg-type]  # neither a world nor a scripted front
                await s.press("1")
                await s.until(lambda: isinstance(s.screen, NewNodeScreen), "the form")
                await s.enter("canary9 pass")
                await s.enter("canary9 pass")
                await s.see("24 words")
                assert isinstance(s.screen, WordsScreen)
                words = s.screen._list()
                assert len(words) == 24
                asked = s.screen._positions
                await s.press("enter")
                for position in asked:
                    await s.enter(words[position - 1])
                await s.see("1 Vaults")
                await s.press("ctrl+l")
                await s.enter("wrong")
                await s.see("Wrong password.")
                await s.see("Try again.")
                await s.enter("canary9 pass")
                await s.see("1 Vaults")
                assert "canary9" not in s.screen_text()

    asyncio.run(scenario())
    kept = b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
    assert b"canary9" not in kept
