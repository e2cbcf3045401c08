"""The playground from beginning to end, with the real second process."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from pk_tui.api.front import Beginning
from pk_tui.bootstrap.friend import PREFIX
from pk_tui.bootstrap.front import HolderFront
from pk_tui.bootstrap.playing import FriendProcess
from pk_tui.clock import SystemClock
from pk_tui.errors import Misuse, StorageFailed, WrongPassword
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext

READY_WITHIN = 20.0
"""Seconds. About 2 on a quiet machine; the tests may run on a very busy one."""


@pytest.fixture
def temporary(short: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the playground is made, so that what is left of it can be seen."""
    monkeypatch.setenv("TMPDIR", str(short))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return short


async def eventually(condition: Callable[[], Awaitable[bool]] | Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while True:
            found = condition()
            if await found if isinstance(found, Awaitable) else found:
                return
            await asyncio.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_person_alone_can_share_accept_clone_and_pull_and_nothing_is_left(temporary, tmp_path, run_async) -> None:
    home = Home(tmp_path / "node")

    async def scenario() -> None:
        clock = SystemClock()
        begun = clock.elapsed()
        async with HolderFront(home) as front:
            playground = await front.open_playground()
            assert clock.elapsed() - begun < READY_WITHIN
            api = playground.api
            (base,) = temporary.glob(f"{PREFIX}*")
            assert base.stat().st_mode & 0o077 == 0
            assert front._ground is not None
            friend = front._ground.friend_pid
            assert is_alive(friend)
            status = await api.lifecycle.status()
            assert status.listening is not None
            assert status.listening.host == "127.0.0.1"

            # what the friend shares arrives, is cloned, falls behind and is pulled
            async def told() -> bool:
                return [note.type for note in await api.notifications.inbox()] == ["VaultShare"]

            await eventually(told)
            await api.vaults.clone(playground.vault, playground.friend)

            async def behind() -> bool:
                return bool((await api.vaults.get(playground.vault)).behind)

            # what we share is cloned, and said so
            await api.vaults.share("personal", playground.friend)

            async def answered() -> bool:
                notes = await api.notifications.inbox()
                return any(note.data.get("message") == "I cloned “personal”: 3 secrets." for note in notes)

            await eventually(answered)
            await eventually(behind)
            pulled = await api.vaults.pull(playground.vault)
            assert pulled.old_head != pulled.new_head

            # the node is one of its own: locks, settings and leaving it running are
            await api.lifecycle.lock()
            situation = await front.look()
            assert situation.beginning is Beginning.LOCKED
            assert situation.place.startswith(str(base))
            with pytest.raises(WrongPassword):
                await front.open(Plaintext.of_text("another"))
            await front.open(Plaintext.of_text(playground.password))
            front.save_settings({"theme": "x"})
            assert front.load_settings() == {"theme": "x"}
            with pytest.raises(Misuse):
                await front.leave_running()
        assert not is_alive(friend)
        assert list(temporary.iterdir()) == []
        assert not home.path.exists()

    run_async(scenario())


KILLED = """
import asyncio, sys
from pk_tui.bootstrap.front import HolderFront
from pk_tui.home import Home
async def play():
    async with HolderFront(Home(sys.argv[1])) as front:
        await front.open_playground()
        print(front._ground.friend_pid, flush=True)
        await asyncio.sleep(60)
asyncio.run(play())
"""


def test_the_sudden_end_of_the_ui_ends_the_friend_who_removes_everything(temporary, tmp_path, run_async) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path / "node")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as ui:
        assert ui.stdout is not None
        friend = int(ui.stdout.readline())
        assert is_alive(friend)
        assert len(list(temporary.glob(f"{PREFIX}*"))) == 1
        ui.kill()

    async def gone() -> None:
        await eventually(lambda: not list(temporary.iterdir()))
        await eventually(lambda: is_gone_or_zombie(friend))

    run_async(gone())


def is_gone_or_zombie(pid: int) -> bool:
    """Where nobody adopts orphans, as in some containers, what has ended stays in the table."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_friend_that_does_not_start_is_said_and_leaves_nothing(temporary, tmp_path, monkeypatch, run_async) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))

    async def scenario() -> None:
        async with HolderFront(Home(tmp_path / "node")) as front:
            with pytest.raises(StorageFailed, match="playground"):
                await front.open_playground()
            assert list(temporary.iterdir()) == []
            assert (await front.look()).beginning is Beginning.NO_NODE

    run_async(scenario())


def test_what_the_friend_fails_with_is_said(tmp_path, monkeypatch, run_async) -> None:
    program = tmp_path / "python"
    line = json.dumps({"failed": "The disk is full. \x1b[31m"})
    program.write_text(f"#!/bin/sh\necho '{line}'\ncat > /dev/null\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))

    async def scenario() -> None:
        friend = await FriendProcess.start(tmp_path)
        with pytest.raises(StorageFailed, match="The disk is full") as failed:
            await friend.hear()
        assert "\x1b" not in failed.value.message
        await friend.end()
        assert not is_alive(friend.pid)

    run_async(scenario())


def test_a_friend_that_does_not_end_is_ended(tmp_path, monkeypatch, run_async) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\ntrap '' TERM\nexec sleep 60 < /dev/null\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr("pk_tui.bootstrap.playing.END_WITHIN", 0.1)

    async def scenario() -> None:
        friend = await FriendProcess.start(tmp_path)
        assert is_alive(friend.pid)
        await friend.end()
        assert not is_alive(friend.pid)

    run_async(scenario())


def test_the_friend_is_told_no_password_of_ours(monkeypatch, tmp_path, run_async) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\nenv > {tmp_path}/env\necho '{{}}'\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setenv("PK_PASSWORD", "a secret value")

    async def scenario() -> None:
        friend = await FriendProcess.start(tmp_path)
        await friend.hear()
        await friend.end()

    run_async(scenario())
    assert "a secret value" not in (tmp_path / "env").read_text()
