from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.app import App
from textual.content import Content
from textual.events import Key
from tui.closed import PLACE, ClosedStage, closed_stage
from tui.stage import write

from pk_tui.api.front import Beginning
from pk_tui.errors import Busy
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.screens.lock import LockScreen
from pk_tui.tui.screens.workspace import Workspace
from pk_tui.tui.settings import Settings

OPEN = Beginning.ATTACHED


def is_locked(s: ClosedStage) -> bool:
    return isinstance(s.screen, LockScreen)


async def prepare(w: Any) -> None:
    await w.agents["alice"].vaults.create("infra-vault")
    await write(w.agents["alice"], "infra-vault", "db-password", b"canary-value")


def test_five_idle_minutes_lock_the_screen_after_a_countdown_and_a_key_puts_it_off() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN, (120, 40)) as s:
            await s.pass_time(290)
            assert s.app.locks_in == 10
            await s.see("locks in 10 s")
            await s.press("1")
            await s.look()
            assert s.app.locks_in is None
            await s.pass_time(299)
            assert not is_locked(s)
            await s.pass_time(1)
            assert is_locked(s)
            assert s.front.screen_locked == [True]
            assert not s.alice.is_locked
            await s.see("The screen is locked. The node goes on serving; its keys are in memory.")

    asyncio.run(scenario())


def test_an_idle_hour_drops_the_keys_of_a_node_held_here() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN) as s:
            await s.pass_time(300)
            await s.pass_time(3300)
            assert s.alice.is_locked
            assert s.app.session is None
            await s.see("its keys are not in memory", "Enter the password to open the node.")
            await s.enter("right")
            await s.see("1 Vaults")
            assert not s.alice.is_locked

    asyncio.run(scenario())


def test_a_node_that_a_headless_agent_holds_is_never_locked_from_here_by_idling() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN, holder=4711) as s:
            await s.pass_time(36000)
            await s.look()
            assert is_locked(s)
            assert not s.alice.is_locked
            assert s.app.session is not None
            await s.see("a headless agent holds it")

    asyncio.run(scenario())


def test_after_a_sleep_the_node_is_locked_at_once_even_if_idling_never_locks() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN, settings=Settings(lock_minutes=0, close_minutes=0)) as s:
            await s.pass_time(36000)
            assert not is_locked(s)
            s.clock.sleep(59)
            await s.look()
            assert not is_locked(s)
            s.clock.sleep(61)
            await s.look()
            assert is_locked(s)
            assert s.alice.is_locked

    asyncio.run(scenario())


def test_a_node_that_will_not_lock_is_hidden_all_the_same() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN) as s:

            async def refuse() -> None:
                raise Busy("Not now.")

            s.alice.lifecycle.lock = refuse  # type: ignore[method-assign]
            s.clock.sleep(100)
            await s.look()
            assert is_locked(s)
            await s.see("its keys are in memory")
            await s.enter("right")
            await s.see("1 Vaults")

    asyncio.run(scenario())


def test_the_lock_takes_dialogs_toasts_and_names_away_and_leaves_no_verbs() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN, (120, 40), prepare=prepare) as s:
            await s.see("infra-vault")
            s.app.notify("about infra-vault", markup=False)
            await s.app.push_screen(ConfirmDialog(Content("Delete infra-vault"), Content("canary"), "Delete"))
            await s.see("Delete infra-vault")
            await s.press("ctrl+l")
            assert [type(screen) for screen in s.app.screen_stack[1:]] == [LockScreen]
            for word in ("infra-vault", "canary", "bob", "alice", PLACE, s.world.ids["alice"].short):
                assert word not in s.screen_text()
            for key in ("ctrl+p", "colon", "question_mark", "f2", "f12", "1", "escape"):
                await s.press(key)
            assert len(s.app.screen_stack) == 2
            assert not s.app.use_command_palette

    asyncio.run(scenario())


