from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from simulator import World
from tui.deeds.acting import Acting, acting
from tui.stage import write

from pk_tui.api.views import ChangeView
from pk_tui.terms import Change, SecretPath
from pk_tui.tui.deeds.history import effect, history
from pk_tui.tui.deeds.undoing import undo


def at(path: str) -> SecretPath:
    return SecretPath.parse(path)


async def versions(w: World) -> None:
    alice, bob = w.agents["alice"], w.agents["bob"]
    await alice.vaults.create("work")
    await write(alice, "work", "db/password", b"first")
    await write(alice, "work", "db/token", b"token")
    await write(alice, "work", "db/password", b"second")
    await alice.secrets.remove([("work", at("db/token"))])
    await bob.vaults.create("infra")
    await write(bob, "infra", "key", b"1")
    await write(bob, "infra", "key", b"2")
    await bob.vaults.share("infra", "alice")
    await alice.vaults.clone("infra", "bob")


def play(scenario: Callable[[Acting], Awaitable[None]], size: tuple[int, int] = (80, 24)) -> None:
    async def run() -> None:
        async with acting(size, versions) as s:
            await scenario(s)

    asyncio.run(run())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_vault_is_brought_back_after_saying_what_changes_and_that_is_taken_back_like_any_change(
    size: tuple[int, int],
) -> None:
    async def scenario(s: Acting) -> None:
        s.do(history(s.pane, await s.vault("work"), None))
        await s.see("Versions of work", "5 versions")
        await s.press("down", "down", "r")
        await s.see("Restore work as of", "~ modified  db/password", "This becomes a new version")
        await s.press("enter")
        await s.see_no("Restore work as of")
        assert await s.value("work", "db/password") == b"second"
        await s.press("r", "y")
        await s.settled()
        await s.see("Restored work as of", "`z` takes it back.")
        assert await s.value("work", "db/password") == b"first"
        assert "db/token" in await s.paths("work")
        s.do(undo(s.pane))
        await s.see("Took back: work: db/password modified, db/token added.")
        assert await s.value("work", "db/password") == b"second"
        assert "db/token" not in await s.paths("work")

    play(scenario, size)


def test_one_secret_is_brought_back_and_nothing_else_with_it() -> None:
    async def scenario(s: Acting) -> None:
        s.do(history(s.pane, await s.vault("work"), at("db/password")))
        await s.see("Versions of work:db/password", "2 versions")
        await s.press("r")
        await s.see("There is nothing to restore")
        await s.press("G", "r")
        await s.see("Restore work:db/password as of", "~ modified  db/password")
        assert "db/token" not in s.screen_text()
        await s.press("y")
        await s.settled()
        assert await s.value("work", "db/password") == b"first"
        assert "db/token" not in await s.paths("work")

    play(scenario)


def test_a_secret_that_is_gone_is_brought_back_out_of_a_version_of_its_vault() -> None:
    async def scenario(s: Acting) -> None:
        s.do(history(s.pane, await s.vault("work"), None))
        await s.see("5 versions")
        await s.press("down", "enter")
        await s.see("work as of", "db/")
        await s.press("enter")
        await s.see("token")
        await s.press("down", "r")
        await s.see("Restore work:db/token as of", "+ added", "db/token")
        await s.press("y")
        await s.settled()
        assert await s.value("work", "db/token") == b"token"
        assert await s.value("work", "db/password") == b"second"

    play(scenario)


def test_versions_of_a_clone_are_looked_at_and_restoring_one_is_refused() -> None:
    async def scenario(s: Acting) -> None:
        s.do(history(s.pane, await s.vault("infra"), None))
        await s.see("Versions of infra", "3 versions", "bob")
        await s.press("down", "r")
        await s.see("“infra” is a clone and read-only here")
        await s.press("d")
        await s.see("What changed in infra", "+ added")
        await s.press("escape", "escape")
        await s.settled()
        assert await s.value("infra", "key") == b"2"

    play(scenario)


def test_what_changes_is_named_if_it_is_little_and_counted_if_it_is_much() -> None:
    def changed(*given: tuple[str, Change]) -> str:
        return effect([ChangeView(at(path), change) for path, change in given]).plain

    few = changed(("a[/x]", Change.ADDED), ("b", Change.DELETED))
    assert few.startswith("+ added     a[/x]\n- deleted   b\n")
    many = changed(*((f"s{number}", Change.DELETED) for number in range(1000)), ("a", Change.ADDED))
    assert many.startswith("1 secret added\n1,000 secrets deleted\n")
    assert "stays in the versions" in few
    assert "stays in the versions" in many


def test_what_is_deleted_already_is_forgotten_from_the_version_that_deleted_it() -> None:
    async def scenario(s: Acting) -> None:
        s.do(history(s.pane, await s.vault("work"), None))
        await s.see("Versions of work", "5 versions", "deleted")
        await s.press("ctrl+x")
        await s.see("Forget work:db/token?", "every version", "cannot be undone")
        await s.press("escape")
        await s.see("Versions of work", "5 versions")  # called off: back to where it was
        await s.press("g", "ctrl+x")
        await s.see("Forget work:db/token?")
        await s.type("token")
        await s.press("enter")
        await s.see("Forgot work:db/token in ")
        await s.settled()
        for version in await s.alice.vaults.log("work"):
            found = await s.alice.secrets.list(f"work@{version.commit}", recursive=True)
            assert "db/token" not in [one.path for one in found]

    play(scenario)


def test_what_an_old_version_has_is_forgotten_from_there_a_directory_too() -> None:
    async def scenario(s: Acting) -> None:
        await s.alice.secrets.remove([("work", at("db"))], recursive=True)
        s.do(history(s.pane, await s.vault("work"), None))
        await s.see("6 versions")
        await s.press("down", "down", "enter")
        await s.see("read only", "db/")
        await s.press("ctrl+x")
        await s.see("Forget work:db?", "The directory and 2 secrets in it")
        await s.type("db")
        await s.press("enter")
        await s.see("Forgot work:db in ")
        await s.settled()
        for version in await s.alice.vaults.log("work"):
            assert await s.alice.secrets.list(f"work@{version.commit}") == []

    play(scenario)


def test_in_a_clone_nothing_of_old_is_forgotten_and_the_reason_is_said() -> None:
    async def scenario(s: Acting) -> None:
        before = await s.alice.vaults.log("infra")
        s.do(history(s.pane, await s.vault("infra"), None))
        await s.see("Versions of infra")
        await s.press("enter")
        await s.see("read only", "key")
        await s.press("ctrl+x")
        await s.see("is a clone: only bob can forget")
        await s.settled()
        assert await s.alice.vaults.log("infra") == before

    play(scenario)
