from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from simulator import World
from textual.widgets import Button
from tui.dialogs.test_dialog import opened
from tui.stage import Stage, stage, write

from pk_tui.api.trust import PendingView
from pk_tui.api.views import GestaltView, NodeView, SharedView, VaultView
from pk_tui.clock import DAY
from pk_tui.terms import Address, NodeId, VaultId
from pk_tui.tui.dialogs.share import (
    TERMS,
    USUAL,
    ShareDialog,
    effect,
    end_in_words,
    node_choices,
    until,
    vault_choices,
    whom,
)
from pk_tui.tui.glyphs import UNICODE
from pk_tui.tui.live import Live, Noun

BOB, CAROL = NodeId(b"b" * 32), NodeId(b"c" * 32)
WORK = VaultView(VaultId(b"w" * 16), "work", None, 14, None, False, 0, 0)
NOW = 20_000 * DAY


def known(**about: Any) -> Live:
    base: dict[str, Any] = {
        "nodes": [NodeView(BOB, "bob", (), None, True), NodeView(CAROL, "carol", (), None, False)],
        "gestalts": [],
        "connections": [],
        "vaults": [WORK],
    }
    live = SimpleNamespace(**(base | about))
    live.name_of = lambda node: next(row.petname for row in live.nodes if row.node_id == node)
    return cast("Live", live)


def test_the_effect_is_said_in_words_with_what_cannot_be_taken_back() -> None:
    said = effect(WORK, "bob").plain

    assert said == "bob can read 14 secrets and all old versions. Unsharing later cannot take back copies."
    assert effect(None, "bob").plain == "Pick a vault with enter first."
    assert effect(WORK, None).plain == "Pick a node with enter first."


def test_a_share_usually_has_no_end_but_unsharing_and_all_others_end_for_good() -> None:
    assert TERMS[USUAL].name == "no end"
    assert [until(term, NOW) for term in TERMS if term.days is None] == [None]
    assert end_in_words(TERMS[USUAL], NOW).plain == "When you end it, with U on the vault."
    assert [until(term, NOW) for term in TERMS if term.days] == [NOW + days * DAY for days in (1, 7, 30, 365)]
    assert end_in_words(TERMS[0], NOW).plain == "On 2024-10-05, whatever happens."


def test_who_is_not_trusted_is_shown_and_cannot_be_picked_and_it_says_how_to_trust() -> None:
    bob, carol = node_choices(known(), WORK)

    assert (bob.name, bob.note, bob.why_not) == ("bob", "trusted, not connected", None)
    assert carol.note.startswith("NOT trusted")
    assert carol.why_not is not None
    assert "Compare its id" in carol.why_not.plain


def test_a_node_of_somebody_with_several_says_whose_it_is_and_the_effect_names_all_that_get_it() -> None:
    both = GestaltView("g", (BOB, CAROL), (), (), True)
    live = known(gestalts=[both], status=None, pending=(), rejected=(), forks=())
    live.person_of = lambda gestalt: "bob"  # type: ignore[method-assign]
    live.person = lambda node: "bob"  # type: ignore[method-assign]

    assert node_choices(live, WORK)[0].note == "trusted, one of bob, not connected"
    assert effect(WORK, whom(live, BOB)).plain.startswith("bob (2 nodes: bob, carol) can read 14 secrets")
    live.rejected = (PendingView(CAROL, "g", ()),)
    assert whom(live, BOB).plain == "bob"


def test_who_has_it_already_and_which_are_shared_already_is_said() -> None:
    shared = SharedView(WORK.vault_id, "work", ())
    live = known(gestalts=[GestaltView("g", (BOB,), (), (), True, (shared,))])

    assert next(choice.note for choice in node_choices(live, WORK)) == "trusted, has it, not connected"
    assert vault_choices(live, live.nodes[0])[0].note == "14 secrets, shared already"
    assert vault_choices(live, live.nodes[1])[0].note == "14 secrets"


def test_a_clone_is_not_offered_for_sharing() -> None:
    clone = VaultView(VaultId(b"x" * 16), "infra", None, 1, cast("Any", object()), True, 0, 0)
    live = known(vaults=[WORK, clone])

    assert [choice.name for choice in vault_choices(live, live.nodes[0])] == ["work"]


