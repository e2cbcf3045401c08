from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from simulator import World
from tui.deeds.acting import Acting, acting
from tui.stage import write

from pk_tui.api.views import ChangeView, CommitView
from pk_tui.errors import StorageFailed
from pk_tui.terms import Change, CommitId, SecretPath
from pk_tui.tui.deeds.arranging import move, rename
from pk_tui.tui.deeds.deleting import delete
from pk_tui.tui.deeds.editing import new_directory, new_secret
from pk_tui.tui.deeds.undoing import redo, undo, what_changed


def at(path: str) -> SecretPath:
    return SecretPath.parse(path)


async def two_vaults(w: World) -> None:
    alice = w.agents["alice"]
    for name in ("work", "home"):
        await alice.vaults.create(name)
    for path in ("a", "b", "d/x", "d/y"):
        await write(alice, "work", path, path.encode())


def play(scenario: Callable[[Acting], Awaitable[None]]) -> None:
    async def run() -> None:
        async with acting((80, 24), two_vaults) as s:
            await s.until(lambda: s.app.session is not None and len(s.app.session.live.vaults) == 2, "the vaults")
            await scenario(s)

    asyncio.run(run())


async def do(s: Acting, says: str, again: bool = False) -> None:
    s.do(redo(s.pane) if again else undo(s.pane))
    await s.settled()
    await s.see(says)


async def confirmed(s: Acting, path: str, is_directory: bool = False) -> None:
    s.do(delete(s.pane, await s.vault("work"), at(path), is_directory))
    await s.see("Delete ")
    await s.press("tab", "y")  # the key before may have been the same
    await s.settled()


def test_what_was_deleted_comes_back_and_goes_again() -> None:
    async def scenario(s: Acting) -> None:
        await confirmed(s, "a")
        await confirmed(s, "d", True)
        await do(s, "Took back: work: d/x deleted, d/y deleted. `Z` makes it again.")
        await do(s, "Took back: work: a deleted.")
        assert await s.paths("work") == ["a", "b", "d", "d/x", "d/y"]
        await do(s, "Nothing was changed in this window to take back.")
        await do(s, "Made again: work: a deleted.", again=True)
        await do(s, "Made again", again=True)
        assert await s.paths("work") == ["b"]
        await do(s, "Nothing was taken back that could be made again", again=True)
        await do(s, "Took back")
        await do(s, "Took back")
        assert await s.paths("work") == ["a", "b", "d", "d/x", "d/y"]

    play(scenario)


def test_names_places_and_new_things_are_taken_back() -> None:
    async def scenario(s: Acting) -> None:
        before = await s.paths("work")
        s.do(rename(s.pane, await s.vault("work"), at("a"), False))
        await s.see("Rename work:a")
        await s.type("bc")
        await s.press("enter")
        await s.settled()
        assert "abc" in await s.paths("work")
        s.do(new_directory(s.pane, await s.vault("work"), ""))
        await s.see("New directory")
        await s.type("empty")
        await s.press("enter")
        await s.settled()
        assert "empty" in await s.paths("work")
        s.do(new_secret(s.pane, await s.vault("work"), "d"))
        await s.see("New secret")
        await s.type("z")
        await s.press("tab", "1", "ctrl+s")
        await s.settled()
        assert "d/z" in await s.paths("work")
        for says in ("Took back: work: d/z added", "Took back: work: Changed empty directories", "Took back: work: a"):
            await do(s, says)
        assert await s.paths("work") == before

    play(scenario)


def test_a_move_between_two_vaults_is_taken_back_in_both() -> None:
    async def scenario(s: Acting) -> None:
        s.do(move(s.pane, await s.vault("work"), at("d"), True))
        await s.see("Move work:d")
        await s.put("home:", "Input")
        await s.press("enter")
        await s.settled()
        assert (await s.paths("work"), await s.paths("home")) == (["a", "b"], ["d", "d/x", "d/y"])
        await do(s, "Took back: home: d/x added, d/y added; work: d/x deleted")
        assert (await s.paths("work"), await s.paths("home")) == (["a", "b", "d", "d/x", "d/y"], [])
        await do(s, "Made again", again=True)
        assert (await s.paths("work"), await s.paths("home")) == (["a", "b"], ["d", "d/x", "d/y"])

    play(scenario)


def test_what_changed_again_since_is_refused_in_words_and_makes_way_for_the_change_before() -> None:
    async def scenario(s: Acting) -> None:
        await confirmed(s, "b")
        await confirmed(s, "a")
        await write(s.alice, "work", "a", b"from elsewhere")
        await do(s, "Not taken back, it has changed again since: work: a deleted.")
        assert await s.value("work", "a") == b"from elsewhere"
        await do(s, "Took back: work: b deleted.")
        assert await s.paths("work") == ["a", "b", "d", "d/x", "d/y"]

    play(scenario)


def test_a_vault_that_is_gone_is_told_and_a_failure_can_be_tried_again() -> None:
    async def scenario(s: Acting) -> None:
        await confirmed(s, "a")
        real = s.alice.vaults.revert

        async def failing(vault: str, commit: str) -> CommitId | None:
            raise StorageFailed("The disk is full.")

        s.alice.vaults.revert = failing  # type: ignore[method-assign]
        await do(s, "The disk is full.")
        s.alice.vaults.revert = real  # type: ignore[method-assign]
        await do(s, "Took back: work: a deleted.")
        await s.alice.vaults.delete("work")
        await do(s, "There is no vault", again=True)
        await do(s, "Nothing was taken back", again=True)

    play(scenario)


def test_few_secrets_are_named_and_many_are_counted() -> None:
    def version(*paths: str) -> CommitView:
        changes = tuple(ChangeView(at(path), Change.ADDED) for path in paths)
        return CommitView(CommitId(bytes(20)), 0, "x", "made \x1b directories", changes)

    assert what_changed(version("a[/x]", "b")).plain == "a[/x] added, b added"
    assert what_changed(version(*"abc")).plain == "3 secrets"
    assert what_changed(version()).plain == "made \\u{1b} directories"


def test_many_versions_made_by_one_verb_are_counted_and_not_named() -> None:
    async def scenario(s: Acting) -> None:
        commits = []
        for path in ("one", "two", "three"):
            await write(s.alice, "work", path, b"1")
            commits.append((await s.alice.vaults.log("work", limit=1))[0].commit)
        vault = (await s.vault("work")).vault_id
        s.pane.session.undo.note(*((vault, commit) for commit in commits))
        await do(s, "Took back: 3 changes. `Z` makes it again.")
        assert await s.paths("work") == ["a", "b", "d", "d/x", "d/y"]

    play(scenario)
