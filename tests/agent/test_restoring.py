from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from agent.actors import alone, at, everything, left_behind, noise, read, refused, shared, write
from hypothesis import given, settings
from hypothesis import strategies as st
from simulator import World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.api.events import VaultChanged
from pk_tui.api.views import ChangeView
from pk_tui.errors import Conflict, Misuse, NotFound, ReadOnly
from pk_tui.terms import Change


async def head(agent: Agent) -> str:
    return str((await agent.vaults.get("work")).head)


async def listed(agent: Agent) -> list[tuple[str, bool]]:
    return [(row.path, row.is_directory) for row in await agent.secrets.list("work", None, True)]


# Differences


def test_a_difference_is_told_both_ways_and_to_the_newest_version() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        empty = await head(alice)
        await write(alice, "work:a", b"1")
        await write(alice, "work:d/b", b"1")
        old = await head(alice)
        await write(alice, "work:a", b"2")
        await write(alice, "work:c", b"2")
        await alice.secrets.remove([("work", at("d/b"))])
        new = await head(alice)
        there = [
            ChangeView(at("a"), Change.MODIFIED),
            ChangeView(at("c"), Change.ADDED),
            ChangeView(at("d/b"), Change.DELETED),
        ]
        back = [
            ChangeView(at("a"), Change.MODIFIED),
            ChangeView(at("c"), Change.DELETED),
            ChangeView(at("d/b"), Change.ADDED),
        ]
        assert await alice.vaults.diff("work", old) == await alice.vaults.diff("work", old[:9], new[:9]) == there
        assert await alice.vaults.diff("work", new, old) == await alice.vaults.diff(f"work@{old}", new) == back
        assert await alice.vaults.diff("work", old, old) == await alice.vaults.diff("work", new) == []
        assert {row.change for row in await alice.vaults.diff("work", empty)} == {Change.ADDED}
        for wrong in ("xyz", ""):
            with refused(Misuse):
                await alice.vaults.diff("work", wrong)
        with refused(NotFound):
            await alice.vaults.diff("work", old, "0" * 40)

    alone(scenario)


# Restoring


def test_a_whole_version_comes_back_as_a_new_one_with_its_empty_directories() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:a", b"1")
        await write(alice, "work:big", noise(3_000_000))
        await alice.secrets.make_directories([("work", at("empty"))])
        old, rows = await head(alice), await listed(alice)
        was = await everything(alice, "work")
        await alice.secrets.remove([("work", at("a")), ("work", at("empty"))], recursive=True)
        await write(alice, "work:a/b", b"a directory now")
        await write(alice, "work:new", b"1")
        before = await alice.vaults.log("work")
        async with alice.events() as events:
            made = await alice.vaults.restore("work", old[:8])
            assert await anext(events) == VaultChanged((await alice.vaults.get("work")).vault_id)
        assert (await everything(alice, "work"), await listed(alice)) == (was, rows)
        log = await alice.vaults.log("work")
        assert (log[0].commit, log[1:]) == (made, before)
        assert log[0].message == f"Restored the version {old[:8]}"
        assert await alice.vaults.restore("work", old) is None
        assert await alice.vaults.log("work") == log

    alone(scenario)


def test_one_secret_comes_back_and_all_else_stays() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:d/a", b"1")
        await write(alice, "work:d/b", b"1")
        old = await head(alice)
        await write(alice, "work:d/a", b"2")
        await write(alice, "work:d/b", b"2")
        made = await alice.vaults.restore("work", old, at("d/a"))
        assert await everything(alice, "work") == {"d/a": b"1", "d/b": b"2"}
        newest = (await alice.vaults.log("work"))[0]
        assert (newest.commit, newest.changes) == (made, (ChangeView(at("d/a"), Change.MODIFIED),))
        assert newest.message == f"d/a restored from the version {old[:8]}"
        assert await alice.vaults.restore("work", old, at("d/a")) is None
        await alice.secrets.remove([("work", at("d"))], recursive=True)
        await alice.vaults.restore("work", old, at("d/b"))
        assert await everything(alice, "work") == {"d/b": b"1"}

    alone(scenario)


def test_a_directory_comes_back_exactly_whatever_is_there_by_now() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:d/a", b"1")
        await alice.secrets.make_directories([("work", at("d/empty"))])
        old, rows = await head(alice), await listed(alice)
        await write(alice, "work:d/more", b"1")
        await alice.vaults.restore("work", old, at("d"))
        assert await listed(alice) == rows
        await alice.secrets.remove([("work", at("d"))], recursive=True)
        await write(alice, "work:d", b"a secret now")
        as_secret = await head(alice)
        await alice.vaults.restore("work", old, at("d"))
        assert await listed(alice) == rows
        await alice.vaults.restore("work", as_secret, at("d"))
        assert await everything(alice, "work") == {"d": b"a secret now"}

    alone(scenario)


def test_nothing_is_restored_that_was_not_there_or_would_remove_a_secret_elsewhere() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        first = await head(alice)
        await write(alice, "work:d/a", b"1")
        old = await head(alice)
        await alice.secrets.remove([("work", at("d"))], recursive=True)
        await write(alice, "work:d", b"a secret now")
        log = await alice.vaults.log("work")
        with refused(NotFound, f"nothing at “d/a” in the version {first[:8]} of “work”"):
            await alice.vaults.restore("work", first, at("d/a"))
        with refused(Misuse, "“d” is a secret"):
            await alice.vaults.restore("work", old, at("d/a"))
        with refused(NotFound):
            await alice.vaults.restore("work", "0" * 40)
        assert await alice.vaults.log("work") == log

    alone(scenario)


# Taking back


def test_a_change_is_taken_back_and_taking_that_back_makes_it_again() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:a", b"1")
        await write(alice, "work:a", b"2")
        changed = await head(alice)
        await write(alice, "work:b", b"1")
        back = await alice.vaults.revert("work", changed[:8])
        assert await everything(alice, "work") == {"a": b"1", "b": b"1"}
        again = await alice.vaults.revert("work", str(back))
        assert await everything(alice, "work") == {"a": b"2", "b": b"1"}
        log = await alice.vaults.log("work")
        assert [row.commit for row in log[:2]] == [again, back]
        assert log[0].message == f"Took back the version {str(back)[:8]}"

    alone(scenario)


def test_moves_deletions_and_directories_are_taken_back() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:d/a", b"1")
        await write(alice, "work:d/b", b"1")
        rows = await listed(alice)
        for change in (
            alice.secrets.remove([("work", at("d"))], recursive=True),
            alice.secrets.move(("work", at("d")), ("work", at("e/f"))),
            alice.secrets.make_directories([("work", at("g/h"))], parents=True),
            alice.secrets.copy(("work", at("d")), ("work", at("x")), True),
        ):
            await change
            assert await listed(alice) != rows
            await alice.vaults.revert("work", await head(alice))
            assert await listed(alice) == rows

    alone(scenario)


def test_what_changed_again_since_is_not_taken_back_and_is_named() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:z", b"1")
        commits = await alice.secrets.copy(("work", at("z")), ("work", at("y")))
        for number in range(8):
            await write(alice, f"work:d/s{number}", b"1")
        removed = (await alice.secrets.remove([("work", at("d"))], recursive=True))[0]
        for number in range(7):
            await write(alice, f"work:d/s{number}", b"other")
        await write(alice, "work:y", b"other")
        log = await alice.vaults.log("work")
        with refused(Conflict, r"not taken back: “y” has changed again since\. Nothing was written\."):
            await alice.vaults.revert("work", str(commits))
        with refused(Conflict, "“d/s0”, .*“d/s4” and 2 more have changed again since"):
            await alice.vaults.revert("work", str(removed))
        assert await alice.vaults.log("work") == log

    alone(scenario)


async def much_changed(alice: Agent, directory: Path) -> tuple[str, dict[str, bytes]]:
    """Two commits of 1,200 secrets, each with other values, and one after them. The second, and what there was before it."""
    before: dict[str, bytes] = {}
    for value in (b"1", b"2"):
        before = await everything(alice, "work")
        for number in range(1200):
            (directory / f"s{number}").write_bytes(value)
        await alice.vaults.import_from("work", directory)
    second = await head(alice)
    await write(alice, "work:later", b"3")
    return second, before


def test_what_is_written_while_much_is_taken_back_stays(tmp_path: Path) -> None:
    async def scenario(w: World, alice: Agent) -> None:
        second, before = await much_changed(alice, tmp_path)
        working = asyncio.create_task(alice.vaults.revert("work", second))
        for name in ("during", "s7", "again"):
            await asyncio.sleep(0)
            await write(alice, f"work:{name}", b"2" if name == "s7" else b"4")  # s7 stays what it was
        assert not working.done()
        assert await working is not None
        assert await everything(alice, "work") == before | {"later": b"3", "during": b"4", "again": b"4"}

    alone(scenario)


def test_what_changes_while_much_is_taken_back_stands_in_the_way(tmp_path: Path) -> None:
    async def scenario(w: World, alice: Agent) -> None:
        second, _ = await much_changed(alice, tmp_path)
        working = asyncio.create_task(alice.vaults.revert("work", second))
        await asyncio.sleep(0)
        await write(alice, "work:s7", b"5")
        now = await everything(alice, "work")
        assert not working.done()
        with refused(Conflict, "“s7” has changed again since"):
            await working
        assert await everything(alice, "work") == now

    alone(scenario)


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_a_revert_that_is_called_off_leaves_nothing(tmp_path: Path, turns: int) -> None:
    async def scenario(w: World, alice: Agent) -> None:
        second, _ = await much_changed(alice, tmp_path)
        now, rows = await everything(alice, "work"), left_behind(w, "alice")
        working = asyncio.create_task(alice.vaults.revert("work", second))
        for _ in range(turns):
            await asyncio.sleep(0)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert (await everything(alice, "work"), left_behind(w, "alice")) == (now, rows)

    alone(scenario)


def test_the_first_version_changed_nothing_and_a_reverted_change_is_not_reverted_twice() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        assert await alice.vaults.revert("work", await head(alice)) is None
        await write(alice, "work:a", b"1")
        made = await head(alice)
        await alice.vaults.revert("work", made)
        with refused(Conflict):
            await alice.vaults.revert("work", made)
        with refused(NotFound):
            await alice.vaults.revert("work", "0" * 40)
        assert await everything(alice, "work") == {}

    alone(scenario)


def test_a_clone_is_neither_restored_nor_reverted() -> None:
    async def scenario(w: World) -> None:
        bob = (await shared(w, 2))[1]
        await bob.vaults.clone("work", "alice")
        newest, *_, oldest = [str(row.commit) for row in await bob.vaults.log("work")]
        for work in (
            bob.vaults.restore("work", oldest),
            bob.vaults.restore("work", newest, at("s0")),
            bob.vaults.revert("work", newest),
        ):
            with refused(ReadOnly):
                await work
        assert len(await bob.vaults.diff("work", oldest)) == 2
        assert len(await bob.vaults.log("work")) == 3

    simulate(scenario)


def test_what_is_restored_reaches_clones_like_any_change() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        old = str((await alice.vaults.log("work"))[0].commit)
        was = await everything(alice, "work")
        await bob.vaults.clone("work", "alice")
        await write(alice, "work:s0", b"changed")
        await bob.vaults.pull("work")
        await alice.vaults.restore("work", old)
        await alice.vaults.revert("work", str((await alice.vaults.log("work"))[0].commit))
        await alice.vaults.restore("work", old, at("s0"))
        await bob.vaults.pull("work")
        assert await everything(bob, "work") == await everything(alice, "work") == was
        assert await read(bob, f"work@{(await bob.vaults.log('work'))[1].commit}:s0") == b"changed"

    simulate(scenario)


# Any order of changes

paths = st.sampled_from(["a", "b/x", "b/y", "c/d/e"])
values = st.sampled_from([b"1", b"2"])
changes = st.lists(st.tuples(paths, values), min_size=1, max_size=6)


@given(changes, st.data())
@settings(max_examples=25, deadline=None)
def test_taking_back_everything_from_the_end_leads_through_every_version_again(
    wanted: list[tuple[str, bytes]], data: st.DataObject
) -> None:
    async def scenario(w: World, alice: Agent) -> None:
        made, states = [], [await everything(alice, "work")]
        for path, value in wanted:
            commit = await write(alice, f"work:{path}", value)
            if commit is not None:
                made.append(str(commit))
                states.append(await everything(alice, "work"))
        for commit, state in reversed(list(zip(made, states, strict=False))):
            await alice.vaults.revert("work", commit)
            assert await everything(alice, "work") == state
        at_random = data.draw(st.integers(0, len(made) - 1))
        await alice.vaults.restore("work", made[at_random])
        assert await everything(alice, "work") == states[at_random + 1]

    alone(scenario)
