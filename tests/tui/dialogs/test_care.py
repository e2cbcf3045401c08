from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.content import Content
from textual.widgets import Input
from tui.deeds.acting import Acting, acting
from tui.dialogs.test_dialog import opened

from pk_tui.api.care import CheckView, ProblemView
from pk_tui.api.views import Progress
from pk_tui.errors import AlreadyExists, PkError
from pk_tui.tui.dialogs.care import WORKS, CareDialog
from pk_tui.tui.transfers import Transfer

SOUND = CheckView(True, 1, 2, ())
BROKEN = CheckView(False, 1, 2, (ProblemView("missing", None, None, "A row is gone."),))


class Caring:
    """Notes what is begun; each ends at once unless it is held."""

    def __init__(self, s: Acting) -> None:
        self.begun: list[object] = []
        self.checked: CheckView | None = None
        self.finds = SOUND
        self.fails: list[PkError] = []
        self.held: asyncio.Event | None = None
        self._s = s

    def check(self, repair: bool = False) -> Transfer:
        self.checked = self.finds
        return self._start("repair" if repair else "check")

    def tidy(self, new_keys: bool) -> Transfer:
        return self._start("new keys" if new_keys else "tidy")

    def back_up(self, file: Path) -> Transfer:
        return self._start(file)

    def _start(self, what: object) -> Transfer:
        async def work(step: Callable[[Progress], None]) -> Content:
            if self.held is not None:
                await self.held.wait()
            if self.fails:
                raise self.fails.pop()
            return Content(f"Number {len(self.begun)} is done.")

        self.begun.append(what)
        assert self._s.app.session is not None
        return self._s.app.session.transfers.start(Content("Caring"), work)


async def dialog(s: Acting, key: str = "K") -> Caring:
    caring = Caring(s)
    assert s.app.session is not None
    await opened(s, CareDialog(s.app.session, caring), key)
    return caring


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_each_kind_says_what_it_means_before_it_is_begun(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with acting(size) as s:
            caring = await dialog(s)
            for work in WORKS:
                await s.see(f"> {work.key}  {work.name}", work.means[:30], "Close  esc")
                await s.press("down")
            assert caring.begun == []

    asyncio.run(scenario())


def test_each_is_begun_by_its_key_or_by_enter_and_what_came_of_it_goes_when_another_is_looked_at() -> None:
    async def scenario() -> None:
        async with acting() as s:
            caring = await dialog(s)
            await s.press("t")
            await s.see("Number 1 is done.", "> t  Tidy")
            await s.press("n")
            await s.see("Number 2 is done.", "> n  Tidy under new keys")
            await s.press("home")
            await s.until(
                lambda: "> c  Check" in s.screen_text() and not s.screen.query_one("#progress").display, "moved"
            )
            await s.press("enter")
            await s.see("Number 3 is done.")
            assert caring.begun == ["tidy", "new keys", "check"]

    asyncio.run(scenario())


def test_the_enter_that_opened_it_begins_nothing() -> None:
    async def scenario() -> None:
        async with acting() as s:
            caring = await dialog(s, key="enter")
            await s.press("enter", "enter")
            assert caring.begun == []

    asyncio.run(scenario())


def test_one_thing_runs_at_a_time() -> None:
    async def scenario() -> None:
        async with acting() as s:
            caring = await dialog(s)
            caring.held = asyncio.Event()
            await s.press("c")
            await s.see("Caring", "esc calls it off")
            await s.press("t", "n", "r", "b", "ctrl+s")
            assert caring.begun == ["check"]
            await s.press("escape")
            await s.see("Called off")
            caring.held = None
            await s.press("t")
            await s.see("Number 2 is done.")

    asyncio.run(scenario())


def test_a_backup_takes_a_path_first_and_another_after_a_refusal(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            caring = await dialog(s)
            await s.press("b")
            line = s.screen.query_one("#path", Input)
            await s.until(lambda: s.screen.focused is line, "the path")
            assert caring.begun == []
            line.value = ""
            await s.press("enter")
            await s.see("Type a path")
            caring.fails = [AlreadyExists("There is something already.")]
            line.value = str(tmp_path / "one")
            await s.press("enter")
            await s.see("There is something already.")
            await s.until(lambda: s.screen.focused is line, "the path")
            line.value = str(tmp_path / "two")
            await s.press("enter")
            await s.see("Number 2 is done.")
            assert caring.begun == [tmp_path / "one", tmp_path / "two"]

    asyncio.run(scenario())


def test_repair_is_offered_for_what_was_found_and_only_then() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            caring = await dialog(s)
            await s.press("c")
            await s.see("Number 1 is done.")
            await s.press("r")
            assert caring.begun == ["check"]
            caring.finds = BROKEN
            await s.press("c")
            await s.see("missing", "A row is gone.", "Repair  r", "or a backup")
            caring.finds = SOUND
            await s.press("r")
            await s.see("Number 3 is done.", "Check everything")
            assert caring.begun == ["check", "check", "repair"]
            assert "A row is gone." not in s.screen_text()

    asyncio.run(scenario())
