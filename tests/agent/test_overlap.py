from __future__ import annotations

import asyncio

import pytest

from pk_tui.agent.overlap import both, unless
from pk_tui.errors import Busy, Corrupt


async def after(turns: int, result: object = None, ended: list[str] | None = None) -> object:
    try:
        for _ in range(turns):
            await asyncio.sleep(0)
        if isinstance(result, BaseException):
            raise result
        return result
    finally:
        if ended is not None:
            ended.append("ended")


def test_both_results_come_back_in_order() -> None:
    assert asyncio.run(both(after(9, "one"), after(1, "other"))) == ("one", "other")


@pytest.mark.parametrize("first_fails", [True, False])
def test_when_one_fails_the_other_has_ended_and_the_error_is_not_wrapped(first_fails: bool) -> None:
    ended: list[str] = []
    works = [after(2, Busy("no")), after(100_000, None, ended)]

    async def main() -> None:
        with pytest.raises(Busy, match="no"):
            await both(*(works if first_fails else works[::-1]))
        assert ended == ["ended"]
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


def test_the_cause_of_an_error_is_kept() -> None:
    async def fails() -> None:
        try:
            raise ValueError
        except ValueError as error:
            raise Corrupt("damaged") from error

    with pytest.raises(Corrupt) as caught:
        asyncio.run(both(fails(), after(1)))
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_cancelled_caller_ends_both() -> None:
    ended: list[str] = []

    async def main() -> None:
        task = asyncio.create_task(both(after(100_000, None, ended), after(100_000, None, ended)))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ended == ["ended", "ended"]


def test_work_that_ends_before_the_alarm_gives_its_result() -> None:
    async def main() -> None:
        assert await unless(after(3, "done"), after(100_000)) == "done"  # type: ignore[arg-type]
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


def test_an_alarm_calls_the_work_off_and_waits_for_its_end() -> None:
    ended: list[str] = []

    async def main() -> None:
        assert await unless(after(100_000, "done", ended), after(2)) is None  # type: ignore[arg-type]
        assert ended == ["ended"]

    asyncio.run(main())


@pytest.mark.parametrize("work_fails", [True, False])
def test_an_error_of_work_or_alarm_is_raised_as_it_is(work_fails: bool) -> None:
    works = [after(2, Busy("no")), after(100_000)]

    async def main() -> None:
        with pytest.raises(Busy, match="no"):
            await unless(*(works if work_fails else works[::-1]))  # type: ignore[arg-type]
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())
