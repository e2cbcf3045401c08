from __future__ import annotations

import pytest
from tui.closed import SetClock

from pk_tui.tui.locking import SLEPT, Attempts, Due, Standing, Watch, delay_after, due, warns_in

HELD = Standing(is_open=True, is_locked=False, is_held=True)
HELD_LOCKED = Standing(is_open=True, is_locked=True, is_held=True)
ATTACHED = Standing(is_open=True, is_locked=False, is_held=False)
ATTACHED_LOCKED = Standing(is_open=True, is_locked=True, is_held=False)
CLOSED = Standing(is_open=False, is_locked=True, is_held=True)


@pytest.mark.parametrize(
    ("idle", "slept", "standing", "lock", "close", "expected"),
    [
        (299, 0, HELD, 5, 60, Due.NOTHING),
        (300, 0, HELD, 5, 60, Due.SCREEN),
        (300, 0, ATTACHED, 5, 60, Due.SCREEN),
        (300, 0, HELD_LOCKED, 5, 60, Due.NOTHING),
        (3600, 0, HELD_LOCKED, 5, 60, Due.NODE),
        (3600, 0, HELD, 0, 60, Due.NODE),
        (36000, 0, ATTACHED_LOCKED, 5, 60, Due.NOTHING),
        (36000, 0, HELD, 0, 0, Due.NOTHING),
        (0, SLEPT, HELD, 5, 60, Due.NOTHING),
        (0, SLEPT + 1, HELD, 5, 60, Due.NODE),
        (0, SLEPT + 1, HELD, 0, 0, Due.NODE),
        (0, SLEPT + 1, ATTACHED, 0, 0, Due.SCREEN),
        (0, SLEPT + 1, ATTACHED_LOCKED, 5, 60, Due.NOTHING),
        (299, 0, CLOSED, 5, 60, Due.NOTHING),
        (300, 0, CLOSED, 5, 60, Due.COVER),
        (36000, 0, CLOSED, 0, 60, Due.NOTHING),
        (0, SLEPT + 1, CLOSED, 0, 0, Due.COVER),
    ],
)
def test_what_is_due(idle: float, slept: float, standing: Standing, lock: int, close: int, expected: Due) -> None:
    assert due(idle, slept, standing, lock, close) is expected


@pytest.mark.parametrize(
    ("idle", "standing", "lock", "close", "expected"),
    [
        (284, HELD, 5, 60, None),
        (285, HELD, 5, 60, 15),
        (299.6, HELD, 5, 60, 0),
        (400, HELD, 5, 60, 0),
        (290, HELD_LOCKED, 5, 60, None),
        (290, CLOSED, 5, 60, None),
        (290, HELD, 0, 0, None),
        (50, HELD, 5, 1, 10),
        (50, ATTACHED, 5, 1, None),
    ],
)
def test_the_last_quarter_of_a_minute_is_counted_down(
    idle: float, standing: Standing, lock: int, close: int, expected: int | None
) -> None:
    assert warns_in(idle, standing, lock, close) == expected


def test_each_wrong_password_waits_twice_as_long_up_to_half_a_minute() -> None:
    assert [delay_after(count) for count in (0, 1, 2, 3, 4, 5, 6, 7, 5000)] == [0, 1, 2, 4, 8, 16, 30, 30, 30]


def test_waiting_ends_with_the_time_and_counting_with_the_right_password() -> None:
    clock = SetClock()
    attempts = Attempts(clock)
    assert attempts.wait == 0
    attempts.failed()
    attempts.failed()
    assert attempts.wait == 2
    clock.advance(1.5)
    assert attempts.wait == 0.5
    clock.advance(10)
    assert attempts.wait == 0
    attempts.failed()
    assert attempts.wait == 4
    attempts.passed()
    assert attempts.wait == 0
    attempts.failed()
    assert attempts.wait == 1


def test_sleep_is_what_the_wall_clock_has_run_ahead_since_the_last_look() -> None:
    clock = SetClock()
    watch = Watch(clock)
    clock.advance(1)
    assert watch.slept() == pytest.approx(0, abs=1e-3)
    clock.sleep(100)
    clock.advance(1)
    assert watch.slept() == pytest.approx(100, abs=1e-3)
    assert watch.slept() == 0
    clock.sleep(-100)
    assert watch.slept() == 0
