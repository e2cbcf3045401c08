"""The app: wires the parts together, from the first screen to the way out. What covers what is in `lockable`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from os import environ
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from pk_tui.api.front import Beginning, Front, Situation
from pk_tui.clock import Clock
from pk_tui.errors import PkError
from pk_tui.plaintext import Plaintext
from pk_tui.tui import glyphs, theme
from pk_tui.tui.beginning import first_run, first_styles, keep_what_is_loaded, lock
from pk_tui.tui.lockable import LockableApp
from pk_tui.tui.messages import KeySeen
from pk_tui.tui.remedies import reason
from pk_tui.tui.settings import Settings

if TYPE_CHECKING:
    from textual.command import Provider

    from pk_tui.api.facade import AgentApi
    from pk_tui.tui.clipboard import Clipboard

ENDED_IN_BACKGROUND = -1
"""The app's result when the node is to go on without it."""


def _verbs() -> type[Provider]:
    from pk_tui.tui.commands import VerbProvider

    return VerbProvider


class PkApp(LockableApp):
    CSS_PATH = ["app.tcss", "dialogs/dialog.tcss"]  # noqa: RUF012 - so declared by Textual
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_verbs}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "leave", "Quit", show=False, priority=True, id="quit.now", tooltip="End pk-tui"),
    ]

    def __init__(
        self,
        front: Front,
        situation: Situation,
        settings: Settings,
        clock: Clock,
        *,
        playground: bool = False,
        environment: Mapping[str, str] = environ,
    ) -> None:
        super().__init__(front, clock, situation, settings)
        self.css_path = [*self.css_path, *first_styles(situation.beginning)]
        self.glyphs = glyphs.fitting()
        self.environment = environment
        self._wants_playground = playground
        for one in theme.OURS:
            self.register_theme(one)
        # Before anything is drawn: a theme that changes later has all styles read again.
        first = theme.theme_for(settings.theme, self.available_themes, environment)
        self.set_reactive(App.theme, first)
        self.stylesheet.set_variables(self.get_css_variables())

    @cached_property
    def copied(self) -> Clipboard:
        from pk_tui.tui.clipboard import Clipboard

        return Clipboard(self, self.clock, self.environment)

    def on_mount(self) -> None:
        self.call_later(self._begin)  # while it is being mounted Textual draws, and throws the picture away

    async def _begin(self) -> None:
        await self.show(await self._first_screen())
        if self.situation.beginning is not Beginning.ATTACHED:
            self.call_after_refresh(self.front.prepare)

    async def _first_screen(self) -> Screen[Any]:
        if self._wants_playground or self.situation.beginning is Beginning.NO_NODE:
            return first_run(self._wants_playground)
        if self.situation.beginning is Beginning.ATTACHED:
            try:
                return self.begin(await self.front.attach())
            except PkError as error:
                return lock(reason(error))
        return lock("")

    # From no node to an open one

    async def open_node(self, password: Plaintext, accept_state: bool = False) -> None:
        """Open the node, or a fully locked one again, and show it. Raises what `Front.open` raises."""
        api = await self.front.open(password, accept_state)
        self.situation = await self.front.look()
        await self.show(self.begin(api))

    async def open_playground(self) -> None:
        self.playground = await self.front.open_playground()
        self.situation = await self.front.look()
        await self.show(self.begin(self.playground.api))

    def begin(self, api: AgentApi) -> Screen[Any]:
        """A session on this agent; its workspace."""
        from pk_tui.tui.live import Live
        from pk_tui.tui.screens.workspace import Workspace
        from pk_tui.tui.session import Session
        from pk_tui.tui.transfers import Transfers

        keep_what_is_loaded()
        live = Live(self, api)
        self.session = Session(
            api=api,
            live=live,
            transfers=Transfers(self),
            clipboard=self.copied,
            clock=self.clock,
            glyphs=self.glyphs,
            front=self.front,
            situation=self.situation,
            settings=self.settings,
            playground=self.playground,
        )
        self.touched = self.clock.elapsed()
        live.changed.subscribe(self, self.live_changed)
        self.run_worker(live.run(), name="live", group="live", description="live", exclusive=True)
        return Workspace(self.session)

    def key_seen(self) -> None:
        self.screen.post_message(KeySeen())

    # The way out

    def action_leave(self) -> None:
        from pk_tui.tui.dialogs.quit import leave

        self.run_worker(leave(self), name="leave", group="leave", description="leave")

    def end_by_signal(self, number: int) -> None:
        self.exit(128 + number, return_code=128 + number)

    async def clean_up(self) -> None:
        """After the screen is gone: nothing of ours stays on the clipboard."""
        if "copied" in vars(self):
            await self.copied.clear_now()
