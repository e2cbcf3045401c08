"""The notifications pane: inbox, outbox and requests, and what can be done with each. How one looks is its widgets' affair.

Looking marks nothing as read: going into one does, and `m` and `M` do.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from pk_tui.terms import NodeId
from pk_tui.tui.deeds.noting import accept_request, clear_read, decline_request, decline_share, delete, take_back
from pk_tui.tui.deeds.receiving import clone_share, pull
from pk_tui.tui.live import Noun
from pk_tui.tui.messages import GoTo
from pk_tui.tui.notes import (
    BOXES,
    EMPTY,
    Box,
    NoteRow,
    connected_nodes,
    count_in,
    is_invite,
    notes_in,
    rows_in,
    share_in,
)
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.session import Session
from pk_tui.tui.text import counted, sentence
from pk_tui.tui.widgets.box_tabs import BoxTabs
from pk_tui.tui.widgets.filter_line import FilterLine
from pk_tui.tui.widgets.line_list import LineList
from pk_tui.tui.widgets.note_view import NoteView
from pk_tui.tui.widgets.notes_table import NotesTable, heading

AGES_EVERY = 10.0
"""Seconds between two looks at how old everything is."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the pane stands. `cursors`: the key under the cursor in each list."""

    box: Box = Box.INBOX
    cursors: dict[Box, str] = field(default_factory=dict)
    filter: str = ""


