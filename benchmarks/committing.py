"""One durable commit, in nested folders and in one flat folder, against one raw transaction; and how the file grows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import raw
from benchmarks.inside import made, size_on_disk, working, write
from benchmarks.result import Result, plain, ratio
from benchmarks.workload import flat_secrets, secrets, write_tree

COUNT = 10_000
COMMITS_A_ROUND = 20
WARM = 10
"""Commits before the ones that are measured."""


def measure(base: Path, rounds: int) -> Iterator[Result]:
    for shape, source, limit, growth in (("nested", secrets, 4.0, 2.0), ("flat", flat_secrets, 14.0, 20.0)):
        tree = base / f"commit-{shape}"
        tree.mkdir()
        write_tree(tree, COUNT, source)
        paths = [path for path, _ in source(COUNT)]
        commits, raws, grown = asyncio.run(_measure(base, shape, tree, paths, rounds * COMMITS_A_ROUND))
        yield ratio(f"one commit, {shape} {COUNT:,} / one SQLite transaction", commits, raws, limit)
        yield plain(f"growth by one commit, {shape} {COUNT:,}", grown, growth, "KB")


async def _measure(
    base: Path, shape: str, tree: Path, paths: list[str], count: int
) -> tuple[list[float], list[float], list[float]]:
    home, node = await made(base, f"commit-{shape}-node")
    connection = raw.database(base / f"commit-{shape}.db")
    commits, raws = [], []
    async with working(home, node) as agent:
        await agent.vaults.create("bench")
        await agent.vaults.import_from("bench", tree)
        await agent.desk.do(agent.store.checkpoint)
        for number in range(count + WARM):
            if number == WARM:
                await agent.desk.do(agent.store.checkpoint)
                before = size_on_disk(home)
            begun = time.perf_counter()
            await write(agent, "bench", paths[number * 97 % len(paths)], b"value %d" % number)
            taken = time.perf_counter() - begun
            bare = raw.transaction(connection, b"x" * 1100)
            if number >= WARM:
                commits.append(taken)
                raws.append(bare)
        await agent.desk.do(agent.store.checkpoint)
        grown = (size_on_disk(home) - before) / count / 1000
    return commits, raws, [grown]
