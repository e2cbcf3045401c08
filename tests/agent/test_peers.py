from __future__ import annotations

import asyncio

import pytest
from agent.actors import Stranger, pair, refused, shared, tried, write
from simulator import World, eventually, simulate

from pk_tui.agent import peers as module
from pk_tui.agent.agent import Agent
from pk_tui.agent.peers import MAX_LINKS, RETIRED_AT_LEAST, RETIRED_GRACE, STEADY, Peers
from pk_tui.errors import Locked, Misuse, PeerMisbehaved, PkError, Unreachable
from pk_tui.net.link import Link
from pk_tui.net.pings import MISSED, PING_EVERY
from pk_tui.terms import Address, NodeId
from pk_tui.wire.messages import Scan, encode_message


def peers_of(agent: Agent) -> Peers:
    return agent._gate.core().peers


def links(agent: Agent) -> list[Link]:
    return peers_of(agent).live()


async def linked(*agents: Agent) -> None:
    async def are() -> bool:
        return all(len(links(agent)) == 1 for agent in agents)

    await eventually(are)


async def state(agent: Agent) -> str:
    (view,) = await agent.nodes.connections()
    return view.state


# One link per peer


@pytest.mark.parametrize("seed", range(30))
def test_two_that_dial_at_once_end_with_the_same_one_link(seed: int) -> None:
    async def scenario(w: World) -> None:
        w.network.latency = (0.001, 0.3) if seed % 2 else (0.05, 0.05)
        alice, bob = await pair(w)
        await linked(alice, bob)
        await asyncio.sleep(RETIRED_AT_LEAST + 1)
        (one,), (other,) = links(alice), links(bob)
        assert one.binding == other.binding
        assert {one.direction, other.direction} == {"in", "out"}
        for agent in (alice, bob):
            assert not peers_of(agent)._retired
            assert (await agent.lifecycle.status()).connections == 1
        dials = w.network.dials
        await asyncio.sleep(60)
        assert w.network.dials == dials, "nobody dials again"

    simulate(scenario, seed)


@pytest.mark.parametrize("seed", range(30))
def test_what_is_asked_while_both_dial_is_answered(seed: int) -> None:
    async def scenario(w: World) -> None:
        w.network.latency = (0.001, 0.3)
        alice, bob = await pair(w)
        for agent, name in ((alice, "for bob"), (bob, "for alice")):
            await agent.vaults.create(name)
        await alice.vaults.share("for bob", "bob")
        await bob.vaults.share("for alice", "alice")
        for _ in range(8):
            await asyncio.gather(bob.vaults.scan("alice"), alice.vaults.scan("bob"), alice.nodes.ping("bob"))
            await asyncio.sleep(0.1)
        await bob.vaults.clone("for bob", "alice")
        await eventually(lambda: inbox_of(alice))

    async def inbox_of(agent: Agent) -> bool:
        return len(await agent.notifications.inbox()) == 1

    simulate(scenario, seed)


def test_a_second_link_of_one_end_replaces_the_first_which_ends_when_it_is_idle() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await w.add("alice"), Stranger(w)
        first = await mallory.dial("alice")
        second = await mallory.dial("alice")
        await asyncio.sleep(RETIRED_AT_LEAST + 1)
        assert first.closed is not None
        assert second.closed is None
        assert len(links(alice)) == 1
        await second.ping()

    simulate(scenario)


def test_a_retired_link_finishes_what_is_under_way_but_not_for_ever() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await w.add("alice"), Stranger(w)
        await mallory.dial("alice")
        await linked(alice)
        (old,) = links(alice)
        asking = asyncio.create_task(tried(alice.vaults.scan(str(mallory.node_id))))
        await asyncio.sleep(1)
        await mallory.dial("alice")
        await asyncio.sleep(1)
        assert peers_of(alice)._retired
        assert old.closed is None
        await asyncio.sleep(RETIRED_AT_LEAST + RETIRED_GRACE)
        assert old.closed is not None
        assert isinstance(await asking, Unreachable)

    simulate(scenario)


def test_a_stranger_cannot_take_the_place_of_an_existing_link() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await linked(alice, bob)
        before = links(alice)
        mallory = Stranger(w)
        await mallory.dial("alice")
        await asyncio.sleep(1)
        assert {link.peer for link in links(alice)} == {w.ids["bob"], mallory.node_id}
        assert before[0] in links(alice)
        assert await bob.vaults.scan("alice")

    simulate(scenario)


