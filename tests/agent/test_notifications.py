from __future__ import annotations

import asyncio

import pytest
from agent.actors import Stranger, pair, refused, shared
from simulator import World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.agent.notifications import keep_grant
from pk_tui.api.events import NotificationsChanged
from pk_tui.errors import Misuse, NotFound, UnknownNode
from pk_tui.store.notifications import Box, Note
from pk_tui.terms import NotificationId

NOBODYS = NotificationId(b"x" * 16)


async def strangers(w: World) -> tuple[Agent, Agent]:
    """Bob knows Alice, who does not trust him."""
    alice, bob = await pair(w)
    await alice.gestalts.untrust("bob")
    return alice, bob


async def told(agent: Agent, *messages: str) -> None:
    for message in messages:
        await agent.notifications.send("alice", message)
        await asyncio.sleep(1)


def test_a_message_arrives_and_is_read_once() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        async with alice.events() as events:
            sent = await bob.notifications.send("alice", "hello")
            while await anext(events) != NotificationsChanged():
                pass
        await asyncio.sleep(1)
        (view,) = await alice.notifications.inbox()
        assert (view.notification_id, view.sender, view.type) == (sent, w.ids["bob"], "General")
        assert (view.data, view.is_read) == ({"message": "hello"}, False)
        assert (await alice.notifications.inbox())[0].is_read
        assert await alice.notifications.inbox(unread=True) == []
        assert await bob.notifications.outbox() == []

    simulate(scenario)


def test_the_inbox_is_in_order_of_time_and_no_longer_than_asked() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await told(bob, "1", "2", "3")
        inbox = alice.notifications.inbox
        assert [view.data["message"] for view in await inbox(limit=2)] == ["3", "2"]
        assert [view.data["message"] for view in await inbox(unread=True)] == ["1"]
        assert [view.data["message"] for view in await inbox(newest_first=False)] == ["1", "2", "3"]

    simulate(scenario)


async def reads(agent: Agent) -> list[bool]:
    """Which are read, oldest first, without reading them."""
    return [view.is_read for view in await agent.notifications.inbox(newest_first=False, mark_read=False)]


def test_looking_without_reading_leaves_all_unread_and_says_nothing() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await told(bob, "1", "2")
        async with alice.events() as events:
            for _ in range(2):
                views = await alice.notifications.inbox(unread=True, mark_read=False)
                assert [view.data["message"] for view in views] == ["2", "1"]
            assert await reads(alice) == [False, False]
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(events), 0.5)

    simulate(scenario)


def test_messages_are_marked_as_read_by_id_or_all_and_it_is_said_only_if_one_was_unread() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await told(bob, "1", "2", "3", "4")
        ids = [view.notification_id for view in await alice.notifications.inbox(mark_read=False, newest_first=False)]
        mark = alice.notifications.mark_read
        async with alice.events() as events:
            await mark([])
            await mark([NOBODYS])
            assert await reads(alice) == [False] * 4
            version = w._stores["alice"].version
            await mark([ids[2], ids[0], NOBODYS, ids[0]])
            assert w._stores["alice"].version == version + 1, "one transaction"
            assert await reads(alice) == [True, False, True, False]
            assert await anext(events) == NotificationsChanged()
            await mark([ids[0]])
            assert w._stores["alice"].version == version + 1
            await mark()
            assert await reads(alice) == [True] * 4
            assert await anext(events) == NotificationsChanged()
            await mark()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(events), 0.5)

    simulate(scenario)


def test_marking_the_inbox_as_read_leaves_requests_and_outbox_alone() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await strangers(w)
        await told(bob, "1")
        (request,) = await alice.notifications.requests()
        await alice.notifications.mark_read([request.notification_id])
        await alice.notifications.mark_read()
        assert not (await alice.notifications.requests())[0].is_read

    simulate(scenario)


