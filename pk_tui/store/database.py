"""The database file: opening it safely, transactions, and SQLite's errors as kinds that a caller can act on.

One connection, used by one thread: SQLite before 3.51.3 can corrupt a WAL that two connections checkpoint, and two
coroutines in one transaction would commit each other's rows. What is in the tables is left to the other modules.
"""

from __future__ import annotations

import os
import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from weakref import WeakSet

from peewee import PeeweeException, SqliteDatabase

from pk_tui.errors import AlreadyExists, Busy, Corrupt, MissingInput, PkError, StorageFailed
from pk_tui.store.migrations import APPLICATION_ID, STEPS, VERSION, check_version, run_steps
from pk_tui.store.newfile import sync_directory
from pk_tui.store.old_layout import keep_copy, remove_copies
from pk_tui.store.snapshot import Snapshot, columns_of

# FULL: a commit that was acknowledged survives a power cut. secure_delete: freed pages are overwritten, so a deleted key is gone.
# mmap off: an I/O error stays an error, not a signal.
_PRAGMAS = (
    ("journal_mode", "wal"),
    ("synchronous", "full"),
    ("secure_delete", "on"),
    ("temp_store", "memory"),
    ("foreign_keys", "on"),
    ("trusted_schema", "off"),
    ("cell_size_check", "on"),
    ("mmap_size", 0),
    ("wal_autocheckpoint", 2000),
)
# Takes effect only in a new database, before the journal mode is set; on one that is there it would be a write at each opening.
_NEW = (("auto_vacuum", 2),)
# While a new file is built its journal is the ordinary one, so that the header is in the file itself once it has any bytes.
_BUILDING = (*_NEW, ("synchronous", "full"))
_LOCK_WAIT = 2.0
"""Seconds to wait for another connection; there should be none."""
_VACUUM_PAGES = 1024
"""Free pages given back to the file system per checkpoint (4 MiB), so that one stays short."""

Row = tuple[Any, ...]
Callback = Callable[[], None]


def _sqlite_error(error: BaseException) -> sqlite3.Error | None:
    """The root cause: Peewee wraps SQLite's error, and a rollback that fails after it hides it once more."""
    found: sqlite3.Error | None = None
    todo: list[BaseException | None] = [error]
    seen: set[int] = set()
    while todo:
        current = todo.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, sqlite3.Error) and (found is None or _code(current) > 1):
            found = current  # code 1 is the generic one, as of “cannot rollback”
        todo += (current.__cause__, current.__context__, getattr(current, "orig", None))
    return found


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 1) or 1) & 0xFF


def storage_error(error: BaseException) -> PkError:
    """The error kind for a failure of SQLite or Peewee. The sentence holds SQLite's name of it, never a value."""
    cause = _sqlite_error(error)
    code = _code(cause) if cause else 1
    name = getattr(cause, "sqlite_errorname", None) or type(cause or error).__name__
    match code:
        case sqlite3.SQLITE_FULL:
            return StorageFailed("The disk is full: nothing was changed. Free some space and try again.")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Busy("The database is in use by something else. Try again.")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_FORMAT:
            return Corrupt(f"The database file is damaged ({name}). Restore it from a backup.")
        case _:
            return StorageFailed(f"The database could not be read or written ({name}). Nothing was changed.")


@contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, PeeweeException) as error:
        raise storage_error(error) from error


