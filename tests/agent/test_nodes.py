from __future__ import annotations

import asyncio

import pytest
from agent.actors import Stranger, pair, refused
from simulator import World, eventually, simulate

from pk_tui.agent.agent import Agent
from pk_tui.agent.nodes import MAX_ADDRESSES, with_address
from pk_tui.api.events import NodeChanged
from pk_tui.clock import MINUTE
from pk_tui.errors import AlreadyExists, Misuse, UnknownNode, Unreachable
from pk_tui.store.contacts import Contact
from pk_tui.terms import Address


def test_a_node_that_answers_is_added_and_one_that_does_not_is_not() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await w.add("alice"), await w.add("bob")
        async with alice.events() as events:
            view = await alice.nodes.add(w.ids["bob"], Address("bob", 1))
            assert await anext(events) == NodeChanged(w.ids["bob"])
        assert (view.node_id, view.petname, view.addresses, view.trusted) == (
            w.ids["bob"],
            None,
            (Address("bob", 1),),
            False,
        )
        with refused(Unreachable):
            await alice.nodes.add(Stranger(w).node_id, Address("bob", 1))
        with refused(Unreachable):
            await alice.nodes.add(Stranger(w).node_id, Address("bob", 2))
        assert [row.node_id for row in await alice.nodes.list()] == [w.ids["bob"]]
        await alice.nodes.add(Stranger(w).node_id, Address("nowhere", 2), ping=False)
        assert len(await alice.nodes.list()) == 2

    simulate(scenario)


def test_a_petname_is_one_nodes_alone_and_of_lawful_form() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await w.add("carol")
        await w.introduce("alice", "carol")
        with refused(AlreadyExists, "already called"):
            await alice.nodes.name("carol", "bob")
        await alice.nodes.name("bob", "bob")
        for name in ("", "a:b", " x", "-x", str(w.ids["bob"]), str(w.ids["bob"])[:20], "a\x1b"):
            with refused(Misuse):
                await alice.nodes.name("bob", name)
        with refused(UnknownNode):
            await alice.nodes.name("nobody", "x")
        await alice.nodes.name("bob", "robert")
        await alice.nodes.name("carol", "bob")
        assert [row.petname for row in await alice.nodes.list()] == ["bob", "robert"]

    simulate(scenario)


def test_a_ping_measures_there_and_back() -> None:
    async def scenario(w: World) -> None:
        w.network.latency = (0.1, 0.1)
        alice, _ = await pair(w)
        await asyncio.sleep(10)
        view = await alice.nodes.ping("bob")
        assert 190 < view.rtt_ms < 300
        assert (view.node_id, view.via) == (w.ids["bob"], "direct")
        with refused(UnknownNode):
            await alice.nodes.ping("nobody")

    simulate(scenario)


def test_connections_show_those_that_live_and_those_that_are_tried() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await alice.nodes.add(Stranger(w).node_id, Address("nowhere", 1), ping=False)
        await asyncio.sleep(10)
        live, tried_ = await alice.nodes.connections()
        assert (live.state, live.petname, live.node_id) == ("connected", "bob", w.ids["bob"])
        assert live.bytes_in > 0
        assert live.bytes_out > 0
        assert live.since is not None
        assert live.rtt_ms is not None
        assert (tried_.state, tried_.petname, tried_.address) == ("waiting", None, None)
        assert "refuses" in (tried_.last_error or "")

    simulate(scenario)


def test_a_node_that_was_seen_says_when() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await asyncio.sleep(5)
        (view,) = await alice.nodes.list()
        assert view.last_seen is not None
        assert view.last_seen <= w.clocks["alice"].now()

    simulate(scenario)


def test_few_addresses_are_kept_with_the_newest_first() -> None:
    contact = Contact(node=b"n" * 32, petname=None, addresses=(), known_since=1)
    for port in range(1, 20):
        contact = with_address(contact, Address("host", port))
    contact = with_address(contact, Address("host", 17))
    assert len(contact.addresses) == MAX_ADDRESSES
    assert [port for _, port in contact.addresses] == [17, 19, 18, 16, 15]


def test_disconnecting_who_is_not_connected_does_nothing_and_who_is_not_known_is_said() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await alice.nodes.disconnect("bob")
        with refused(UnknownNode):
            await alice.nodes.disconnect("nobody")

    simulate(scenario)


@pytest.mark.parametrize("who_leaves", ["bob", "alice"])
def test_a_node_was_seen_until_its_link_ended_however_long_it_stood(who_leaves: str) -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await eventually(lambda: _is_linked(alice))
        await asyncio.sleep(7200)
        parted = w.clocks["alice"].now()
        if who_leaves == "bob":
            await w.stop("bob")
            await eventually(lambda: _is_alone(alice))
        else:
            await w.stop("alice")
            await w.stop("bob")
            alice = await w.start("alice")
        [view] = await alice.nodes.list()
        assert view.last_seen is not None
        assert abs(view.last_seen - parted) < 2 * MINUTE

    simulate(scenario)


async def _is_linked(agent: Agent) -> bool:
    return any(row.state == "connected" for row in await agent.nodes.connections())


async def _is_alone(agent: Agent) -> bool:
    return not await _is_linked(agent)
