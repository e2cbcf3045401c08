"""How the tables came to be, step by step. A step never changes once released; a new layout is a new step.

Steps change structure only: they run before unlocking, when no key is there to open or seal anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pk_tui.errors import TooNew

APPLICATION_ID = 0x504B5431
"""`PKT1` in the header of the file, so that another program's database is not taken for ours."""

# AUTOINCREMENT: an id is part of the seal of its row, so it must never be given out twice.
# The indexes on vault_id let a vault's rows be found and deleted without reading those of the others.
STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL)",
        "CREATE TABLE slot (kind TEXT NOT NULL PRIMARY KEY, salt BLOB, passes INTEGER, memory INTEGER, wrapped BLOB NOT NULL)",
        "CREATE TABLE node_key (id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), seed BLOB NOT NULL, state BLOB NOT NULL)",
        "CREATE TABLE vault (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, uid BLOB NOT NULL UNIQUE)",
        "CREATE TABLE vault_key (vault_id INTEGER NOT NULL REFERENCES vault (id), epoch INTEGER NOT NULL,"
        " wrapped BLOB NOT NULL, mark BLOB NOT NULL, PRIMARY KEY (vault_id, epoch))",
        "CREATE TABLE vault_state (vault_id INTEGER NOT NULL PRIMARY KEY REFERENCES vault (id), gen INTEGER NOT NULL,"
        " sealed BLOB NOT NULL, mark BLOB NOT NULL)",
        "CREATE TABLE frame (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, vault_id INTEGER NOT NULL REFERENCES vault (id),"
        " epoch INTEGER NOT NULL, sealed BLOB NOT NULL)",
        "CREATE INDEX frame_of_vault ON frame (vault_id)",
        "CREATE TABLE findex (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, vault_id INTEGER NOT NULL REFERENCES vault (id),"
        " epoch INTEGER NOT NULL, sealed BLOB NOT NULL)",
        "CREATE INDEX findex_of_vault ON findex (vault_id)",
        "CREATE TABLE shelf (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, number INTEGER NOT NULL, rk BLOB NOT NULL UNIQUE,"
        " gen INTEGER NOT NULL, sealed BLOB NOT NULL, mark BLOB NOT NULL)",
        "CREATE INDEX shelf_by_number ON shelf (number)",
        "CREATE TABLE ledger (id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), gen INTEGER NOT NULL, sealed BLOB NOT NULL)",
    ),
    (
        # A vault's index can be written anew beside the one in use: the vault's state says which series counts.
        "ALTER TABLE findex ADD COLUMN series INTEGER NOT NULL DEFAULT 1",
        # A vault may have keys of several epochs for a while: what is still sealed under an old one is found without reading.
        "DROP INDEX frame_of_vault",
        "CREATE INDEX frame_of_vault ON frame (vault_id, epoch)",
    ),
)
VERSION = len(STEPS)


class Executes(Protocol):
    def execute(self, sql: str, /) -> object: ...


def check_version(version: int) -> None:
    """Raises TooNew if the file was written by a program that knows more steps than this one."""
    if version > VERSION:
        raise TooNew(
            f"The database has layout {version}, this version of pk-tui knows layouts up to {VERSION}. "
            "Nothing was changed; install the newer version again to open it."
        )


def run_steps(connection: Executes, version: int, steps: Sequence[Sequence[str]] = STEPS) -> None:
    """Bring a file of layout `version` to the newest: each step and its version number in one transaction."""
    for number, statements in enumerate(steps[version:], version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
