from __future__ import annotations

import asyncio

import pytest
from tui.stage import stage

from pk_tui.tui.widgets.key_bar import KEYS_AT_MOST, fitted, hints, key_name

MANY = [(str(number), f"verb number {number}", f"do({number})") for number in range(9)] + [("?", "Help", "help")]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
def test_whatever_the_width_nothing_overlaps_and_help_is_there(width: int) -> None:
    placed = fitted(MANY, width)

    end = 0
    for column, key, description, _ in placed:
        assert column >= end
        end = column + len(key) + 1 + len(description) + 1
    assert placed[-1][1:3] == ("?", "Help")
    assert end <= max(width, 20)
    assert len(placed) <= KEYS_AT_MOST + 1


def test_no_keys_no_line() -> None:
    assert fitted([], 80) == []


@pytest.mark.parametrize(
    ("key", "name"), [("slash", "/"), ("question_mark", "?"), ("escape", "esc"), ("ctrl+p", "ctrl+p")]
)
def test_keys_are_written_as_people_write_them(key: str, name: str) -> None:
    assert key_name(key) == name


def test_a_click_on_a_key_does_what_the_key_does() -> None:
    async def scenario() -> None:
        async with stage() as s:
            from pk_tui.tui.widgets.key_bar import KeyBar

            bar = s.screen.query_one(KeyBar)
            done: list[str] = []
            s.screen.action_probe = lambda: done.append("x")  # type: ignore[attr-defined]
            bar.keys = lambda: [("p", "Probe", "screen.probe"), ("?", "Help", "nothing")]  # type: ignore[method-assign]
            bar.refresh()
            await s.pilot.pause()
            assert "p Probe" in s.screen_text()
            await s.pilot.click(KeyBar, offset=(2, 0))
            await s.until(lambda: bool(done), "the click")

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("enter Unlock   ctrl+q Quit", ["enter", "ctrl+q"]),
        ("j k Choose   esc Call it off", ["j k", "esc"]),
        ("enter I have written them down   ctrl+k Skip…", ["enter", "ctrl+k"]),
        ("Nothing to press", []),
    ],
)
def test_in_a_line_of_hints_the_keys_and_only_they_are_set_off(line: str, keys: list[str]) -> None:
    content = hints(line)
    assert content.plain == line
    assert [line[span.start : span.end] for span in content.spans if span.style] == keys