class NotificationsPane(Pane):
    PANE = "notifications"
    TITLE = "Inbox"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "accept", "Accept", id="notifications.accept",
                tooltip="Clone what is shared; claim who invites; accept a request"),
        Binding("x", "decline", "Decline", id="notifications.decline", tooltip="Decline, and tell nobody"),
        Binding("m", "mark", "Mark read", id="notifications.mark", tooltip="Mark as read"),
        Binding("d", "delete", "Delete", id="notifications.delete", tooltip="Delete it, or take back what waits"),
        Binding("right_square_bracket", "turn(1)", "Next list", key_display="]", id="notifications.next",
                tooltip="Inbox, outbox, requests: the next list"),
        Binding("slash", "filter", "Filter", id="notifications.filter", tooltip="Show only what has these letters"),
        Binding("left_square_bracket", "turn(-1)", "Previous list", key_display="[", show=False,
                id="notifications.previous", tooltip="Inbox, outbox, requests: the list before"),
        Binding("escape", "unfilter", "Clear the filter", show=False, id="notifications.unfilter", tooltip="Clear the filter"),
        Binding("i", "show('INBOX')", "Inbox", show=False, id="notifications.inbox", tooltip="Show the inbox"),
        Binding("o", "show('OUTBOX')", "Outbox", show=False, id="notifications.outbox", tooltip="Show what waits to be sent"),
        Binding("R", "show('REQUESTS')", "Requests", show=False, id="notifications.requests",
                tooltip="Show what nodes send that are not trusted"),
        Binding("M", "mark_all", "Mark all read", show=False, id="notifications.mark_all", tooltip="Mark all as read"),
        Binding("D", "clear", "Delete read", show=False, id="notifications.clear",
                tooltip="Delete all of the inbox that is read"),
    ]  # fmt: skip

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._box = Box.INBOX
        self._cursors: dict[Box, str] = {}
        self._connected: frozenset[NodeId] = frozenset()

    def compose(self) -> ComposeResult:
        with Vertical(id="lists", classes="panel"):
            yield BoxTabs()
            yield Static("", id="columns", markup=False)
            yield NotesTable(self.session.glyphs)
            yield FilterLine()
        yield NoteView()

    def on_mount(self) -> None:
        if not self.is_whole:
            return
        self.set_interval(AGES_EVERY, self._draw)
        self._draw()

    # What there is, and where one is in it

    @property
    def _table(self) -> NotesTable:
        return self.query_one(NotesTable)

    @property
    def _filter(self) -> str:
        return self.query_one(FilterLine).words

    def refreshed(self, noun: Noun) -> None:
        if noun is Noun.CONNECTIONS:  # of which bytes change every second: only who is connected matters
            connected = connected_nodes(self.live)
            if connected == self._connected:
                return
            self._connected = connected
        self._draw()

    def _draw(self, cursor: str | None = None) -> None:
        if not self.display:  # drawn when it is entered
            return
        self.query_one(BoxTabs).facts = self._box, tuple(count_in(self.live, box) for box in BOXES)
        rows = rows_in(self.live, self._box, self.session.clock.now(), self._filter)
        self._table.empty = self._nothing()
        self._table.show_rows(rows, cursor)
        self._show_columns()
        self._show_current()

    def _nothing(self) -> Content:
        if self.live.status is None:
            return Content.styled("Reading …", "dim")
        if self._filter and notes_in(self.live, self._box):
            return sentence("Nothing here has “$wanted” in it. esc clears the filter.", wanted=self._filter)
        return Content(EMPTY[self._box])

    def _show_columns(self) -> None:
        columns = self.query_one("#columns", Static)
        columns.update(Content.styled(heading(self._box, self._table.size.width - 2).plain, "dim"))
        columns.display = bool(self._table.rows)

    def _show_current(self) -> None:
        current = self._table.current
        self.set_class(current is None, "-empty")
        self.query_one(NoteView).show(current)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_columns)

    @on(LineList.Moved)
    def _moved(self, event: LineList.Moved) -> None:
        event.stop()
        if self._table.current is not None:
            self._cursors[self._box] = self._table.current.key
        self._show_current()

    def _turn_to(self, box: Box, cursor: str | None = None) -> None:
        self._box = box
        self.remove_class("-reading")
        self._draw(cursor or self._cursors.get(box, ""))
        self._table.focus()

    def action_show(self, box: str) -> None:
        self._turn_to(Box[box])

    def action_turn(self, by: int) -> None:
        self._turn_to(BOXES[(BOXES.index(self._box) + by) % len(BOXES)])

    @on(BoxTabs.Chosen)
    def _tab_clicked(self, event: BoxTabs.Chosen) -> None:
        event.stop()
        self._turn_to(event.box)

    def place(self) -> object:
        return Place(self._box, dict(self._cursors), self._filter)

    def restore(self, place: object) -> None:
        if isinstance(place, Place):
            self._box, self._cursors = place.box, dict(place.cursors)
            self.query_one(FilterLine).put(place.filter)
            self._draw(self._cursors.get(self._box, ""))

    def go_to(self, subject: object) -> None:
        row = next((row for row in self._table.rows if row.note.sender == subject), None)
        if row is not None:
            self._table.put_cursor(row.key)

    def entered(self) -> None:
        self._draw(self._cursors.get(self._box))
        self._table.focus()

    # Filter

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape clears the filter if there is one, and is somebody else's key if there is none."""
        return action != "unfilter" or bool(self._filter)

    def action_filter(self) -> None:
        self.query_one(FilterLine).open()

    def action_unfilter(self) -> None:
        self.query_one(FilterLine).put("")

    @on(FilterLine.Narrowed)
    def _narrowed(self, event: FilterLine.Narrowed) -> None:
        event.stop()
        self._draw()

    @on(FilterLine.Closed)
    def _filtered(self, event: FilterLine.Closed) -> None:
        event.stop()
        self._table.focus()

    # Reading

    @on(LineList.Chosen)
    def _opened(self, event: LineList.Chosen) -> None:
        event.stop()
        self.add_class("-reading")
        self.query_one(NoteView).focus()
        row = self._table.current
        if row is not None and row.is_new:
            self.do(self._mark(row), "mark")

    @on(NoteView.Closed)
    def _went_back(self, event: NoteView.Closed) -> None:
        event.stop()
        self.remove_class("-reading")
        self._table.focus()

    def action_mark(self) -> None:
        row = self._table.current
        if row is None or self._box is not Box.INBOX:
            self.say("Only what is in the inbox can be marked as read.")
        elif not row.is_new:
            self.say("This one is marked as read already.")
        else:
            self.do(self._mark(row), "mark")

    async def _mark(self, row: NoteRow) -> None:
        await self.api.notifications.mark_read([row.note.notification_id])

    def action_mark_all(self) -> None:
        new = count_in(self.live, Box.INBOX)
        if not new:
            self.say("Nothing in the inbox is new.")
            return

        async def mark_all() -> None:
            await self.api.notifications.mark_read()
            self.say(f"Marked {counted(new, 'notification')} as read.")

        self.do(mark_all(), "mark all")

    # Deciding

    def action_accept(self) -> None:
        row = self._table.current
        if row is None:
            self.say("There is nothing here to accept.")
        elif row.box is Box.REQUESTS:
            self.begin(self._accept(row), "accept")
        elif row.box is Box.OUTBOX:
            self.say("This waits to be sent: there is nothing to accept. d takes it back.")
        elif is_invite(row.note):
            self.begin(self._claim(row), "claim")
        elif share_in(row.note) is None:
            self.say(sentence("There is nothing to accept in this: d deletes it, m marks it as read."))
        elif row.clone is None:
            self.begin(self._clone(row), "clone")
        else:
            self.begin(self._follow(row), "follow")

    async def _accept(self, row: NoteRow) -> None:
        if await accept_request(self, row):
            self._turn_to(Box.INBOX, replace(row, box=Box.INBOX).key)

    async def _clone(self, row: NoteRow) -> None:
        vault = await clone_share(self, row.note)
        current = self._table.current
        if vault is None:
            return
        await self._mark(row)
        # Whoever has gone on to something else is not pulled away from it.
        if self.display and self.screen.is_active and current is not None and current.key == row.key:
            self.post_message(GoTo("vaults", vault))

    async def _claim(self, row: NoteRow) -> None:
        from pk_tui.tui.deeds.linking import claim

        if await claim(self, row.note.sender):
            await self._mark(row)

    async def _follow(self, row: NoteRow) -> None:
        """To the vault that was cloned from this share; what is new there is pulled first."""
        assert row.clone is not None
        if row.clone.behind:
            await pull(self, row.clone)
        else:
            self.post_message(GoTo("vaults", row.clone.vault_id))

    def action_decline(self) -> None:
        row = self._table.current
        if row is None:
            self.say("There is nothing here to decline.")
        elif row.box is Box.REQUESTS:
            self.begin(decline_request(self, row), "decline")
        elif row.box is Box.INBOX and share_in(row.note) is not None:
            self.begin(decline_share(self, row), "decline")
        elif row.box is Box.INBOX and is_invite(row.note):
            self.begin(delete(self, row), "decline")
        else:
            self.say("There is nothing to decline in this: d deletes it.")

    # Deleting

    def action_delete(self) -> None:
        row = self._table.current
        if row is None:
            self.say("There is nothing here to delete.")
        elif row.box is Box.REQUESTS:
            self.action_decline()
        elif row.box is Box.OUTBOX:
            self.begin(take_back(self, row), "take back")
        else:
            self.begin(delete(self, row), "delete")

    def action_clear(self) -> None:
        if self._box is not Box.INBOX:
            self.say("Only the inbox can be cleared of what is read.")
            return
        read = [note for note in self.live.inbox if note.is_read]
        if not read:
            self.say("Nothing in the inbox is read yet: m marks one, M marks all.")
            return

        self.begin(clear_read(self, read), "clear")
