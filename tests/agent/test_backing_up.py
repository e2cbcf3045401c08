"""A backup is made while the node works, by whoever asks, and whatever ends it leaves no file."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from simulator import Network

from pk_tui.agent import backing_up
from pk_tui.agent.agent import Agent
from pk_tui.agent.backing_up import in_thread
from pk_tui.agent.desk import ThreadDesk
from pk_tui.api.views import Progress
from pk_tui.clock import SystemClock
from pk_tui.crypto.entropy import random_bytes
from pk_tui.crypto.keys import RecoveryKey, SigningKey
from pk_tui.crypto.passphrase import Cost
from pk_tui.crypto.seal import SealKey
from pk_tui.crypto.wrap import PasswordSlot, wrap_for_recovery
from pk_tui.errors import AlreadyExists, Corrupt, Locked, StorageFailed
from pk_tui.store.backup import Backup
from pk_tui.store.database import Database
from pk_tui.store.newfile import NewFile
from pk_tui.store.node import NodeStore
from pk_tui.store.witness import FileWitness
from pk_tui.terms import SecretPath
from pk_tui.trust.genesis import make_genesis

ROOT = SealKey(b"r" * 32)
P = SecretPath.parse


async def bits(value: bytes) -> AsyncIterator[bytes]:
    yield value


@asynccontextmanager
async def at_work(directory: Path) -> AsyncIterator[Agent]:
    """A real agent on a real disk, with a vault."""
    seed, recovery, clock = SealKey(random_bytes(32)), RecoveryKey(b"w" * 32), SystemClock()
    signing = SigningKey(seed)
    desk = ThreadDesk(clock)
    directory.mkdir()
    database = await desk.do(lambda: Database.create(directory / "node.db"))

    def create() -> NodeStore:
        return NodeStore.create(
            database,
            FileWitness(directory / "witness"),
            genesis=make_genesis(signing, recovery, clock.now()),
            node_id=signing.node_id,
            seed=seed,
            password_slot=PasswordSlot(bytes(16), Cost(), bytes(72)),
            root=ROOT,
            recovery_wrapped=wrap_for_recovery(ROOT, recovery.box_public),
            recovery_box=recovery.box_public,
            now=clock.now(),
        )

    try:
        async with Agent(await desk.do(create), desk, clock, Network(1).transport("alice"), stays=False) as agent:
            await agent.unlock(ROOT)
            await agent.vaults.create("work")
            await agent.secrets.write("work", P("a"), bits(random_bytes(600_000)))
            yield agent
    finally:
        await desk.do(database.close)
        await desk.close()


def run(tmp_path: Path, scenario: Callable[[Agent, Path], Coroutine[Any, Any, None]]) -> None:
    (tmp_path / "target").mkdir()

    async def main() -> None:
        async with asyncio.timeout(60), at_work(tmp_path / "node") as agent:
            await scenario(agent, tmp_path / "target" / "backup")

    asyncio.run(main())


def whole(file: Path) -> bool:
    backup = Backup(io.BytesIO(file.read_bytes()).read)
    return list(backup.verify(backup.key_under(ROOT)))[-1] == file.stat().st_size


def left(file: Path) -> list[str]:
    return [one.name for one in file.parent.iterdir()]


def test_it_is_written_read_again_and_told(tmp_path: Path) -> None:
    async def scenario(agent: Agent, file: Path) -> None:
        told: list[Progress] = []
        view = await agent.lifecycle.backup(file, told.append)
        assert (view.file, view.vaults, view.bytes) == (str(file), 1, file.stat().st_size)
        assert whole(file)
        assert left(file) == ["backup"]
        assert {progress.doing for progress in told} == {"Backing up", "Verifying"}
        assert all(progress.bytes <= (progress.bytes_total or 0) for progress in told)
        assert told[-1].bytes == view.bytes

    run(tmp_path, scenario)


def test_the_node_writes_meanwhile(tmp_path: Path) -> None:
    async def scenario(agent: Agent, file: Path) -> None:
        loop = asyncio.get_running_loop()
        commits = 0

        def between(progress: Progress) -> None:
            """In the backup's thread: wait until the desk has made a commit."""
            nonlocal commits
            path = P(f"meanwhile/{commits}")
            asyncio.run_coroutine_threadsafe(agent.secrets.write("work", path, bits(b"x")), loop).result(60)
            commits += 1

        await agent.lifecycle.backup(file, between)
        assert commits > 3
        assert whole(file)
        assert len(await agent.secrets.list("work", P("meanwhile"))) == commits

    run(tmp_path, scenario)


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    async def scenario(agent: Agent, file: Path) -> None:
        file.write_bytes(b"mine")
        with pytest.raises(AlreadyExists):
            await agent.lifecycle.backup(file)
        assert file.read_bytes() == b"mine"
        assert left(file) == ["backup"]

    run(tmp_path, scenario)


def test_a_locked_node_is_not_backed_up_nor_one_locked_meanwhile(tmp_path: Path) -> None:
    async def scenario(agent: Agent, file: Path) -> None:
        loop = asyncio.get_running_loop()

        def lock(_: Progress) -> None:
            asyncio.run_coroutine_threadsafe(agent.lock(), loop).result(60)

        with pytest.raises(Locked):
            await agent.lifecycle.backup(file, lock)
        with pytest.raises(Locked):
            await agent.lifecycle.backup(file)
        assert left(file) == []
        await agent.unlock(ROOT)
        await agent.lifecycle.backup(file)
        assert whole(file)

    run(tmp_path, scenario)


def test_called_off_it_leaves_nothing_and_the_journal_is_free(tmp_path: Path) -> None:
    async def scenario(agent: Agent, file: Path) -> None:
        loop, begun = asyncio.get_running_loop(), asyncio.Event()

        def tell(progress: Progress) -> None:
            loop.call_soon_threadsafe(begun.set)

        async with asyncio.TaskGroup() as group:
            task = group.create_task(agent.lifecycle.backup(file, tell))
            await begun.wait()
            task.cancel()
        # Either it was stopped, or it had just been finished; never a half.
        assert left(file) in ([], ["backup"])
        assert await agent.desk.do(agent.store.checkpoint)

    run(tmp_path, scenario)


def test_work_that_is_called_off_is_told_so_and_waited_for() -> None:
    async def main() -> None:
        loop, begun, over = asyncio.get_running_loop(), asyncio.Event(), []

        def work(go_on: Callable[[], None]) -> None:
            loop.call_soon_threadsafe(begun.set)
            try:
                while True:
                    go_on()
            finally:
                over.append(True)

        async with asyncio.TaskGroup() as group:
            task = group.create_task(in_thread(work))
            await begun.wait()
            task.cancel()
        assert task.cancelled()
        assert over

    asyncio.run(main())


def test_a_disk_that_gives_back_something_else_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle = NewFile.settle

    def rot(made: NewFile) -> int:
        with made.partial.open("r+b") as file:
            file.seek(made.bytes // 2)
            byte = file.read(1)
            file.seek(made.bytes // 2)
            file.write(bytes((byte[0] ^ 1,)))
        return settle(made)

    monkeypatch.setattr(backing_up.NewFile, "settle", rot)

    async def scenario(agent: Agent, file: Path) -> None:
        with pytest.raises(Corrupt):
            await agent.lifecycle.backup(file)
        assert left(file) == []

    run(tmp_path, scenario)


def test_a_directory_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    async def scenario(agent: Agent, file: Path) -> None:
        with pytest.raises(StorageFailed, match="No such file"):
            await agent.lifecycle.backup(file / "deeper")

    run(tmp_path, scenario)
