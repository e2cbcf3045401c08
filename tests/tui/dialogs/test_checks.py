from __future__ import annotations

import asyncio

from textual.content import Content
from tui.dialogs.test_dialog import opened
from tui.stage import stage

from pk_tui.api.views import StepView
from pk_tui.tui.dialogs.checks import ChecksDialog, check_rows
from pk_tui.tui.glyphs import ASCII

STEPS = (
    StepView("known", True, "bob is one of your nodes."),
    StepView("reachable", False, "Nobody answers at [/x]\x1b[2J. Ask whether it is online."),
    StepView("connected", None, "Not tried."),
)


def test_each_check_is_a_row_that_says_without_colour_how_it_went() -> None:
    rows = [(question.plain, found.plain) for question, found in check_rows(STEPS, ASCII)]

    assert [question for question, _ in rows] == ["+ known?", "x reachable?", ". connected?"]
    assert "[/x]\\u{1b}[2J" in rows[1][1]


def test_the_failed_one_can_be_read_at_the_smallest_size_and_any_usual_key_closes() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            for key, by in (("escape", "p"), ("enter", "p")):
                answers = await opened(s, ChecksDialog(Content("Nobody there."), STEPS, ASCII), by)
                await s.see("Nobody there.", "x reachable?  Nobody answers", "Ask whether it is")
                lines = s.screen_text().splitlines()
                first = next(line.index("Nobody answers") for line in lines if "Nobody answers" in line)
                assert next(line.index("whether it is") for line in lines if "whether it is" in line) >= first
                await s.press(key)
                assert answers == [None]

    asyncio.run(scenario())
