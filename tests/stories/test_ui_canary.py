"""What is secret is nowhere but where it was asked for: not in a picture, in the scrollback, in a file, in a temporary place, nor
in what other programs can see of ours. And where it was asked for, it goes again."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from stories.harness import Node
from stories.sequences import shapes
from stories.terminal import Terminal, terminal

PASSWORD = "nine-otters-canary-password"
VALUE = "canary-value-6f2a91d4"
REVEALED_FOR = 3
"""Seconds; the least that can be set."""


@dataclass
class Place:
    """A node whose user has a home and a temporary directory of its own, and what must not be found there."""

    base: Path
    node: Node
    words: list[str]

    @property
    def env(self) -> dict[str, str]:
        return {name: str(self.base / name.lower()) for name in ("HOME", "TMPDIR", "XDG_RUNTIME_DIR")}

    def open(self, **env: str) -> Terminal:
        return Terminal(["-m", "pk_tui", "--node-path", str(self.node.path)], env=self.env | env)

    def unlock(self, **env: str) -> Terminal:
        screen = self.open(**env)
        screen.see("Enter the password to open the node")
        screen.type(PASSWORD)
        screen.press("enter")
        screen.see("▸ quarry")
        return screen

    def secrets(self) -> list[bytes]:
        """As they are, and as base64, of which a clipboard sequence is made."""
        pairs = [f"{one} {two}" for one, two in zip(self.words, self.words[1:], strict=False)]
        plain = [text.encode() for text in (PASSWORD, VALUE, *pairs)]
        return [*plain, *(b64encode(one)[:-4] for one in plain)]

    def found_in(self, raw: bytes) -> list[bytes]:
        return [one for one in self.secrets() if one in raw]

    def is_kept(self) -> None:
        """Nothing of it in any file of ours, nor in what the system tells of any process."""
        for path in self.base.rglob("*"):
            if path.is_file():
                assert self.found_in(path.read_bytes()) == [], path
            assert self.found_in(os.fsencode(path)) == []
        for process in _processes():
            for name in ("cmdline", "environ"):
                with suppress(OSError):
                    assert self.found_in((process / name).read_bytes()) == [], (process, name)


def _processes() -> Iterable[Path]:
    return (one for one in Path("/proc").iterdir() if one.name.isdecimal()) if Path("/proc/self").exists() else ()


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """The node is made by keyboard, so that password and words have passed through the screen."""
    base = Path(tempfile.mkdtemp(prefix="pk-"))
    made = Place(base, Node(base / "node"), [])
    for directory in made.env.values():
        Path(directory).mkdir(mode=0o700)
    try:
        screen = made.open()
        try:
            _first_run(made, screen)
            made.is_kept()
        finally:
            screen.close()
        yield made
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _first_run(place: Place, screen: Terminal) -> None:
    screen.see("1  Create a node here")
    screen.press("1")
    screen.see("1 of 3, a password")
    screen.fill_in(PASSWORD, key="enter", looks="•" * len(PASSWORD))
    screen.type(PASSWORD)
    screen.until(lambda shown: shown.count("•" * len(PASSWORD)) == 2, "the password, twice")
    screen.press("enter")
    shown = screen.see("2 of 3, the recovery words")
    found = {int(number): word for number, word in re.findall(r"\b(\d\d?) ([a-z]{3,8})\b", shown)}
    place.words += [found[number] for number in range(1, 25)]
    screen.press("focus lost")
    screen.see("The words are hidden while nobody looks")
    screen.press("focus got")
    screen.press("enter")
    shown = screen.until(lambda shown: len(re.findall(r"Word \d+", shown)) == 3, "three words being asked for")
    asked = [int(number) for number in re.findall(r"Word (\d+)", shown)]
    for position in asked[:-1]:
        screen.fill_in(place.words[position - 1])
    screen.type(place.words[asked[-1] - 1])
    screen.line_with(f"  {place.words[asked[-1] - 1]} ")
    place.is_kept()
    screen.press("enter")
    screen.see("[1 Vaults]")
    place.node.json("vaults", "create", "quarry")
    place.node.write("quarry:ledge/pebble", VALUE.encode())
    screen.see("▸ quarry")
    assert place.found_in(screen.text.encode()) == []
    screen.press("ctrl+q")
    screen.see("Leave pk-tui?")
    screen.press("s")
    assert screen.ended() == 0
    assert place.found_in(screen.left_behind.encode()) == []
    assert PASSWORD not in screen.past


@pytest.fixture
def screen(place: Place) -> Iterator[Terminal]:
    """Open, with the cursor on the secret."""
    settings = place.node.path / "settings.json"
    settings.write_text(json.dumps({"reveal_seconds": REVEALED_FOR}))
    with closing(place.unlock()) as opened:
        opened.press("l")
        opened.see("▸ ledge")
        opened.press("j", "l")
        opened.see("    pebble")
        opened.press("j")
        opened.see("─ quarry/ledge/pebble", "space peeks")
        yield opened


def test_what_nobody_asked_for_is_nowhere(place: Place, screen: Terminal) -> None:
    """A walk through everything that does not reveal."""
    for key, sight in (("i", "Stored"), ("H", "─ Versions of quarry:ledge/pebble")):
        screen.press(key)
        screen.see(sight)
    screen.press("esc")
    screen.see_no("─ Versions of")
    screen.see("╔═ Vaults")
    for key, sight in (
        ("r", "Rename quarry:ledge/pebble"),
        ("m", "Move quarry:ledge/pebble"),
        ("d", "Delete quarry:ledge/pebble?"),
        ("N", "New vault"),
        ("?", "Keys here"),
        ("f2", "Settings"),
        ("ctrl+p", "What would you like to do?"),
    ):
        screen.press(key)
        screen.see(sight)
        screen.press("esc")
        screen.see_no(sight)
    screen.press("/")
    screen.see("filter by name")
    screen.type(VALUE[:6])  # values are not searched
    screen.see("Nothing that was opened here has")
    screen.press("esc")
    screen.see("    pebble")
    screen.press("ctrl+f")
    screen.see("Find")
    screen.type("pebble")
    screen.line_with("quarry", "ledge/pebble")
    screen.press("esc")
    screen.see_no("─ Find ─")
    for key, sight in (("2", "[2 Nodes]"), ("3", "[3 Gestalt]"), ("4", "[4 Inbox"), ("1", "[1 Vaults]")):
        screen.press(key)
        screen.see(sight)
    screen.child.send("\x1b[24~")  # f12
    screen.see("Saved “~/pk-tui-")
    place.is_kept()
    screen.press("ctrl+l")
    screen.see("pk-tui: locked")
    screen.type("not the password")
    screen.press("enter")
    screen.see("Wrong password")
    screen.type(PASSWORD)
    screen.see("•" * len(PASSWORD))
    place.is_kept()
    screen.press("ctrl+q")
    screen.see("Leave pk-tui?")
    screen.press("s")
    assert screen.ended() == 0
    assert place.found_in(screen.raw) == []
    assert place.found_in(screen.past.encode()) == []
    assert shapes(screen.raw)["OSC 52"] == 0
    place.is_kept()


def test_what_was_revealed_goes_at_every_sign_that_nobody_looks(place: Place, screen: Terminal) -> None:
    def revealed(key: str = "v") -> None:
        screen.see("space peeks")
        screen.press(key)
        screen.see(VALUE)

    revealed()
    screen.press("esc")
    screen.see_no(VALUE)
    revealed()
    screen.press("k")  # the cursor moves
    screen.see("─ quarry/ledge ─")
    assert VALUE not in screen.text
    screen.press("j")
    revealed()
    screen.press("2")
    screen.see("[2 Nodes]")
    assert VALUE not in screen.text
    screen.press("1")
    revealed()
    screen.press("focus lost")
    screen.see_no(VALUE)
    screen.press("focus got")
    revealed()
    screen.press("?")  # a dialog leaves in sight what is behind it
    screen.see("Keys here")
    screen.see_no(VALUE)
    screen.press("esc")
    screen.see_no("Keys here")
    revealed()
    screen.child.send("\x1b[24~")
    screen.see("Saved “~/pk-tui-")
    assert VALUE not in screen.text
    revealed("space")
    screen.see("hides in")
    screen.see_no(VALUE)  # by itself
    revealed()
    screen.press("ctrl+l")
    screen.see("pk-tui: locked")
    assert VALUE not in screen.text
    place.is_kept()
    screen.type(PASSWORD)
    screen.press("enter")
    screen.see("─ quarry/ledge/pebble", "space peeks")
    assert VALUE not in screen.text


def test_the_hidden_slots_of_an_item_are_nowhere_until_they_are_asked_for(place: Place, screen: Terminal) -> None:
    slots = [
        {"name": "username", "type": "text", "value": "ada"},
        {"name": "password", "type": "password", "value": VALUE},
        {"name": "otp", "type": "otp", "value": f"otpauth://totp/{VALUE}?secret=JBSWY3DPEHPK3PXP"},
    ]
    item = {"pk-item": 1, "template": "password", "title": "Strong box", "tags": [], "slots": slots}
    place.node.write("quarry:ledge/strongbox", json.dumps(item, separators=(",", ":")).encode())
    screen.see("    strongbox")
    screen.press("j")
    screen.see("─ quarry/ledge/strongbox", "Strong box", "User name", "ada", "> Password", " s ")
    screen.press("e")
    screen.see("Edit quarry:ledge/strongbox", "•" * 12)
    screen.press("esc")
    screen.see_no("Edit quarry")
    screen.press("t")
    screen.see("New value for quarry:ledge/strongbox#password", "bits, strong")
    screen.press("esc")
    screen.see_no("New value for")
    screen.press("n")
    screen.see("What kind?")
    screen.press("esc")
    screen.see_no("What kind?")
    screen.child.send("\x1b[24~")  # f12
    screen.see("Saved “~/pk-tui-")
    place.is_kept()
    assert place.found_in(screen.raw) == []
    screen.press("v")
    screen.see(VALUE)
    screen.press("esc")
    screen.see_no(VALUE)
    screen.press("ctrl+q")
    screen.see("Leave pk-tui?")
    screen.press("s")
    assert screen.ended() == 0
    assert place.found_in(screen.left_behind.encode()) == []
    place.is_kept()


@pytest.mark.parametrize("way", ["b", "s"])
def test_after_quitting_with_a_value_on_the_screen_it_is_not_in_the_terminal(
    place: Place, screen: Terminal, way: str
) -> None:
    screen.press("v")
    screen.see(VALUE)
    screen.press("ctrl+q")
    screen.see("Leave pk-tui?")
    screen.see_no(VALUE)
    screen.press(way)
    assert screen.ended() == 0
    assert place.found_in(screen.left_behind.encode()) == []
    assert not screen.is_other
    place.is_kept()  # also with the agent in the background, to which the key was handed
    if way == "b":
        assert place.node.json("agent", "status")["locked"] is False
        with terminal(place.node.path, env=place.env) as again:
            again.see("[1 Vaults]", "attached")
            assert PASSWORD not in again.past
        place.node.run("agent", "stop")


def test_an_editor_of_ones_own_leaves_nothing(place: Place) -> None:
    """What is edited lies in a file for as long as the editor runs, and the screen is the editor's."""
    editor, seen = place.base / "editor", place.base / "seen"
    editor.write_text(
        f"""#!/bin/sh
        stat -c "%a %n" "$(dirname "$1")" "$1" > "{seen}"
        read -r before < "$1"
        printf "changed-%s" "$before" > "$1"
        """.replace("\n        ", "\n")
    )
    editor.chmod(0o700)
    with closing(place.unlock(EDITOR=str(editor))) as screen:
        place.node.write("quarry:outside", VALUE.encode() + b"\n")
        screen.press("l")
        screen.see("    outside")
        screen.press("G")
        screen.see("─ quarry/outside", "space peeks")
        screen.press("E")
        screen.see("Stored quarry:outside")
        assert place.node.cat("quarry:outside") == f"changed-{VALUE}".encode()
        lines = [line.split() for line in seen.read_text().splitlines()]
        assert [mode for mode, _ in lines] == ["700", "600"]
        assert not any(Path(path).exists() for _, path in lines)
        place.is_kept()
        screen.press("ctrl+q")
        screen.see("Leave pk-tui?")
        screen.press("s")
        assert screen.ended() == 0
        assert place.found_in(screen.raw) == []


@pytest.mark.parametrize("key", ["\r", "\t"], ids=["enter", "tab"])
def test_a_value_typed_ahead_goes_into_the_value_and_not_into_the_name(
    place: Place, screen: Terminal, key: str
) -> None:
    """Keys that come together, as a program types them or a slow moment piles them up."""
    vault = "typed-tab" if key == "\t" else "typed-enter"
    place.node.json("vaults", "create", vault)
    screen.see(f"▸ {vault}")
    screen.press("G")
    screen.see(f"─ {vault} ─")
    screen.press("n")
    screen.see(f"New secret in {vault}", ">   Free text")
    screen.press("enter")
    screen.see_no("What kind?")
    screen.see(f"New secret in {vault}")
    screen.type(f"ahead/of{key}typed-{VALUE}")
    screen.see(f"typed-{VALUE}")
    screen.press("ctrl+s")
    screen.see(f"Made {vault}:ahead/of")
    assert VALUE not in screen.text
    assert place.node.cat(f"{vault}:ahead/of") == f"typed-{VALUE}".encode()
