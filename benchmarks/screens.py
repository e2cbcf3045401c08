"""The terminal UI: how soon it shows something, and how soon a key is answered while a clone comes in."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path

from benchmarks import screen
from benchmarks.nodes import Node, introduce
from benchmarks.result import Result, ratio
from benchmarks.workload import write_tree


def painting(base: Path, rounds: int) -> Iterator[Result]:
    tree = base / "painted-tree"
    tree.mkdir()
    write_tree(tree, 1_000)
    node = Node(base / "screen")
    node.start()
    try:
        node.json("vaults", "create", "painted")
        node.json("vaults", "import", "painted", str(tree))
        empty, locked, attached = [], [], []
        for _ in range(max(7, rounds)):
            empty.append(screen.empty_app())
            attached.append(screen.attached(node, b"painted"))
        node.stop()
        for _ in range(max(7, rounds)):
            empty.append(screen.empty_app())
            locked.append(screen.locked(node))
    finally:
        node.stop()
    yield ratio("lock screen of 1,000 secrets / empty Textual app", locked, empty, 1.6)
    yield ratio("vaults of 1,000 secrets, attached / empty Textual app", attached, empty, 1.6)


def answering(base: Path, rounds: int) -> Iterator[Result]:
    tree = base / "answering-tree"
    tree.mkdir()
    write_tree(tree, 10_000)
    owner, reader = Node(base / "sender"), Node(base / "answering")
    try:
        for node in (owner, reader):
            node.start()
        introduce(owner, reader)
        owner.json("vaults", "create", "large")
        owner.json("vaults", "import", "large", str(tree))
        owner.json("vaults", "share", "large", reader.node_id)
        for name in ("a", "b", "c"):  # so that the cursor has somewhere to go
            reader.json("vaults", "create", name)
        reader.stop()
        answers: list[float] = []
        for number in range(rounds):
            work = ("vaults", "clone", "large", owner.node_id, "--name", f"copy{number}")
            answers += screen.keys_during_clone(reader, work)
    finally:
        for node in (owner, reader):
            node.stop()
    worst = statistics.quantiles(answers, n=20)[-1] * 1000
    yield Result("a key during a clone of 10,000, 95th percentile", worst, None, worst, 50.0, "ms")
