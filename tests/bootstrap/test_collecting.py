import gc
from collections.abc import Iterator

import pytest

from pk_tui.bootstrap.collecting import COLLECT_AFTER, collect_seldom, leave_alone_what_is_loaded


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_rings_are_still_collected_but_seldom() -> None:
    collect_seldom()
    assert gc.isenabled()
    assert gc.get_threshold() == COLLECT_AFTER


def test_what_is_loaded_is_not_looked_through_again() -> None:
    leave_alone_what_is_loaded()
    assert gc.get_freeze_count() > 1000
    assert gc.isenabled()