def test_unlocking_returns_to_the_pane_one_was_in() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN) as s:
            await s.press("3")
            await s.press("ctrl+l")
            await s.enter("right")
            await s.see("[3 Gestalt]")
            assert s.front.screen_locked == [True, False]
            assert s.app.use_command_palette

    asyncio.run(scenario())


def test_a_node_locked_from_elsewhere_ends_what_shows_and_says_so() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN) as s:
            await s.alice.lock()
            await s.see("The node was locked from elsewhere.")
            assert s.app.session is None

    asyncio.run(scenario())


def test_suspending_locks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN) as s:
            seen: list[tuple[bool, bool]] = []
            monkeypatch.setattr(s.app, "action_suspend_process", lambda: seen.append((is_locked(s), s.alice.is_locked)))
            await s.press("ctrl+z")
            await s.until(lambda: bool(seen), "suspended")
            assert seen == [(True, True)]
        async with closed_stage(OPEN, holder=4711) as s:
            monkeypatch.setattr(s.app, "action_suspend_process", lambda: seen.append((is_locked(s), s.alice.is_locked)))
            await s.press("ctrl+z")
            await s.until(lambda: len(seen) == 2, "suspended")
            assert seen[1] == (True, False)

    asyncio.run(scenario())


def test_an_hour_in_the_users_editor_is_no_idling() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN) as s:
            s.app.app_suspend_signal.publish(s.app)
            await s.pass_time(7200)
            assert isinstance(s.screen, Workspace)
            s.app.app_resume_signal.publish(s.app)
            await s.pass_time(299)
            assert isinstance(s.screen, Workspace)
            await s.pass_time(2)
            assert is_locked(s)

    asyncio.run(scenario())


@pytest.mark.parametrize("turns", [0, 1, 2, 4, 8, 16, 32])
def test_a_question_that_is_about_to_be_asked_when_the_screen_is_locked_does_no_harm(turns: int) -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN, prepare=prepare) as s:
            await s.see("infra-vault")
            workspace = s.screen
            assert isinstance(workspace, Workspace)
            pane = workspace.pane

            async def asking() -> None:
                for _ in range(turns):
                    await asyncio.sleep(0)
                await pane.ask(ConfirmDialog(Content("Really?"), Content("Nothing."), "Yes"))

            s.app.post_message(Key("ctrl+l", None))
            pane.do(asking(), "deed")
            await s.see("The screen is locked.")
            await s.enter("right")
            await s.see("infra-vault")
            assert "Really?" not in s.screen_text()
            assert [type(one) for one in s.app.screen_stack[1:]] == [Workspace]

    asyncio.run(scenario())


@pytest.mark.parametrize("waits", [True, False])
def test_what_was_begun_before_the_screen_was_locked_lays_nothing_over_the_lock(waits: bool) -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN, prepare=prepare) as s:
            await s.see("infra-vault")
            workspace = s.screen
            assert isinstance(workspace, Workspace)
            pane = workspace.pane
            asked = asyncio.Event()

            async def asking() -> None:
                while not is_locked(s):
                    await asyncio.sleep(0)
                asked.set()
                dialog = ConfirmDialog(Content("Really?"), Content("Nothing."), "Yes")
                if waits:
                    await pane.ask(dialog)
                else:
                    pane.app.push_screen(dialog)

            if waits:
                pane.do(asking(), "deed")
            else:
                pane.call_later(asking)
            await asyncio.sleep(0)
            s.app.post_message(Key("ctrl+l", None))
            await asked.wait()
            await s.see("The screen is locked.")
            assert [type(one) for one in s.app.screen_stack[1:]] == [LockScreen]
            await s.enter("right")
            await s.see("infra-vault")
            assert [type(one) for one in s.app.screen_stack[1:]] == [Workspace]

    asyncio.run(scenario())


def test_the_name_that_is_replaced_in_textual_is_still_there() -> None:
    assert hasattr(App, "_flush_next_callbacks")
