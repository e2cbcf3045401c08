"""Messages from and to other nodes, in three boxes; and the memory of which ones were here before.

A message is known by its id together with the other node. An id that was seen once is never taken again, even after the
message is gone, so that nobody can send it a second time; the last 10,000 are remembered for each box. Where a message
belongs is decided in `trust`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Annotated, Final

from pk_tui.records import U16, Bytes16, Bytes32, Meta, Record, Time, decode, encode, replace
from pk_tui.store.shelf import Number, Shelf, ShelfRoom
from pk_tui.terms import NodeId, NotificationId

SEEN: Final = 10_000
"""Ids remembered for each box."""
_SEEN_ROW = 128
_TAG = 16
_NOTE_LIMIT = 8192


class Box(IntEnum):
    INBOX = Number.INBOX
    REQUESTS = Number.REQUESTS
    OUTBOX = Number.OUTBOX


class Note(Record, frozen=True, tag="note1", tag_field="record"):
    """`node` is the other side; `body` the encoded payload. `tries` and `next_try` are for delivery from the outbox."""

    id: Bytes16
    node: Bytes32
    type: Annotated[str, Meta(min_length=1, max_length=64)]
    body: Annotated[bytes, Meta(max_length=4096)]
    time: Time
    read: bool = False
    tries: U16 = 0
    next_try: Time = 0


class _Seen(Record, frozen=True, tag="seen1"):
    tags: Annotated[bytes, Meta(max_length=_SEEN_ROW * _TAG)]


class NotificationTable:
    def __init__(self, room: ShelfRoom) -> None:
        self._room = room
        self._shelves = {box: Shelf(room, Number(box)) for box in Box}
        self._seen_shelf = Shelf(room, Number.SEEN)
        self._waiting: dict[Box, dict[bytes, bool]] = {}
        self._seen: dict[Box, _SeenIds] = {}

    def put(self, box: Box, note: Note) -> bool:
        """Take a message in. False if its id was ever seen: in this box, or for a message that came in, in inbox or requests.

        Raises Malformed if it breaks a limit of its type.
        """
        raw = encode(note)
        decode(Note, raw, _NOTE_LIMIT)
        incoming = (Box.INBOX, Box.REQUESTS) if box is not Box.OUTBOX else (box,)
        name = note.node + note.id
        tag = _tag(name)
        if any(tag in self._seen_in(each).known for each in incoming):
            return False
        with self._change():
            self._insert(box, name, raw, note.read)
        return True

    def get(self, box: Box, node: NodeId, notification: NotificationId) -> Note | None:
        raw = self._shelves[box].get(node.raw + notification.raw)
        return None if raw is None else decode(Note, raw, _NOTE_LIMIT)

    def update(self, box: Box, note: Note) -> None:
        """Replace a message that is in the box, as after a try to deliver it. Nothing happens if it is gone."""
        name = note.node + note.id
        if self._shelves[box].get(name) is not None:
            with self._change():
                self._shelves[box].put(name, encode(note))
                self._waiting_in(box)[name] = note.read

    def mark_read(self, box: Box, node: NodeId, notification: NotificationId) -> None:
        note = self.get(box, node, notification)
        if note is not None and not note.read:
            self.update(box, replace(note, read=True))

    def remove(self, box: Box, node: NodeId, notification: NotificationId) -> bool:
        """False if it is not there. Its id stays known."""
        name = node.raw + notification.raw
        with self._change():
            self._waiting_in(box).pop(name, None)
            return self._shelves[box].remove(name)

    def list(self, box: Box, node: NodeId | None = None) -> list[Note]:
        """In the order in which they came; with `node` only those of that node."""
        return [
            decode(Note, raw, _NOTE_LIMIT)
            for name, raw in self._shelves[box].items()
            if node is None or name[:32] == node.raw
        ]

    def count(self, box: Box, node: NodeId | None = None, unread: bool = False) -> int:
        """How many there are; with `unread` only those not yet read. Costs no opening once the box was counted."""
        waiting = self._waiting_in(box)
        return sum(
            1 for name, read in waiting.items() if (node is None or name[:32] == node.raw) and not (unread and read)
        )

    def accept(self, node: NodeId, notification: NotificationId) -> Note | None:
        """Move a request to the inbox. None if it is not there."""
        note = self.get(Box.REQUESTS, node, notification)
        if note is None:
            return None
        name = note.node + note.id
        with self._change():
            self.remove(Box.REQUESTS, node, notification)
            self._insert(Box.INBOX, name, encode(note), note.read)
        return note

    def _insert(self, box: Box, name: bytes, raw: bytes, read: bool) -> None:
        self._shelves[box].put(name, raw)
        self._waiting_in(box)[name] = read
        self._seen_in(box).add(_tag(name))

    # Memory of what is on disk: changed at once, dropped if the transaction is undone, read again when next needed.

    @contextmanager
    def _change(self) -> Iterator[None]:
        with self._room.ledger.transaction():
            self._room.db.after_rollback(self._forget)
            yield

    def _waiting_in(self, box: Box) -> dict[bytes, bool]:
        found = self._waiting.get(box)
        if found is None:
            found = {note.node + note.id: note.read for note in self.list(box)}
            self._waiting[box] = found
        return found

    def _seen_in(self, box: Box) -> _SeenIds:
        found = self._seen.get(box)
        if found is None:
            found = self._seen[box] = _SeenIds(self._seen_shelf, box)
        return found

    def _forget(self) -> None:
        self._waiting.clear()
        self._seen.clear()


class _SeenIds:
    """The ids seen in one box, newest last, in rows of 128; the oldest row goes when there are too many."""

    def __init__(self, shelf: Shelf, box: Box) -> None:
        self._shelf = shelf
        self._box = box
        self._rows: list[tuple[int, bytes]] = []
        self.known: set[bytes] = set()
        for name, raw in shelf.items():
            if name[0] == box:
                self._rows.append((int.from_bytes(name[1:], "big"), decode(_Seen, raw).tags))
        self._rows.sort()
        for _, tags in self._rows:
            self.known.update(_split(tags))

    def add(self, tag: bytes) -> None:
        """Within the running transaction."""
        if tag in self.known:
            return
        number, tags = self._rows.pop() if self._rows else (0, b"")
        if len(tags) >= _SEEN_ROW * _TAG:
            self._rows.append((number, tags))
            number, tags = number + 1, b""
        tags += tag
        self._rows.append((number, tags))
        self._shelf.put(self._name(number), encode(_Seen(tags)))
        self.known.add(tag)
        while (len(self._rows) - 2) * _SEEN_ROW + len(tags) // _TAG >= SEEN:
            oldest, forgotten = self._rows.pop(0)
            self._shelf.remove(self._name(oldest))
            self.known.difference_update(_split(forgotten))

    def _name(self, number: int) -> bytes:
        return bytes((self._box,)) + number.to_bytes(8, "big")


def _tag(name: bytes) -> bytes:
    return hashlib.blake2b(name, digest_size=_TAG, person=b"pk-tui seen").digest()


def _split(tags: bytes) -> list[bytes]:
    return [tags[at : at + _TAG] for at in range(0, len(tags), _TAG)]
