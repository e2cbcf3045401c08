from __future__ import annotations

import asyncio
from typing import Any

import pytest
from simulator import World
from tui.gestalts import bobs_phone, own_server
from tui.people import HOSTILE, clone, known, link, node_id, party, vault_id
from tui.stage import Stage, stage, write

from pk_tui.api.trust import GainView, PendingView
from pk_tui.terms import Action, Address, NodeId
from pk_tui.tui.panes.gestalt import GestaltPane
from pk_tui.tui.panes.nodes import NodesPane
from pk_tui.tui.screens.workspace import Workspace
from pk_tui.tui.widgets.telling import Telling

CANARY = b"correct-horse-battery"
SIZES = [(80, 24), (120, 40)]


def pane(s: Stage) -> GestaltPane:
    return s.screen.query_one(GestaltPane)


def live(s: Stage) -> Any:
    assert s.app.session is not None
    return s.app.session.live


def at(s: Stage) -> str:
    row = pane(s).row
    return row.key if row is not None else ""


async def sharing(w: World) -> None:
    """`work` is shared with bob and `theirs` was cloned from him; carol is known and not trusted."""
    alice, bob = w.agents["alice"], w.agents["bob"]
    await w.add("carol")
    await alice.vaults.create("work")
    await write(alice, "work", "password", CANARY)
    await alice.vaults.share("work", "bob")
    await bob.vaults.create("theirs")
    await bob.vaults.share("theirs", "alice")
    await alice.vaults.clone("theirs", "bob")
    await alice.nodes.add(w.ids["carol"], Address("carol", 1), ping=False)
    await alice.nodes.name(str(w.ids["carol"]), "[b]carol[i]")


async def at_gestalts(s: Stage, on: str = "") -> GestaltPane:
    await s.until(lambda: len(live(s).gestalts) > 0, "the gestalts")
    await s.press("3")
    if on:
        pane(s).go_to(s.world.ids[on])
        await s.pilot.pause()
    return pane(s)


@pytest.mark.parametrize("size", SIZES)
def test_who_is_who_with_trust_rights_and_what_goes_to_and_fro(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size, sharing) as s:
            gestalts = await at_gestalts(s)
            await s.see("me", "this node", "bob", "trusted", "[b]carol[i]", "NOT trusted", "connected")
            await s.see("work", "shared with it", "theirs", "cloned from it", "It listens at alice:1")
            assert gestalts.tree.has_focus
            gestalts.go_to(s.world.ids["bob"])
            await s.see("Trusted", "notify [x]  scan [x]  claim [ ]", "notify: its notices reach your inbox")
            gestalts.go_to(s.world.ids["carol"])
            await s.see("nothing can be shared with it", "notify [ ]  scan [ ]  claim [ ]")
            assert CANARY.decode() not in s.screen_text()

    asyncio.run(scenario())


def test_each_row_is_told_of_and_enter_goes_to_its_subject() -> None:
    async def scenario() -> None:
        async with stage(prepare=sharing) as s:
            await at_gestalts(s, "bob")
            await s.press("j")
            await s.see("Connected", "enter shows it among the nodes")
            await s.press("j")
            await s.see("work, with bob.", "bob can read every secret in it")
            await s.press("j")
            await s.see("theirs, from bob.", "State")
            went: list[tuple[str, object]] = []

            def noted(event: Any) -> None:
                went.append((event.pane, event.subject))

            vaults = {vault.name: vault.vault_id for vault in live(s).vaults}
            real = s.screen.show  # type: ignore[attr-defined]

            async def show(name: str) -> None:
                went.append((name, None))
                await real(name)

            s.screen.show = show  # type: ignore[attr-defined]
            await s.press("enter")
            assert went == [("vaults", None)]
            await s.press("3", "k", "k")
            assert vaults
            await s.press("enter")
            await s.until(lambda: s.screen.query_one(NodesPane).table.node == s.world.ids["bob"], "bob among the nodes")
            await s.press("3", "g", "enter")
            await s.see("This is your own node")

    asyncio.run(scenario())


def test_trust_is_given_and_taken_in_place_with_the_cursor_where_it_was() -> None:
    async def scenario() -> None:
        async with stage(prepare=sharing) as s:
            await at_gestalts(s, "carol")
            key = at(s)
            await s.press("t")
            await s.see("Trust [b]carol[i]", "Compare this id with its owner")
            await s.press("t", "y")
            await s.see("[b]carol[i] is trusted", "notify [x]")
            assert at(s) == key
            await s.press("u")
            await s.see("Nothing is shared with it.")
            await s.press("y")
            await s.see("not trusted any more", "notify [ ]")
            assert at(s) == key
            assert not (await s.alice.gestalts.get("[b]carol[i]")).trusted

    asyncio.run(scenario())


