"""What the four panes have in common: the way to the agent, to the status line, and to dialogs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from textual.containers import Container
from textual.content import Content
from textual.screen import Screen
from textual.worker import Worker

from pk_tui.api.facade import AgentApi
from pk_tui.errors import PkError
from pk_tui.tui.live import Live, Noun
from pk_tui.tui.messages import Busy, Said, Tone
from pk_tui.tui.remedies import reason
from pk_tui.tui.screens.working import WorkingScreen
from pk_tui.tui.session import Session
from pk_tui.tui.text import shown
from pk_tui.tui.transfers import Transfer
from pk_tui.tui.turns import Turn

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Verb:
    turn: Turn
    screen: WorkingScreen
    task: asyncio.Task[object] | None


_VERB: ContextVar[_Verb | None] = ContextVar("verb", default=None)


def _verb() -> _Verb | None:
    """The one that is being carried out. What its dialogs do inherits its context, but is part of it, and waits for no turn."""
    verb = _VERB.get()
    return verb if verb is not None and verb.task is asyncio.current_task() else None


class Pane(Container):
    """One pane. `PANE` is its id and the name under which its place is kept; `TITLE` stands on its tab.

    A verb is an action that starts a coroutine with `begin`; in it dialogs are asked with `ask`, work is done within `busy`, and
    a PkError that comes out is shown. The coroutine ends when the pane does, which is when the screen is locked. One verb at a
    time has the turn, so two never ask at once.
    """

    PANE = ""
    TITLE = ""

    def __init__(self, session: Session) -> None:
        super().__init__(id=self.PANE)
        self.session = session

    @property
    def api(self) -> AgentApi:
        return self.session.api

    @property
    def live(self) -> Live:
        return self.session.live

    @property
    def is_whole(self) -> bool:
        """False if it is taken away while it is being made, as when the app ends: Textual mounts it all the same, but without
        what was to be in it."""
        return self.app.return_code is None and not self._pruning

    def on_mount(self) -> None:
        if not self.is_whole:
            return
        self.live.changed.subscribe(self, self.refreshed)
        place = self.session.places.get(self.PANE)
        if place is not None:
            self.restore(place)

    # What a pane fills in

    def refreshed(self, noun: Noun) -> None:
        """Something in `live` changed: show it, without moving the cursor or losing a selection."""

    def place(self) -> object:
        """Where the pane stands (cursor, open branches, filter; never a value), to return to after the screen was locked."""
        return None

    def restore(self, place: object) -> None:
        """Return to such a place; called once, on a new pane."""

    def go_to(self, subject: object) -> None:
        """Put the cursor on this vault or node, if it is here."""

    def entered(self) -> None:
        """The pane is shown now: give focus to its list."""

    def left(self) -> None:
        """The pane is hidden now, or the window lost focus: whatever shows a value hides it."""

    # What a pane uses

    def say(self, text: Content | str) -> None:
        """A line in the status line that goes by itself. A plain string must be our own words alone."""
        self.post_message(Said(Content(text) if isinstance(text, str) else text))

    def complain(self, error: PkError) -> None:
        self.post_message(Said(shown(reason(error), 500), Tone.FAILED))

    def do(self, work: Coroutine[Any, Any, None], name: str) -> Worker[None]:
        """Carry out a verb that asks nothing. `name` is a word of ours: workers are listed with it."""
        return self.run_worker(self._guarded(work), name=name, group=name, description=name, exit_on_error=True)

    def begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Carry out a verb that may ask, or changes something: unless it is another one's turn. Then this is said, and nothing
        else happens."""
        screen = self.screen
        if not isinstance(screen, WorkingScreen):
            self.do(work, name)
            return
        turn = screen.turns.begin()
        if turn is None:
            work.close()
            self.say("One thing at a time: what was begun before is not done yet.")
            return
        self.do(self._in_turn(work, turn, screen), name)

    async def _in_turn(self, work: Coroutine[Any, Any, None], turn: Turn, screen: WorkingScreen) -> None:
        _VERB.set(_Verb(turn, screen, asyncio.current_task()))
        try:
            await work
        finally:
            turn.end()

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except PkError as error:
            self.complain(error)

    async def ask(self, dialog: Screen[Answer]) -> Answer | None:
        """Lay a dialog over the screen and wait for its answer; None if it was called off. While another verb has the turn, or
        something else lies over the screen, that comes first."""
        verb = _verb()
        if verb is None:
            return await self.app.push_screen_wait(dialog)
        await self._nothing_covers(verb.turn, verb.screen)
        try:
            return await self.app.push_screen_wait(dialog)
        finally:
            verb.turn.goes_on()

    async def _nothing_covers(self, turn: Turn, screen: WorkingScreen) -> None:
        """Until it is this verb's turn, and its screen is the one that shows."""
        changed = asyncio.Event()
        signal = self.app.screen_change_signal
        signal.subscribe(self, lambda _: changed.set(), immediate=True)
        try:
            await turn.comes()
            while self.app.screen is not screen:
                changed.clear()
                await changed.wait()
                await turn.comes()
        finally:
            signal.unsubscribe(self)

    @asynccontextmanager
    async def busy(self, text: Content | str, *, waits: bool = False) -> AsyncIterator[None]:
        """Say what is being done for as long as the block takes; shown only if that is noticeable. `waits`: for somebody else,
        such as another node, so that other verbs may begin meanwhile."""
        token = object()
        verb = _verb() if waits else None
        self.post_message(Busy(token, Content(text) if isinstance(text, str) else text))
        try:
            async with AsyncExitStack() as meanwhile:
                if verb is not None:
                    await meanwhile.enter_async_context(verb.turn.given_up())
                yield
        finally:
            self.post_message(Busy(token, None))

    async def see_through(self, transfer: Transfer) -> Transfer:
        """Wait for the end of a transfer, however it ends; other verbs may begin meanwhile."""
        verb = _verb()
        if verb is None:
            return await self.session.transfers.wait(transfer)
        async with verb.turn.given_up():
            return await self.session.transfers.wait(transfer)

    async def explain(self, error: PkError, node: str, vault: str | None = None) -> None:
        """Say why something with another node failed: the checks in turn, with the one that failed."""
        async with self.busy("Finding out why", waits=True):
            try:
                async with asyncio.timeout(20):
                    steps = await self.api.nodes.diagnose(node, vault)
            except (PkError, TimeoutError):
                self.complain(error)
                return
        from pk_tui.tui.dialogs.checks import ChecksDialog

        await self.ask(ChecksDialog(shown(reason(error), 500), steps, self.session.glyphs))
