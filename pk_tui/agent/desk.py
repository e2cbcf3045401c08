"""The desk: the one place where database and vault work happens, one job at a time.

A job is a plain function; it never waits for the network. Long work is a generator that stops after each small step: the
desk runs steps for at most `SLICE` seconds, then lets other jobs go first. Urgent jobs pass waiting slow ones. Which thread
that is stays hidden: `ThreadDesk` has one of its own, `InlineDesk` works at once in the caller's (for the simulator).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import queue
import threading
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Protocol, TypeVar

from pk_tui.clock import Clock

T = TypeVar("T")

SLICE = 0.02
"""Seconds of steps in one go. Half a frame of a fast screen; a job of its own may take up to 0.05 s."""
HELD_UP = 0.002
"""Seconds that the end of a slice waits to be heard of, above which the event loop is busy with something else."""


class Desk(Protocol):
    async def do(self, job: Callable[[], T], urgent: bool = True) -> T:
        """Run `job` as a whole. If the caller is cancelled before it starts, it does not start; once started, it ends."""
        ...

    async def steps(self, work: Generator[object, None, T]) -> T:
        """Run a generator to its end, step by step, behind urgent jobs. If the caller is cancelled the generator is closed
        at its next step, so that its `finally` tidies up, and only then does the cancellation go on."""
        ...

    def ahead(self, job: Callable[[], T]) -> Awaitable[T]:
        """Line `job` up now, for a result that is awaited later or never."""
        ...

    async def aside(self, job: Callable[[], T]) -> T:
        """Run `job` beside the desk's own work. It is heavy, short, and touches nothing that anybody else does. If the caller is
        cancelled it may still run to its end, and nobody looks at what it gave."""
        ...

    async def close(self) -> None: ...


def _looked_at(done: asyncio.Future[Any]) -> None:
    """Asyncio complains of an error that nobody has seen; of this one perhaps nobody needs to."""
    if not done.cancelled():
        done.exception()


class InlineDesk:
    """Does each job at once, where it is called."""

    async def do(self, job: Callable[[], T], urgent: bool = True) -> T:
        return job()

    async def steps(self, work: Generator[object, None, T]) -> T:
        while True:
            try:
                next(work)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return] # StopIteration is untyped
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                work.close()
                raise

    def ahead(self, job: Callable[[], T]) -> Awaitable[T]:
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        done.add_done_callback(_looked_at)
        try:
            done.set_result(job())
        except Exception as error:
            done.set_exception(error)
        return done

    async def aside(self, job: Callable[[], T]) -> T:
        return job()

    async def close(self) -> None:
        return


class _Job:
    """A function on its way through the queue; `skip` is set when nobody wants it any more."""

    __slots__ = ("call", "done", "loop", "skip")

    def __init__(self, call: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        self.call = call
        self.loop = loop
        self.done: asyncio.Future[Any] = loop.create_future()
        self.skip = False

    def run(self) -> None:
        if self.skip:
            return
        result: Any = None
        error: BaseException | None = None
        try:
            result = self.call()
        except BaseException as raised:  # handed over whole: the caller raises it
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody is left to be told
            self.loop.call_soon_threadsafe(self._tell, result, error)

    def _tell(self, result: Any, error: BaseException | None) -> None:
        if self.done.done():
            return
        if error is not None:
            self.done.set_exception(error)
        else:
            self.done.set_result(result)


_MORE = object()


class ThreadDesk:
    """One thread of its own, so that the event loop is never held up by the database."""

    def __init__(self, clock: Clock, name: str = "desk", *, breath: float = 0.0) -> None:
        """`breath`: seconds that long work rests after a slice that held up the event loop. Thread and loop share the
        interpreter, and whoever draws a screen on the loop has twice as long to wait while the thread works."""
        self._clock = clock
        self._breath = breath
        self._queue: queue.PriorityQueue[tuple[int, int, _Job | None]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()
        self._closed = False

    def _work(self) -> None:
        while True:
            job = self._queue.get()[2]
            if job is None:
                return
            job.run()
            del job  # keeps nothing of the last job alive while waiting for the next

    def _put(self, call: Callable[[], Any], urgent: bool) -> _Job:
        if self._closed:
            raise RuntimeError("the desk is closed")
        job = _Job(call, asyncio.get_running_loop())
        self._queue.put((0 if urgent else 1, next(self._order), job))
        return job

    async def do(self, job: Callable[[], T], urgent: bool = True) -> T:
        queued = self._put(job, urgent)
        try:
            return await queued.done  # type: ignore[no-any-return] # the future is of Any
        except asyncio.CancelledError:
            queued.skip = True
            raise

    async def steps(self, work: Generator[object, None, T]) -> T:
        done = 0.0

        def some() -> object:
            nonlocal done
            end = self._clock.elapsed() + SLICE
            try:
                while (done := self._clock.elapsed()) < end:
                    next(work)
            except StopIteration as stop:
                return (stop.value,)
            return _MORE

        while True:
            queued = self._put(some, urgent=False)
            try:
                result = await asyncio.shield(queued.done)
                if result is _MORE and self._breath and self._clock.elapsed() - done > HELD_UP:
                    await asyncio.sleep(self._breath)
            except asyncio.CancelledError:
                queued.skip = True
                await asyncio.shield(self._put(work.close, urgent=True).done)
                raise
            if result is not _MORE:
                return result[0]  # type: ignore[no-any-return] # the one-element tuple made above

    def ahead(self, job: Callable[[], T]) -> Awaitable[T]:
        queued = self._put(job, urgent=True)
        queued.done.add_done_callback(_looked_at)
        return queued.done

    async def aside(self, job: Callable[[], T]) -> T:
        return await asyncio.to_thread(job)

    async def close(self) -> None:
        """Let the waiting jobs finish, then end the thread."""
        self._closed = True
        self._queue.put((2, next(self._order), None))
        while self._thread.is_alive():  # noqa: ASYNC110 - a thread's end is no event of the loop
            await asyncio.sleep(0.002)
