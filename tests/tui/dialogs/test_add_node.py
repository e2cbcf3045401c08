from __future__ import annotations

import asyncio

import pytest
from textual.events import Paste
from textual.widgets import Button, Input
from tui.dialogs.test_dialog import opened
from tui.people import OWN, node_id
from tui.stage import Stage, stage

from pk_tui.errors import AlreadyExists, Unreachable
from pk_tui.terms import Address
from pk_tui.tui.dialogs.add_node import AddNodeDialog
from pk_tui.tui.node_draft import Draft, Typed

ID = str(node_id(5))


class Adding:
    """What stands in for the agent: fails as often as it is told to, and notes what it was asked."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.asked: list[tuple[Draft, bool]] = []
        self.held: asyncio.Event | None = None

    async def __call__(self, draft: Draft, ping: bool) -> None:
        self.asked.append((draft, ping))
        if self.held is not None:
            await self.held.wait()
        if self.failures:
            raise self.failures.pop(0)

    def dialog(self, begin: Typed | None = None) -> AddNodeDialog:
        return AddNodeDialog(self, OWN, lambda: {node_id(7)}, lambda: {"taken"}, begin or Typed())


def values(s: Stage) -> list[str]:
    return [s.screen.query_one(f"#{name}", Input).value for name in ("node", "host", "port", "name")]


async def fill(s: Stage, *texts: str) -> None:
    for name, text in zip(("node", "host", "port", "name"), texts, strict=False):
        s.screen.query_one(f"#{name}", Input).value = text
    await s.pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_typed_by_keyboard_field_by_field_it_is_added_with_a_ping(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size) as s:
            adding = Adding()
            answers = await opened(s, adding.dialog(), "a")
            await s.see(
                "Add a node", "Paste what its owner sent you", "[x] Ping it first", "Cancel  esc", "Add  ctrl+s"
            )
            await s.type(ID[:3])
            await s.see("3 of 53 characters")
            await fill(s, ID)
            await s.press("enter")
            await s.see("host name or IP")
            await s.type("h.org")
            await s.press("enter")
            await s.type("0")
            await s.see("not a port")
            await s.press("backspace")
            await s.type("99")
            await s.see("ctrl+s adds it", "not trusting")
            await s.press("enter")
            await s.type("bob")
            await s.press("enter")
            assert answers == [node_id(5)]
            assert adding.asked == [(Draft(node_id(5), Address("h.org", 99), "bob"), True)]

    asyncio.run(scenario())


def test_all_pasted_into_one_field_is_spread_out() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            await opened(s, Adding().dialog(), "a")
            await fill(s, f"{ID}@example.org:1314")
            await s.until(lambda: values(s) == [ID, "example.org", "1314", ""], "the fields")
            assert s.screen.focused is s.screen.query_one("#name")

    asyncio.run(scenario())


def test_all_pasted_into_the_field_of_the_host_is_spread_out_too() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            await opened(s, Adding().dialog(), "a")
            await s.press("tab")
            s.screen.query_one("#host").post_message(Paste(f"{ID}@example.org:1314"))
            await s.until(lambda: values(s) == [ID, "example.org", "1314", ""], "the fields")

    asyncio.run(scenario())


def test_what_does_not_answer_is_said_with_everything_still_there_and_can_be_added_without_a_ping() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            adding = Adding(Unreachable("example.org:1314 does not answer[/x]."))
            answers = await opened(s, adding.dialog(), "a")
            assert not s.screen.query_one("#anyway", Button).display
            await s.press("ctrl+n")
            assert adding.asked == [], "that way is offered only after a failure"
            await fill(s, ID, "example.org", "1314", "bob")
            await s.press("ctrl+s")
            await s.see("does not answer[/x].", "Nothing was added", "Add without ping  ctrl+n", "Add  ctrl+s")
            assert values(s) == [ID, "example.org", "1314", "bob"]
            await fill(s, ID, "example.com")
            await s.see_no("Nothing was added")
            assert not s.screen.query_one("#anyway", Button).display, "another address has not failed yet"
            adding.failures.append(Unreachable("No."))
            await s.press("ctrl+s")
            await s.see("Add without ping")
            await s.press("ctrl+n")
            assert answers == [node_id(5)]
            assert [ping for _, ping in adding.asked] == [True, True, False]

    asyncio.run(scenario())


def test_without_the_tick_it_is_not_pinged() -> None:
    async def scenario() -> None:
        async with stage() as s:
            adding = Adding()
            answers = await opened(s, adding.dialog(), "a")
            await fill(s, ID, "h", "1")
            s.screen.query_one("#ping").focus()
            await s.press("space")
            await s.see("[ ] Ping it first")
            await s.press("ctrl+s")
            assert answers == [node_id(5)]
            assert [ping for _, ping in adding.asked] == [False]

    asyncio.run(scenario())


def test_what_is_not_right_is_not_added() -> None:
    async def scenario() -> None:
        async with stage() as s:
            adding = Adding()
            answers = await opened(s, adding.dialog(), "a")
            for fields, says in (
                ((ID[:5],), "5 of 53"),
                ((str(OWN), "h", "1"), "this node itself"),
                ((ID, "h", ""), "port"),
            ):
                await fill(s, *fields)
                await s.press("ctrl+s")
                await s.see(says)
            assert adding.asked == []
            assert answers == []

    asyncio.run(scenario())


def test_while_it_asks_a_second_press_asks_nothing_and_escape_calls_it_off() -> None:
    async def scenario() -> None:
        async with stage() as s:
            adding = Adding()
            adding.held = asyncio.Event()
            answers = await opened(s, adding.dialog(Typed(ID, "h", "1")), "a")
            await s.press("ctrl+s")
            await s.see("Asking h:1 …")
            await s.press("ctrl+s")
            assert len(adding.asked) == 1
            await s.press("escape")
            assert answers == [None]

    asyncio.run(scenario())


def test_another_failure_is_said_too_and_offers_no_way_around() -> None:
    async def scenario() -> None:
        async with stage() as s:
            await opened(
                s, Adding(AlreadyExists("Another node is already called “bob”.")).dialog(Typed(ID, "h", "1")), "a"
            )
            await s.press("ctrl+s")
            await s.see("Another node is already called “bob”.")
            assert not s.screen.query_one("#anyway", Button).display

    asyncio.run(scenario())
