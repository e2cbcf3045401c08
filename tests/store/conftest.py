"""A real node on a real disk, that can be closed, copied, damaged and opened again."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.passphrase import Cost
from pk_tui.crypto.seal import SealKey
from pk_tui.crypto.wrap import PasswordSlot
from pk_tui.records import replace
from pk_tui.store.database import Database
from pk_tui.store.node import NodeStore
from pk_tui.store.vault import VaultFrames
from pk_tui.store.vaultrecord import VaultRecord
from pk_tui.store.witness import FileWitness, MemoryWitness
from pk_tui.vault.objects import Facts, Kind, Oid, blob, git_name

NOW = 1_700_000_000_000_000


def slot(letter: bytes = b"s") -> PasswordSlot:
    """A slot as the store keeps it; what is wrapped in it does not concern the store."""
    return PasswordSlot(letter * 16, Cost(), letter * 72)


class Disk:
    """One node's directory. `store` is unlocked after `create` and `open`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "node.db"
        self.root = SealKey(b"r" * 32)
        self.seed = SealKey(b"n" * 32)
        self.node_id = SigningKey(self.seed).node_id
        self.db: Database
        self.store: NodeStore

    def create(self) -> NodeStore:
        self.db = Database.create(self.path)
        self.store = create_node(self.db, self.witness, self.seed, self.root)
        self.store.unlock(self.root)
        return self.store

    @property
    def witness(self) -> FileWitness:
        return FileWitness(self.directory / "witness")

    def open(self, accept: bool = False, unlock: bool = True) -> NodeStore:
        self.db = Database.open(self.path)
        self.store = NodeStore.open(self.db, self.witness)
        if unlock:
            self.store.unlock(self.root, accept)
        return self.store

    def close(self) -> None:
        self.store.close()

    def reopen(self, accept: bool = False) -> NodeStore:
        self.close()
        return self.open(accept)

    def sql(self, statement: str, *parameters: object) -> list[tuple[object, ...]]:
        """What an attacker with write access to the closed file can do."""
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            return connection.execute(statement, parameters).fetchall()
        finally:
            connection.close()

    def copy(self, name: str) -> Path:
        """A copy of all files as they lie now; journals included."""
        target = self.directory.parent / name
        shutil.copytree(self.directory, target)
        return target

    def restore(self, copy: Path, *names: str) -> None:
        """Put files of a copy back; with `names` only those, and none that the copy lacks."""
        for file in list(self.directory.iterdir()):
            if not names or file.name in names:
                file.unlink()
        for file in copy.iterdir():
            if not names or file.name in names:
                shutil.copy2(file, self.directory / file.name)

    def everything(self) -> bytes:
        return b"".join(file.read_bytes() for file in sorted(self.directory.iterdir()))


def create_node(db: Database, witness: FileWitness | MemoryWitness, seed: SealKey, root: SealKey) -> NodeStore:
    return NodeStore.create(
        db,
        witness,
        genesis=b"the first claim",
        node_id=SigningKey(seed).node_id,
        seed=seed,
        password_slot=slot(),
        root=root,
        recovery_wrapped=b"w" * 80,
        recovery_box=b"b" * 32,
        now=NOW,
    )


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A new node on disk, unlocked."""
    directory = tmp_path / "node"
    directory.mkdir()
    made = Disk(directory)
    made.create()
    yield made
    made.close()


@pytest.fixture
def store() -> Iterator[NodeStore]:
    """A new node in memory, unlocked."""
    root = SealKey(b"r" * 32)
    made = create_node(Database.create(None), MemoryWitness(), SealKey(b"n" * 32), root)
    made.unlock(root)
    yield made
    made.close()


def record(number: int = 1, name: str = "letters", sequence: int = 1) -> VaultRecord:
    """A vault's record; equal numbers mean the same vault and lineage."""
    return VaultRecord(
        vault_id=number.to_bytes(16, "big"),
        name=name,
        creator=b"c" * 32,
        nonce=number.to_bytes(32, "big"),
        origin_node=None,
        origin_vault=None,
        read_only=False,
        head=b"signed head",
        commit=bytes(20),
        digest=bytes(32),
        sequence=sequence,
        created=NOW,
        updated=NOW,
    )


def put(vault: VaultFrames, *bodies: bytes) -> list[Oid]:
    """Add the bodies and commit them, one sequence further."""
    batch = vault.batch()
    oids = []
    for body in bodies:
        oid, facts = blob(body)
        batch.add(oid, facts, body)
        oids.append(oid)
    vault.commit(batch, replace(vault.record, sequence=vault.record.sequence + 1))
    return oids


def tree(body: bytes) -> tuple[Oid, Facts]:
    """Name and facts of something large that the store takes for a tree; the store does not look inside."""
    _, facts = blob(body)
    return git_name(Kind.TREE, body), Facts(Kind.TREE, 1, 5, 1, len(body), facts.digest)


class _Undo(Exception):
    pass


@contextmanager
def undone(transaction: AbstractContextManager[None]) -> Iterator[None]:
    """Run the block in the transaction, then let it fail."""
    try:
        with transaction:
            yield
            raise _Undo
    except _Undo:
        return


# Functions as fixtures: test files of one room cannot import from one another.


@pytest.fixture(name="record")
def record_fixture():
    return record


@pytest.fixture(name="put")
def put_fixture():
    return put


@pytest.fixture(name="tree")
def tree_fixture():
    return tree


@pytest.fixture(name="slot")
def slot_fixture():
    return slot


@pytest.fixture(name="create_node")
def create_node_fixture():
    return create_node


@pytest.fixture(name="undone")
def undone_fixture():
    return undone
