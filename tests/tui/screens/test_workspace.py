from __future__ import annotations

import asyncio

import pytest
from simulator import World
from textual.events import AppBlur, AppFocus, Key
from tui.gestalts import bobs_phone, fork_of
from tui.stage import stage, write

from pk_tui.tui.dialogs.fork import ForkDialog
from pk_tui.tui.messages import GoTo
from pk_tui.tui.panes.kinds import PANES
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.screens.lock import LockScreen
from pk_tui.tui.screens.workspace import Workspace


async def with_a_secret(w: World) -> None:
    await w.agents["alice"].vaults.create("work")
    await write(w.agents["alice"], "work", "mail-password", b"1")


def test_digits_go_to_the_panes_and_the_header_says_where_one_is() -> None:
    async def scenario(size: tuple[int, int]) -> None:
        async with stage(size) as s:
            for number, pane in enumerate(PANES, 1):
                await s.press(str(number))
                await s.see(f"[{number} {pane.TITLE}")
                shown = [one.PANE for one in s.screen.query(Pane) if one.display]
                assert shown == [pane.PANE]

    for size in ((80, 24), (120, 40)):
        asyncio.run(scenario(size))


def test_after_the_lock_the_same_pane_is_shown() -> None:
    async def scenario() -> None:
        async with stage() as s:
            await s.press("3", "ctrl+l")
            await s.until(lambda: not isinstance(s.app.screen, Workspace), "the lock")
            assert s.front.screen_locked == [True]
            assert s.app.session is not None
            await s.app.show(Workspace(s.app.session))
            await s.see("[3 Gestalt]")

    asyncio.run(scenario())


def test_a_locked_screen_keeps_nothing_of_the_workspace_mounted() -> None:
    async def scenario() -> None:
        async with stage() as s:
            await s.press("ctrl+l")
            await s.until(lambda: not isinstance(s.app.screen, Workspace), "the lock")
            assert not [one for one in s.app.screen_stack if isinstance(one, Workspace)]

    asyncio.run(scenario())


def test_a_pane_can_send_one_to_another() -> None:
    async def scenario() -> None:
        async with stage() as s:
            screen = s.app.screen
            assert isinstance(screen, Workspace)
            came: list[object] = []
            nodes = next(one for one in screen.query(Pane) if one.PANE == "nodes")
            nodes.go_to = came.append  # type: ignore[method-assign]
            screen.pane.post_message(GoTo("nodes", s.world.ids["bob"]))
            await s.see("[2 Nodes]")
            assert came == [s.world.ids["bob"]]

    asyncio.run(scenario())


def test_connected_nodes_are_counted_live() -> None:
    async def scenario() -> None:
        async with stage() as s:
            await s.see("1/1")
            await s.world.stop("bob")
            await s.see("0/1")

    asyncio.run(scenario())


def test_a_node_that_lets_nobody_in_says_so_when_it_opens() -> None:
    async def scenario() -> None:
        async with stage() as s:
            assert s.app.session is not None
            s.front.not_listening = "Port [/x] is taken."
            await s.app.show(Workspace(s.app.session))
            await s.see("Other nodes cannot call this one: Port [/x] is taken.")

    asyncio.run(scenario())


def test_when_another_window_is_used_the_pane_hides_what_it_shows_under_a_dialog_too() -> None:
    async def scenario() -> None:
        async with stage() as s:
            left: list[str] = []
            workspace = s.screen
            assert isinstance(workspace, Workspace)
            pane = workspace.pane
            pane.left = lambda: left.append(pane.PANE)  # type: ignore[method-assign]
            s.app.post_message(AppBlur())
            await s.until(lambda: left == ["vaults"], "being hidden")
            s.app.post_message(AppFocus())
            await s.press("ctrl+f")
            await s.see("Find")
            s.app.post_message(AppBlur())
            await s.until(lambda: left == ["vaults", "vaults"], "being hidden again")

    asyncio.run(scenario())


