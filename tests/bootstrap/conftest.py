"""One node, made once, and a copy of it for each test: its password costs a second of computing every time."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pk_tui.bootstrap.node import make_node
from pk_tui.control.editor import child_environment
from pk_tui.crypto.seal import SealKey
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.terms import NodeId

PASSWORD = Plaintext.of_text("a password of the tests")
WRONG = Plaintext.of_text("another password")


@dataclass(frozen=True)
class MadeOnce:
    home: Home
    node_id: NodeId
    words: Plaintext
    root: SealKey
    password: Plaintext = PASSWORD
    wrong: Plaintext = WRONG


@dataclass(frozen=True)
class Typed:
    code: int
    out: str
    err: str


class Program:
    """The program in a process of its own, as a person types it."""

    def __init__(self, home: Home) -> None:
        self.home = home

    async def type(self, *argv: str, stdin: bytes = b"") -> Typed:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pk_tui", "--node-path", str(self.home.path), *argv),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=child_environment(),
        )
        out, err = await process.communicate(stdin)
        assert process.returncode is not None
        return Typed(process.returncode, out.decode(), err.decode())


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    home = Home(tmp_path_factory.mktemp("made") / "node")
    node = asyncio.run(make_node(home, PASSWORD))
    return MadeOnce(home, node.node_id, node.words, node.root)


@pytest.fixture
def short() -> Iterator[Path]:
    """A short private directory: the path of a Unix socket has little room."""
    directory = Path(tempfile.mkdtemp(prefix="pk-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def home(made: MadeOnce, short: Path) -> Home:
    """The node that was made once, to do anything to."""
    shutil.copytree(made.home.path, short / "node")
    return Home(short / "node")


@pytest.fixture
def program(home: Home) -> Program:
    return Program(home)


@pytest.fixture
def run_async() -> Callable[[Any], Any]:
    async def within(work: Any) -> Any:
        async with asyncio.timeout(60):
            return await work

    return lambda work: asyncio.run(within(work))
