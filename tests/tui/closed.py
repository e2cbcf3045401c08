"""A stage whose node is not open yet, and a clock to be set: for the lock screen, the first run and everything that idles.

async with closed_stage(Beginning.LOCKED) as s:
    await s.type("right")
    await s.press("enter")
    await s.see("1 Vaults")
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from simulator import EPOCH, World, world
from textual.pilot import Pilot
from tui.stage import Stage, StageFront, without_pauses

from pk_tui.api.facade import AgentApi
from pk_tui.api.front import Beginning, Playground, Situation
from pk_tui.clock import SECOND
from pk_tui.errors import PkError, WrongPassword
from pk_tui.plaintext import Plaintext
from pk_tui.tui.app import PkApp
from pk_tui.tui.settings import Settings

RIGHT = "right"
WORDS = (
    "abandon",
    "ability",
    "able",
    "about",
    "above",
    "absent",
    "absorb",
    "abstract",
    "absurd",
    "abuse",
    "access",
    "accident",
    "account",
    "accuse",
    "achieve",
    "acid",
    "acoustic",
    "acquire",
    "across",
    "act",
    "action",
    "actor",
    "actress",
    "actual",
)
PLACE = "~/hidden-place"


class SetClock:
    """Shows what it is set to. `advance` is time that passes; `sleep` is time that passes while the machine sleeps."""

    def __init__(self) -> None:
        self._wall = 0.0
        self._running = 100.0

    def now(self) -> int:
        return EPOCH + int(self._wall * SECOND)

    def elapsed(self) -> float:
        return self._running

    def advance(self, seconds: float) -> None:
        self._wall += seconds
        self._running += seconds

    def sleep(self, seconds: float) -> None:
        self._wall += seconds


class ScriptedFront(StageFront):
    """A front on alice's agent that takes one password. `fails` are raised in turn, by what was asked for."""

    def __init__(self, w: World, situation: Situation) -> None:
        super().__init__(w.agents["alice"])
        self.world = w
        self.situation = situation
        self.password = RIGHT
        self.fails: dict[str, list[BaseException]] = {}
        self.asked: list[str] = []
        self.hold: asyncio.Event | None = None
        """If there is one, everything slow waits for it."""

    async def _slow(self, what: str) -> None:
        self.asked.append(what)
        if self.hold is not None:
            await self.hold.wait()
        waiting = self.fails.get(what.split()[0], [])
        if waiting:
            raise waiting.pop(0)

    async def create(self, password: Plaintext) -> Plaintext:
        await self._slow("create")
        self.password = password.reveal().decode()
        return Plaintext.of_text(" ".join(WORDS))

    async def open(self, password: Plaintext, accept_state: bool = False) -> AgentApi:
        await self._slow("open accept" if accept_state else "open")
        if password.reveal().decode() != self.password:
            raise WrongPassword("That is not the password of this node.")
        agent = self.world.agents["alice"]
        if agent.is_locked:
            await agent.unlock(self.world._roots["alice"])
        self.situation = Situation(Beginning.ATTACHED, PLACE)
        return agent

    async def attach(self) -> AgentApi:
        await self._slow("attach")
        return self.api

    async def open_playground(self) -> Playground:
        await self._slow("playground")
        self.situation = Situation(Beginning.ATTACHED, PLACE)
        return Playground(self.api, RIGHT, "bob", "samples")

    async def verify(self, password: Plaintext) -> None:
        await self._slow("verify")
        if password.reveal().decode() != self.password:
            raise WrongPassword("That is not the password of this node.")

    def save_settings(self, settings: Mapping[str, object]) -> None:
        self.asked.append("save")
        waiting = self.fails.get("save", [])
        if waiting:
            raise waiting.pop(0)
        super().save_settings(settings)


class ClosedStage(Stage):
    front: ScriptedFront
    clock: SetClock

    async def pass_time(self, seconds: float) -> None:
        """Let this much time pass, and the app look at the clock."""
        self.clock.advance(seconds)
        await self.look()

    async def look(self) -> None:
        await self.app.look_at_the_clock()
        await self.pilot.pause()

    def prose(self) -> str:
        """What is on the screen without frames and line ends, for sentences that are wrapped."""
        return re.sub(r"[\s│║▔▁▂▃▄▅▆▇█]+", " ", self.screen_text())

    async def see(self, *texts: str) -> None:
        """Wait until all of these are on the screen, wrapped or not."""
        await self.until(lambda: all(text in self.prose() or text in self.screen_text() for text in texts), f"{texts}")

    async def enter(self, text: str) -> None:
        await self.type(text)
        await self.press("enter")


@asynccontextmanager
async def closed_stage(
    beginning: Beginning = Beginning.LOCKED,
    size: tuple[int, int] = (80, 24),
    *,
    holder: int | None = None,
    playground: bool = False,
    settings: Settings | None = None,
    environment: Mapping[str, str] | None = None,
    prepare: Callable[[World], Awaitable[None]] | None = None,
    fails: dict[str, list[PkError]] | None = None,
) -> AsyncIterator[ClosedStage]:
    """Alice's app, before her node is open, with bob beside her. With ATTACHED it is open at once, on a clock to be set."""
    async with world(1) as w:
        w.network.latency = (0.0, 0.001)
        await w.add("alice")
        await w.add("bob")
        await w.introduce("alice", "bob")
        if prepare is not None:
            await prepare(w)
        front = ScriptedFront(w, Situation(beginning, PLACE, holder))
        front.fails = {name: list(errors) for name, errors in (fails or {}).items()}
        w.agents["alice"].lifecycle.verify_password = front.verify  # type: ignore[method-assign]
        clock = SetClock()
        app = PkApp(
            front,
            front.situation,
            settings or Settings(),
            clock,
            playground=playground,
            environment=environment or {"TERM": "xterm-256color"},
        )
        with without_pauses():
            async with app.run_test(size=size, notifications=True) as pilot:
                pilot_: Pilot[Any] = pilot
                s = ClosedStage(w, app, pilot_, front)
                s.clock = clock
                await s.has_begun()
                yield s
