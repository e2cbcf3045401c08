from __future__ import annotations

from dataclasses import replace

import pytest

from pk_tui.api.views import ConflictView, DecisionView, Take
from pk_tui.errors import AlreadyExists, Busy, Conflict, Misuse, NotFound
from pk_tui.terms import CommitId, SecretPath, VaultId

OLDER = CommitId(b"\x11" * 20)


@pytest.fixture(autouse=True)
def _answers(agent, fixed):
    conflict = ConflictView(SecretPath(("d", "a.txt")), fixed.commit, None, OLDER, fixed.node, 1_700_000_000_000_000)
    agent.vaults.results.update(fork=agent.vaults.results["create"], conflicts=[conflict], resolve=fixed.commit)


def test_fork(type_in, fixed, agent):
    value = type_in("--format", "json", "vaults", "fork", "c", "v").json
    assert value == {"vault_id": str(fixed.vault), "vault_name": "v"}
    assert agent.calls == [("vaults.fork", "c", "v", None)]
    assert "yours to write" in type_in("vaults", "fork", "c", "v").text


def test_pull(type_in, fixed, agent):
    value = type_in("--format", "json", "vaults", "pull", "v", "bob", "--from", str(fixed.vault)).json
    assert value == {
        "old_head": str(fixed.commit),
        "new_head": "0" * 40,
        "objects": 3,
        "bytes": 4,
        "merged": False,
        "conflicts": [],
    }
    assert agent.calls == [("vaults.pull", "v", "bob", VaultId(fixed.vault.raw), None, False)]
    assert "3 objects" in type_in("vaults", "pull", "v").text
    agent.vaults.results["pull"] = replace(fixed.pulled, new_head=fixed.commit)
    assert "up to date" in type_in("vaults", "pull", "v").text


def test_a_rewritten_history_is_accepted_only_when_that_is_typed(type_in, agent):
    type_in("vaults", "pull", "v", "--accept-rewritten")
    assert agent.calls == [("vaults.pull", "v", None, None, None, True)]


def test_a_pull_says_what_was_merged_and_which_conflicts_wait(type_in, fixed, agent):
    paths = tuple(SecretPath(("d", f"s{number}")) for number in range(25))
    agent.vaults.results["pull"] = replace(fixed.pulled, merged=True, conflicts=paths)
    value = type_in("--format", "json", "vaults", "pull", "v").json
    assert value["merged"] is True
    assert value["conflicts"] == [str(path) for path in paths]
    text = type_in("vaults", "pull", "v").text
    assert text.startswith("Merged 3 objects")
    assert "vaults resolve v PATH --take" in text
    assert text.splitlines()[-2:] == ["    d/s19", "    and 5 more"]
    agent.vaults.results["pull"] = replace(fixed.pulled, merged=True)
    assert "resolve" not in type_in("vaults", "pull", "v").text


def test_conflicts(type_in, fixed, agent):
    assert type_in("--format", "json", "vaults", "conflicts", "v").json == [
        {"path": "d/a.txt", "ours": str(fixed.commit), "theirs": None, "base": str(OLDER)}
    ]
    text = type_in("vaults", "conflicts", "v").text
    assert "d/a.txt" in text
    assert "absent" in text
    agent.vaults.results["conflicts"] = []
    assert type_in("--format", "json", "vaults", "conflicts", "v").json == []


@pytest.mark.parametrize("take", list(Take))
def test_resolve(type_in, fixed, agent, take):
    done = type_in("--format", "json", "vaults", "resolve", "v", "d/a.txt", "--take", take.value)
    assert done.json == {"commit": str(fixed.commit)}
    assert agent.calls == [("vaults.resolve", "v", SecretPath(("d", "a.txt")), take)]
    agent.vaults.results["resolve"] = None
    assert type_in("--format", "json", "vaults", "resolve", "v", "d/a.txt", "--take", take.value).json == {
        "commit": None
    }


@pytest.mark.parametrize("take", list(Take))
def test_all_that_wait_are_decided_at_once(type_in, fixed, agent, take):
    (conflict,) = agent.vaults.results["conflicts"]
    agent.vaults.results["resolve_all"] = DecisionView(fixed.commit, (conflict, conflict))
    done = type_in("--format", "json", "vaults", "resolve", "v", "--all", "--take", take.value)
    assert done.json == {"commit": str(fixed.commit), "decided": ["d/a.txt", "d/a.txt"]}
    assert agent.calls == [("vaults.resolve_all", "v", take)]
    assert "Decided 2 conflicts in “v”" in type_in("vaults", "resolve", "v", "--all", "--take", take.value).text
    agent.vaults.results["resolve_all"] = DecisionView(None, ())
    none = type_in("--format", "json", "vaults", "resolve", "v", "--all", "--take", take.value)
    assert none.json == {"commit": None, "decided": []}
    assert "No conflict waits" in type_in("vaults", "resolve", "v", "--all", "--take", take.value).text


@pytest.mark.parametrize("argv", [("v", "a", "--all"), ("v",)])
def test_either_one_conflict_is_named_or_all_are(type_in, agent, argv):
    assert type_in("vaults", "resolve", *argv, "--take", "ours").code == 64
    assert agent.calls == []


def test_a_side_has_to_be_named(type_in, agent):
    assert type_in("vaults", "resolve", "v", "a").code == 64
    assert type_in("vaults", "resolve", "v", "a", "--take", "mine").code == 64
    assert agent.calls == []


@pytest.mark.parametrize(
    ("method", "argv", "error", "code"),
    [
        ("fork", ("fork", "c", "v"), AlreadyExists("x"), 73),
        ("fork", ("fork", "c", "v"), Misuse("x"), 64),
        ("pull", ("pull", "v"), Conflict("x"), 70),
        ("pull", ("pull", "v"), Busy("x"), 75),
        ("conflicts", ("conflicts", "v"), NotFound("x"), 64),
        ("resolve", ("resolve", "v", "a", "--take", "ours"), NotFound("x"), 64),
    ],
)
def test_exit_codes(type_in, agent, method, argv, error, code):
    agent.vaults.results[method] = error
    assert type_in("vaults", *argv).code == code


def test_text_from_outside_steers_nothing(type_in, fixed, agent):
    nasty = "a\x1b]52;c;aGk=\x07"
    agent.vaults.results["pull"] = replace(fixed.pulled, merged=True, conflicts=(SecretPath((nasty,)),))
    for argv in (("pull", "v"), ("conflicts", "v")):
        agent.vaults.results["conflicts"] = [replace(agent.vaults.results["conflicts"][0], path=SecretPath((nasty,)))]
        assert b"\x1b" not in type_in("vaults", *argv).output
