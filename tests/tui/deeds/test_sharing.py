from __future__ import annotations

import asyncio

import pytest
from simulator import World, eventually
from tui.deeds.test_receiving import CANARY, cloned, do, live, pane, the_vault
from tui.gestalts import bobs_phone
from tui.stage import stage, write

from pk_tui.terms import Address, NodeId
from pk_tui.tui.deeds.sharing import share, unshare
from pk_tui.tui.live import Noun
from pk_tui.tui.widgets.line_list import LineList


async def work(w: World) -> None:
    alice = w.agents["alice"]
    await alice.vaults.create("work")
    await write(alice, "work", "db/one", CANARY)
    await write(alice, "work", "two", CANARY)


async def with_mallory(w: World) -> None:
    await work(w)
    await w.add("mallory")
    await w.agents["alice"].nodes.add(w.ids["mallory"], Address("mallory", 1), ping=False)
    await w.agents["alice"].nodes.name(str(w.ids["mallory"]), "mallory")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_vault_is_shared_by_keyboard_and_the_other_side_is_told_and_can_take_it(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size, work) as s:
            do(s, share(pane(s), await the_vault(s)))
            await s.see("Share work")
            await s.type("bo")
            await s.press("enter")
            await s.see("bob can read 2 secrets")
            await s.press("ctrl+s")
            await s.see("Shared work with bob until you end it.")

            async def told() -> bool:
                return [note.type for note in await s.bob.notifications.inbox(mark_read=False)] == ["VaultShare"]

            await eventually(told)
            assert (await s.bob.vaults.clone("work", "alice")).name == "work"
            await s.until(lambda: live(s).vaults[0].shared_with == 1)
            assert CANARY.decode() not in s.screen_text()

    asyncio.run(scenario())


def test_s_on_a_vault_and_s_on_a_node_both_share() -> None:
    async def scenario() -> None:
        async with stage((80, 24), work) as s:
            await the_vault(s)
            await s.see("work")
            await s.press("s")
            await s.see("Share work", "type a part of a node's name")
            await s.press("escape", "2")
            await s.see("bob")
            await s.press("s")
            await s.see("Share a vault", "type a part of a vault's name")
            await s.press("enter", "ctrl+s")
            await s.see("Shared work with bob until you end it.")
            assert [row.node_id for row in await s.alice.vaults.permissions("work")] == [s.world.ids["bob"]]

    asyncio.run(scenario())


def test_called_off_nothing_is_shared() -> None:
    async def scenario() -> None:
        async with stage(prepare=work) as s:
            do(s, share(pane(s), await the_vault(s)))
            await s.see("Share work")
            await s.type("bo")
            await s.press("enter", "escape")
            await s.see_no("Share work")
            assert await s.alice.vaults.permissions("work") == []

    asyncio.run(scenario())


def test_who_is_not_connected_is_told_later_and_that_is_said() -> None:
    async def scenario() -> None:
        async with stage(prepare=work) as s:
            vault = await the_vault(s)
            await s.world.stop("bob")
            await live(s).read(Noun.CONNECTIONS)
            await s.until(lambda: not live(s).connected)
            do(s, share(pane(s), vault, s.world.ids["bob"]))
            await s.see("bob can read 2 secrets")
            await s.press("ctrl+s")
            await s.see("bob is not connected now and is told as soon as it is.")
            await s.until(lambda: len(live(s).outbox) == 1)

    asyncio.run(scenario())


def test_a_node_that_is_not_trusted_cannot_be_picked_and_given_it_shows_the_check_that_fails() -> None:
    async def scenario() -> None:
        async with stage((80, 24), with_mallory) as s:
            vault = await the_vault(s)
            do(s, share(pane(s), vault))
            await s.see("NOT trusted")
            await s.type("mallory")
            await s.press("enter", "ctrl+s", "escape")
            await s.see_no("Share work")
            do(s, share(pane(s), vault, s.world.ids["mallory"]))
            await s.see("mallory is not trusted", "✓ known?", "✗ trusted?")
            await s.press("escape")
            assert await s.alice.vaults.permissions("work") == []

    asyncio.run(scenario())


def test_trust_that_goes_while_one_chooses_ends_in_the_checks() -> None:
    async def scenario() -> None:
        async with stage(prepare=work) as s:
            vault = await the_vault(s)
            do(s, share(pane(s), vault, s.world.ids["bob"]))
            await s.see("bob can read 2 secrets")
            s.app.workers.cancel_group(s.app, "live")  # so that the dialog does not hear of it
            await s.alice.gestalts.untrust("bob")
            await s.press("ctrl+s")
            await s.see("That did not work", "✗ trusted?")
            assert await s.alice.vaults.permissions("work") == []

    asyncio.run(scenario())


