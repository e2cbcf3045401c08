"""Nothing that others write steers the terminal: names, messages, history and values from a peer that keeps to no rule are shown
as text, and every byte that reaches the terminal is one that a harmless screen has too.

Bob is a real agent in this process, whose names and messages are what no honest program would give them.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest
from stories.harness import Node
from stories.sequences import BENIGN, CONTROL, TEXT, around, shapes, tokens
from stories.terminal import PATIENCE, Terminal, terminal
from stories.test_text_from_outside import HOSTILE, Underworld
from tui.test_escapes import CORPUS

from pk_tui.agent import commits
from pk_tui.safe_text import is_safe_character, safe_text
from pk_tui.terms import Address, NodeId, SecretPath

MODES = {"7", "25", "1000", "1003", "1004", "1006", "1015", "1049", "2004", "2026"}
"""Private modes that a harmless screen switches: wrapping, cursor, mouse, focus, the other screen, pasting, whole pictures."""
POINTERS = {"default", "pointer", "text"}


def _sendable(text: str) -> bool:
    return not any(0xD800 <= ord(one) < 0xE000 for one in text)


TEXTS = [text for text in (*CORPUS, *HOSTILE) if _sendable(text)]


def packed(texts: list[str], size: int) -> list[str]:
    """One after the other, in as few as fit into so many bytes each."""
    packs = [""]
    for text in texts:
        if len((packs[-1] + text).encode()) > size:
            packs.append("")
        packs[-1] += text
    return packs


@dataclass
class Scene:
    alice: Node
    bob: Underworld


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    base = Path(tempfile.mkdtemp(prefix="pk-"))
    alice = Node(base / "alice").bootstrap().start()
    bob = Underworld()
    try:
        made = Scene(alice, bob)
        _set(made)
        yield made
    finally:
        bob.end()
        alice.kill()
        shutil.rmtree(base, ignore_errors=True)


def _set(scene: Scene) -> None:
    alice, bob = scene.alice, scene.bob
    alice.json("nodes", "add", bob.node_id, "127.0.0.1", str(bob.port))
    bob.run(bob.agent.nodes.add(NodeId.parse(alice.node_id), Address("127.0.0.1", alice.port)))
    bob.run(bob.agent.gestalts.trust(alice.node_id))
    bob.run(bob.agent.notifications.send(alice.node_id, TEXTS[0]))  # a request
    _until(lambda: len(alice.json("notifications", "requests", "read")) == 1)
    alice.json("identities", "trust", bob.node_id)
    alice.json("nodes", "name", bob.node_id, "[b]bob[")
    for text in TEXTS:
        bob.run(bob.agent.notifications.send(alice.node_id, text))
    names = packed(TEXTS, 240)
    for number, name in enumerate(names):
        vault = bob.run(bob.agent.vaults.create(f"v{number}")).vault_id
        for said in names:  # history: each of them as the message of a version
            with patch.object(commits.history, "describe_changes", lambda *_, said=said: said.replace("\0", "")):
                content = _one(said)
                bob.run(bob.agent.secrets.write(f"v{number}", SecretPath.parse("[b]dir/[@click=app.quit]x"), content))
        bob.run(bob.name(vault, name))
        bob.run(bob.agent.vaults.share(str(vault), alice.node_id))
    alice.json("vaults", "create", "[b]own[")
    for number, text in enumerate(packed(TEXTS, 1500)):
        alice.write(f"[b]own[:[link]value/{number}", text.replace("\0", "").encode())
    _until(lambda: len(alice.json("notifications", "inbox", "read")) == len(TEXTS) + len(names))


async def _one(text: str):  # type: ignore[no-untyped-def]
    yield text.encode()


def _until(holds) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "what was sent did not arrive"


def is_harmless(screen: Terminal) -> None:
    """Every byte of it, from the first to the last."""
    found = shapes(screen.raw)
    assert {shape: around(screen.raw, shape) for shape in set(found) - BENIGN} == {}
    for token in tokens(screen.raw):
        if token.shape in ("CSI ?h", "CSI ?l"):
            assert set(token.numbers.split(";")) <= MODES
        elif token.shape == "OSC 22":
            assert token.numbers in POINTERS
        elif token.shape == CONTROL:
            assert token.whole in "\r\n"
        elif token.shape == TEXT:
            bad = [one for one in token.whole if not is_safe_character(one)]
            assert bad == [], (bad, ascii(token.whole))


def was_shown(screen: Terminal, text: str) -> bool:
    """True if its beginning stands on the screen somewhere, or did, in the form that is harmless to show."""
    return safe_text(text, 1200)[:20].rstrip() in screen.past


def _cursor_on(shown: str) -> str:
    """What the row with the cursor is about, without how old it is."""
    row = next((line for line in shown.splitlines() if line.startswith("║ >")), "")
    return row[:75].partition("[b]bob[")[2]


def _oldest(shown: str) -> bool:
    return any("║ >" in line and safe_text(TEXTS[0]) in line for line in shown.splitlines())


def click(screen: Terminal, text: str) -> None:
    """With the mouse, twice, on the middle of a text that is on the screen."""
    row, line = next((row, line) for row, line in enumerate(screen.lines) if text in line)
    place = f"{line.index(text) + len(text) // 2 + 1};{row + 1}"
    for _ in range(2):
        screen.child.send(f"\x1b[<0;{place}M\x1b[<0;{place}m")


def test_messages_names_and_offers_of_a_hostile_peer_are_text(scene: Scene) -> None:
    with terminal(scene.alice.path, columns=120, rows=50) as screen:
        screen.see("[1 Vaults]", "1/1 connected")

        # The inbox, with every row looked at; then the requests.
        screen.press("4")
        screen.see("[4 Inbox")
        for _ in range((len(TEXTS) + len(packed(TEXTS, 240))) // 15 + 1):
            before = _cursor_on(screen.line_with("║ >"))
            screen.press("pagedown")
            screen.until(lambda shown, before=before: _cursor_on(shown) != before or _oldest(shown), "the next page")  # type: ignore[misc]
        screen.press("end")
        screen.until(_oldest, "the oldest message")
        # Lines and tabs are one space in a row of the list.
        all_shown = [text for text in TEXTS if safe_text(text).isascii() and not set(text) & set("\t\n\r\v\f")]
        assert [text for text in all_shown if not was_shown(screen, text)] == []
        screen.press("home")
        screen.line_with("║ >", "Share", "vault")
        screen.press("R")
        screen.see("[R Requests 1]")
        screen.press("i")
        screen.see("[i Inbox")

        # A share, and what cloning would bring.
        screen.press("down", "down")
        screen.line_with("║ >", "Share", "vault", "\\u{")
        screen.press("a")
        screen.see("There", "as its node says", "Its name there cannot be a name here")
        screen.press("esc")
        screen.see_no("as its node says")

        # What a scan shows; each of the offers can be cloned under a name of our own.
        screen.press("2")
        screen.see("[2 Nodes]", "[b]bob[")
        click(screen, "[b]bob[")
        screen.press("S")
        screen.see("What [b]bob[ shares with this node", f"{len(packed(TEXTS, 240))} vaults")
        for _ in range(len(packed(TEXTS, 240))):
            screen.press("down")
        screen.press("home", "enter")
        screen.see("Clone ", "as its node says")
        screen.type("hostile")
        screen.see("“hostile”")
        screen.press("ctrl+s")
        screen.see("Cloned hostile")

        # The clone: its tree, its history, its value.
        screen.press("1")
        screen.see("▸ hostile")
        screen.press("G")
        screen.see("─ hostile ─", "Id ")
        screen.press("l")
        screen.see("▸ [b]dir")
        screen.press("j", "l")
        screen.see("[@click=app.quit]x")
        click(screen, "[@click=app.quit]x")
        screen.see("═ hostile/[b]dir/[@click=app.quit]x ═")  # the second click went into it
        screen.press("H")
        screen.see("─ Versions of hostile:[b]dir/[@click=app.quit]x")
        for _ in packed(TEXTS, 240):
            screen.press("down")
        screen.see(" UTC")
        screen.press("esc")
        screen.see_no("─ Versions of")
        screen.press("esc")
        screen.see("╔═ Vaults 2")

        # Who is who.
        screen.press("3")
        screen.see("[3 Gestalt]", "[b]bob[")
        for _ in range(6):
            screen.press("down")
        click(screen, "[b]bob[")

        screen.press("4")
        screen.see("[4 Inbox")
        screen.press("ctrl+l")
        screen.see("pk-tui: locked")
        screen.press("ctrl+q")
        assert screen.ended() == 0
        is_harmless(screen)
    assert not (scene.alice.path / "reports").exists()


def test_values_full_of_sequences_are_text_when_they_are_revealed_and_edited(scene: Scene) -> None:
    with terminal(scene.alice.path, columns=120, rows=50) as screen:
        screen.see("▸ [b]own[")
        screen.press("g", "l")
        screen.see("▸ [link]value")
        screen.press("j", "l")
        screen.see("║       0 ")
        for number in range(len(packed(TEXTS, 1500))):
            screen.press("j")
            screen.see(f"[b]own[/[link]value/{number}", "space peeks")
            screen.press("v")
            screen.until(lambda shown: "until the cursor moves" in shown or "binary" in shown, "the value")
        screen.press("e")
        screen.until(lambda shown: "Edit [b]own[" in shown or "cannot" in shown or "not" in shown, "the editor")
        screen.press("ctrl+l")
        screen.see("pk-tui: locked")
        screen.press("ctrl+q")
        assert screen.ended() == 0
        is_harmless(screen)
    assert not (scene.alice.path / "reports").exists()


def test_the_sentence_of_a_liar_is_text(scene: Scene) -> None:
    alice, bob = scene.alice, scene.bob
    alice.json("nodes", "add", str(bob.liar.node_id), "127.0.0.1", str(bob.liar_port))
    alice.json("nodes", "name", str(bob.liar.node_id), "liar")
    with terminal(alice.path, columns=80, rows=24) as screen:
        screen.see("[1 Vaults]")
        screen.press("2")
        screen.line_with("connected", "liar")
        screen.press("G")
        screen.line_with(">", "connected", "liar")
        for said in packed(TEXTS, 190):
            bob.said = said
            screen.press("S")
            screen.see("esc")
            screen.until(lambda shown: "Close  esc" in shown, "what the liar said")
            screen.press("esc")
            screen.see_no("Close  esc")
        screen.press("ctrl+q")
        assert screen.ended() == 0
        is_harmless(screen)


def test_the_corpus_is_what_it_should_be() -> None:
    assert len(TEXTS) > 140
    assert sum("\x1b" in text for text in TEXTS) > 30
    assert json.loads(json.dumps(TEXTS)) == TEXTS
