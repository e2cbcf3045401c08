"""One call on its way, at the window's end: what has arrived of its answer, and who waits for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from pk_tui.api.views import Progress
from pk_tui.control.attachment import (
    EVENT,
    EVENTS_AHEAD,
    MAX_RESULT,
    OPENED,
    PART,
    PIECE,
    PIECES_AHEAD,
    WANTED,
)
from pk_tui.control.calls import PROGRESS_CODEC, Call, Shape
from pk_tui.errors import Malformed

_ARRIVING = {Shape.PIECES: (PIECE, PIECES_AHEAD), Shape.EVENTS: (EVENT, EVENTS_AHEAD)}
"""Which frames may arrive, and how many of them before one has to be taken."""


class PendingCall:
    """`failure` is what the caller is to see raised when the call is over."""

    def __init__(self, number: int, call: Call, progress: Callable[[Progress], None] | None) -> None:
        self.number, self.call = number, call
        self.answer = bytearray()
        self.failure: Exception | None = None
        self._progress = progress
        self._over = asyncio.Event()
        self._changed = asyncio.Event()
        self._arrived: deque[bytes] = deque()
        self._opened = False
        self._wanted = PIECES_AHEAD if call.content else 0

    # for the line

    def take(self, kind: int, rest: bytes) -> None:
        """A frame that is not the last. Raises Malformed if it does not belong to such a call, or is one too many."""
        arriving, ahead = _ARRIVING.get(self.call.shape, (None, 0))
        if kind == PART and self.call.shape is Shape.ANSWER:
            self.add_answer(rest)
        elif kind == arriving and len(self._arrived) < ahead:
            self._arrived.append(rest)
        elif kind == OPENED and self.call.shape is Shape.EVENTS:
            self._opened = True
        elif kind == WANTED and self.call.content and self._wanted < PIECES_AHEAD:
            self._wanted += 1
        else:
            raise Malformed("The agent sent of a call what does not belong to it.")
        self._changed.set()

    def add_answer(self, part: bytes) -> None:
        if len(self.answer) + len(part) > MAX_RESULT:
            raise Malformed(f"An answer of the agent is larger than the {MAX_RESULT} bytes allowed.")
        self.answer += part

    def tell_progress(self, raw: bytes) -> None:
        """Raises whatever the callback raises."""
        news = PROGRESS_CODEC.decode(raw)
        if self._progress is not None:
            self._progress(news)

    def finish(self) -> None:
        self._over.set()
        self._changed.set()

    # for the caller

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    async def over(self) -> None:
        await self._over.wait()

    def raise_failure(self) -> None:
        if self.failure is not None:
            raise self.failure

    async def opened(self) -> None:
        """Wait until the agent has begun to listen. Raises its refusal."""
        await self._until(lambda: self._opened)
        if not self._opened:
            self.raise_failure()

    async def arrived(self) -> bytes | None:
        """The next piece or event; None when no more comes."""
        await self._until(lambda: bool(self._arrived))
        return self._arrived.popleft() if self._arrived else None

    async def something_arrived(self) -> bool:
        """Wait until a piece is there, one more of the content may be sent, or the call is over; False for the second alone."""
        await self._until(lambda: bool(self._arrived) or self._wanted > 0)
        return bool(self._arrived) or self.is_over

    async def is_wanted(self) -> bool:
        """Wait until one more piece may be sent; False if the agent wants none any more."""
        await self._until(lambda: self._wanted > 0)
        self._wanted -= 1
        return not self.is_over

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Until the condition holds, or the call is over."""
        while not condition() and not self.is_over:
            self._changed.clear()
            await self._changed.wait()
