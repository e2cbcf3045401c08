from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from simulator import World
from tui.dialogs.test_dialog import opened
from tui.people import HOSTILE
from tui.stage import Stage, stage, write

from pk_tui.api.views import ChangeView, CommitView
from pk_tui.errors import Corrupt
from pk_tui.terms import Change, CommitId, SecretPath
from pk_tui.tui.dialogs import history as module
from pk_tui.tui.dialogs.history import HistoryDialog, what
from pk_tui.tui.dialogs.old_version import ToForget

CANARY = "canary-history"


async def some_versions(w: World) -> None:
    alice = w.agents["alice"]
    await alice.vaults.create("work")
    for number in range(12):
        await write(alice, "work", "a" if number % 2 else "b", f"{CANARY}{number}".encode())


def play(
    scenario: Callable[[Stage], Awaitable[None]],
    prepare: Callable[[World], Awaitable[None]] = some_versions,
    size: tuple[int, int] = (80, 24),
) -> None:
    async def run() -> None:
        async with stage(size, prepare) as s:
            await scenario(s)

    asyncio.run(run())


async def look(
    s: Stage, path: str | None = None, start: CommitId | None = None, restored: list[Any] | None = None
) -> list[Any]:
    async def restore(version: CommitView, place: SecretPath | None) -> bool:
        assert restored is not None
        restored.append((version.commit, place))
        return len(restored) > 1

    assert s.app.session is not None
    vault = await s.alice.vaults.get("work")
    where = SecretPath.parse(path) if path else None
    return await opened(s, HistoryDialog(s.app.session, vault, where, restore, start), "H")


def test_versions_are_listed_newest_first_with_when_who_and_what() -> None:
    async def scenario(s: Stage) -> None:
        answers = await look(s)
        await s.see("Versions of work", "13 versions", "this node  a modified  (now)", "~ modified  a")
        log = await s.alice.vaults.log("work")
        await s.see(str(log[0].commit), log[1].commit.short)
        await s.press("G")
        await s.see("Created the vault", str(log[-1].commit))
        assert CANARY not in s.screen_text()
        await s.press("escape")
        assert answers == [None]

    play(scenario)


def test_of_one_secret_only_its_own_are_listed_and_the_cursor_begins_where_it_is_told() -> None:
    async def scenario(s: Stage) -> None:
        log = await s.alice.vaults.log("work", SecretPath.parse("a"))
        await look(s, "a", log[3].commit)
        await s.see("Versions of work:a", "6 versions", str(log[3].commit))

    play(scenario)


def test_older_versions_are_read_when_the_cursor_comes_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 5)

    async def scenario(s: Stage) -> None:
        for path, count in ((None, 13), ("a", 6)):
            await look(s, path)
            await s.see("5 versions+")
            for _ in range(3):
                await s.press("G")
                await s.pilot.pause(0.05)
            await s.see(f"{count} versions")
            assert "versions+" not in s.screen_text()
            dialog = s.screen
            assert isinstance(dialog, HistoryDialog)
            log = await s.alice.vaults.log("work", SecretPath.parse(path) if path else None)
            assert [one.commit for one in dialog._versions] == [one.commit for one in log]
            await s.press("escape")

    play(scenario)


def test_a_version_is_compared_with_the_one_before_it_or_with_the_marked_one() -> None:
    async def scenario(s: Stage) -> None:
        log = [one.commit.short for one in await s.alice.vaults.log("work")]
        await look(s)
        await s.see("13 versions")
        await s.press("d")
        await s.see("What changed in work", f"From {log[1]}", f"to {log[0]}")
        await s.press("escape", "down", "m")
        await s.see("* " + log[1], "Marked: d on another version")
        await s.press("down", "down", "equals_sign")
        await s.see(f"From {log[3]}", f"to {log[1]}")
        await s.press("escape", "home", "d")
        await s.see(f"From {log[1]}", f"to {log[0]}")
        await s.press("escape", "down", "m", "G", "d")
        await s.see("This is the oldest version")
        assert "* " + log[1] not in s.screen_text()

    play(scenario)


