from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from agent.actors import EPOCH, Stranger, pair, refused, shared
from simulator import World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.agent.gestalts import contact_or_new
from pk_tui.api.events import NodeChanged
from pk_tui.clock import DAY
from pk_tui.errors import Misuse, UnknownNode
from pk_tui.terms import Action, NodeId


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
        assert (contact.petname, contact.addresses, contact.known_since, contact.met) == (None, (), 7, None)
        assert store.contacts.get(stranger) is None
        for action in Action:
            assert not alice._gate.core().beliefs.may(stranger, action, None, EPOCH)
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


async def shared_with(agent: Agent, gestalt: str) -> list[str]:
    """Names of the vaults a gestalt is shown with; the list of all says the same of it."""
    view = await agent.gestalts.get(gestalt)
    assert view in await agent.gestalts.list()
    return [row.name for row in view.shared]


def test_a_gestalt_shows_what_is_shared_with_it_as_long_as_it_is() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await w.add("carol")
        await w.introduce("alice", "carol")
        assert await shared_with(alice, "bob") == []
        for name in ("work", "home", "spare"):
            await alice.vaults.create(name)
        await alice.vaults.share("work", "bob")
        await alice.vaults.share("home", "bob")
        await alice.vaults.share("home", "carol", w.clocks["alice"].now() + DAY)
        assert await shared_with(alice, "bob") == ["home", "work"]
        assert await shared_with(alice, "carol") == ["home"]
        view = await alice.gestalts.get("bob")
        assert view.shared[1].vault_id == (await alice.vaults.get("work")).vault_id
        assert view.shared[1].actions == (Action.CLONE, Action.PULL, Action.SCAN)
        assert Action.SCAN in view.actions
        assert [row.name for row in (await alice.gestalts.untrust("bob")).shared] == ["home", "work"]
        await alice.vaults.rename("home", "zoo")
        assert await shared_with(alice, "bob") == ["work", "zoo"]
        await alice.vaults.unshare("work", "bob")
        assert await shared_with(alice, "bob") == ["zoo"]
        w.clocks["alice"].skew += 2 * DAY
        assert await shared_with(alice, "carol") == [], "a grant that is over is none"
        assert (await alice.gestalts.get("carol")).actions == (Action.NOTIFY,)
        await alice.vaults.delete("zoo")
        assert await shared_with(alice, "bob") == []
        assert (await alice.gestalts.get("bob")).actions == ()

    simulate(scenario)


def test_the_lists_read_neither_grants_nor_entitlements_however_much_there_is_to_list() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        for number in range(12):
            await alice.gestalts.trust(str(NodeId(bytes((number + 1,)) * 32)))
            await alice.vaults.create(f"v{number:02}")
            await alice.vaults.share(f"v{number:02}", "bob")
        store = w._stores["alice"]
        shelves = {
            "contacts": store.contacts._shelf,
            "issued": store.grants.issued._shelf,
            "rights": store.entitlements._shelf,
        }
        opened = dict.fromkeys(shelves, 0)

        def counted(name: str, read: Callable[..., Any]) -> Callable[..., Any]:
            def counting(*given: Any) -> Any:
                opened[name] += 1
                return read(*given)

            return counting

        for name, shelf in shelves.items():
            shelf.items = counted(name, shelf.items)  # type: ignore[method-assign]
            shelf.get = counted(name, shelf.get)  # type: ignore[method-assign]
        views = {view.gestalt: view for view in await alice.gestalts.list()}
        assert len(views[str(w.ids["bob"])].shared) == 12
        assert sum(len(view.shared) for view in views.values()) == 12
        assert opened["contacts"] > 0
        assert [view.shared_with for view in await alice.vaults.list()] == [1] * 12
        assert (opened["issued"], opened["rights"]) == (0, 0)

    simulate(scenario)
