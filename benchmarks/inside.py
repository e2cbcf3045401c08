"""A real node in this process: made without the second that a password costs, at work on a thread of its own as in an agent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pk_tui.agent.agent import Agent
from pk_tui.bootstrap.collecting import collect_seldom, leave_alone_what_is_loaded
from pk_tui.bootstrap.node import Made, make_node, opened
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath

Value = AsyncIterator[bytes]


async def made(base: Path, name: str) -> tuple[Home, Made]:
    home = Home(base / name)
    return home, await make_node(home, Plaintext(b"a password for measuring"))


@asynccontextmanager
async def working(home: Home, node: Made) -> AsyncIterator[Agent]:
    """The node, unlocked, as `agent start` has it; nobody is listened to."""
    collect_seldom()
    async with opened(home, None, stays=False) as agent:
        await agent.unlock(node.root)
        leave_alone_what_is_loaded()
        yield agent


async def one(value: bytes) -> Value:
    yield value


async def write(agent: Agent, vault: str, path: str, value: bytes) -> None:
    await agent.secrets.write(vault, SecretPath.parse(path), one(value))


async def read(agent: Agent, vault: str, path: str) -> bytes:
    return b"".join([piece.reveal() async for piece in agent.secrets.read(vault, SecretPath.parse(path))])


def size_on_disk(home: Home) -> int:
    """Bytes of the database and its journal."""
    return sum(file.stat().st_size for file in (home.database, Path(f"{home.database}-wal")) if file.exists())


def resident_mib() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")
