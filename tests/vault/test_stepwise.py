from __future__ import annotations

from collections.abc import Generator

import pytest

from pk_tui.vault.stepwise import finish


def test_all_steps_are_done_and_the_result_is_given() -> None:
    done: list[int] = []

    def work() -> Generator[None, None, str]:
        for number in range(3):
            done.append(number)
            yield
        return "result"

    assert finish(work()) == "result"
    assert done == [0, 1, 2]


def test_what_goes_wrong_in_a_step_comes_through() -> None:
    def work() -> Generator[None, None, None]:
        yield
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        finish(work())
