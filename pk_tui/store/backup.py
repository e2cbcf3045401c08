"""A node in one sealed file: all rows of its database as they were at one moment, and what its witness held then.

    "pk-tui backup 1\\n" ‖ length u32 ‖ header ‖ (length u32 ‖ sealed piece)…        lengths big-endian

The header is what opening takes: the slots of password and recovery words, and the wrapped state key, from which the key of the
pieces is derived. Each piece is sealed with its place: a hash of all before the first piece, its number, and whether it is
the last. So a file that was cut, altered, reordered or put together of two does not open. The rows in it are the sealed ones of
the database; nothing of them is opened here.

Where the file lies and who asks for the password is left to others.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pk_tui.clock import Instant
from pk_tui.crypto.keys import RecoveryKey
from pk_tui.crypto.passphrase import Cost
from pk_tui.crypto.seal import OVERHEAD, SealKey, open_sealed, place, seal
from pk_tui.crypto.wrap import PasswordSlot, unwrap_with_password, unwrap_with_recovery
from pk_tui.errors import CannotOpen, Corrupt, Malformed, PermissionDenied, TooNew
from pk_tui.plaintext import Plaintext
from pk_tui.records import U32, U63, Bytes32, Meta, Record, Time, decode, encode
from pk_tui.store.database import Database, storage_error
from pk_tui.store.node import NodeStore
from pk_tui.store.nodekeys import backup_key, state_key_of
from pk_tui.store.snapshot import Row, Snapshot
from pk_tui.store.witness import Witness
from pk_tui.terms import NodeId
from pk_tui.trust.succession import recovery_key_of

MAGIC = b"pk-tui backup 1\n"
_ANY_VERSION = b"pk-tui backup "
_MAX_HEADER = 16 * 1024
_PIECE = 256 * 1024
"""Bytes of rows gathered into a piece; a larger row has its own."""
_MAX_PIECE = 32 * 1024 * 1024
"""Bytes of a piece that is still read: the first holds the witness (at most 16 MiB), others a row at most (about 2.4 MiB)."""
_DAMAGED = "The backup does not verify near byte {}: it was altered, or is damaged. Nothing was taken from it."
_CUT = "The backup is cut off: it ends at byte {} without its last piece. Nothing was taken from it."

_Sealed = Annotated[bytes, Meta(min_length=1, max_length=1024)]
_Name = Annotated[str, Meta(min_length=1, max_length=64)]
_VALUES = {int, bytes, str, float, type(None)}
"""What a column can hold."""


class _Header(Record, frozen=True, tag="backup1"):
    salt: Annotated[bytes, Meta(max_length=64)]
    passes: U32
    memory: U63
    by_password: _Sealed
    by_words: _Sealed
    node: Bytes32
    first_claim: _Sealed
    state_key: _Sealed
    made: Time
    nonce: Bytes32


class _First(Record, frozen=True, tag="backupfirst1"):
    layout: U32
    witness: bytes
    vaults: U32
    tables: Annotated[tuple[tuple[_Name, Annotated[tuple[_Name, ...], Meta(max_length=64)]], ...], Meta(max_length=64)]


class _Rows(Record, frozen=True, tag="backuprows1"):
    table: U32
    rows: tuple[tuple[Any, ...], ...]  # of `_VALUES`, which no one type of msgspec holds together


class _Last(Record, frozen=True, tag="backuplast1"):
    rows: U63


@dataclass(frozen=True, slots=True)
class Source:
    """What a backup is made of, all of one moment. Close it when it is made, or will not be."""

    snapshot: Snapshot
    key: SealKey
    header: bytes
    witness: bytes
    vaults: int

    def close(self) -> None:
        self.snapshot.close()


def begin_backup(store: NodeStore, now: Instant, nonce: bytes) -> Source:
    """One desk job. `nonce`: 32 random bytes, which tell this file's pieces from those of any other."""
    slot = store.password_slot
    header = _Header(
        salt=slot.salt,
        passes=slot.cost.passes,
        memory=slot.cost.memory,
        by_password=slot.wrapped,
        by_words=store.recovery_slot,
        node=store.node_id.raw,
        first_claim=store.genesis,
        state_key=store.wrapped_state_key(),
        made=now,
        nonce=nonce,
    )
    key, vaults = store.backup_key, len(store.vaults.list()) + len(store.vaults.unreadable)
    snapshot, witness = store.moment()
    return Source(snapshot, key, encode(header), witness, vaults)


