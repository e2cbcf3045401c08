"""Clones and pulls over loopback, by the command line, against git's own daemon and client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import git_peer
from benchmarks.nodes import Node, introduce
from benchmarks.result import Result, ratio
from benchmarks.workload import secrets, write_tree

CLONES = ((1_000, 1.0), (10_000, 1.4), (100_000, 1.6))
"""How many secrets, and how much of git's time a clone of them may take."""
COUNT = 10_000
SHORT, LONG = 100, 5_000
"""Commits of history."""


def clones(base: Path, rounds: int) -> Iterator[Result]:
    with _pair(base, "clone") as (owner, reader):
        repositories = base / "clone-git"
        repositories.mkdir()
        for count, _ in CLONES:
            git_peer.fast_import(repositories / f"r{count}", count)
            _vault(base, owner, reader, f"v{count}", count)
        with git_peer.daemon(repositories) as port:
            for count, limit in CLONES:
                ours, theirs = [], []
                for number in range(rounds if count <= 10_000 else min(rounds, 3)):
                    theirs.append(git_peer.clone(port, f"r{count}", base / f"clone{count}-{number}"))
                    name = f"c{count}-{number}"
                    ours.append(reader.timed("vaults", "clone", f"v{count}", owner.node_id, "--name", name)[0])
                    reader.json("vaults", "delete", name)
                yield ratio(f"clone {count:,} secrets / git clone --bare", ours, theirs, limit)


def pulls(base: Path, rounds: int) -> Iterator[Result]:
    """One change at a time, in a young vault and in one with a long history."""
    path = next(path for path, _ in secrets(COUNT))
    took: dict[int, list[float]] = {}
    with _pair(base, "pull") as (owner, reader):
        repositories = base / "pull-git"
        repositories.mkdir()
        for history in (SHORT, LONG):
            git_peer.fast_import(repositories / f"h{history}", COUNT)
            git_peer.commit_many(repositories / f"h{history}", path, history)
            _vault(base, owner, reader, f"h{history}", COUNT)
        for history in (SHORT, LONG):
            _many_commits(owner, f"h{history}:{path}", history)
            reader.json("vaults", "clone", f"h{history}", owner.node_id)
        with git_peer.daemon(repositories) as port:
            for history in (SHORT, LONG):
                clone = base / f"pull{history}"
                git_peer.clone(port, f"h{history}", clone)
                ours, theirs = [], []
                for number in range(2 * rounds):
                    value = b"changed %d" % number
                    git_peer.commit_one(repositories / f"h{history}", path, value)
                    owner.timed("secrets", "write", f"h{history}:{path}", stdin=value)
                    theirs.append(git_peer.fetch(clone))
                    ours.append(reader.timed("vaults", "pull", f"h{history}")[0])
                took[history] = ours
                yield ratio(f"pull one change of {COUNT:,}, history of {history:,} / git fetch", ours, theirs, 0.3)
    yield ratio(f"pull at a history of {LONG:,} / at {SHORT:,}", took[LONG], took[SHORT], 1.5)


def _vault(base: Path, owner: Node, reader: Node, name: str, count: int) -> None:
    tree = base / f"transfer-tree{count}"
    if not tree.exists():
        tree.mkdir()
        write_tree(tree, count)
    owner.json("vaults", "create", name)
    owner.json("vaults", "import", name, str(tree))
    owner.json("vaults", "share", name, reader.node_id)


def _many_commits(owner: Node, secret: str, count: int) -> None:
    """By a script in one process, as many commands would take minutes."""
    owner.stop()
    owner.commit_many(secret, count)
    owner.start()


@contextmanager
def _pair(base: Path, name: str) -> Iterator[tuple[Node, Node]]:
    """Two nodes that know and trust each other, for as long as the block runs."""
    owner, reader = Node(base / f"{name}-owner"), Node(base / f"{name}-reader")
    try:
        owner.start()
        reader.start()
        introduce(owner, reader)
        yield owner, reader
    finally:
        owner.stop()
        reader.stop()
