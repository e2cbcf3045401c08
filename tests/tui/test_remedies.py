from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.binding import Binding
from textual.widget import Widget
from tui.stage import stage, write

import pk_tui
from pk_tui.errors import NotFound
from pk_tui.terms import SecretPath
from pk_tui.tui.dialogs.history import HistoryDialog
from pk_tui.tui.panes.gestalt import GestaltPane
from pk_tui.tui.panes.nodes import NodesPane
from pk_tui.tui.panes.notifications import NotificationsPane
from pk_tui.tui.panes.vaults import VaultsPane
from pk_tui.tui.remedies import KEYS, WORDS, in_keys, reason
from pk_tui.tui.screens.workspace import Workspace
from pk_tui.tui.widgets.key_bar import key_name

HOME = Path(pk_tui.__file__).parent
HEARD = ("agent", "vault", "store", "importers", "trust", "net")
"""Rooms whose sentences come to the screen."""


def sentences(file: Path) -> Iterator[str]:
    """Every text in a source, with `…` for what is filled in."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else "…" for one in node.values)


def test_every_command_that_a_sentence_names_becomes_a_key_or_is_left_on_purpose() -> None:
    named = {
        found
        for room in HEARD
        for file in sorted((HOME / room).rglob("*.py"))
        for text in sentences(file)
        for found in re.findall(r"`pk-tui [^`]*`", text)
    }
    assert len(named) > 10
    left = {one for one in named if in_keys(one) == one}
    without_a_key = {re.sub(r"`pk-tui ((?:[a-z-]+ )*[a-z-]+).*", r"\1", one) for one in left}
    assert without_a_key <= ONLY_COMMANDS, "say in tui/remedies.py which key does the same, or name it below"


ONLY_COMMANDS = {"vaults pull --from"}
"""What no key does."""


@pytest.mark.parametrize("command", sorted(KEYS))
def test_a_key_that_is_named_is_one(command: str) -> None:
    *before, key = KEYS[command]
    places: dict[str, tuple[type[Widget], ...]] = {
        "1": (VaultsPane,),
        "2": (NodesPane,),
        "3": (GestaltPane,),
        "4": (NotificationsPane,),
        "H": (HistoryDialog,),
    }
    where = places[before[0]] if before else (VaultsPane, Workspace)
    bound = {
        key_name(one)
        for place in where
        for binding in place.BINDINGS
        if isinstance(binding, Binding)
        for one in binding.key.split(",")
    }
    assert key in bound or key in ("enter",)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("See `pk-tui vaults log VAULT PATH` for the versions.", "See `H` for the versions."),
        ("Add it with `pk-tui nodes add v12… HOST PORT`.", "Add it with `2`, then `a`."),
        ("Unlock it with `pk-tui agent unlock`.", "Unlock it with your password."),
        ("pull with `pk-tui vaults pull --from` it", "pull with `pk-tui vaults pull --from` it"),
        ("Stop it with `pk-tui agent stop`.", "Stop it with `pk-tui agent stop`."),
        ("`--accept-rewritten` and `vaults log`", "`--accept-rewritten` and `vaults log`"),
        ("`pk-tui check` says more, `pk-tui vaults pull` too.", "`K` says more, `p` too."),
    ],
)
def test_commands_become_keys_and_the_rest_stays(said: str, shown: str) -> None:
    assert in_keys(said) == shown
    assert reason(NotFound(said)) == shown


@given(st.text())
def test_a_sentence_without_a_command_stays_as_it_is(text: str) -> None:
    assert "`pk-tui " in text or in_keys(text) == text


def test_the_screen_says_keys_where_the_command_line_says_commands() -> None:
    async def scenario() -> None:
        async with stage((120, 40)) as s:
            await s.alice.vaults.create("work")
            await write(s.alice, "work", "a", b"1")
            head = (await s.alice.vaults.get("work")).head
            with pytest.raises(NotFound, match="pk-tui vaults log") as refused:
                await s.alice.vaults.restore("work", str(head), SecretPath(("nothing",)))
            workspace = s.screen
            assert isinstance(workspace, Workspace)
            workspace.pane.complain(refused.value)
            await s.see("There was nothing at “nothing”", "See `H` for the versions that had it.")

    asyncio.run(scenario())


def test_no_sentence_of_an_error_comes_to_the_screen_another_way() -> None:
    elsewhere = []
    for file in sorted((HOME / "tui").rglob("*.py")):
        if file.name in ("remedies.py", "launch.py"):  # the latter speaks once the screen is gone
            continue
        elsewhere += [
            f"{file.name}:{node.lineno}"
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Attribute)
            and node.attr == "message"
            and isinstance(node.value, ast.Name)
            and node.value.id in ("error", "failure")
        ]
    assert not elsewhere, "take pk_tui.tui.remedies.reason(error)"


def test_the_words_in_place_of_a_key_are_ours() -> None:
    assert all(in_keys(f"`pk-tui {command}`") == words for command, words in WORDS.items())
