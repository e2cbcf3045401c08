from __future__ import annotations

import asyncio
from typing import Any

import pytest
from simulator import World
from textual.widgets import Input
from tui.deeds.acting import Acting, acting
from tui.people import HOSTILE, clone, link, node_id, vault_id

from pk_tui.errors import AlreadyExists, Misuse
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Address, NodeId
from pk_tui.tui.deeds import nodes as deeds
from pk_tui.tui.node_rows import merged

NOWHERE = NodeId(b"n" * 32)


async def carol(w: World) -> None:
    """Known, without a name, and reached by nobody."""
    await w.agents["alice"].nodes.add(NOWHERE, Address("nowhere", 9), ping=False)


def bob(s: Acting) -> NodeId:
    return s.world.ids["bob"]


async def known(s: Acting, node: NodeId) -> Any:
    return next((row for row in await s.alice.nodes.list() if row.node_id == node), None)


async def fill(s: Acting, **fields: str) -> None:
    for name, text in fields.items():
        s.screen.query_one(f"#{name}", Input).value = text
    await s.pilot.pause()


# Adding


def test_a_node_that_answers_is_added_named_and_not_trusted() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            await s.world.add("dave")
            found: list[NodeId | None] = []

            async def add() -> None:
                found.append(await deeds.add(s.pane))

            s.do(add())
            await s.see("Add a node")
            await fill(s, node=f"{s.world.ids['dave']}@dave:1", name="dave")
            await s.press("ctrl+s")
            await s.settled()
            await s.see("Added dave. It is not trusted by that")
            assert found == [s.world.ids["dave"]]
            row = await known(s, s.world.ids["dave"])
            assert (row.petname, row.trusted) == ("dave", False)

    asyncio.run(scenario())


def test_one_that_answers_as_somebody_else_is_not_added_but_can_be_without_a_ping() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            s.do(deeds.add(s.pane))  # type: ignore[arg-type]
            await s.see("Add a node")
            await fill(s, node=str(NOWHERE), host="bob", port="1")
            await s.press("ctrl+s")
            await s.see("Nothing was added", "Add without ping")
            assert await known(s, NOWHERE) is None
            await s.press("ctrl+n")
            await s.settled()
            assert (await known(s, NOWHERE)).addresses == (Address("bob", 1),)

    asyncio.run(scenario())


def test_a_stranger_begins_with_its_id_and_host_but_not_with_the_port_of_its_call() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            (stranger,) = merged((), [link(3)], (), {})
            s.do(deeds.add(s.pane, stranger))  # type: ignore[arg-type]
            await s.see("Add a node", str(node_id(3)))
            assert [s.screen.query_one(f"#{name}", Input).value for name in ("host", "port")] == ["there", ""]
            await s.press("escape")
            await s.settled()
            assert await known(s, node_id(3)) is None

    asyncio.run(scenario())


