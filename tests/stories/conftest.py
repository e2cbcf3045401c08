"""Fixtures for the stories: nodes that are stopped at the end whatever happened."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from stories.harness import Node, introduce


@pytest.fixture
def base() -> Iterator[Path]:
    """A short private directory: the path of a Unix socket has little room."""
    directory = Path(tempfile.mkdtemp(prefix="pk-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where new nodes are kept from which those of `make_node` begin."""
    return tmp_path_factory.mktemp("made")


@pytest.fixture
def make_node(base: Path, made: Path) -> Iterator[Callable[[str], Node]]:
    """Makes nodes; those still running at the end are stopped the hard way."""
    nodes: list[Node] = []

    def make(name: str) -> Node:
        node = Node(base / name, made)
        nodes.append(node)
        return node

    yield make
    for node in nodes:
        if node.pid:
            node.kill()


@pytest.fixture(scope="module")
def lasting(made: Path) -> Iterator[Node]:
    """A running node with a secret, for all tests of a file that leave it as it is or write beside one another."""
    directory = Path(tempfile.mkdtemp(prefix="pk-"))
    node = Node(directory / "alice", made).bootstrap().start()
    node.json("vaults", "create", "work")
    node.write("work:a", b"1")
    yield node
    node.kill()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def pair(make_node: Callable[[str], Node]) -> tuple[Node, Node]:
    """Two running nodes that know and trust each other."""
    alice, bob = make_node("alice").bootstrap().start(), make_node("bob").bootstrap().start()
    introduce(alice, bob)
    return alice, bob


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "stories" in str(item.path):
            item.add_marker(pytest.mark.timeout(300))
