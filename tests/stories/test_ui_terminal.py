"""A good guest in the terminal: however the program ends, the terminal is as it was found, and nothing is done to it that
was not asked for."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from stories.harness import PASSWORD, Node
from stories.sequences import AS_FOUND, BENIGN, Modes, shapes, tokens
from stories.terminal import Terminal, terminal, unlocked

VALUE = "value-canary-77"
CANARY = "canary-in-a-local-78"
CRASHING = """
import importlib, inspect, sys
from pk_tui.bootstrap import ui
where, node = sys.argv[1:]
quieten = ui.quieten

def quieten_and_break(front):
    quieten(front)
    module, _, path = where.partition(":")
    *outer, name = path.split(".")
    target = importlib.import_module(module)
    for one in outer:
        target = getattr(target, one)
    def broken(*args, **named):
        password = "-".join(["canary", "in", "a", "local", "78"])
        raise RuntimeError(password)
    async def broken_later(*args, **named):
        broken(*args, **named)
    setattr(target, name, broken_later if inspect.iscoroutinefunction(getattr(target, name)) else broken)

ui.quieten = quieten_and_break
sys.argv = ["pk-tui", "--node-path", node]
from pk_tui.control.client import main
sys.exit(main())
"""
"""The program, in which one function raises with a value in a local variable and in the error's message."""


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    """A node that a headless agent holds, so that the screen opens without a password; with one secret."""
    base = Path(tempfile.mkdtemp(prefix="pk-"))
    made = Node(base / "node").bootstrap().start()
    made.json("vaults", "create", "quarry")
    made.write("quarry:pebble", VALUE.encode())
    try:
        yield made
    finally:
        with suppress(ProcessLookupError):
            made.kill()
        shutil.rmtree(base, ignore_errors=True)


def is_as_found(screen: Terminal, copied: bool = False) -> None:
    """After the end: what was switched on is off, nothing stays behind, and nothing was written but what any screen needs."""
    assert Modes.after(tokens(screen.raw)) == AS_FOUND
    assert screen.line_settings() == screen.before
    assert not screen.is_other
    for name in ("quarry", "pebble", VALUE, CANARY):
        assert name not in screen.left_behind
    assert set(shapes(screen.raw)) - BENIGN <= ({"OSC 52"} if copied else set())


def with_a_value_shown(screen: Terminal) -> None:
    screen.see("▸ quarry")
    screen.press("l")
    screen.see("    pebble")
    screen.press("j")
    screen.see("─ quarry/pebble", "space peeks")
    screen.press("space")
    screen.see(VALUE)


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        (None, 0),
        (signal.SIGTERM, 128 + signal.SIGTERM),
        (signal.SIGHUP, 128 + signal.SIGHUP),
        (signal.SIGINT, 128 + signal.SIGINT),
        (signal.SIGQUIT, 128 + signal.SIGQUIT),
    ],
    ids=lambda given: given.name if isinstance(given, signal.Signals) else "",
)
def test_the_terminal_is_left_as_it_was_found(node: Node, ending: signal.Signals | None, code: int) -> None:
    with terminal(node.path, columns=80, rows=24) as screen:
        with_a_value_shown(screen)
        if ending is None:
            screen.press("ctrl+q")
        else:
            screen.signal(ending)
        assert screen.ended() == code
        is_as_found(screen)
        assert screen.left_behind.strip() == ""


@pytest.mark.parametrize(
    ("where", "keys"),
    [
        ("pk_tui.tui.panes.vaults:VaultsPane.action_details", "i"),
        ("pk_tui.tui.deeds.editing:new_vault", "N"),
        ("pk_tui.tui.widgets.box_tabs:BoxTabs.render", "4"),
        ("pk_tui.tui.screens.workspace:Workspace.on_key_seen", "x"),
    ],
    ids=["a key", "a worker", "drawing", "a message"],
)
def test_a_crash_restores_the_terminal_and_tells_no_values(node: Node, where: str, keys: str) -> None:
    with closing(Terminal(["-c", CRASHING, where, str(node.path)])) as screen:
        if "on_key_seen" in where:
            screen.see("▸ quarry")
        else:
            with_a_value_shown(screen)
        screen.press(keys)
        assert screen.ended() == 1
        is_as_found(screen)
        assert "made a mistake of its own and had to end (RuntimeError)" in screen.left_behind
        reported = re.search("“(.+?)”", "".join(line.rstrip() for line in screen.left_behind.splitlines()))
        assert reported is not None
        report = Path(reported[1])
        assert "RuntimeError" in report.read_text()
        assert report.stat().st_mode & 0o077 == 0
        assert CANARY not in screen.past
        assert CANARY.encode() not in screen.raw
    held = b"".join(path.read_bytes() for path in node.path.rglob("*") if path.is_file())
    assert CANARY.encode() not in held
    assert VALUE.encode() not in held
    assert node.json("agent", "status")["status"] == "live"  # the agent had no part in it