def test_restoring_is_done_by_whoever_opened_it_and_ends_it_only_once_something_was_done() -> None:
    async def scenario(s: Stage) -> None:
        restored: list[Any] = []
        log = await s.alice.vaults.log("work", SecretPath.parse("a"))
        answers = await look(s, "a", restored=restored)
        await s.see("6 versions")
        await s.press("down", "r")
        await s.pilot.pause()
        assert (answers, restored) == ([], [(log[1].commit, SecretPath.parse("a"))])
        await s.press("down", "r")
        await s.until(lambda: bool(answers), "the answer")
        assert (answers, restored[1:]) == ([True], [(log[2].commit, SecretPath.parse("a"))])

    play(scenario)


def test_while_it_reads_and_when_it_cannot_it_says_so() -> None:
    async def scenario(s: Stage) -> None:
        hold = asyncio.Event()

        async def log(vault: str, path: SecretPath | None = None, limit: int | None = None) -> Sequence[CommitView]:
            await hold.wait()
            raise Corrupt("The vault is damaged: parts of its index were removed.")

        s.alice.vaults.log = log  # type: ignore[method-assign]
        await look(s)
        await s.see("Reading the versions…")
        await s.press("d", "m", "r", "enter")
        hold.set()
        await s.see("The vault is damaged", "`K` says what is wrong", "Close  esc")
        await s.press("d", "m", "r", "enter")
        assert isinstance(s.screen, HistoryDialog)

    play(scenario)


def test_what_is_said_of_a_version_fits_its_lines_and_steers_nothing() -> None:
    def version(message: str, *paths: str, parents: int = 1) -> CommitView:
        changes = tuple(ChangeView(SecretPath((path,)), Change.ADDED) for path in paths)
        above = tuple(CommitId(bytes([one]) * 20) for one in range(parents))
        return CommitView(CommitId(bytes(20)), 0, "x", message, changes, above)

    many = what(version("m", *(f"s{number}" for number in range(50))), None)
    assert many.plain.count("\n") + 1 == module.WHAT_LINES
    assert many.plain.endswith("and 47 more")
    assert ", a merge" in what(version("m", "a", parents=2), None).plain
    hostile = what(version(HOSTILE), None).plain
    assert "\x1b" not in hostile
    assert what(version("Restored the version 1234"), SecretPath(("a",))).plain.endswith("Restored the version 1234")


async def deleting_two(w: World) -> None:
    alice = w.agents["alice"]
    await alice.vaults.create("work")
    for path in ("a", "b"):
        await write(alice, "work", path, b"1")
    await alice.secrets.remove([("work", SecretPath(("a",))), ("work", SecretPath(("b",)))])


def test_of_several_that_a_version_deleted_the_one_to_forget_is_asked_for() -> None:
    async def scenario() -> None:
        async with stage((80, 24), deleting_two) as s:
            answers = await look(s)
            await s.see("4 versions")
            await s.press("ctrl+x")
            await s.see("Forget what was deleted", "Which one")
            await s.press("escape")
            await s.see_no("Which one")
            assert answers == []
            await s.press("ctrl+x")
            await s.see("Which one")
            await s.press("down", "enter")
            await s.until(lambda: bool(answers), "the answer")
            before = (await s.alice.vaults.log("work"))[1].commit
            assert answers == [ToForget(SecretPath(("b",)), before)]

    asyncio.run(scenario())


def test_a_version_that_deleted_nothing_says_where_else_something_is_forgotten() -> None:
    async def scenario(s: Stage) -> None:
        answers = await look(s)
        await s.see("versions")
        await s.press("G", "ctrl+x")
        await s.see("This version deleted nothing.")
        assert answers == []

    play(scenario)
