"""What was acknowledged stays, whatever the moment of a kill; one process holds a node; an older database is noticed."""

from __future__ import annotations

import asyncio
import os
import select
import shutil
import signal
import struct
import time
import traceback
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

from simulator import Network
from stories.harness import Node

from pk_tui.agent.agent import Agent
from pk_tui.agent.desk import InlineDesk
from pk_tui.clock import SystemClock
from pk_tui.crypto.keys import RecoveryKey, SigningKey
from pk_tui.crypto.passphrase import Cost
from pk_tui.crypto.seal import SealKey
from pk_tui.crypto.wrap import PasswordSlot, wrap_for_recovery
from pk_tui.store.database import Database
from pk_tui.store.node import NodeStore
from pk_tui.store.witness import FileWitness
from pk_tui.terms import Address, SecretPath
from pk_tui.trust.genesis import make_genesis

Make = Callable[[str], Node]
KILLS = 200
LONGEST = 0.12
"""Seconds a child lives at most before it is killed."""


class _Site:
    """A node on disk that is opened by its root key: what Argon2id costs 200 times is not what is tried here."""

    def __init__(self, directory: Path, name: str) -> None:
        directory.mkdir()
        self.name = name
        self.root, seed = SealKey.generate(), SealKey.generate()
        signing, recovery = SigningKey(seed), RecoveryKey(os.urandom(32))
        self.node_id = signing.node_id
        self._path = directory / "node.db"
        self._witness = directory / "witness"
        database = Database.create(self._path)
        NodeStore.create(
            database,
            FileWitness(self._witness),
            genesis=make_genesis(signing, recovery, 1),
            node_id=signing.node_id,
            seed=seed,
            password_slot=PasswordSlot(bytes(16), Cost(), bytes(72)),
            root=self.root,
            recovery_wrapped=wrap_for_recovery(self.root, recovery.box_public),
            recovery_box=recovery.box_public,
            now=1,
        )
        database.close()

    def agent(self, network: Network) -> tuple[Agent, Database]:
        database = Database.open(self._path)
        store = NodeStore.open(database, FileWitness(self._witness))
        return Agent(
            store, InlineDesk(), SystemClock(), network.transport(self.name), listen=Address(self.name, 1)
        ), database


async def _one(value: bytes) -> AsyncIterator[bytes]:
    yield value


def _path(number: int) -> SecretPath:
    return SecretPath.parse(f"d{number % 5}/s{number % 23}")


class _Rig:
    """An owner and a reader on disk; one life of both is one forked child that writes and pulls until it is killed."""

    def __init__(self, base: Path) -> None:
        self.owner, self.reader = _Site(base / "owner", "owner"), _Site(base / "reader", "reader")

    async def life(self, first: int, acknowledge: Callable[[bytes], None]) -> None:
        network = Network(first)
        network.latency = (0.0, 0.0005)
        async with asyncio.TaskGroup() as tasks:
            network.tasks = tasks
            (owner, _), (reader, _) = self.owner.agent(network), self.reader.agent(network)
            async with owner, reader:
                await owner.unlock(self.owner.root)
                await reader.unlock(self.reader.root)
                if first == 0:
                    await self._set_up(owner, reader)
                acknowledge(b"r")
                for number in range(first, first + 100_000):
                    await owner.secrets.write("work", _path(number), _one(b"value %d" % number))
                    acknowledge(b"w" + struct.pack("<Q", number))
                    if number % 3 == 0:
                        await reader.vaults.pull("work")
                        acknowledge(b"p" + struct.pack("<Q", number))

    async def _set_up(self, owner: Agent, reader: Agent) -> None:
        for here, there, site in ((owner, "reader", self.reader), (reader, "owner", self.owner)):
            await here.nodes.add(site.node_id, Address(there, 1), ping=False)
            await here.gestalts.trust(str(site.node_id))
        await owner.vaults.create("work")
        await owner.vaults.share("work", str(self.reader.node_id))
        await reader.vaults.clone("work", str(self.owner.node_id))

    async def state(self) -> tuple[dict[SecretPath, bytes], dict[SecretPath, bytes]]:
        """Every secret of both sides, read through everything that verifies."""
        found = []
        network = Network(0)
        async with asyncio.TaskGroup() as tasks:
            network.tasks = tasks
            for site in (self.owner, self.reader):
                agent, database = site.agent(network)
                async with agent:
                    await agent.unlock(site.root)
                    secrets = {}
                    for row in await agent.secrets.list("work", recursive=True):
                        if not row.is_directory:
                            path = SecretPath.parse(row.path)
                            secrets[path] = b"".join([p.reveal() async for p in agent.secrets.read("work", path)])
                    found.append(secrets)
                database.close()
        return found[0], found[1]


