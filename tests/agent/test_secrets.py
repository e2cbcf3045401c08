from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from agent.actors import at, content, everything, left_behind, noise, read, refused, rows, shared, tried, write
from simulator import World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.api.events import VaultChanged
from pk_tui.api.items import Recipe
from pk_tui.api.views import EntryView
from pk_tui.errors import AlreadyExists, Misuse, NotFound, ReadOnly


def alone(scenario: Callable[[World, Agent], Any]) -> None:
    """Alice with two vaults. What she did must still be there after a restart, when nothing is remembered."""

    async def whole(w: World) -> None:
        alice = await w.add("alice")
        await alice.vaults.create("work")
        await alice.vaults.create("home")
        await scenario(w, alice)
        there = {name: await everything(alice, name) for name in ("work", "home")}
        await w.stop("alice")
        alice = await w.start("alice")
        assert {name: await everything(alice, name) for name in ("work", "home")} == there

    simulate(whole)


# Writing and reading


@pytest.mark.parametrize("size", [0, 1, 255, 262_143, 262_144, 262_145, 1_048_575, 1_048_576, 1_048_577, 5_000_000])
@pytest.mark.parametrize("piece", [7_919, 65_536, 10_000_000])
def test_what_is_read_is_what_was_written(size: int, piece: int) -> None:
    async def scenario(w: World, alice: Agent) -> None:
        value = noise(size)
        await write(alice, "work:a/b", *(value[start : start + piece] for start in range(0, size, piece)))
        assert await read(alice, "work:a/b") == value
        pieces = [len(part.reveal()) async for part in alice.secrets.read("work", at("a/b"))]
        assert all(part <= 1024 * 1024 for part in pieces)
        stat = await alice.secrets.stat("work", at("a/b"))
        assert (stat.size, stat.is_directory) == (size, False)

    alone(scenario)


def test_a_write_is_one_commit_and_the_same_value_again_is_none() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        first = await write(alice, "work:a", b"1")
        assert first is not None
        assert await write(alice, "work:a", b"1") is None
        second = await write(alice, "work:a", b"2")
        assert [row.commit for row in await alice.vaults.log("work")][:2] == [second, first]

    alone(scenario)


def test_create_only_refuses_what_is_there_before_and_after_reading_the_value() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:a", b"1", create_only=True)
        with refused(AlreadyExists):
            await write(alice, "work:a", b"2", create_only=True)

        async def slow() -> AsyncIterator[bytes]:
            yield b"x"
            await write(alice, "work:b", b"meanwhile")

        with refused(AlreadyExists):
            await alice.secrets.write("work", at("b"), slow(), create_only=True)
        assert await everything(alice, "work") == {"a": b"1", "b": b"meanwhile"}

    alone(scenario)


def test_two_writes_at_once_are_two_commits_and_none_is_lost() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        async def slow(value: bytes) -> AsyncIterator[bytes]:
            for _ in range(5):
                yield value * 100_000
                await asyncio.sleep(0.1)

        await asyncio.gather(
            *(alice.secrets.write("work", at(f"d/{number}"), slow(b"%d" % number)) for number in range(5))
        )
        assert await everything(alice, "work") == {f"d/{n}": b"%d" % n * 500_000 for n in range(5)}
        assert len(await alice.vaults.log("work")) == 6

    alone(scenario)


def test_a_write_whose_value_fails_or_is_called_off_leaves_nothing() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        before = left_behind(w, "alice")

        async def fails() -> AsyncIterator[bytes]:
            yield noise(3_000_000)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await alice.secrets.write("work", at("a"), fails())

        async def endless() -> AsyncIterator[bytes]:
            while True:
                yield noise(500_000)
                await asyncio.sleep(0.1)

        task = asyncio.create_task(alice.secrets.write("work", at("a"), endless()))
        await asyncio.sleep(1)
        assert left_behind(w, "alice") != before
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert left_behind(w, "alice") == before
        assert await everything(alice, "work") == {}

    alone(scenario)