class Database:
    """An open database. Close it in the thread that opened it."""

    def __init__(self, peewee: SqliteDatabase, path: Path | None = None) -> None:
        """`path`: where its file is; None for one in memory."""
        self._peewee = peewee
        self._path = path
        self._connection = _connection(peewee)
        # A value that was altered to ill-formed text is for its reader to refuse, not an error of the disk.
        self._connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        self._depth = 0
        self._failed = False
        self._on_commit: list[Callback] = []
        self._on_rollback: list[Callback] = []
        self._snapshots: WeakSet[Snapshot] = WeakSet()

    @classmethod
    def create(cls, path: Path | None) -> Self:
        """A new, empty database of mode 0600; None: in memory. AlreadyExists if there is a file with anything in it."""
        if path is not None:
            _claim(path)
            with _mapped():
                building = _connect(str(path), _BUILDING)
                run_steps(_connection(building), 0)
                building.close()
            sync_directory(path.parent)
            return cls.open(path)
        with _mapped():
            peewee = _connect(":memory:", (*_NEW, *_PRAGMAS))
            run_steps(_connection(peewee), 0)
            return cls(peewee)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an existing database and bring it to the newest layout; a copy of the older one stays beside it (`old_layout`).

        Raises MissingInput if there is none, Corrupt if the file is not ours, TooNew if a newer version wrote it; all
        of these leave it untouched.
        """
        check_version(_header_version(path))
        with _mapped():
            peewee = _connect(str(path), _PRAGMAS)
            try:
                # Again, through the journal: the newest header may still lie there.
                version = int(peewee.user_version)
                check_version(version)
                if version < VERSION:
                    keep_copy(_connection(peewee), path, version)
                run_steps(_connection(peewee), version)
            except BaseException:
                peewee.close()
                raise
            return cls(peewee, path)

    @classmethod
    def build(cls, path: Path, layout: int) -> Self:
        """A new, empty database of an older layout or ours, to be filled with the rows of one and closed; `open` then brings it
        to the newest. Foreign keys are not looked at meanwhile. Raises AlreadyExists or TooNew."""
        check_version(layout)
        _claim(path)
        with _mapped():
            peewee = _connect(str(path), _BUILDING)
            try:
                run_steps(_connection(peewee), 0, STEPS[:layout])
            except BaseException:
                peewee.close()
                raise
            return cls(peewee)

    def columns(self, table: str) -> tuple[str, ...]:
        """Of a table; empty if there is none of that name."""
        with _mapped():
            return columns_of(self._connection, table)

    def snapshot(self) -> Snapshot:
        """The database as it is now, to be read and closed in any thread. Not within a transaction."""
        if self._depth:
            raise RuntimeError("a snapshot is not taken within a transaction")
        name = str(self._peewee.database)
        with _mapped():
            taken = Snapshot.of_memory(self._connection) if name == ":memory:" else Snapshot.of_file(Path(name))
        self._snapshots.add(taken)
        return taken

    def close(self) -> None:
        if not self._peewee.is_closed():
            with _mapped():
                self._peewee.close()

    @contextmanager
    def passing(self) -> Iterator[None]:
        """A transaction for what nobody needs unless a later one succeeds: nobody waits until it is on disk. The later one is
        waited for, and with it all that was written before; after a power cut these rows may be gone, and nothing else. Within
        another transaction it joins that one."""
        if self._depth:
            with self.transaction():
                yield
            return
        self._set_synchronous("normal")
        try:
            with self.transaction():
                yield
        finally:
            self._set_synchronous("full")

    def _set_synchronous(self, level: str) -> None:
        with _mapped():
            self._connection.execute(f"PRAGMA synchronous = {level}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One `BEGIN IMMEDIATE` … `COMMIT`; within another it joins that one, and what fails inside makes the whole fail."""
        if self._depth:
            self._depth += 1
            try:
                yield
            except BaseException:
                self._failed = True  # the outer one must not commit half of what was meant, even if it caught this
                raise
            finally:
                self._depth -= 1
            return
        try:
            with _mapped(), self._peewee.transaction("IMMEDIATE"):
                self._depth = 1
                yield
                if self._failed:
                    raise StorageFailed("A part of the change failed, so none of it was made.")
        except BaseException:
            if self._connection.in_transaction:  # a COMMIT that failed may leave it open
                self._connection.rollback()
            self._finish(self._on_rollback)
            raise
        self._finish(self._on_commit)

    def _finish(self, callbacks: list[Callback]) -> None:
        todo = list(callbacks)
        self._depth = 0
        self._failed = False
        self._on_commit.clear()
        self._on_rollback.clear()
        for callback in todo:
            callback()

    def after_commit(self, callback: Callback) -> None:
        """Call it once the running transaction is on disk; at once if none runs. What memory believes changes only here."""
        if self._depth:
            self._on_commit.append(callback)
        else:
            callback()

    def after_rollback(self, callback: Callback) -> None:
        """Call it if the running transaction is undone, latest first."""
        if self._depth:
            self._on_rollback.insert(0, callback)

    @property
    def in_transaction(self) -> bool:
        return self._depth > 0

    # Peewee logs statements with their parameters at DEBUG. What is passed here is sealed or public already.

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """One statement that returns no rows."""
        try:
            return self._connection.execute(sql, parameters)
        except sqlite3.Error as error:
            raise storage_error(error) from error

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        try:
            self._connection.executemany(sql, rows)
        except sqlite3.Error as error:
            raise storage_error(error) from error

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        try:
            row: Row | None = self._connection.execute(sql, parameters).fetchone()
        except sqlite3.Error as error:
            raise storage_error(error) from error
        return row

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise storage_error(error) from error

    def run(self, query: Any) -> Any:
        """Execute a Peewee query, built of the models in `schema`, on this database."""
        with _mapped():
            return query.execute(self._peewee)

    def next_id(self, table: str) -> int:
        """The id that the next row of an AUTOINCREMENT table gets. Only within the transaction that inserts it."""
        row = self.one("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,))
        return 1 if row is None else int(row[0]) + 1

    @property
    def size(self) -> int:
        """Bytes of the database without its journal."""
        with _mapped():
            pages, page = (
                self._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
            )
        return int(pages * page)

    def give_back(self) -> bool:
        """Give some free pages back to the file system; False if there are none left. A short step."""
        with _mapped():
            if not self._connection.execute("PRAGMA freelist_count").fetchone()[0]:
                return False
            # A plain execute() frees a single page; a script runs the pragma to its end.
            self._connection.executescript(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})")
        return True

    def forget_older_layouts(self) -> None:
        """Remove the copies that migrations left, before something is promised to be gone for good."""
        if self._path is not None:
            remove_copies(self._path)

    def checkpoint(self) -> bool:
        """Move the journal into the file and cut it to nothing, and give some free pages back. For idle moments and locking.

        False if something else was reading, so that old pages are still in the journal.
        """
        if self._depth:
            raise RuntimeError("a checkpoint is not made within a transaction")
        if not all(taken.is_closed for taken in list(self._snapshots)):
            return False  # SQLite would wait for its reader, and the desk with it
        self.give_back()
        with _mapped():
            row = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return row is None or row[0] == 0


