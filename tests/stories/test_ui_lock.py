"""A locked screen shows no name and takes no command, while the node behind it goes on serving; and the way back."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from stories.harness import PASSWORD, Node, introduce
from stories.terminal import PATIENCE, Terminal, unlocked

VALUE, NEWER = b"value-canary-31", b"newer-canary-32"
NAMES = ("quarry", "ledge", "pebble", "bobbin", "hello-from-afar")
"""A vault, a directory and a secret in it, a petname, a message."""


@dataclass
class World:
    screen: Terminal
    alice: Node
    bob: Node

    def names(self) -> tuple[str, ...]:
        return (*NAMES, VALUE.decode(), self.alice.node_id[:12], self.bob.node_id[:12])


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Alice at her screen, her cursor on the secret; bob, headless, has a clone of her vault that is one version behind."""
    base = Path(tempfile.mkdtemp(prefix="pk-"))
    alice, bob = Node(base / "alice").bootstrap(), Node(base / "bob").bootstrap()
    try:
        with unlocked(alice.path, PASSWORD) as screen:
            alice.port = alice.json("agent", "status")["agent_port"]
            bob.start()
            introduce(alice, bob)
            alice.json("nodes", "name", bob.node_id, "bobbin")
            alice.json("vaults", "create", "quarry")
            alice.write("quarry:ledge/pebble", b"to be changed")
            alice.json("vaults", "share", "quarry", bob.node_id)
            bob.json("vaults", "clone", "quarry", alice.node_id)
            bob.json("notifications", "send", alice.node_id, "hello-from-afar")
            alice.write("quarry:ledge/pebble", VALUE)
            screen.see("▸ quarry", "4 Inbox(1)", "1/1 connected")
            screen.press("l")
            screen.see("▸ ledge")
            screen.press("j", "l")
            screen.see("    pebble")
            screen.press("j")
            screen.see("─ quarry/ledge/pebble", "space peeks")
            yield World(screen, alice, bob)
    finally:
        with suppress(ProcessLookupError):
            bob.kill()
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(autouse=True)
def _unlocked_at_first(world: World) -> None:
    """Whatever the test before left."""
    if "The node goes on serving" in world.screen.text:
        unlock(world.screen)
    world.screen.see("[1 Vaults]", "─ quarry/ledge/pebble", "1/1 connected")


def lock(screen: Terminal, names: tuple[str, ...]) -> None:
    """No picture from the first one of the lock screen on shows any of the names."""
    with screen.watched() as pictures:
        screen.press("ctrl+l")
        screen.see("The node goes on serving; its keys are in", "Password")
        screen.see_no(*names)
    first = next(at for at, picture in enumerate(pictures) if "The node goes on serving" in picture)
    for picture in pictures[first:]:
        assert [name for name in names if name in picture] == [], picture


def unlock(screen: Terminal) -> None:
    screen.type(PASSWORD)
    screen.press("enter")
    screen.see_no("The node goes on serving")


def test_what_was_revealed_and_every_name_are_gone_at_once_and_the_place_is_kept(world: World) -> None:
    screen = world.screen
    screen.press("v")  # until the cursor moves
    screen.see(VALUE.decode(), "until the cursor moves")
    lock(screen, world.names())
    unlock(screen)
    screen.see("[1 Vaults]", "─ quarry/ledge/pebble", "    pebble", "space peeks")
    assert VALUE.decode() not in screen.text

    screen.press("2")
    screen.line_with(">", "● connected", "bobbin")
    lock(screen, world.names())
    unlock(screen)
    screen.see("[2 Nodes]")
    screen.line_with(">", "bobbin")

    screen.press("4")
    screen.line_with(">", "Message", "bobbin", "hello-from-afar")
    lock(screen, world.names())
    unlock(screen)
    screen.see("[4 Inbox")
    screen.line_with(">", "hello-from-afar")

    screen.press("1")
    screen.see("─ quarry/ledge/pebble", "space peeks")


def test_a_dialog_with_a_value_in_it_goes_too(world: World) -> None:
    screen = world.screen
    screen.press("e")
    screen.see("Edit quarry:ledge/pebble", VALUE.decode())
    screen.type("changed")
    screen.see(f"changed{VALUE.decode()}")
    screen.press("ctrl+f")  # moves the cursor here; nothing opens over a dialog
    lock(screen, (*world.names(), "changed"))
    unlock(screen)
    screen.see("─ quarry/ledge/pebble", "space peeks")
    assert world.alice.cat("quarry:ledge/pebble") == VALUE  # what was not saved was not stored


def test_commands_are_refused_and_peers_are_served(world: World) -> None:
    lock(world.screen, world.names())
    for command in (
        ("vaults", "list"),
        ("secrets", "cat", "quarry:ledge/pebble"),
        ("nodes", "list"),
        ("notifications", "inbox", "read"),
        ("vaults", "create", "another"),
    ):
        assert "is locked" in world.alice.fails(77, *command)
    world.alice.json("agent", "unlock", password=PASSWORD)  # of the node, which is open: the screen stays as it is
    assert "is locked" in world.alice.fails(77, "vaults", "list")
    world.screen.see("The node goes on serving")
    assert world.bob.cat("quarry:ledge/pebble") == b"to be changed"
    assert world.bob.json("vaults", "pull", "quarry")["objects"] > 0
    assert world.bob.cat("quarry:ledge/pebble") == VALUE
    world.bob.json("notifications", "send", world.alice.node_id, "while-you-were-away")
    _until(lambda: world.bob.json("notifications", "outbox", "read") == [])
    assert "while-you-were-away" not in world.screen.text
    unlock(world.screen)
    world.screen.see("4 Inbox(2)")
    assert world.alice.cat("quarry:ledge/pebble") == VALUE


def test_a_wrong_password_is_said_and_makes_one_wait(world: World) -> None:
    screen = world.screen
    lock(screen, world.names())
    for times, wrong in enumerate(("not this one", "nor this one"), 1):
        screen.type(wrong)
        screen.press("enter")
        screen.see("Wrong password", f"{times} times" if times > 1 else "", "The next is taken in")
        begun = time.monotonic()
        screen.type(PASSWORD)
        screen.press("enter")  # not taken: it stays in the field, and is not even compared
        screen.see("•" * len(PASSWORD))
        screen.until(lambda shown: "Try again" in shown or "quarry" in shown, "the end of the delay")
        assert time.monotonic() - begun > 0.8 * 2 ** (times - 1)
        assert "quarry" not in screen.text
        screen.press("ctrl+u")
        screen.see_no("•••")
    assert "not this one" not in screen.past
    screen.press("enter")  # empty: nothing happens
    unlock(screen)
    screen.see("[1 Vaults]", "quarry")


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end


def test_a_stranger_at_a_locked_screen_can_end_the_program_and_no_more(world: World) -> None:
    screen = world.screen
    lock(screen, world.names())
    for key in ("ctrl+p", "ctrl+f", "f2", "f1", "1", "2", "esc"):
        screen.press(key)
    screen.see("••")  # the digits, in the field
    screen.see_no(*world.names())
    screen.press("ctrl+q")
    screen.see("Leave pk-tui?", "unlock the screen first")
    assert "Leave it running" not in screen.text
    screen.press("s")
    assert screen.ended() == 0
    assert not any(name in screen.left_behind for name in world.names())