def test_a_vault_deleted_while_a_secret_is_written_is_gone() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        async def slow() -> AsyncIterator[bytes]:
            yield noise(2_000_000)
            await alice.vaults.delete("work")
            await alice.vaults.create("work")
            yield b"x"

        with refused(NotFound):
            await alice.secrets.write("work", at("a"), slow())
        assert rows(w, "alice", "vault") == 2

    alone(scenario)


def test_a_vault_renamed_while_a_secret_is_written_has_it() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        async def slow() -> AsyncIterator[bytes]:
            yield b"x"
            await alice.vaults.rename("work", "renamed")
            yield b"y"

        await alice.secrets.write("work", at("a"), slow())
        assert await read(alice, "renamed:a") == b"xy"
        await alice.vaults.rename("renamed", "work")

    alone(scenario)


def test_what_is_not_there_is_not_found_and_a_directory_is_not_read() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:d/a", b"1")
        for place in ("work:missing", "work:d/missing", "work:d/a/b", "nothing:a"):
            with refused(NotFound):
                await read(alice, place)
        with refused(Misuse, "directory"):
            await read(alice, "work:d")
        with refused(AlreadyExists):
            await write(alice, "work:d", b"a secret where a directory is")
        error = await tried(write(alice, "work:d/a/b", b"a directory where a secret is"))
        assert error is not None
        assert await everything(alice, "work") == {"d/a": b"1"}

    alone(scenario)


def test_a_clone_is_not_written_in_any_way() -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        await bob.vaults.create("mine")
        await write(bob, "mine:a", b"1")
        secrets = bob.secrets
        for work in (
            write(bob, "work:new", b"x"),
            secrets.remove([("work", at("s0"))]),
            secrets.remove([("mine", at("a")), ("work", at("s0"))]),
            secrets.make_directories([("work", at("d"))]),
            secrets.move(("work", at("s0")), ("work", at("x"))),
            secrets.move(("work", at("s0")), ("mine", at("x"))),
            secrets.move(("mine", at("a")), ("work", at("x"))),
            secrets.copy(("mine", at("a")), ("work", at("x"))),
            secrets.copy(("work", at("s0")), ("work", at("x"))),
        ):
            with refused(ReadOnly, "Nothing was written"):
                await work
        await secrets.copy(("work", at("s0")), ("mine", at("b")))
        assert await read(bob, "mine:b") == await read(bob, "work:s0")
        assert set(await everything(bob, "mine")) == {"a", "b"}

    simulate(scenario)


# Rearranging


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


# Looking


def test_a_listing_shows_one_level_or_all_and_a_secret_as_itself() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:d/a", b"123")
        await write(alice, "work:s", b"1")
        assert await alice.secrets.list("work") == [EntryView("d", True, 3), EntryView("s", False, 1)]
        assert await alice.secrets.list("work", at("d")) == [EntryView("d/a", False, 3)]
        assert await alice.secrets.list("work", at("s")) == [EntryView("s", False, 1)]
        assert [row.path for row in await alice.secrets.list("work", None, True)] == ["d", "d/a", "s"]
        with refused(NotFound):
            await alice.secrets.list("work", at("missing"))

    alone(scenario)


def test_a_stat_names_the_commit_that_last_changed_it() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        first = await write(alice, "work:a", b"1")
        await asyncio.sleep(5)
        await write(alice, "work:d/b", b"2")
        stat = await alice.secrets.stat("work", at("a"))
        assert (stat.commit, stat.size, stat.is_directory) == (first, 1, False)
        assert (await alice.secrets.stat("work", at("d"))).is_directory
        with refused(NotFound):
            await alice.secrets.stat("work", at("missing"))

    alone(scenario)


def test_nothing_is_said_on_the_bus_when_nothing_changed() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:a", b"1")
        async with alice.events() as events:
            await write(alice, "work:a", b"1")
            await write(alice, "home:b", b"2")
            home = (await alice.vaults.get("home")).vault_id
            assert await anext(events) == VaultChanged(home)
        assert await alice.secrets.write("work", at("a"), content(b"1")) is None

    alone(scenario)


# Names


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
