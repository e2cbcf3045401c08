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

from pk_tui.api.views import GestaltView, StatusView
from pk_tui.terms import NodeId, VaultId
from pk_tui.tui.gestalt_rows import Branch, Kind, Mark, Marks, branches, own_gestalt
from pk_tui.tui.gestalt_words import clone_lines, gestalt_lines, me_lines, nobody_lines, node_lines, shared_lines
from pk_tui.tui.link_words import granted_lines, link_lines, mark_lines, stranger_lines
from pk_tui.tui.live import Noun
from pk_tui.tui.messages import GoTo
from pk_tui.tui.node_rows import clones_from, gestalt_of, merged
from pk_tui.tui.node_words import grouped
from pk_tui.tui.panes import node_verbs
from pk_tui.tui.panes.node_verbs import GESTALT_KEYS
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.session import Session
from pk_tui.tui.text import sentence, shown
from pk_tui.tui.told import BLANK, Line, labelled
from pk_tui.tui.widgets.filter_line import FilterLine
from pk_tui.tui.widgets.gestalt_tree import GestaltTree
from pk_tui.tui.widgets.line_list import LineList
from pk_tui.tui.widgets.telling import Telling

LOOK_EVERY = 1.0
"""Seconds between two looks at how long ago something was."""


_ON_MARKED = {"confirm": "waits to be confirmed", "reject": "waits to be confirmed", "fork": "has shown two histories"}
"""Verbs that on a gestalt mean the node of it that is marked, with what is said where there is none."""
_MARKS = {"confirm": (Mark.WAITS, Mark.REJECTED), "reject": (Mark.WAITS,), "fork": (Mark.FORKED,)}
_ON_MYSELF = ("sigchain", "fork")


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
        rows = self._branches()
        self.tree.show_branches(rows, words)
        if self._wanted and self.tree.reveal(self._wanted):
            self._wanted = ""
        if words and not self.tree.rows:
            self.tree.empty = sentence(" No gestalt has “$words” in a name, id or state. esc shows all.", words=words)
        else:
            self.tree.empty = Content(" Asking the agent …")
        waiting = len(live.pending)
        parties = sum(row.is_branch for row in rows) or 1
        waits = Content.styled(f"  {waiting:,} {'waits' if waiting == 1 else 'wait'}", "bold $text-warning")
        title = Content.assemble(f"Gestalts  {parties}", waits if waiting else "")
        panel = self.query_one("#gestalt-panel")
        if not title.is_same(panel._border_title or Content("")):
            panel.border_title = title
        self._tell()

    def _branches(self) -> list[Branch]:
        live = self.live
        marks = Marks.of(live.pending, live.rejected, live.forks)
        return branches(live.status, live.gestalts, live.nodes, live.connections, live.vaults, marks)

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
            return Content("me"), self._told_of_me(live.status)
        gestalt = gestalt_of(row.party, live.gestalts)
        who = live.name_of(row.party) if gestalt is None else live.person_of(gestalt)
        title = sentence("$name", name=shown(row.name, 40) if row.name else live.name_of(row.node or row.party))
        if row.kind is Kind.SHARED and row.shared is not None:
            others = () if gestalt is None else tuple(one for one in gestalt.nodes if one != live.status.node_id)
            return title, shared_lines(row.shared, who, granted_lines(row.shared, others, live.name_of))
        if row.kind is Kind.CLONE and row.clone is not None:
            return title, clone_lines(row.clone, live.name_of(row.party), now)
        if gestalt is None:
            return title, [*mark_lines(row.mark, row.gains), BLANK, labelled("Id", grouped(row.party))]
        if row.kind is Kind.NODE and row.node is not None:
            return title, self._told_of_node(row, row.node, gestalt, who)
        clones = [clone for node in gestalt.nodes for clone in clones_from(node, live.vaults)]
        linked = link_lines(gestalt, live.name_of)
        return title, gestalt_lines(gestalt, clones, linked, mark_lines(row.mark, row.gains))

    def _told_of_me(self, status: StatusView) -> list[Line]:
        live = self.live
        own = sum(not vault.read_only for vault in live.vaults)
        mine = own_gestalt(status.node_id, live.gestalts)
        lines = me_lines(status, own, () if mine is None else link_lines(mine, live.name_of, status.node_id))
        if any(fork.node_id == status.node_id for fork in live.forks):
            lines = [*mark_lines(Mark.FORKED, None), BLANK, *lines]
        return lines if live.gestalts else [*lines, *nobody_lines()]

    def _told_of_node(self, row: Branch, node: NodeId, gestalt: GestaltView, who: str) -> list[Line]:
        live = self.live
        linked, marked = link_lines(gestalt, live.name_of, node), mark_lines(row.mark, row.gains)
        known = merged(live.nodes, live.connections, live.gestalts, live.round_trips)
        found = next((one for one in known if one.node_id == node), None)
        if found is None or not found.known:
            return [*([*marked, BLANK] if marked else []), *stranger_lines(node, who), *linked]
        clones = clones_from(node, live.vaults)
        return node_lines(found, gestalt, clones, self.session.clock.now(), linked, marked)

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
        rows = self._branches()
        if isinstance(subject, NodeId):
            is_own = self.live.status is not None and subject == self.live.status.node_id
            found = next((row.key for row in rows if row.node == subject), str(subject))
            self._wanted = "me" if is_own else found
        elif isinstance(subject, VaultId):
            endings = (f"/to:{subject}", f"/from:{subject}")
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
        elif row.party is not None and row.node is not None and self.live.node(row.node) is None:
            self.say("That node is not among yours: 2, then a, adds it with its address. c copies its id.")
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
        node = None if row is None else self._meant(row, verb)
        if node is not None:
            self._start(verb, node)
        elif verb in _ON_MARKED:
            self.say(f"Nothing here {_ON_MARKED[verb]}.")
        else:
            self.say("That is yourself. Choose somebody else; a in the nodes pane (2) adds a node.")

    def _meant(self, row: Branch, verb: str) -> NodeId | None:
        """The node that a verb is about: that of the row; of a gestalt, for what concerns a marked node, that one."""
        if row.is_branch and verb in _ON_MARKED:
            marks = _MARKS[verb]
            below = (one for one in self._branches() if one.parent == row.key and one.mark in marks)
            found = next((one.node for one in below), None)
            return found if found is not None else row.node
        if row.party is None and verb in _ON_MYSELF and self.live.status is not None:
            return self.live.status.node_id
        return None if row.party is None else row.node or row.party

    def _start(self, verb: str, node: NodeId) -> None:
        work = node_verbs.deed(verb, self, node)
        if work is not None:
            self.begin(self._and_look(work), verb)

    def action_unshare(self) -> None:
        row = self.row
        vault = next(
            (one for one in self.live.vaults if row and row.shared and one.vault_id == row.shared.vault_id), None
        )
        if row is None or row.party is None or vault is None:
            self.say("Put the cursor on a vault that is shared with somebody; s shares one.")
        else:
            self.begin(self._and_look(node_verbs.unshare(self, vault, row.party)), "unshare")

    async def _and_look(self, work: Coroutine[Any, Any, Any]) -> None:
        await work
        self._look()
