from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from simulator import World
from textual.widgets import Input
from tui.deeds.acting import Acting, acting
from tui.stage import stage, write

from pk_tui.api.care import BackupView, CheckView, ProblemView, TidyView
from pk_tui.errors import Corrupt
from pk_tui.terms import VaultId
from pk_tui.tui.deeds.caring import backed_up, care, checked, tidied


async def work(w: World) -> None:
    alice = w.agents["alice"]
    await alice.vaults.create("work")
    await write(alice, "work", "db/password", b"value")


async def opened(s: Acting) -> None:
    s.do(care(s.pane))
    await s.see("Care of this node", "c  Check everything", "t  Tidy", "n  Tidy under new keys", "b  Back up to a file")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_check_of_what_is_sound_says_so(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with acting(size, work) as s:
            await opened(s)
            await s.see("Every stored byte is read and verified. Nothing is changed.")
            await s.press("c")
            await s.see("Everything is as it should be", "in 1 vault")
            await s.press("escape")
            await s.settled()

    asyncio.run(scenario())


FOUND = (
    ProblemView("altered", VaultId(b"v" * 16), "db/[/x]\x1b]52;c;aGk=\x07", "Its bytes are not those of its id."),
    ProblemView("missing", None, None, "A page of the [b]index[/b] is gone."),
)


async def finds(s: Acting, problems: tuple[ProblemView, ...] = FOUND) -> list[bool]:
    """Let checks find this, as if the disk had done it."""
    asked: list[bool] = []

    async def check(repair: bool = False, password: object = None, progress: object = None) -> CheckView:
        asked.append(repair)
        return CheckView(not problems, 1, 5, problems, ("the index of work was made anew",) if repair else ())

    s.alice.lifecycle.check = check  # type: ignore[method-assign, assignment]
    return asked


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_problems_are_listed_by_vault_and_path_and_nothing_in_them_steers(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with acting(size, work) as s:
            asked = await finds(s)
            await opened(s)
            await s.press("enter")
            await s.see("2 problems were found", "altered", "missing", "this node", "db/[/x]\\u{1b}]52", "Repair  r")
            assert "\x1b" not in s.screen_text()
            await s.press("down")
            await s.see("something that is named is not there", "[b]index[/b]")
            await s.press("r")
            await s.until(lambda: asked == [False, True], "the repair")
            await s.see("right: the index of work was made anew.")

    asyncio.run(scenario())


def test_what_a_check_finds_after_one_went_away_is_shown_when_nothing_covers() -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            go_on = asyncio.Event()

            async def check(repair: bool = False, password: object = None, progress: object = None) -> CheckView:
                await go_on.wait()
                return CheckView(False, 1, 5, FOUND)

            s.alice.lifecycle.check = check  # type: ignore[method-assign, assignment]
            await opened(s)
            await s.press("c")
            await s.see("Checking everything", "Work on  w")
            await s.press("t", "b")  # one at a time
            assert s.app.session is not None
            assert len(s.app.session.transfers.running) == 1
            await s.press("w")
            await s.until(lambda: len(s.app.screen_stack) == 2, "the dialog going")
            go_on.set()
            await s.see("The check found 2 problems", "this node")
            await s.press("escape")
            await s.settled()

    asyncio.run(scenario())


@pytest.mark.parametrize(("key", "says"), [("t", "Tidied 1 vault with"), ("n", "all under new keys")])
def test_tidying_says_what_became_of_the_database(key: str, says: str) -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            await opened(s)
            await s.press(key)
            await s.see(says, "The database ha")
            assert await s.value("work", "db/password") == b"value"

    asyncio.run(scenario())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_backup_is_written_where_it_is_said_and_never_over_something(size: tuple[int, int], tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting(size, work) as s:
            await opened(s)
            await s.press("b")
            await s.see("password of now", "24 recovery", "pk-tui restore FILE", ".backup")
            taken = tmp_path / "taken"
            taken.write_text("mine")
            s.screen.query_one("#path", Input).value = str(taken)
            await s.press("enter")
            await s.see("already")
            assert taken.read_text() == "mine"
            s.screen.query_one("#path", Input).value = str(tmp_path / "node.backup")
            await s.press("enter")
            await s.see("Backed up 1 vault into", "read back and", "verified")
            assert (tmp_path / "node.backup").stat().st_size > 0

    asyncio.run(scenario())


def test_what_fails_is_said_in_the_dialog() -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:

            async def tidy(*given: object) -> TidyView:
                raise Corrupt("The vault “[/x]\x1b” is damaged.")

            s.alice.lifecycle.tidy = tidy  # type: ignore[method-assign, assignment]
            await opened(s)
            await s.press("t")
            await s.see("[/x]\\u{1b}” is damaged.", "Begin  enter")
            assert "\x1b" not in s.screen_text()

    asyncio.run(scenario())


def test_every_outcome_has_its_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/alice")
    assert checked(CheckView(True, 2, 1234, ())).plain == (
        "Everything is as it should be: 1,234 objects in 2 vaults were read and verified."
    )
    assert checked(CheckView(False, 1, 5, FOUND[:1])).plain.startswith("1 problem was found")
    assert tidied(TidyView(2, 10, 4096, 1024), False).plain == (
        "Tidied 2 vaults with 10 objects. The database had 4.0 KiB and has 1.0 KiB, 3.0 KiB less."
    )
    assert tidied(TidyView(2, 10, 1024, 1024), True).plain.endswith("no less than before.")
    said = backed_up(BackupView("/home/alice/x", 1, 2048), Path("/home/alice/x")).plain
    assert said.startswith("Backed up 1 vault into “~/x”, 2.0 KiB, read back and verified.")


def test_the_keys_of_the_pane_and_the_palette_lead_to_all_of_it() -> None:
    async def scenario() -> None:
        async with stage(prepare=work) as s:
            await s.see("work")
            for key, heading in (("I", "Import into work"), ("X", "Export work, in clear"), ("K", "Care of this node")):
                await s.press(key)
                await s.see(heading)
                await s.press("escape")
                await s.until(lambda: len(s.app.screen_stack) == 2, "the dialog going")
            await s.press("2", "ctrl+p")
            await s.type("back up this")
            await s.see("Check everything, tidy, or back up")
            await s.press("down", "enter")
            await s.see("Care of this node", "c  Check everything")

    asyncio.run(scenario())
