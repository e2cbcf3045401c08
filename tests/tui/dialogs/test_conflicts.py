from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from simulator import World
from tui.deeds.forked import OURS, THEIRS, clashing
from tui.dialogs.test_dialog import opened
from tui.stage import Stage, stage, write

from pk_tui.api.views import Take
from pk_tui.errors import Corrupt, StorageFailed
from pk_tui.terms import SecretPath
from pk_tui.tui.dialogs.conflicts import ConflictsDialog


def play(
    scenario: Callable[[Stage], Awaitable[None]],
    size: tuple[int, int] = (80, 24),
    prepare: Callable[[World], Awaitable[None]] = clashing,
) -> None:
    async def run() -> None:
        async with stage(size, prepare) as s:
            await scenario(s)

    asyncio.run(run())


class Chosen:
    """In place of what decides: notes what is asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], Take]] = []
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.fails: Exception | None = None

    async def __call__(self, paths: Sequence[SecretPath], take: Take) -> int:
        self.calls.append(([str(path) for path in paths], take))
        await self.goes_on.wait()
        if self.fails is not None:
            raise self.fails
        return len(paths)


async def look(s: Stage) -> tuple[Chosen, list[Any]]:
    assert s.app.session is not None
    chosen = Chosen()
    vault = await s.alice.vaults.get("infra-mine")
    answers = await opened(s, ConflictsDialog(s.app.session, vault, chosen), "exclamation_mark")
    await s.until(lambda: "left" in s.screen_text(), "the conflicts")
    return chosen, answers


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_each_conflict_says_who_did_what_and_what_each_way_out_does(size: tuple[int, int]) -> None:
    async def scenario(s: Stage) -> None:
        await look(s)
        await s.see("Changed on both sides: infra-mine", "> db/one.conf", "gone", "tls", "3 conflicts left")
        await s.see("you changed it, bob changed it", "o ours", "t theirs", "b both", "`one (from bob,", "O T B", "UTC")
        await s.see("Ours  o", "Theirs  t", "Both  b", "Compare  space")
        await s.press("down")
        await s.see("you changed it, bob deleted it", "it is deleted here too", "the same as ours")
        assert "canary" not in s.screen_text()

    play(scenario, size)


@pytest.mark.parametrize("key", ["space", "enter", "v"])
def test_both_values_are_compared_on_request_and_go_with_the_cursor(key: str) -> None:
    async def scenario(s: Stage) -> None:
        await look(s)
        await s.press(key)
        await s.see("- ours   + theirs", f"- {OURS}", f"+ {THEIRS}", "  same")
        await s.press("down")
        await s.see_no("canary")
        await s.press(key)
        await s.see("+ theirs (deleted)", f"- {OURS}")
        await s.press("o")
        await s.see_no("canary")

    play(scenario)


def test_on_the_smallest_screen_the_comparison_comes_into_sight_and_every_way_out_has_its_button() -> None:
    async def scenario(s: Stage) -> None:
        await look(s)
        await s.see("Ours  o", "Theirs  t", "Both  b")
        await s.press("v")
        await s.see(f"- {OURS}", f"+ {THEIRS}")
        await s.press("down")
        await s.see("> gone")

    play(scenario, (60, 15))


def test_a_comparison_is_masked_when_the_window_is_left() -> None:
    async def scenario(s: Stage) -> None:
        await look(s)
        await s.press("v")
        await s.see(THEIRS)
        s.app.app_focus = False
        await s.see_no("canary")

    play(scenario)


def test_what_is_decided_leaves_the_list_and_the_last_one_closes_it() -> None:
    async def scenario(s: Stage) -> None:
        chosen, answers = await look(s)
        await s.press("t")
        await s.see("2 conflicts left", "> gone")
        await s.press("b")
        await s.see("1 conflict left", "> tls")
        assert "O T B" not in s.screen_text()  # of one there are no others
        await s.press("o")
        assert answers == [Counter({Take.THEIRS: 1, Take.BOTH: 1, Take.OURS: 1})]
        assert chosen.calls == [
            (["db/one.conf"], Take.THEIRS),
            (["gone"], Take.BOTH),
            (["tls"], Take.OURS),
        ]

    play(scenario)


@pytest.mark.parametrize(("key", "take"), [("O", Take.OURS), ("T", Take.THEIRS), ("B", Take.BOTH)])
def test_all_that_are_left_are_decided_after_a_question_only(key: str, take: Take) -> None:
    async def scenario(s: Stage) -> None:
        chosen, answers = await look(s)
        for no in ("enter", "escape", "n"):
            await s.press(key)
            await s.see("in all 3 conflicts?", "Everywhere")
            await s.press(no)
            await s.see_no("Everywhere")
        assert chosen.calls == []
        await s.press("o")
        await s.see("2 conflicts left")
        await s.press(key)
        await s.see("in all 2 conflicts?")
        await s.press("y")
        await s.until(lambda: bool(answers), "the dialog closing")
        assert chosen.calls[1:] == [(["gone", "tls"], take)]
        assert answers[0].total() == 3

    play(scenario)


def test_called_off_in_the_middle_what_was_begun_is_seen_through_and_then_it_closes() -> None:
    async def scenario(s: Stage) -> None:
        chosen, answers = await look(s)
        chosen.goes_on.clear()
        await s.press("T")
        await s.see("in all 3 conflicts?")
        await s.press("y")
        await s.until(lambda: bool(chosen.calls), "it beginning")
        await s.press("t", "o", "escape")
        assert answers == []
        chosen.goes_on.set()
        await s.until(lambda: bool(answers), "the dialog closing")
        assert answers == [Counter({Take.THEIRS: 3})]
        assert len(chosen.calls) == 1

    play(scenario)


def test_a_failure_is_said_and_the_conflict_stays() -> None:
    async def scenario(s: Stage) -> None:
        chosen, answers = await look(s)
        chosen.fails = StorageFailed("The disk is full. Nothing was written.")
        await s.press("t")
        await s.see("The disk is full.", "3 conflicts left")
        chosen.fails = None
        await s.press("t")
        await s.see("2 conflicts left")
        await s.see_no("The disk is full.")
        await s.press("escape")
        assert answers == [Counter({Take.THEIRS: 1})]

    play(scenario)


def test_closed_without_a_decision_it_answers_nothing() -> None:
    async def scenario(s: Stage) -> None:
        chosen, answers = await look(s)
        await s.press("escape")
        assert answers == [None]
        assert chosen.calls == []

    play(scenario)


def test_a_vault_whose_conflicts_cannot_be_read_says_why() -> None:
    async def scenario(s: Stage) -> None:
        async def broken(*_: object) -> None:
            raise Corrupt("A row is damaged.")

        s.alice.vaults.conflicts = broken  # type: ignore[method-assign, assignment]
        assert s.app.session is not None
        vault = await s.alice.vaults.get("infra-mine")
        await opened(s, ConflictsDialog(s.app.session, vault, Chosen()), "exclamation_mark")
        await s.see("A row is damaged.")
        await s.press("t", "O", "space", "escape")

    play(scenario)


async def odd(w: World) -> None:
    """Values that are not shown line by line, a directory against a secret, and a name that tries things."""
    bob, alice = w.agents["bob"], w.agents["alice"]
    await bob.vaults.create("infra")
    await write(bob, "infra", "a", b"1")
    await bob.vaults.share("infra", "alice")
    await alice.vaults.clone("infra", "bob")
    await alice.vaults.fork("infra", "infra-mine")
    for agent, vault, letter in ((bob, "infra", b"b"), (alice, "infra-mine", b"a")):
        await write(agent, vault, "a", letter + b"\xff")
        await write(agent, vault, "large", letter * 70_000)
        await write(agent, vault, "[@click=app.quit]x[@]", letter)
    await write(bob, "infra", "mixed/inside", b"1")
    await write(alice, "infra-mine", "mixed", b"1")
    await alice.vaults.pull("infra-mine")
    await alice.nodes.name(str(w.ids["bob"]), "[b]")


def test_what_cannot_be_compared_is_told_and_names_stay_text() -> None:
    async def scenario(s: Stage) -> None:
        chosen, _ = await look(s)
        await s.see("4 conflicts left", "[@click=app.quit]x[@]")
        await s.see("you added it, [b] added it", "(from [b], ")
        for path, why in (
            ("a", "binary: not shown"),
            ("large", "more than 64.0 KiB is not shown"),
            ("mixed", "a directory on one side"),
        ):
            s.screen.query_one("#conflicts").put_cursor(path)  # type: ignore[attr-defined]
            await s.press("space")
            await s.see(why)
        assert chosen.calls == []

    play(scenario, (120, 40), odd)
