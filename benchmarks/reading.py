"""Reading one secret, warm, and the history of one over 100 commits, against dulwich's own walker on the same repository."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from dulwich.repo import Repo

from benchmarks.inside import made, read, working, write
from benchmarks.result import Result, plain, ratio
from benchmarks.workload import secrets, write_tree
from pk_tui.api.views import ExportForm
from pk_tui.terms import SecretPath

COUNT = 10_000
COMMITS = 100


def measure(base: Path, rounds: int) -> Iterator[Result]:
    tree = base / "read-tree"
    tree.mkdir()
    write_tree(tree, COUNT)
    reads, histories, walks = asyncio.run(_measure(base, tree, rounds))
    yield plain("read one secret, warm", reads, 0.5, "ms")
    yield plain(f"history of one secret over {COMMITS} commits", [one * 1000 for one in histories], 15.0, "ms")
    yield ratio("the same / dulwich's walker", histories, walks, 0.2)


async def _measure(base: Path, tree: Path, rounds: int) -> tuple[list[float], list[float], list[float]]:
    home, node = await made(base, "read-node")
    paths = [path for path, _ in secrets(COUNT)]
    watched = paths[4711]
    reads, histories, walks = [], [], []
    async with working(home, node) as agent:
        await agent.vaults.create("bench")
        await agent.vaults.import_from("bench", tree)
        for number in range(COMMITS):
            await write(agent, "bench", watched if number % 10 == 0 else paths[number * 97], b"value %d" % number)
        for path in paths[:2000:20]:
            await read(agent, "bench", path)
        some = []
        for path in paths[:2000:20]:
            begun = time.perf_counter()
            await read(agent, "bench", path)
            some.append((time.perf_counter() - begun) * 1000)
        reads.append(statistics.median(some))
        exported = base / "read-export"
        await agent.vaults.export("bench", exported, ExportForm.GIT)
        repository = Repo(str(exported))
        for _ in range(rounds):
            begun = time.perf_counter()
            entries = await agent.vaults.log("bench", SecretPath.parse(watched))
            histories.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            walked = list(repository.get_walker(paths=[watched.encode()]))
            walks.append(time.perf_counter() - begun)
            assert len(entries) == len(walked)
        repository.close()
    return reads, histories, walks
