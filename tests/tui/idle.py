"""When an app under test has done all that a key or a message began: nothing is ready to run, and nothing is due any moment.

Textual's own measure is how much the process uses the processor, looked at every 20 ms: three looks and more after each key,
for up to a second while anything spins; and on a busy machine its answer may be wrong. This one asks the loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import textual.app
import textual.pilot
import textual.screen

SOON = 0.045
"""Seconds: what is due within them is waited for. About as long as textual's own looks after a key take at least."""
BREATH = 0.002
"""Seconds in which threads, processes and sockets may have something to say."""
PAINTED_EVERY = 0.002
"""Seconds, where textual takes 1/60: what waits for a picture (layout, scrolling) is then soon done, and so is the test."""


async def wait_for_idle(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """In place of textual's."""
    loop: Any = asyncio.get_running_loop()
    begun = loop.time()
    while loop.time() < begun + max_sleep:
        await asyncio.sleep(0)
        if loop._ready:
            continue
        used = time.process_time()
        soon = [due for one in loop._scheduled if (due := one.when()) < begun + SOON and not one.cancelled()]
        await asyncio.sleep(max(min(soon) - loop.time(), 0.0) if soon else BREATH)
        if soon or loop._ready or _has_a_thread_at_work(loop) or time.process_time() - used > BREATH / 2:
            continue
        if loop.time() >= begun + min_sleep:
            return


def _has_a_thread_at_work(loop: Any) -> bool:
    """At something that the loop has given it."""
    threads = loop._default_executor
    return threads is not None and threads._idle_semaphore._value < len(threads._threads)


@contextmanager
def waiting_shortly() -> Iterator[None]:
    """While this lasts, the pilot of an app that begins in it waits in this way."""
    with (
        patch.object(textual.app, "wait_for_idle", wait_for_idle),
        patch.object(textual.pilot, "wait_for_idle", wait_for_idle),
        patch.object(textual.screen, "UPDATE_PERIOD", PAINTED_EVERY),
    ):
        yield
