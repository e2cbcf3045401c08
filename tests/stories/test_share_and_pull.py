"""The main job: two real nodes share a real vault; a stranger gets nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from stories.harness import Node

Make = Callable[[str], Node]


def inbox_of(node: Node, kind: str, within: float = 60.0) -> dict[str, object]:
    """The first notification of this kind; waits for the other node's delivery, which is the other process's doing."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        for note in node.json("notifications", "inbox", "read"):
            if note["type"] == kind:
                return dict(note)
        time.sleep(0.1)
    raise AssertionError(f"no {kind} arrived")


def test_the_demonstration_holds() -> None:
    done = subprocess.run([sys.executable, "-m", "pk_tui", "demo"], capture_output=True, timeout=200)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def test_the_demonstration_takes_a_directory_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "binary").write_bytes(bytes(range(256)) * 9)
    (tmp_path / "empty").write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-m", "pk_tui", "--format", "json", "demo", "--from", str(tmp_path)],
        capture_output=True,
        timeout=200,
    )
    report = json.loads(done.stdout)
    assert done.returncode == 0, report
    assert report["ok"]
    assert all(step["ok"] for step in report["steps"])


def test_a_share_is_told_scanned_cloned_read_pulled_and_ended(pair: tuple[Node, Node]) -> None:
    alice, bob = pair
    vault_id = alice.json("vaults", "create", "work")["vault_id"]
    alice.write("work:db/password", b"first")
    shared = alice.json("vaults", "share", "work", bob.node_id)
    assert shared == {**shared, "vault_id": vault_id, "node_id": bob.node_id, "actions": ["clone", "pull", "scan"]}

    note = inbox_of(bob, "VaultShare")
    assert note["from"] == alice.node_id
    assert note["data"] == {"vault_id": vault_id, "vault_name": "work", "actions": ["clone", "pull", "scan"]}
    offers = bob.json("vaults", "scan", alice.node_id)
    assert [(row["vault_id"], row["vault_name"], row["actions"]) for row in offers] == [
        (vault_id, "work", ["clone", "pull"])
    ]

    cloned = bob.json("vaults", "clone", "work", alice.node_id)
    assert cloned["objects"] > 0
    assert bob.cat("work:db/password") == b"first"
    row = bob.json("vaults", "list")[0]
    assert row["origin"] == {"node_id": alice.node_id, "vault_id": vault_id}
    assert row["read_only"] is True
    assert "read-only" in bob.fails(77, "secrets", "write", "work:db/password", stdin=b"mine")

    alice.write("work:db/password", b"second")
    pulled = bob.json("vaults", "pull", "work")
    assert pulled["old_head"] != pulled["new_head"]
    assert bob.cat("work:db/password") == b"second"
    again = bob.json("vaults", "pull", "work")
    assert (again["old_head"], again["objects"]) == (again["new_head"], 0)

    exposed = alice.json("vaults", "unshare", "work", bob.node_id)["exposed"]
    assert [row["path"] for row in exposed] == ["db/password"]
    bob.fails(77, "vaults", "pull", "work")
    bob.fails(77, "vaults", "scan", alice.node_id)
    assert bob.cat("work:db/password") == b"second"  # unsharing is not recall


def test_a_stranger_and_an_unshared_node_cannot_tell_missing_from_forbidden(
    pair: tuple[Node, Node], make_node: Make
) -> None:
    alice, bob = pair
    vault_id = alice.json("vaults", "create", "work")["vault_id"]
    other_id = bob.json("vaults", "create", "elsewhere")["vault_id"]
    mallory = make_node("mallory").bootstrap().start()
    mallory.json("nodes", "add", alice.node_id, "127.0.0.1", str(alice.port))
    for node in (mallory, bob):
        node.fails(77, "vaults", "scan", alice.node_id)
        there = node.fails(77, "vaults", "clone", vault_id, alice.node_id)
        missing = node.fails(77, "vaults", "clone", other_id, alice.node_id)
        assert there.replace(vault_id, "X") == missing.replace(other_id, "X")


def test_sharing_asks_for_a_known_and_trusted_node(make_node: Make) -> None:
    alice, bob = make_node("alice").bootstrap().start(), make_node("bob").bootstrap().start()
    alice.json("vaults", "create", "work")
    alice.fails(67, "vaults", "share", "work", bob.node_id)
    alice.json("nodes", "add", bob.node_id, "127.0.0.1", str(bob.port))
    said = alice.fails(77, "vaults", "share", "work", bob.node_id)
    assert f"identities trust {bob.node_id}" in said


def test_notifications_wait_for_an_offline_node_across_a_restart(pair: tuple[Node, Node]) -> None:
    alice, bob = pair
    bob.stop()
    alice.json("notifications", "send", bob.node_id, "are you there?")
    alice.stop()
    alice.start()
    assert [note["data"] for note in alice.json("notifications", "outbox", "read")] == [{"message": "are you there?"}]
    bob.start()
    assert inbox_of(bob, "General")["data"] == {"message": "are you there?"}


def test_what_untrusted_nodes_send_waits_as_a_request_without_its_content(pair: tuple[Node, Node]) -> None:
    alice, bob = pair
    bob.json("identities", "untrust", alice.node_id)
    alice.json("notifications", "send", bob.node_id, "psst")
    end = time.monotonic() + 60
    while not (requests := bob.json("notifications", "requests", "read")) and time.monotonic() < end:
        time.sleep(0.1)
    assert [(row["from"], row["type"], row["data"]) for row in requests] == [(alice.node_id, "General", {})]
    assert bob.json("notifications", "inbox", "read") == []
    bob.json("notifications", "requests", "accept", requests[0]["notification_id"])
    assert [row["data"] for row in bob.json("notifications", "inbox", "read")] == [{"message": "psst"}]
    assert [row["trusted"] for row in bob.json("identities", "get", alice.node_id)] == [False]


def test_a_command_opens_the_node_itself_when_no_agent_runs(pair: tuple[Node, Node]) -> None:
    alice, bob = pair
    alice.json("vaults", "create", "work")
    alice.write("work:a", b"1")
    alice.json("vaults", "share", "work", bob.node_id)
    bob.stop()
    from stories.harness import PASSWORD

    assert bob.json("vaults", "clone", "work", alice.node_id, password=PASSWORD)["vault_name"] == "work"
    assert bob.run("secrets", "cat", "work:a", password=PASSWORD) == b"1"


def test_two_ends_that_dial_at_once_end_with_one_connection(pair: tuple[Node, Node]) -> None:
    alice, bob = pair
    for node in pair:
        node.stop()
    alice.start()
    bob.start()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        counts = [len(node.json("nodes", "connections")) for node in pair]
        if counts == [1, 1]:
            break
        time.sleep(0.2)
    assert counts == [1, 1]
    row = alice.json("nodes", "connections")[0]
    assert row["node_id"] == bob.node_id
    assert row["direction"] in ("in", "out")
    assert row["bytes_in"] > 0
    assert row["bytes_out"] > 0
