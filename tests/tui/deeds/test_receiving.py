from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from simulator import VirtualClock, World, eventually
from tui.stage import Stage, stage, write

from pk_tui.api.views import ChangeView, CommitView, OfferView, VaultView
from pk_tui.errors import Conflict, PermissionDenied, PkError, ReadOnly, UnknownNode, Unreachable
from pk_tui.terms import Change, CommitId, SecretPath
from pk_tui.tui.deeds.receiving import Changes, change_words, changes_since, clone_offer, pull, worth_checks
from pk_tui.tui.live import Live
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.transfers import State

CANARY = b"canary-value"


def commit(number: int, **changes: Change) -> CommitView:
    views = tuple(ChangeView(SecretPath.parse(path), change) for path, change in changes.items())
    return CommitView(CommitId(bytes([number]) * 20), number, "bob", "", views)


A, M, D = Change.ADDED, Change.MODIFIED, Change.DELETED


@pytest.mark.parametrize(
    ("newest_first", "found"),
    [
        ([commit(2, a=A, b=M), commit(1)], Changes(1, 1, 0, 1)),
        ([commit(3, a=M), commit(2, a=A), commit(1)], Changes(1, 0, 0, 2)),
        ([commit(3, a=D), commit(2, a=A), commit(1)], Changes(0, 0, 0, 2)),
        ([commit(3, a=A), commit(2, a=D), commit(1)], Changes(0, 1, 0, 2)),
        ([commit(3, a=D), commit(2, a=M), commit(1)], Changes(0, 0, 1, 2)),
        ([commit(4, a=A), commit(3, a=D), commit(2, a=A), commit(1)], Changes(1, 0, 0, 3)),
        ([commit(1)], Changes(0, 0, 0, 0)),
        ([commit(3, a=A), commit(2, a=A)], None),
        ([], None),
    ],
)
def test_what_came_and_went_between_two_versions_is_nothing(
    newest_first: list[CommitView], found: Changes | None
) -> None:
    assert changes_since(newest_first, CommitId(b"\1" * 20)) == found


def test_with_nothing_before_all_of_it_is_new() -> None:
    assert changes_since([commit(2, b=A), commit(1, a=A)], None) == Changes(2, 0, 0, 2)


def test_changes_are_said_without_what_did_not_happen() -> None:
    assert change_words(Changes(1, 2, 0, 1)) == "1 added, 2 changed, in 1 version"
    assert change_words(Changes(0, 0, 0, 2)) == "no secret differs, in 2 versions"


def test_the_checks_are_for_what_lies_between_two_nodes() -> None:
    assert all(worth_checks(kind("x")) for kind in (Unreachable, UnknownNode, PermissionDenied))
    assert not any(worth_checks(kind("x")) for kind in (PkError, Conflict, ReadOnly))


# With the keyboard, on real nodes


async def shared(w: World) -> None:
    bob = w.agents["bob"]
    await bob.vaults.create("infra")
    for path in ("db/one", "db/two", "tls"):
        await write(bob, "infra", path, CANARY)
    await bob.vaults.share("infra", "alice")


async def cloned(w: World) -> None:
    await shared(w)
    await w.agents["alice"].vaults.clone("infra", "bob")


def live(s: Stage) -> Live:
    assert s.app.session is not None
    return s.app.session.live


def pane(s: Stage) -> Pane:
    found = s.app.screen_stack[-1].query_one("#notifications", Pane)
    return found


def do(s: Stage, deed: Coroutine[Any, Any, Any]) -> None:
    pane(s).do(deed, "deed")


async def offer(s: Stage) -> OfferView:
    return (await s.alice.vaults.scan("bob"))[0]


async def the_vault(s: Stage) -> VaultView:
    await s.until(lambda: bool(live(s).vaults), "the vaults are read")
    return live(s).vaults[0]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_an_offer_is_cloned_under_the_name_that_was_typed(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size, shared) as s:
            do(s, clone_offer(pane(s), s.world.ids["bob"], await offer(s)))
            await s.see("Clone infra", "bob, trusted", "3 secrets", "4 versions")
            await s.type("2")
            await s.press("ctrl+s")
            await s.see("Cloned infra2 from bob. It is a copy to read")
            assert [row.name for row in await s.alice.vaults.list()] == ["infra2"]
            assert CANARY.decode() not in s.screen_text()

    asyncio.run(scenario())


def test_called_off_in_the_middle_a_clone_leaves_nothing() -> None:
    async def much(w: World) -> None:
        bob = w.agents["bob"]
        await bob.vaults.create("infra")
        for number in range(12):
            noise = w.random.randbytes(256 * 1024)
            await write(bob, "infra", f"big/{number}", noise)
        await bob.vaults.share("infra", "alice")

    async def scenario() -> None:
        async with stage(prepare=much) as s:
            do(s, clone_offer(pane(s), s.world.ids["bob"], await offer(s)))
            await s.see("12 secrets")
            s.world.network.latency = (0.2, 0.2)
            await s.press("ctrl+s")
            await s.see("Cloning infra from bob", "esc calls it off", " of ")
            await s.press("escape")
            await s.see("Called off; nothing was changed.")
            assert await s.alice.vaults.list() == []
            s.world.network.latency = (0.0, 0.001)
            do(s, clone_offer(pane(s), s.world.ids["bob"], await offer(s)))
            await s.see("12 secrets")
            await s.press("ctrl+s")
            await s.see("Cloned infra from bob")
            assert [row.secrets for row in await s.alice.vaults.list()] == [12]

    asyncio.run(scenario())


