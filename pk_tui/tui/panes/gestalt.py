"""The gestalt pane: who is who and what each may do, as a tree; beside it what is to be said of the row with the cursor.

Which rows there are is in `gestalt_rows`, what is said in `gestalt_words`, the verbs in `deeds`; here are keys and focus.
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

from pk_tui.terms import NodeId, VaultId
from pk_tui.tui.gestalt_rows import Branch, Kind, branches
from pk_tui.tui.gestalt_words import clone_lines, gestalt_lines, me_lines, nobody_lines, node_lines, shared_lines
from pk_tui.tui.live import Noun
from pk_tui.tui.messages import GoTo
from pk_tui.tui.node_rows import clones_from, gestalt_of, merged
from pk_tui.tui.panes import node_verbs
from pk_tui.tui.panes.node_verbs import GESTALT_KEYS
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.session import Session
from pk_tui.tui.text import sentence, shown
from pk_tui.tui.told import Line
from pk_tui.tui.widgets.filter_line import FilterLine
from pk_tui.tui.widgets.gestalt_tree import GestaltTree
from pk_tui.tui.widgets.line_list import LineList
from pk_tui.tui.widgets.telling import Telling

LOOK_EVERY = 1.0
"""Seconds between two looks at how long ago something was."""


@dataclass(frozen=True, slots=True)
class Place:
    key: str
    folded: frozenset[str]
    words: str


class GestaltPane(Pane):
    PANE = "gestalt"
    TITLE = "Gestalt"
    BINDINGS: ClassVar[list[BindingType]] = GESTALT_KEYS

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._wanted = ""
        """The key of the row that the cursor is to go to as soon as it is there."""

    def compose(self) -> ComposeResult:
        with Vertical(id="gestalt-panel", classes="panel"):
            yield GestaltTree(self.session.glyphs)
            yield FilterLine()
        yield Telling("gestalt-details", "panel")

    def on_mount(self) -> None:
        if not self.is_whole:
            return
        self.set_interval(LOOK_EVERY, self._tell)
        self._look(always=True)

    @property
    def tree(self) -> GestaltTree:  # type: ignore[override]  # Textual's own `tree` is for debugging
        return self.query_one(GestaltTree)

    @property
    def filter(self) -> FilterLine:
        return self.query_one(FilterLine)

    @property
    def row(self) -> Branch | None:
        return self.tree.current

    # Looking

    def entered(self) -> None:
        self._look(always=True)
        if not self.filter.has_focus:
            self.tree.focus()

    def refreshed(self, noun: Noun) -> None:
        if noun in (Noun.NODES, Noun.CONNECTIONS, Noun.VAULTS):
            self._look()

    def _look(self, *, always: bool = False) -> None:
        if not (self.display or always) or not self.is_mounted:
            return
        live, words = self.live, self.filter.words
        rows = branches(live.status, live.gestalts, live.nodes, live.connections, live.vaults)
        self.tree.show_branches(rows, words)
        if self._wanted and self.tree.reveal(self._wanted):
            self._wanted = ""
        if words and not self.tree.rows:
            self.tree.empty = sentence(" No gestalt has “$words” in a name, id or state. esc shows all.", words=words)
        else:
            self.tree.empty = Content(" Asking the agent …")
        title = Content(f"Gestalts  {len(live.gestalts) + 1}")
        panel = self.query_one("#gestalt-panel")
        if not title.is_same(panel._border_title or Content("")):
            panel.border_title = title
        self._tell()

    def _tell(self) -> None:
        """Say of the row with the cursor what there is to say."""
        if not self.display:
            return
        title, lines = self._told()
        self.query_one("#gestalt-details", Telling).tell(title, lines)

    def _told(self) -> tuple[Content, list[Line]]:
        live, row, now = self.live, self.row, self.session.clock.now()
        if row is None or live.status is None:
            return Content(""), []
        if row.party is None:
            own = sum(not vault.read_only for vault in live.vaults)
            lines = me_lines(live.status, own)
            return Content("me"), lines if live.gestalts else [*lines, *nobody_lines()]
        who = live.name_of(row.party)
        gestalt = gestalt_of(row.party, live.gestalts)
        clones = clones_from(row.party, live.vaults)
        title = sentence("$name", name=shown(row.name or who, 40))
        if row.kind is Kind.SHARED and row.shared is not None:
            return title, shared_lines(row.shared, who)
        if row.kind is Kind.CLONE and row.clone is not None:
            return title, clone_lines(row.clone, who, now)
        if gestalt is None:
            return title, []
        if row.kind is Kind.NODE:
            known = merged(live.nodes, live.connections, live.gestalts, live.round_trips)
            node = next((one for one in known if one.node_id == row.node), None)
            return title, node_lines(node, gestalt, clones, now) if node is not None else []
        return title, gestalt_lines(gestalt, clones)

    @on(LineList.Moved)
    def _moved(self, event: LineList.Moved) -> None:
        event.stop()
        self._tell()

    # Where it stands

    def place(self) -> object:
        return Place(self.row.key if self.row is not None else "", frozenset(self.tree.folded), self.filter.words)

    def restore(self, place: object) -> None:
        if isinstance(place, Place):
            self._wanted = place.key
            self.tree.folded = set(place.folded)
            self.filter.put(place.words)

    def go_to(self, subject: object) -> None:
        if isinstance(subject, NodeId):
            is_own = self.live.status is not None and subject == self.live.status.node_id
            self._wanted = "me" if is_own else str(subject)
        elif isinstance(subject, VaultId):
            endings = (f"/to:{subject}", f"/from:{subject}")
            rows = branches(self.live.status, self.live.gestalts, self.live.nodes, (), self.live.vaults)
            self._wanted = next((row.key for row in rows if row.key.endswith(endings)), "")
        self.filter.put("")
        self._look()

    # Keys

    @on(LineList.Chosen)
    def _open(self, event: LineList.Chosen) -> None:
        """Enter goes to the subject: a node among the nodes, a vault among the vaults."""
        event.stop()
        row = self.row
        if row is None:
            return
        if row.shared is not None:
            self.post_message(GoTo("vaults", row.shared.vault_id))
        elif row.clone is not None:
            self.post_message(GoTo("vaults", row.clone.vault_id))
        elif row.party is not None:
            self.post_message(GoTo("nodes", row.node))
        else:
            self.say("This is your own node: there is nothing more to show of it. c copies its id.")

    def action_details(self) -> None:
        self.query_one("#gestalt-details").focus()

    def action_back(self) -> None:
        """One step: back to the tree, else show all again; else it is for others to handle."""
        if not self.tree.has_focus:
            self.tree.focus()
        elif self.filter.words:
            self.filter.put("")
        else:
            raise SkipAction

    def action_filter(self) -> None:
        self.filter.open()

    @on(FilterLine.Narrowed)
    def _narrowed(self, event: FilterLine.Narrowed) -> None:
        event.stop()
        self._look()

    @on(FilterLine.Closed)
    def _filter_closed(self, event: FilterLine.Closed) -> None:
        event.stop()
        self.tree.focus()

    def action_copy(self) -> None:
        row = self.row
        if row is not None and row.party is None and self.live.status is not None:
            self._start("copy", self.live.status.node_id)
        else:
            self.action_verb("copy")

    def action_verb(self, verb: str) -> None:
        row = self.row
        if row is None or row.party is None:
            self.say("That is yourself. Choose somebody else; a in the nodes pane (2) adds a node.")
        else:
            self._start(verb, row.node or row.party)

    def _start(self, verb: str, node: NodeId) -> None:
        work = node_verbs.deed(verb, self, node)
        if work is not None:
            self.do(self._and_look(work), verb)

    def action_unshare(self) -> None:
        row = self.row
        vault = next(
            (one for one in self.live.vaults if row and row.shared and one.vault_id == row.shared.vault_id), None
        )
        if row is None or row.party is None or vault is None:
            self.say("Put the cursor on a vault that is shared with somebody; s shares one.")
        else:
            self.do(self._and_look(node_verbs.unshare(self, vault, row.party)), "unshare")

    async def _and_look(self, work: Coroutine[Any, Any, Any]) -> None:
        await work
        self._look()
