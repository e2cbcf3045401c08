from __future__ import annotations

from dataclasses import asdict

import pytest

from pk_tui.tui.glyphs import ASCII, UNICODE, fitting, sparkline


@pytest.mark.parametrize(
    ("encoding", "unicode"), [("UTF-8", True), ("utf8", True), ("ANSI_X3.4-1968", False), ("ISO-8859-1", False)]
)
def test_the_terminals_encoding_decides(encoding: str, unicode: bool) -> None:
    assert fitting(encoding) is (UNICODE if unicode else ASCII)


def test_the_ascii_ones_are_ascii() -> None:
    assert all(text.isascii() for text in asdict(ASCII).values())


def test_no_two_states_share_a_sign() -> None:
    for glyphs in (UNICODE, ASCII):
        assert len({glyphs.up, glyphs.trying, glyphs.down, glyphs.warning}) == 4
        assert len({glyphs.passed, glyphs.failed, glyphs.untried}) == 3


def test_a_sparkline_is_scaled_to_its_highest_and_leaves_gaps() -> None:
    assert sparkline([0.0, 5.0, None, 10.0], 4, UNICODE) == "▁▄ █"


def test_a_sparkline_shows_the_newest_and_stands_at_the_right() -> None:
    assert sparkline([10.0, 1.0, 1.0], 2, UNICODE) == "██"
    assert sparkline([10.0], 3, UNICODE) == "  █"
    assert sparkline([], 3, ASCII) == "   "
