from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.widgets import Button, Input
from tui.dialogs.test_dialog import opened
from tui.stage import Stage, stage

from pk_tui.api.views import OfferView
from pk_tui.errors import Unreachable
from pk_tui.terms import VaultId
from pk_tui.tui.dialogs.clone import CloneAnswer, CloneDialog, NotOffered, free_name, holds, name_fault
from pk_tui.tui.glyphs import UNICODE

OFFER = OfferView(VaultId(b"v" * 16), "infra", (), 14, 2048, 3)
HOSTILE = "a/b:[/x]\x1b]52;c;aGk=\x07"


@pytest.mark.parametrize(
    ("offered", "taken", "proposed"),
    [
        ("infra", [], "infra"),
        ("infra", ["infra", "infra-2"], "infra-3"),
        (HOSTILE, [], ""),
        ("-rf", [], ""),
        (" x", [], ""),
        ("x" * 255, ["x" * 255], ""),
    ],
)
def test_the_offered_name_is_proposed_or_the_next_free_or_none(offered: str, taken: list[str], proposed: str) -> None:
    assert free_name(offered, taken) == proposed


def test_a_name_that_is_empty_taken_or_not_allowed_is_refused_with_the_reason() -> None:
    assert name_fault("mine", ["infra"]) is None
    for typed, why in [("", "Give it a name"), ("infra", "already a vault “infra”"), ("a/b", "it has a “/”")]:
        fault = name_fault(typed, ["infra"])
        assert fault is not None
        assert why in fault.plain


def test_what_arrives_is_counted_and_marked_as_the_word_of_the_other_node() -> None:
    assert holds(OFFER).plain == "14 secrets, 2.0 KiB, 3 versions, as its node says"


async def dialog(
    s: Stage,
    look: Callable[[], Awaitable[OfferView]],
    offered: str = "infra",
    trusted: bool = True,
    key: str = "a",
) -> list[Any]:
    return await opened(s, CloneDialog(offered, "bob", trusted, lambda: ["infra"], look, UNICODE), key)


async def at_once() -> OfferView:
    return OFFER


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_it_says_what_arrives_and_answers_with_the_name(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size) as s:
            answers = await dialog(s, at_once)
            await s.see("Clone infra", "bob, trusted", "14 secrets, 2.0 KiB, 3 versions", "a copy to read", "“infra-2”")
            await s.press("backspace", "x", "enter")
            assert answers == [CloneAnswer(OFFER, "infra-x")]

    asyncio.run(scenario())


def test_before_the_answer_is_here_it_spins_and_nothing_can_be_cloned() -> None:
    async def scenario() -> None:
        async with stage() as s:
            may_answer = asyncio.Event()
            gone: list[str] = []

            async def look() -> OfferView:
                try:
                    await may_answer.wait()
                except asyncio.CancelledError:
                    gone.append("called off")
                    raise
                return OFFER

            answers = await dialog(s, look, trusted=False)
            await s.see("NOT trusted", "asking bob")
            await s.press("x", "ctrl+s")
            await s.see("is not known yet")
            assert s.screen.query_one("#clone", Button).disabled
            may_answer.set()
            await s.see("14 secrets")
            assert not s.screen.query_one("#clone", Button).disabled
            await s.press("escape")
            may_answer.clear()
            answers = await dialog(s, look)
            await s.see("asking bob")
            await s.press("escape")
            await s.until(lambda: gone == ["called off"], "the question is called off with the dialog")
            assert answers == [None]

    asyncio.run(scenario())


def test_a_name_that_cannot_be_one_here_needs_another_and_is_shown_harmlessly() -> None:
    async def scenario() -> None:
        async with stage() as s:
            answers = await dialog(s, at_once, HOSTILE)
            await s.see("a/b:[/x]\\u{1b}]52", "cannot be a name here", "14 secrets")
            assert s.screen.query_one("#name", Input).value == ""
            await s.press("ctrl+s")
            await s.see("Give it a name here.")
            await s.type("infra")
            await s.press("ctrl+s")
            await s.see("already a vault")
            assert answers == []
            await s.type("2")
            await s.press("ctrl+s")
            assert answers == [CloneAnswer(OFFER, "infra2")]

    asyncio.run(scenario())


def test_a_failed_look_is_the_answer() -> None:
    async def scenario() -> None:
        async with stage() as s:
            error = Unreachable("bob does not answer.")

            async def look() -> OfferView:
                raise error

            answers = await dialog(s, look)
            await s.until(lambda: bool(answers))
            assert answers == [NotOffered(error)]

    asyncio.run(scenario())


def test_the_enter_that_opened_it_clones_nothing() -> None:
    async def scenario() -> None:
        async with stage() as s:
            answers = await dialog(s, at_once, key="enter")
            await s.see("14 secrets")
            await s.press("enter", "enter")
            assert answers == []

    asyncio.run(scenario())
