from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pk_tui.api.views import ConflictView
from pk_tui.terms import SecretPath


@pytest.fixture(autouse=True)
def forks(agent: Any, fixed: Any) -> None:
    one = ConflictView(SecretPath(("a",)), fixed.commit, None, fixed.commit, fixed.node, 1_700_000_000_000_000)
    agent.vaults.results["conflicts"] = [one]


def _asks_for_nodes(agent: Any) -> int:
    return sum(call[0] == "nodes.list" for call in agent.calls)


def test_a_node_goes_by_its_petname_or_by_the_beginning_of_its_id(type_in: Any, agent: Any, fixed: Any) -> None:
    nodes = agent.nodes.results["list"]
    agent.nodes.results["list"] = [replace(row, petname=None) for row in nodes]
    assert f"{fixed.node.short}…" in type_in("vaults", "conflicts", "v").text
    agent.nodes.results["list"] = nodes
    assert "bob" in type_in("vaults", "conflicts", "v").text


def test_nobody_is_asked_for_names_that_nobody_reads(type_in: Any, agent: Any) -> None:
    type_in("--format", "json", "vaults", "conflicts", "v")
    agent.vaults.results["conflicts"] = []
    type_in("vaults", "conflicts", "v")
    assert _asks_for_nodes(agent) == 0


def test_a_petname_steers_no_terminal(type_in: Any, agent: Any) -> None:
    agent.nodes.results["list"] = [replace(row, petname="b\x1b[2Job") for row in agent.nodes.results["list"]]
    assert "\x1b" not in type_in("vaults", "conflicts", "v").text


def test_for_programs_a_log_asks_for_no_names(type_in: Any, agent: Any) -> None:
    type_in("--format", "json", "vaults", "log", "v")
    assert _asks_for_nodes(agent) == 0
    agent.vaults.results["log"] = []
    type_in("vaults", "log", "v")
    assert _asks_for_nodes(agent) == 0
