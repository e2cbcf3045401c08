from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from agent.actors import alone, at, everything, left_behind, noise, refused, rows, tried, write
from simulator import World, simulate

from pk_tui.agent import arranging
from pk_tui.agent.agent import Agent
from pk_tui.api.events import VaultChanged
from pk_tui.api.items import Recipe
from pk_tui.api.views import EntryView
from pk_tui.errors import AlreadyExists, Misuse, NotFound, StorageFailed


def test_what_was_removed_is_gone_and_the_rest_can_be_read_after_a_restart() -> None:
    """The commits of a removal lie in frames that must outlive the batch they were made in."""

    async def scenario(w: World, alice: Agent) -> None:
        for name in ("a", "b", "d/x", "d/y", "e/z"):
            await write(alice, f"work:{name}", name.encode())
        await alice.secrets.remove([("work", at("a"))])
        await alice.secrets.remove([("work", at("d"))], recursive=True)
        await alice.secrets.remove([("work", at("e/z"))])
        assert set(await everything(alice, "work")) == {"b"}
        assert [row.path for row in await alice.secrets.list("work")] == ["b"]
        assert left_behind(w, "alice")[2] == rows(w, "alice", "findex")

    alone(scenario)


def test_directories_that_were_made_are_there_after_a_restart() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        for name in ("work", "home"):
            await alice.vaults.create(name)
        commits = await alice.secrets.make_directories([("work", at("d")), ("home", at("e"))])
        assert len(commits) == 2
        await w.stop("alice")
        alice = await w.start("alice")
        assert await alice.secrets.list("work") == [EntryView("d", True, 0)]
        assert await alice.secrets.list("home") == [EntryView("e", True, 0)]

    simulate(scenario)


def test_removal_in_several_vaults_is_all_or_nothing() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        for vault in ("work", "home"):
            await write(alice, f"{vault}:a", b"1")
            await write(alice, f"{vault}:b", b"2")
        heads = [view.head for view in await alice.vaults.list()]
        with refused(NotFound):
            await alice.secrets.remove([("work", at("a")), ("home", at("missing"))])
        with refused(NotFound):
            await alice.secrets.remove([("work", at("a")), ("nothing", at("a"))])
        assert [view.head for view in await alice.vaults.list()] == heads
        commits = await alice.secrets.remove([("work", at("a")), ("home", at("a")), ("work", at("b"))])
        assert len(commits) == 2
        assert await everything(alice, "work") == {}
        assert await everything(alice, "home") == {"b": b"2"}

    alone(scenario)


def test_a_directory_is_removed_only_when_it_is_said_and_naming_things_twice_does_no_harm() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:d/a", b"1")
        with refused(Misuse, "--recursive"):
            await alice.secrets.remove([("work", at("d"))])
        paths = [("work", at("d/a")), ("work", at("d")), ("work", at("d"))]
        assert len(await alice.secrets.remove(paths, recursive=True)) == 1
        assert await everything(alice, "work") == {}
        assert await alice.secrets.remove([]) == []

    alone(scenario)


def test_directories_are_made_with_what_is_above_them_only_when_it_is_said() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        with refused(NotFound, "--recursive"):
            await alice.secrets.make_directories([("work", at("a/b"))])
        await alice.secrets.make_directories([("work", at("a")), ("work", at("a/b"))])
        with refused(AlreadyExists):
            await alice.secrets.make_directories([("work", at("a"))])
        await alice.secrets.make_directories([("work", at("a/b/c/d"))], parents=True)
        assert await alice.secrets.make_directories([("work", at("a/b"))], parents=True) == []
        await write(alice, "work:s", b"1")
        with refused(AlreadyExists):
            await alice.secrets.make_directories([("work", at("s"))], parents=True)
        listed = await alice.secrets.list("work", None, True)
        assert [row.path for row in listed] == ["a", "a/b", "a/b/c", "a/b/c/d", "s"]

    alone(scenario)


def test_a_move_renames_goes_into_directories_and_refuses_what_is_taken() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:a", b"1")
        await write(alice, "work:d/x", b"2")
        move = alice.secrets.move
        assert len(await move(("work", at("a")), ("work", at("b")))) == 1
        await move(("work", at("b")), ("work", at("d")))
        assert await everything(alice, "work") == {"d/b": b"1", "d/x": b"2"}
        with refused(AlreadyExists):
            await move(("work", at("d/b")), ("work", at("d/x")))
        with refused(AlreadyExists):
            await move(("work", at("d/b")), ("work", at("d")))
        for goal in ("d", "d/e", "d/e/f"):
            error = await tried(move(("work", at("d")), ("work", at(goal))))
            assert isinstance(error, Misuse), error
        with refused(NotFound):
            await move(("work", at("missing")), ("work", at("x")))
        await move(("work", at("d")), ("work", at("moved")))
        assert set(await everything(alice, "work")) == {"moved/b", "moved/x"}

    alone(scenario)


def test_a_move_to_another_vault_takes_everything_with_it() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:d/a", b"1")
        await write(alice, "work:d/big", noise(2_500_000))
        async with alice.events() as events:
            assert len(await alice.secrets.move(("work", at("d")), ("home", at("e")))) == 2
            seen = {await anext(events), await anext(events)}
        views = {VaultChanged(view.vault_id) for view in await alice.vaults.list()}
        assert seen == views
        assert await everything(alice, "work") == {}
        assert await everything(alice, "home") == {"e/a": b"1", "e/big": noise(2_500_000)}

    alone(scenario)


