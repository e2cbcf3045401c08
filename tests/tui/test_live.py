from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tui.gestalts import bobs_phone, fork_of
from tui.stage import stage, write

from pk_tui.api.events import (
    AgentEvent,
    EventsLost,
    LockChanged,
    NodeChanged,
    NotificationsChanged,
    VaultChanged,
    VaultRemoved,
)
from pk_tui.api.views import CommitView, GestaltView
from pk_tui.terms import CommitId, NodeId, VaultId
from pk_tui.tui.live import Live, Noun, about

VAULT, NODE = VaultId(bytes(16)), NodeId(bytes(32))


@pytest.mark.parametrize(
    ("event", "nouns"),
    [
        (VaultChanged(VAULT), {Noun.VAULTS}),
        (VaultRemoved(VAULT), {Noun.VAULTS}),
        (NodeChanged(NODE), {Noun.NODES, Noun.CONNECTIONS}),
        (NotificationsChanged(), {Noun.NOTIFICATIONS}),
        (LockChanged(True), {Noun.LOCK}),
        (LockChanged(False), set()),
        (EventsLost(), {Noun.VAULTS, Noun.NODES, Noun.CONNECTIONS, Noun.NOTIFICATIONS}),
    ],
)
def test_an_event_says_what_to_read_again(event: AgentEvent, nouns: set[Noun]) -> None:
    assert about(event) == nouns


def test_what_changes_at_the_agent_is_known_and_said_once() -> None:
    async def scenario() -> None:
        async with stage() as s:
            assert s.app.session is not None
            live: Live = s.app.session.live
            await s.until(lambda: len(live.nodes) == 1 and live.connected == 1, "the first reading")
            assert live.name_of(s.world.ids["bob"]) == "bob"
            assert live.name_of(s.world.ids["alice"]) == "this node"
            assert live.name_of(NODE) == NODE.short + "…"

            said: list[Noun] = []
            live.changed.subscribe(s.screen, said.append)
            await s.alice.vaults.create("work")
            await s.until(lambda: [row.name for row in live.vaults] == ["work"], "the vault")
            await s.alice.vaults.share("work", "bob")
            await s.until(lambda: live.vaults[0].shared_with == 1, "the share")
            await s.bob.notifications.send(str(s.world.ids["alice"]), "hello")
            await s.until(lambda: live.unread == 1, "the message")
            await s.pilot.pause(0.3)
            count = said.count(Noun.VAULTS)
            await live.read(Noun.VAULTS)
            await s.pilot.pause()
            assert said.count(Noun.VAULTS) == count, "nothing changed, so nothing is said"

    asyncio.run(scenario())


def test_a_burst_of_changes_is_read_once() -> None:
    async def scenario() -> None:
        async with stage() as s:
            assert s.app.session is not None
            await s.alice.vaults.create("work")
            live = s.app.session.live
            await s.until(lambda: len(live.vaults) == 1, "the vault")
            reads = 0
            inner = s.alice.vaults.list

            async def counted() -> object:
                nonlocal reads
                reads += 1
                return await inner()

            s.alice.vaults.list = counted  # type: ignore[method-assign, assignment]
            for number in range(30):
                await write(s.alice, "work", f"s{number}", b"x")
            await s.until(lambda: live.vaults[0].secrets == 30, "the secrets")
            assert reads < 15

    asyncio.run(scenario())


def test_round_trips_are_measured_only_while_somebody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pk_tui.tui.live.PING_EVERY", 0.05)

    async def scenario() -> None:
        async with stage() as s:
            assert s.app.session is not None
            live = s.app.session.live
            bob = s.world.ids["bob"]
            await s.until(lambda: live.connected == 1, "the connection")
            live.watched = False
            await s.pilot.pause(0.2)
            before = len(live.round_trips.get(bob, ()))
            assert before <= 1
            live.watched = True
            await s.until(lambda: len(live.round_trips.get(bob, ())) >= before + 3, "measuring")

    asyncio.run(scenario())


def test_a_lock_from_elsewhere_ends_the_session_and_shows_the_lock_screen() -> None:
    async def scenario() -> None:
        async with stage() as s:
            await s.alice.vaults.create("a-name-to-hide")
            await s.see("a-name-to-hide")
            await s.alice.lock()
            await s.until(lambda: s.app.session is None, "the end of the session")
            await s.see_no("a-name-to-hide")

    asyncio.run(scenario())


def test_a_merge_names_the_node_it_came_from_and_other_versions_are_left_as_they_are() -> None:
    async def scenario() -> None:
        async with stage() as s:
            assert s.app.session is not None
            live = s.app.session.live
            bob = s.world.ids["bob"]
            await s.until(lambda: live.node(bob) is not None, "bob being known")
            said = f"Merged from {bob.short}…\n\n{bob.short}… added"
            once, twice = (CommitId(bytes([one]) * 20) for one in (1, 2))
            version = CommitView(once, 0, str(bob), said, (), (once, twice))
            assert live.with_names(version).message == f"Merged from bob\n\n{bob.short}… added"
            plain = replace(version, parents=(once,))
            assert live.with_names(plain) == plain

    asyncio.run(scenario())


def test_nodes_that_wait_are_known_as_soon_as_they_do_and_a_party_is_called_as_its_first_named_node() -> None:
    async def scenario() -> None:
        async with stage(prepare=bobs_phone) as s:
            assert s.app.session is not None
            live: Live = s.app.session.live
            bob, phone = s.world.ids["bob"], s.world.ids["phone"]
            await s.until(lambda: [one.node_id for one in live.pending] == [phone], "the phone waiting")
            assert (live.person(phone), live.person(bob), live.person(NODE)) == ("bob", "bob", f"{NODE.short}…")
            await s.alice.linking.reject(str(phone))
            await s.until(lambda: [one.node_id for one in live.rejected] == [phone], "the no")
            assert live.pending == []
            await fork_of(s.world, "bob")
            await s.until(lambda: [one.node_id for one in live.forks] == [bob], "the fork")
            own = GestaltView("g", (bob, s.world.ids["alice"]), (), (), True)
            assert live.person_of(own) == "your own nodes"

    asyncio.run(scenario())
