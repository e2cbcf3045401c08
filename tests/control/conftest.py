"""A node directory, and the real program typed in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pk_tui.home import Home


@dataclass(frozen=True)
class Typed:
    code: int
    out: bytes
    err: bytes


class Shell:
    """Types commands for one node, without a terminal and without the tester's own PK_* variables."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PK_")}
        return {**kept, "PK_NODE_PATH": str(self.home.path), **more}

    async def start(
        self,
        *argv: str,
        stdin: int = asyncio.subprocess.DEVNULL,
        stdout: int = asyncio.subprocess.PIPE,
        cwd: Path | None = None,
        **env: str,
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pk_tui", *argv),
            stdin=stdin,
            stdout=stdout,
            stderr=asyncio.subprocess.PIPE,
            env=self.environment(**env),
            cwd=cwd,
            start_new_session=True,
        )

    async def type(self, *argv: str, stdin: bytes | None = None, cwd: Path | None = None, **env: str) -> Typed:
        source = asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE
        process = await self.start(*argv, stdin=source, cwd=cwd, **env)
        out, err = await process.communicate(stdin)
        assert process.returncode is not None
        return Typed(process.returncode, out, err)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "node")
    made.create()
    return made


@pytest.fixture
def shell(home: Home) -> Shell:
    return Shell(home)


@pytest.fixture
def run_async() -> Callable[[Awaitable[object]], object]:
    async def within(work: Awaitable[object]) -> object:
        async with asyncio.timeout(100):
            return await work

    return lambda work: asyncio.run(within(work))
