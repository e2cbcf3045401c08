"""Bounded fan-out of events: everyone who listens is told, and nobody who is slow holds up the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pk_tui.api.events import AgentEvent, EventsLost

QUEUE_LIMIT = 256
"""Events waiting for one listener. More collapse into one EventsLost, which means: read everything again."""


class Bus:
    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[AgentEvent]] = set()

    def say(self, event: AgentEvent) -> None:
        for waiting in self._queues:
            if waiting.qsize() >= QUEUE_LIMIT:
                while not waiting.empty():
                    waiting.get_nowait()
                waiting.put_nowait(EventsLost())
            else:
                waiting.put_nowait(event)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[AgentEvent]]:
        waiting: asyncio.Queue[AgentEvent] = asyncio.Queue()
        self._queues.add(waiting)

        async def events() -> AsyncIterator[AgentEvent]:
            while True:
                yield await waiting.get()

        try:
            yield events()
        finally:
            self._queues.discard(waiting)
