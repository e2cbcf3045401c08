from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from tui.people import HOSTILE, WIDE, clone, known, link, node_id, own_status, party, vault_id

from pk_tui.api.trust import GainView, PendingView
from pk_tui.terms import Action
from pk_tui.tui.gestalt_rows import Branch, Marks, branches
from pk_tui.tui.glyphs import ASCII, UNICODE, Glyphs
from pk_tui.tui.widgets.gestalt_tree import GestaltTree, drawn

BOB, CAROL = str(node_id(1)), str(node_id(2))


def rows(*shared: str, bob: str = "bob", state: str = "connected") -> list[Branch]:
    return branches(
        own_status(),
        [party(1, *shared, trusted=True), party(2)],
        [known(1, bob), known(2, "carol")],
        [link(1, state)],
        [clone(9, "theirs", 1, behind=2)],
    )


class Harness(App[None]):
    def compose(self) -> ComposeResult:
        yield GestaltTree(UNICODE)


@asynccontextmanager
async def tree() -> AsyncIterator[tuple[GestaltTree, Pilot[None]]]:
    async with Harness().run_test(size=(60, 12)) as pilot:
        found = pilot.app.query_one(GestaltTree)
        found.focus()
        found.show_branches(rows("work"))
        await pilot.pause()
        yield found, pilot


def at(found: GestaltTree) -> str:
    return found.current.key if found.current is not None else ""


def test_keys_fold_unfold_and_go_to_the_branch() -> None:
    async def scenario() -> None:
        async with tree() as (found, pilot):
            every = len(found.rows)
            assert found.reveal(f"{BOB}/{node_id(1)}")
            await pilot.press("h")
            assert at(found) == BOB, "first to the branch"
            await pilot.press("left")
            assert len(found.rows) == every - 3, "then it is folded"
            await pilot.press("right")
            assert len(found.rows) == every
            await pilot.press("l")
            assert at(found) == f"{BOB}/{node_id(1)}", "then into it"
            await pilot.press("l", "space")
            assert len(found.rows) == every, "a leaf does not fold"
            await pilot.press("h", "space")
            assert len(found.rows) == every - 3

    asyncio.run(scenario())


def test_live_changes_keep_the_cursor_and_what_is_folded() -> None:
    async def scenario() -> None:
        async with tree() as (found, pilot):
            found.reveal(CAROL)
            await pilot.press("h")
            found.reveal(f"{BOB}/to:{party(1, 'work').shared[0].vault_id}")
            for changed in (rows("work", "more"), rows("work", bob="zoe"), rows("work", state="waiting")):
                found.show_branches(changed)
                await pilot.pause()
                assert at(found).startswith(f"{BOB}/to:")
                assert found.folded == {CAROL}
            found.show_branches(rows())
            assert at(found) == BOB, "what it was on is gone: what that lay in"

    asyncio.run(scenario())


def test_what_is_folded_away_is_found_again_and_what_is_not_there_is_not() -> None:
    async def scenario() -> None:
        async with tree() as (found, _):
            found.folded = {BOB}
            found.show_branches(rows("work"))
            assert found.reveal(f"{BOB}/{node_id(1)}")
            assert at(found) == f"{BOB}/{node_id(1)}"
            assert not found.reveal("nobody")
            assert at(found) == f"{BOB}/{node_id(1)}"

    asyncio.run(scenario())


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_rows_say_in_words_what_they_are(glyphs: object) -> None:
    assert glyphs in (UNICODE, ASCII)
    chosen = UNICODE if glyphs == UNICODE else ASCII
    text = [drawn(row, 56, chosen, False).plain for row in rows("work")]

    for words in (
        "self",
        "this node",
        "trusted",
        "NOT trusted",
        "connected",
        "offline",
        "shared with it",
        "2 behind",
    ):
        assert any(words in line for line in text), words
    assert chosen is UNICODE or all(line.isascii() or "…" in line for line in text)


def test_facts_stand_in_one_column_and_names_from_outside_stay_in_theirs() -> None:
    some = rows("work", bob=HOSTILE) + rows(WIDE, bob=WIDE)
    for row in some:
        line = drawn(row, 60, UNICODE, False)
        assert all(ord(letter) >= 32 for letter in line.plain)
        assert not any("click" in str(span.style) for span in line.spans)
    starts = {
        drawn(row, 60, UNICODE, False).plain.index(words)
        for row, words in ((some[0], "self"), (rows("work")[2], "trusted"), (rows("work")[3], "● connected"))
    }
    assert len(starts) == 1


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_a_node_that_waits_or_is_out_says_so_before_its_state(glyphs: Glyphs) -> None:
    gains = (GainView(vault_id(1), "work", (Action.PULL,)), GainView(vault_id(2), "notes", (Action.PULL,)))
    bob = replace(party(1, trusted=True), nodes=(node_id(1), node_id(2)))
    gone = replace(party(3), expelled=True)
    marks = Marks.of([PendingView(node_id(2), "g", gains)], [], [])
    found = branches(own_status(), [bob, gone], [known(1, "laptop"), known(3, "old")], [link(1)], (), marks)
    lines = {row.key: drawn(row, 78, glyphs, False).plain for row in found}

    assert "! a node waits  trusted" in lines[BOB]
    assert "laptop" in lines[f"{BOB}/{node_id(1)}"]
    assert f"! waits: would read work, notes  {glyphs.down} offline" in lines[f"{BOB}/{node_id(2)}"]
    assert f"{node_id(2).short}…" in lines[f"{BOB}/{node_id(2)}"]
    assert f"{glyphs.failed} EXPELLED" in lines[str(node_id(3))]
    assert glyphs is UNICODE or all(line.replace("…", "").isascii() for line in lines.values())