# Naming


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", Misuse),
        ("  ", Misuse),
        ("taken", AlreadyExists),
        ("a/b", Misuse),
        ("v" + "0" * 20, Misuse),
        (HOSTILE, Misuse),
    ],
)
def test_a_name_that_cannot_be_is_refused(typed: str, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        deeds.petname_of(typed, {"taken"})
    assert "\x1b" not in str(caught.value)


def test_a_name_is_trimmed_and_normal() -> None:
    assert deeds.petname_of(" Zoe\u0308 ", set()) == "Zo\u00eb"


def test_a_node_is_renamed_and_keeps_its_own_name_without_complaint() -> None:
    async def scenario() -> None:
        async with acting((80, 24), carol) as s:
            s.do(deeds.name(s.pane, NOWHERE))
            await s.see("Name v")
            await s.put("bob", "#line")
            await s.see("Another node is called “bob” already.")
            await s.put("[b]carol", "#line")
            await s.press("enter")
            await s.settled()
            await s.see("is called [b]carol now.")
            assert (await known(s, NOWHERE)).petname == "[b]carol"
            s.do(deeds.name(s.pane, NOWHERE))
            await s.see("Name [b]carol")
            await s.press("end", "enter")  # enter was the last key, and might have opened this
            await s.settled()
            assert (await known(s, NOWHERE)).petname == "[b]carol"

    asyncio.run(scenario())


@pytest.mark.parametrize("deed", [deeds.name, deeds.message])
def test_who_is_not_known_has_first_to_be_added(deed: Any) -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            s.do(deed(s.pane, NOWHERE))
            await s.see("is not among your nodes: a adds it")
            await s.settled()

    asyncio.run(scenario())


# Asking


def test_a_ping_says_how_long_it_took() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            s.do(deeds.ping(s.pane, bob(s)))
            await s.see("bob answered in", "ms, direct.")

    asyncio.run(scenario())


def test_a_ping_without_answer_shows_the_checks_and_the_one_that_failed() -> None:
    async def scenario() -> None:
        async with acting((80, 24), carol) as s:
            s.do(deeds.ping(s.pane, NOWHERE))
            await s.see("That did not work", "known?", "✗ reachable?", "connected?")

    asyncio.run(scenario())


def test_a_scan_shows_what_is_offered_and_a_choice_goes_on_to_clone_it() -> None:
    async def prepare(w: World) -> None:
        await w.agents["bob"].vaults.create("infra")
        await w.agents["bob"].vaults.share("infra", str(w.ids["alice"]))

    async def scenario() -> None:
        async with acting((80, 24), prepare) as s:
            s.do(deeds.scan(s.pane, bob(s)))
            await s.see("What bob shares with this node", "infra", "clone, pull")
            await s.press("enter")
            await s.see("Clone infra")
            await s.until(lambda: not s.screen.query_one("#clone").disabled, "the offer")
            await s.press("ctrl+s")
            await s.settled()
            assert [row.name for row in await s.alice.vaults.list()] == ["infra"]
            s.do(deeds.scan(s.pane, bob(s)))
            await s.see("here: infra")

    asyncio.run(scenario())


def test_who_shares_nothing_is_said_to_and_who_cannot_be_reached_is_looked_into() -> None:
    async def scenario() -> None:
        async with acting((80, 24), carol) as s:
            s.do(deeds.scan(s.pane, bob(s)))
            await s.see("What bob shares with this node", "share a vault with you")
            await s.press("escape")
            await s.settled()
            s.do(deeds.scan(s.pane, NOWHERE))
            await s.see("That did not work", "reachable?")

    asyncio.run(scenario())


def test_clones_are_known_by_the_vault_they_come_from() -> None:
    vaults = [clone(1, "mine", 7), clone(2, "other", 8)]

    assert deeds.clones_by_origin(node_id(7), vaults) == {vault_id(101): "mine"}


# Connections and messages


def test_disconnecting_ends_the_connection_and_says_so_and_twice_that_there_is_none() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            live = s.app.session.live  # type: ignore[union-attr]
            await s.until(lambda: live.connected == 1, "the connection")
            s.do(deeds.disconnect(s.pane, bob(s)))
            await s.see("Disconnected from bob.")
            assert live.connections == []
            s.do(deeds.disconnect(s.pane, NOWHERE))
            await s.see("There is no connection to", "and none is being tried")

    asyncio.run(scenario())


def test_who_is_being_tried_is_tried_no_more() -> None:
    async def scenario() -> None:
        async with acting((80, 24), carol) as s:
            live = s.app.session.live  # type: ignore[union-attr]
            await s.until(lambda: len(live.connections) == 2, "the tries")
            s.do(deeds.disconnect(s.pane, NOWHERE))
            await s.see("is not tried any more.")
            assert [row.node_id for row in live.connections] == [bob(s)]

    asyncio.run(scenario())


def test_a_message_has_something_in_it_and_fits() -> None:
    assert deeds.message_of(" hello ") == "hello"
    for typed in ("", "   ", "漢" * 1400):
        with pytest.raises(Misuse):
            deeds.message_of(typed)


def test_a_message_arrives_as_it_was_typed() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            s.do(deeds.message(s.pane, bob(s)))
            await s.see("Message to bob")
            await s.put("hi [b]there", "#line")
            await s.press("enter")
            await s.settled()
            await s.see("On its way to bob.")
            inbox = await s.bob.notifications.inbox()
            while not inbox:
                await s.pilot.pause(0.02)
                inbox = await s.bob.notifications.inbox()
            assert "hi [b]there" in inbox[0].data.values()

    asyncio.run(scenario())


def test_an_id_is_copied_whole_and_said_to_be() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            copied: list[tuple[bytes, str, float]] = []

            async def copy(value: Plaintext, what: str, seconds: float) -> None:
                copied.append((value.reveal(), what, seconds))

            s.app.copied.copy = copy  # type: ignore[method-assign, assignment]
            s.do(deeds.copy_id(s.pane, bob(s)))
            await s.see("Copied the id of bob.")
            s.do(deeds.copy_id(s.pane, s.world.ids["alice"]))
            await s.see("Copied the id of this node.")
            assert copied == [
                (str(bob(s)).encode(), "the id of bob", 45),
                (str(s.world.ids["alice"]).encode(), "the id of this node", 45),
            ]

    asyncio.run(scenario())
