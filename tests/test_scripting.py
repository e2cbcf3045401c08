from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pk_tui.control.editor import child_environment
from pk_tui.control.server import ControlServer
from pk_tui.errors import AlreadyExists, Busy, Misuse, NotFound, WrongPassword
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.scripting import connect, open_node, read_secret, secret_address, write_secret
from pk_tui.terms import Address, SecretPath

PASSWORD = "a password of the tests"


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A node, in a short place: the path of a socket has little room. Tests leave no vault in it."""
    from pk_tui.bootstrap.node import make_node

    base = Path(tempfile.mkdtemp(prefix="pk-"))
    asyncio.run(make_node(Home(base / "node"), Plaintext.of_text(PASSWORD)))
    yield base / "node"
    shutil.rmtree(base, ignore_errors=True)


def test_a_node_is_opened_in_this_process_written_and_read(made):
    async def story() -> list[object]:
        async with open_node(made, PASSWORD) as api:
            await api.vaults.create("one")
            commit = await write_secret(api, "one:a/b", b"\0value\xff")
            same = await write_secret(api, "one:a/b", b"\0value\xff")
            read = await read_secret(api, "one:a/b")
            with pytest.raises(AlreadyExists):
                await write_secret(api, "one:a/b", b"other", create_only=True)
            with pytest.raises(Misuse, match="larger than 3 bytes"):
                await read_secret(api, "one:a/b", limit=3)
            with pytest.raises(NotFound):
                await read_secret(api, "one:nope")
            listening = (await api.lifecycle.status()).listening
            await api.vaults.delete("one")
            return [commit is not None, same, read, listening]

    assert asyncio.run(story()) == [True, None, b"\0value\xff", None]


def test_a_node_listens_only_where_it_is_told_to(made):
    async def story() -> Address | None:
        async with open_node(str(made), Plaintext.of_text(PASSWORD), listen=Address("127.0.0.1", 0)) as api:
            return (await api.lifecycle.status()).listening

    found = asyncio.run(story())
    assert found is not None
    assert found.port


def test_a_wrong_password_and_no_node_are_told_apart(made, tmp_path):
    async def opening(path: Path, password: str) -> None:
        async with open_node(path, password):
            pass

    with pytest.raises(WrongPassword):
        asyncio.run(opening(made, "wrong"))
    with pytest.raises(NotFound):
        asyncio.run(opening(tmp_path, PASSWORD))


def test_what_fails_in_the_block_comes_out_as_it_was_and_the_node_is_closed(made):
    async def story() -> None:
        async with open_node(made, PASSWORD):
            raise KeyError("mine")

    for _ in range(2):
        with pytest.raises(KeyError, match="mine"):
            asyncio.run(story())


def test_a_scripts_own_files_are_made_as_before(made):
    async def story() -> None:
        async with open_node(made, PASSWORD):
            pass

    before = os.umask(0o022)
    try:
        asyncio.run(story())
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


def test_an_agent_that_holds_the_node_is_connected_to_and_kept_to_itself(made, monkeypatch):
    async def nothing(_: object) -> int:
        return 0

    async def story() -> tuple[bytes, bool]:
        async with open_node(made, PASSWORD) as held, ControlServer(Home(made), nothing, lambda: held):
            async with connect(made) as api:
                await api.vaults.create("two")
                await write_secret(api, "two:x", b"over the line")
                read = await read_secret(held, "two:x")
                with pytest.raises(NotFound):
                    await read_secret(api, "two:nope")
            with pytest.raises(Busy):
                async with open_node(made, PASSWORD):
                    pass
            monkeypatch.setenv("PK_NODE_PATH", str(made))
            async with connect() as api:
                status = await api.lifecycle.status()
            await held.vaults.delete("two")
            return read, status.live

    assert asyncio.run(story()) == (b"over the line", True)


def test_without_an_agent_there_is_nothing_to_connect_to(made):
    async def story() -> None:
        async with connect(made):
            pass

    with pytest.raises(Busy, match="No agent"):
        asyncio.run(story())


def test_an_address_is_read_as_it_is_typed():
    assert secret_address("v:a/b") == ("v", SecretPath(("a", "b")))
    assert secret_address("v@0123abcd:a#slot") == ("v@0123abcd", SecretPath(("a#slot",)))


@pytest.mark.parametrize("text", ["", "v", "v:", ":a", "v:/", "v:../a"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(Misuse):
        secret_address(text)


def test_the_front_door_loads_no_agent_before_it_is_needed():
    script = "import sys, pk_tui.scripting; print([m for m in sys.modules if m.startswith(('pk_tui.agent', 'nacl', 'textual'))])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, env=child_environment())

    assert done.stdout.strip() == b"[]"