def test_a_node_that_answers_at_anothers_address_is_not_taken_for_it() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await w.add("alice"), Stranger(w)
        await mallory.listen()
        other = NodeId(Stranger(w, "other").node_id.raw)
        error = await tried(alice.nodes.add(other, Address("mallory", 1)))
        assert type(error) is Unreachable
        assert await alice.nodes.list() == []
        assert links(alice) == []

    simulate(scenario)


# Reaching


def test_an_address_that_is_not_reachable_is_reported_in_words() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await w.add("alice"), await w.add("bob")
        with refused(Unreachable, "refuses connections"):
            await alice.nodes.add(w.ids["bob"], Address("nowhere", 7))
        w.network.cut("alice", "bob")
        with refused(Unreachable, "does not answer"):
            await alice.nodes.add(w.ids["bob"], Address("bob", 1))
        with refused(Unreachable, "No address of"):
            await alice.nodes.ping(str(w.ids["bob"]))
        assert await alice.nodes.list() == []
        assert bob

    simulate(scenario)


def test_several_addresses_are_tried_and_the_one_that_works_comes_first() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await w.add("alice"), await w.add("bob")
        for port in (1, 7, 8):
            await alice.nodes.add(w.ids["bob"], Address("bob", port), ping=False)
        await linked(alice, bob)
        await asyncio.sleep(1)
        (view,) = await alice.nodes.list()
        assert view.addresses == (Address("bob", 1), Address("bob", 8), Address("bob", 7))
        assert view.last_seen is not None

    simulate(scenario)


def test_all_that_was_tried_is_named_when_nothing_answers() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        nobody = NodeId(Stranger(w).node_id.raw)
        for port in (7, 8):
            await alice.nodes.add(nobody, Address("nowhere", port), ping=False)
        with pytest.raises(Unreachable) as caught:
            await alice.nodes.ping(str(nobody))
        assert "nowhere:7" in caught.value.message
        assert "nowhere:8" in caught.value.message

    simulate(scenario)


def test_an_address_is_tried_even_while_there_is_a_link() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await linked(alice, bob)
        with refused(Unreachable):
            await alice.nodes.add(w.ids["bob"], Address("nowhere", 9))
        (view,) = await alice.nodes.list()
        assert view.addresses == (Address("bob", 1),)
        await alice.nodes.add(w.ids["bob"], Address("bob", 1))
        await asyncio.sleep(RETIRED_AT_LEAST + 1)
        assert len(links(alice)) == len(links(bob)) == 1

    simulate(scenario)


def test_what_was_tried_says_by_which_address_and_whether_anything_answered() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await w.add("alice"), await w.add("bob")
        mallory, peers = Stranger(w), peers_of(alice)
        assert await peers.try_to_link(mallory.node_id) == []
        assert peers.linked(mallory.node_id) is None
        for host in ("bob", "nowhere"):
            await alice.nodes.add(mallory.node_id, Address(host, 1), ping=False)
        await alice.nodes.disconnect(str(mallory.node_id))
        tried_ = await peers.try_to_link(mallory.node_id)
        assert not isinstance(tried_, Link)
        assert [(one.address.host, one.answered) for one in tried_] == [("nowhere", False), ("bob", True)]
        assert all(one.fault and str(one).count(str(one.address)) == 1 for one in tried_)
        assert not any(str(one).endswith(".") for one in tried_), "they stand in the middle of a sentence"
        with refused(Unreachable, r"\(nowhere:1 refuses connections; .*bob:1.*\)\."):
            await peers.link_to(mallory.node_id)
        await mallory.dial("alice")
        await linked(alice)
        link = peers.linked(mallory.node_id)
        assert link is not None
        assert await peers.try_to_link(mallory.node_id) is link
        assert await peers.link_to(mallory.node_id) is link
        await link.close()
        assert peers.linked(mallory.node_id) is None

    simulate(scenario)


def test_many_requests_at_once_share_one_dial() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await w.add("alice"), await w.add("bob")
        await alice.nodes.add(w.ids["bob"], Address("bob", 1), ping=False)
        await asyncio.gather(*(alice.nodes.ping(str(w.ids["bob"])) for _ in range(20)))
        assert w.network.dials == 1
        assert len(links(bob)) == 1

    simulate(scenario)