def _run_and_kill(rig: _Rig, first: int, lifetime: float) -> tuple[int, int, int]:
    """One child's life; the last write and the last pull it acknowledged (-1 for none), and how much it said."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            asyncio.run(rig.life(first, lambda said: os.write(writing, said) and None))
        except BaseException:
            os.write(writing, traceback.format_exc().encode())
        finally:
            os._exit(0)
    os.close(writing)
    assert select.select([reading], [], [], 60)[0], "the node does not open after a kill: it hangs"
    ready = os.read(reading, 1)
    assert ready == b"r", "the node did not open after a kill: " + os.read(reading, 20_000).decode()
    time.sleep(lifetime)  # the moment of the kill is what is tried; nothing is waited for
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    said = b""
    while piece := os.read(reading, 65536):
        said += piece
    os.close(reading)
    wrote = pulled = -1
    for at in range(0, len(said) - 8, 9):
        number = struct.unpack_from("<Q", said, at + 1)[0]
        if said[at : at + 1] == b"w":
            wrote = number
        else:
            pulled = number
    return wrote, pulled, len(said)


def test_200_kills_lose_nothing_acknowledged_and_need_no_repair(base: Path) -> None:
    rig, random = _Rig(base), Random(7)
    next_number, kills, total = 0, 0, 0
    lower: dict[SecretPath, int] = {}
    last_pulled = -1
    while kills < KILLS:
        wrote, pulled, said = _run_and_kill(rig, next_number, random.uniform(0, LONGEST))
        kills += 1
        total += said // 9
        for number in range(next_number, wrote + 1):
            lower[_path(number)] = number
        last_pulled = max(last_pulled, pulled)
        # A commit that was not acknowledged may be there all the same; the next life begins after it.
        next_number = max(next_number, wrote + 2, 1)
        if kills % 20 == 0:
            ours, theirs = asyncio.run(rig.state())
            for path, number in lower.items():
                assert int(ours[path].removeprefix(b"value ")) >= number, "an acknowledged commit is gone"
            for value in theirs.values():
                assert int(value.removeprefix(b"value ")) <= next_number
            assert last_pulled < 0 or any(
                int(value.removeprefix(b"value ")) >= last_pulled for value in theirs.values()
            )
    assert total > KILLS  # the children did work before they were killed


def test_two_processes_never_open_one_node_and_a_stale_lock_needs_nothing(make_node: Make) -> None:
    from stories.harness import PASSWORD

    node = make_node("alice").bootstrap().start()
    node.fails(75, "agent", "start", "--agent-host", "127.0.0.1", password=PASSWORD)
    node.kill()
    assert node.json("vaults", "list", password=PASSWORD) == []
    node.start()
    assert node.json("agent", "status")["status"] == "live"


def test_an_older_copy_of_the_database_is_noticed_at_opening(make_node: Make) -> None:
    from stories.harness import PASSWORD

    node = make_node("alice").bootstrap().start()
    node.json("vaults", "create", "work")
    node.write("work:a", b"1")
    node.stop()
    copy = node.path.parent / "copy.db"
    shutil.copy(node.path / "node.db", copy)
    node.start()
    node.write("work:a", b"2")
    node.stop()
    shutil.copy(copy, node.path / "node.db")
    said = node.fails(65, "secrets", "cat", "work:a", password=PASSWORD)
    assert "older copy" in said
    assert "--accept-state" in said
    accepted = node.json(
        "agent", "start", "--background", "--accept-state", "--agent-host", "127.0.0.1", password=PASSWORD
    )
    node.pid = accepted["pid"]
    assert node.cat("work:a") == b"1"
    node.stop()
    assert node.run("secrets", "cat", "work:a", password=PASSWORD) == b"1"


def test_a_cut_journal_is_noticed_at_opening(make_node: Make) -> None:
    from stories.harness import PASSWORD

    node = make_node("alice").bootstrap().start()
    node.json("vaults", "create", "work")
    for number in range(5):
        node.write("work:a", b"%d" % number)
    deadline = time.monotonic() + 60
    written = (node.path / "witness").stat().st_mtime_ns
    while (node.path / "witness").stat().st_mtime_ns == written and time.monotonic() < deadline:
        time.sleep(0.1)  # the agent's own timer writes the witness; it is another process's clock
    node.kill()
    journal = node.path / "node.db-wal"
    os.truncate(journal, journal.stat().st_size // 2)
    node.fails(65, "vaults", "list", password=PASSWORD)
