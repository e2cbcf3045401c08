"""A secret in somebody else's vault is changed by keyboard alone: the refusal offers a copy, both go on, and what both changed is
compared and decided."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from stories.harness import PASSWORD, Node, introduce
from stories.terminal import Terminal, unlocked

MINE, THEIRS, LEAKED = "mine-value-4711", "their-value-0815", "leaked-value-1234"


@pytest.fixture
def bob() -> Iterator[tuple[Node, Terminal, Node]]:
    """Alice's node, which shares work; bob's small terminal on his node, which has cloned it."""
    base = Path(tempfile.mkdtemp(prefix="pk-"))
    alice, bob = (Node(base / name).bootstrap().start() for name in ("alice", "bob"))
    try:
        introduce(alice, bob)
        bob.json("nodes", "name", alice.node_id, "alice")
        alice.json("vaults", "create", "work")
        alice.write("work:login", b"first-value")
        alice.json("vaults", "share", "work", bob.node_id)
        bob.json("vaults", "clone", "work", "alice")
        bob.stop()
        with unlocked(bob.path, PASSWORD, columns=80, rows=24) as screen:
            yield alice, screen, bob
    finally:
        alice.stop()
        shutil.rmtree(base, ignore_errors=True)


def test_a_clone_is_copied_changed_merged_and_decided_by_keyboard_alone(bob: tuple[Node, Terminal, Node]) -> None:
    alice, screen, here = bob
    screen.line_with("work", "of alice", "read only")
    screen.see("─ Versions 2")
    screen.press("l")
    screen.line_with("▾ work")
    screen.line_with("║     login")
    screen.press("j", "e")
    screen.see("work is read only here", "It is a clone of alice", "Make it  ctrl+s")
    screen.press("ctrl+s")
    screen.see("Made work-mine, yours to change")
    screen.line_with("work-mine", "fork")
    screen.see("work-mine/login")  # the cursor went along
    screen.press("e")
    screen.see("Edit work-mine:login", "first-value")
    screen.press("ctrl+k")
    screen.see_no("first-value")
    screen.type(MINE)
    screen.see(MINE)
    screen.press("ctrl+s")
    screen.see("Stored work-mine:login")

    alice.write("work:login", THEIRS.encode())
    alice.write("work:leaked", LEAKED.encode())
    screen.line_with("work-mine", "2 behind")
    screen.press("p")
    screen.see("Merged 1 change from alice; 1 conflict waits: press !")
    screen.line_with("work-mine", "! 1 conflict")
    screen.press("!")
    screen.see("Changed on both sides: work-mine", "you changed it, alice changed it", "1 conflict left")
    screen.see_no(MINE, THEIRS)
    screen.press("space")
    screen.see(f"- {MINE}", f"+ {THEIRS}", "hides in")
    screen.press("b")
    screen.see("Decided 1 conflict of work-mine: 1 both. None is left.")
    screen.see_no(MINE, THEIRS, "! 1 conflict")
    paths = [row["path"] for row in here.json("secrets", "ls", "work-mine", "--recursive")]
    (beside,) = set(paths) - {"login", "leaked"}
    assert beside.startswith("login (from alice, 20")
    assert here.cat("work-mine:login", f"work-mine:{beside}") == f"{MINE}{THEIRS}".encode()

    # What alice forgets stays in the history that was taken from her, until the new one is.
    alice.run("vaults", "forget", "work", "leaked", "--yes")
    screen.press("p")
    screen.see("The history of work-mine was rewritten", "Nothing was changed here.")
    screen.press("enter")  # on Cancel
    screen.see_no("Take the new history")
    assert here.cat("work-mine:leaked") == LEAKED.encode()
    screen.press("p")
    screen.see("Take the new history  y")
    screen.press("y")
    screen.see("The version before: work-mine@")
    here.fails(64, "secrets", "cat", "work-mine:leaked")

    screen.press("q")
    screen.see("Leave pk-tui?")
    screen.press("s")
    assert screen.ended() == 0
    for value in (MINE, THEIRS, LEAKED):
        assert value not in screen.left_behind
