"""Notifications: the inbox, the requests of nodes that are not trusted, and what waits to be sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from pk_tui.agent.core import Core, Gate
from pk_tui.agent.directory import known_contact
from pk_tui.agent.payloads import GENERAL, MAX_MESSAGE, GeneralBody, VaultShareBody, outside, read_body
from pk_tui.agent.rights import keep_received
from pk_tui.api.events import NotificationsChanged
from pk_tui.api.views import NotificationView
from pk_tui.errors import Malformed, Misuse, NotFound
from pk_tui.store.node import NodeStore
from pk_tui.store.notifications import Box, Note
from pk_tui.terms import NodeId, NotificationId
from pk_tui.trust.lineage import Lineage


class NotificationService:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def send(self, node: str, message: str) -> NotificationId:
        core = self._gate.core()
        try:
            size = len(message.encode())
        except UnicodeEncodeError as error:
            raise Misuse("A message is text in UTF-8; this one holds bytes that are none.") from error
        if not message or len(message) > MAX_MESSAGE or size > 4000:
            raise Misuse(f"A message has 1 to {MAX_MESSAGE} characters; this one has {len(message)}.")
        node_id = await core.desk.do(lambda: NodeId(known_contact(core.store, node).node))
        return await core.outbox.post(node_id, GENERAL, GeneralBody(message))

    async def inbox(
        self, unread: bool = False, limit: int | None = None, newest_first: bool = True, mark_read: bool = True
    ) -> Sequence[NotificationView]:
        core = self._gate.core()

        def job() -> tuple[list[NotificationView], bool]:
            notes = [note for note in core.store.notifications.list(Box.INBOX) if not (unread and note.read)]
            notes.sort(key=lambda note: note.time, reverse=newest_first)
            notes = notes[:limit]
            return [_view(note) for note in notes], mark_read and _mark_read(core.store, notes)

        views, changed = await core.desk.do(job)
        if changed:
            core.bus.say(NotificationsChanged())
        return views

    async def mark_read(self, notifications: Sequence[NotificationId] | None = None) -> None:
        """One that is not there any more has nothing to be marked."""
        core = self._gate.core()
        wanted = None if notifications is None else {notification.raw for notification in notifications}

        def job() -> bool:
            notes = core.store.notifications.list(Box.INBOX)
            return _mark_read(core.store, [note for note in notes if wanted is None or note.id in wanted])

        if await core.desk.do(job):
            core.bus.say(NotificationsChanged())

    async def remove(self, notification: NotificationId) -> None:
        await self._drop(Box.INBOX, notification)

    async def clear(self) -> None:
        await self._drop_all(Box.INBOX)

    async def outbox(self) -> Sequence[NotificationView]:
        return await self._list(Box.OUTBOX)

    async def outbox_remove(self, notification: NotificationId) -> None:
        await self._drop(Box.OUTBOX, notification)

    async def outbox_clear(self) -> None:
        await self._drop_all(Box.OUTBOX)

    async def requests(self) -> Sequence[NotificationView]:
        return await self._list(Box.REQUESTS)

    async def accept(self, notification: NotificationId) -> NotificationView:
        core = self._gate.core()

        def job() -> NotificationView:
            note = _the(core.store, Box.REQUESTS, notification)
            with core.store.transaction():
                core.store.notifications.accept(NodeId(note.node), notification)
                keep_grant(core.store, note)
            return _view(note)

        view = await core.desk.do(job)
        core.bus.say(NotificationsChanged())
        return view

    async def decline(self, notification: NotificationId) -> None:
        await self._drop(Box.REQUESTS, notification)

    async def _list(self, box: Box) -> Sequence[NotificationView]:
        core = self._gate.core()

        def job() -> list[NotificationView]:
            notes = sorted(core.store.notifications.list(box), key=lambda note: note.time, reverse=True)
            # Of a stranger's request only who, when and what kind is shown: the content waits for the user's yes.
            return [_view(note, contents=box != Box.REQUESTS) for note in notes]

        return await core.desk.do(job)

    async def _drop(self, box: Box, notification: NotificationId) -> None:
        core = self._gate.core()

        def job() -> None:
            note = _the(core.store, box, notification)
            core.store.notifications.remove(box, NodeId(note.node), notification)

        await self._changed(core, job)

    async def _drop_all(self, box: Box) -> None:
        core = self._gate.core()

        def job() -> None:
            with core.store.transaction():
                for note in core.store.notifications.list(box):
                    core.store.notifications.remove(box, NodeId(note.node), NotificationId(note.id))

        await self._changed(core, job)

    async def _changed(self, core: Core, job: Callable[[], None]) -> None:
        await core.desk.do(job)
        core.bus.say(NotificationsChanged())


def _mark_read(store: NodeStore, notes: Iterable[Note]) -> bool:
    """Mark notes of the inbox as read, in one transaction. False if all of them were. Desk work."""
    fresh = [note for note in notes if not note.read]
    if fresh:
        with store.transaction():
            for note in fresh:
                store.notifications.mark_read(Box.INBOX, NodeId(note.node), NotificationId(note.id))
    return bool(fresh)


def keep_grant(store: NodeStore, note: Note) -> None:
    """Remember the grant a VaultShare carries, so that it can be shown when the vault is cloned or pulled."""
    try:
        body = read_body(note.type, note.body)
    except Malformed:
        return
    if isinstance(body, VaultShareBody):
        lineage = Lineage(NodeId(body.creator), body.nonce)
        keep_received(store, NodeId(note.node), body.vault_id, body.vault_name, lineage, body.grant)


def _the(store: NodeStore, box: Box, notification: NotificationId) -> Note:
    """The note with this id. Two senders can choose the same id; then the oldest is meant."""
    found = sorted(
        (note for note in store.notifications.list(box) if note.id == notification.raw), key=lambda note: note.time
    )
    if not found:
        raise NotFound(f"There is no notification {notification} here.")
    return found[0]


def _view(note: Note, contents: bool = True) -> NotificationView:
    try:
        shown = outside(read_body(note.type, note.body)) if contents else {}
    except Malformed:
        shown = {}
    return NotificationView(
        notification_id=NotificationId(note.id),
        sender=NodeId(note.node),
        type=note.type,
        data=shown,
        is_read=note.read,
        time=note.time,
    )
