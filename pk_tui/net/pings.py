"""Pings over one session: those that were sent and not answered yet, and how long the last answer took.

When one is sent is the link's matter.
"""

from __future__ import annotations

import asyncio

from pk_tui.clock import Clock
from pk_tui.errors import Unreachable
from pk_tui.wire.session import Session

PING_EVERY = 20.0
"""Seconds between pings. Below the idle timeouts of common NATs and proxies (30 s and more)."""
MISSED = 2
"""Pings in a row after which nothing at all was heard: the peer is gone."""
PING_WITHIN = 10.0


class Pings:
    """rtt: seconds there and back at the last one that was answered, or None."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self.rtt: float | None = None
        self._session = session
        self._clock = clock
        self._under_way: dict[int, tuple[float, asyncio.Future[float]]] = {}
        self._token = 0

    def ask(self) -> asyncio.Future[float]:
        """Line one up to be sent; its answer is the seconds there and back."""
        self._token += 1
        answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._under_way[self._token] = (self._clock.elapsed(), answered)
        self._session.ping(self._token)
        return answered

    def answer(self, token: int) -> None:
        """The session has heard this one's answer: it tells of none that was not asked for."""
        sent, answered = self._under_way.pop(token)
        self.rtt = self._clock.elapsed() - sent
        if not answered.done():
            answered.set_result(self.rtt)

    def break_off(self, reason: str) -> None:
        """No more answers come: whoever waits for one is told Unreachable."""
        for _, answered in self._under_way.values():
            if not answered.done():
                answered.set_exception(Unreachable(reason))
                answered.exception()  # most pings are waited for by nobody, which asyncio would complain of
        self._under_way.clear()


async def seconds(answered: asyncio.Future[float]) -> float:
    """What `ask` gave, waited for. Raises Unreachable if no answer comes within PING_WITHIN seconds."""
    try:
        async with asyncio.timeout(PING_WITHIN):
            return await asyncio.shield(answered)
    except TimeoutError as error:
        raise Unreachable(f"The other node did not answer within {PING_WITHIN:g} seconds.") from error