def test_oneself_is_not_dialled() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        with refused(Misuse):
            await alice.nodes.add(w.ids["alice"], Address("alice", 1))
        with refused(Unreachable):
            await alice.nodes.ping(str(w.ids["alice"]))
        assert w.network.dials == 0

    simulate(scenario)


# Losing and finding again


def test_a_dropped_link_is_made_anew_soon() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await linked(alice, bob)
        await asyncio.sleep(STEADY + 1)
        await w.network.drop_connections()
        await asyncio.sleep(2)
        await linked(alice, bob)

    simulate(scenario)


def test_a_half_open_link_is_noticed_by_pings_and_said_so() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await linked(alice, bob)
        await asyncio.sleep(1)
        w.network.cut("alice", "bob")
        await asyncio.sleep(PING_EVERY * (MISSED + 1) + 11)
        assert links(alice) == links(bob) == []
        (view,) = await alice.nodes.connections()
        assert view.state in ("connecting", "waiting")
        assert view.last_error

    simulate(scenario)


def test_while_a_peer_is_away_it_is_dialled_ever_more_rarely_and_found_when_it_returns() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await linked(alice, bob)
        await w.stop("bob")
        counts = []
        for _ in range(4):
            before = w.network.dials
            await asyncio.sleep(600)
            counts.append(w.network.dials - before)
        assert counts[0] > counts[1] >= counts[3] >= 1
        assert counts[0] <= 16
        assert counts[3] <= 4
        (view,) = await alice.nodes.connections()
        assert view.state == "waiting"
        assert "refuses connections" in (view.last_error or "")
        now = w.clocks["alice"].now()
        assert view.next_try is not None
        assert now < view.next_try <= now + 400_000_000, "when it is dialled again"
        bob = await w.start("bob")
        await linked(alice, bob)

    simulate(scenario)


def test_after_a_partition_heals_the_two_find_each_other_within_minutes() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await linked(alice, bob)
        w.network.cut("alice", "bob")
        await asyncio.sleep(3600)
        w.network.heal()

        async def found() -> bool:
            return len(links(alice)) == len(links(bob)) == 1

        await eventually(found, within=400)

    simulate(scenario)


def test_a_peer_that_takes_us_in_and_sends_us_away_is_not_dialled_without_a_pause() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await w.add("alice"), Stranger(w)
        await mallory.meet("alice")

        async def send_away() -> None:
            while True:
                for link in mallory.links:
                    if link.closed is None:
                        await link.close()
                await asyncio.sleep(0.05)

        away = asyncio.create_task(send_away())
        await asyncio.sleep(60)
        first = w.network.dials
        assert first <= 10
        await asyncio.sleep(600)
        assert w.network.dials - first <= 8
        away.cancel()
        await asyncio.sleep(400)
        assert len(links(alice)) == 1

    simulate(scenario)


def test_a_restarted_peer_is_found_by_whoever_has_an_address() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await linked(alice, bob)
        await w.stop("bob")
        bob = await w.start("bob")
        await linked(alice, bob)
        await asyncio.sleep(10)
        assert len(links(alice)) == len(links(bob)) == 1

    simulate(scenario)


def test_a_peer_that_vanished_and_came_back_is_not_kept_out_by_its_old_link_for_long() -> None:
    """Neither end is told that the first link is dead: the one that dials anew must not be sent away for good."""

    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await linked(alice, bob)
        await asyncio.sleep(RETIRED_AT_LEAST + 1)
        w.network.cut("alice", "bob")
        await w.stop("bob")
        w.network.heal()
        bob = await w.start("bob")

        async def talk() -> bool:
            return await tried(bob.nodes.ping("alice")) is None and await tried(alice.nodes.ping("bob")) is None

        await eventually(talk, within=PING_EVERY * (MISSED + 1) + 30)

    for seed in range(6):
        simulate(scenario, seed)


# Disconnecting


def test_a_node_that_was_disconnected_is_not_dialled_until_it_is_asked_for() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await w.add("alice"), Stranger(w)
        await mallory.meet("alice")
        await linked(alice)
        await alice.nodes.disconnect("mallory")
        assert links(alice) == []
        dials = w.network.dials
        await asyncio.sleep(1000)
        assert w.network.dials == dials
        assert await alice.nodes.connections() == []
        await alice.nodes.ping("mallory")
        assert w.network.dials == dials + 1
        await alice.nodes.disconnect("mallory")
        await alice.nodes.disconnect("mallory")

    simulate(scenario)


