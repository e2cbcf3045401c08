from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Coroutine, Generator
from typing import Any

import pytest

from pk_tui.agent.desk import Desk, InlineDesk, ThreadDesk
from pk_tui.clock import SystemClock
from pk_tui.errors import Busy


class SteppingClock:
    """Each look is a second later: every slice has exactly one step."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> int:
        return 0

    def elapsed(self) -> float:
        self.time += 0.011
        return self.time


def make(kind: str) -> Desk:
    return InlineDesk() if kind == "inline" else ThreadDesk(SystemClock())


both = pytest.mark.parametrize("kind", ["inline", "thread"])


def run(main: Coroutine[Any, Any, Any]) -> Any:
    async def bounded() -> Any:
        async with asyncio.timeout(100):
            return await main

    return asyncio.run(bounded())


def count(to: int, seen: list[int] | None = None, closed: list[bool] | None = None) -> Generator[None, None, int]:
    try:
        for number in range(to):
            if seen is not None:
                seen.append(number)
            yield
        return to
    finally:
        if closed is not None:
            closed.append(True)


@both
def test_what_is_done_aside_comes_back_to_the_caller(kind: str) -> None:
    async def main() -> None:
        desk = make(kind)
        assert await desk.aside(lambda: 7) == 7
        with pytest.raises(Busy):
            await desk.aside(_busy)
        await desk.close()

    run(main())


def test_what_is_done_aside_waits_for_nothing_at_the_desk() -> None:
    async def main() -> None:
        desk = make("thread")
        go_on = threading.Event()
        held = asyncio.create_task(desk.do(go_on.wait))
        assert await desk.aside(lambda: 7) == 7
        go_on.set()
        assert await held
        await desk.close()

    run(main())


@both
def test_a_job_ahead_is_done_though_nobody_waits_and_its_result_is_kept(kind: str) -> None:
    async def main() -> None:
        desk = make(kind)
        done: list[int] = []
        coming = desk.ahead(lambda: done.append(1) or 7)
        await desk.do(lambda: done.append(2))
        assert done == [1, 2]
        assert await coming == 7

    run(main())


@both
def test_the_error_of_a_job_ahead_is_raised_where_it_is_awaited_and_else_nowhere(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        desk = make(kind)
        with pytest.raises(Busy):
            await desk.ahead(_busy)
        desk.ahead(_busy)
        await desk.do(lambda: None)
        await asyncio.sleep(0)
        await desk.close()

    run(main())
    gc.collect()
    assert not caplog.records


def _busy() -> None:
    raise Busy("no")


@both
def test_results_and_errors_come_back_to_the_caller(kind: str) -> None:
    async def main() -> None:
        desk = make(kind)
        assert await desk.do(lambda: 7) == 7
        assert await desk.steps(count(1000)) == 1000

        def fail() -> None:
            raise Busy("no")

        def fail_later() -> Generator[None, None, None]:
            yield
            raise Busy("later")

        with pytest.raises(Busy, match="no"):
            await desk.do(fail)
        with pytest.raises(Busy, match="later"):
            await desk.steps(fail_later())
        assert await desk.do(lambda: "still works") == "still works"
        await desk.close()

    run(main())


@both
def test_even_an_error_that_ends_programs_comes_back_and_the_desk_goes_on(kind: str) -> None:
    async def main() -> None:
        desk = make(kind)

        def fail() -> None:
            raise MemoryError

        with pytest.raises(MemoryError):
            await desk.do(fail)
        assert await desk.do(lambda: 1) == 1
        await desk.close()

    run(main())


@both
def test_a_cancelled_generator_is_closed_before_the_caller_goes_on(kind: str) -> None:
    async def main() -> None:
        desk = make(kind)
        closed: list[bool] = []
        task = asyncio.create_task(desk.steps(count(10**9, None, closed)))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert closed == [True]
        assert await desk.do(lambda: 1) == 1
        await desk.close()

    run(main())


def test_all_work_is_done_by_one_thread_that_is_not_the_callers() -> None:
    async def main() -> None:
        desk = ThreadDesk(SystemClock())
        threads = {await desk.do(threading.get_ident) for _ in range(20)}

        def which() -> Generator[None, None, int]:
            yield
            return threading.get_ident()

        threads.add(await desk.steps(which()))
        assert len(threads) == 1
        assert threading.get_ident() not in threads
        await desk.close()

    run(main())


def test_urgent_jobs_overtake_waiting_ones_and_keep_their_order() -> None:
    async def main() -> None:
        desk = ThreadDesk(SystemClock())
        gate = threading.Event()
        order: list[str] = []
        blocked = asyncio.create_task(desk.do(gate.wait))
        await asyncio.sleep(0.01)
        jobs = [
            asyncio.create_task(desk.do(lambda name=name: order.append(name), urgent=urgent))  # type: ignore[misc]
            for name, urgent in (("slow 1", False), ("slow 2", False), ("urgent 1", True), ("urgent 2", True))
        ]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(blocked, *jobs)
        assert order == ["urgent 1", "urgent 2", "slow 1", "slow 2"]
        await desk.close()

    run(main())


def test_an_urgent_job_gets_in_between_the_steps_of_long_work() -> None:
    async def main() -> None:
        desk = ThreadDesk(SteppingClock())
        seen: list[int] = []
        long = asyncio.create_task(desk.steps(count(200, seen)))
        await asyncio.sleep(0)
        at = await desk.do(lambda: len(seen))
        assert at < 200
        assert await long == 200
        assert seen == list(range(200))
        await desk.close()

    run(main())


def test_two_long_works_take_turns() -> None:
    async def main() -> None:
        desk = ThreadDesk(SteppingClock())
        seen: list[int] = []
        await asyncio.gather(desk.steps(count(50, seen)), desk.steps(count(50, seen)))
        assert seen != [*range(50), *range(50)]
        await desk.close()

    run(main())


def test_a_job_that_was_called_off_before_its_turn_does_not_start() -> None:
    async def main() -> None:
        desk = ThreadDesk(SystemClock())
        gate, ran = threading.Event(), []
        blocked = asyncio.create_task(desk.do(gate.wait))
        await asyncio.sleep(0.01)
        job = asyncio.create_task(desk.do(lambda: ran.append(1)))
        await asyncio.sleep(0)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        gate.set()
        await blocked
        await desk.do(lambda: None, urgent=False)
        assert ran == []
        await desk.close()

    run(main())


def test_a_job_that_was_called_off_while_it_runs_runs_to_its_end_before_the_next() -> None:
    async def main() -> None:
        desk = ThreadDesk(SystemClock())
        gate, order = threading.Event(), []

        def slow() -> None:
            gate.wait()
            order.append("first")

        job = asyncio.create_task(desk.do(slow))
        await asyncio.sleep(0.01)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        after = asyncio.create_task(desk.do(lambda: order.append("second")))
        await asyncio.sleep(0)
        gate.set()
        await after
        assert order == ["first", "second"]
        await desk.close()

    run(main())


def test_long_work_that_was_called_off_before_its_turn_is_closed_too() -> None:
    async def main() -> None:
        desk = ThreadDesk(SystemClock())
        gate = threading.Event()
        blocked = asyncio.create_task(desk.do(gate.wait))
        await asyncio.sleep(0.01)
        seen: list[int] = []
        task = asyncio.create_task(desk.steps(count(10, seen)))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        await blocked
        assert seen == []
        await desk.close()

    run(main())


def test_closing_waits_for_what_is_in_line_and_ends_the_thread() -> None:
    async def main() -> None:
        before = threading.active_count()
        desk = ThreadDesk(SystemClock())
        done: list[int] = []
        jobs = [
            asyncio.create_task(desk.do(lambda n=number: done.append(n), urgent=number % 2 == 0))  # type: ignore[misc]
            for number in range(20)
        ]
        await asyncio.sleep(0)
        await desk.close()
        await asyncio.gather(*jobs)
        assert sorted(done) == list(range(20))
        assert threading.active_count() == before
        with pytest.raises(RuntimeError, match="closed"):
            await desk.do(lambda: 1)

    run(main())


def test_nothing_of_a_finished_job_is_kept_alive() -> None:
    import gc
    import weakref

    class Held:
        pass

    async def main() -> None:
        desk = ThreadDesk(SystemClock())
        held = Held()
        gone = weakref.ref(held)
        await desk.do(lambda held=held: None)  # type: ignore[misc]
        del held
        await desk.do(lambda: None)
        await asyncio.sleep(0.01)
        gc.collect()
        assert gone() is None
        await desk.close()

    run(main())


@pytest.mark.parametrize(("breath", "rests"), [(0.0, False), (0.01, True)])
def test_long_work_rests_only_where_a_screen_is_and_only_when_it_held_up_the_loop(
    breath: float, rests: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With this clock the end of every slice is heard of late."""
    slept: list[float] = []
    real = asyncio.sleep

    async def noted(seconds: float, result: object = None) -> object:
        slept.append(seconds)
        return await real(0, result)

    async def main() -> None:
        desk = ThreadDesk(SteppingClock(), breath=breath)
        monkeypatch.setattr("pk_tui.agent.desk.asyncio.sleep", noted)
        assert await desk.steps(count(5)) == 5
        assert (breath in slept) is rests
        monkeypatch.undo()
        await desk.close()

    run(main())


def test_work_called_off_while_it_rests_is_closed_first() -> None:
    async def main() -> None:
        desk = ThreadDesk(SteppingClock(), breath=30.0)
        closed: list[bool] = []
        seen: list[int] = []
        task = asyncio.ensure_future(desk.steps(count(5, seen, closed)))
        while not seen:
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert closed == [True]
        assert len(seen) < 5
        await desk.close()

    run(main())
