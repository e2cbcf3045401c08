from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from agent.actors import alone, at, content, everything, left_behind, noise, read, refused, rows, shared, tried, write
from simulator import World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.api.events import VaultChanged
from pk_tui.api.views import EntryView
from pk_tui.errors import AlreadyExists, Misuse, NotFound, ReadOnly

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
            yield noise(9_000_000)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await alice.secrets.write("work", at("a"), fails())

        async def endless() -> AsyncIterator[bytes]:
            while True:
                yield noise(1_500_000)
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
