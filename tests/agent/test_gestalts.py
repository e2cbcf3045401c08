from __future__ import annotations

import pytest
from agent.actors import Stranger, pair, refused, shared
from simulator import World, simulate

from pk_tui.agent.gestalts import contact_or_new
from pk_tui.api.events import NodeChanged
from pk_tui.errors import Misuse, UnknownNode
from pk_tui.terms import Action


def test_trusting_a_node_lets_it_notify_and_untrusting_ends_that() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await w.add("alice"), Stranger(w)
        node = str(mallory.node_id)
        async with alice.events() as events:
            view = await alice.gestalts.trust(node)
            assert await anext(events) == NodeChanged(mallory.node_id)
        assert view.trusted
        assert (view.gestalt, view.nodes, view.identities, view.actions) == (
            node,
            (mallory.node_id,),
            (),
            (Action.NOTIFY,),
        )
        assert await alice.gestalts.trust(node) == view
        assert not (await alice.gestalts.untrust(node)).trusted
        assert (await alice.gestalts.get(node)).actions == ()
        assert len(await alice.gestalts.list()) == 1

    simulate(scenario)


def test_rights_are_allowed_and_taken_back_one_by_one() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        for action in (Action.SCAN, Action.CLAIM):
            assert action in (await alice.gestalts.allow("bob", action)).actions
        assert (await alice.gestalts.get("bob")).actions == (Action.CLAIM, Action.NOTIFY, Action.SCAN)
        assert (await alice.gestalts.disallow("bob", Action.SCAN)).actions == (Action.CLAIM, Action.NOTIFY)
        assert not (await alice.gestalts.disallow("bob", Action.NOTIFY)).trusted

    simulate(scenario)


@pytest.mark.parametrize("action", [Action.CLONE, Action.PULL])
def test_rights_on_vaults_are_not_given_to_gestalts(action: Action) -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        for change in (alice.gestalts.allow, alice.gestalts.disallow):
            with refused(Misuse, "vaults share"):
                await change("bob", action)
        assert (await alice.gestalts.get("bob")).actions == (Action.NOTIFY,)

    simulate(scenario)


def test_who_is_not_known_is_refused_and_so_is_oneself_and_a_part_of_an_id() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        stranger = str(Stranger(w).node_id)
        for call in (alice.gestalts.untrust, alice.gestalts.get):
            for reference in ("nobody", stranger, str(w.ids["alice"])):
                with refused(UnknownNode):
                    await call(reference)
        with refused(UnknownNode):
            await alice.gestalts.trust("nobody")
        with refused(Misuse, "this node itself"):
            await alice.gestalts.trust(str(w.ids["alice"]))
        for call in (alice.gestalts.trust, alice.gestalts.untrust):
            with refused(Misuse, "full id"):
                await call(str(w.ids["bob"])[:16])
        assert (await alice.gestalts.get(str(w.ids["bob"])[:16])).trusted
        assert len(await alice.gestalts.list()) == 1

    simulate(scenario)


def test_the_right_to_scan_comes_and_goes_with_what_is_shared() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await shared(w)
        assert Action.SCAN in (await alice.gestalts.get("bob")).actions
        await alice.vaults.unshare("work", "bob")
        assert Action.SCAN not in (await alice.gestalts.get("bob")).actions
        await alice.vaults.share("work", "bob")
        await alice.vaults.delete("work")
        assert Action.SCAN not in (await alice.gestalts.get("bob")).actions

    simulate(scenario)


def test_a_new_contact_holds_nothing_and_is_not_kept() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        store = w._stores["alice"]
        stranger = Stranger(w).node_id
        contact = contact_or_new(store, stranger, 7)
        assert (contact.petname, contact.addresses, contact.actions, contact.known_since) == (None, (), (), 7)
        assert store.contacts.get(stranger) is None
        assert contact_or_new(store, w.ids["bob"], 7).petname == "bob"
        assert alice is not bob

    simulate(scenario)


def test_untrusting_leaves_what_is_shared_to_be_unshared() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await alice.gestalts.untrust("bob")
        assert (await alice.gestalts.get("bob")).actions == (Action.SCAN,)
        await bob.vaults.clone("work", "alice")
        await bob.notifications.send("alice", "hello")
        assert await alice.notifications.inbox() == []

    simulate(scenario)