@pytest.mark.parametrize("key", ["p", "a", "d"])
def test_rights_are_allowed_and_disallowed_in_place(key: str) -> None:
    async def scenario() -> None:
        async with stage((80, 24), sharing) as s:
            await at_gestalts(s, "carol")
            await s.press(key)
            await s.see("What [b]carol[i] may do")
            await s.press("j", "space", "j", "space", "ctrl+s")
            await s.see("[b]carol[i]: scan allowed, claim allowed.", "notify [ ]  scan [x]  claim [x]")
            gestalt = await s.alice.gestalts.get("[b]carol[i]")
            assert set(gestalt.actions) == {Action.SCAN, Action.CLAIM}

    asyncio.run(scenario())


def test_a_share_is_ended_where_it_stands() -> None:
    async def scenario() -> None:
        async with stage(prepare=sharing) as s:
            await at_gestalts(s, "bob")
            await s.press("U")
            await s.see("Put the cursor on a vault that is shared")
            await s.press("j", "j", "U")
            await s.see("Unshare work")
            await s.press("y")
            await s.until(lambda: not any(one.shared for one in live(s).gestalts), "the end of the share")
            await s.press("escape")
            await s.see_no("→ work")
            assert at(s) == str(s.world.ids["bob"]), "what it was on is gone: its gestalt"

    asyncio.run(scenario())


def test_live_changes_keep_cursor_and_folded_branches() -> None:
    async def scenario() -> None:
        async with stage(prepare=sharing) as s:
            await at_gestalts(s, "bob")
            await s.press("h")
            await s.see_no("⇣ theirs")
            pane(s).go_to(s.world.ids["carol"])
            await s.pilot.pause()
            await s.press("j")
            key = at(s)
            await s.alice.nodes.name("[b]carol[i]", "aaron")
            await s.see("aaron")
            await s.alice.nodes.add(NodeId(b"e" * 32), Address("nowhere", 1), ping=False)
            await s.see("Gestalts  4")
            await s.pilot.pause(0.1)
            assert at(s) == key
            assert "⇣ theirs" not in s.screen_text()

    asyncio.run(scenario())


def test_it_can_be_filtered_and_details_can_be_read_on() -> None:
    async def scenario() -> None:
        async with stage((80, 24), sharing) as s:
            gestalts = await at_gestalts(s, "bob")
            await s.press("slash")
            await s.type("theirs")
            await s.see_no("carol")
            await s.press("enter")
            await s.until(lambda: gestalts.tree.has_focus, "focus")
            await s.press("i")
            assert s.screen.query_one("#gestalt-details", Telling).has_focus
            await s.press("escape")
            assert gestalts.tree.has_focus
            await s.press("escape")
            await s.see("carol")
            await s.press("slash")
            await s.type("zz")
            await s.see("No gestalt has “zz”")
            await s.press("escape")
            await s.see("carol")

    asyncio.run(scenario())


def test_alone_it_says_so_and_what_a_gestalt_is() -> None:
    async def scenario() -> None:
        async with stage((80, 24), introduced=False) as s:
            await s.until(lambda: live(s).status is not None, "the status")
            await s.press("3")
            await s.see("me", "this node", "It listens at alice:1")
            await s.press("i", "G")
            await s.see("2 goes to the nodes")
            await s.press("escape", "t")
            await s.see("That is yourself.")

    asyncio.run(scenario())


def test_after_locking_and_unlocking_it_stands_where_it_stood() -> None:
    async def scenario() -> None:
        async with stage(prepare=sharing) as s:
            gestalts = await at_gestalts(s, "carol")
            await s.press("h", "j")
            place = gestalts.place()
            assert s.app.session is not None
            s.app.session.places.update({"gestalt": place, "shown pane": "gestalt"})
            await s.app.show(Workspace(s.app.session))
            await s.until(lambda: pane(s).row is not None and pane(s).place() == place, "the same place")

    asyncio.run(scenario())


