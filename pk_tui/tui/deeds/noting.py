"""What is done with a notification once it was read, or unread: accept, decline, delete, take back. Each asks before."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from pk_tui.api.views import NotificationView
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.live import Noun
from pk_tui.tui.notes import NoteRow, kind_of, share_in
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import counted, sentence, shown


async def accept_request(pane: Pane, row: NoteRow) -> bool:
    """Move a request to the inbox; True if it is there now."""
    effect = sentence(
        "From [b]$who[/]\n$node\n\nMoves the request to the inbox, where you can read it. The node is not trusted by that and "
        "may do nothing more than before; it is told nothing.",
        who=row.who,
        node=str(row.note.sender),
    )
    if not await pane.ask(ConfirmDialog(Content("Accept this request?"), effect, "Accept", dangerous=False)):
        return False
    await pane.api.notifications.accept(row.note.notification_id)
    await pane.live.read(Noun.NOTIFICATIONS)
    pane.say(sentence("Accepted: it is in the inbox now. $who is still not trusted.", who=row.who))
    return True


async def decline_request(pane: Pane, row: NoteRow) -> None:
    effect = sentence("Deletes the request of [b]$who[/] unread. $who is told nothing, and may ask again.", who=row.who)
    if await pane.ask(ConfirmDialog(Content("Decline this request?"), effect, "Decline")):
        await pane.api.notifications.decline(row.note.notification_id)
        pane.say(sentence("Declined the request of $who.", who=row.who))


async def decline_share(pane: Pane, row: NoteRow) -> None:
    """Forget the word of a share; nothing that was cloned goes."""
    share = share_in(row.note)
    if share is None:
        return
    kept = "" if row.clone is None else " The vault that was cloned from it stays."
    effect = sentence(
        "Deletes this notification and tells nobody.$kept The share itself is not ended by that: $who still offers "
        "[b]$vault[/] to you, and a scan of the node shows it.",
        who=row.who,
        vault=share.name,
        kept=kept,
    )
    if await pane.ask(ConfirmDialog(Content("Decline this share?"), effect, "Decline")):
        await pane.api.notifications.remove(row.note.notification_id)
        pane.say(sentence("Declined $vault of $who; nobody was told.", vault=share.name, who=row.who))


async def delete(pane: Pane, row: NoteRow) -> None:
    what = shown(f"{kind_of(row.note).lower()} from {row.who}", 80)
    effect = sentence("The $what is deleted for good.", what=what)
    if await pane.ask(ConfirmDialog(Content("Delete this notification?"), effect, "Delete")):
        await pane.api.notifications.remove(row.note.notification_id)
        pane.say(sentence("Deleted the $what.", what=what))


async def take_back(pane: Pane, row: NoteRow) -> None:
    """Out of the outbox, before it is sent."""
    about = " The share itself stays; only the word of it is not sent." if share_in(row.note) is not None else ""
    effect = sentence("It is not sent to [b]$who[/].$about", who=row.who, about=about)
    if await pane.ask(ConfirmDialog(Content("Take this back?"), effect, "Take back")):
        await pane.api.notifications.outbox_remove(row.note.notification_id)
        pane.say(sentence("Taken back: it is not sent to $who.", who=row.who))


async def clear_read(pane: Pane, read: Sequence[NotificationView]) -> None:
    """One by one: what came in meanwhile is not read, and stays."""
    number = counted(len(read), "notification")
    effect = Content(f"{number} that you have read {'goes' if len(read) == 1 else 'go'} for good. What is new stays.")
    if await pane.ask(ConfirmDialog(Content("Delete what is read?"), effect, "Delete")):
        async with pane.busy(f"Deleting {number}"):
            for note in read:
                await pane.api.notifications.remove(note.notification_id)
        pane.say(f"Deleted {number}.")