async def a_vault(w: World) -> None:
    await w.agents["alice"].vaults.create("work")
    await write(w.agents["alice"], "work", "a", b"canary-value")
    await w.add("mallory")
    await w.agents["alice"].nodes.add(w.ids["mallory"], Address("mallory", 1), ping=False)
    await w.agents["alice"].nodes.name(str(w.ids["mallory"]), "mallory")


async def ready(s: Stage) -> Live:
    assert s.app.session is not None
    live = s.app.session.live
    await s.until(lambda: bool(live.vaults) and len(live.nodes) == 2)
    return live


async def dialog(s: Stage, vault: bool = True, node: str | None = None, key: str = "s") -> list[Any]:
    live = await ready(s)
    made = ShareDialog(
        live, live.vaults[0].vault_id if vault else None, s.world.ids[node] if node else None, UNICODE, lambda: NOW
    )
    return await opened(s, made, key)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_share_is_possible_only_once_somebody_trusted_is_picked(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size, a_vault) as s:
            answers = await dialog(s)
            await s.see(
                "Share work", "✓ scan  ✓ pull  ✓ clone", "[no end]", "When you end it", "Pick a node", "Share  ctrl+s"
            )
            share = s.screen.query_one("#share", Button)
            assert share.disabled
            await s.press("ctrl+s")
            await s.see("Nothing is picked yet")
            await s.type("mall")
            await s.press("enter")
            await s.see("mallory is not trusted", "then trust it")
            assert share.disabled
            await s.press("ctrl+s")
            assert answers == []
            await s.press(*["backspace"] * 4, *"bb", "enter")
            await s.see("bob can read 1 secret and all old versions.")
            await s.until(lambda: not share.disabled)
            await s.press("left", "left", "left")
            await s.see("[7 days]", "On 2024-10-11")
            assert "canary" not in s.screen_text()
            await s.press("ctrl+s")
            assert [(one.node_id, one.not_after) for one in answers] == [(s.world.ids["bob"], NOW + 7 * DAY)]

    asyncio.run(scenario())


def test_with_the_node_given_a_vault_is_picked() -> None:
    async def scenario() -> None:
        async with stage((80, 24), a_vault) as s:
            answers = await dialog(s, vault=False, node="bob")
            await s.see("Share a vault", "Pick a vault")
            await s.type("wrk")
            await s.press("enter")
            await s.see("bob can read 1 secret")
            await s.press("ctrl+s")
            assert [(one.node_id, one.not_after) for one in answers] == [(s.world.ids["bob"], None)]

    asyncio.run(scenario())


def test_with_both_given_the_key_that_opened_it_shares_nothing() -> None:
    async def scenario() -> None:
        async with stage(prepare=a_vault) as s:
            answers = await dialog(s, node="bob", key="ctrl+s")
            await s.press("ctrl+s", "ctrl+s", "ctrl+s")
            assert answers == []
            await s.press("left", "enter")
            assert answers == []
            await s.press("ctrl+s")
            assert [one.not_after for one in answers] == [NOW + 365 * DAY]

    asyncio.run(scenario())


def test_what_changes_meanwhile_is_seen_and_a_target_that_is_untrusted_is_unpicked() -> None:
    async def scenario() -> None:
        async with stage(prepare=a_vault) as s:
            live = await ready(s)
            await dialog(s)
            await s.type("bob")
            await s.press("enter")
            await s.see("bob can read 1 secret ")
            await write(s.alice, "work", "b", b"canary")
            await s.see("bob can read 2 secrets ")
            await s.alice.gestalts.untrust("bob")
            await live.read(Noun.NODES)
            await s.see("Pick a node", "NOT trusted")
            assert s.screen.query_one("#share", Button).disabled

    asyncio.run(scenario())


def test_many_nodes_leave_the_buttons_on_a_small_screen() -> None:
    async def crowd(w: World) -> None:
        await a_vault(w)
        for number in range(30):
            node = NodeId(bytes([number]) * 32)
            await w.agents["alice"].nodes.add(node, Address("nowhere", 1), ping=False)
            await w.agents["alice"].nodes.name(str(node), f"[b]node {number}")

    async def scenario() -> None:
        async with stage((80, 24), crowd) as s:
            assert s.app.session is not None
            live = s.app.session.live
            await s.until(lambda: len(live.nodes) == 32)
            await opened(s, ShareDialog(live, live.vaults[0].vault_id, None, UNICODE, lambda: NOW), "s")
            await s.see("[b]node 1", "Cancel  esc", "Share  ctrl+s", "Effect")

    asyncio.run(scenario())
