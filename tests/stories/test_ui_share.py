"""Two people, two terminals: a vault is made, shared, cloned, changed, pulled and unshared, and nobody types a command."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from stories.harness import PASSWORD, Node
from stories.terminal import Terminal, unlocked

OLD, NEW = "first-value-4711", "second-value-0815"


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Terminal, Terminal, Node, Node]]:
    """Alice's large terminal and bob's small one, each with a node that knows nobody."""
    base = Path(tempfile.mkdtemp(prefix="pk-"))
    alice, bob = Node(base / "alice").bootstrap(), Node(base / "bob").bootstrap()
    try:
        with (
            unlocked(alice.path, PASSWORD, columns=120, rows=40) as large,
            unlocked(bob.path, PASSWORD, columns=80, rows=24) as small,
        ):
            yield large, small, alice, bob
    finally:
        shutil.rmtree(base, ignore_errors=True)


def test_a_vault_is_shared_followed_and_unshared_by_keyboard_alone(
    both: tuple[Terminal, Terminal, Node, Node],
) -> None:
    a, b, alice, bob = both

    # Each looks up what to send the other.
    address = own_address(b, bob)
    port = own_address(a, alice).rpartition(":")[2]

    # Alice pastes what bob sent; bob finds her node among those that called, and adds it.
    a.press("a")
    a.see("Add a node")
    a.paste(f"{bob.node_id}@{address}")
    a.see(f"Port     {address.rpartition(':')[2]}", "ctrl+s adds it")
    a.type("bob")
    a.line_with("Name     bob")
    a.press("ctrl+s")
    a.line_with("● connected", "bob", "NO")
    b.line_with("! unknown")
    b.press("a")
    b.see("Add a node", alice.node_id)
    b.fill_in("127.0.0.1", "Host")
    b.fill_in(port, "Port")
    b.type("alice")
    b.line_with("Name     alice")
    b.press("ctrl+s")
    b.line_with("● connected", "alice")

    # Both compare, and trust.
    for screen, other in ((a, bob), (b, alice)):
        screen.press("t")
        shown = screen.see("Compare this id with its owner", "They match: trust it  y")
        assert other.node_id in squeezed(shown)
        screen.press("enter")  # on Cancel: enter trusts nobody
        screen.see_no("They match: trust it")
        screen.see("NOT trusted")
        screen.press("t")
        screen.see("They match: trust it  y")
        screen.press("y")
        screen.see("is trusted: it may send you notices")

    # Alice makes a vault with a secret in it, and shares it.
    a.press("1")
    a.see("[1 Vaults]", "No vaults yet")
    a.press("N")
    a.see("New vault")
    a.type("work")
    a.press("enter")
    a.see("Made the vault work")
    a.press("n")
    a.see("New secret in work", "What kind?", ">   Free text")
    a.press("enter")
    a.see_no("What kind?")
    a.fill_in("db/login")
    a.type(OLD)
    a.see(OLD)
    a.press("ctrl+s")
    a.see("Made work:db/login")
    a.see_no(OLD)
    a.press("s")
    a.see("Share work", "Pick a node with enter first")
    a.type("bo")
    a.line_with(">   bob", "trusted, connected")
    a.press("enter")
    a.see("✓ bob", "bob can read 1 secret and all old versions", "cannot take back copies")
    a.press("ctrl+s")
    a.see("Shared work with bob until")
    a.line_with("work", "1 secret", "1 share")

    # Bob is told, sees what will arrive, and clones it.
    b.see("4 Inbox(1)")
    b.press("4")
    b.line_with("new", "Share", "alice", "vault work (clone, pull, scan)")
    b.press("a")
    b.see("Clone work", "alice, trusted", "1 secret, 16 B, 2 versions")
    b.press("enter")
    b.see("[1 Vaults]", "Cloned work from alice")
    b.line_with("▸ work", "of alice", "read only")
    b.see_no("Inbox(1)")
    b.press("l")
    b.see("▸ db")
    b.press("j", "l")
    b.see("    login")
    b.press("j")
    b.see("work/db/login", "space peeks")
    b.press("space")
    b.see(OLD, "hides in")
    b.press("esc")
    b.see_no(OLD)
    b.press("e")
    b.see("work is read only here", "It is a clone of alice", "Make it  ctrl+s")
    b.press("esc")
    b.see_no("work is read only here")

    # Alice changes it; bob sees that he is behind, and pulls.
    a.press("e")
    a.see("Edit work:db/login", OLD)
    a.press("ctrl+k")  # from the cursor at the beginning to the end of the line
    a.see_no(OLD)
    a.type(NEW)
    a.see(NEW)
    a.press("ctrl+s")
    a.see("Stored work:db/login")
    a.see_no(NEW)
    b.line_with("work", "read only", "1 behind")
    b.press("p")
    b.see("Pulled work: 1 changed, in 1 version")
    b.see_no("1 behind")
    b.see("─ Versions 2")
    b.press("space")
    b.see(NEW, "hides in")
    b.press("esc")
    b.see_no(NEW)

    # Alice ends the share, and is told what bob keeps.
    a.press("U")
    a.see("Unshare work", "Nobody can take that back")
    a.press("y")
    shown = a.see("Unshared work", "bob has seen this secret")
    assert re.search("│ +>? *db/login +│", shown)
    a.press("esc")
    a.see_no("Unshared work")
    a.see_no("1 share")

    # Bob's next pull is refused, and he sees which of the checks failed.
    b.press("p")
    b.line_with("✓ trusted?")
    b.line_with("✗ shared?")
    b.press("esc")
    b.see_no("shared?")
    b.line_with("work", "read only")
    b.press("space")
    b.see(NEW)  # what he has he keeps

    for screen in both[:2]:
        screen.press("q")
        screen.see("Leave pk-tui?")
        screen.press("s")
        assert screen.ended() == 0
        assert OLD not in screen.left_behind
        assert NEW not in screen.left_behind


def squeezed(screen: str) -> str:
    return re.sub("[^0-9a-z]", "", screen)


def own_address(screen: Terminal, node: Node) -> str:
    """What the nodes pane says of the node itself while there is no other; as seen from this machine."""
    screen.press("2")
    shown = screen.see("This is yours, to send or to read aloud", "It listens at")
    assert node.node_id in squeezed(shown)
    found = re.search(r"It listens at 0\.0\.0\.0:(\d+)", shown)
    assert found is not None
    return f"127.0.0.1:{found[1]}"
