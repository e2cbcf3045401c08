"""A disk that fails when it is told to: the program's own statements through APSW's SQLite, whose VFS is ours.

Peewee is handed a connection that looks like `sqlite3`'s and speaks to APSW, so everything above the driver is the real thing.
The two are different builds of SQLite; which calls of the disk there are, and what a failed one leads to, is alike in both.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any

import apsw
from peewee import SqliteDatabase

FULL, IOERR = sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR
NAMES = {FULL: "SQLITE_FULL", IOERR: "SQLITE_IOERR"}


class Disk:
    """Counts what is written, synced, cut, made and removed; the one with the number `at` fails, and with `lasting` all later
    ones (a disk that stays full) except that files can be removed."""

    def __init__(self) -> None:
        self.count = 0
        self.at: int | None = None
        self.code = FULL
        self.lasting = False
        self.failed = 0

    def arm(self, at: int | None, code: int = FULL, lasting: bool = False) -> None:
        self.count, self.at, self.code, self.lasting, self.failed = 0, at, code, lasting, 0

    def touch(self, takes_room: bool = True) -> None:
        number, self.count = self.count, self.count + 1
        if self.at is None or (number < self.at) or (number > self.at and not self.lasting):
            return
        if self.code == FULL and not takes_room:
            return
        self.failed += 1
        error = apsw.FullError("full") if self.code == FULL else apsw.IOError("failing")
        error.result = error.extendedresult = self.code  # what SQLite is told, and what comes back
        raise error


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: Any) -> None:
        self._disk = disk
        super().__init__("", name, flags)

    def xWrite(self, content: bytes, offset: int) -> None:  # noqa: N802 - SQLite's names
        self._disk.touch()
        super().xWrite(content, offset)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self._disk.touch(takes_room=False)
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.touch()
        super().xSync(flags)


class _Vfs(apsw.VFS):
    def __init__(self, name: str, disk: Disk) -> None:
        self._disk = disk
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: Any) -> _File:  # noqa: N802
        return _File(self._disk, name, flags)

    def xDelete(self, name: str, sync: bool) -> None:  # noqa: N802
        self._disk.touch(takes_room=False)
        super().xDelete(name, sync)


@contextlib.contextmanager
def _as_sqlite3() -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        code = getattr(error, "extendedresult", 1) & 0xFF or 1
        kind = sqlite3.IntegrityError if isinstance(error, apsw.ConstraintError) else sqlite3.OperationalError
        raised = kind(str(error))
        raised.sqlite_errorcode = code
        raised.sqlite_errorname = NAMES.get(code, type(error).__name__)
        raise raised from None


class _Cursor:
    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self.rowcount = self.lastrowid = -1

    def execute(self, sql: str, parameters: Any = ()) -> _Cursor:
        with _as_sqlite3():
            before = self._connection.total_changes()
            self._cursor.execute(sql, tuple(parameters or ()))
            self.rowcount = self._connection.total_changes() - before
            self.lastrowid = self._connection.last_insert_rowid()
        return self

    def executemany(self, sql: str, rows: Any) -> None:
        with _as_sqlite3():
            self._cursor.executemany(sql, [tuple(row) for row in rows])

    def fetchone(self) -> Any:
        with _as_sqlite3():
            return next(self._cursor, None)

    def fetchall(self) -> list[Any]:
        with _as_sqlite3():
            return list(self._cursor)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())

    @property
    def description(self) -> Any:
        with contextlib.suppress(apsw.ExecutionCompleteError):
            return [(name, None, None, None, None, None, None) for name, _ in self._cursor.get_description()]
        return None

    def close(self) -> None:
        self._cursor.close(force=True)


class _Connection:
    text_factory: Any = None
    isolation_level = None

    def __init__(self, name: str, vfs: str) -> None:
        with _as_sqlite3():
            self._apsw = apsw.Connection(name, vfs=vfs)
            self._apsw.set_busy_timeout(2000)

    @property
    def in_transaction(self) -> bool:
        return self._apsw.in_transaction

    def cursor(self, *_: Any) -> _Cursor:
        return _Cursor(self._apsw)

    def execute(self, sql: str, parameters: Any = ()) -> _Cursor:
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql: str, rows: Any) -> None:
        self.cursor().executemany(sql, rows)

    def executescript(self, sql: str) -> None:
        with _as_sqlite3():
            list(self._apsw.execute(sql))

    def commit(self) -> None:
        if self.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        if self.in_transaction:
            self.execute("ROLLBACK")

    def create_function(self, *_: Any, **__: Any) -> None:
        """Peewee's own functions; nothing of ours uses them."""

    def close(self) -> None:
        with _as_sqlite3():
            self._apsw.close()


@contextlib.contextmanager
def faulty_disk(monkeypatch: Any) -> Iterator[Disk]:
    """From now on databases are opened on this disk."""
    disk = Disk()
    name = f"faulty {id(disk)}"
    vfs = _Vfs(name, disk)

    class Faulty(SqliteDatabase):
        def _connect(self) -> Any:
            connection = _Connection(str(self.database), name)
            try:
                self._add_conn_hooks(connection)
            except BaseException:
                connection.close()
                raise
            return connection

    with monkeypatch.context() as patch:
        patch.setattr("pk_tui.store.database.SqliteDatabase", Faulty)
        yield disk
    del vfs
