"""The nodes we know: what we call them, where they answered, and whether their owner was met. What they may do is not here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pk_tui.records import Bytes32, Meta, NameText, Record, Time, decode, encode
from pk_tui.store.shelf import Number, Shelf, ShelfRoom
from pk_tui.terms import NodeId

MAX_ADDRESSES = 8
_Host = Annotated[str, Meta(min_length=1, max_length=253)]
_Port = Annotated[int, Meta(ge=1, le=65535)]
_ActionName = Annotated[str, Meta(min_length=1, max_length=16)]


class _Older(Record, frozen=True, tag="contact1"):
    """The form in which rights lay with the contact."""

    node: Bytes32
    petname: NameText | None
    addresses: Annotated[tuple[tuple[_Host, _Port], ...], Meta(max_length=MAX_ADDRESSES)]
    actions: Annotated[tuple[_ActionName, ...], Meta(max_length=8)]
    known_since: Time
    last_seen: Time | None = None


class Contact(Record, frozen=True, tag="contact2"):
    """`addresses`: (host, port), the one that worked last first. `met`: when its owner and ours compared the same words on both
    screens; `blocked`: by hand."""

    node: Bytes32
    petname: NameText | None
    addresses: Annotated[tuple[tuple[_Host, _Port], ...], Meta(max_length=MAX_ADDRESSES)]
    known_since: Time
    last_seen: Time | None = None
    met: Time | None = None
    blocked: bool = False


class ContactTable:
    """That two contacts do not share a petname is left to the agent."""

    def __init__(self, room: ShelfRoom) -> None:
        self._shelf = Shelf(room, Number.CONTACTS)

    def get(self, node: NodeId) -> Contact | None:
        raw = self._shelf.get(node.raw)
        return None if raw is None else _read(raw)

    def put(self, contact: Contact) -> None:
        """Raises Malformed if the contact breaks a limit of its type."""
        raw = encode(contact)
        decode(Contact, raw)
        self._shelf.put(contact.node, raw)

    def remove(self, node: NodeId) -> bool:
        """False if it was not known."""
        return self._shelf.remove(node.raw)

    def list(self) -> list[Contact]:
        """In the order in which they became known."""
        return [_read(raw) for _, raw in self._shelf.items()]

    def take_older_actions(self) -> Sequence[tuple[NodeId, tuple[str, ...]]]:
        """What contacts of the older form allowed to each node; they are written anew without it."""
        found: list[tuple[NodeId, tuple[str, ...]]] = []
        for _, raw in list(self._shelf.items()):
            contact = decode(_ANY, raw)
            if isinstance(contact, _Older):
                found.append((NodeId(contact.node), contact.actions))
                self.put(_read(raw))
        return found


_ANY: Any = Contact | _Older


def _read(raw: bytes) -> Contact:
    contact: Contact | _Older = decode(_ANY, raw)
    if isinstance(contact, Contact):
        return contact
    return Contact(contact.node, contact.petname, contact.addresses, contact.known_since, contact.last_seen)
