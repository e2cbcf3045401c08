from __future__ import annotations

import asyncio

from tui.deeds.acting import acting
from tui.dialogs.test_dialog import opened

from pk_tui.tui.dialogs.skipped import SHOWN_AT_MOST, SkippedDialog, skipped_lines


def test_each_file_stands_with_its_reason_and_nothing_in_it_steers() -> None:
    lines = skipped_lines([("a/b", "it is a symbolic link"), ("x\x1b[31m", "[/x]")]).plain.split("\n")
    assert lines == ["a/b  it is a symbolic link", "x\\u{1b}[31m  [/x]"]


def test_of_very_many_the_number_is_told() -> None:
    lines = skipped_lines([(str(number), "no") for number in range(SHOWN_AT_MOST + 1234)]).plain.split("\n")
    assert len(lines) == SHOWN_AT_MOST + 1
    assert lines[-1] == "and 1,234 more"


def test_a_long_list_stays_on_a_small_screen() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            answers = await opened(s, SkippedDialog([(f"file-{number}", "no") for number in range(100)]), "enter")
            await s.see("100 entries not imported", "file-0", "Close  esc")
            await s.press("pagedown", "pagedown", "j")
            await s.see("file-21 ")
            assert "file-0 " not in s.screen_text()
            await s.press("escape")
            assert answers == [None]

    asyncio.run(scenario())
