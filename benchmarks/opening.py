"""Opening a node with 100,000 secrets and listing all names, without the password hash; re-keying it; finding in it."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.inside import made, resident_mib, working
from benchmarks.result import Result, plain
from benchmarks.workload import write_tree
from pk_tui.crypto.seal import SealKey
from pk_tui.home import Home

COUNT = 100_000
TYPED = ("s", "se", "sec", "sec9", "sec99", "sec999", "sec99", "f", "fo", "f31s", "f31s7", "folder0001", "99", "zzzz")


def measure(base: Path, rounds: int) -> Iterator[Result]:
    home, root, rekeyed, blocked = asyncio.run(_prepare(base))
    times, grown = [], []
    keys: list[list[float]] = []
    for _ in range(rounds):
        told = _in_a_new_process(home, root)
        times.append(told["seconds"])
        grown.append(told["mib"])
        keys.append(told["keys"])
    yield plain(f"open and list {COUNT:,} names", times, 0.3, "s")
    yield plain(f"memory of that above the bare process, {COUNT:,}", grown, 60.0, "MB")
    slowest = max(map(statistics.median, zip(*keys, strict=True)))
    yield Result(f"find among {COUNT:,} paths, slowest of {len(TYPED)} keystrokes", slowest, None, slowest, 60.0, "ms")
    yield Result(f"re-key {COUNT:,} secrets", rekeyed, None, rekeyed, 2.0, "s")
    yield Result("longest the loop waited meanwhile", blocked, None, blocked, 100.0, "ms")


async def _prepare(base: Path) -> tuple[Home, bytes, float, float]:
    tree = base / "open-tree"
    tree.mkdir()
    write_tree(tree, COUNT)
    home, node = await made(base, "open-node")
    worst = 0.0

    async def beat() -> None:
        nonlocal worst
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - before - 0.001)

    async with working(home, node) as agent:
        await agent.vaults.create("bench")
        await agent.vaults.import_from("bench", tree)
        async with asyncio.TaskGroup() as tasks:
            beating = tasks.create_task(beat())
            begun = time.perf_counter()
            await agent.lifecycle.tidy(new_keys=True)
            rekeyed = time.perf_counter() - begun
            beating.cancel()
    return home, node.root.reveal(), rekeyed, worst * 1000


def _in_a_new_process(home: Home, root: bytes) -> dict[str, Any]:
    """The root key goes over a pipe, as between the programs themselves."""
    reading, writing = os.pipe()
    os.write(writing, root)
    os.close(writing)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.opening", str(home.path), str(reading)],
        pass_fds=(reading,), capture_output=True, check=True,
    )  # fmt: skip
    os.close(reading)
    return dict(json.loads(done.stdout))


async def _child(path: Path, root: bytes) -> dict[str, Any]:
    from pk_tui.bootstrap.node import opened

    async with opened(Home(path), None, stays=False) as agent:
        bare, begun = resident_mib(), time.perf_counter()
        await agent.unlock(SealKey(root))
        rows = await agent.secrets.list("bench", None, True)
        seconds, mib = time.perf_counter() - begun, resident_mib() - bare
        assert sum(not row.is_directory for row in rows) == COUNT
        del rows
        await agent.secrets.find("warm")  # builds what is searched
        keys = []
        for typed in TYPED:
            before = time.perf_counter()
            await agent.secrets.find(typed)
            keys.append((time.perf_counter() - before) * 1000)
    return {"seconds": seconds, "mib": mib, "keys": keys}


if __name__ == "__main__":
    with os.fdopen(int(sys.argv[2]), "rb") as pipe:
        print(json.dumps(asyncio.run(_child(Path(sys.argv[1]), pipe.read()))))
