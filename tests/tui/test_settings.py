from __future__ import annotations

import pytest

from pk_tui.tui.settings import LIMITS, Settings


def test_what_is_kept_comes_back() -> None:
    chosen = Settings(theme="nord", lock_minutes=1, close_minutes=0, reveal_seconds=5, clipboard_seconds=20)

    assert Settings.read(chosen.kept()) == chosen


@pytest.mark.parametrize("name", list(LIMITS))
@pytest.mark.parametrize("value", [-1, 10**9, "5", None, True, 2.5, []])
def test_a_value_out_of_range_or_of_another_type_is_passed_over(name: str, value: object) -> None:
    assert Settings.read({name: value}) == Settings()


@pytest.mark.parametrize("value", ["", "x" * 41, 7, None])
def test_a_theme_that_is_no_name_is_passed_over(value: object) -> None:
    assert Settings.read({"theme": value}).theme == Settings().theme


def test_one_bad_value_does_not_spoil_the_others() -> None:
    assert Settings.read({"lock_minutes": "x", "reveal_seconds": 7, "unknown": 1}) == Settings(reveal_seconds=7)


def test_the_limits_hold_for_what_is_set_by_default() -> None:
    for name, (low, high) in LIMITS.items():
        assert low <= getattr(Settings(), name) <= high
