from __future__ import annotations

import pytest
from textual.content import Content

from pk_tui.tui.told import LABEL, Line, is_same, labelled, laid_out, said


def test_what_goes_on_stands_below_its_beginning_not_below_the_label() -> None:
    lines = [line.plain for line in laid_out([labelled("Trust", "one two three four five six")], LABEL + 10)]

    assert lines[0].startswith("Trust")
    assert len(lines) > 1
    assert all(line.startswith(" " * LABEL) for line in lines[1:])
    assert "".join(line[LABEL:] for line in lines).replace(" ", "") == "onetwothreefourfivesix"


def test_a_line_without_label_takes_the_whole_width() -> None:
    assert [line.plain for line in laid_out([said("x" * 20)], 20)] == ["x" * 20]


@pytest.mark.parametrize("width", [0, 1, 3, LABEL, LABEL + 1, 200])
def test_any_width_is_survived_and_wide_characters_too(width: int) -> None:
    assert laid_out([labelled("漢字", "漢字" * 30), said("漢字" * 30)], width)


def test_lines_that_differ_in_style_alone_are_not_the_same() -> None:
    plain, bold = said("x"), said("x", "bold")

    assert is_same([plain], [Line(Content("x"))])
    assert not is_same([plain], [bold])
    assert not is_same([plain], [])
    assert not is_same([labelled("a", "x")], [labelled("b", "x")])
