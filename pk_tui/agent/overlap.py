"""Two pieces of work at the same time, as one: what a transfer does while something travels. No task outlives the call."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

S = TypeVar("S")
T = TypeVar("T")


async def both(one: Coroutine[Any, Any, S], other: Coroutine[Any, Any, T]) -> tuple[S, T]:
    """The results of the two. If one fails the other is called off and has ended when the first's error is raised, as it is;
    with `asyncio.gather` it would go on behind the caller's back."""
    try:
        async with asyncio.TaskGroup() as group:
            first, second = group.create_task(one), group.create_task(other)
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from failed.exceptions[0].__cause__
    return first.result(), second.result()


async def unless(work: Coroutine[Any, Any, T], alarm: Coroutine[Any, Any, None]) -> T | None:
    """The result of `work`; None if `alarm` came back before, then `work` was called off and has ended."""
    try:
        async with asyncio.TaskGroup() as group:
            working, waiting = group.create_task(work), group.create_task(alarm)
            await asyncio.wait([working, waiting], return_when=asyncio.FIRST_COMPLETED)
            working.cancel()
            waiting.cancel()
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from failed.exceptions[0].__cause__
    return None if working.cancelled() else working.result()