def test_what_cannot_be_shared_is_said_before_anything_is_asked() -> None:
    async def scenario() -> None:
        async with stage(prepare=cloned) as s:
            do(s, share(pane(s), await the_vault(s)))
            await s.see("infra is a clone: only its owner bob can share it.")
            do(s, share(pane(s), None, s.world.ids["bob"]))
            await s.see("There is no vault of your own to share yet.")
            do(s, unshare(pane(s), await the_vault(s)))
            await s.see("infra is a clone: it is not shared from here.")

    asyncio.run(scenario())


def test_a_fork_is_ours_to_share() -> None:
    async def forked(w: World) -> None:
        await cloned(w)
        await w.agents["alice"].vaults.fork("infra", "infra-mine")

    async def scenario() -> None:
        async with stage(prepare=forked) as s:
            await s.until(lambda: len(live(s).vaults) == 2, "the vaults are read")
            fork = next(row for row in live(s).vaults if row.fork)
            do(s, share(pane(s), fork, s.world.ids["bob"]))
            await s.see("Share infra-mine")
            await s.press("ctrl+s")
            await s.see("Shared infra-mine with bob until you end it.")
            do(s, unshare(pane(s), fork))
            await s.see("Unshare infra-mine")
            await s.press("escape")

    asyncio.run(scenario())


def test_with_nobody_known_it_says_how_to_know_somebody() -> None:
    async def scenario() -> None:
        async with stage(prepare=work, introduced=False) as s:
            do(s, share(pane(s), await the_vault(s)))
            await s.see("There is nobody to share with yet")
            do(s, unshare(pane(s), await the_vault(s)))
            await s.see("work is shared with nobody.")
            do(s, unshare(pane(s), await the_vault(s), NodeId(b"n" * 32)))
            await s.see("work is shared with nobody.")

    asyncio.run(scenario())


def test_unsharing_shows_what_was_seen_and_ends_the_share() -> None:
    async def scenario() -> None:
        async with stage((80, 24), work) as s:
            vault = await the_vault(s)
            await s.alice.vaults.share("work", "bob")
            await s.bob.vaults.clone("work", "alice")
            await write(s.alice, "work", "two", b"changed since")
            do(s, unshare(pane(s), vault))
            await s.see("Unshare work", "gets nothing new")
            await s.press("y")
            await s.see("Unshared work", "bob has seen this secret", "db/one", "Close  esc")
            assert [row.key for row in s.screen.query_one("#exposed", LineList).rows] == ["db/one"]
            assert CANARY.decode() not in s.screen_text()
            await s.press("escape")
            assert await s.alice.vaults.permissions("work") == []

    asyncio.run(scenario())


def test_unsharing_what_was_never_fetched_says_that_nothing_was_seen() -> None:
    async def scenario() -> None:
        async with stage(prepare=work) as s:
            vault = await the_vault(s)
            await s.alice.vaults.share("work", "bob")
            do(s, unshare(pane(s), vault))
            await s.see("Unshare work")
            await s.press("n")
            await s.see_no("Unshare work")
            assert len(await s.alice.vaults.permissions("work")) == 1
            do(s, unshare(pane(s), vault, s.world.ids["bob"]))
            await s.see("Unshare work")
            await s.press("y")
            await s.see("It has seen nothing that is in it now.")
            assert await s.alice.vaults.permissions("work") == []

    asyncio.run(scenario())


def test_of_several_that_have_it_one_is_picked() -> None:
    async def scenario() -> None:
        async with stage(prepare=with_mallory) as s:
            vault = await the_vault(s)
            await s.alice.gestalts.trust("mallory")
            for who in ("bob", "mallory"):
                await s.alice.vaults.share("work", who)
            do(s, unshare(pane(s), vault))
            await s.see("work is shared with 2 nodes. Whose share ends?")
            await s.type("mal")
            await s.press("enter")
            await s.see("mallory gets nothing new")
            await s.press("y")
            await s.see("work is not shared with mallory any more")
            left = await s.alice.vaults.permissions("work")
            assert [row.node_id for row in left] == [s.world.ids["bob"]]
            do(s, unshare(pane(s), vault, s.world.ids["mallory"]))
            await s.see("work is not shared with mallory.")

    asyncio.run(scenario())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_share_names_every_node_that_gets_it_and_unsharing_every_node_that_loses_it(size: tuple[int, int]) -> None:
    async def prepare(w: World) -> None:
        await work(w)
        await bobs_phone(w, shared=False)

    async def scenario() -> None:
        async with stage(size, prepare) as s:
            phone, bob = s.world.ids["phone"], s.world.ids["bob"]
            both = f"bob (2 nodes: bob, {phone.short}…)"
            do(s, share(pane(s), await the_vault(s), bob))
            await s.see(f"{both} can read")
            await s.press("ctrl+s")
            await s.see(f"Shared work with {both}")
            await s.until(lambda: live(s).vaults[0].shared_with == 2, "both having it")
            do(s, unshare(pane(s), await the_vault(s)))
            await s.see("Unshare work", f"{both} gets nothing", "none of them can clone")
            await s.press("y")
            await s.see("work is not shared with bob any more.")
            assert await s.alice.vaults.permissions("work") == []

    asyncio.run(scenario())
