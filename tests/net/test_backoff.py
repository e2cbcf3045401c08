from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.net.backoff import JITTER, LONGEST, next_delay


def test_the_delay_doubles_from_one_second_to_five_minutes() -> None:
    middle = [next_delay(failures, 0.5) for failures in range(1, 13)]
    assert middle == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


@given(st.integers(-1, 10**9), st.floats(0, 1, exclude_max=True))
def test_the_delay_stays_within_its_bounds_however_often_it_failed(failures: int, fraction: float) -> None:
    assert 1 - JITTER <= next_delay(failures, fraction) <= LONGEST * (1 + JITTER)


@pytest.mark.parametrize(("fraction", "share"), [(0.0, 0.7), (0.25, 0.85), (0.999999, 1.3)])
def test_jitter_moves_the_delay_by_at_most_thirty_percent(fraction: float, share: float) -> None:
    assert next_delay(4, fraction) == pytest.approx(8 * share, rel=1e-5)
