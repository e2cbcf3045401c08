"""The screen one works on: header, four panes of which one shows, status line, keys. It holds no truth of its own.

Made anew after every unlocking; while the screen is locked it does not exist, and where it stood is kept in the session.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import ContentSwitcher

from pk_tui.safe_text import safe_text
from pk_tui.tui.live import Noun
from pk_tui.tui.messages import Busy, GoTo, Said, Tone
from pk_tui.tui.panes.gestalt import GestaltPane
from pk_tui.tui.panes.nodes import NodesPane
from pk_tui.tui.panes.notifications import NotificationsPane
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.panes.vaults import VaultsPane
from pk_tui.tui.screens.working import WorkingScreen
from pk_tui.tui.screenshot import save_screenshot
from pk_tui.tui.session import Session
from pk_tui.tui.text import sentence, shown
from pk_tui.tui.transfers import State, Transfer
from pk_tui.tui.widgets.header_bar import Facts, HeaderBar
from pk_tui.tui.widgets.key_bar import KeyBar
from pk_tui.tui.widgets.status_line import StatusLine

PANES: tuple[type[Pane], ...] = (VaultsPane, NodesPane, GestaltPane, NotificationsPane)
_SHOWN = "shown pane"
OTHERS_AFTER = 0.2
"""Seconds from the first picture until the panes that do not show are made: what fills the one that does goes first."""


class Workspace(WorkingScreen):
    CSS_PATH = [  # noqa: RUF012 - so declared by Textual
        "workspace.tcss",
        "../panes/vaults.tcss",
        "../panes/nodes.tcss",
        "../panes/gestalt.tcss",
        "../panes/notifications.tcss",
    ]
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - so declared by Textual
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "show('vaults')", "Go to vaults", show=False, id="pane.vaults", tooltip="Show the vaults"),
        Binding("2", "show('nodes')", "Go to nodes", show=False, id="pane.nodes", tooltip="Show the nodes"),
        Binding("3", "show('gestalt')", "Go to gestalts", show=False, id="pane.gestalt", tooltip="Show the gestalts"),
        Binding(
            "4",
            "show('notifications')",
            "Go to notifications",
            show=False,
            id="pane.notifications",
            tooltip="Show the notifications",
        ),
        Binding("escape", "back", "Back", show=False, id="back", tooltip="Call off the running transfer"),
        Binding("question_mark,f1", "help", "Help", id="help", tooltip="Show the keys that work here"),
        Binding(
            "colon,ctrl+p", "app.command_palette", "Find a verb", show=False, id="palette", tooltip="Type what to do"
        ),
        Binding("ctrl+f", "find", "Find a name", show=False, id="find", tooltip="Find a vault, secret or node by name"),
        Binding("f2", "settings", "Settings", show=False, id="settings", tooltip="Theme, times, where the node lies"),
        Binding(
            "f12",
            "screenshot",
            "Screenshot",
            show=False,
            id="screenshot",
            tooltip="Hide all values, then save a picture",
        ),
        Binding("q", "app.leave", "Quit", show=False, id="quit", tooltip="End pk-tui"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._making = asyncio.Lock()
        self._finished = False

    def compose(self) -> ComposeResult:
        shown = str(self.session.places.get(_SHOWN, PANES[0].PANE))
        yield HeaderBar(self.session.glyphs)
        with ContentSwitcher(initial=shown):
            yield next(pane for pane in PANES if shown == pane.PANE)(self.session)
        yield StatusLine(self.session.glyphs)
        yield KeyBar()

    def on_mount(self) -> None:
        self.session.live.changed.subscribe(self, self._changed)
        self.session.transfers.changed.subscribe(self, self._stepped)
        self.session.clipboard.changed.subscribe(self, self._on_loan)
        self.query_one(StatusLine).show_lasting(self.session.clipboard.line())
        self.watch(self.app, "app_focus", self._window_focus, init=False)  # the event itself reaches the app alone
        self.set_interval(1.0, self.show_facts)
        self.show_facts()
        for transfer in self.session.transfers.running:
            self._stepped(transfer)
        self.pane.entered()  # before it is drawn: a key that is pressed as soon as the list is seen is meant for it
        self.call_after_refresh(self._first_picture_is_there)
        if reason := self.session.front.not_listening:
            self.query_one(StatusLine).say(
                sentence("Other nodes cannot call this one: $reason", reason=shown(reason, 300)), Tone.FAILED
            )

    def _first_picture_is_there(self) -> None:
        self.set_timer(OTHERS_AFTER, self._make_others)

    async def _make_others(self) -> None:
        for pane in PANES:
            await self._make(pane)

    async def _make(self, pane: type[Pane]) -> None:
        async with self._making:
            if not self._finished and self.is_attached and not self.query(f"#{pane.PANE}"):
                made = pane(self.session)
                made.display = False
                await self.query_one(ContentSwitcher).mount(made)

    @property
    def pane(self) -> Pane:
        """The pane that shows."""
        return self.query_one(f"#{self.query_one(ContentSwitcher).current}", Pane)

    def remember(self) -> None:
        """Keep in the session where everything stands; called before the screen goes away."""
        self.session.places[_SHOWN] = self.pane.PANE
        for pane in self.query(Pane):
            if pane.is_mounted:  # else it is being made, and is not yet where it stood before
                self.session.places[pane.PANE] = pane.place()

    async def finish(self) -> None:
        async with self._making:
            self._finished = True

    async def action_show(self, pane: str) -> None:
        await self.show(pane)

    async def show(self, name: str) -> None:
        await self._make(next(pane for pane in PANES if name == pane.PANE))
        if name != self.pane.PANE:
            self.pane.left()
            self.query_one(ContentSwitcher).current = name
            self.show_facts()
        self.pane.entered()
        self.refresh_bindings()

    def action_back(self) -> None:
        called_off = self.session.transfers.cancel()
        if called_off is None:
            self.pane.left()

    def action_find(self) -> None:
        if not any(worker.group == "find" and worker.is_running for worker in self.workers):  # a key that repeats
            self.run_worker(self._find(), name="find", group="find", description="find")

    async def _find(self) -> None:
        from pk_tui.tui.dialogs.find import FindDialog

        found = await self.app.push_screen_wait(FindDialog(self.session))
        if found is not None:
            self.post_message(GoTo(found.pane, found.subject))

    def action_help(self) -> None:
        from pk_tui.tui.dialogs.help import HelpDialog, help_groups

        self.app.push_screen(HelpDialog(help_groups(self)))

    def action_settings(self) -> None:
        from pk_tui.tui.dialogs.settings import SettingsDialog

        self.app.push_screen(SettingsDialog(self.session))

    def action_screenshot(self) -> None:
        """Of the screen as it is when every value on it is hidden."""
        for pane in self.query(Pane):
            pane.left()
        self.call_after_refresh(self._save_screenshot)

    def _save_screenshot(self) -> None:
        try:
            path = save_screenshot(self.app, self.session.clock)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self.on_said(Said(sentence("The picture could not be saved: $reason.", reason=reason), Tone.FAILED))
        else:
            self.on_said(Said(sentence("Saved “$path”. Names can be read in it, values not.", path=path)))

    def show_facts(self) -> None:
        live = self.session.live
        own = live.status.node_id.short if live.status else ""
        self.query_one(HeaderBar).facts = Facts(
            tabs=tuple((pane.PANE, pane.TITLE) for pane in PANES),
            current=self.pane.PANE,
            unread=live.unread,
            connected=live.connected,
            tried=len(live.connections),
            name=safe_text(own, 20),
            attached=self.session.situation.holder is not None,
            playground=self.session.playground is not None,
            warns_in=self._warns_in(),
        )

    def _warns_in(self) -> int | None:
        due: int | None = getattr(self.app, "locks_in", None)
        return due

    def _changed(self, noun: Noun) -> None:
        self.show_facts()

    def _stepped(self, transfer: Transfer) -> None:
        line = self.query_one(StatusLine)
        running = self.session.transfers.running
        line.show_transfer(running[-1] if running else None)
        if transfer.state in (State.DONE, State.CANCELLED) and transfer.says is not None:
            line.say(transfer.says, Tone.DONE)
        elif transfer.state is State.FAILED and transfer.says is not None:
            line.say(transfer.says, Tone.FAILED)

    def on_key_seen(self) -> None:
        self.query_one(StatusLine).key_pressed()

    def on_said(self, event: Said) -> None:
        event.stop()
        self.query_one(StatusLine).say(event.text, event.tone)

    def on_busy(self, event: Busy) -> None:
        event.stop()
        self.query_one(StatusLine).busy(event.token, event.text)

    @on(GoTo)
    async def _go_to(self, event: GoTo) -> None:
        event.stop()
        await self.show(event.pane)
        if event.subject is not None:
            self.pane.go_to(event.subject)

    @on(HeaderBar.Chosen)
    async def _tab_clicked(self, event: HeaderBar.Chosen) -> None:
        event.stop()
        await self.show(event.pane)

    def _window_focus(self, focused: bool) -> None:
        if not focused:
            self.pane.left()

    def _on_loan(self, became: Content | None) -> None:
        line = self.query_one(StatusLine)
        line.show_lasting(self.session.clipboard.line())
        if became is not None:
            line.say(became, Tone.DONE)
