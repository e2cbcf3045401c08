"""Where deeds are tried: the stage with one bare pane, which notes where it is told to go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch

from simulator import World
from textual.app import ComposeResult
from textual.widgets import Input, Static
from tui.stage import Stage, stage

from pk_tui.api.views import VaultView
from pk_tui.terms import SecretPath
from pk_tui.tui.panes.kinds import PaneKind
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.screens import workspace
from pk_tui.tui.settings import Settings


class BarePane(Pane):
    PANE = "vaults"
    TITLE = "Vaults"

    def compose(self) -> ComposeResult:
        self.went: list[object] = []
        yield Static("a bare pane")

    def go_to(self, subject: object) -> None:
        self.went.append(subject)


class Acting(Stage):
    @property
    def pane(self) -> BarePane:
        return next(one for screen in self.app.screen_stack for one in screen.query(BarePane))

    async def vault(self, name: str) -> VaultView:
        return await self.alice.vaults.get(name)

    def do(self, deed: Coroutine[Any, Any, None]) -> None:
        self.pane.begin(deed, "deed")

    async def put(self, text: str, field: str) -> None:
        """Type over what is in a field."""
        line = self.screen.query_one(field, Input)
        line.focus()
        line.value = ""
        await self.type(text)
        await self.pilot.pause()

    async def value(self, vault: str, path: str) -> bytes:
        return b"".join([piece.reveal() async for piece in self.alice.secrets.read(vault, SecretPath.parse(path))])

    async def paths(self, vault: str) -> list[str]:
        return [entry.path for entry in await self.alice.secrets.list(vault, recursive=True)]

    async def settled(self) -> None:
        """Until no dialog is open and no deed runs."""
        await self.until(
            lambda: (
                len(self.app.screen_stack) == 2
                and not [one for one in self.app.workers if one.group == "deed" and one.is_running]
            ),
            "the deed ending",
        )


@asynccontextmanager
async def acting(
    size: tuple[int, int] = (120, 40),
    prepare: Callable[[World], Awaitable[None]] | None = None,
    settings: Settings | None = None,
) -> AsyncIterator[Acting]:
    with patch.object(workspace, "PANES", (PaneKind(BarePane.PANE, BarePane.TITLE, lambda: BarePane),)):
        async with stage(size, prepare, settings=settings) as s:
            await s.see("a bare pane")
            await s.until(lambda: s.app.session is not None and s.app.session.live.status is not None, "live")
            yield Acting(s.world, s.app, s.pilot, s.front)