def test_a_closed_terminal_ends_a_program_that_holds_the_node_and_sets_the_node_free() -> None:
    base = Path(tempfile.mkdtemp(prefix="pk-"))
    held = Node(base / "node").bootstrap()
    try:
        with unlocked(held.path, PASSWORD) as screen:
            held.json("vaults", "create", "quarry")
            screen.see("▸ quarry")
            assert screen.hang_up() == 128 + signal.SIGHUP
        held.start()
        assert [vault["vault_name"] for vault in held.json("vaults", "list")] == ["quarry"]
        assert not (held.path / "reports").exists()
    finally:
        if held.pid:
            held.kill()
        shutil.rmtree(base, ignore_errors=True)


def test_bytes_that_are_no_keys_are_passed_over(node: Node) -> None:
    """A paste in another encoding, a mouse far right, a terminal that tells more than it was asked."""
    with terminal(node.path, columns=80, rows=24) as screen:
        screen.see("▸ quarry")
        for sent in (b"\x1b[97;1:3u", b"\xe4\xff", b"\x1b[M\xff\xff\xff", b"\x1b[1114112u"):
            screen.child.send(sent + b"2")
            screen.see("[2 Nodes]")
            screen.press("1")
            screen.see("[1 Vaults]")
        screen.press("ctrl+q")
        assert screen.ended() == 0
        is_as_found(screen)


def tour(screen: Terminal) -> None:
    """Every pane, and dialogs of several kinds."""
    with_a_value_shown(screen)
    screen.press("esc")
    screen.see_no(VALUE)
    for key, sight in (("2", "[2 Nodes]"), ("3", "[3 Gestalt]"), ("4", "[4 Inbox"), ("1", "[1 Vaults]")):
        screen.press(key)
        screen.see(sight)
    for key, sight in (
        ("?", "Keys here"),
        ("ctrl+p", "What would you like to do?"),
        ("f2", "Settings"),
        ("e", "Edit quarry:pebble"),
        ("d", "Delete quarry:pebble?"),
    ):
        screen.press(key)
        screen.see(sight)
        screen.press("esc")
        screen.see_no(sight)
    screen.press("s")
    screen.see("There is nobody to share with yet")


@pytest.mark.parametrize(
    ("env", "allowed"),
    [
        ({"NO_COLOR": "1"}, r"[0-9]|2[0-9]|39|49"),
        ({"TERM": "linux", "COLORTERM": ""}, r"[0-9]|2[0-9]|[39][0-7]|39|4[0-7]|10[0-7]|49"),
        ({"TERM": "xterm-16color", "COLORTERM": ""}, r"[0-9]|2[0-9]|[39][0-7]|39|4[0-7]|10[0-7]|49"),
    ],
    ids=["NO_COLOR", "linux", "16 colours"],
)
def test_no_colour_is_sent_that_the_terminal_or_its_owner_does_not_want(
    node: Node, env: dict[str, str], allowed: str
) -> None:
    with terminal(node.path, columns=80, rows=24, env=env) as screen:
        tour(screen)
        screen.press("ctrl+l")
        screen.see("pk-tui: locked")
        screen.see_no("quarry")
        screen.press("ctrl+q")
        assert screen.ended() == 0
        is_as_found(screen)
        sent = {number for token in tokens(screen.raw) if token.shape == "CSI m" for number in token.numbers.split(";")}
        assert [number for number in sorted(sent) if not re.fullmatch(allowed, number or "0")] == []
        assert {"1", "7"} <= sent  # what has focus and what is chosen shows without colour


