"""Small sealed rows: what a node knows of other nodes, rights, messages and settings.

A shelf is a number and a set of named values. In the database a row shows the shelf's number and a keyed hash of the name;
name and value are in the seal, which is bound to shelf, row key and the row's own count of changes. What the values mean is
left to the tables made of shelves.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

from pk_tui.crypto.seal import SealKey, open_padded, place, seal_padded
from pk_tui.errors import CannotOpen, Corrupt, Locked
from pk_tui.store.database import Database
from pk_tui.store.ledger import Ledger, Part, row_key

_FLOOR = 256
"""Sealed size of the smallest row, so that most rows look alike."""


class Number(IntEnum):
    """Which shelf. The numbers are in the seals and never change."""

    CONTACTS = 1
    ISSUED_GRANTS = 2
    RECEIVED_GRANTS = 3
    INBOX = 4
    REQUESTS = 5
    OUTBOX = 6
    SEEN = 7
    SERVED = 8
    SETTINGS = 9
    CONFLICTS = 10
    CHAINS = 11
    FORKS = 12
    PROOFS = 13
    ENTITLEMENTS = 14
    DISCOVERY = 15
    AUDIT = 16


class ShelfRoom:
    """What all shelves share: the database, the ledger, and the keys while the node is unlocked."""

    def __init__(self, db: Database, ledger: Ledger, state_key: SealKey) -> None:
        self.db = db
        self.ledger = ledger
        self._seal: SealKey | None = state_key.subkey("pk shelf seal")
        self._name: SealKey | None = state_key.subkey("pk shelf name")

    def close(self) -> None:
        """Drop the keys; every shelf raises Locked from then on."""
        self._seal = self._name = None

    @property
    def seal_key(self) -> SealKey:
        if self._seal is None:
            raise Locked("The node is locked.")
        return self._seal

    @property
    def name_key(self) -> SealKey:
        if self._name is None:
            raise Locked("The node is locked.")
        return self._name

    def remove_unreadable(self) -> int:
        """Remove every row that does not open where it lies, before the ledger is counted anew; how many there were.

        Only for a state that the owner accepts although rows of it were altered from outside.
        """
        removed = 0
        for row, number, rk, gen, sealed in self.db.rows("SELECT id, number, rk, gen, sealed FROM shelf"):
            if not self.fits(number, rk, gen, sealed):
                self.db.execute("DELETE FROM shelf WHERE id = ?", (row,))
                removed += 1
        return removed

    def fits(self, number: int, rk: bytes, gen: int, sealed: bytes) -> bool:
        """True if these bytes were sealed for this place."""
        try:
            name, _ = _open(self.seal_key, number, rk, gen, sealed)
            return row_name(self.name_key, number, name) == rk
        except (CannotOpen, AttributeError, TypeError):
            return False


class Shelf:
    """The rows of one number, as a small dictionary of bytes that is on disk."""

    def __init__(self, room: ShelfRoom, number: Number) -> None:
        self._room = room
        self._number = int(number)  # plain, as it comes back from the database

    def get(self, name: bytes) -> bytes | None:
        rk = self._rk(name)
        row = self._room.db.one("SELECT gen, sealed FROM shelf WHERE rk = ?", (rk,))
        return None if row is None else self._value(rk, row[0], row[1])[1]

    def put(self, name: bytes, value: bytes) -> None:
        """Set the value. Nothing is written if it is the same already."""
        rk = self._rk(name)
        room = self._room
        with room.ledger.transaction():
            row = room.db.one("SELECT gen, sealed, mark FROM shelf WHERE rk = ?", (rk,))
            if row is not None and self._value(rk, row[0], row[1])[1] == value:
                return
            gen = 1 if row is None else row[0] + 1
            body = len(name).to_bytes(2, "big") + name + value
            sealed = seal_padded(room.seal_key, body, _where(self._number, rk, gen), _FLOOR)
            mark = room.ledger.mark(Part.SHELF, row_key(self._number, gen) + rk, sealed)
            if row is None:
                room.db.execute(
                    "INSERT INTO shelf (number, rk, gen, sealed, mark) VALUES (?, ?, ?, ?, ?)",
                    (self._number, rk, gen, sealed, mark),
                )
            else:
                room.db.execute("UPDATE shelf SET gen = ?, sealed = ?, mark = ? WHERE rk = ?", (gen, sealed, mark, rk))
                room.ledger.drop(row[2])
            room.ledger.add(mark)

    def remove(self, name: bytes) -> bool:
        """False if there was none."""
        rk = self._rk(name)
        room = self._room
        with room.ledger.transaction():
            row = room.db.one("SELECT mark FROM shelf WHERE rk = ?", (rk,))
            if row is None:
                return False
            room.db.execute("DELETE FROM shelf WHERE rk = ?", (rk,))
            room.ledger.drop(row[0])
        return True

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Names and values, in the order in which the names were first put."""
        for rk, gen, sealed in self._room.db.rows(
            "SELECT rk, gen, sealed FROM shelf WHERE number = ? ORDER BY id", (self._number,)
        ):
            yield self._value(rk, gen, sealed)

    def _rk(self, name: bytes) -> bytes:
        return row_name(self._room.name_key, self._number, name)

    def _value(self, rk: bytes, gen: int, sealed: bytes) -> tuple[bytes, bytes]:
        try:
            return _open(self._room.seal_key, self._number, rk, gen, sealed)
        except (CannotOpen, AttributeError, TypeError) as error:
            raise Corrupt("A stored record was damaged or moved while the node was open.") from error


def row_name(key: SealKey, number: int, name: bytes) -> bytes:
    """The 16-byte row key: tells nothing of the name to who lacks the key."""
    return key.tag(bytes((number,)) + name)


def _where(number: int, rk: bytes, gen: int) -> bytes:
    return place("shelf", number, rk, gen)


def _open(key: SealKey, number: int, rk: bytes, gen: int, sealed: bytes) -> tuple[bytes, bytes]:
    body = open_padded(key, sealed, _where(number, rk, gen))
    end = 2 + int.from_bytes(body[:2], "big")
    return body[2:end], body[end:]
