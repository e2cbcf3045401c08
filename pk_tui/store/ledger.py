"""Every small sealed row is accounted for: one sealed sum over all of them, renewed in every transaction.

A seal shows that a row was altered or moved. It cannot show that a row was deleted, or put back as it once was. The ledger can:
each row has a mark, a keyed hash of its place and its sealed bytes, and the ledger seals the number of rows and the sum of
their marks. Adding marks (256 bits, under a secret key, the sum sealed) makes a change cost the same however many rows
there are.

The mark is also kept beside its row. So one row that rotted shows as that row alone (its bytes do not give its mark, while the
sum is right), and one damaged vault does not take the others down; a row put back with its old mark breaks the sum.

Frames and index rows are not here: each vault's state covers its own, by a chain.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum

from pk_tui.crypto.seal import SealKey, open_sealed, place, seal
from pk_tui.errors import CannotOpen, Corrupt, Locked
from pk_tui.store.database import Database

_BODY = struct.Struct(">QQ32s")
_MODULUS = 1 << 256
_LOST = (
    "The database does not add up: rows were removed, put back or altered from outside, or it is damaged. "
    "Nothing was changed. Restore a backup, or go on with what is there: `--accept-state`."
)


class Part(IntEnum):
    """The tables whose rows are counted. The numbers are in the marks and never change."""

    META = 1
    SLOT = 2
    NODE_KEY = 3
    VAULT_KEY = 4
    VAULT_STATE = 5
    SHELF = 6


class Ledger:
    """Counts for one unlocked database. All writing of counted rows happens within `transaction`."""

    def __init__(self, db: Database, state_key: SealKey) -> None:
        self._db = db
        self._seal: SealKey | None = state_key.subkey("pk ledger seal")
        self._mark: bytes = state_key.subkey("pk ledger mark").reveal()
        self.gen = 0
        """Transactions so far; the database's version number."""
        self._count = 0
        self._sum = 0
        self._changed = False
        self._open = False

    def close(self) -> None:
        """Drop the keys; every use from now on raises Locked."""
        self._seal = None
        self._mark = b""

    def _seal_key(self) -> SealKey:
        if self._seal is None:
            raise Locked("The node is locked.")
        return self._seal

    # Marks

    def mark(self, part: Part, key: bytes, sealed: bytes) -> bytes:
        """The row's mark; `key` names it within its table (at most 255 bytes)."""
        self._seal_key()  # an unkeyed hash would be worse than none
        state = hashlib.blake2b(bytes((part, len(key))) + key, digest_size=32, key=self._mark)
        state.update(sealed)
        return state.digest()

    def add(self, mark: bytes) -> None:
        self._require_transaction()
        self._sum = (self._sum + int.from_bytes(mark, "big")) % _MODULUS
        self._count += 1
        self._changed = True

    def drop(self, mark: bytes) -> None:
        self._require_transaction()
        self._sum = (self._sum - int.from_bytes(mark, "big")) % _MODULUS
        self._count -= 1
        self._changed = True

    def _require_transaction(self) -> None:
        if not self._open:
            raise RuntimeError("counted rows are written within a ledger transaction")

    # Transactions

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A database transaction that ends by writing the ledger, if any row changed. Joins one that runs."""
        self._seal_key()
        if self._open:
            with self._db.transaction():
                yield
            return
        with self._db.transaction():
            self._open = True
            self._db.after_rollback(self._restore(self.gen, self._count, self._sum))
            try:
                yield
                if self._changed:
                    self._write()
            finally:
                self._open = False
                self._changed = False

    def _restore(self, gen: int, count: int, total: int) -> Callable[[], None]:
        def restore() -> None:
            self.gen, self._count, self._sum = gen, count, total

        return restore

    def _write(self) -> None:
        self.gen += 1
        body = _BODY.pack(self.gen, self._count, self._sum.to_bytes(32, "big"))
        sealed = seal(self._seal_key(), body, place("ledger", self.gen))
        self._db.execute(
            "INSERT INTO ledger (id, gen, sealed) VALUES (1, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET gen = excluded.gen, sealed = excluded.sealed",
            (self.gen, sealed),
        )

    # Opening

    def read(self) -> None:
        """Take up the sums as they were last written. Raises Corrupt if they are gone or do not open."""
        row = self._db.one("SELECT gen, sealed FROM ledger WHERE id = 1")
        try:
            if row is None:
                raise CannotOpen("The ledger is gone.")
            gen, count, total = _BODY.unpack(open_sealed(self._seal_key(), row[1], place("ledger", row[0])))
        except (CannotOpen, TypeError) as error:
            raise Corrupt(_LOST) from error
        self.gen, self._count, self._sum = gen, count, int.from_bytes(total, "big")

    def verify(self) -> None:
        """Compare the sums with the rows that are there. Raises Corrupt if they differ, or if a row that concerns the whole
        node is damaged. Damaged rows of single vaults are for the vaults to find, by `holds`."""
        total = count = 0
        damaged = False
        for _, part, key, sealed, mark in self._counted_rows():
            if mark is None:
                mark = self.mark(part, key, sealed)
            elif part is Part.SHELF and not self.holds(mark, part, key, sealed):
                damaged = True
            total += int.from_bytes(mark, "big")
            count += 1
        if count != self._count or total % _MODULUS != self._sum:
            raise Corrupt(_LOST)
        if damaged:
            raise Corrupt(
                "A stored record is damaged. Nothing was changed. Restore a backup, or go on without what cannot be read: "
                "`--accept-state`."
            )

    def audit(self) -> tuple[list[tuple[Part, int]], int, bool]:
        """The rows whose bytes do not give the mark beside them (table and row number); how many rows there are more than were
        counted; and whether the sum is right."""
        odd: list[tuple[Part, int]] = []
        total = count = 0
        for row, part, key, sealed, mark in self._counted_rows():
            fresh = self.mark(part, key, sealed)
            if mark is not None and mark != fresh:
                odd.append((part, row))
            total += int.from_bytes(fresh if mark is None else mark, "big")
            count += 1
        return odd, count - self._count, total % _MODULUS == self._sum

    def holds(self, mark: bytes, part: Part, key: bytes, sealed: bytes) -> bool:
        """True if the row's bytes are those that were counted."""
        return mark == self.mark(part, key, sealed)

    def baseline(self, gen: int) -> None:
        """Count the rows as they now are, from version `gen` on: the owner accepted this state."""
        self._require_transaction()
        self.gen, self._count, self._sum, self._changed = gen, 0, 0, True
        for row, part, key, sealed, mark in list(self._counted_rows()):
            fresh = self.mark(part, key, sealed)
            if mark is not None and mark != fresh:
                self._db.execute(f"UPDATE {part.name.lower()} SET mark = ? WHERE rowid = ?", (fresh, row))  # noqa: S608
            self.add(fresh)

    def _counted_rows(self) -> Iterator[tuple[int, Part, bytes, bytes, bytes | None]]:
        """Row id, part, key, sealed bytes and the mark beside them (None where none is kept) of every counted row."""
        for row, key, value in self._db.rows("SELECT rowid, key, value FROM meta"):
            yield row, Part.META, _text(key), _blob(value), None
        for row, kind, *slot in self._db.rows("SELECT rowid, kind, salt, passes, memory, wrapped FROM slot"):
            yield row, Part.SLOT, _text(kind), slot_bytes(*slot), None
        for row, seed, state in self._db.rows("SELECT rowid, seed, state FROM node_key"):
            yield row, Part.NODE_KEY, b"", _blob(seed) + _blob(state), None
        for row, vault, epoch, wrapped, mark in self._db.rows(
            "SELECT rowid, vault_id, epoch, wrapped, mark FROM vault_key"
        ):
            yield row, Part.VAULT_KEY, row_key(vault, epoch), _blob(wrapped), _blob(mark)
        for row, gen, sealed, mark in self._db.rows("SELECT vault_id, gen, sealed, mark FROM vault_state"):
            yield row, Part.VAULT_STATE, row_key(row, gen), _blob(sealed), _blob(mark)
        for row, number, rk, gen, sealed, mark in self._db.rows(
            "SELECT rowid, number, rk, gen, sealed, mark FROM shelf"
        ):
            yield row, Part.SHELF, row_key(number, gen) + _blob(rk)[:64], _blob(sealed), _blob(mark)


def _blob(value: object) -> bytes:
    """SQLite columns take any type; one that was altered to another is an altered row, not a crash."""
    return value if isinstance(value, bytes) else repr(value).encode()


def _text(value: object) -> bytes:
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else repr(value).encode()


def row_key(first: int, second: int) -> bytes:
    """The key of a row named by two numbers: its vault or shelf, and its epoch or generation."""
    return b"%d:%d:" % (first, second) if type(first) is type(second) is int else b"altered"


def slot_bytes(salt: bytes | None, passes: int | None, memory: int | None, wrapped: bytes) -> bytes:
    """What the ledger counts of a key slot."""
    return place("slot", _blob(salt), repr((passes, memory)).encode(), _blob(wrapped))
