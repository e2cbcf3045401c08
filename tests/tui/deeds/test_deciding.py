from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from tui.deeds.acting import Acting, acting
from tui.deeds.forked import OURS, THEIRS, at, clashing
from tui.people import clone

from pk_tui.api.views import ConflictView, Take
from pk_tui.tui.conflict_words import name_beside
from pk_tui.tui.deeds.deciding import conflicts, outcome
from pk_tui.tui.deeds.undoing import redo, undo


def play(scenario: Callable[[Acting], Awaitable[None]], size: tuple[int, int] = (80, 24)) -> None:
    async def run() -> None:
        async with acting(size, clashing) as s:
            await scenario(s)

    asyncio.run(run())


async def left(s: Acting) -> list[str]:
    return [str(one.path) for one in await s.alice.vaults.conflicts("infra-mine")]


async def look(s: Acting) -> None:
    s.do(conflicts(s.pane, await s.vault("infra-mine")))
    await s.see("Changed on both sides: infra-mine", "conflicts left")


async def decide_one(s: Acting) -> None:
    """The first of three, theirs; and leave."""
    await look(s)
    await s.press("t")
    await s.see("2 conflicts left")
    await s.press("escape")
    await s.settled()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_conflicts_are_decided_one_by_one_and_the_end_is_a_sentence(size: tuple[int, int]) -> None:
    async def scenario(s: Acting) -> None:
        beside: ConflictView = (await s.alice.vaults.conflicts("infra-mine"))[0]
        await look(s)
        await s.press("b")
        await s.see("2 conflicts left")
        await s.press("t")
        await s.see("1 conflict left")
        await s.press("o")
        await s.settled()
        await s.see("Decided 3 conflicts of infra-mine: 1 ours, 1 theirs, 1 both. None is left.")
        assert await left(s) == []
        both = f"db/{name_beside('one.conf', 'bob', beside)}"  # as the screen said it would be called
        assert set(await s.paths("infra-mine")) == {"db", "db/one.conf", both, "new", "notes", "tls"}
        assert await s.value("infra-mine", both) == f"{THEIRS}\nsame\n".encode()
        assert await s.value("infra-mine", "tls") == f"{OURS}\nsame\n".encode()
        assert (await s.vault("infra-mine")).conflicts == 0
        assert "canary" not in s.screen_text()

    play(scenario, size)


def test_all_are_decided_alike_and_taken_back_with_one_z() -> None:
    async def scenario(s: Acting) -> None:
        await look(s)
        await s.press("T")
        await s.see("Take theirs in all 3 conflicts?")
        await s.press("y")
        await s.settled()
        await s.see("Decided 3 conflicts of infra-mine: 3 theirs. None is left.")
        assert await s.value("infra-mine", "tls") == f"{THEIRS}\nsame\n".encode()
        assert "gone" not in await s.paths("infra-mine")
        versions = await s.alice.vaults.log("infra-mine")
        assert len(versions[0].changes) == 3  # one version for all
        s.do(undo(s.pane))
        await s.see("Took back: infra-mine: 3 conflicts decided, theirs. They wait again: press !")
        await s.settled()
        assert await s.value("infra-mine", "tls") == f"{OURS}\nsame\n".encode()
        assert await s.value("infra-mine", "gone") == OURS.encode()
        assert await left(s) == ["db/one.conf", "gone", "tls"]
        s.do(redo(s.pane))
        await s.see("Made again: infra-mine: 3 conflicts decided, theirs.")
        await s.settled()
        assert await left(s) == []
        assert await s.value("infra-mine", "tls") == f"{THEIRS}\nsame\n".encode()
        s.do(undo(s.pane))
        await s.settled()
        assert await left(s) == ["db/one.conf", "gone", "tls"]

    play(scenario)


def test_one_decision_is_taken_back_by_z() -> None:
    async def scenario(s: Acting) -> None:
        await decide_one(s)
        await s.see("Decided 1 conflict of infra-mine: 1 theirs. 2 left: press !")
        s.do(undo(s.pane))
        await s.see("Took back: infra-mine: db/one.conf decided, theirs. It waits again: press !")
        await s.settled()
        assert await s.value("infra-mine", "db/one.conf") == f"{OURS}\nsame\n".encode()
        assert await left(s) == ["db/one.conf", "gone", "tls"]

    play(scenario)


def test_what_was_decided_elsewhere_meanwhile_leaves_the_list_and_is_not_counted() -> None:
    async def scenario(s: Acting) -> None:
        await look(s)
        await s.alice.vaults.resolve("infra-mine", at("db/one.conf"), Take.THEIRS)
        await s.press("o")
        await s.see("2 conflicts left")
        await s.press("escape")
        await s.settled()
        assert "Decided" not in s.screen_text()
        assert await s.value("infra-mine", "db/one.conf") == f"{THEIRS}\nsame\n".encode()

    play(scenario)


def test_looking_alone_changes_nothing() -> None:
    async def scenario(s: Acting) -> None:
        before = (await s.vault("infra-mine")).head
        await look(s)
        await s.press("space")
        await s.see(THEIRS)
        await s.press("escape")
        await s.settled()
        assert (await s.vault("infra-mine")).head == before
        assert len(await left(s)) == 3

    play(scenario)


def test_the_outcome_counts_each_way_and_what_is_left() -> None:
    vault = replace(clone(1, "[/x]", 2), fork=True)
    assert (
        outcome(vault, Counter({Take.OURS: 1200}), 3).plain
        == "Decided 1,200 conflicts of [/x]: 1,200 ours. 3 left: press !"
    )


def test_a_decision_that_wrote_nothing_is_taken_back_too_and_not_the_change_before_it() -> None:
    async def scenario(s: Acting) -> None:
        await look(s)
        await s.press("t")
        await s.see("2 conflicts left")
        await s.press("o")
        await s.see("1 conflict left")
        await s.press("escape")
        await s.settled()
        head = (await s.vault("infra-mine")).head
        s.do(undo(s.pane))
        await s.see("Took back: infra-mine: gone decided, ours. It waits again: press !")
        await s.settled()
        assert await left(s) == ["gone", "tls"]
        assert (await s.vault("infra-mine")).head == head
        s.do(redo(s.pane))
        await s.see("Made again: infra-mine: gone decided, ours.")
        await s.settled()
        assert await left(s) == ["tls"]

    play(scenario)


def test_what_was_decided_elsewhere_meanwhile_is_not_decided_again() -> None:
    async def scenario(s: Acting) -> None:
        await decide_one(s)
        s.do(undo(s.pane))
        await s.see("It waits again")
        await s.settled()
        await s.alice.vaults.resolve("infra-mine", at("db/one.conf"), Take.OURS)
        s.do(redo(s.pane))
        await s.see("Not made again: these conflicts do not wait any more.")
        await s.settled()
        assert await s.value("infra-mine", "db/one.conf") == f"{OURS}\nsame\n".encode()

    play(scenario)
