"""One durable commit in a vault of 10,000 secrets against one raw SQLite transaction, in one process, alternating."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

from benchmarks.workload import secrets
from pk_tui.api.facade import AgentApi
from pk_tui.bootstrap import create_node, with_agent
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath

ROUNDS = 100


def raw_database(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "pragma journal_mode=wal; pragma synchronous=full; create table row(id integer primary key, body blob);"
    )
    return connection


def raw_transaction(connection: sqlite3.Connection, body: bytes) -> float:
    begun = time.perf_counter()
    connection.execute("begin immediate")
    for _ in range(3):
        connection.execute("insert into row(body) values (?)", (body,))
    connection.execute("commit")
    return time.perf_counter() - begun


async def _one(value: bytes) -> AsyncIterator[bytes]:
    yield value


def measure(base: Path, tree: Path, count: int) -> tuple[list[float], list[float]]:
    """Seconds of each commit and of each raw transaction."""
    paths = [SecretPath.parse(path) for path, _ in secrets(count)]
    commits: list[float] = []
    raws: list[float] = []
    raw = raw_database(base / "raw.db")

    async def use(api: AgentApi) -> int:
        await api.vaults.create("bench")
        await api.vaults.import_directory("bench", tree)
        for number in range(ROUNDS + 10):
            begun = time.perf_counter()
            await api.secrets.write("bench", paths[number * 97 % count], _one(b"value %d" % number))
            taken = time.perf_counter() - begun
            raw_taken = raw_transaction(raw, b"x" * 1100)
            if number >= 10:  # the first ones warm the caches
                commits.append(taken)
                raws.append(raw_taken)
        return 0

    async def run() -> None:
        home = Home(base / "commit-node")
        password = Plaintext.of_text("a password for measuring")
        await create_node(home, password)
        await with_agent(home, password, use)

    asyncio.run(run())
    raw.close()
    return commits, raws
