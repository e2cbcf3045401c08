from __future__ import annotations

import asyncio
import os
from pathlib import Path

from textual.widgets import Input
from tui.deeds.acting import acting
from tui.dialogs.test_dialog import opened

from pk_tui.tui.dialogs.import_directory import Chosen, ImportDirectoryDialog
from pk_tui.tui.disk import Counted


def tree(place: Path) -> Path:
    for name in ("alpha", "alpine", "empty", "[x]"):
        (place / name).mkdir()
    (place / "alpha" / "one").write_text("12345")
    return place


def test_a_path_is_completed_counted_and_chosen(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            answers = await opened(s, ImportDirectoryDialog("work"), "I")
            line = s.screen.query_one("#path", Input)
            line.value = f"{tree(tmp_path)}/al"
            await s.press("tab")
            await s.see("alpha", "alpine")
            assert line.value == f"{tmp_path}/alp"
            await s.type("h")
            await s.press("tab")
            await s.until(lambda: line.value == f"{tmp_path}/alpha/", "the completion")
            await s.see("1 file, 5 B")
            await s.press("enter")
            assert answers == [Chosen(tmp_path / "alpha", Counted(1, 5))]

    asyncio.run(scenario())


def test_enter_before_it_was_counted_waits_for_that(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting() as s:
            answers = await opened(s, ImportDirectoryDialog("work"), "I")
            s.screen.query_one("#path", Input).value = f"{tree(tmp_path)}/alpha"
            await s.press("enter")
            await s.until(lambda: bool(answers), "the answer")
            assert answers == [Chosen(tmp_path / "alpha", Counted(1, 5))]

    asyncio.run(scenario())


def test_what_is_no_directory_or_holds_nothing_is_not_chosen(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting() as s:
            tree(tmp_path)
            answers = await opened(s, ImportDirectoryDialog("work"), "I")
            line = s.screen.query_one("#path", Input)
            line.value = "/nowhere/at/all"
            await s.press("enter")
            await s.see("There is no directory")
            line.value = f"{tmp_path}/alpha/one"
            await s.see("is not a directory")
            line.value = f"{tmp_path}/empty"
            await s.see("0 files")
            await s.press("enter")
            await s.see("There are no files below this directory.")
            assert answers == []

    asyncio.run(scenario())


def test_names_on_disk_are_shown_harmless(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting() as s:
            (tmp_path / "a\x1b]52;c;aGk=\x07").mkdir()
            os.mkdir(os.fsencode(tmp_path) + b"/a\xff")
            (tmp_path / "a[b]x").mkdir()
            await opened(s, ImportDirectoryDialog("[/x]"), "I")
            await s.see("Import a directory into [/x]")
            s.screen.query_one("#path", Input).value = f"{tmp_path}/"
            await s.press("tab")
            await s.see("a[b]x", "a\\u{1b}]52")
            assert "\x1b" not in s.screen_text()

    asyncio.run(scenario())
