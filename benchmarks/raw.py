"""SQLite alone, as durable as the store is: what the same bytes cost without seals, history or names."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path


def database(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "pragma journal_mode=wal; pragma synchronous=full; create table row(id integer primary key, body blob);"
    )
    return connection


def insert_files(path: Path, directory: Path) -> float:
    """Seconds of one durable transaction with a row for each file below `directory`; reading them is counted, as it is for an
    import."""
    connection = database(path)
    begun = time.perf_counter()
    rows = []
    for folder, _, names in os.walk(directory):
        for name in names:
            with open(f"{folder}/{name}", "rb", buffering=0) as file:
                rows.append((file.read(),))
    connection.execute("begin immediate")
    connection.executemany("insert into row(body) values (?)", rows)
    connection.execute("commit")
    seconds = time.perf_counter() - begun
    connection.close()
    return seconds


def transaction(connection: sqlite3.Connection, body: bytes) -> float:
    """Seconds of one durable transaction of three rows."""
    begun = time.perf_counter()
    connection.execute("begin immediate")
    for _ in range(3):
        connection.execute("insert into row(body) values (?)", (body,))
    connection.execute("commit")
    return time.perf_counter() - begun


def chunks_in(path: Path, value: bytes, chunk: int = 256 * 1024) -> tuple[float, float]:
    """Seconds of writing a large value in rows of one chunk each, in one durable transaction, and of reading it back."""
    connection = database(path)
    begun = time.perf_counter()
    connection.execute("begin immediate")
    for at in range(0, len(value), chunk):
        connection.execute("insert into row(body) values (?)", (value[at : at + chunk],))
    connection.execute("commit")
    written = time.perf_counter()
    length = sum(len(body) for (body,) in connection.execute("select body from row order by id"))
    read = time.perf_counter()
    assert length == len(value)
    connection.close()
    return written - begun, read - written
