from __future__ import annotations

import pytest

from pk_tui.tui.compared import COMPARED_AT_MOST, compared


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("one", "two", ["- one", "+ two"]),
        (None, "two\n", ["+ two"]),
        ("one", None, ["- one"]),
        ("a\nb\nc", "a\nB\nc", ["  a", "- b", "+ B", "  c"]),
        ("a", "a\n", ["only the newline at the end differs"]),
        ("--- x", "+++ y", ["- --- x", "+ +++ y"]),
        ("@@ x", "@@ y", ["- @@ x", "+ @@ y"]),
        ("a\x0bb", "a\x0bc", ["- a\x0bb", "+ a\x0bc"]),
        ("", "x", ["- ", "+ x"]),
    ],
)
def test_each_line_says_whether_it_went_or_came(old: str | None, new: str | None, told: list[str]) -> None:
    assert compared(old, new).split("\n") == told


def test_lines_far_from_a_change_are_left_out() -> None:
    lines = [str(number) for number in range(100)]
    told = compared("\n".join(lines), "\n".join([*lines[:50], "x", *lines[51:]])).split("\n")
    assert told == ["  47", "  48", "  49", "- 50", "+ x", "  51", "  52", "  53"]


def test_long_values_are_told_one_after_the_other() -> None:
    lines = [str(number % 7) for number in range(COMPARED_AT_MOST + 1)]
    told = compared("\n".join(lines), "\n".join(lines[1:])).split("\n")
    assert told == [*(f"- {line}" for line in lines), *(f"+ {line}" for line in lines[1:])]