def _connect(name: str, pragmas: Iterable[tuple[str, str | int]]) -> SqliteDatabase:
    peewee = SqliteDatabase(
        name,
        pragmas=list(pragmas),
        lock_type="IMMEDIATE",
        thread_safe=False,  # one connection; sqlite3 itself refuses any other thread
        autoconnect=False,
        timeout=_LOCK_WAIT,
    )
    try:
        peewee.connect()
    except BaseException:
        peewee.close()
        raise
    return peewee


def _connection(peewee: SqliteDatabase) -> sqlite3.Connection:
    return peewee.connection()  # type: ignore[no-any-return, no-untyped-call] # the stubs leave it untyped


def _claim(path: Path) -> None:
    """Make the file, empty and of mode 0600 whatever the umask; SQLite gives its journals the same mode."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(descriptor).st_size:
                raise AlreadyExists("There is a node here already. Choose another place or use the node that is there.")
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StorageFailed(f"The database cannot be made here: {error.strerror}.") from error


def _header_version(path: Path) -> int:
    """The layout version in the file's own header, read without SQLite, which would write beside the file."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError as error:
        raise MissingInput("There is no node here yet.") from error
    except OSError as error:
        raise StorageFailed(f"The database cannot be read: {error.strerror}.") from error
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        raise Corrupt("The file in the place of the database is not a database. Nothing was changed.")
    version, application = struct.unpack_from(">I4xI", header, 60)
    if application != APPLICATION_ID:
        raise Corrupt("The file in the place of the database belongs to another program. Nothing was changed.")
    return int(version)
