"""The first minutes: a node is made, left running and found again; and one person alone tries everything in the playground."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from stories.harness import Node
from stories.terminal import Terminal, terminal

PASSWORD = "fifteen lanterns walk at noon"


@pytest.fixture
def place() -> Iterator[Node]:
    """Where no node is yet."""
    base = Path(tempfile.mkdtemp(prefix="pk-"))
    node = Node(base / "node")
    yield node
    if node.pid:
        with suppress(ProcessLookupError):
            node.kill()
    shutil.rmtree(base, ignore_errors=True)


def test_a_node_is_made_left_running_and_found_again(place: Node) -> None:
    with terminal(place.path, columns=80, rows=24) as screen:
        screen.see("There is no node in", "1  Create a node here", "2  Open the playground")
        screen.press("enter")
        screen.see("1 of 3, a password")
        screen.fill_in(PASSWORD, key="enter", looks="•" * len(PASSWORD))
        screen.see("strong")
        screen.press("enter")
        screen.see("Enter it a second time")
        screen.type(PASSWORD[:-1])
        screen.press("enter")
        screen.see("The two differ. Nothing was made")
        assert not place.path.exists() or "node.db" not in {one.name for one in place.path.iterdir()}
        screen.type(PASSWORD[-1])
        screen.press("enter")

        words = words_on(screen.see("2 of 3, the recovery words", "They are shown this once", "They hold no secrets"))
        screen.press("enter")
        asked = asked_on(screen)
        assert has_few_of(words, screen.text)
        answer(screen, ["wrongly", "falsely", "badly"])
        screen.see("are others. esc shows the words again")
        screen.press("esc")
        assert words_on(screen.see("2 of 3, the recovery words")) == words
        screen.press("enter")
        again = asked_on(screen)
        assert again != asked
        answer(screen, [words[position - 1] for position in again])

        screen.see("[1 Vaults]", "No vaults yet")
        assert "attached" not in screen.text
        screen.press("q")
        screen.see("Leave pk-tui?", "This window holds the node", "Leave it running  b")
        screen.press("b")
        assert screen.ended() == 0
        told = re.search(r"The node goes on in the background \(process (\d+)\)", screen.left_behind)
        assert told is not None
        place.pid = int(told[1])
        assert has_few_of(words, screen.left_behind)

    with terminal(place.path) as screen:
        screen.see("[1 Vaults]", "attached")
        assert "assword" not in screen.past
        status = place.json("agent", "status")
        assert (status["status"], status["pid"], status["locked"]) == ("live", place.pid, False)
        place.json("vaults", "create", "from-a-command")
        screen.see("from-a-command")
        screen.press("q")  # nothing speaks against it: the node goes on
        assert screen.ended() == 0

    assert [vault["vault_name"] for vault in place.json("vaults", "list")] == ["from-a-command"]
    place.stop()
    place.fails(77, "vaults", "list")  # nobody holds it now, and no password is at hand
    with terminal(place.path) as screen:
        screen.see("Enter the password to open the node")
        screen.type(PASSWORD)
        screen.press("enter")
        screen.see("[1 Vaults]", "from-a-command")


def words_on(screen: str) -> list[str]:
    found = {int(number): word for number, word in re.findall(r"\b(\d\d?) ([a-z]{3,8})\b", screen)}
    return [found[number] for number in range(1, 25)]


def asked_on(screen: Terminal) -> list[int]:
    shown = screen.until(
        lambda shown: "3 of 3" in shown and len(positions_on(shown)) == 3, "three words being asked for"
    )
    return positions_on(shown)


def positions_on(shown: str) -> list[int]:
    return [int(number) for number in re.findall(r"Word (\d+)", shown)]


def has_few_of(words: list[str], text: str) -> bool:
    """No more than our own sentences may have by chance: `sure`, `again` and `process` are recovery words too."""
    return len(set(words) & set(re.findall("[a-z]+", text))) < 6


def answer(screen: Terminal, words: list[str]) -> None:
    """In the three fields; enter goes from each to the next that is empty."""
    for word in words[:-1]:
        screen.fill_in(word, key="tab")
    screen.type(words[-1])
    screen.see(*words)
    screen.press("enter")


def test_one_person_alone_accepts_clones_pulls_and_shares(place: Node) -> None:
    temporary = place.path.parent / "tmp"
    temporary.mkdir()
    with terminal(place.path, env={"TMPDIR": str(temporary)}) as screen:
        screen.see("2  Open the playground")
        screen.press("2")
        screen.see("[1 Vaults]", "playground", "1/1 connected", "4 Inbox(1)", "personal")
        assert len(list(temporary.iterdir())) == 1

        # The friend has shared something: take it.
        screen.press("4")
        screen.line_with("Share", "robin", "vault team")
        screen.press("a")
        screen.see("Clone team", "robin, trusted", "as its node says")
        screen.press("enter")
        screen.see("[1 Vaults]", "Cloned team from robin")

        # The friend changes it: pull.
        screen.line_with("team", "read only", "1 behind")
        screen.press("p")
        screen.see("Pulled team: 1 changed")

        # Share a vault of ours: the friend answers.
        screen.press("g")
        screen.see("─ personal ─")
        screen.press("s")
        screen.see("Share personal", "trusted, connected")
        screen.press("down", "enter")
        screen.see("✓ robin")
        screen.press("ctrl+s")
        screen.see("Shared personal with robin")
        screen.see("Inbox(1)")
        screen.press("4")
        screen.line_with("new", "Message", "robin", "I cloned “personal”: 3 secrets.")

        screen.press("q")
        assert screen.ended() == 0
        assert "The playground is over: both throw-away nodes are removed." in screen.left_behind
    assert list(temporary.iterdir()) == []
    assert not place.path.exists() or not (place.path / "node.db").exists()
