"""Writing in what another shares: fork a clone, merge what the owner does, decide what both changed, share the fork."""

from __future__ import annotations

from collections.abc import Callable

from stories.harness import Node, introduce

Make = Callable[[str], Node]


def secrets_of(node: Node, vault: str) -> dict[str, bytes]:
    rows = node.json("secrets", "ls", vault, "--recursive")
    return {row["path"]: node.cat(f"{vault}:{row['path']}") for row in rows if row["kind"] == "secret"}


def test_a_clone_is_forked_merged_decided_and_shared_on(pair: tuple[Node, Node], make_node: Make) -> None:
    alice, bob = pair
    carol = make_node("carol").bootstrap().start()
    introduce(bob, carol)
    alice.json("vaults", "create", "work")
    for path in ("db/password", "mail.txt", "old"):
        alice.write(f"work:{path}", b"first")
    alice.json("vaults", "share", "work", bob.node_id)
    bob.json("vaults", "clone", "work", alice.node_id)

    assert "vaults fork" in bob.fails(77, "secrets", "write", "work:mail.txt", stdin=b"mine")
    made = bob.json("vaults", "fork", "work", "mine")
    assert made["vault_name"] == "mine"
    assert "choose another name" in bob.fails(73, "vaults", "fork", "work", "mine").lower()
    bob.fails(64, "vaults", "fork", "mine", "again")
    bob.write("mine:mail.txt", b"bob's")
    bob.write("mine:own", b"bob's")

    alice.write("work:mail.txt", b"alice's")
    alice.write("work:db/password", b"second")
    alice.run("secrets", "rm", "work:old")
    pulled = bob.json("vaults", "pull", "mine")
    assert (pulled["merged"], pulled["conflicts"]) == (True, ["mail.txt"])
    assert secrets_of(bob, "mine") == {"db/password": b"second", "mail.txt": b"bob's", "own": b"bob's"}
    again = bob.json("vaults", "pull", "mine")
    assert (again["old_head"], again["objects"], again["conflicts"]) == (again["new_head"], 0, [])

    (waiting,) = bob.json("vaults", "conflicts", "mine")
    assert waiting["path"] == "mail.txt"
    assert bob.cat(f"mine@{waiting['theirs']}:mail.txt") == b"alice's"
    assert bob.cat(f"mine@{waiting['base']}:mail.txt") == b"first"
    bob.fails(64, "vaults", "resolve", "mine", "own", "--take", "ours")
    assert bob.json("vaults", "resolve", "mine", "mail.txt", "--take", "both")["commit"]
    assert bob.json("vaults", "conflicts", "mine") == []
    held = secrets_of(bob, "mine")
    (beside,) = held.keys() - {"db/password", "mail.txt", "own"}
    assert beside.startswith(f"mail (from {alice.node_id[:12]}, 20")
    assert beside.endswith(").txt")
    assert held[beside] == b"alice's"

    bob.json("vaults", "share", "mine", carol.node_id)
    carol.json("vaults", "clone", "mine", bob.node_id)
    assert secrets_of(carol, "mine") == held
    alice.write("work:later", b"third")
    assert bob.json("vaults", "pull", "mine")["merged"]
    assert carol.json("vaults", "pull", "mine")["merged"] is False
    assert secrets_of(carol, "mine") == {**held, "later": b"third"} == secrets_of(bob, "mine")
    for node in (alice, bob, carol):
        assert node.json("check")["ok"]

    alice.run("vaults", "forget", "work", "later", "--yes")
    before = bob.json("vaults", "log", "mine")
    assert "--accept-rewritten" in bob.fails(70, "vaults", "pull", "mine")
    assert bob.json("vaults", "log", "mine") == before
    accepted = bob.json("vaults", "pull", "mine", "--accept-rewritten")
    assert accepted["merged"]
    assert accepted["old_head"] == before[0]["commit"]
    assert secrets_of(bob, "mine") == held
    assert bob.cat(f"mine@{accepted['old_head']}:later") == b"third"
