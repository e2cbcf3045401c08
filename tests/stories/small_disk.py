"""A node on a disk of a few MiB, really full and really emptied again. Run by `test_full_disk` in a mount namespace of its own:

    unshare -m -- python -m stories.small_disk DIRECTORY

DIRECTORY becomes the disk; it is gone with this process. What does not hold ends it with a traceback.
"""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from new_node import new_node
from simulator import Network

from pk_tui.agent.agent import Agent
from pk_tui.agent.desk import InlineDesk
from pk_tui.clock import SystemClock
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import StorageFailed
from pk_tui.store.database import Database
from pk_tui.store.node import NodeStore
from pk_tui.store.witness import FileWitness
from pk_tui.terms import Address, SecretPath

SIZE = "8m"
LEFT = (0, 4096, 64 * 1024)
"""Bytes that are left when something is tried: at each of them it stops in another place."""
State = dict[str, bytes]
Deed = Callable[[], Awaitable[object]]


async def _one(value: bytes) -> AsyncIterator[bytes]:
    yield value


class _Disk:
    def __init__(self, directory: Path) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "small", directory], check=True)
        self._ballast = directory / "ballast"

    def fill(self, left: int) -> None:
        self.empty()
        with self._ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            file.truncate(file.tell() - left)

    def empty(self) -> None:
        self._ballast.unlink(missing_ok=True)


class _Site:
    """An agent on that disk, and what it is to hold."""

    def __init__(self, directory: Path, source: Path) -> None:
        self.directory, self.source = directory, source
        self.disk = _Disk(directory)
        self.failed: dict[str, set[str]] = {}
        self.acknowledged: State = {}
        """Of a deed that writes several times: what was written before it failed."""

    def make(self) -> tuple[NodeStore, SealKey]:
        made = new_node(Database.create(self.directory / "node.db"), FileWitness(self.directory / "witness"))
        return made.store, made.root

    async def state(self, agent: Agent) -> State:
        """All secrets, read through everything that verifies; and nothing is damaged."""
        view = await agent.lifecycle.check()
        assert view.ok, view.problems
        found = {}
        for row in await agent.secrets.list("work", recursive=True):
            if not row.is_directory:
                pieces = [piece.reveal() async for piece in agent.secrets.read("work", SecretPath.parse(row.path))]
                found[row.path] = b"".join(pieces)
        return found

    async def try_out(self, agent: Agent, name: str, deed: Deed) -> None:
        """On a full disk it is done or it is not, and says why; once there is room it is done."""
        before = await self.state(agent)
        self.failed[name] = set()
        for left in LEFT:
            self.acknowledged = {}
            self.disk.fill(left)
            try:
                await deed()
            except StorageFailed as error:
                self.failed[name].add(error.message)
                assert await self.state(agent) == {**before, **self.acknowledged}, (name, left)
            before = await self.state(agent)
        self.disk.empty()
        await deed()
        await self.state(agent)

    async def run(self) -> None:
        network = Network(0)
        store, root = self.make()
        async with asyncio.TaskGroup() as tasks:
            network.tasks = tasks
            agent = Agent(store, InlineDesk(), SystemClock(), network.transport("a"), listen=Address("a", 1))
            async with agent:
                await agent.unlock(root)
                await agent.vaults.create("work")
                for number in range(40):
                    await agent.secrets.write("work", SecretPath.parse(f"d/s{number}"), _one(os.urandom(3000)))
                for name, deed in self.deeds(agent).items():
                    await self.try_out(agent, name, deed)
                await self.state(agent)
            store.close()

    def deeds(self, agent: Agent) -> dict[str, Deed]:
        numbers = iter(range(10_000))

        async def write() -> None:
            await agent.secrets.write("work", SecretPath.parse("large"), _one(os.urandom(300_000)))

        async def change_often() -> None:
            for _ in range(40):
                value = os.urandom(3000)
                await agent.secrets.write("work", SecretPath.parse("d/s0"), _one(value))
                self.acknowledged = {"d/s0": value}

        async def back_up() -> None:
            target = self.directory / f"backup{next(numbers)}"
            try:
                await agent.lifecycle.backup(target)
                target.unlink()
            finally:
                assert not list(self.directory.glob("backup*"))

        return {
            "write": write,
            "commits": change_often,
            "import": lambda: agent.vaults.import_from("work", self.source),
            "compaction": agent.lifecycle.tidy,
            "new keys": lambda: agent.lifecycle.tidy(new_keys=True),
            "backup": back_up,
        }


def main(arguments: list[str]) -> None:
    directory = Path(arguments[0])
    source = directory.with_name("source")
    source.mkdir()
    for number in range(100):
        (source / f"s{number}").write_bytes(os.urandom(5000))
    site = _Site(directory, source)
    asyncio.run(site.run())
    for name, messages in site.failed.items():
        told: Any = sorted(messages)
        print(name, *told, sep="\t")


if __name__ == "__main__":
    main(sys.argv[1:])