def test_a_key_pressed_as_soon_as_the_list_is_there_is_meant_for_it() -> None:
    async def scenario() -> None:
        async with stage(prepare=with_a_secret) as s:
            await s.see("▸ work")
            assert s.app.session is not None
            await s.app.show(Workspace(s.app.session))
            s.app.post_message(Key("l", "l"))
            await s.see("▾ work", "mail-password")

    asyncio.run(scenario())


@pytest.mark.parametrize("turns", [0, 1, 2, 4, 8, 16, 32, 64])
def test_it_may_be_taken_away_while_its_panes_are_being_made(turns: int) -> None:
    async def scenario() -> None:
        async with stage(prepare=with_a_secret) as s:
            assert s.app.session is not None
            s.app.session.places["shown pane"] = "gestalt"
            workspace = Workspace(s.app.session)
            await s.app.show(workspace)
            workspace.call_later(workspace._make_others)
            for _ in range(turns):
                await asyncio.sleep(0)
            await s.app.action_lock()
            assert isinstance(s.app.screen, LockScreen)
            assert s.app._exception is None

    asyncio.run(scenario())


@pytest.mark.parametrize("turns", [0, 1, 2, 4, 8, 16, 32, 64])
def test_the_app_may_end_while_panes_are_being_made(turns: int) -> None:
    async def scenario() -> None:
        async with stage(prepare=with_a_secret) as s:
            assert s.app.session is not None
            s.app.session.places["shown pane"] = "gestalt"
            workspace = Workspace(s.app.session)
            await s.app.show(workspace)
            workspace.call_later(workspace._make_others)
            for _ in range(turns):
                await asyncio.sleep(0)
            s.app.exit()
        assert s.app._exception is None

    asyncio.run(scenario())


@pytest.mark.parametrize("turns", [0, 1, 2, 4, 8, 16, 32])
def test_a_dialog_may_be_taken_away_while_it_is_being_made(turns: int) -> None:
    async def scenario() -> None:
        async with stage(prepare=with_a_secret) as s:
            vault = await s.alice.vaults.get("work")
            s.app.push_screen(ForkDialog(vault, "bob", tuple))
            for _ in range(turns):
                await asyncio.sleep(0)
            await s.app.action_lock()
            assert isinstance(s.app.screen, LockScreen)
            assert s.app._exception is None

    asyncio.run(scenario())


def test_two_histories_of_a_node_are_shown_in_full_when_they_come_once_and_not_over_another_question() -> None:
    async def scenario() -> None:
        async with stage((80, 24), bobs_phone) as s:
            await s.see("3 Gestalt(1)")
            await s.press("s")
            await s.see("Share work")
            await fork_of(s.world, "bob")
            assert s.app.session is not None
            live = s.app.session.live
            await s.until(lambda: bool(live.forks), "the fork")
            await s.see("Share work")
            await s.press("escape")
            await s.see("WARNING: two histories of bob")
            await s.press("escape")
            await s.see_no("WARNING")
            await s.press("ctrl+l")
            await s.app.show(Workspace(s.app.session))
            await s.see("[1 Vaults]")
            await s.pilot.pause(1.2)
            assert "WARNING" not in s.screen_text()

    asyncio.run(scenario())


def test_two_histories_that_were_known_before_are_said_and_marked() -> None:
    async def known(w: World) -> None:
        await bobs_phone(w)
        await fork_of(w, "bob")

    async def scenario() -> None:
        async with stage((120, 40), known) as s:
            await s.see("A node has shown two histories of itself: it is marked in 3")
            await s.press("3")
            await s.see("FORKED")
            assert "WARNING" not in s.screen_text()

    asyncio.run(scenario())


def test_f3_shows_the_audit_from_anywhere() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            await s.press("2", "f3")
            await s.see("Audit of this node", "bob: allowed to notify")
            await s.press("escape")
            await s.see("[2 Nodes]")

    asyncio.run(scenario())
