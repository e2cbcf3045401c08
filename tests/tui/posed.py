"""What stands still for a picture, and the stage it is taken on: the real app over real agents, in time that does not pass by
itself.

Nothing here depends on how fast a machine is. The loop is the simulator's: where it would wait, time jumps; randomness is
seeded; threads' work is done at once. So every run takes the same steps, and the same picture has the same bytes. What is
measured or drawn by lot is set besides, so that a picture changes only when what it shows does.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any, TypeVar
from unittest.mock import patch

import textual._time
import textual._wait
import textual.command
import textual.constants
import textual.widget
import textual.worker
from simulator import EPOCH, VirtualLoop, World, world
from textual.pilot import Pilot
from textual.widgets import Input, TextArea
from tui.closed import ScriptedFront
from tui.neighbours import HOME, Moment, neighbourhood
from tui.stage import Stage

from pk_tui.agent.agent import Agent
from pk_tui.api.front import Beginning, Playground, Situation
from pk_tui.api.views import ConnectionView
from pk_tui.clock import SECOND
from pk_tui.crypto import entropy
from pk_tui.crypto.words import to_words
from pk_tui.plaintext import Plaintext
from pk_tui.tui import live
from pk_tui.tui.app import PkApp
from pk_tui.tui.glyphs import UNICODE
from pk_tui.tui.settings import Settings

T = TypeVar("T")
TALKS = ("FORCE_COLOR", "NO_COLOR", "COLORTERM", "COLUMNS", "LINES", "TMUX", "DISPLAY", "WAYLAND_DISPLAY")
"""What this machine's terminal says of itself, which no picture depends on."""
SETTLES = 0.5
"""Seconds, of a time that costs nothing, until everything that a key brought about is drawn."""

TRIPS = (11.0, 12.0, 12.4, 11.8, 19.0, 31.0, 14.0, 12.2, 11.9, 12.1)
"""Milliseconds, over and over: a link of moderate quality."""
NEXT_TRY = EPOCH + 95 * SECOND
"""When whoever cannot be reached is tried again."""

_CLOCKED = (textual._wait, textual.widget, textual.command, textual.worker)
"""Modules that took the system's clock along when they were loaded."""


def play(scenario: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run it in virtual time, with seeded randomness and nothing of this machine."""
    loop = VirtualLoop()
    try:
        with _nothing_of_this_machine(loop), entropy.seeded(b"pictures"):
            done = loop.run_until_complete(scenario())
            loop.run_until_complete(loop.shutdown_asyncgens())
            return done
    finally:
        loop.close()


@contextmanager
def _nothing_of_this_machine(loop: VirtualLoop) -> Iterator[None]:
    async def at_once(work: Callable[..., T], /, *given: Any, **named: Any) -> T:
        return work(*given, **named)

    kept = {name: text for name, text in os.environ.items() if name not in TALKS}
    with ExitStack() as stack:
        for module in _CLOCKED:
            stack.enter_context(patch.object(module, "monotonic", loop.time))
        stack.enter_context(patch.object(textual._time, "get_time", loop.time))
        stack.enter_context(patch.object(textual._wait, "process_time", lambda: 0.0))
        stack.enter_context(patch.object(textual.constants, "TEXTUAL_ANIMATIONS", "none"))
        stack.enter_context(patch.object(asyncio, "to_thread", at_once))
        stack.enter_context(patch.object(live, "PING_EVERY", 1e9))
        stack.enter_context(patch.dict(os.environ, kept, clear=True))
        yield


def pose_numbers(agent: Agent) -> None:
    """As if its links had been in use for a while."""
    real = agent.nodes.connections

    async def connections() -> list[ConnectionView]:
        return [_posed(row) for row in await real()]

    agent.nodes.connections = connections  # type: ignore[method-assign]


def _posed(row: ConnectionView) -> ConnectionView:
    if row.state != "connected":
        return replace(row, next_try=NEXT_TRY if row.next_try else None)
    received, sent = (1_234_567, 310_000) if row.petname else (2_340, 1_890)
    return replace(row, rtt_ms=TRIPS[-1], bytes_in=received, bytes_out=sent)


class PosedFront(ScriptedFront):
    """One whose recovery words are real ones, of an entropy that everybody knows."""

    words = Plaintext(b"")

    async def create(self, password: Plaintext) -> Plaintext:
        await super().create(password)
        with entropy.seeded(b"words on a picture"):
            self.words = to_words(entropy.random_bytes(32))
        return self.words


class Posed(Stage):
    """A stage with a camera."""

    front: PosedFront
    clock: Moment

    def __init__(self, w: World, app: PkApp, pilot: Pilot[Any], front: PosedFront) -> None:
        super().__init__(w, app, pilot, front)
        self.taken: dict[str, str] = {}
        """Pictures by name, as SVG."""

    def pose_trips(self) -> None:
        """A minute of round trips of every link."""
        assert self.app.session is not None
        known = self.app.session.live
        for number, row in enumerate(one for one in known.connections if one.state == "connected"):
            known.round_trips[row.node_id] = deque((TRIPS[(at + 3 * number) % len(TRIPS)] for at in range(60)), 60)

    async def settle(self, seconds: float = SETTLES) -> None:
        await asyncio.sleep(seconds)

    async def keys(self, *keys: str) -> None:
        await self.press(*keys)
        await self.settle()

    async def put(self, text: str, field: str) -> None:
        """Type over what is in a field."""
        line = self.screen.query_one(field, Input)
        line.focus()
        line.value = ""
        await self.type(text)

    async def picture(self, name: str) -> None:
        """Take one, with cursors that show and do not blink."""
        await self.settle()
        for field in self.screen.query("Input, TextArea"):
            if isinstance(field, Input | TextArea):
                field.cursor_blink = False
                field._cursor_visible = field.has_focus
        await self.pilot.pause()
        assert name not in self.taken, f"there are two pictures called {name}"
        assert not self.app._exit, f"the app ended before {name}"
        self.taken[name] = self.app.export_screenshot(title="pk-tui", simplify=True)


@asynccontextmanager
async def posed(
    size: tuple[int, int],
    beginning: Beginning = Beginning.ATTACHED,
    prepare: Callable[[World, Moment], Awaitable[None]] = neighbourhood,
    *,
    holder: int | None = None,
    settings: Settings | None = None,
    environment: Mapping[str, str] | None = None,
    playground: bool = False,
) -> AsyncIterator[Posed]:
    """Alice's app in this world, open or before its node is."""
    clock = Moment()
    surroundings = {"TERM": "xterm-256color", **(environment or {})}
    with patch.dict(os.environ, surroundings):
        async with world(1, lambda: clock) as w:
            w.network.latency = (0.006, 0.006)
            await prepare(w, clock)
            pose_numbers(w.agents["alice"])
            front = PosedFront(w, Situation(beginning, HOME, holder))
            w.agents["alice"].lifecycle.verify_password = front.verify  # type: ignore[method-assign]
            app = PkApp(front, front.situation, settings or Settings(), clock, environment=surroundings)
            app.animation_level = "none"
            app.glyphs = UNICODE  # whatever this machine's locale can show
            if playground:
                app.playground = Playground(w.agents["alice"], "playground", "bob", "samples")
            async with app.run_test(size=size, notifications=True) as pilot:
                s = Posed(w, app, pilot, front)
                s.clock = clock
                await s.settle()
                yield s