def write_backup(source: Source, write: Callable[[bytes], None]) -> Generator[int, None, None]:
    """Write all of it, piece by piece; yields the bytes written so far."""
    start = MAGIC + _prefixed(source.header)
    write(start)
    written, number, prefix = len(start), 0, _digest(start)

    def piece(record: Record, last: bool = False) -> int:
        nonlocal written, number
        sealed = _prefixed(seal(source.key, encode(record), _place(prefix, number, last)))
        write(sealed)
        written, number = written + len(sealed), number + 1
        return written

    try:
        snapshot = source.snapshot
        tables = tuple(snapshot.tables())
        yield piece(_First(snapshot.layout, source.witness, source.vaults, tables))
        total = 0
        for index, (table, columns) in enumerate(tables):
            for rows in _gathered(snapshot.rows(table, columns)):
                total += len(rows)
                yield piece(_Rows(index, rows))
        yield piece(_Last(total), last=True)
    except sqlite3.Error as error:
        raise storage_error(error) from error


def _gathered(rows: Iterator[Row]) -> Iterator[tuple[Row, ...]]:
    some: list[Row] = []
    size = 0
    for row in rows:
        some.append(row)
        size += sum(len(value) if isinstance(value, bytes | str) else 8 for value in row)
        if size >= _PIECE:
            yield tuple(some)
            some, size = [], 0
    if some:
        yield tuple(some)


