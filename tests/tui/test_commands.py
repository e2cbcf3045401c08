from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.command import CommandPalette
from tui.closed import ClosedStage, closed_stage
from tui.stage import write

from pk_tui.api.front import Beginning
from pk_tui.tui.commands import carry_out, commands
from pk_tui.tui.screens.workspace import Workspace

OPEN = Beginning.ATTACHED


async def prepare(w: Any) -> None:
    await w.agents["alice"].vaults.create("canary-vault")
    await write(w.agents["alice"], "canary-vault", "canary-secret", b"canary-value")


def workspace(s: ClosedStage) -> Workspace:
    found = next(one for one in s.app.screen_stack if isinstance(one, Workspace))
    return found


def test_every_verb_of_every_pane_is_there_once_with_its_key_and_a_sentence() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN, (120, 40)) as s:
            await s.see("1 Vaults")
            found = commands(workspace(s))
            assert {one.pane for one in found} >= {"vaults", "nodes", "notifications", ""}
            assert found[0].pane == "vaults"
            everywhere = {one.text for one in found if not one.pane}
            assert everywhere >= {"Lock", "Quit", "Help", "Settings", "Screenshot", "Suspend", "Go to nodes"}
            assert all(one.verb.keys and one.verb.tooltip for one in found)
            rows = [(one.where, one.verb.description, one.verb.tooltip) for one in found]
            assert len(rows) == len(set(rows))

    asyncio.run(scenario())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("key", ["ctrl+p", "colon"])
def test_it_opens_and_finds_by_a_few_letters_and_holds_no_names(size: tuple[int, int], key: str) -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN, size, prepare=prepare) as s:
            await s.see("canary-vault")
            await s.press(key)
            await s.see("What would you like to do?", commands(workspace(s))[0].verb.tooltip)
            assert not any("canary" in one.text + one.verb.tooltip for one in commands(workspace(s)))
            await s.type("lck")
            await s.see("Lock the screen", "ctrl+l")
            await s.press("enter")
            await s.see("The screen is locked.")

    asyncio.run(scenario())


def test_a_verb_of_another_pane_goes_there_first_and_none_is_carried_out_behind_the_lock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN, (120, 40)) as s:
            workspace_before = workspace(s)
            wanted = next(one for one in commands(workspace_before) if one.pane == "nodes")
            done: list[str] = []

            async def run_action(action: str, node: object = None, *more: object) -> bool:
                done.append(action)
                assert node is wanted.node
                assert workspace(s).pane.PANE == "nodes"
                return True

            monkeypatch.setattr(s.app, "run_action", run_action)
            await carry_out(workspace(s), wanted)
            assert done == [wanted.verb.action]
            await s.app.action_lock()
            await carry_out(workspace_before, wanted)
            assert len(done) == 1

    asyncio.run(scenario())


def test_there_is_one_palette_and_none_over_a_dialog() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN) as s:
            await s.press("f2")
            await s.see("Settings")
            await s.press("ctrl+p")
            assert not isinstance(s.screen, CommandPalette)
            await s.press("escape")
            await s.press("ctrl+p")
            await s.press("ctrl+p")
            assert [isinstance(one, CommandPalette) for one in s.app.screen_stack].count(True) == 1
            await s.press("escape")
            await s.see("1 Vaults")

    asyncio.run(scenario())
