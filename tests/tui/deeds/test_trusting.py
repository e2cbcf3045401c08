from __future__ import annotations

import asyncio

from simulator import World
from tui.deeds.acting import Acting, acting
from tui.gestalts import bobs_phone

from pk_tui.terms import Action, Address, NodeId
from pk_tui.tui.deeds import trusting

CAROL = NodeId(b"c" * 32)


async def carol(w: World) -> None:
    """Known and not trusted; `work` is shared with bob."""
    alice = w.agents["alice"]
    await alice.nodes.add(CAROL, Address("nowhere", 9), ping=False)
    await alice.nodes.name(str(CAROL), "carol")
    await alice.vaults.create("work")
    await alice.vaults.share("work", "bob")


async def trusted(s: Acting, name: str) -> bool:
    return (await s.alice.gestalts.get(name)).trusted


def test_trust_needs_a_yes_after_the_id_was_shown() -> None:
    async def scenario() -> None:
        async with acting((80, 24), carol) as s:
            s.do(trusting.trust(s.pane, CAROL))  # type: ignore[arg-type]
            await s.see("Trust carol", str(CAROL)[:5], str(CAROL)[5:10])
            await s.press("escape")
            await s.settled()
            assert not await trusted(s, "carol")
            s.do(trusting.trust(s.pane, CAROL))  # type: ignore[arg-type]
            await s.see("Trust carol")
            await s.press("y")
            await s.settled()
            await s.see("carol is trusted")
            assert await trusted(s, "carol")
            s.do(trusting.trust(s.pane, CAROL))  # type: ignore[arg-type]
            await s.see("carol is trusted already.")
            await s.settled()

    asyncio.run(scenario())


def test_a_stranger_that_is_trusted_is_known_from_then_on() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            stranger = NodeId(b"s" * 32)
            s.do(trusting.trust(s.pane, stranger))  # type: ignore[arg-type]
            await s.see("This node is not among yours")
            await s.press("y")
            await s.settled()
            assert [row.trusted for row in await s.alice.nodes.list() if row.node_id == stranger] == [True]

    asyncio.run(scenario())


def test_taking_trust_back_names_the_shares_that_stay_and_leaves_them() -> None:
    async def scenario() -> None:
        async with acting((80, 24), carol) as s:
            bob = s.world.ids["bob"]
            s.do(trusting.untrust(s.pane, bob))  # type: ignore[arg-type]
            await s.see("Untrust bob", "1 share with it stays in force", "work")
            await s.press("n")
            await s.settled()
            assert await trusted(s, "bob")
            s.do(trusting.untrust(s.pane, bob))  # type: ignore[arg-type]
            await s.see("Untrust bob")
            await s.press("y")
            await s.settled()
            await s.see("bob is not trusted any more.", "stays shared")
            assert not await trusted(s, "bob")
            assert [one.name for one in (await s.alice.gestalts.get("bob")).shared] == ["work"]
            s.do(trusting.untrust(s.pane, CAROL))  # type: ignore[arg-type]
            await s.see("carol is not trusted, so there is nothing to take back.")

    asyncio.run(scenario())


def test_rights_are_given_as_chosen_but_trust_only_through_its_own_question() -> None:
    async def scenario() -> None:
        async with acting((80, 24), carol) as s:
            s.do(trusting.permissions(s.pane, CAROL))
            await s.see("What carol may do")
            await s.press("space", "j", "space", "ctrl+s")
            await s.see("Trust carol", "Compare this id")
            await s.press("escape")
            await s.settled()
            await s.see("carol: scan allowed.")
            assert set((await s.alice.gestalts.get("carol")).actions) == {Action.SCAN}
            s.do(trusting.permissions(s.pane, CAROL))
            await s.see("What carol may do")
            await s.press("j", "space", "ctrl+s")
            await s.settled()
            await s.see("carol: scan disallowed.")
            assert (await s.alice.gestalts.get("carol")).actions == ()

    asyncio.run(scenario())


def test_who_is_not_known_has_no_rights_to_change() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            s.do(trusting.permissions(s.pane, NodeId(b"x" * 32)))
            await s.see("is not among your nodes")
            await s.settled()

    asyncio.run(scenario())


def test_trusting_one_node_of_a_person_names_the_others_that_are_trusted_with_it() -> None:
    async def prepare(w: World) -> None:
        await bobs_phone(w, shared=False)
        await w.agents["alice"].gestalts.untrust("bob")

    async def scenario() -> None:
        async with acting((80, 24), prepare) as s:
            s.do(trusting.trust(s.pane, s.world.ids["bob"]))  # type: ignore[arg-type]
            await s.see("Trust bob", "linked with it now too:", s.world.ids["phone"].short, "They match: trust it")
            await s.press("y")
            await s.settled()
            assert await s.alice.linking.pending() == [], "it was named, so nobody is asked about it again"

    asyncio.run(scenario())
