"""An import, durable: against the rate of `git fast-import`, and against the same files put into SQLite as they are.

Ours reads every file and is a command to a running agent. fast-import is given one stream that is in memory already.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path

from benchmarks import git_peer, raw
from benchmarks.inside import size_on_disk
from benchmarks.nodes import Node
from benchmarks.result import Result, ratio
from benchmarks.workload import fast_import_stream, write_tree
from pk_tui.home import Home


def measure(base: Path, rounds: int, counts: tuple[int, ...] = (10_000, 100_000)) -> Iterator[Result]:
    for count in counts:
        tree = base / f"import-{count}"
        tree.mkdir()
        plaintext = write_tree(tree, count)
        stream = fast_import_stream(count)
        ours, git, bare, sizes = [], [], [], []
        for number in range(rounds if count <= 10_000 else min(rounds, 3)):
            git.append(git_peer.fast_import(base / f"import-{count}-{number}", count, stream))
            bare.append(raw.insert_files(base / f"import-{count}-{number}.db", tree))
            taken, size = _import(base / f"import-{count}-{number}-node", tree)
            ours.append(taken)
            sizes.append(size)
        size = statistics.median(sizes)
        yield ratio(f"import {count:,} / git fast-import", ours, git, 0.5)
        yield ratio(f"import {count:,} / the same files into SQLite", ours, bare, 4.0)
        yield Result(
            f"database after import of {count:,} / plaintext", size / 1e9, plaintext / 1e9, size / plaintext, 1.35
        )


def _import(place: Path, tree: Path) -> tuple[float, int]:
    """Seconds of one import of the files in `tree`, and bytes of the database afterwards (an empty node's taken off)."""
    node = Node(place)
    node.start()
    try:
        node.json("vaults", "create", "bench")
        empty = size_on_disk(Home(place))
        taken = node.timed("vaults", "import", "bench", str(tree))[0]
    finally:
        node.stop()
    return taken, size_on_disk(Home(place)) - empty
