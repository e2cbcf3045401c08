"""The database as it was at one moment, read row by row while work on it goes on.

A second connection that only reads, in one transaction: in WAL mode that holds up no writer. It never writes or folds the
journal in (SQLite before 3.51.3 can corrupt a journal that two connections fold in); while it is there the journal is not
cut. What the rows mean is left to others.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = tuple[Any, ...]


class Snapshot:
    """For one thread at a time, whichever it is. Raises sqlite3.Error, which `Database` maps."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.is_closed = False
        connection.text_factory = _text

    @classmethod
    def of_file(cls, path: Path) -> Snapshot:
        connection = sqlite3.connect(
            path.absolute().as_uri() + "?mode=ro", uri=True, isolation_level=None, check_same_thread=False, timeout=2.0
        )
        try:
            for pragma in ("query_only = 1", "temp_store = memory", "mmap_size = 0", "cell_size_check = 1"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the moment is this first read
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    @classmethod
    def of_memory(cls, source: sqlite3.Connection) -> Snapshot:
        """A copy of a database in memory."""
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        source.backup(connection)
        return cls(connection)

    def close(self) -> None:
        self._connection.close()
        self.is_closed = True

    @property
    def layout(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    @property
    def size(self) -> int:
        """Bytes of the database file, about what its rows come to."""
        pages = self._connection.execute("PRAGMA page_count").fetchone()[0]
        free = self._connection.execute("PRAGMA freelist_count").fetchone()[0]
        return int(pages - free) * int(self._connection.execute("PRAGMA page_size").fetchone()[0])

    def tables(self) -> list[tuple[str, tuple[str, ...]]]:
        """Names and columns, ours and at last the one in which SQLite keeps the ids given out so far."""
        found = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            " AND (name = 'sqlite_sequence' OR substr(name, 1, 7) <> 'sqlite_') ORDER BY name = 'sqlite_sequence', name"
        ).fetchall()
        return [(str(name), columns_of(self._connection, str(name))) for (name,) in found]

    def rows(self, table: str, columns: tuple[str, ...]) -> Iterator[Row]:
        """All rows of one of `tables`, in the order in which they lie."""
        names = ", ".join(f'"{column}"' for column in columns)
        yield from self._connection.execute(f'SELECT {names} FROM "{table}"')  # noqa: S608 - names of our own schema


def columns_of(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    rows = connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
    return tuple(str(name) for (name,) in rows)


def _text(raw: bytes) -> str | bytes:
    """A value altered to ill-formed text stays what it is: a damaged one."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw
