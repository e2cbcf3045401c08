"""What notifications say, in words: which is in which list, its line in a table, what it is about. Decides; shows nothing.

Every string that comes out is safe to show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from pk_tui.api.views import NotificationView, VaultView
from pk_tui.clock import Instant
from pk_tui.safe_text import safe_text
from pk_tui.terms import NodeId, VaultId
from pk_tui.tui.live import Live
from pk_tui.tui.text import ago, counted

GENERAL = "General"
VAULT_SHARE = "VaultShare"
INVITE = "GestaltInvite"
_KINDS = {GENERAL: "Message", VAULT_SHARE: "Share", INVITE: "Invite"}


class Box(Enum):
    INBOX = "Inbox"
    OUTBOX = "Outbox"
    REQUESTS = "Requests"


BOXES = tuple(Box)
EMPTY = {
    Box.INBOX: (
        "Nothing here yet.\n\nMessages and shares of nodes you trust arrive here by themselves: in the nodes pane (2), "
        "a adds a node and t trusts it."
    ),
    Box.OUTBOX: (
        "Nothing waits to be sent.\n\nWhat you share or write goes out at once where the other node can be reached, and "
        "waits here where it cannot: in the vaults pane (1), s shares a vault."
    ),
    Box.REQUESTS: (
        "Nobody asks for anything.\n\nWhat nodes send that you do not trust waits here until you accept or decline it, "
        "and its contents stay hidden until then."
    ),
}
"""What each list says when it is empty: what it is, and how something comes into it."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a VaultShare is about. `name` is the sender's text, not made safe."""

    vault_id: VaultId
    name: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A notification with what is known around it. `who` is the other side; `clone` is what was cloned from the share."""

    box: Box
    note: NotificationView
    age: str
    who: str
    trusted: bool
    connected: bool
    clone: VaultView | None

    @property
    def key(self) -> str:
        """Two senders may choose one id, so the id alone is no key."""
        return f"{self.box.name} {self.note.sender} {self.note.notification_id}"

    @property
    def is_new(self) -> bool:
        return self.box is Box.INBOX and not self.note.is_read


def notes_in(live: Live, box: Box) -> Sequence[NotificationView]:
    return {Box.INBOX: live.inbox, Box.OUTBOX: live.outbox, Box.REQUESTS: live.requests}[box]


def count_in(live: Live, box: Box) -> int:
    """The number on the list's tab: what is new in the inbox, all there is in the others."""
    return sum(not note.is_read for note in live.inbox) if box is Box.INBOX else len(notes_in(live, box))


def rows_in(live: Live, box: Box, now: Instant, wanted: str = "") -> list[NoteRow]:
    """The list as rows, newest first; with `wanted` those in whose line these letters stand."""
    trusted = {row.node_id for row in live.nodes if row.trusted}
    connected = connected_nodes(live)
    names: dict[NodeId, str] = {}
    rows = []
    for note in notes_in(live, box):
        sender = note.sender
        name = names.setdefault(sender, live.name_of(sender))
        row = NoteRow(
            box,
            note,
            ago(note.time, now),
            name,
            sender in trusted,
            sender in connected,
            clone_of(note, live.vaults) if box is Box.INBOX else None,
        )
        if not wanted or wanted.casefold() in f"{kind_of(note)} {row.who} {subject(row)}".casefold():
            rows.append(row)
    return rows


def connected_nodes(live: Live) -> frozenset[NodeId]:
    return frozenset(row.node_id for row in live.connections if row.state == "connected")


def kind_of(note: NotificationView) -> str:
    """Its type in a word; the type itself if this version does not know it."""
    return _KINDS.get(note.type) or safe_text(note.type, 20)


def share_in(note: NotificationView) -> Share | None:
    """The vault that is offered, if that is what the notification does."""
    vault_id, name = note.data.get("vault_id"), note.data.get("vault_name")
    if note.type != VAULT_SHARE or not isinstance(vault_id, str) or not isinstance(name, str):
        return None
    parsed = VaultId.parse_or_none(vault_id)
    actions = note.data.get("actions")
    known = tuple(str(action) for action in actions) if isinstance(actions, list | tuple) else ()
    return None if parsed is None else Share(parsed, name, known)


def is_invite(note: NotificationView) -> bool:
    """Whether a node says that this one may claim it."""
    return note.type == INVITE


def message_in(note: NotificationView) -> str | None:
    """The text of a message, not made safe."""
    text = note.data.get("message")
    return text if note.type == GENERAL and isinstance(text, str) else None


def clone_of(note: NotificationView, vaults: Sequence[VaultView]) -> VaultView | None:
    """The vault here that was cloned from the share."""
    share = share_in(note)
    if share is None:
        return None
    for vault in vaults:
        if vault.origin and (vault.origin.node_id, vault.origin.vault_id) == (note.sender, share.vault_id):
            return vault
    return None


def clone_state(vault: VaultView) -> str:
    """What there is to say of a clone in a line: `cloned as infra, 3 versions behind`."""
    behind = f", {counted(vault.behind, 'version')} behind" if vault.behind else ""
    return f"cloned as {safe_text(vault.name, 60)}{behind}"


def subject(row: NoteRow) -> str:
    """The notification in a line."""
    note = row.note
    if row.box is Box.REQUESTS:
        return "its contents are hidden until you accept it"
    share, message = share_in(note), message_in(note)
    if share is not None:
        rights = ", ".join(safe_text(action, 16) for action in share.actions)
        state = clone_state(row.clone) if row.clone is not None else rights
        return f"vault {safe_text(share.name, 80)} ({state})"
    if message is not None:
        first, _, more = message.strip().partition("\n")
        return safe_text(first, 200) + (" …" if more else "")
    if is_invite(note):
        return "may be claimed as a node of yours"
    if note.type in _KINDS:
        return "says nothing that could be read"
    return "of a kind that this version does not know"
