from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from simulator import World
from tui.deeds.acting import Acting, acting
from tui.deeds.forked import at
from tui.people import clone, node_id, vault_id
from tui.stage import write

from pk_tui.api.views import ForgetView, Progress, VaultView
from pk_tui.errors import NotFound, ReadOnly
from pk_tui.terms import CommitId
from pk_tui.tui.deeds.forgetting import effect, forget, outcome, require_own
from pk_tui.tui.deeds.writing import where

OWN = VaultView(vault_id(1), "work", CommitId(bytes(20)), 3, None, False, 0, 0)


async def work(w: World) -> None:
    alice, bob = w.agents["alice"], w.agents["bob"]
    await alice.vaults.create("work")
    for path in ("db/password", "db/token", "top"):
        await write(alice, "work", path, b"first")
    await write(alice, "work", "db/password", b"second")
    await alice.vaults.share("work", "bob")
    await bob.vaults.clone("work", "alice")
    await bob.vaults.create("infra")
    await write(bob, "infra", "key", b"1")
    await bob.vaults.share("infra", "alice")
    await alice.vaults.clone("infra", "bob")
    await alice.vaults.fork("infra", "infra-mine")


def play(scenario: Callable[[Acting], Awaitable[None]], size: tuple[int, int] = (80, 24)) -> None:
    async def run() -> None:
        async with acting(size, work) as s:
            await scenario(s)

    asyncio.run(run())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_secret_is_gone_from_every_version_only_after_its_name_was_typed(size: tuple[int, int]) -> None:
    async def scenario(s: Acting) -> None:
        before = (await s.vault("work")).head
        s.do(forget(s.pane, await s.vault("work"), at("db/password"), False))
        await s.see(
            "Forget work:db/password?", "every version", "cannot be undone", "Shared with bob", "take that back"
        )
        await s.press("enter")
        await s.see("That is not the name")
        await s.type("passwor")
        await s.press("enter")
        await s.see("That is not the name")
        assert (await s.vault("work")).head == before
        await s.type("d")
        await s.press("enter")
        await s.see("Forgot work:db/password in 4 versions. Copies that nobody can take back: bob.")
        await s.settled()
        assert await s.paths("work") == ["db", "db/token", "top"]
        with pytest.raises(NotFound):
            await s.alice.vaults.log(f"work@{before}", limit=1)

    play(scenario, size)


def test_called_off_nothing_is_forgotten() -> None:
    async def scenario(s: Acting) -> None:
        before = (await s.vault("work")).head
        s.do(forget(s.pane, await s.vault("work"), at("top"), False))
        await s.see("Forget work:top?")
        await s.type("top")
        await s.press("escape")
        await s.settled()
        assert (await s.vault("work")).head == before

    play(scenario)


def test_a_directory_says_how_much_goes_with_it() -> None:
    async def scenario(s: Acting) -> None:
        s.do(forget(s.pane, await s.vault("work"), at("db"), True))
        await s.see("Forget work:db?", "The directory and 2 secrets in it")
        await s.type("db")
        await s.press("enter")
        await s.see("Forgot work:db in")
        await s.settled()
        assert await s.paths("work") == ["top"]

    play(scenario)


def test_in_a_clone_it_is_refused_in_words_before_anything_is_asked() -> None:
    async def scenario(s: Acting) -> None:
        s.do(forget(s.pane, await s.vault("infra"), at("key"), False))
        await s.see("“infra” is a clone: only bob can forget something in it")
        await s.settled()
        with pytest.raises(ReadOnly, match="`d` on the vault"):
            require_own(await s.vault("infra"), s.pane.live)

    play(scenario)


def test_in_a_fork_what_came_from_its_origin_is_not_forgotten_by_default_and_why_is_said() -> None:
    async def scenario(s: Acting) -> None:
        s.do(forget(s.pane, await s.vault("infra-mine"), at("key"), False))
        await s.see("Forget infra-mine:key?", "It is shared with nobody now.")
        await s.type("key")
        await s.press("enter")
        await s.see("Forget infra-mine:key all the same?", "Nothing was changed.", "Best is that bob")
        await s.press("escape")
        await s.settled()
        assert await s.paths("infra-mine") == ["key"]
        assert (await s.vault("infra-mine")).origin is not None

    play(scenario)


def test_in_a_fork_it_is_forgotten_all_the_same_by_who_leaves_the_origin_for_it() -> None:
    async def scenario(s: Acting) -> None:
        s.do(forget(s.pane, await s.vault("infra-mine"), at("key"), False))
        await s.see("Forget infra-mine:key?")
        await s.type("key")
        await s.press("enter")
        await s.see("Forget infra-mine:key all the same?", "Forget it and leave  y")
        await s.press("y")
        await s.see("Forgot infra-mine:key in")
        await s.settled()
        assert await s.paths("infra-mine") == []
        assert (await s.vault("infra-mine")).origin is None

    play(scenario)


@pytest.mark.parametrize("too_late", [False, True])
def test_called_off_while_it_works_it_says_whether_it_was_too_late(too_late: bool) -> None:
    async def scenario(s: Acting) -> None:
        begun = asyncio.Event()
        real = s.alice.vaults.forget

        async def slow(vault: str, path: Any, progress: Any = None, **_: Any) -> Any:
            view = await real(vault, path, progress) if too_late else None
            progress(Progress("Writing history anew", objects=2))
            begun.set()
            await asyncio.Event().wait()
            return view

        s.alice.vaults.forget = slow  # type: ignore[method-assign]
        before = (await s.vault("work")).head
        s.do(forget(s.pane, await s.vault("work"), at("top"), False))
        await s.see("Forget work:top?")
        await s.type("top")
        await s.press("enter")
        await begun.wait()
        await s.see("Forgetting top")
        await s.press("escape")
        await s.see("It was too late to call it off: work:top is forgotten." if too_late else "Called off; nothing was")
        await s.settled()
        assert ((await s.vault("work")).head == before) is not too_late

    play(scenario)


def test_who_has_it_is_named_and_of_many_the_rest_is_counted() -> None:
    told = effect(OWN, ["bob", "carol", "dave", "erin", "frank", "grace"], False, 0).plain
    assert "Shared with bob, carol, dave, erin and 2 more: what they have pulled they keep" in told
    assert "backups and exports keep it" in effect(OWN, [], False, 0).plain


def test_the_outcome_says_whom_it_does_not_reach() -> None:
    async def scenario(s: Acting) -> None:
        place = where(replace(OWN, name="[/x]"), at("a"))
        view = ForgetView(12, 3, (), CommitId(bytes(20)))
        assert outcome(place, view, s.pane.live).plain == "Forgot [/x]:a in 12 versions. No other node has pulled it."
        seen = replace(view, versions=1, seen_by=(s.world.ids["bob"], *(node_id(number) for number in range(1, 6))))
        says = outcome(place, seen, s.pane.live).plain
        assert says.startswith("Forgot [/x]:a in 1 version. Copies that nobody can take back: bob, ")
        assert says.endswith(" and 2 more.")

    play(scenario)


def test_a_clones_owner_is_named_as_text() -> None:
    class Nobody:
        def name_of(self, node: object) -> str:
            return "[/x]"

    with pytest.raises(ReadOnly, match=r"only \[/x\] can forget"):
        require_own(clone(1, "infra", 2), Nobody())  # type: ignore[arg-type]
