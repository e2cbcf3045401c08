from __future__ import annotations

from dataclasses import replace

import pytest

from pk_tui.api.views import ChangeView, Progress
from pk_tui.clock import DAY, SystemClock
from pk_tui.errors import AlreadyExists, Conflict, NameTaken, PeerMisbehaved, PermissionDenied, UnknownNode, Unreachable
from pk_tui.terms import Change, NodeId, SecretPath


def test_create(type_in, fixed, agent):
    assert type_in("--format", "json", "vaults", "create", "v").json == {
        "vault_id": str(fixed.vault),
        "vault_name": "v",
    }
    assert agent.calls == [("vaults.create", "v")]
    assert str(fixed.vault) in type_in("vaults", "create", "v").text


def test_list(type_in, fixed):
    own, clone = type_in("--format", "json", "vaults", "list").json
    assert own == {
        "vault_id": str(fixed.vault),
        "vault_name": "v",
        "head": str(fixed.commit),
        "secrets": 7,
        "origin": None,
        "read_only": False,
        "shared_with": 1,
        "updated": fixed.time_text,
        "damaged": None,
    }
    assert clone["origin"] == {"node_id": str(fixed.node), "vault_id": str(fixed.vault)}
    assert clone["head"] is None
    assert "a sad story" in type_in("vaults", "list").text


def test_a_fork_says_where_it_is_from_and_what_waits(type_in, fixed, agent):
    fork = replace(agent.vaults.results["list"][1], damaged=None, read_only=False, fork=True)
    for count, said in ((0, ""), (1, ", 1 conflict"), (3, ", 3 conflicts")):
        agent.vaults.results["list"] = [replace(fork, conflicts=count)]
        assert f"fork from bob{said}\n" in type_in("vaults", "list").text


def test_a_merge_in_the_log_says_what_it_is_and_what_it_brought(type_in, agent):
    (entry,) = agent.vaults.results["log"]
    merge = replace(entry, message="Merged from bob\n\na added", parents=(entry.commit, entry.commit))
    agent.vaults.results["log"] = [merge]
    lines = type_in("vaults", "log", "v").text.splitlines()
    assert lines[1:3] == ["    Merged from bob", "    added     added"]
    agent.vaults.results["log"] = [replace(merge, changes=())]
    assert type_in("vaults", "log", "v").text.splitlines()[1:] == ["    Merged from bob"]


def test_an_empty_list_is_a_list_and_for_people_a_hint_on_stderr(type_in, agent):
    agent.vaults.results["list"] = []
    assert type_in("--format", "json", "vaults", "list").json == []
    done = type_in("vaults", "list")
    assert (done.output, done.code) == (b"", 0)
    assert b"vaults create" in done.errors


@pytest.mark.parametrize("argv", [("rename", "v", "w"), ("delete", "v")])
def test_commands_without_a_result_print_an_empty_object(type_in, agent, argv):
    assert type_in("--format", "json", "vaults", *argv).json == {}
    assert agent.calls == [(f"vaults.{argv[0]}", *argv[1:])]


def test_log(type_in, fixed, agent):
    done = type_in("--format", "json", "vaults", "log", "v", "a/b", "--limit", "5")
    assert done.json == [
        {
            "commit": str(fixed.commit),
            "time": fixed.time_text,
            "author": str(fixed.node),
            "message": "m",
            "changes": [{"path": word, "change": word} for word in ("added", "modified", "deleted")],
        }
    ]
    assert agent.calls == [("vaults.log", "v", SecretPath(("a", "b")), 5)]
    assert type_in("vaults", "log", "v", "--limit", "0").code == 64
    assert "added     added" in type_in("vaults", "log", "v").text


def test_a_version_is_by_whom_we_call_so_and_by_an_id_where_nobody_has_a_name(type_in, fixed, agent):
    assert f"by bob ({str(fixed.node)[:12]}" in type_in("vaults", "log", "v").text
    agent.nodes.results["list"] = [replace(row, petname=None) for row in agent.nodes.results["list"]]
    assert f"by {str(fixed.node)[:12]}" in type_in("vaults", "log", "v").text
    (entry,) = agent.vaults.results["log"]
    agent.vaults.results["log"] = [replace(entry, author="a\x1b]0;x\x07b")]
    assert b"\x1b" not in type_in("vaults", "log", "v").output
    agent.nodes.results["list"] = [replace(row, petname="b\x1b[2Job") for row in agent.nodes.results["list"]]
    agent.vaults.results["log"] = [entry]
    assert b"\x1b" not in type_in("vaults", "log", "v").output


