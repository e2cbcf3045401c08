"""The agent stays responsive: its loop is never held up for 100 ms, whatever is done to a vault of 10,000 secrets.

Two agents on one loop, each with a desk of its own, files, and WebSockets between them. Measured is what one callback costs
the loop's thread in CPU time: what else the machine is doing, and what the desks' threads do, does not count.
"""

from __future__ import annotations

import asyncio
import gc
import time
from asyncio.events import Handle
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from new_node import NewNode, new_node

from pk_tui.agent.agent import Agent
from pk_tui.agent.desk import ThreadDesk
from pk_tui.cli.main import run
from pk_tui.clock import SystemClock
from pk_tui.control.invocation import Request
from pk_tui.net.websocket import WebSocketTransport
from pk_tui.store.database import Database
from pk_tui.store.witness import FileWitness
from pk_tui.terms import Address, NodeId, SecretPath

SECRETS = 10_000
LONGEST = 0.1
"""Seconds of the loop's thread in one callback."""


class _Typed:
    """Satisfies `Invocation` for commands that only print: keeps what they print."""

    def __init__(self, node: Path, argv: tuple[str, ...], as_json: bool) -> None:
        self.node_path = node
        self.output = b""
        self.errors = b""
        self.request = Request(
            argv=argv,
            cwd=node,
            stdin_tty=False,
            stdout_tty=True,
            stderr_tty=True,
            columns=120,
            color=True,
            as_json=as_json,
            verbose=0,
            password_file=None,
        )

    async def out(self, raw: bytes) -> None:
        self.output += raw

    async def err(self, raw: bytes) -> None:
        self.errors += raw

    def hint(self, raw: bytes) -> None:
        return


@asynccontextmanager
async def _agent(directory: Path) -> AsyncIterator[Agent]:
    """A node in files of its own, opened by its root key."""
    directory.mkdir()
    clock = SystemClock()
    desk = ThreadDesk(clock)

    def make() -> tuple[Database, NewNode]:
        database = Database.create(directory / "node.db")
        return database, new_node(database, FileWitness(directory / "witness"))

    database, made = await desk.do(make)
    try:
        async with Agent(made.store, desk, clock, WebSocketTransport(), listen=Address("127.0.0.1", 0)) as agent:
            await agent.unlock(made.root)
            yield agent
    finally:
        await desk.do(database.close)
        await desk.close()


class _Longest:
    """The callback that cost the loop's thread most, in each step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.what: dict[str, str] = {}
        self.callbacks = 0
        self._step = ""

    @contextmanager
    def during(self, step: str) -> Iterator[None]:
        self._step, self.seconds[step] = step, 0.0
        yield
        self._step = ""

    def note(self, seconds: float, handle: Handle) -> None:
        self.callbacks += 1
        if self._step and seconds > self.seconds[self._step]:
            self.seconds[self._step] = seconds
            self.what[self._step] = repr(handle)


@pytest.fixture
def longest(monkeypatch: pytest.MonkeyPatch) -> _Longest:
    found = _Longest()
    plain = Handle._run

    def measured(handle: Handle) -> None:
        begun = time.thread_time()
        plain(handle)
        seconds = time.thread_time() - begun
        found.note(seconds, handle)

    monkeypatch.setattr(Handle, "_run", measured)
    return found


async def _introduce(one: Agent, other: Agent) -> None:
    for here, there in ((one, other), (other, one)):
        at = there.listening
        assert at is not None
        await here.nodes.add(NodeId.parse(str(there.node_id)), at)
        await here.gestalts.trust(str(there.node_id))


async def _one(value: bytes) -> AsyncIterator[bytes]:
    yield value


async def _typed(agent: Agent, node: Path, *argv: str, as_json: bool = False) -> bytes:
    typed = _Typed(node, argv, as_json)
    code = await run(typed, agent)  # type: ignore[arg-type] # what it lacks these commands do not use
    assert code == 0, typed.errors
    return typed.output


async def _day(base: Path, files: Path, directories: int, longest: _Longest) -> None:
    async with _agent(base / "owner") as owner, _agent(base / "reader") as reader:
        await _introduce(owner, reader)
        node = base / "owner"
        await owner.vaults.create("big")
        with longest.during("import"):
            told: list[Any] = []
            done = await owner.vaults.import_from("big", files, progress=told.append)
            assert done.secrets == SECRETS
            assert told
        await owner.vaults.share("big", str(reader.node_id))
        with longest.during("clone"):
            await reader.vaults.clone("big", str(owner.node_id), progress=lambda _: None)
        for at in range(0, SECRETS, SECRETS // 20):
            await owner.secrets.write("big", SecretPath.parse(f"d{at % directories}/s{at}"), _one(b"new"))
        with longest.during("pull"):
            await reader.vaults.pull("big")
        with longest.during("list"):
            assert (await _typed(owner, node, "secrets", "ls", "big", "--recursive")).count(
                b"\n"
            ) == SECRETS + directories + 1
        with longest.during("list as JSON"):
            listed = await _typed(owner, node, "secrets", "ls", "big", "--recursive", as_json=True)
            assert listed.count(b'"secret"') == SECRETS
        with longest.during("log"):
            await _typed(owner, node, "vaults", "log", "big")
        with longest.during("log as JSON"):
            assert (await _typed(owner, node, "vaults", "log", "big", as_json=True)).count(b'"added"') == SECRETS
        with longest.during("log of one secret"):
            await _typed(owner, node, "vaults", "log", "big", "d0/s0")
        with longest.during("unshare"):
            await _typed(owner, node, "vaults", "unshare", "big", str(reader.node_id), as_json=True)
        with longest.during("copy"):
            await _typed(owner, node, "secrets", "cp", "--recursive", "big:d0", "big:d0 again")
        with longest.during("remove"):
            await _typed(
                owner, node, "secrets", "rm", "--recursive", *(f"big:d{number}" for number in range(directories))
            )
        for agent in (owner, reader):
            with longest.during("delete"):
                await agent.vaults.delete("big")
            assert await agent.vaults.list() == []


@pytest.mark.parametrize("directories", [100, 1])
def test_no_callback_holds_the_loop_while_10_000_secrets_are_worked_with(
    base: Path, longest: _Longest, directories: int
) -> None:
    files = base / "files"
    for number in range(directories):
        (files / f"d{number}").mkdir(parents=True)
    for number in range(SECRETS):
        (files / f"d{number % directories}" / f"s{number}").write_bytes(b"value %d" % number)
    gc.collect()
    gc.freeze()  # a garbage collection in the middle is to look at this program's objects, not at those of the tests
    try:
        asyncio.run(_day(base, files, directories, longest))
    finally:
        gc.unfreeze()
    assert longest.callbacks > 100
    assert max(longest.seconds.values()) < LONGEST, (longest.seconds, longest.what)
