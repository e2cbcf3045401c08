from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from pk_tui.agent.at_rest import collector_at_rest


@pytest.fixture(autouse=True)
def _on_again() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_it_rests_within_and_works_afterwards() -> None:
    with collector_at_rest():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_works_again_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), collector_at_rest():
        1 / 0  # noqa: B018
    assert gc.isenabled()


def test_two_that_overlap_end_in_any_order() -> None:
    one, other = collector_at_rest(), collector_at_rest()
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert not gc.isenabled()
    other.__exit__(None, None, None)
    assert gc.isenabled()


def test_one_that_was_off_stays_off() -> None:
    gc.disable()
    with collector_at_rest(), collector_at_rest():
        pass
    assert not gc.isenabled()
