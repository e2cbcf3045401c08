"""One notification in full: what it says, from whom, and which keys do something with it. Looking changes nothing."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from pk_tui.clock import rfc3339
from pk_tui.tui.notes import Box, NoteRow, clone_state, is_invite, kind_of, message_in, share_in
from pk_tui.tui.text import sentence, shown

LABEL = 9
MESSAGE_AT_MOST = 40_000
"""Characters shown of a message: the longest, even if every character needs an escape."""


def title(row: NoteRow) -> Content:
    preposition = "to" if row.box is Box.OUTBOX else "from"
    kind = "Request" if row.box is Box.REQUESTS else kind_of(row.note)
    return Content.assemble(shown(kind, 20), f" {preposition} ", shown(row.who, 40))


def described(row: NoteRow, width: int) -> Content:
    """Everything there is to say of a notification, as lines in so many columns."""
    return Content("\n").join([*_facts(row, width), Content(""), *_said(row)])


def _field(label: str, text: Content) -> Content:
    return Content.assemble(Content.styled(f"{label:<{LABEL}}", "dim"), text)


def _facts(row: NoteRow, width: int) -> list[Content]:
    lines: list[Content] = []
    share = share_in(row.note)
    if share is not None:
        rights = ", ".join(share.actions) or "none named"
        lines += [_field("Vault", shown(share.name, style="bold")), _field("Rights", shown(rights, 80))]
        if row.box is Box.INBOX:
            here = clone_state(row.clone) if row.clone is not None else "not cloned yet"
            lines.append(_field("Here", shown(here, 120)))
    if row.box is Box.OUTBOX:
        label, standing = "To", "connected" if row.connected else "not connected"
    else:
        label, standing = "From", "trusted" if row.trusted else "NOT trusted"
    lines.append(_field(label, sentence("$who, $standing", who=row.who, standing=standing)))
    node = str(row.note.sender)
    halves = [node] if len(node) + LABEL <= width else [node[: len(node) // 2], node[len(node) // 2 :]]
    lines += [_field("", shown(half, style="dim")) for half in halves]
    ago = "just now" if row.age == "now" else f"{row.age} ago"
    return [*lines, _field("When", Content(f"{ago}, {rfc3339(row.note.time)[:19].replace('T', ' ')} UTC"))]


def _said(row: NoteRow) -> list[Content]:
    note, message = row.note, message_in(row.note)
    match row.box:
        case Box.REQUESTS:
            return [
                Content(
                    "This node is not trusted here, so what it says is not shown. Accepting moves it to the inbox, where "
                    "it can be read; the node is not trusted by that, and is told nothing."
                )
            ]
        case Box.OUTBOX if not row.connected:
            waits = sentence("Waits until $who can be reached; it goes out by itself.", who=row.who)
        case Box.OUTBOX:
            waits = sentence("Goes out to $who as soon as it answers.", who=row.who)
        case _:
            waits = Content("")
    if message is not None:
        return [*([waits, Content("")] if waits else []), shown(message, MESSAGE_AT_MOST, lines=True)]
    if is_invite(note):
        return [*([waits, Content("")] if waits else []), *_invite(row)]
    if share_in(note) is not None:
        return [waits or Content("A clone is read only: it gets what changes there, and cannot be changed here.")]
    lines = [sentence("Of a kind that this version does not know: $kind.", kind=shown(note.type, 60))]
    lines += [_field(str(shown(key, LABEL - 1)), shown(str(value), 500)) for key, value in note.data.items()]
    return [*([waits] if waits else []), *lines]


def _invite(row: NoteRow) -> list[Content]:
    if row.box is Box.OUTBOX:
        return [sentence("$who is told that it may claim this node, as a node of the same person.", who=row.who)]
    return [
        sentence("$who says that it is a node of yours, and that this node may claim it.", who=row.who),
        Content("If it is: a compares its id, and then both sign that they are one party."),
        Content("If it is not, delete this; nothing comes of it by itself."),
    ]


def keys(row: NoteRow) -> Content:
    """The keys that do something with this one."""
    found: list[tuple[str, str]] = []
    match row.box:
        case Box.OUTBOX:
            found = [("d", "Take it back")]
        case Box.REQUESTS:
            found = [("a", "Accept"), ("x", "Decline")]
        case _ if share_in(row.note) is not None:
            accept = "Clone" if row.clone is None else "Pull" if row.clone.behind else "Go to the vault"
            found = [("a", accept), ("x", "Decline"), ("d", "Delete")]
        case _ if is_invite(row.note):
            found = [("a", "Claim that node"), ("x", "Decline"), ("d", "Delete")]
        case _:
            found = [("d", "Delete")]
    if row.is_new:
        found.append(("m", "Mark read"))
    parts = [Content.assemble(Content.styled(key, "bold $footer-key-foreground"), f" {does}") for key, does in found]
    return Content("  ").join(parts)


class NoteView(VerticalScroll, can_focus=True):
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Back", id="note.close", tooltip="Back to the list"),
        Binding("h,left", "close", "Back", show=False, id="note.back", tooltip="Back to the list"),
        Binding("j,down", "line(1)", show=False, id="note.down", tooltip="Scroll down"),
        Binding("k,up", "line(-1)", show=False, id="note.up", tooltip="Scroll up"),
        Binding("g", "scroll_home", show=False, id="note.first", tooltip="To the beginning"),
        Binding("G", "scroll_end", show=False, id="note.last", tooltip="To the end"),
    ]

    class Closed(Message):
        """Back to the list."""

    def compose(self) -> ComposeResult:
        yield Static("", id="note", markup=False)

    def __init__(self) -> None:
        super().__init__(id="shown", classes="panel")
        self._row: NoteRow | None = None

    def show(self, row: NoteRow | None) -> None:
        """Show this one, or nothing. Where one has scrolled to stays, unless it is another one."""
        if row is None or self._row is None or row.key != self._row.key:
            self.scroll_home(animate=False)
        self._row = row
        self.border_title = title(row) if row is not None else Content("")
        self.border_subtitle = keys(row) if row is not None else Content("")
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        text = described(self._row, self.scrollable_content_region.width) if self._row is not None else Content("")
        self.query_one("#note", Static).update(text)

    def action_line(self, by: int) -> None:
        self.scroll_relative(y=by, animate=False)

    def action_close(self) -> None:
        self.post_message(self.Closed())
