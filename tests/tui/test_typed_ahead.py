from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual import events
from textual.content import Content
from textual.widgets import Input
from tui.stage import Stage, stage, write

from pk_tui.terms import SecretPath
from pk_tui.tui.dialogs.ask_text import AskTextDialog
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.dialogs.find import FindDialog
from pk_tui.tui.dialogs.help import HelpDialog
from pk_tui.tui.dialogs.kind import KindDialog
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.screens.lock import LockScreen
from pk_tui.tui.screens.workspace import Workspace


async def prepare(w: Any) -> None:
    await w.agents["alice"].vaults.create("work")
    for path in ("a", "b"):
        await write(w.agents["alice"], "work", path, b"value of " + path.encode())


def burst(s: Stage, *keys: str) -> None:
    """As a terminal sends what was typed while the app was busy: all at once."""
    for key in keys:
        s.app.post_message(events.Key(key, key if len(key) == 1 else None))


def pane(s: Stage) -> Pane:
    screen = s.screen
    assert isinstance(screen, Workspace)
    return screen.pane


def dialogs(s: Stage) -> list[type]:
    return [type(one) for one in s.app.screen_stack[2:]]


async def quiet(s: Stage) -> None:
    """Until everything that was typed has come where it was for."""
    await s.until(lambda: not s.app._typed_ahead, "keys being given out")
    for _ in range(5):
        await s.pilot.pause()


OPENS = {
    "n": "New secret in",
    "N": "New vault",
    "e": "Edit work:",
    "r": "Rename",
    "d": "Delete",
    "ctrl+x": "Forget",
    "K": "Care of this node",
    "H": "Versions of",
    "ctrl+f": "Find",
    "question_mark": "Keys",
}


def test_no_second_verb_begins_while_the_dialog_of_the_first_is_being_made() -> None:
    async def scenario() -> None:
        async with stage((80, 24), prepare) as s:
            await s.see("work")
            await s.press("right", "down")
            await s.see("Versions 1")
            for first, title in OPENS.items():
                await s.until(lambda: not dialogs(s), "nothing else being open")
                # In the question of `d` an `n` is an answer.
                others = [key for key in OPENS if key not in ("e", "ctrl+x", first, "n" if first == "d" else "")]
                burst(s, first, *others)
                await s.until(lambda: bool(dialogs(s)), "a dialog")
                await quiet(s)
                assert len(dialogs(s)) == 1, (first, dialogs(s))
                await s.see(title)
                while dialogs(s):
                    await s.press("escape")
                    if "Throw away what you wrote?" in s.screen_text():
                        await s.press("y")

    asyncio.run(scenario())


def test_what_is_typed_ahead_of_a_dialog_comes_into_it_in_its_order() -> None:
    async def scenario() -> None:
        async with stage(prepare=prepare) as s:
            await s.see("work")
            burst(s, "N", *"new-name", "enter")
            await s.see("new-name")
            await s.until(lambda: not dialogs(s), "the dialog going")
            assert {one.name for one in await s.alice.vaults.list()} == {"work", "new-name"}

    asyncio.run(scenario())


def test_a_paste_typed_ahead_comes_between_the_keys_it_came_between() -> None:
    async def scenario() -> None:
        async with stage(prepare=prepare) as s:
            await s.see("work")
            burst(s, "N", "a")
            s.app.post_message(events.Paste("pasted"))
            burst(s, "z")
            await s.until(lambda: dialogs(s) == [AskTextDialog], "the dialog")
            await quiet(s)
            assert s.screen.query_one(Input).value == "apastedz"

    asyncio.run(scenario())


def test_keys_that_come_while_a_slow_verb_prepares_wait_for_what_it_asks() -> None:
    async def scenario() -> None:
        async with stage(prepare=prepare) as s:
            await s.see("work")
            go_on = asyncio.Event()

            async def asks() -> None:
                await go_on.wait()
                await pane_here.ask(AskTextDialog(Content("What is it?"), Content("Say:"), str, yes="Yes"))

            pane_here = pane(s)
            pane_here.begin(asks(), "deed")
            await s.press("n", "e")
            assert not dialogs(s)
            go_on.set()
            await s.until(lambda: dialogs(s) == [AskTextDialog], "the dialog")
            await quiet(s)
            assert s.screen.query_one(Input).value == "ne"
            assert dialogs(s) == [AskTextDialog]

    asyncio.run(scenario())


