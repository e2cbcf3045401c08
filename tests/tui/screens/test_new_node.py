from __future__ import annotations

import asyncio

import pytest
from tui.closed import ClosedStage, closed_stage

from pk_tui.api.front import Beginning
from pk_tui.errors import StorageFailed
from pk_tui.plaintext import Plaintext
from pk_tui.tui.screens.new_node import NewNodeScreen, refusal

GOOD = "seven quiet lamps"


@pytest.mark.parametrize(
    ("first", "second", "part"),
    [
        ("", "", "Enter a password"),
        ("a", "", "a second time"),
        ("a", "b", "differ"),
        ("a", "a", ""),
        ("", "a", "Enter a"),
    ],
)
def test_which_passwords_are_taken(first: str, second: str, part: str) -> None:
    why = refusal(Plaintext.of_text(first), Plaintext.of_text(second))
    assert part in why
    assert bool(why) == bool(part)


async def form(s: ClosedStage) -> NewNodeScreen:
    await s.press("1")
    await s.until(lambda: isinstance(s.screen, NewNodeScreen), "the form")
    assert isinstance(s.screen, NewNodeScreen)
    return s.screen


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 15)])
def test_a_weak_password_is_warned_of_and_taken(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.NO_NODE, size) as s:
            await form(s)
            await s.type("secret")
            await s.see("very weak", "to guess offline", "Fewer than 8 characters", "ctrl+r Show for 3 s")
            await s.press("enter")
            await s.enter("secret")
            await s.see("24 words")
            assert s.front.password == "secret"

    asyncio.run(scenario())


def test_nothing_is_made_of_no_password_or_of_two_that_differ() -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.NO_NODE) as s:
            screen = await form(s)
            await s.press("enter")
            await s.see("Enter a password.")
            await s.enter(GOOD)
            await s.enter("another")
            await s.see("The two differ.")
            assert s.front.asked == []
            assert screen.first.typed == Plaintext.of_text(GOOD)
            assert GOOD not in s.screen_text()

    asyncio.run(scenario())


def test_what_fails_is_said_and_what_was_typed_stays() -> None:
    async def scenario() -> None:
        fails = {"create": [StorageFailed("The disk is full; nothing was made [/x].")]}
        async with closed_stage(Beginning.NO_NODE, fails=fails) as s:
            await form(s)
            s.front.hold = asyncio.Event()
            await s.enter(GOOD)
            await s.enter(GOOD)
            await s.see("Making the node…")
            await s.press("escape", "enter")
            assert isinstance(s.screen, NewNodeScreen)
            s.front.hold.set()
            await s.see("The disk is full; nothing was made [/x].")
            await s.press("enter")
            await s.see("24 words")
            assert s.front.asked == ["create", "create"]

    asyncio.run(scenario())


def test_what_was_typed_shows_for_three_seconds_on_request_and_not_after_leaving_the_field() -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.NO_NODE) as s:
            await form(s)
            await s.type("canary")
            assert "canary" not in s.screen_text()
            await s.press("ctrl+r")
            await s.see("canary")
            await s.press("down")
            await s.see_no("canary")

    asyncio.run(scenario())
