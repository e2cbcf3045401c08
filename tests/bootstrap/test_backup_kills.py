"""The process is killed in the midst of a backup or a restore, again and again: there is a whole file or none, a whole node or an
empty directory, and the next try succeeds."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import random
import select
import shutil
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pk_tui.agent.agent import Agent
from pk_tui.bootstrap.node import make_node, opened, root_from_password
from pk_tui.bootstrap.restoring import restore_node
from pk_tui.crypto import passphrase
from pk_tui.crypto.entropy import random_bytes
from pk_tui.crypto.passphrase import Cost
from pk_tui.crypto.seal import SealKey
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.store.backup import Backup
from pk_tui.terms import SecretPath

PASSWORD = Plaintext.of_text("the password")
P = SecretPath.parse
SIZE = 900_000


@pytest.fixture(scope="module", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passphrase, "MIN_MEMORY", 8192)
        for module in ("node", "restoring"):
            patch.setattr(f"pk_tui.bootstrap.{module}.Cost", lambda: Cost(3, 8192))
        yield


async def bits(value: bytes) -> AsyncIterator[bytes]:
    yield value


async def using(home: Home, root: SealKey, use: Callable[[Agent], Awaitable[Any]]) -> Any:
    async with opened(home, None, stays=False) as agent:
        await agent.unlock(root)
        return await use(agent)


@pytest.fixture
def node(tmp_path: Path, _cheap_passwords: None) -> tuple[Home, SealKey]:
    home = Home(tmp_path / "old")

    async def make() -> SealKey:
        made = await make_node(home, PASSWORD)

        async def fill(agent: Agent) -> None:
            await agent.vaults.create("work")
            for number in range(4):
                await agent.secrets.write("work", P(f"{number}"), bits(random_bytes(SIZE)))

        await using(home, made.root, fill)
        return made.root

    return home, asyncio.run(make())


def killed(work: Callable[[Callable[[], None]], None], after: float) -> bool:
    """Run `work` in a child and kill it so long after it says that it begins; True if it had ended by itself, and well."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            os.close(reader)
            work(lambda: os.write(writer, b"x") and None)
            code = 0
        os._exit(code)
    os.close(writer)
    try:
        select.select([reader], [], [], 20)
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    finally:
        _, status = os.waitpid(child, 0)
        os.close(reader)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return os.WIFEXITED(status)


def kill_backups(node: tuple[Home, SealKey], target: Path, rounds: int) -> None:
    home, root = node
    dice, target_file, whole = random.Random(5), target / "backup", 0
    target.mkdir()

    def work(begin: Callable[[], None]) -> None:
        async def back_up(agent: Agent) -> None:
            for number in range(1000):  # one after the other, with a change between, until killed
                await agent.lifecycle.backup(target_file)
                target_file.rename(target / f"done {number}")
                begin()
                await agent.secrets.write("work", P("0"), bits(b"%d" % number))

        asyncio.run(using(home, root, back_up))

    for _ in range(rounds):
        assert not killed(work, dice.uniform(0, 0.15))
        for file in target.iterdir():
            if file.name == "backup.partial":
                continue  # and the next try takes it over
            backup = Backup(io.BytesIO(file.read_bytes()).read)
            assert list(backup.verify(backup.key_under(root)))[-1] == file.stat().st_size
            whole += 1
            file.unlink()
        asyncio.run(using(home, root, lambda agent: sound(agent)))
    assert whole >= rounds
    asyncio.run(using(home, root, lambda agent: agent.lifecycle.backup(target_file)))
    assert [file.name for file in target.iterdir()] == ["backup"]


async def sound(agent: Agent) -> None:
    assert agent.store.vaults.damaged == {}
    await agent.desk.do(agent.store.verify)


def kill_restores(node: tuple[Home, SealKey], tmp_path: Path, rounds: int) -> None:
    home, root = node
    file, target = tmp_path / "backup", Home(tmp_path / "target")
    asyncio.run(using(home, root, lambda agent: agent.lifecycle.backup(file)))
    dice, empty = random.Random(6), 0
    began = time.monotonic()
    asyncio.run(restore_node(Home(tmp_path / "measured"), file, PASSWORD, None))
    takes = time.monotonic() - began

    def work(begin: Callable[[], None]) -> None:
        begin()
        asyncio.run(restore_node(target, file, PASSWORD, None))

    for number in range(rounds):
        killed(work, dice.uniform(0, 2 * takes) if number else 0)
        if target.is_empty():
            empty += 1  # … and what lies there is in nobody's way: the next round restores over it
            continue

        async def use() -> None:
            async with opened(target, None, stays=False) as agent:
                await agent.unlock(await root_from_password(agent, PASSWORD))
                await sound(agent)
                assert (await agent.secrets.stat("work", P("3"))).size == SIZE
                await agent.secrets.write("work", P("new"), bits(b"x"))

        asyncio.run(use())
        shutil.rmtree(target.path)
    assert empty
    assert asyncio.run(restore_node(target, file, PASSWORD, None)).vaults == 1


def test_kills_within_a_backup_leave_whole_files_only(node: tuple[Home, SealKey], tmp_path: Path) -> None:
    kill_backups(node, tmp_path / "target", 12)


def test_kills_within_a_restore_leave_a_whole_node_or_an_empty_directory(
    node: tuple[Home, SealKey], tmp_path: Path
) -> None:
    kill_restores(node, tmp_path, 20)


@pytest.mark.night
def test_three_hundred_kills_within_backups(node: tuple[Home, SealKey], tmp_path: Path) -> None:
    kill_backups(node, tmp_path / "target", 300)


@pytest.mark.night
def test_three_hundred_kills_within_restores(node: tuple[Home, SealKey], tmp_path: Path) -> None:
    kill_restores(node, tmp_path, 300)