def test_verbs_without_a_dialog_are_done_one_after_the_other() -> None:
    async def scenario() -> None:
        async with stage(prepare=prepare) as s:
            await s.see("work")
            for path in ("c", "d"):
                commit = await s.alice.secrets.make_directories([("work", SecretPath((path,)))])
                vault = (await s.alice.vaults.get("work")).vault_id
                assert s.app.session is not None
                s.app.session.undo.note((vault, commit[0]))
            burst(s, "z", "z", "Z")
            await s.see("Made again: work")
            await quiet(s)
            done = [one.path for one in await s.alice.secrets.list("work")]
            assert done == ["a", "b", "c"]

    asyncio.run(scenario())


def test_while_a_verb_takes_long_one_can_move_about_but_not_begin_another() -> None:
    async def scenario() -> None:
        async with stage(prepare=prepare) as s:
            await s.see("work")
            workspace = s.screen
            assert isinstance(workspace, Workspace)
            go_on = asyncio.Event()

            async def slow() -> None:
                await go_on.wait()
                workspace.pane.say("It is done now.")

            workspace.pane.begin(slow(), "deed")
            workspace.turns._since -= 100
            await s.press("2")
            await s.see("[2 Nodes]")
            await s.press("a")
            await s.see("One thing at a time")
            assert not dialogs(s)
            go_on.set()
            await s.until(lambda: workspace.turns._whose is None, "the turn ending")
            await s.press("a")
            await s.see("Add a node")

    asyncio.run(scenario())


def test_what_a_verb_asks_after_waiting_for_another_node_comes_after_what_was_begun_meanwhile() -> None:
    async def scenario() -> None:
        async with stage(prepare=prepare) as s:
            await s.see("work")
            go_on = asyncio.Event()
            pane_here = pane(s)

            async def waits() -> None:
                async with pane_here.busy("Waiting for bob", waits=True):
                    await go_on.wait()
                await pane_here.ask(ConfirmDialog(Content("Bob has answered"), Content("Yes?"), "Yes"))

            pane_here.begin(waits(), "probe")
            await s.press("n")
            await s.until(lambda: dialogs(s) == [KindDialog], "the dialog")
            go_on.set()
            for _ in range(10):
                await s.pilot.pause()
            assert dialogs(s) == [KindDialog]
            await s.press("escape")
            await s.see("Bob has answered")
            assert dialogs(s) == [ConfirmDialog]

    asyncio.run(scenario())


def test_it_also_waits_until_help_or_a_search_is_closed() -> None:
    async def scenario() -> None:
        async with stage(prepare=prepare) as s:
            await s.see("work")
            pane_here = pane(s)
            for key, what in (("question_mark", HelpDialog), ("ctrl+f", FindDialog)):
                go_on = asyncio.Event()

                async def waits(go_on: asyncio.Event = go_on) -> None:
                    async with pane_here.busy("Waiting for bob", waits=True):
                        await go_on.wait()
                    await pane_here.ask(ConfirmDialog(Content("Bob has answered"), Content("Yes?"), "Yes"))

                pane_here.begin(waits(), "probe")
                await s.press(key)
                await s.until(lambda what=what: dialogs(s) == [what], "the dialog")  # type: ignore[misc]
                go_on.set()
                for _ in range(10):
                    await s.pilot.pause()
                assert dialogs(s) == [what]
                await s.press("escape")
                await s.see("Bob has answered")
                await s.press("escape")
                await s.until(lambda: not dialogs(s), "the dialog going")

    asyncio.run(scenario())


def test_locking_does_not_wait_and_what_was_typed_ahead_is_forgotten() -> None:
    async def scenario() -> None:
        async with stage(prepare=prepare) as s:
            await s.see("work")
            never = asyncio.Event()

            async def asks() -> None:
                await never.wait()

            pane(s).begin(asks(), "deed")
            await s.press("n", "e", "ctrl+l")
            await s.see("The screen is locked.")
            await quiet(s)
            lock = s.screen
            assert isinstance(lock, LockScreen)
            assert all(not one.value for one in lock.query(Input))

    asyncio.run(scenario())


@pytest.mark.parametrize(("keys", "answers"), [(("y", "y"), []), (("x", "y"), [True])])
def test_the_key_that_opens_a_dialog_confirms_nothing_in_it_and_a_later_one_does(
    keys: tuple[str, str], answers: list[bool]
) -> None:
    async def scenario() -> None:
        async with stage(prepare=prepare) as s:
            await s.see("work")
            answered: list[object] = []
            workspace, pane_here = s.screen, pane(s)

            async def asks() -> None:
                answered.append(await pane_here.ask(ConfirmDialog(Content("Really?"), Content("So?"), "Do it")))

            workspace._bindings.bind(keys[0], "screen.probe", "Probe")
            workspace.action_probe = lambda: pane_here.begin(asks(), "probe")  # type: ignore[attr-defined]
            burst(s, *keys)
            await s.until(lambda: bool(dialogs(s) or answered), "the dialog")
            await quiet(s)
            assert answered == answers

    asyncio.run(scenario())