class Backup:
    """A backup being read; `read` gives at most so many bytes of it, from its beginning. Believe nothing of it until `rows` or
    `verify` have come to their end."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        """Raises Malformed if it is no backup, Corrupt if it is cut off here already, TooNew for one of a later version."""
        self._read = read
        self.bytes = 0
        magic = self._exactly(len(MAGIC), Malformed("This file is not a backup of a pk-tui node."))
        if magic != MAGIC:
            if magic.startswith(_ANY_VERSION):
                raise TooNew("This backup was made by a newer version of pk-tui. Install that version to restore it.")
            raise Malformed("This file is not a backup of a pk-tui node.")
        size = self._size(_MAX_HEADER)
        raw = self._exactly(size, self._cut()) if size else b""
        try:
            self._header = decode(_Header, raw, _MAX_HEADER)
        except Malformed as error:
            raise Corrupt(_DAMAGED.format(self.bytes)) from error
        self._prefix = _digest(MAGIC + _prefixed(raw))
        self.node_id = NodeId(self._header.node)
        self.made: Instant = self._header.made
        self.vaults = 0

    # Opening

    def root_from_password(self, password: Plaintext) -> SealKey:
        """About a second of computing. Raises WrongPassword."""
        header = self._header
        slot = PasswordSlot(header.salt, Cost(header.passes, header.memory), header.by_password)
        return unwrap_with_password(slot, password)

    def root_from_words(self, recovery: RecoveryKey) -> SealKey:
        """Raises PermissionDenied if the words are those of another node."""
        try:
            named = recovery_key_of(self._header.first_claim)
        except Malformed as error:
            raise Corrupt(_DAMAGED.format(self.bytes)) from error
        if named != recovery.public:
            raise PermissionDenied("These recovery words belong to another node than this backup.")
        return unwrap_with_recovery(self._header.by_words, recovery)

    def key_under(self, root: SealKey) -> SealKey:
        """The key of the pieces. Raises Corrupt if the header was put together of two."""
        try:
            return backup_key(state_key_of(root, self.node_id, self._header.state_key))
        except CannotOpen as error:
            raise Corrupt(_DAMAGED.format(self.bytes)) from error

    # Reading

    def verify(self, key: SealKey) -> Generator[int, None, None]:
        """Read all of it to the end; yields the bytes read so far. Raises Corrupt unless every byte is as it was written."""
        for _ in self._records(key):
            yield self.bytes

    def load(self, key: SealKey, make: Callable[[int], Database], witness: Witness) -> Generator[int, None, None]:
        """Put everything into a database that `make` makes for a layout, and the witness; yields the bytes read so far.

        Both are to be thrown away if this raises. The database is closed.
        """
        records = self._records(key)
        first = next(records)
        assert isinstance(first, _First)
        db = make(first.layout)
        try:
            inserts = [_insert(db, table, columns) for table, columns in first.tables]
            for record in records:
                if isinstance(record, _Rows):
                    self._insert(db, inserts, record)
                yield self.bytes
        finally:
            db.close()
        witness.save(first.witness)

    def _insert(self, db: Database, inserts: list[tuple[str, int]], record: _Rows) -> None:
        width = inserts[record.table][1] if record.table < len(inserts) else -1
        if any(len(row) != width or not _VALUES.issuperset(map(type, row)) for row in record.rows):
            raise Corrupt(_DAMAGED.format(self.bytes))
        with db.transaction():
            if record.table == len(inserts) - 1:
                # The last one: the ids given out so far. SQLite has its own idea of them from the rows that came in before.
                db.execute("DELETE FROM sqlite_sequence")
            db.executemany(inserts[record.table][0], record.rows)

    def _records(self, key: SealKey) -> Iterator[_First | _Rows | _Last]:
        number = rows = 0
        while True:
            sealed = self._exactly(self._size(_MAX_PIECE), self._cut())
            record = self._opened(key, sealed, number)
            # In order: one first, rows, one last. They are sealed by us, so another order is our own mistake or an odd key.
            if (number == 0) != isinstance(record, _First) or (isinstance(record, _Last) and record.rows != rows):
                raise Corrupt(_DAMAGED.format(self.bytes))
            if isinstance(record, _First):
                self.vaults = record.vaults
            if isinstance(record, _Rows):
                rows += len(record.rows)
            if isinstance(record, _Last):
                if self._read(1):
                    raise Corrupt(f"The backup goes on after its end at byte {self.bytes}. Nothing was taken from it.")
                yield record
                return
            yield record
            number += 1

    def _opened(self, key: SealKey, sealed: bytes, number: int) -> _First | _Rows | _Last:
        for last in (False, True):
            try:
                content = open_sealed(key, sealed, _place(self._prefix, number, last))
                if last:
                    return decode(_Last, content, _MAX_PIECE)
                return decode(_Rows, content, _MAX_PIECE) if number else decode(_First, content, _MAX_PIECE)
            except CannotOpen:
                continue
            except Malformed:
                break
        raise Corrupt(_DAMAGED.format(self.bytes))

    def _cut(self) -> Corrupt:
        return Corrupt(_CUT.format(self.bytes))

    def _size(self, limit: int) -> int:
        size = int.from_bytes(self._exactly(4, self._cut()), "big")
        if size > limit + OVERHEAD:
            raise Corrupt(_DAMAGED.format(self.bytes))
        return size

    def _exactly(self, size: int, otherwise: Corrupt | Malformed) -> bytes:
        """Memory is spent on what came, not on what a length promises."""
        parts: list[bytes] = []
        left = size
        while left:
            part = self._read(min(left, _PIECE))
            if not part:
                raise otherwise
            self.bytes += len(part)
            parts.append(part)
            left -= len(part)
        return b"".join(parts)


def _insert(db: Database, table: str, columns: tuple[str, ...]) -> tuple[str, int]:
    """The statement for one row, and how many values it takes. Names are believed only if the layout has them."""
    if not set(columns) <= set(db.columns(table)) or not columns:
        raise Corrupt("The backup holds a table that its layout does not have. Nothing was taken from it.")
    names = ", ".join(columns)
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({names}) VALUES ({marks})", len(columns)  # noqa: S608 - names of our own schema


def _prefixed(raw: bytes) -> bytes:
    return len(raw).to_bytes(4, "big") + raw


def _digest(start: bytes) -> bytes:
    return hashlib.blake2b(start, digest_size=32, person=b"pk-tui backup").digest()


def _place(prefix: bytes, number: int, last: bool) -> bytes:
    return place("backup", prefix, number, int(last))
