"""The nodes pane: who there is and how the connection to each stands, live; below it what is known of the selected one.

Which rows there are and in what order is in `node_rows`, the verbs in `deeds`; here are keys, focus and when to look again.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content

from pk_tui.terms import NodeId
from pk_tui.tui.live import Noun
from pk_tui.tui.node_rows import NodeRow, Sorting, clones_from, gestalt_of, in_order, matching, merged
from pk_tui.tui.node_words import nodes_title, why_no_nodes
from pk_tui.tui.panes import node_verbs
from pk_tui.tui.panes.node_verbs import NODES_KEYS
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.session import Session
from pk_tui.tui.widgets.filter_line import FilterLine
from pk_tui.tui.widgets.line_list import LineList
from pk_tui.tui.widgets.node_strip import NodeStrip
from pk_tui.tui.widgets.nodes_table import NodesHead, NodesTable
from pk_tui.tui.widgets.telling import Telling

LOOK_EVERY = 1.0
"""Seconds between two looks at what no event tells of: round trips, and how long ago something was."""


@dataclass(frozen=True, slots=True)
class Place:
    node: NodeId | None
    sorting: Sorting
    words: str
    is_paused: bool
    is_reading: bool


class NodesPane(Pane):
    PANE = "nodes"
    TITLE = "Nodes"
    BINDINGS: ClassVar[list[BindingType]] = NODES_KEYS

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.sorting = Sorting()
        self.is_paused = False
        self.nodes: dict[NodeId, NodeRow] = {}
        """Everybody, as of the last look."""
        self._wanted: NodeId | None = None
        """Whom the cursor is to go to as soon as the row is there."""

    def compose(self) -> ComposeResult:
        with Vertical(id="nodes-panel", classes="panel"):
            yield NodesHead(self.session.glyphs)
            yield NodesTable(self.session.glyphs)
            yield Telling("no-nodes")
            yield FilterLine()
        yield NodeStrip("node-strip", "panel")

    def on_mount(self) -> None:
        if not self.is_whole:
            return
        self.set_interval(LOOK_EVERY, self._look)
        self.watch(self.app, "app_focus", self._decide_watching, init=False)
        self._look(always=True)

    def on_unmount(self) -> None:
        self.live.watched = False

    @property
    def table(self) -> NodesTable:
        return self.query_one(NodesTable)

    @property
    def strip(self) -> NodeStrip:
        return self.query_one(NodeStrip)

    @property
    def filter(self) -> FilterLine:
        return self.query_one(FilterLine)

    @property
    def words(self) -> str:
        return self.filter.words

    # Looking

    def entered(self) -> None:
        self._decide_watching()
        self._look(always=True)
        self._focus_list()

    def left(self) -> None:
        # Also called when the window loses focus and when escape is pressed, which is no reason to stop looking.
        self.call_later(self._decide_watching)

    def _decide_watching(self) -> None:
        """Round trips are measured while somebody can see them."""
        self.live.watched = bool(self.display) and self.app.app_focus and self.is_attached

    def refreshed(self, noun: Noun) -> None:
        if noun in (Noun.NODES, Noun.CONNECTIONS, Noun.VAULTS):
            self._look()

    def _look(self, *, always: bool = False, narrowed: bool = False) -> None:
        """Bring what is shown to how things stand; nothing is done while the pane is hidden."""
        if not (self.display or always) or not self.is_mounted:
            return
        live, now = self.live, self.session.clock.now()
        rows = merged(live.nodes, live.connections, live.gestalts, live.round_trips)
        self.nodes = {row.node_id: row for row in rows}
        if not self.is_paused or self._wanted is not None or narrowed:
            wanted = self._wanted if self._wanted in self.nodes else None
            self._wanted = None if wanted is not None else self._wanted
            self.table.show_nodes(in_order(matching(rows, self.words), self.sorting), now, wanted)
        self._show_whether_empty()
        self._show_strip()
        self._show_title()

    def _show_whether_empty(self) -> None:
        panel, empty = self.query_one("#nodes-panel"), not self.table.rows
        if empty:
            why = why_no_nodes(len(self.nodes), self.words, self.live.status)
            self.query_one("#no-nodes", Telling).tell(Content(""), why)
        if panel.has_class("-empty") != empty:
            had_focus = self.table.has_focus or self.query_one("#no-nodes").has_focus
            panel.set_class(empty, "-empty")
            if had_focus:
                self._focus_list()

    def _show_strip(self) -> None:
        row = self.row
        self.strip.set_class(row is None, "-nobody")
        if row is not None:
            gestalt = gestalt_of(row.node_id, self.live.gestalts)
            clones = clones_from(row.node_id, self.live.vaults)
            self.strip.show(row, gestalt.shared if gestalt is not None else (), clones, self.session.clock.now())

    def _show_title(self) -> None:
        title = nodes_title(len(self.table.rows), len(self.nodes), self.sorting, self.is_paused)
        panel = self.query_one("#nodes-panel")
        if not title.is_same(panel._border_title or Content("")):
            panel.border_title = title
        self.query_one(NodesHead).show(self.sorting)

    @property
    def row(self) -> NodeRow | None:
        """Whom the cursor is on, as things stand now even if the table is held."""
        node = self.table.node
        return self.nodes.get(node) if node is not None else None

    @on(LineList.Moved)
    def _moved(self, event: LineList.Moved) -> None:
        event.stop()
        self._show_strip()

    # Where it stands

    def place(self) -> object:
        return Place(self.table.node, self.sorting, self.words, self.is_paused, self.has_class("-reading"))

    def restore(self, place: object) -> None:
        if isinstance(place, Place):
            self.sorting, self.is_paused, self._wanted = place.sorting, place.is_paused, place.node
            self.filter.put(place.words)
            self.set_class(place.is_reading, "-reading")

    def go_to(self, subject: object) -> None:
        if not isinstance(subject, NodeId):
            return
        self._wanted = subject
        row = next(
            (one for one in merged(self.live.nodes, self.live.connections, (), {}) if one.node_id == subject), None
        )
        if row is not None and not matching([row], self.words):
            self.filter.put("")
        self._look()

    def _focus_list(self, from_filter: bool = False) -> None:
        if from_filter or not self.filter.has_focus:
            (self.table if self.table.rows else self.query_one("#no-nodes")).focus()

    # Keys

    @on(LineList.Chosen)
    def _open(self, event: LineList.Chosen) -> None:
        """Enter: the details take more room and can be scrolled; enter or escape gives it back."""
        event.stop()
        self.add_class("-reading")
        self.call_after_refresh(self.strip.focus)

    def action_back(self) -> None:
        """One step: close the details, else show all nodes again; else it is for others to handle."""
        if self.has_class("-reading"):
            self.remove_class("-reading")
        elif self.words:
            self.filter.put("")
        else:
            raise SkipAction
        self.call_after_refresh(self._focus_list)

    def action_filter(self) -> None:
        self.filter.open()

    @on(FilterLine.Narrowed)
    def _narrowed(self, event: FilterLine.Narrowed) -> None:
        event.stop()
        self._look(narrowed=True)

    @on(FilterLine.Closed)
    def _filter_closed(self, event: FilterLine.Closed) -> None:
        event.stop()
        self._focus_list(from_filter=True)

    def action_sort(self) -> None:
        self._sort(self.sorting.next())

    def action_reverse(self) -> None:
        self._sort(self.sorting.reversed())

    @on(NodesHead.Clicked)
    def _head_clicked(self, event: NodesHead.Clicked) -> None:
        event.stop()
        self._sort(self.sorting.reversed() if event.by == self.sorting.by else Sorting(event.by))

    def _sort(self, sorting: Sorting) -> None:
        self.sorting = sorting
        shown = {row.node_id for row in self.table.rows}
        rows = in_order([row for row in self.nodes.values() if row.node_id in shown], sorting)
        self.table.show_nodes(rows, self.session.clock.now())
        self._show_title()

    def action_pause(self) -> None:
        self.is_paused = not self.is_paused
        self._look()
        self.say("The table is held; space lets it go on." if self.is_paused else "The table is live again.")

    def action_add(self) -> None:
        self.begin(self._add(), "add")

    async def _add(self) -> None:
        added = await node_verbs.add(self, self.row)
        if added is not None:
            self.go_to(added)

    def action_copy(self) -> None:
        if self.nodes or self.live.status is None:
            self.action_verb("copy")
        else:  # nobody else is here: what is shown is our own id
            self._start("copy", self.live.status.node_id)

    def action_verb(self, verb: str) -> None:
        row = self.row
        if row is not None:
            self._start(verb, row.node_id)
        else:
            self.say("No node is selected." if self.nodes else "There is no node to do that with yet: a adds one.")

    def _start(self, verb: str, node: NodeId) -> None:
        work = node_verbs.deed(verb, self, node)
        if work is not None:
            self.begin(self._and_look(work), verb)

    async def _and_look(self, work: Coroutine[Any, Any, Any]) -> None:
        await work
        self._look()
