from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from agent.actors import at, everything, noise, read, refused, shared, tried, write
from hypothesis import given
from hypothesis import strategies as st
from simulator import World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.agent.resolving import name_beside
from pk_tui.api.events import VaultChanged
from pk_tui.api.views import Take
from pk_tui.clock import SECOND
from pk_tui.errors import Conflict, Misuse, NotFound, ReadOnly
from pk_tui.terms import MAX_NAME_BYTES, CommitId, SecretPath

DAY_OF_2026 = 1_795_219_200 * SECOND
"""2026-11-21."""


async def in_conflict(w: World) -> tuple[Agent, Agent]:
    """Bob's fork “mine” after a merge: `a.txt` changed by both, `gone` removed by us, `kept` removed by them, `d` a directory of
    theirs and a secret of ours."""
    alice, bob = await shared(w, 0)
    for path in ("a.txt", "gone", "kept"):
        await write(alice, f"work:{path}", b"1")
    await bob.vaults.clone("work", "alice")
    await bob.vaults.fork("work", "mine")
    for path in ("a.txt", "gone", "d/x", "d/y"):
        await write(alice, f"work:{path}", b"theirs")
    await alice.secrets.remove([("work", at("kept"))])
    for path in ("a.txt", "kept", "d"):
        await write(bob, f"mine:{path}", b"ours")
    await bob.secrets.remove([("mine", at("gone"))])
    assert [str(path) for path in (await bob.vaults.pull("mine")).conflicts] == ["a.txt", "d", "gone", "kept"]
    return alice, bob


OURS = {"a.txt": b"ours", "kept": b"ours", "d": b"ours"}
FROM = "(from alice, 2025-06-15)"


@pytest.mark.parametrize(
    ("path", "take", "expected"),
    [
        ("a.txt", Take.OURS, OURS),
        ("a.txt", Take.THEIRS, {**OURS, "a.txt": b"theirs"}),
        ("a.txt", Take.BOTH, {**OURS, f"a {FROM}.txt": b"theirs"}),
        ("gone", Take.OURS, OURS),
        ("gone", Take.THEIRS, {**OURS, "gone": b"theirs"}),
        ("gone", Take.BOTH, {**OURS, f"gone {FROM}": b"theirs"}),
        ("kept", Take.OURS, OURS),
        ("kept", Take.THEIRS, {"a.txt": b"ours", "d": b"ours"}),
        ("kept", Take.BOTH, OURS),
        ("d", Take.OURS, OURS),
        ("d", Take.THEIRS, {"a.txt": b"ours", "kept": b"ours", "d/x": b"theirs", "d/y": b"theirs"}),
        ("d", Take.BOTH, {**OURS, f"d {FROM}/x": b"theirs", f"d {FROM}/y": b"theirs"}),
    ],
)
def test_a_decision_is_one_commit_where_it_changes_something_and_ends_the_conflict(
    path: str, take: Take, expected: dict[str, bytes]
) -> None:
    async def scenario(w: World) -> None:
        _, bob = await in_conflict(w)
        before = await bob.vaults.log("mine")
        view = await bob.vaults.get("mine")
        async with bob.events() as events:
            commit = await bob.vaults.resolve("mine", at(path), take)
            assert await anext(events) == VaultChanged(view.vault_id)
        assert await everything(bob, "mine") == expected
        assert (commit is None) == (expected == OURS)
        after = await bob.vaults.log("mine")
        if commit is None:
            assert after == before
        else:
            assert (after[0].commit, after[1:]) == (commit, before)
            assert path in after[0].message
        assert path not in [str(row.path) for row in await bob.vaults.conflicts("mine")]
        assert (await bob.vaults.get("mine")).conflicts == 3
        with refused(NotFound, "vaults conflicts"):
            await bob.vaults.resolve("mine", at(path), take)

    simulate(scenario)


def test_what_we_wrote_since_is_ours() -> None:
    async def scenario(w: World) -> None:
        _, bob = await in_conflict(w)
        await write(bob, "mine:a.txt", b"ours again")
        await write(bob, f"mine:a {FROM}.txt", b"somebody was here")
        assert await bob.vaults.resolve("mine", at("a.txt"), Take.BOTH) is not None
        assert await read(bob, "mine:a.txt") == b"ours again"
        assert await read(bob, f"mine:a {FROM[:-1]}, 2).txt") == b"theirs"
        await write(bob, "mine:gone", b"theirs")
        assert await bob.vaults.resolve("mine", at("gone"), Take.THEIRS) is None
        await bob.secrets.remove([("mine", at("kept"))])
        assert await bob.vaults.resolve("mine", at("kept"), Take.THEIRS) is None

    simulate(scenario)


def test_a_decision_that_cannot_be_written_leaves_the_conflict() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 0)
        await write(alice, "work:d/a", b"1")
        await bob.vaults.clone("work", "alice")
        await bob.vaults.fork("work", "mine")
        await write(alice, "work:d/a", b"theirs")
        await write(bob, "mine:d/a", b"ours")
        await bob.vaults.pull("mine")
        await bob.secrets.remove([("mine", at("d/a"))])
        await write(bob, "mine:d", b"in the way")
        before = (await bob.vaults.get("mine")).head
        for take in (Take.THEIRS, Take.BOTH):
            with refused(Misuse, "is a secret"):
                await bob.vaults.resolve("mine", at("d/a"), take)
        assert (await bob.vaults.get("mine")).head == before
        assert len(await bob.vaults.conflicts("mine")) == 1
        assert await bob.vaults.resolve("mine", at("d/a"), Take.OURS) is None

    simulate(scenario)


def test_a_large_secret_of_theirs_is_taken_whole() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 0)
        await write(alice, "work:big.bin", noise(2_000_000))
        await bob.vaults.clone("work", "alice")
        await bob.vaults.fork("work", "mine")
        await write(alice, "work:big.bin", noise(2_000_000, 1))
        await write(bob, "mine:big.bin", noise(2_000_000, 2))
        await bob.vaults.pull("mine")
        await bob.vaults.resolve("mine", at("big.bin"), Take.BOTH)
        assert await read(bob, f"mine:big {FROM}.bin") == noise(2_000_000, 1)
        assert (await bob.lifecycle.check()).ok

    simulate(scenario)


def test_there_is_nothing_to_decide_in_a_clone_and_in_a_vault_without_conflicts() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        assert await bob.vaults.conflicts("work") == await alice.vaults.conflicts("work") == []
        with refused(ReadOnly):
            await bob.vaults.resolve("work", at("s0"), Take.OURS)
        with refused(NotFound):
            await alice.vaults.resolve("work", at("s0"), Take.OURS)
        assert isinstance(await tried(bob.vaults.conflicts("nothing")), NotFound)

    simulate(scenario)


# The name of what lies beside ours


@pytest.mark.parametrize(
    ("path", "is_directory", "expected"),
    [
        ("a.txt", False, "a (from bob, 2026-11-21).txt"),
        ("d/a", False, "d/a (from bob, 2026-11-21)"),
        ("a.tar.gz", False, "a.tar (from bob, 2026-11-21).gz"),
        (".env", False, ".env (from bob, 2026-11-21)"),
        ("a.", False, "a. (from bob, 2026-11-21)"),
        ("v1.2", True, "v1.2 (from bob, 2026-11-21)"),
        ("no.ending at all here", False, "no.ending at all here (from bob, 2026-11-21)"),
    ],
)
def test_the_name_says_from_whom_and_when_before_its_ending(path: str, is_directory: bool, expected: str) -> None:
    assert str(name_beside(at(path), "bob", DAY_OF_2026, 1, is_directory)) == expected


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert str(name_beside(at("a.txt"), "bob", DAY_OF_2026, 3, False)) == "a (from bob, 2026-11-21, 3).txt"


@given(st.text("aü😀é.", min_size=1, max_size=255), st.integers(1, 10**6))
def test_long_names_are_cut_and_stay_names(name: str, number: int) -> None:
    try:
        path = SecretPath.parse("d/" + name)
    except Misuse:
        return
    made = name_beside(path, "b" * 40, DAY_OF_2026, number, False)
    assert SecretPath.parse(str(made)) == made
    assert len(made.name.encode()) <= MAX_NAME_BYTES


def test_a_path_without_room_for_the_name_is_refused_in_a_sentence() -> None:
    path = SecretPath.parse("/".join(["x" * 250] * 4 + ["y" * 20]))
    with pytest.raises(Misuse, match="longer"):
        name_beside(path, "bob", DAY_OF_2026, 1, False)


@pytest.mark.parametrize(
    ("take", "expected"),
    [
        (Take.OURS, OURS),
        (Take.THEIRS, {"a.txt": b"theirs", "gone": b"theirs", "d/x": b"theirs", "d/y": b"theirs"}),
        (
            Take.BOTH,
            {
                **OURS,
                f"a {FROM}.txt": b"theirs",
                f"gone {FROM}": b"theirs",
                f"d {FROM}/x": b"theirs",
                f"d {FROM}/y": b"theirs",
            },
        ),
    ],
)
def test_all_that_wait_are_decided_in_one_commit_and_come_back_with_it(take: Take, expected: dict[str, bytes]) -> None:
    async def scenario(w: World) -> None:
        _, bob = await in_conflict(w)
        before = await bob.vaults.log("mine")
        waiting = await bob.vaults.conflicts("mine")
        decision = await bob.vaults.resolve_all("mine", take)
        assert await everything(bob, "mine") == expected
        assert list(decision.decided) == waiting
        assert await bob.vaults.conflicts("mine") == []
        after = await bob.vaults.log("mine")
        assert len(after) == len(before) + (decision.commit is not None)
        if decision.commit is not None:
            assert after[0].message.startswith("Resolved 4 conflicts: ")
        assert (await bob.vaults.resolve_all("mine", take)).decided == ()
        commit = None if decision.commit is None else str(decision.commit)
        async with bob.events() as events:
            made = await bob.vaults.reopen("mine", decision.decided, commit)
            assert await anext(events) == VaultChanged((await bob.vaults.get("mine")).vault_id)
        assert (made is None) == (commit is None)
        assert await bob.vaults.conflicts("mine") == waiting
        assert await everything(bob, "mine") == OURS
        again = await bob.vaults.resolve_all("mine", take, [row.path for row in waiting])
        assert again.decided == decision.decided
        assert await everything(bob, "mine") == expected

    simulate(scenario)


def test_some_are_decided_and_those_that_do_not_wait_are_left_out() -> None:
    async def scenario(w: World) -> None:
        _, bob = await in_conflict(w)
        decision = await bob.vaults.resolve_all(
            "mine", Take.THEIRS, [at("kept"), at("a.txt"), at("never"), at("a.txt")]
        )
        assert [str(row.path) for row in decision.decided] == ["a.txt", "kept"]
        assert await everything(bob, "mine") == {"a.txt": b"theirs", "d": b"ours"}
        assert [str(row.path) for row in await bob.vaults.conflicts("mine")] == ["d", "gone"]
        assert (await bob.vaults.resolve_all("mine", Take.BOTH, [])).decided == ()

    simulate(scenario)


def test_one_below_another_is_decided_upon_what_became_of_that() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 0)
        await write(alice, "work:d/a", b"1")
        await bob.vaults.clone("work", "alice")
        await bob.vaults.fork("work", "mine")
        await write(alice, "work:d/a", b"theirs")
        await write(bob, "mine:d/a", b"ours")
        await bob.vaults.pull("mine")
        await alice.secrets.remove([("work", at("d"))], recursive=True)
        await write(alice, "work:d", b"a secret now")
        await write(bob, "mine:d/a", b"ours again")
        await bob.vaults.pull("mine")
        waiting = await bob.vaults.conflicts("mine")
        decision = await bob.vaults.resolve_all("mine", Take.BOTH)
        assert list(decision.decided) == waiting
        assert (await bob.lifecycle.check()).ok
        assert await read(bob, "mine:d/a") == b"ours again"
        await bob.vaults.reopen("mine", decision.decided, str(decision.commit) if decision.commit else None)
        assert await bob.vaults.conflicts("mine") == waiting
        await bob.vaults.resolve_all("mine", Take.OURS)
        assert await everything(bob, "mine") == {"d/a": b"ours again"}

    simulate(scenario)


def test_a_name_beside_that_another_decision_takes_is_not_taken_twice() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 0)
        beside = f"a {FROM}.txt"
        for path in ("a.txt", beside):
            await write(alice, f"work:{path}", b"1")
        await bob.vaults.clone("work", "alice")
        await bob.vaults.fork("work", "mine")
        for path in ("a.txt", beside):
            await write(alice, f"work:{path}", b"theirs " + path.encode())
        await write(bob, "mine:a.txt", b"ours")
        await bob.secrets.remove([("mine", at(beside))])
        await bob.vaults.pull("mine")
        await bob.vaults.resolve_all("mine", Take.BOTH)
        found = await everything(bob, "mine")
        assert len(found) == 3
        assert sorted(found.values()) == [b"ours", b"theirs " + beside.encode(), b"theirs a.txt"]

    simulate(scenario)


def test_of_many_where_one_cannot_be_written_none_is_decided() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 0)
        for path in ("d/a", "e"):
            await write(alice, f"work:{path}", b"1")
        await bob.vaults.clone("work", "alice")
        await bob.vaults.fork("work", "mine")
        for path in ("d/a", "e"):
            await write(alice, f"work:{path}", b"theirs")
            await write(bob, f"mine:{path}", b"ours")
        await bob.vaults.pull("mine")
        await bob.secrets.remove([("mine", at("d/a"))])
        await write(bob, "mine:d", b"in the way")
        head = (await bob.vaults.get("mine")).head
        with refused(Misuse, "is a secret"):
            await bob.vaults.resolve_all("mine", Take.THEIRS)
        assert (await bob.vaults.get("mine")).head == head
        assert len(await bob.vaults.conflicts("mine")) == 2

    simulate(scenario)


def test_a_decision_whose_secret_has_changed_since_is_not_taken_back_and_nothing_waits_again() -> None:
    async def scenario(w: World) -> None:
        _, bob = await in_conflict(w)
        decision = await bob.vaults.resolve_all("mine", Take.THEIRS)
        await write(bob, "mine:a.txt", b"newer")
        with refused(Conflict, "a.txt"):
            await bob.vaults.reopen("mine", decision.decided, str(decision.commit))
        assert await bob.vaults.conflicts("mine") == []
        assert await read(bob, "mine:a.txt") == b"newer"

    simulate(scenario)


def test_a_conflict_that_a_later_merge_found_is_not_replaced_by_one_that_was_decided_before() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await in_conflict(w)
        decision = await bob.vaults.resolve_all("mine", Take.OURS)
        await write(alice, "work:a.txt", b"theirs, later")
        await write(bob, "mine:a.txt", b"ours, later")
        await bob.vaults.pull("mine")
        (newer,) = await bob.vaults.conflicts("mine")
        assert await bob.vaults.reopen("mine", decision.decided) is None
        waiting = {str(row.path): row for row in await bob.vaults.conflicts("mine")}
        assert sorted(waiting) == ["a.txt", "d", "gone", "kept"]
        assert waiting["a.txt"] == newer

    simulate(scenario)


def test_what_is_not_in_the_history_cannot_wait_again_and_a_clone_takes_nothing_back() -> None:
    async def scenario(w: World) -> None:
        _, bob = await in_conflict(w)
        decision = await bob.vaults.resolve_all("mine", Take.OURS)
        strange = replace(decision.decided[0], theirs=CommitId(bytes(20)))
        with refused(NotFound, "no version"):
            await bob.vaults.reopen("mine", [strange])
        assert await bob.vaults.conflicts("mine") == []
        with refused(ReadOnly):
            await bob.vaults.reopen("work", decision.decided)
        with refused(ReadOnly):
            await bob.vaults.resolve_all("work", Take.OURS)

    simulate(scenario)


def test_what_is_decided_while_another_decision_is_made_is_decided_once() -> None:
    async def scenario(w: World) -> None:
        _, bob = await in_conflict(w)
        both = await asyncio.gather(*(bob.vaults.resolve_all("mine", take) for take in (Take.THEIRS, Take.BOTH)))
        paths = [str(row.path) for one in both for row in one.decided]
        assert sorted(paths) == ["a.txt", "d", "gone", "kept"]
        assert await bob.vaults.conflicts("mine") == []

    simulate(scenario)
