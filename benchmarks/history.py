"""Many commits in one process: `python -m benchmarks.history NODE_PATH VAULT:PATH COUNT`, the password on standard input."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from benchmarks.inside import write
from pk_tui.bootstrap.node import opened, root_from_password
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext


async def _run(path: Path, secret: str, count: int, password: Plaintext) -> None:
    vault, _, name = secret.partition(":")
    async with opened(Home(path), None, stays=False) as agent:
        await agent.unlock(await root_from_password(agent, password))
        for number in range(count):
            await write(agent, vault, name, b"history %d" % number)


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Plaintext(sys.stdin.buffer.read())))
