from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tui.dialogs.test_dialog import opened
from tui.people import HOSTILE, node_id, vault_id
from tui.stage import stage

from pk_tui.api.trust import GainView, PendingView
from pk_tui.terms import Action
from pk_tui.tui.dialogs.deed import DeedDialog
from pk_tui.tui.dialogs.linking import (
    claim_question,
    confirm_question,
    invite_question,
    reject_question,
    unclaim_question,
)
from pk_tui.tui.widgets.telling import Telling

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)])


def waiting(vaults: int = 1) -> PendingView:
    shares = [GainView(vault_id(at), f"vault-{at}", (Action.CLONE, Action.PULL)) for at in range(1, vaults + 1)]
    return PendingView(node_id(2), "g", (*shares, GainView(None, None, (Action.NOTIFY,))))


async def nothing() -> None:
    return


@SIZES
def test_confirming_shows_the_whole_id_and_exactly_what_it_would_give(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size) as s:
            answers = await opened(s, confirm_question(waiting(), "phone", "bob", nothing, is_linked=True), "A")
            text = str(node_id(2))
            parts = [text[at : at + 5] for at in range(0, len(text), 5)]
            await s.see("Confirm phone", "phone and a node of bob", *parts)
            await s.see(
                "vault-1: clone and pull", "notify: put notices into your inbox", "then x rejects it", "confirm  y"
            )
            await s.press("enter")
            assert answers == [None], "focus is on Cancel"
            answers = await opened(s, confirm_question(waiting(), "phone", "bob", nothing, is_linked=False), "A")
            await s.see("The recovery words of a node that is out")
            await s.press("y")
            await s.until(lambda: answers == [True], "the answer")

    asyncio.run(scenario())


def test_of_many_vaults_all_can_be_read_on_a_small_screen() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            await opened(s, confirm_question(waiting(30), "phone", "bob", nothing, is_linked=True), "A")
            await s.see("Cancel  esc", "They match: confirm  y", "vault-1:")
            gains = s.screen.query_one(Telling)
            gains.focus()
            await s.press("end")
            await s.see("vault-30: clone and pull", "notify: put notices")

    asyncio.run(scenario())


@SIZES
def test_rejecting_says_what_it_does_not_get_and_that_it_can_be_asked_again(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size) as s:
            answers = await opened(s, reject_question(waiting(), "phone", "bob", nothing), "x")
            await s.see("phone gets nothing of what bob was given", "vault-1", "nobody is", "A on it asks once more")
            await s.press("x", "y")
            await s.until(lambda: answers == [True], "the answer")

    asyncio.run(scenario())


QUESTIONS: dict[str, tuple[Callable[[], DeedDialog], tuple[str, ...]]] = {
    "invite": (
        lambda: invite_question(node_id(2), "server", nothing),
        ("Let server claim this node", "may claim this node once", "p takes"),
    ),
    "claim": (
        lambda: claim_question(node_id(2), "server", nothing),
        ("Claim server", "that they are one party", "then I", "X takes the claim"),
    ),
    "unclaim": (
        lambda: unclaim_question("server", nothing),
        ("Unclaim server", "one party no longer", "expelled instead (E)"),
    ),
}


@SIZES
@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_each_question_fits_says_its_effect_and_begins_on_cancel(size: tuple[int, int], name: str) -> None:
    async def scenario() -> None:
        async with stage(size) as s:
            make, says = QUESTIONS[name]
            await opened(s, make(), "I")
            await s.see(*says, "Cancel  esc", "  y")
            assert s.screen.focused is not None
            assert s.screen.focused.id == "cancel"
            body = s.screen.query_one("#body")
            assert body.virtual_size.height <= body.size.height, "all of it is seen"

    asyncio.run(scenario())


def test_names_from_outside_do_nothing() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            hostile = PendingView(node_id(2), "g", (GainView(vault_id(1), HOSTILE, (Action.PULL,)),))
            await opened(s, confirm_question(hostile, "[b]x[/]", "[i]bob", nothing, is_linked=True), "A")
            await s.see("[b]x[/] and a node of [i]bob", "[@click=app.quit]x[/]")
            assert "\x1b" not in s.screen_text()

    asyncio.run(scenario())