def test_without_a_terminal_it_refuses_and_names_the_commands(node: Node) -> None:
    command = [sys.executable, "-m", "pk_tui", "--node-path", str(node.path)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"needs a terminal" in done.stderr
    assert b"pk-tui --help" in done.stderr
    assert b"\x1b" not in done.stderr
    for term in ("dumb", ""):
        with terminal(node.path, env={"TERM": term}) as screen:
            assert screen.ended() == 2
            assert b"\x1b" not in screen.raw
            assert "needs a terminal" in screen.left_behind


def test_a_window_too_small_says_so_and_all_is_as_it_was_when_it_grows(node: Node) -> None:
    stale = {"COLUMNS": "100", "LINES": "30"}  # as some shells export them
    with terminal(node.path, columns=80, rows=24, env=stale) as screen:
        with_a_value_shown(screen)
        screen.press("esc")
        screen.see_no(VALUE)
        for columns, rows in ((59, 24), (80, 14), (20, 5)):
            screen.resize(columns, rows)
            screen.see("This window is too")
            assert "pebble" not in screen.text
            screen.resize(60, 15)
            screen.see("[1 Vaults]", "    pebble")
        screen.press("e")
        screen.see("Edit quarry:pebble")
        screen.type("typed ")
        screen.see(f"typed {VALUE}")
        screen.resize(40, 10)
        screen.see("This window is too")
        screen.resize(120, 40)
        screen.see("Edit quarry:pebble", f"typed {VALUE}")
        screen.press("esc")
        screen.see("Throw away what you wrote?")
        screen.press("y")
        screen.see_no("Edit quarry")


def test_a_storm_of_sizes_and_keys_does_no_harm(node: Node) -> None:
    chance = random.Random(15)
    with terminal(node.path) as screen:
        screen.see("▸ quarry")
        for _ in range(60):
            screen.resize(chance.randint(1, 200), chance.randint(1, 60))
            screen.press(chance.choice(("1", "2", "3", "4", "j", "k", "tab", "?", "esc", "down")))
        screen.resize(100, 30)
        screen.press("esc")
        screen.until(lambda shown: "[" in shown and "too small" not in shown, "a picture of the new size")
        screen.press("ctrl+l")
        screen.see("pk-tui: locked")
        screen.press("ctrl+q")
        assert screen.ended() == 0
        is_as_found(screen)


def test_what_is_copied_goes_to_the_terminal_only_when_there_is_no_other_way_and_is_overwritten(node: Node) -> None:
    with terminal(node.path) as screen:
        with_a_value_shown(screen)
        assert shapes(screen.raw)["OSC 52"] == 0
        screen.press("c")
        screen.see("Copied pebble via the terminal (OSC 52)")
        assert _copied(screen)[-1] == VALUE.encode()
        screen.press("q")
        screen.see("What you copied (pebble) is taken off the clipboard")
        screen.press("s")
        assert screen.ended() == 0
        is_as_found(screen, copied=True)
        assert VALUE.encode() not in _copied(screen)[1:]
        assert len(_copied(screen)) > 1


def _copied(screen: Terminal) -> list[bytes]:
    return [b64decode(token.numbers.rpartition(";")[2]) for token in tokens(screen.raw) if token.shape == "OSC 52"]


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_in_tmux_a_copy_lands_in_a_buffer_and_is_gone_after_quitting(node: Node) -> None:
    socket = str(node.path.parent / "tmux")

    def tmux(*arguments: str) -> str:
        command = ["tmux", "-S", socket, "-f", "/dev/null", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=_without_tmux()).stdout

    tmux("new-session", "-d", "-s", "stays", "sleep 600")
    try:
        ours = [sys.executable, "-m", "pk_tui", "--node-path", str(node.path)]
        server = ["-S", socket, "-f", "/dev/null", "-u", "new-session", *ours]
        with closing(Terminal(server, program="tmux")) as screen:
            with_a_value_shown(screen)
            screen.press("esc")
            screen.see_no(VALUE)
            screen.press("c")
            screen.see("Copied pebble via tmux")
            assert tmux("show-buffer", "-b", "pk-tui") == VALUE
            screen.press("q")
            screen.see("What you copied (pebble) is taken off the clipboard")
            screen.press("s")
            screen.ended()
            assert tmux("list-buffers") == ""
            assert (
                VALUE.encode() not in _copied(screen)[-1:]
            )  # nor is it on the outer terminal's clipboard, if it ever was
    finally:
        tmux("kill-server")


def _without_tmux() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TMUX")}


def test_suspended_it_is_locked_and_the_shell_has_its_terminal_back(node: Node) -> None:
    shell = {"PS1": "at-your-service> ", "HISTFILE": "/dev/null"}
    with closing(Terminal(["--norc", "--noprofile", "-i"], program="bash", env=shell)) as screen:
        screen.see("at-your-service>")
        screen.type(f"{sys.executable} -m pk_tui --node-path {node.path}")
        screen.press("enter")
        with_a_value_shown(screen)
        with screen.watched() as pictures:
            screen.press("ctrl+z")
            screen.see("Stopped", "at-your-service>")
        assert not screen.is_other
        assert Modes.after(tokens(screen.raw)).on <= AS_FOUND.on | {"2004"}  # which the shell itself asks for
        assert "pk-tui: locked" in pictures[-1]
        assert VALUE not in pictures[-1]
        screen.type("fg")
        screen.press("enter")
        screen.see("pk-tui: locked", "Password")
        assert "quarry" not in screen.text
        screen.type(PASSWORD)
        screen.press("enter")
        screen.see("─ quarry/pebble", "space peeks")
        screen.press("q")
        screen.until(lambda _: not screen.is_other, "the end")
        screen.type("exit $?")
        screen.press("enter")
        assert screen.ended() == 0
