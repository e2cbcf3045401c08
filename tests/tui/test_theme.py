from __future__ import annotations

import asyncio
import io

import pytest
from rich.console import Console
from tui.closed import closed_stage

from pk_tui.api.front import Beginning
from pk_tui.tui.settings import Settings
from pk_tui.tui.theme import choices, theme_for

KNOWN = dict.fromkeys(("pk-dark", "pk-light", "ansi-dark", "ansi-light", "nord"))
FULL = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


@pytest.mark.parametrize(
    ("wanted", "environment", "expected"),
    [
        ("pk-light", FULL, "pk-light"),
        ("nord", FULL, "nord"),
        ("gone", FULL, "pk-dark"),
        ("pk-light", {**FULL, "NO_COLOR": "1"}, "ansi-dark"),
        ("ansi-light", {**FULL, "NO_COLOR": "1"}, "ansi-light"),
        ("pk-dark", {**FULL, "NO_COLOR": ""}, "pk-dark"),
        ("pk-dark", {"TERM": "linux"}, "ansi-dark"),
        ("pk-dark", {"TERM": "xterm-16color"}, "ansi-dark"),
        ("pk-dark", {**FULL, "TEXTUAL_COLOR_SYSTEM": "standard"}, "ansi-dark"),
    ],
)
def test_the_theme_is_one_that_the_terminal_can_show(wanted: str, environment: dict[str, str], expected: str) -> None:
    assert theme_for(wanted, KNOWN, environment) == expected
    assert expected in choices(KNOWN, environment)


def test_ours_come_first_and_few_colours_leave_few_to_choose() -> None:
    assert choices(KNOWN, FULL) == ["pk-dark", "pk-light", "ansi-dark", "ansi-light", "nord"]
    assert choices(KNOWN, {"TERM": "linux"}) == ["ansi-dark", "ansi-light"]


@pytest.mark.parametrize("beginning", [Beginning.LOCKED, Beginning.NO_NODE])
def test_without_colours_nothing_that_shows_has_one(beginning: Beginning, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def scenario() -> None:
        environment = {"TERM": "xterm-256color", "NO_COLOR": "1"}
        async with closed_stage(beginning, environment=environment, settings=Settings(theme="pk-light")) as s:
            assert s.app.theme == "ansi-dark"
            if beginning is Beginning.LOCKED:
                await s.enter("wrong")
                await s.see("! Wrong password.")
            else:
                await s.see("1 Create a node here")
            colours = set()
            for strip in s.screen._compositor.render_strips():
                for segment in strip:
                    style = segment.style
                    colours |= {one.name for one in (style.color, style.bgcolor) if one} if style else set()
            assert colours == {"default"}

    asyncio.run(scenario())


def test_the_chosen_row_can_be_told_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def scenario() -> None:
        environment = {"TERM": "xterm-256color", "NO_COLOR": "1"}
        async with closed_stage(Beginning.NO_NODE, environment=environment) as s:
            await s.see("1 Create a node here")
            out = io.StringIO()
            console = Console(file=out, width=80, force_terminal=True, color_system="standard", no_color=True)
            console.print(s.screen._compositor.render_update(full=True))
            first = next(line for line in out.getvalue().splitlines() if "Create a node" in line)
            second = next(line for line in out.getvalue().splitlines() if "Open the playground" in line)
            assert "\x1b[1;4m" in first
            assert "\x1b[1;4m" not in second

    asyncio.run(scenario())
