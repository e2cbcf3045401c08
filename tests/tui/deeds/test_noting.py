from __future__ import annotations

import asyncio

from simulator import World, eventually
from tui.panes.test_notifications import a_request, live, messages, on, row_of
from tui.stage import stage

from pk_tui.tui.deeds.noting import accept_request, clear_read, decline_request, decline_share, delete, take_back
from pk_tui.tui.live import Noun
from pk_tui.tui.notes import Box


def test_a_request_is_accepted_only_by_y_and_trusts_nobody() -> None:
    async def scenario() -> None:
        async with stage((80, 24), a_request) as s:
            pane = await on(s, "R")
            row = row_of(s, Box.REQUESTS)
            pane.do(_void(accept_request(pane, row)), "accept")
            await s.see("Accept this request?", "not trusted by that", str(s.world.ids["mallory"]))
            await s.press("enter")
            await s.see_no("Accept this request?")
            assert len(await s.alice.notifications.requests()) == 1
            pane.do(_void(accept_request(pane, row)), "accept")
            await s.see("Accept this request?")
            await s.press("y")
            await s.see("Accepted: it is in the inbox now.", "is still not trusted")
            assert await s.alice.notifications.requests() == []
            assert [note.data for note in await s.alice.notifications.inbox(mark_read=False)] == [
                {"message": "buy this"}
            ]
            assert not any(node.trusted for node in await s.alice.nodes.list() if node.node_id == row.note.sender)

    asyncio.run(scenario())


def test_a_declined_request_is_gone_and_its_sender_hears_nothing() -> None:
    async def scenario() -> None:
        async with stage(prepare=a_request) as s:
            pane = await on(s, "R")
            pane.do(decline_request(pane, row_of(s, Box.REQUESTS)), "decline")
            await s.see("Decline this request?", "is told nothing")
            await s.press("y")
            await s.see("Declined the request of")
            assert await s.alice.notifications.requests() == []
            assert await s.alice.notifications.inbox(mark_read=False) == []
            assert await s.alice.notifications.outbox() == []

    asyncio.run(scenario())


def test_a_declined_share_is_forgotten_and_not_ended() -> None:
    async def shared(w: World) -> None:
        await w.agents["bob"].vaults.create("infra")
        await w.agents["bob"].vaults.share("infra", "alice")

    async def scenario() -> None:
        async with stage(prepare=shared) as s:
            pane = await on(s, "i", Box.INBOX)
            pane.do(decline_share(pane, row_of(s, Box.INBOX)), "decline")
            await s.see("Decline this share?", "tells nobody", "still offers infra")
            await s.press("y")
            await s.see("Declined infra of bob; nobody was told.")
            assert await s.alice.notifications.inbox(mark_read=False) == []
            assert len(await s.bob.vaults.permissions("infra")) == 1
            assert len(await s.alice.vaults.scan("bob")) == 1

    asyncio.run(scenario())


def test_one_message_is_deleted_by_y_alone() -> None:
    async def scenario() -> None:
        async with stage(prepare=messages(2)) as s:
            pane = await on(s, "i", Box.INBOX, 2)
            row = row_of(s, Box.INBOX)
            pane.do(delete(pane, row), "delete")
            await s.see("The message from bob is deleted for good.")
            await s.press("escape")
            assert len(await s.alice.notifications.inbox(mark_read=False)) == 2
            pane.do(delete(pane, row), "delete")
            await s.see("is deleted for good")
            await s.press("y")
            await s.see("Deleted the message from bob.")
            left = await s.alice.notifications.inbox(mark_read=False)
            assert [note.notification_id == row.note.notification_id for note in left] == [False]

    asyncio.run(scenario())


def test_what_waits_is_taken_back() -> None:
    async def scenario() -> None:
        async with stage() as s:
            await s.world.stop("bob")
            await s.alice.notifications.send("bob", "too early")
            pane = await on(s, "o", Box.OUTBOX)
            pane.do(take_back(pane, row_of(s, Box.OUTBOX)), "take back")
            await s.see("It is not sent to bob.")
            await s.press("y")
            await s.see("Taken back: it is not sent to bob.")
            assert await s.alice.notifications.outbox() == []

    asyncio.run(scenario())


def test_clearing_takes_what_is_read_and_what_came_meanwhile_stays() -> None:
    async def scenario() -> None:
        async with stage(prepare=messages(3)) as s:
            pane = await on(s, "i", Box.INBOX, 3)
            await s.alice.notifications.mark_read([live(s).inbox[0].notification_id, live(s).inbox[1].notification_id])
            await live(s).read(Noun.NOTIFICATIONS)
            read = [note for note in live(s).inbox if note.is_read]
            pane.do(clear_read(pane, read), "clear")
            await s.see("2 notifications that you have read go for good. What is new stays.")
            await s.bob.notifications.send("alice", "just now")

            async def came() -> bool:
                return len(await s.alice.notifications.inbox(mark_read=False)) == 4

            await eventually(came)
            await s.press("y")
            await s.see("Deleted 2 notifications.")
            assert len(await s.alice.notifications.inbox(mark_read=False)) == 2

    asyncio.run(scenario())


async def _void(work: object) -> None:
    await work  # type: ignore[misc]
