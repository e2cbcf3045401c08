"""One person's devices, in processes of their own: claimed, shared with as one, a later one confirmed, a lost one expelled."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stories.harness import Node, introduce

Make = Callable[[str], Node]


def until(look: Callable[[], Any], within: float = 60.0) -> Any:
    """What `look` gives once that is something: the other processes' doing."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("did not happen in time")


def party_of(node: Node, member: Node) -> set[str]:
    rows = node.json("identities", "get", member.node_id)
    return set(rows[0]["nodes"])


def claim(one: Node, other: Node) -> str:
    assert other.json("identities", "invite", one.node_id) == {"node_id": one.node_id}
    return str(one.json("nodes", "claim", other.node_id)["claim_id"])


def test_devices_are_claimed_shared_with_confirmed_and_expelled(make_node: Make, base: Path) -> None:
    alice, laptop, server = (make_node(name).bootstrap().start() for name in ("alice", "laptop", "server"))
    for one, other in ((alice, laptop), (alice, server), (laptop, server)):
        introduce(one, other)
    alice.run("nodes", "name", laptop.node_id, "laptop")
    assert "identities invite" in laptop.fails(77, "nodes", "claim", server.node_id)
    claim_id = claim(laptop, server)
    both = {laptop.node_id, server.node_id}
    until(lambda: party_of(alice, laptop) == both)
    chain = alice.json("identities", "sigchain", server.node_id)
    assert [row["type"] for row in chain] == ["genesis", "node"]
    assert laptop.json("identities", "sigchain")[-1]["claim_id"] == claim_id

    # What is shared with one of them is shared with both.
    alice.json("vaults", "create", "work")
    alice.write("work:db/password", b"first")
    alice.json("vaults", "share", "work", "laptop")
    for node in (laptop, server):
        node.json("vaults", "clone", "work", alice.node_id)
        assert node.cat("work:db/password") == b"first"

    # A phone that is claimed later waits.
    phone = make_node("phone").bootstrap().start()
    introduce(phone, laptop)
    introduce(phone, alice)
    claim(phone, laptop)
    until(lambda: party_of(alice, laptop) == both | {phone.node_id})
    phone.fails(77, "vaults", "clone", "work", alice.node_id)
    (row,) = until(lambda: alice.json("identities", "pending"))
    assert set(row) == {"node_id", "gestalt", "would_gain"}
    assert row["node_id"] == phone.node_id
    assert {(one["vault_name"], tuple(one["actions"])) for one in row["would_gain"]} >= {("work", ("clone", "pull"))}
    assert alice.json("identities", "confirm", phone.node_id) == row
    assert alice.json("identities", "pending") == []
    phone.json("vaults", "clone", "work", alice.node_id)
    assert phone.cat("work:db/password") == b"first"

    # It is lost. Its words, and nothing less, expel it.
    words = base / "words"
    words.write_text(server.words)
    assert "may not speak" in laptop.fails(77, "nodes", "expel", phone.node_id, "--recovery-code-file", str(words))
    words.write_text(phone.words)
    expelled = laptop.json("nodes", "expel", phone.node_id, "--recovery-code-file", str(words))
    assert set(expelled) == {"claim_id"}
    until(lambda: party_of(alice, laptop) == both)
    alice.write("work:db/password", b"second")
    phone.fails(77, "vaults", "pull", "work")
    assert phone.cat("work:db/password") == b"first", "what it has it keeps"
    assert "expelled" in alice.fails(77, "identities", "trust", phone.node_id)
    for node in (laptop, server):
        node.json("vaults", "pull", "work")
        assert node.cat("work:db/password") == b"second"
    topics = [row["data"].get("learned") for row in alice.json("audit") if row["topic"] == "trust.changed"]
    assert "expulsion" in topics

    # All of it is there after a restart.
    alice.stop()
    alice.start()
    assert party_of(alice, laptop) == both
    phone.fails(77, "vaults", "pull", "work")
