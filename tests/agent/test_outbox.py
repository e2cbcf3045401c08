from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agent.actors import Stranger, pair, refused
from simulator import World, eventually, simulate

from pk_tui.agent import outbox as module
from pk_tui.agent.agent import Agent
from pk_tui.agent.outbox import ANSWER_WITHIN
from pk_tui.errors import Busy
from pk_tui.net.link import Link, Stream
from pk_tui.terms import Address
from pk_tui.wire.messages import Ack, Failure, Notify, Scan, decode_message, encode_message


async def messages(agent: Agent) -> list[object]:
    return [view.data.get("message") for view in await agent.notifications.inbox(newest_first=False)]


async def empty(agent: Agent) -> bool:
    return await agent.notifications.outbox() == []


class Postman(Stranger):
    """Answers notifications as told, and remembers them."""

    reply: bytes | None = encode_message(Ack())

    async def serve(self, link: Link, stream: Stream) -> None:
        raw = await stream.receive()
        assert raw is not None
        self.requests.append(decode_message(raw, Notify).id)
        if self.reply is None:
            while await stream.receive() is not None:
                pass
        else:
            await stream.send(self.reply)


async def with_postman(w: World, reply: bytes | None) -> tuple[Agent, Postman]:
    alice, postman = await w.add("alice"), Postman(w)
    postman.reply, postman.answer = reply, postman.serve
    await postman.meet("alice")
    return alice, postman


def test_what_was_sent_while_the_other_was_away_arrives_in_order_when_it_returns() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await w.stop("bob")
        for number in range(10):
            await alice.notifications.send("bob", f"{number}")
            await asyncio.sleep(1)
        assert len(await alice.notifications.outbox()) == 10
        bob = await w.start("bob")
        await eventually(lambda: empty(alice))
        await asyncio.sleep(1)
        assert await messages(bob) == [f"{number}" for number in range(10)]

    simulate(scenario)


def test_what_waits_survives_a_restart_and_a_lock() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await w.stop("bob")
        sent = await alice.notifications.send("bob", "hello")
        await w.stop("alice")
        alice = await w.start("alice")
        await alice.lock()
        await alice.unlock(w._roots["alice"])
        (view,) = await alice.notifications.outbox()
        assert (view.notification_id, view.sender, view.data) == (sent, w.ids["bob"], {"message": "hello"})
        bob = await w.start("bob")
        await eventually(lambda: empty(alice))
        assert await messages(bob) == ["hello"]

    simulate(scenario)


def test_what_was_taken_back_is_not_sent() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await w.stop("bob")
        first = await alice.notifications.send("bob", "1")
        await alice.notifications.send("bob", "2")
        await alice.notifications.outbox_remove(first)
        bob = await w.start("bob")
        await eventually(lambda: empty(alice))
        assert await messages(bob) == ["2"]
        await w.stop("bob")
        await alice.notifications.send("bob", "3")
        await alice.notifications.outbox_clear()
        bob = await w.start("bob")
        await asyncio.sleep(400)
        assert await messages(bob) == ["2"]

    simulate(scenario)


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_lost_or_doubled_however_often_the_connection_drops(seed: int) -> None:
    async def scenario(w: World) -> None:
        w.network.latency = (0.01, 0.5)
        alice, bob = await pair(w)
        for number in range(30):
            await alice.notifications.send("bob", f"{number}")
            await asyncio.sleep(w.random.uniform(0, 2))
            if w.random.random() < 0.4:
                await w.network.drop_connections()
        await eventually(lambda: empty(alice), within=600)
        await asyncio.sleep(5)
        assert sorted(map(int, map(str, await messages(bob)))) == list(range(30))

    simulate(scenario, seed)


def test_a_peer_that_never_acknowledges_keeps_it_waiting_and_no_stream_open() -> None:
    async def scenario(w: World) -> None:
        alice, postman = await with_postman(w, None)
        for number in range(70):
            await alice.notifications.send("mallory", f"{number}")
            await asyncio.sleep(ANSWER_WITHIN + 1)
        assert len(await alice.notifications.outbox()) == 70
        (link,) = postman.links
        assert link.closed is None
        postman.reply = encode_message(Ack())
        await alice.notifications.send("mallory", "last")
        await eventually(lambda: empty(alice))
        assert len(set(postman.requests)) == 71

    simulate(scenario)


@pytest.mark.parametrize("reply", [encode_message(Failure("malformed", "")), encode_message(Scan()), b"\xc1"])
def test_what_the_peer_will_never_read_is_dropped_so_that_the_next_gets_through(reply: bytes) -> None:
    async def scenario(w: World) -> None:
        alice, postman = await with_postman(w, reply)
        await alice.notifications.send("mallory", "1")
        await alice.notifications.send("mallory", "2")
        await eventually(lambda: empty(alice))
        assert len(set(postman.requests)) == 2

    simulate(scenario)


@pytest.mark.parametrize("reason", ["busy", "refused", "gone"])
def test_what_the_peer_does_not_take_now_waits_and_goes_later(reason: Any) -> None:
    async def scenario(w: World) -> None:
        alice, postman = await with_postman(w, encode_message(Failure(reason, "")))
        await alice.notifications.send("mallory", "1")
        await alice.notifications.send("mallory", "2")
        await asyncio.sleep(60)
        assert len(await alice.notifications.outbox()) == 2
        assert len(set(postman.requests)) == 1, "the first waits, and nothing overtakes it"
        postman.reply = encode_message(Ack())
        await w.network.drop_connections()
        await eventually(lambda: empty(alice))

    simulate(scenario)


def test_a_full_outbox_says_so_and_another_node_is_not_concerned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 5)

    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        nobody = Stranger(w)
        await alice.nodes.add(nobody.node_id, Address("nowhere", 1), ping=False)
        for number in range(5):
            await alice.notifications.send(str(nobody.node_id), f"{number}")
        with refused(Busy, "outbox clear"):
            await alice.notifications.send(str(nobody.node_id), "one more")
        assert len(await alice.notifications.outbox()) == 5

    simulate(scenario)


def test_many_sent_at_once_arrive_once_each_in_order() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        for number in range(40):
            await alice.notifications.send("bob", f"{number}")
        await eventually(lambda: empty(alice))
        await asyncio.sleep(1)
        views = await bob.notifications.inbox(newest_first=False)
        assert [view.data["message"] for view in views] == [f"{number}" for number in range(40)]

    simulate(scenario)