def test_a_node_that_was_disconnected_while_it_was_waited_for_is_wanted_again_once_only() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        nobody = Stranger(w)
        await alice.nodes.add(nobody.node_id, Address("mallory", 1), ping=False)
        for _ in range(5):
            await asyncio.sleep(20)
            await alice.nodes.disconnect(str(nobody.node_id))
            await alice.notifications.send(str(nobody.node_id), "wanted again")
        await asyncio.sleep(600)
        before = w.network.dials
        await asyncio.sleep(600)
        assert w.network.dials - before <= 4

    simulate(scenario)


# Many


def test_when_it_is_full_strangers_are_turned_away_and_known_nodes_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LINKS", 5)

    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        crowd = [Stranger(w, f"m{number}") for number in range(8)]
        for stranger in crowd:
            await tried(stranger.dial("alice"))
        await asyncio.sleep(3)
        assert len(links(alice)) == 5
        assert sum(link.closed is None for stranger in crowd for link in stranger.links) == 5
        bob = await w.add("bob")
        await alice.nodes.add(w.ids["bob"], Address("nowhere", 1), ping=False)
        await alice.nodes.disconnect(str(w.ids["bob"]))  # known, though nobody waits for it
        await bob.nodes.add(w.ids["alice"], Address("alice", 1))
        await asyncio.sleep(1)
        assert w.ids["bob"] in {link.peer for link in links(alice)}
        assert len(links(bob)) == 1

    simulate(scenario)
    assert MAX_LINKS == 256


# Locking and stopping


def test_locking_closes_every_link_and_stops_listening_and_dialling() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await linked(alice, bob)
        await w.stop("bob")
        await alice.lock()
        dials = w.network.dials
        await asyncio.sleep(1000)
        assert w.network.dials == dials
        mallory = Stranger(w)
        with pytest.raises(Unreachable, match="refuses connections"):
            await mallory.dial("alice")
        await alice.unlock(w._roots["alice"])
        bob = await w.start("bob")
        await linked(alice, bob)

    simulate(scenario)


@pytest.mark.parametrize("after", [0.0, 0.01, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5])
def test_locking_while_a_peer_is_dialled_leaves_no_link_behind(after: float) -> None:
    async def scenario(w: World) -> None:
        w.network.latency = (0.04, 0.06)
        alice, mallory = await w.add("alice"), Stranger(w)
        await mallory.listen()
        await alice.nodes.add(mallory.node_id, Address("mallory", 1), ping=False)
        pinging = asyncio.create_task(alice.nodes.ping(str(mallory.node_id)))
        await asyncio.sleep(after)
        await alice.lock()
        try:
            await pinging
        except PkError as error:
            assert isinstance(error, Unreachable | Locked)  # noqa: PT017
        await asyncio.sleep(5)
        assert all(link.closed is not None for link in mallory.links)
        await alice.unlock(w._roots["alice"])
        assert await tried(alice.nodes.ping(str(mallory.node_id))) is None

    simulate(scenario)


def test_a_node_that_does_not_stay_keeps_no_link_up() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await linked(alice, bob)
        assert await state(alice) == "connected"
        await bob.lock()
        bob._stays = False
        await alice.nodes.disconnect("bob")
        await bob.unlock(w._roots["bob"])
        dials = w.network.dials
        await asyncio.sleep(100)
        assert w.network.dials == dials

    simulate(scenario)


def test_a_peer_that_breaks_the_protocol_is_sent_away_and_may_come_again() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await w.add("alice"), Stranger(w)
        for _ in range(3):
            link = await mallory.dial("alice")
            stream = await link.request(b"\xc1")
            assert isinstance(await tried(stream.receive()), Unreachable | PeerMisbehaved)
            assert link.closed is not None
        link = await mallory.dial("alice")
        assert len(await mallory.ask(link, Scan())) == 1
        assert len(links(alice)) == 1

    simulate(scenario)


def test_a_request_on_a_link_that_is_gone_is_unreachable_and_the_next_finds_a_new_one() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await linked(alice, bob)
        (link,) = links(bob)
        await w.network.drop_connections()
        await asyncio.sleep(0.5)
        with pytest.raises(Unreachable):
            await link.request(encode_message(Scan()))
        assert await bob.vaults.scan("alice")
        await write(alice, "work:x", b"1")
        await bob.vaults.clone("work", "alice")

    simulate(scenario)
