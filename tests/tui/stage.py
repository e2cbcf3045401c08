"""Where UI tests play: the real app on real agents, in one process, with a keyboard and a screen to read.

    async with stage() as s:                # alice and bob know and trust each other, alice's app is open
        await s.press("2")
        assert "bob" in s.screen_text()

Links are queues and stores are in memory; everything else is the real thing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from simulator import World, world
from textual.pilot import Pilot
from textual.screen import Screen
from tui.idle import waiting_shortly

from pk_tui.agent.agent import Agent
from pk_tui.api.facade import AgentApi
from pk_tui.api.front import Beginning, Playground, Situation
from pk_tui.clock import Clock, SystemClock
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath
from pk_tui.tui.app import PkApp
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.screens import workspace
from pk_tui.tui.screens.workspace import Workspace
from pk_tui.tui.settings import Settings

PATIENCE = 60.0
OTHERS_AFTER = 0.001
"""Seconds after which the panes that do not show are made: nobody looks at the first picture here."""


class StageFront:
    """A `Front` on an agent that is open already; what it was asked to do is kept."""

    def __init__(self, api: AgentApi) -> None:
        self.api = api
        self.situation = Situation(Beginning.ATTACHED, "~/node")
        self.screen_locked: list[bool] = []
        self.reported: list[BaseException] = []
        self.saved: dict[str, object] = {}
        self.closed = False
        self.not_listening = ""

    def prepare(self) -> None:
        return

    async def look(self) -> Situation:
        return self.situation

    async def create(self, password: Plaintext) -> Plaintext:
        raise AssertionError("not on this stage")

    async def open(self, password: Plaintext, accept_state: bool = False) -> AgentApi:
        return self.api

    async def attach(self) -> AgentApi:
        return self.api

    async def open_playground(self) -> Playground:
        raise AssertionError("not on this stage")

    def lock_screen(self, locked: bool) -> None:
        self.screen_locked.append(locked)

    async def close(self) -> None:
        self.closed = True

    async def leave_running(self) -> int:
        return 42

    def edit_outside(self, content: Plaintext, ending: str) -> Plaintext:
        return content

    def report(self, error: BaseException) -> Path | None:
        self.reported.append(error)
        return None

    def load_settings(self) -> Mapping[str, object]:
        return self.saved

    def save_settings(self, settings: Mapping[str, object]) -> None:
        self.saved = dict(settings)


class Stage:
    def __init__(self, w: World, app: PkApp, pilot: Pilot[Any], front: StageFront) -> None:
        self.world, self.app, self.pilot, self.front = w, app, pilot, front

    @property
    def alice(self) -> Agent:
        return self.world.agents["alice"]

    @property
    def bob(self) -> Agent:
        return self.world.agents["bob"]

    @property
    def screen(self) -> Screen[Any]:
        return self.app.screen

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Into whatever has focus, letter by letter."""
        await self.pilot.press(*("space" if one == " " else one for one in text))

    def screen_text(self) -> str:
        """What is on the screen, as lines of text without styles; exactly what would be sent, escapes included."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(one.text for one in strip if not one.control) for strip in strips)

    def has_all_panes(self) -> bool:
        """Those that do not show are made a moment after the first picture; true of any other screen."""
        return not isinstance(self.screen, Workspace) or len(self.screen.query(Pane)) == len(workspace.PANES)

    async def has_begun(self) -> None:
        """Wait until all of it is there."""
        await self.pilot.pause()
        await self.until(self.has_all_panes, "every pane being made")

    async def until(self, holds: Callable[[], bool], what: str = "") -> None:
        """Wait until something holds; fails with the screen as it is then."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while not holds():
            if asyncio.get_running_loop().time() > end:
                raise AssertionError(f"did not come to hold: {what}\n{self.screen_text()}")
            await self.pilot.pause()
            if not holds():
                await asyncio.sleep(0.02)

    async def see(self, *texts: str) -> None:
        """Wait until all of these are on the screen."""
        await self.until(lambda: all(text in self.screen_text() for text in texts), f"seeing {texts}")

    async def see_no(self, text: str) -> None:
        await self.until(lambda: text not in self.screen_text(), f"not seeing {text!r}")


async def write(agent: Agent, vault: str, path: str, value: bytes) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield value

    await agent.secrets.write(vault, SecretPath.parse(path), pieces())


@contextmanager
def without_pauses() -> Iterator[None]:
    """What is done is not waited for longer than it takes."""
    with waiting_shortly(), patch.object(workspace, "OTHERS_AFTER", OTHERS_AFTER):
        yield


@asynccontextmanager
async def stage(
    size: tuple[int, int] = (120, 40),
    prepare: Callable[[World], Awaitable[None]] | None = None,
    *,
    introduced: bool = True,
    settings: Settings | None = None,
    clock: Clock | None = None,
    seed: int = 1,
) -> AsyncIterator[Stage]:
    """Alice's app, open on her workspace, with bob beside her; `prepare` sets things up before it opens."""
    async with world(seed) as w:
        w.network.latency = (0.0, 0.001)
        await w.add("alice")
        await w.add("bob")
        if introduced:
            await w.introduce("alice", "bob")
        if prepare is not None:
            await prepare(w)
        front = StageFront(w.agents["alice"])
        app = PkApp(
            front,
            front.situation,
            settings or Settings(),
            clock or SystemClock(),
            environment={"TERM": "xterm-256color"},
        )
        with without_pauses():
            async with app.run_test(size=size, notifications=True) as pilot:
                s = Stage(w, app, pilot, front)
                await s.has_begun()
                yield s
