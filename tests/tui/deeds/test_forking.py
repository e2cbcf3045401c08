from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from simulator import World
from tui.deeds.acting import Acting, acting
from tui.deeds.forked import at, cloned, forked
from tui.stage import write

from pk_tui.errors import Misuse
from pk_tui.tui.deeds.forking import fork, forks_of, offer


def play(
    scenario: Callable[[Acting], Awaitable[None]],
    size: tuple[int, int] = (80, 24),
    prepare: Callable[[World], Awaitable[None]] = cloned,
) -> None:
    async def run() -> None:
        async with acting(size, prepare) as s:
            await scenario(s)

    asyncio.run(run())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_copy_is_made_under_the_name_typed_and_the_cursor_goes_to_the_same_secret(size: tuple[int, int]) -> None:
    async def scenario(s: Acting) -> None:
        s.do(fork(s.pane, await s.vault("infra"), at("db/one.conf")))
        await s.see(
            "A copy of infra to write in", "all 4 secrets and all versions", "bob sees none of that", "infra-mine"
        )
        await s.type("d")
        await s.press("enter")
        await s.see("Made infra-mined, yours to change.")
        await s.settled()
        made = await s.vault("infra-mined")
        assert (made.fork, made.read_only, made.secrets) == (True, False, 4)
        assert s.pane.went == [(made.vault_id, at("db/one.conf"))]
        await write(s.alice, "infra-mined", "tls", b"changed")

    play(scenario, size)


def test_called_off_nothing_is_made() -> None:
    async def scenario(s: Acting) -> None:
        for key in ("escape", "tab"):
            s.do(fork(s.pane, await s.vault("infra")))
            await s.see("A copy of infra")
            await s.press(*((key,) if key == "escape" else ("tab", "enter")))  # the button after the field is Cancel
            await s.settled()
        assert [row.name for row in await s.alice.vaults.list()] == ["infra"]

    play(scenario)


def test_a_refused_change_says_why_and_enter_makes_nothing() -> None:
    async def scenario(s: Acting) -> None:
        s.do(offer(s.pane, await s.vault("infra"), at("tls")))
        await s.see("infra is read only here", "It is a clone of bob", "Nothing was done.", "Make it  ctrl+s")
        await s.press("enter")
        await s.settled()
        assert len(await s.alice.vaults.list()) == 1
        s.do(offer(s.pane, await s.vault("infra"), at("tls")))
        await s.see("infra is read only here")
        await s.press("ctrl+s")
        await s.see("Made infra-mine")
        await s.settled()
        assert s.pane.went == [((await s.vault("infra-mine")).vault_id, at("tls"))]

    play(scenario)


def test_if_there_is_a_copy_the_way_to_it_is_offered_first() -> None:
    async def scenario(s: Acting) -> None:
        mine = await s.vault("infra-mine")
        s.do(offer(s.pane, await s.vault("infra"), at("tls")))
        await s.see("You have a copy to write in already: infra-mine.", "Go there  ctrl+g", "infra-mine-2")
        await s.press("ctrl+g")
        await s.see("This is infra-mine, where you can change it.")
        await s.settled()
        assert s.pane.went == [(mine.vault_id, at("tls"))]
        await s.alice.secrets.remove([("infra-mine", at("tls"))])
        s.do(offer(s.pane, await s.vault("infra"), at("tls")))
        await s.see("already")
        await s.press("ctrl+g")
        await s.settled()
        assert s.pane.went[-1] == mine.vault_id  # what it was about is not in there
        assert len(await s.alice.vaults.list()) == 2

    play(scenario, prepare=forked)


def test_a_copy_that_is_called_off_while_it_is_made_leaves_nothing() -> None:
    async def scenario(s: Acting) -> None:
        begun, goes_on = asyncio.Event(), asyncio.Event()
        real = s.alice.vaults.fork

        async def slow(*given: object, **named: object) -> object:
            begun.set()
            await goes_on.wait()
            return await real(*given, **named)  # type: ignore[arg-type]

        s.alice.vaults.fork = slow  # type: ignore[method-assign, assignment]
        s.do(fork(s.pane, await s.vault("infra")))
        await s.see("A copy of infra")
        await s.press("enter")
        await begun.wait()
        await s.press("escape")
        await s.see("Called off; nothing was changed.")
        await s.settled()
        assert len(await s.alice.vaults.list()) == 1
        assert s.pane.went == []

    play(scenario)


def test_what_the_agent_refuses_is_said() -> None:
    async def scenario(s: Acting) -> None:
        async def refuses(*_: object, **__: object) -> None:
            raise Misuse("Forks are made of clones.")

        s.alice.vaults.fork = refuses  # type: ignore[method-assign, assignment]
        s.do(fork(s.pane, await s.vault("infra")))
        await s.see("A copy of infra")
        await s.press("enter")
        await s.see("Forks are made of clones.")
        await s.settled()

    play(scenario)


def test_forks_of_one_vault_are_found_by_where_they_come_from() -> None:
    async def scenario(s: Acting) -> None:
        await s.alice.vaults.create("own")
        vaults = await s.alice.vaults.list()
        clone = await s.vault("infra")
        assert [one.name for one in forks_of(clone, vaults)] == ["infra-mine"]
        assert forks_of(clone, [clone]) == []

    play(scenario, prepare=forked)
