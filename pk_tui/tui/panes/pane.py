"""What the four panes have in common: the way to the agent, to the status line, and to dialogs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from textual.containers import Container
from textual.content import Content
from textual.screen import Screen
from textual.worker import Worker

from pk_tui.api.facade import AgentApi
from pk_tui.errors import PkError
from pk_tui.tui.dialogs.checks import ChecksDialog
from pk_tui.tui.live import Live, Noun
from pk_tui.tui.messages import Busy, Said, Tone
from pk_tui.tui.session import Session
from pk_tui.tui.text import shown

Answer = TypeVar("Answer")


class Pane(Container):
    """One pane. `PANE` is its id and the name under which its place is kept; `TITLE` stands on its tab.

    A verb is an action that starts a coroutine with `do`; in it dialogs are asked with `ask`, work is done within `busy`, and
    a PkError that comes out is shown. The coroutine ends when the pane does, which is when the screen is locked.
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
        self.post_message(Said(shown(error.message, 500), Tone.FAILED))

    def do(self, work: Coroutine[Any, Any, None], name: str) -> Worker[None]:
        """Carry out a verb. `name` is a word of ours: workers are listed with it."""
        return self.run_worker(self._guarded(work), name=name, group=name, description=name, exit_on_error=True)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except PkError as error:
            self.complain(error)

    async def ask(self, dialog: Screen[Answer]) -> Answer | None:
        """Lay a dialog over the screen and wait for its answer; None if it was called off."""
        return await self.app.push_screen_wait(dialog)

    @asynccontextmanager
    async def busy(self, text: Content | str) -> AsyncIterator[None]:
        """Say what is being done for as long as the block takes; shown only if that is noticeable."""
        token = object()
        self.post_message(Busy(token, Content(text) if isinstance(text, str) else text))
        try:
            yield
        finally:
            self.post_message(Busy(token, None))

    async def explain(self, error: PkError, node: str, vault: str | None = None) -> None:
        """Say why something with another node failed: the checks in turn, with the one that failed."""
        async with self.busy("Finding out why"):
            try:
                async with asyncio.timeout(20):
                    steps = await self.api.nodes.diagnose(node, vault)
            except (PkError, TimeoutError):
                self.complain(error)
                return
        await self.ask(ChecksDialog(shown(error.message, 500), steps, self.session.glyphs))
