"""The nodes we know: what we call them, where they answered, and what we explicitly allow them."""

from __future__ import annotations

from typing import Annotated

from pk_tui.records import Bytes32, Meta, NameText, Record, Time, decode, encode
from pk_tui.store.shelf import Number, Shelf, ShelfRoom
from pk_tui.terms import NodeId

MAX_ADDRESSES = 8
_Host = Annotated[str, Meta(min_length=1, max_length=253)]
_Port = Annotated[int, Meta(ge=1, le=65535)]
_ActionName = Annotated[str, Meta(min_length=1, max_length=16)]


class Contact(Record, frozen=True, tag="contact1"):
    """`addresses`: (host, port), the one that worked last first. `actions`: those allowed to the node's gestalt by hand."""

    node: Bytes32
    petname: NameText | None
    addresses: Annotated[tuple[tuple[_Host, _Port], ...], Meta(max_length=MAX_ADDRESSES)]
    actions: Annotated[tuple[_ActionName, ...], Meta(max_length=8)]
    known_since: Time
    last_seen: Time | None = None


class ContactTable:
    """That two contacts do not share a petname is left to the agent."""

    def __init__(self, room: ShelfRoom) -> None:
        self._shelf = Shelf(room, Number.CONTACTS)

    def get(self, node: NodeId) -> Contact | None:
        raw = self._shelf.get(node.raw)
        return None if raw is None else decode(Contact, raw)

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
        return [decode(Contact, raw) for _, raw in self._shelf.items()]
