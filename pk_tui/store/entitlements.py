"""What was granted here, to whom, and which nodes were confirmed for it. What follows from it is decided in `trust`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from pk_tui.store.shelf import Number, Shelf, ShelfRoom
from pk_tui.trust.entitlement import Change, Entitlement, read_entitlement, write_entitlement


class EntitlementTable:
    def __init__(self, room: ShelfRoom) -> None:
        self._room = room
        self._shelf = Shelf(room, Number.ENTITLEMENTS)

    def apply(self, change: Change) -> None:
        """All of it or nothing. Raises Malformed for an entitlement for more nodes than can be."""
        coming = [write_entitlement(one) for one in change.come]
        with self._room.ledger.transaction():
            for one in change.gone:
                self._shelf.remove(_name(write_entitlement(one)))
            for raw in coming:
                self._shelf.put(_name(raw), raw)

    def list(self) -> Iterator[Entitlement]:
        for _, raw in self._shelf.items():
            yield read_entitlement(raw)


def _name(raw: bytes) -> bytes:
    """An entitlement is its bytes: there are no two of the same."""
    return hashlib.blake2b(raw, digest_size=16).digest()
