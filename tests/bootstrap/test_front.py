"""What the UI stands on, with a real node, real sockets and the real program beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pk_tui.api.front import Beginning, Front
from pk_tui.bootstrap.front import HolderFront
from pk_tui.crypto.words import from_words
from pk_tui.errors import AlreadyExists, Busy, Locked, Misuse, StorageFailed, WrongPassword
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.terms import Address, SecretPath

LOOPBACK = Address("127.0.0.1", 0)
AGENT = ("--agent-host", "127.0.0.1")


def front_of(home: Home) -> HolderFront:
    return HolderFront(home, LOOPBACK)


@contextmanager
def headless(home: Home, made) -> Iterator[dict]:
    """An agent in the background, which is stopped at the end whatever happened."""

    def run(*argv: str, stdin: bytes = b"") -> bytes:
        command = [sys.executable, "-m", "pk_tui", "--node-path", str(home.path), "--format", "json", *argv]
        return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout

    try:
        start = ("--password-file", "-", "agent", "start", "--background", *AGENT)
        yield json.loads(run(*start, stdin=made.password.reveal()))
    finally:
        run("agent", "stop")


def is_free(home: Home) -> bool:
    with home.lock():
        return True


async def write(api, place: str, value: bytes) -> None:
    async def content():
        yield value

    vault, _, path = place.partition(":")
    await api.secrets.write(vault, SecretPath.parse(path), content())


# Looking


def test_looking_tells_the_beginnings_apart_and_touches_nothing(made, home, tmp_path, run_async) -> None:
    async def scenario() -> None:
        empty = Home(tmp_path / "nothing")
        async with front_of(empty) as front:
            assert (await front.look()).beginning is Beginning.NO_NODE
        assert not empty.path.exists()
        async with front_of(home) as front:
            situation = await front.look()
        assert (situation.beginning, situation.holder) == (Beginning.LOCKED, None)
        assert situation.place == safe_text(str(home.path), 300)

    run_async(scenario())


def test_a_directory_of_something_else_is_refused(tmp_path, run_async) -> None:
    (tmp_path / "holiday.jpg").touch()

    async def scenario() -> None:
        async with front_of(Home(tmp_path)) as front:
            with pytest.raises(AlreadyExists, match="--node-path"):
                await front.look()

    run_async(scenario())


def test_looking_loads_no_agent(home) -> None:
    script = (
        "import asyncio, sys\n"
        "from pk_tui.bootstrap.front import HolderFront\n"
        "from pk_tui.bootstrap.ui import open_ui\n"
        "from pk_tui.home import Home\n"
        "async def look():\n"
        f"    async with HolderFront(Home({str(home.path)!r})) as front:\n"
        "        print((await front.look()).beginning.value)\n"
        "asyncio.run(look())\n"
        "heavy = {'dulwich', 'peewee', 'websockets', 'nacl', 'click', 'textual', 'rich'}\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["locked", "[]"], done.stderr


def test_preparing_loads_what_opening_needs_beside_everything_else(home) -> None:
    script = (
        "import sys, threading\n"
        "from pk_tui.bootstrap.front import HolderFront\n"
        "from pk_tui.home import Home\n"
        f"HolderFront(Home({str(home.path)!r})).prepare()\n"
        "print(len([t.join() for t in threading.enumerate() if t is not threading.main_thread()]))\n"
        "print('pk_tui.bootstrap.held' in sys.modules, 'peewee' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["1", "True", "True"], done.stderr


# Opening


def test_a_node_is_created_and_opened(tmp_path, made, run_async) -> None:
    async def scenario() -> None:
        home = Home(tmp_path / "node")
        async with front_of(home) as front:
            words = await front.create(made.password)
            assert len(from_words(words.reveal().decode())) == 32
            assert (await front.look()).beginning is Beginning.LOCKED
            with pytest.raises(AlreadyExists):
                await front.create(made.password)
            api = await front.open(made.password)
            assert await api.vaults.list() == []

    run_async(scenario())


def test_a_wrong_password_hinders_nothing_and_the_open_node_takes_commands(made, home, program, run_async) -> None:
    async def scenario() -> None:
        async with front_of(home) as front:
            with pytest.raises(WrongPassword):
                await front.open(made.wrong)
            assert is_free(home)
            api = await front.open(made.password)
            assert (await api.lifecycle.status()).listening is not None
            assert front.not_listening == ""
            situation = await front.look()
            assert (situation.beginning, situation.holder) == (Beginning.ATTACHED, None)
            assert await front.attach() is api
            await api.vaults.create("work")
            listed = await program.type("--format", "json", "vaults", "list")
            assert [row["vault_name"] for row in json.loads(listed.out)] == ["work"]
            status = json.loads((await program.type("--format", "json", "agent", "status")).out)
            assert status["pid"] == os.getpid()
            for screen in (
                (),
                ("playground",),
            ):  # these open a screen where they are typed, and are not carried out here
                assert (await program.type(*screen)).code == 2
        assert is_free(home)
        assert sorted(path.name for path in home.path.iterdir()) == ["lock", "node.db", "witness"]

    run_async(scenario())


def test_a_locked_screen_takes_no_commands_and_the_node_stays_open(made, home, program, run_async) -> None:
    async def scenario() -> None:
        async with front_of(home) as front:
            api = await front.open(made.password)
            front.lock_screen(True)
            refused = await program.type("--format", "json", "vaults", "list")
            assert (refused.code, refused.out) == (77, "")
            error = json.loads(refused.err)["error"]
            assert error["kind"] == "locked"
            assert "screen" in error["message"]
            assert await api.vaults.list() == []
            front.lock_screen(False)
            assert (await program.type("vaults", "list")).code == 0

    run_async(scenario())


def test_after_a_full_lock_the_password_opens_the_same_node_again(made, home, run_async) -> None:
    async def scenario() -> None:
        async with front_of(home) as front:
            api = await front.open(made.password)
            await api.vaults.create("work")
            await api.lifecycle.lock()
            assert (await front.look()).beginning is Beginning.LOCKED
            with pytest.raises(WrongPassword):
                await front.open(made.wrong)
            with pytest.raises(Locked):
                await api.vaults.list()
            again = await front.open(made.password)
            assert [vault.name for vault in await again.vaults.list()] == ["work"]

    run_async(scenario())


def test_a_node_stopped_from_outside_is_opened_anew(made, home, program, run_async) -> None:
    async def scenario() -> None:
        async with front_of(home) as front:
            await front.open(made.password)
            assert (await program.type("agent", "stop")).code == 0
            assert (await front.look()).beginning is Beginning.LOCKED
            api = await front.open(made.password)
            assert await api.vaults.list() == []

    run_async(scenario())


def test_a_node_that_can_let_nobody_in_opens_all_the_same_and_says_why(made, home, run_async) -> None:
    async def scenario() -> None:
        async with HolderFront(home, Address("192.0.2.1", 0)) as front:  # an address that no machine has
            api = await front.open(made.password)
            assert (await api.lifecycle.status()).listening is None
            assert "192.0.2.1" in front.not_listening
            await api.lifecycle.lock()
            api = await front.open(made.password)
            assert await api.vaults.list() == []

    run_async(scenario())


def test_a_node_that_another_process_has_open_is_busy(made, home, run_async) -> None:
    async def scenario() -> None:
        async with front_of(home) as front:
            with home.lock(), pytest.raises(Busy):
                await front.open(made.password)
            await front.open(made.password)

    run_async(scenario())


# Another holder


def test_a_headless_agent_is_attached_to_locked_unlocked_and_outlives_us(made, home, run_async) -> None:
    async def scenario(pid: int) -> None:
        async with front_of(home) as front:
            situation = await front.look()
            assert (situation.beginning, situation.holder) == (Beginning.ATTACHED, pid)
            api = await front.attach()
            assert (await api.lifecycle.status()).pid == pid
            await api.vaults.create("work")
            await api.lifecycle.lock()
            situation = await front.look()
            assert (situation.beginning, situation.holder) == (Beginning.LOCKED, pid)
            with pytest.raises(WrongPassword):
                await front.open(made.wrong)
            api = await front.open(made.password)
            assert [vault.name for vault in await api.vaults.list()] == ["work"]
            with pytest.raises(WrongPassword):  # unlocked by now, and still only this password is taken
                await front.open(made.wrong)
            assert await front.leave_running() == pid
        async with front_of(home) as front:
            assert (await front.look()).holder == pid

    with headless(home, made) as started:
        run_async(scenario(started["pid"]))


def test_where_nobody_holds_the_node_there_is_nothing_to_attach_to(home, run_async) -> None:
    async def scenario() -> None:
        async with front_of(home) as front:
            with pytest.raises(Busy):
                await front.attach()

    run_async(scenario())


# Leaving it running


def test_left_running_the_node_goes_on_unlocked_at_its_port_and_no_trace_of_the_key_is_left(
    made, home, program, run_async
) -> None:
    async def scenario() -> None:
        async with front_of(home) as front:
            api = await front.open(made.password)
            await api.vaults.create("work")
            await write(api, "work:a", b"value")
            listening = (await api.lifecycle.status()).listening
            pid = await front.leave_running()
        try:
            assert pid != os.getpid()
            status = json.loads((await program.type("--format", "json", "agent", "status")).out)
            assert (status["pid"], status["locked"]) == (pid, False)
            assert (status["agent_host"], status["agent_port"]) == (listening.host, listening.port)
            assert (await program.type("secrets", "cat", "work:a")).out == "value"
            assert_no_trace(made.root.reveal(), pid, home.path)
        finally:
            assert (await program.type("agent", "stop")).code == 0
        assert is_free(home)

    run_async(scenario())


def assert_no_trace(key: bytes, pid: int, place: Path) -> None:
    forms = (key, key.hex().encode(), key.hex().upper().encode(), repr(key).encode()[2:-1])
    shown = [Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
    assert b"--key-from" in shown[0]
    files = [path.read_bytes() for path in place.rglob("*") if path.is_file()]
    for content in (*shown, *files):
        assert not any(form in content for form in forms)


def test_a_failing_handover_is_said_and_the_node_is_closed_and_can_be_opened(
    made, home, monkeypatch, run_async
) -> None:
    async def scenario() -> None:
        async with front_of(home) as front:
            await front.open(made.password)
            with monkeypatch.context() as patch:
                patch.setattr(sys, "executable", "/nonexistent")
                with pytest.raises(StorageFailed, match="could not be started"):
                    await front.leave_running()
            assert is_free(home)
            await front.open(made.password)

    run_async(scenario())


def test_what_is_not_open_is_not_left_running(made, home, run_async) -> None:
    async def scenario() -> None:
        async with front_of(home) as front:
            with pytest.raises(Busy):
                await front.leave_running()
            api = await front.open(made.password)
            await api.lifecycle.lock()
            with pytest.raises(Locked):
                await front.leave_running()
            assert (await front.look()).beginning is Beginning.LOCKED
            await front.open(made.password)

    run_async(scenario())


# Around the screen


def test_settings_are_kept_with_the_node(home, run_async) -> None:
    async def scenario() -> None:
        async with front_of(home) as front:
            front.save_settings({"theme": "x"})
        async with front_of(home) as front:
            assert front.load_settings() == {"theme": "x"}

    run_async(scenario())


def test_a_report_lies_with_the_node_and_holds_no_value(home, run_async) -> None:
    async def scenario() -> None:
        async with front_of(home) as front:
            report = front.report(ValueError("a secret value"))
        assert report is not None
        assert report.is_relative_to(home.path)
        assert "secret value" not in report.read_text()

    run_async(scenario())


def test_an_editor_outside_changes_a_text(home, monkeypatch, run_async) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "sed -i s/old/new/")

    async def scenario() -> None:
        async with front_of(home) as front:
            assert front.edit_outside(Plaintext(b"old value"), ".txt") == Plaintext(b"new value")

    run_async(scenario())


def test_an_error_in_the_block_comes_out_as_itself(home, run_async) -> None:
    async def scenario() -> None:
        front: Front
        async with front_of(home) as front:
            assert front is not None
            raise Misuse("x")

    with pytest.raises(Misuse):
        run_async(scenario())