def test_a_copy_leaves_the_source_and_needs_a_word_for_directories() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:d/a", b"1")
        copy = alice.secrets.copy
        with refused(Misuse, "--recursive"):
            await copy(("work", at("d")), ("work", at("e")))
        with refused(Misuse, "into itself"):
            await copy(("work", at("d")), ("work", at("d/e")), recursive=True)
        await copy(("work", at("d")), ("work", at("e")), recursive=True)
        await copy(("work", at("d/a")), ("home", at("a")))
        assert await everything(alice, "work") == {"d/a": b"1", "e/a": b"1"}
        assert await everything(alice, "home") == {"a": b"1"}
        with refused(AlreadyExists):
            await copy(("work", at("d/a")), ("home", at("a")))

    alone(scenario)


@pytest.mark.parametrize("name", ["git~1", ".git.", "d/.GIT /x"])
@pytest.mark.parametrize("verb", ["write", "mkdir", "move", "copy", "into a directory", "item", "key", "generate"])
def test_no_new_secret_gets_a_name_that_git_takes_for_its_own(name: str, verb: str) -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:a", b"1")
        await alice.secrets.make_directories([("work", at("into"))])
        here, there = ("work", at("a")), ("home", at(name))
        before = await everything(alice, "work"), await everything(alice, "home")
        tries: dict[str, Callable[[], Any]] = {
            "write": lambda: write(alice, f"home:{name}", b"2"),
            "mkdir": lambda: alice.secrets.make_directories([there], parents=True),
            "move": lambda: alice.secrets.move(here, there),
            "copy": lambda: alice.secrets.copy(here, there),
            "into a directory": lambda: write(alice, f"work:into/{name}", b"2"),
            "item": lambda: alice.items.create("home", at(name), "note", "x", ()),
            "key": lambda: alice.items.new_ssh_key("home", at(name), "x"),
            "generate": lambda: alice.items.generate("home", at(name), Recipe()),
        }
        with refused(Misuse, "git's own"):
            await tries[verb]()
        assert (await everything(alice, "work"), await everything(alice, "home")) == before

    alone(scenario)


# Between vaults, in steps


async def filled(alice: Agent) -> dict[str, bytes]:
    """A directory `d` in “work” of several flushes' size."""
    for number in range(30):
        await write(alice, f"work:d/s{number}", noise(200_000, number))
    return await everything(alice, "work")


def below(secrets: dict[str, bytes], old: str, new: str) -> dict[str, bytes]:
    return {path.replace(old, new, 1): value for path, value in secrets.items()}


@pytest.mark.parametrize("verb", ["move", "copy"])
@pytest.mark.parametrize("turns", [0, 1, 10, 30])
def test_what_is_called_off_on_its_way_to_another_vault_leaves_nothing(verb: str, turns: int) -> None:
    async def scenario(w: World, alice: Agent) -> None:
        before = await filled(alice)
        rows_before = left_behind(w, "alice")
        place, goal = ("work", at("d")), ("home", at("e"))
        work = alice.secrets.move(place, goal) if verb == "move" else alice.secrets.copy(place, goal, recursive=True)
        working = asyncio.create_task(work)
        for _ in range(turns):
            await asyncio.sleep(0)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert left_behind(w, "alice") == rows_before
        assert (await everything(alice, "work"), await everything(alice, "home")) == (before, {})

    alone(scenario)


def test_what_is_written_to_a_directory_on_its_way_to_another_vault_goes_along() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        before = await filled(alice)
        working = asyncio.create_task(alice.secrets.move(("work", at("d")), ("home", at("e"))))
        for number in range(5):
            await asyncio.sleep(0)
            await write(alice, f"work:d/late{number}", b"x")
        assert not working.done()
        await working
        late = {f"e/late{number}": b"x" for number in range(5)}
        assert await everything(alice, "home") == below(before, "d/", "e/") | late
        assert await everything(alice, "work") == {}

    alone(scenario)


def test_a_copy_is_of_what_was_there_when_it_began() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        before = await filled(alice)
        working = asyncio.create_task(alice.secrets.copy(("work", at("d")), ("home", at("e")), recursive=True))
        await asyncio.sleep(0)
        await alice.secrets.remove([("work", at("d"))], recursive=True)
        assert not working.done()
        await working
        assert await everything(alice, "home") == below(before, "d/", "e/")

    alone(scenario)


def test_a_place_that_is_taken_while_something_is_on_its_way_there_is_not_written_over() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        before = await filled(alice)
        working = asyncio.create_task(alice.secrets.move(("work", at("d")), ("home", at("e"))))
        await asyncio.sleep(0)
        await write(alice, "home:e", b"mine")
        with refused(AlreadyExists):
            await working
        assert (await everything(alice, "work"), await everything(alice, "home")) == (before, {"e": b"mine"})

    alone(scenario)


def test_a_move_between_vaults_is_one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:a", b"1")
        before = await everything(alice, "work")
        real, calls = arranging.commit_edits, []

        def second_fails(*arguments: Any) -> Any:
            calls.append(arguments)
            if len(calls) == 2:
                raise StorageFailed("The disk is full.")
            return real(*arguments)

        with monkeypatch.context() as patch, refused(StorageFailed):
            patch.setattr(arranging, "commit_edits", second_fails)
            await alice.secrets.move(("work", at("a")), ("home", at("b")))
        assert len(calls) == 2
        assert (await everything(alice, "work"), await everything(alice, "home")) == (before, {})

    alone(scenario)