def test_a_commit_of_very_many_changes_is_summed_up_for_people(type_in, agent):
    many = tuple(ChangeView(SecretPath((str(n),)), Change.ADDED) for n in range(1000))
    agent.vaults.results["log"] = [replace(agent.vaults.results["log"][0], changes=many)]

    assert "1000 added" in type_in("vaults", "log", "v").text


def test_share(type_in, fixed, agent):
    value = type_in("--format", "json", "vaults", "share", "v", "bob", "--expires", "30d").json
    assert value == {
        "vault_id": str(fixed.vault),
        "node_id": str(fixed.node),
        "nodes": [str(fixed.node)],
        "actions": ["clone", "pull", "scan"],
        "not_after": fixed.time_text,
    }
    assert abs(agent.calls[0][3] - SystemClock().now() - 30 * DAY) < DAY
    type_in("vaults", "share", "v", "bob")
    assert agent.calls[1] == ("vaults.share", "v", "bob", None)
    assert type_in("vaults", "share", "v", "bob", "--expires", "soon").code == 64


def test_a_share_names_all_nodes_that_have_it_and_says_when_there_is_no_end(type_in, fixed, agent):
    assert type_in("vaults", "share", "v", "bob").text.endswith(f"until {fixed.time_text[:10]}.\n")
    phone = NodeId(b"\x77" * 32)
    given = agent.vaults.results["share"]
    agent.vaults.results["share"] = replace(given, nodes=(fixed.node, phone), not_after=None)
    value = type_in("--format", "json", "vaults", "share", "v", "bob").json
    assert (value["node_id"], value["nodes"], value["not_after"]) == (
        str(fixed.node),
        [str(fixed.node), str(phone)],
        None,
    )
    text = type_in("vaults", "share", "v", "bob").text
    assert f"{fixed.node} and {phone} may clone, pull, scan “v” until it is unshared." in text
    agent.vaults.results["share"] = replace(given, nodes=(), not_after=None)
    assert type_in("--format", "json", "vaults", "share", "v", "bob").json["node_id"] is None


def test_unshare_names_what_was_seen(type_in, fixed):
    value = type_in("--format", "json", "vaults", "unshare", "v", "bob").json
    assert value == {"exposed": [{"path": "p", "last_seen_commit": str(fixed.commit)}]}
    assert "renew those" in type_in("vaults", "unshare", "v", "bob").text


def test_exposure_names_who_has_seen_what(type_in, fixed):
    value = type_in("--format", "json", "vaults", "exposure").json
    row = {"vault_name": "v", "path": "p", "seen_by": str(fixed.node), "last_seen_commit": str(fixed.commit)}
    assert value == [row]
    assert type_in("--format", "json", "vaults", "exposure", "v").json == value
    assert "bob" in type_in("vaults", "exposure").text


def test_permissions_and_scan(type_in, fixed):
    actions = ["clone", "pull", "scan"]
    assert type_in("--format", "json", "vaults", "permissions", "v").json == [
        {"node_id": str(fixed.node), "gestalt": str(fixed.node), "actions": actions}
    ]
    assert type_in("--format", "json", "vaults", "scan", "bob").json == [
        {"vault_id": str(fixed.vault), "vault_name": "v", "actions": actions}
    ]
    assert "clone, pull, scan" in type_in("vaults", "scan", "bob").text


def test_clone(type_in, fixed, agent):
    value = type_in("--format", "json", "vaults", "clone", "v", "bob", "--name", "w").json
    assert value == {"vault_id": str(fixed.vault), "vault_name": "v", "objects": 5, "bytes": 6}
    assert agent.calls == [("vaults.clone", "v", "bob", "w", None)]


def test_progress_is_shown_on_a_terminal_only_and_cleared(type_in, agent):
    def pull(vault, node, from_vault, progress, accept_rewritten):
        if progress is not None:
            progress(Progress("Pulling", 3, 10, 2048, 4096))
        return agent_view

    agent_view = agent.vaults.results["pull"]
    agent.vaults.results["pull"] = pull
    assert type_in("vaults", "pull", "v").errors == b""
    assert type_in("vaults", "pull", "v", tty=True).code == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AlreadyExists("x"), 73),
        (UnknownNode("x"), 67),
        (PermissionDenied("x"), 77),
        (Unreachable("x"), 68),
        (NameTaken("x"), 69),
        (Conflict("x"), 70),
        (PeerMisbehaved("x"), 76),
    ],
)
def test_every_kind_of_failure_has_its_exit_code(type_in, agent, error, code):
    agent.vaults.results["clone"] = error
    done = type_in("--format", "json", "vaults", "clone", "v", "bob")
    assert done.code == code
    assert done.error == {"kind": error.kind, "message": "x", "exit_code": code}
    assert type_in("vaults", "clone", "v", "bob").errors == b"x\n"
