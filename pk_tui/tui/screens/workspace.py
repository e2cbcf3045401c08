"""The screen one works on: header, four panes of which one shows, status line, keys. It holds no truth of its own.

Made anew after every unlocking; while the screen is locked it does not exist, and where it stood is kept in the session.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.timer import Timer
from textual.widgets import ContentSwitcher

from pk_tui.safe_text import safe_text
from pk_tui.terms import NodeId
from pk_tui.tui.live import Noun
from pk_tui.tui.messages import Busy, GoTo, Said, Tone
from pk_tui.tui.panes.kinds import PANES, PaneKind
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.screens.working import WorkingScreen
from pk_tui.tui.screenshot import save_screenshot
from pk_tui.tui.session import Session
from pk_tui.tui.text import sentence, shown
from pk_tui.tui.transfers import State, Transfer
from pk_tui.tui.turns import Turn
from pk_tui.tui.widgets.header_bar import Facts, HeaderBar
from pk_tui.tui.widgets.key_bar import KeyBar
from pk_tui.tui.widgets.status_line import StatusLine

_SHOWN = "shown pane"
LOOK_AGAIN = 1.0
"""Seconds until what could not be shown is tried once more."""
OTHERS_AFTER = 0.2
"""Seconds from the first picture until the panes that do not show are made: what fills the one that does goes first."""


class Workspace(WorkingScreen):
    CSS_PATH = "workspace.tcss"
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
        Binding("f3", "audit", "Audit", show=False, id="audit", tooltip="What was done at this node, by whom and when"),
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
        super().__init__(session.clock)
        self.session = session
        self._making = asyncio.Lock()
        self._finished = False
        self._was_seen = False
        self._looks_again: Timer | None = None

    def compose(self) -> ComposeResult:
        shown = str(self.session.places.get(_SHOWN, PANES[0].PANE))
        # Now, when nothing is in it: Textual does so with the first size it is told, and then styles all that is in it once more.
        self.update_classes(self._fitting(self.app.size), animate=False)
        yield HeaderBar(self.session.glyphs)
        with ContentSwitcher(initial=shown):
            kind = next(kind for kind in PANES if shown == kind.PANE)
            self._style(kind)
            yield kind.load()(self.session)
        yield StatusLine(self.session.glyphs)
        yield KeyBar()

    def _fitting(self, size: Size) -> dict[str, bool]:
        """Which classes it has in a window of this size."""
        across = self._get_breakpoint_classes(size.width, self.HORIZONTAL_BREAKPOINTS)
        down = self._get_breakpoint_classes(size.height, self.VERTICAL_BREAKPOINTS)
        all_of_them = (*self.HORIZONTAL_BREAKPOINTS, *self.VERTICAL_BREAKPOINTS)
        return {name: name in across | down for _, name in all_of_them}

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

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Before Textual's own, which would style all that was made a moment ago once more."""
        if not self._was_seen:
            self._was_seen, event.refresh_styles = True, False

    def _first_picture_is_there(self) -> None:
        self.set_timer(OTHERS_AFTER, self._make_others)
        if Noun.NODES in self.session.live.has_read:  # what came while the screen was locked
            self._look_for_forks()

    async def _make_others(self) -> None:
        for kind in PANES:
            await self._make(kind)

    async def _make(self, kind: PaneKind) -> None:
        async with self._making:
            if self.query(f"#{kind.PANE}"):
                return
            pane = await asyncio.to_thread(kind.load) if kind.loaded is None else kind.loaded
            if not self._finished and self.is_attached:
                self._style(kind)
                made = pane(self.session)
                made.display = False
                await self.query_one(ContentSwitcher).mount(made)

    def _style(self, kind: PaneKind) -> None:
        """Read how it is to look. What is there already has nothing of it: each pane's rules are of that pane alone."""
        styles = self.app.stylesheet
        if kind.style is not None and not styles.has_source(str(kind.style)):
            styles.read(kind.style)
            styles.parse()

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
        await self._make(next(kind for kind in PANES if name == kind.PANE))
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
        turn = self.turns.begin()
        if turn is not None:
            self.run_worker(self._find(turn), name="find", group="find", description="find")

    async def _find(self, turn: Turn) -> None:
        from pk_tui.tui.dialogs.find import FindDialog

        try:
            found = await self.app.push_screen_wait(FindDialog(self.session))
        finally:
            turn.end()
        if found is not None:
            self.post_message(GoTo(found.pane, found.subject))

    def action_help(self) -> None:
        from pk_tui.tui.dialogs.help import HelpDialog, help_groups

        self.app.push_screen(HelpDialog(help_groups(self)))

    def action_settings(self) -> None:
        from pk_tui.tui.dialogs.settings import SettingsDialog

        self.app.push_screen(SettingsDialog(self.session))

    def action_audit(self) -> None:
        from pk_tui.tui.dialogs.audit import AuditDialog

        self.app.push_screen(AuditDialog(self.session))

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
            tabs=tuple((kind.PANE, kind.TITLE) for kind in PANES),
            current=self.pane.PANE,
            unread=live.unread,
            waiting=len(live.pending),
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
        if noun is Noun.NODES:
            self._look_for_forks()

    def _look_for_forks(self) -> None:
        """Those that were there when the window was opened are said; one that comes while it is open is shown in full, as soon as
        nobody is asked anything else."""
        session = self.session
        forked = {fork.node_id for fork in session.live.forks}
        if session.forks_shown is None:
            session.forks_shown = set(forked)
            if forked:
                self.query_one(StatusLine).say(
                    Content("A node has shown two histories of itself: it is marked in 3, and ! there shows both."),
                    Tone.FAILED,
                )
        new = forked - session.forks_shown
        if new:
            turn = self.turns.begin()
            if turn is None:
                if self._looks_again is not None:
                    self._looks_again.stop()
                self._looks_again = self.set_timer(LOOK_AGAIN, self._look_for_forks)
                return
            session.forks_shown |= new
            self.run_worker(self._show_forks(sorted(new), turn), name="forks", group="forks", description="forks")

    async def _show_forks(self, nodes: list[NodeId], turn: Turn) -> None:
        from pk_tui.tui.deeds.linking import fork

        try:
            for node in nodes:
                await fork(self.pane, node)
        finally:
            turn.end()

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