def test_a_clone_goes_on_when_the_screen_it_was_begun_on_is_gone() -> None:
    async def scenario() -> None:
        async with stage(prepare=shared) as s:
            do(s, clone_offer(pane(s), s.world.ids["bob"], await offer(s)))
            await s.see("3 secrets")
            s.world.network.latency = (0.15, 0.15)
            await s.press("ctrl+s")
            await s.see("Cloning infra")
            assert s.app.session is not None
            transfer = s.app.session.transfers.running[0]
            await s.press("ctrl+l")
            await s.until(lambda: transfer.state is not State.RUNNING)
            assert transfer.state is State.DONE
            assert [row.name for row in await s.alice.vaults.list()] == ["infra"]

    asyncio.run(scenario())


def test_the_same_is_not_begun_twice() -> None:
    async def scenario() -> None:
        async with stage(prepare=cloned) as s:
            vault = await the_vault(s)
            s.world.network.latency = (0.2, 0.2)
            do(s, pull(pane(s), vault))
            await s.see("Pulling infra from bob")
            do(s, pull(pane(s), vault))
            await s.see("Pulling infra from bob already")
            await s.see("Nothing new in infra.")

    asyncio.run(scenario())


def test_an_offer_that_is_gone_shows_the_checks_and_the_sentence() -> None:
    async def scenario() -> None:
        async with stage((80, 24), shared) as s:
            seen = await offer(s)
            await s.bob.vaults.unshare("infra", "alice")
            do(s, clone_offer(pane(s), s.world.ids["bob"], seen))
            await s.see("That did not work", "known?", "connected?")
            assert "✗" not in s.screen_text()  # nothing is wrong between the two: the share is gone
            await s.press("escape")
            assert await s.alice.vaults.list() == []

    asyncio.run(scenario())


def test_a_pull_says_what_came_and_the_next_one_that_nothing_did() -> None:
    async def scenario() -> None:
        async with stage(prepare=cloned) as s:
            vault = await the_vault(s)
            await write(s.bob, "infra", "new", CANARY)
            await write(s.bob, "infra", "tls", b"other")
            await s.bob.secrets.remove([("infra", SecretPath.parse("db/one"))])
            do(s, pull(pane(s), vault))
            await s.see("Pulled infra: 1 added, 1 changed, 1 removed, in 3 versions.")
            do(s, pull(pane(s), vault))
            await s.see("Nothing new in infra.")

    asyncio.run(scenario())


def test_a_vault_of_our_own_says_that_there_is_nothing_to_pull() -> None:
    async def own(w: World) -> None:
        await w.agents["alice"].vaults.create("work")

    async def scenario() -> None:
        async with stage(prepare=own) as s:
            do(s, pull(pane(s), await the_vault(s)))
            await s.see("work is a vault of this node itself")

    asyncio.run(scenario())


def test_a_pull_from_a_node_that_is_off_shows_that_it_cannot_be_reached() -> None:
    async def scenario() -> None:
        async with stage((80, 24), cloned) as s:
            vault = await the_vault(s)
            await s.world.stop("bob")
            do(s, pull(pane(s), vault))
            await s.see("✓ known?", "✗ reachable?", "· connected?", "· shared?")

    asyncio.run(scenario())


def test_a_pull_of_what_is_not_shared_any_more_says_so_as_the_last_check() -> None:
    async def scenario() -> None:
        async with stage((120, 40), cloned) as s:
            vault = await the_vault(s)
            await s.bob.vaults.unshare("infra", "alice")
            do(s, pull(pane(s), vault))
            await s.see("✓ known?", "✓ reachable?", "✓ connected?", "✓ trusted?", "✗ shared?")
            assert [row.name for row in await s.alice.vaults.list()] == ["infra"]

    asyncio.run(scenario())


def test_a_history_that_went_another_way_is_said_in_its_own_sentence() -> None:
    async def scenario() -> None:
        async with stage(prepare=cloned, clock=VirtualClock()) as s:
            vault = await the_vault(s)

            async def forked(*_: object, **__: object) -> None:
                raise Conflict("The other side's history went another way than this clone's.")

            s.alice.vaults.pull = forked  # type: ignore[method-assign, assignment]
            do(s, pull(pane(s), vault))
            await s.see("history went another way")
            assert "That did not work" not in s.screen_text()

    asyncio.run(scenario())


def test_a_pull_after_a_long_silence_still_counts_what_came() -> None:
    async def scenario() -> None:
        async with stage(prepare=cloned) as s:
            vault = await the_vault(s)
            for number in range(25):  # more than the first look takes in
                await write(s.bob, "infra", f"n{number}", CANARY)

            async def heard() -> bool:
                return bool((await s.alice.vaults.list())[0].behind)

            await eventually(heard)
            do(s, pull(pane(s), vault))
            await s.see("Pulled infra: 25 added, in 25 versions.")

    asyncio.run(scenario())
