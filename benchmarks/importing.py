"""An import, durable: against the rate of `git fast-import`, and against the same bytes put into SQLite as they are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import git_peer, raw
from benchmarks.inside import made, size_on_disk, working
from benchmarks.result import Result, ratio
from benchmarks.workload import fast_import_stream, write_tree


def measure(base: Path, rounds: int, counts: tuple[int, ...] = (10_000, 100_000)) -> Iterator[Result]:
    for count in counts:
        tree = base / f"import-{count}"
        tree.mkdir()
        plaintext = write_tree(tree, count)
        stream = fast_import_stream(count)
        ours, git, bare, size = [], [], [], 0
        for number in range(rounds if count <= 10_000 else min(rounds, 3)):
            git.append(git_peer.fast_import(base / f"import-{count}-{number}", count, stream))
            bare.append(raw.insert_files(base / f"import-{count}-{number}.db", tree))
            taken, size = asyncio.run(_import(base, f"import-{count}-{number}-node", tree))
            ours.append(taken)
        yield ratio(f"import {count:,} / git fast-import", ours, git, 0.5)
        yield ratio(f"import {count:,} / the same files into SQLite", ours, bare, 4.0)
        yield Result(
            f"database after import of {count:,} / plaintext", size / 1e9, plaintext / 1e9, size / plaintext, 1.35
        )


async def _import(base: Path, name: str, tree: Path) -> tuple[float, int]:
    """Seconds of one import of the files in `tree`, and bytes of the database afterwards (an empty node's taken off)."""
    home, node = await made(base, name)
    async with working(home, node) as agent:
        await agent.vaults.create("bench")
        await agent.desk.do(agent.store.checkpoint)
        empty = size_on_disk(home)
        begun = time.perf_counter()
        await agent.vaults.import_from("bench", tree)
        taken = time.perf_counter() - begun
        await agent.desk.do(agent.store.checkpoint)
        return taken, size_on_disk(home) - empty