def test_names_from_outside_do_nothing_here() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            gestalts = await at_gestalts(s)
            s.app.workers.cancel_group(s.app, "live")
            live(s).nodes = [known(1, HOSTILE)]
            live(s).gestalts = [party(1, HOSTILE)]
            live(s).connections = [link(1, "waiting", last_error=HOSTILE)]
            live(s).vaults = [clone(5, HOSTILE, 1)]
            gestalts._look()
            for _ in range(6):
                await s.press("j")
                assert "\x1b" not in s.screen_text()
            await s.see("[/x] [@")
            await s.pilot.click("#gestalt-tree", offset=(10, 3))
            assert s.app.return_value is None

    asyncio.run(scenario())


@pytest.mark.parametrize("size", SIZES)
def test_a_persons_nodes_stand_below_the_person_and_one_that_waits_says_what_it_would_get(
    size: tuple[int, int],
) -> None:
    async def scenario() -> None:
        async with stage(size, bobs_phone) as s:
            await s.until(lambda: bool(live(s).pending), "a node waiting")
            await at_gestalts(s, "bob")
            short = s.world.ids["phone"].short
            await s.see(
                "3 Gestalt(1)", "Gestalts  2  1 waits", "! a node waits", f"{short}…", "! waits: would read work"
            )
            await s.see("would get:", "work: clone and pull")
            row = pane(s).row
            assert row is not None
            pane(s).tree.put_cursor(f"{row.key}/{s.world.ids['phone']}")
            whole = str(s.world.ids["phone"])
            await s.see("A compares its id", whole[:5], whole[5:10], "only by the claims of bob")
            await s.press("i", "end")
            await s.see("and bob have both signed")
            await s.press("escape", "slash")
            await s.type("waits")
            await s.see("! waits")

    asyncio.run(scenario())


def test_a_key_on_the_person_means_the_node_that_waits_and_it_is_confirmed_in_place() -> None:
    async def scenario() -> None:
        async with stage((80, 24), bobs_phone) as s:
            await s.until(lambda: bool(live(s).pending), "a node waiting")
            await at_gestalts(s, "bob")
            key = at(s)
            await s.press("x")
            await s.see("It does not get:")
            await s.press("escape", "A")
            await s.see("They match: confirm")
            await s.press("y")
            await s.see_no("waits")
            assert at(s) == key
            await s.see("[3 Gestalt]")
            await s.press("A")
            await s.see("Nothing waits to be confirmed for bob.")
            await s.press("g", "A")
            await s.see("Nothing here waits to be confirmed.")
            await s.press("exclamation_mark")
            await s.see("Nothing here has shown two histories.")
            await s.press("j", "exclamation_mark")
            await s.see("this node has shown one history only")

    asyncio.run(scenario())


@pytest.mark.parametrize("size", SIZES)
def test_my_other_nodes_stand_below_me_with_why_and_can_be_shared_with_and_given_up(size: tuple[int, int]) -> None:
    async def prepare(w: World) -> None:
        await own_server(w)
        await w.agents["alice"].vaults.create("work")
        await w.agents["alice"].vaults.share("work", "server")

    async def scenario() -> None:
        async with stage(size, prepare) as s:
            await s.until(lambda: len(live(s).gestalts) == 2 and bool(live(s).vaults), "the gestalts")
            await s.press("3", "g")
            await s.see("Gestalts  2", "this node", "server", "this node and server have both")
            await s.press("j", "j")
            await s.see("server and this node have both")
            await s.press("X")
            await s.see("Unclaim server")
            await s.press("escape", "j")
            await s.see("work, with your own nodes.", "through server")
            await s.press("g", "H")
            await s.see("Sigchain of this node", "Belongs together with server.")

    asyncio.run(scenario())


def test_a_node_that_is_out_is_marked_and_stands_alone() -> None:
    async def prepare(w: World) -> None:
        await own_server(w)
        await w.agents["alice"].linking.expel("server", w.typed["server"])

    async def scenario() -> None:
        async with stage((80, 24), prepare) as s:
            await at_gestalts(s, "server")
            await s.see("EXPELLED", "belongs to nobody any more")
            await s.press("E")
            await s.see("server is expelled already.")

    asyncio.run(scenario())


def test_a_node_of_which_only_is_known_that_it_waits_is_told_of_with_its_id() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            gestalts = await at_gestalts(s)
            s.app.workers.cancel_group(s.app, "live")
            live(s).pending = [PendingView(node_id(7), "g", (GainView(vault_id(1), "work", (Action.PULL,)),))]
            gestalts._look()
            gestalts.go_to(node_id(7))
            await s.see("! waits: would read work", "follows a node that is", str(node_id(7))[:5])
            await s.press("enter")
            await s.see("That node is not among yours")

    asyncio.run(scenario())
