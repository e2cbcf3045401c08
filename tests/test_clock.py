"""Times are whole microseconds, and are shown in one way."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.clock import DAY, MINUTE, SECOND, SystemClock, rfc3339


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_800_000_000 * SECOND + 999_999, "2027-01-15T08:00:00.999Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (2**63 - 1, "9999-12-31T23:59:59.000Z"),
        (-(2**63), "0001-01-01T00:00:00.000Z"),
    ],
)
def test_an_instant_is_shown_as_rfc_3339_in_utc(at: int, shown: str) -> None:
    assert rfc3339(at) == shown


@settings(max_examples=100)
@given(st.integers(-(2**70), 2**70))
def test_every_instant_can_be_shown_and_read_again(at: int) -> None:
    shown = rfc3339(at)

    assert len(shown) == 24
    assert datetime.fromisoformat(shown).tzinfo == UTC


@settings(max_examples=100)
@given(st.integers(0, 200_000 * DAY))
def test_what_is_shown_is_right_to_the_millisecond(at: int) -> None:
    read = datetime.fromisoformat(rfc3339(at)) - datetime(1970, 1, 1, tzinfo=UTC)

    assert (read.days * 86400 + read.seconds) * SECOND + read.microseconds == at - at % 1000


def test_the_units_are_microseconds() -> None:
    assert (SECOND, MINUTE, DAY) == (10**6, 60 * 10**6, 86_400 * 10**6)


def test_the_system_clock_gives_microseconds_and_seconds_that_do_not_go_back() -> None:
    clock = SystemClock()

    assert 1_600_000_000 * SECOND < clock.now() < 10_000_000_000 * SECOND
    assert clock.elapsed() <= clock.elapsed()
