from __future__ import annotations

import asyncio

import pytest
from simulator import World, eventually
from tui.deeds.acting import Acting, acting
from tui.gestalts import bobs_phone, fork_of, learns, own_server

from pk_tui.terms import Address, NodeId
from pk_tui.tui.deeds import linking
from pk_tui.tui.live import Live
from pk_tui.tui.widgets.password_field import PasswordField

CAROL = NodeId(b"c" * 32)
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)])


def live(s: Acting) -> Live:
    assert s.app.session is not None
    return s.app.session.live


async def waiting(s: Acting) -> NodeId:
    await s.until(lambda: len(live(s).pending) == 1, "a node waiting")
    return s.world.ids["phone"]


async def holders(s: Acting) -> set[NodeId]:
    return {row.node_id for row in await s.alice.vaults.permissions("work")}


async def server(w: World) -> None:
    """Alice's server, known and not claimed; carol, of whom nothing is known but her id."""
    await w.add("server")
    await w.introduce("alice", "server")
    await w.agents["alice"].nodes.add(CAROL, Address("nowhere", 9), ping=False)


@SIZES
def test_a_node_that_waits_gets_what_was_shown_once_it_is_confirmed_and_nothing_before(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with acting(size, bobs_phone) as s:
            phone = await waiting(s)
            s.do(linking.confirm(s.pane, phone))
            await s.see("Confirm ", str(phone)[:5], str(phone)[5:10], "work: clone and pull")
            await s.press("escape")
            await s.settled()
            assert await holders(s) == {s.world.ids["bob"]}
            s.do(linking.confirm(s.pane, phone))
            await s.see("They match: confirm")
            await s.press("y")
            await s.settled()
            await s.see("has what bob was given")
            assert await holders(s) == {s.world.ids["bob"], phone}
            assert live(s).pending == []
            s.do(linking.confirm(s.pane, phone))
            await s.see("Nothing waits to be confirmed")

    asyncio.run(scenario())


def test_a_no_leaves_it_without_and_can_be_taken_back() -> None:
    async def scenario() -> None:
        async with acting((80, 24), bobs_phone) as s:
            phone = await waiting(s)
            s.do(linking.reject(s.pane, phone))
            await s.see("Reject ", "It does not get:", "work")
            await s.press("y")
            await s.settled()
            await s.see("Rejected: ")
            assert [one.node_id for one in live(s).rejected] == [phone]
            assert await s.alice.linking.pending() == []
            assert await holders(s) == {s.world.ids["bob"]}
            s.do(linking.reject(s.pane, phone))
            await s.see("was rejected already; A asks once more.")
            await s.settled()
            s.do(linking.confirm(s.pane, phone))
            await s.see("They match: confirm", "work: clone and pull")
            await s.press("tab", "y")
            await s.settled()
            assert await holders(s) == {s.world.ids["bob"], phone}
            s.do(linking.reject(s.pane, phone))
            await s.see("waits for nothing.")

    asyncio.run(scenario())


@SIZES
def test_two_nodes_of_mine_become_one_by_an_invitation_and_a_claim(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with acting(size, server) as s:
            there, own = s.world.ids["server"], s.world.ids["alice"]
            s.do(linking.claim(s.pane, there))  # type: ignore[arg-type]
            await s.see("Claim server", str(there)[:5])
            await s.press("y")
            await s.see("has not invited this node", "`3`", "`I`")
            assert len(await s.alice.linking.sigchain()) == 1, "nothing was claimed"
            await s.world.agents["server"].linking.invite("alice")
            await s.press("y")
            await s.settled()
            await s.see("server and this node are one party now.")
            assert set((await s.alice.gestalts.get("server")).nodes) == {own, there}
            s.do(linking.claim(s.pane, there))  # type: ignore[arg-type]
            await s.see("are one party already. X takes that back.")
            await s.settled()
            s.do(linking.unclaim(s.pane, there))
            await s.see("Unclaim server")
            await s.press("tab", "y")  # y has opened the dialog before, and says nothing until there was another key
            await s.settled()
            await s.see("are one party no longer")
            assert (await s.alice.gestalts.get("server")).nodes == (there,)
            s.do(linking.unclaim(s.pane, there))
            await s.see("server is not linked with this node")

    asyncio.run(scenario())


def test_an_invitation_lets_that_node_claim_this_one_and_tells_it() -> None:
    async def scenario() -> None:
        async with acting((80, 24), server) as s:
            s.do(linking.invite(s.pane, s.world.ids["server"]))
            await s.see("Let server claim this node")
            await s.press("escape")
            await s.settled()
            assert "claim" not in (await s.alice.gestalts.get("server")).actions
            s.do(linking.invite(s.pane, s.world.ids["server"]))
            await s.see("Let server claim this node")
            await s.press("y")
            await s.settled()
            await s.see("server may claim this node now, once")
            other = s.world.agents["server"]

            async def told() -> bool:
                return [note.type for note in await other.notifications.inbox(mark_read=False)] == ["GestaltInvite"]

            await eventually(told)
            await other.linking.claim("alice")
            await learns(s.alice, 2, s.world.ids["server"])

    asyncio.run(scenario())


def test_a_node_that_is_not_among_mine_is_neither_invited_nor_claimed() -> None:
    async def scenario() -> None:
        async with acting((80, 24), server) as s:
            stranger = NodeId(b"s" * 32)
            s.do(linking.invite(s.pane, stranger))
            await s.see("is not among your nodes: 2, then a, adds it")
            await s.settled()
            s.do(linking.claim(s.pane, stranger))  # type: ignore[arg-type]
            await s.settled()
            assert len(s.app.screen_stack) == 2

    asyncio.run(scenario())


def test_expelling_takes_the_words_of_the_lost_node_and_no_others() -> None:
    async def scenario() -> None:
        async with acting((80, 24), own_server) as s:
            lost = s.world.ids["server"]
            s.do(linking.expel(s.pane, lost))
            await s.see("Expel server", "Nobody can take this back.")
            s.screen.query_one(PasswordField).put(s.world.typed["bob"])
            await s.press("ctrl+s")
            await s.see("These words may not speak of")
            s.screen.query_one(PasswordField).clear()
            s.screen.query_one(PasswordField).put(s.world.typed["server"])
            await s.press("ctrl+s")
            await s.settled()
            await s.see("server is expelled")
            assert (await s.alice.gestalts.get("server")).expelled
            assert not (await s.alice.gestalts.get("server")).trusted
            s.do(linking.expel(s.pane, lost))
            await s.see("server is expelled already.")

    asyncio.run(scenario())


def test_two_histories_are_shown_from_the_mark_and_lead_to_the_chain() -> None:
    async def scenario() -> None:
        async with acting((80, 24), bobs_phone) as s:
            bob = s.world.ids["bob"]
            s.do(linking.fork(s.pane, bob))
            await s.see("bob has shown one history only")
            await s.settled()
            await fork_of(s.world, "bob")
            await s.until(lambda: len(live(s).forks) == 1, "the fork")
            await s.see("WARNING: two histories of bob")  # offered by itself
            await s.press("escape")
            await s.see_no("WARNING")
            s.do(linking.fork(s.pane, bob))
            await s.see("WARNING: two histories of bob")
            await s.press("H")
            await s.see("Sigchain of bob")
            await s.press("escape")
            await s.settled()

    asyncio.run(scenario())