def test_messages_are_removed_one_by_one_or_all() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await told(bob, "1", "2", "3")
        first = (await alice.notifications.inbox())[0]
        await alice.notifications.remove(first.notification_id)
        with refused(NotFound):
            await alice.notifications.remove(first.notification_id)
        assert len(await alice.notifications.inbox()) == 2
        await alice.notifications.clear()
        await alice.notifications.clear()
        assert await alice.notifications.inbox() == []

    simulate(scenario)


@pytest.mark.parametrize("message", ["", "x" * 3001, "\U0001f600" * 1001, "\ud800"])
def test_a_message_that_cannot_be_sent_is_refused_and_waits_nowhere(message: str) -> None:
    async def scenario(w: World) -> None:
        _, bob = await pair(w)
        with refused(Misuse):
            await bob.notifications.send("alice", message)
        assert await bob.notifications.outbox() == []

    simulate(scenario)


@pytest.mark.parametrize("message", ["x" * 3000, "\U0001f600" * 1000, "\x1b[2J\0\u202e", " "])
def test_a_message_at_the_limit_and_of_any_characters_arrives_as_it_was(message: str) -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await told(bob, message)
        assert [view.data for view in await alice.notifications.inbox()] == [{"message": message}]

    simulate(scenario)


def test_only_known_nodes_are_written_to() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        for node in ("nobody", str(Stranger(w).node_id), str(w.ids["alice"])):
            with refused(UnknownNode):
                await alice.notifications.send(node, "hello")

    simulate(scenario)


# Requests


def test_what_a_node_that_is_not_trusted_says_waits_and_shows_no_content() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await strangers(w)
        await told(bob, "buy now", "please")
        assert await alice.notifications.inbox() == []
        views = await alice.notifications.requests()
        assert [(view.sender, view.type, view.data) for view in views] == [(w.ids["bob"], "General", {})] * 2
        accepted = await alice.notifications.accept(views[1].notification_id)
        assert accepted.data == {"message": "buy now"}
        assert [view.data for view in await alice.notifications.inbox()] == [{"message": "buy now"}]
        assert not (await alice.gestalts.get("bob")).trusted
        await alice.notifications.decline(views[0].notification_id)
        assert await alice.notifications.requests() == []
        for call in (alice.notifications.accept, alice.notifications.decline):
            with refused(NotFound):
                await call(views[0].notification_id)

    simulate(scenario)


def test_a_share_by_a_node_that_is_not_trusted_is_kept_only_when_accepted() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await strangers(w)
        view = await bob.vaults.create("gift")
        await bob.vaults.share("gift", "alice")
        await asyncio.sleep(2)
        received = w._stores["alice"].grants.received
        assert received.get(w.ids["bob"], view.vault_id) is None
        (request,) = await alice.notifications.requests()
        await alice.notifications.accept(request.notification_id)
        assert received.get(w.ids["bob"], view.vault_id) is not None

    simulate(scenario)


def test_what_is_not_there_cannot_be_removed() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        service = alice.notifications
        for call in (service.remove, service.outbox_remove, service.accept, service.decline):
            with refused(NotFound):
                await call(NOBODYS)

    simulate(scenario)


def test_of_two_senders_who_chose_one_id_the_oldest_is_meant() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        store = w._stores["alice"]
        for number, node in enumerate((b"a" * 32, b"b" * 32)):
            note = Note(id=NOBODYS.raw, node=node, type="General", body=b"", time=number + 1)
            store.notifications.put(Box.INBOX, note)
        await alice.notifications.remove(NOBODYS)
        (left,) = await alice.notifications.inbox()
        assert left.sender.raw == b"b" * 32
        assert left.data == {}

    simulate(scenario)


def test_what_carries_no_grant_keeps_none() -> None:
    async def scenario(w: World) -> None:
        await shared(w)
        store = w._stores["bob"]
        for kind, body in (("General", b"\xc1"), ("VaultShare", b""), ("Unknown", b"")):
            keep_grant(store, Note(id=bytes(16), node=b"n" * 32, type=kind, body=body, time=1))
        assert store.grants.received.from_node(w.ids["bob"]) == []

    simulate(scenario)
