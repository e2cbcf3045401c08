from __future__ import annotations

import asyncio

from tui.stage import Stage, stage

from pk_tui.errors import Conflict, Unreachable
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.screens.workspace import Workspace


def pane(s: Stage) -> Pane:
    screen = s.app.screen
    assert isinstance(screen, Workspace)
    return screen.pane


def test_a_verb_that_fails_says_why_and_the_pane_lives_on() -> None:
    async def scenario() -> None:
        async with stage() as s:

            async def fails() -> None:
                raise Conflict("It is “[/x]” elsewhere.")

            pane(s).do(fails(), "probe")
            await s.see("It is “[/x]” elsewhere.")
            await s.press("2")
            await s.see("[2 Nodes]")

    asyncio.run(scenario())


def test_what_takes_long_is_said_while_it_takes() -> None:
    async def scenario() -> None:
        async with stage() as s:
            go_on = asyncio.Event()

            async def slow() -> None:
                async with pane(s).busy("Waiting for bob"):
                    await go_on.wait()
                pane(s).say("Done waiting.")

            pane(s).do(slow(), "probe")
            await s.see("Waiting for bob…")
            go_on.set()
            await s.see("Done waiting.")

    asyncio.run(scenario())


def test_a_failure_with_another_node_is_explained_by_the_checks() -> None:
    async def scenario() -> None:
        async with stage() as s:
            s.world.network.cut("alice", "bob")
            await s.world.network.drop_connections()
            pane(s).do(pane(s).explain(Unreachable("bob does not answer."), "bob"), "probe")
            await s.see("That did not work", "bob does not answer.", "reachable?", "trusted?")
            await s.press("escape")
            await s.see_no("reachable?")

    asyncio.run(scenario())


def test_locking_the_screen_ends_what_a_verb_was_asking() -> None:
    async def scenario() -> None:
        async with stage() as s:
            ended = []

            async def endless() -> None:
                try:
                    await asyncio.Event().wait()
                finally:
                    ended.append(True)

            pane(s).do(endless(), "probe")
            await s.pilot.pause()
            await s.press("ctrl+l")
            await s.until(lambda: bool(ended), "the end of the verb")

    asyncio.run(scenario())
