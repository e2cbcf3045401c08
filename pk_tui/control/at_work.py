"""One call of an attached window on its way, at the holder's end: when it may send, what it was sent, what it tells of itself.

Nothing here waits without a limit on what is kept meanwhile: a piece goes out when an earlier one was taken, of progress
only the newest is kept, and content comes in as it is used.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

from pk_tui.api.views import Progress
from pk_tui.control.attachment import (
    CONTENT,
    CONTENT_END,
    EVENTS_AHEAD,
    PIECES_AHEAD,
    PROGRESS,
    TAKEN,
    WANTED,
    after_number,
    call_frame,
)
from pk_tui.control.calls import PROGRESS_CODEC, Call, Shape
from pk_tui.errors import Malformed

_AHEAD = {Shape.PIECES: PIECES_AHEAD, Shape.EVENTS: EVENTS_AHEAD}


class CallAtWork:
    """`size` is that of its parameters in bytes; `say` sends a small frame without waiting, `send` waits while the window is
    slow."""

    def __init__(
        self,
        number: int,
        call: Call,
        size: int,
        say: Callable[[bytes], None],
        send: Callable[[bytes], Awaitable[None]],
    ) -> None:
        self.number, self.call, self.size = number, call, size
        self.task: asyncio.Task[None] | None = None
        self._say, self._send = say, send
        self._loop = asyncio.get_running_loop()
        self._began = self._called_off = self._ended = False
        self._under_way = 0  # PIECE, EVENT or PROGRESS frames that were sent and not yet taken
        self._latest: Progress | None = None
        self._content: deque[bytes] = deque()
        self._content_ended = call.content is None
        self._changed = asyncio.Event()

    # its life

    def begin(self) -> None:
        """To be called first in its task. Raises CancelledError if it was called off before."""
        self._began = True
        if self._called_off:
            raise asyncio.CancelledError

    def call_off(self) -> None:
        """Cancel it, unless that was done before: the agent tidies up while it is cancelled, and a second cancellation would
        break that off. A task that has not begun is left to `begin`, or it would end without a last word."""
        if not self._called_off:
            self._called_off = True
            if self._began and self.task is not None:
                self.task.cancel()

    def end(self) -> bool:
        """From now on nothing more is sent of it. False if it had ended before."""
        before, self._ended = self._ended, True
        return not before

    # what the window sends

    def take(self, kind: int, payload: bytes) -> None:
        """A frame of the window's for this call, other than CANCEL. Raises Malformed if it was not asked for."""
        if kind == TAKEN and self._under_way:
            self._under_way -= 1
            self._tell()
        elif kind == CONTENT and not self._content_ended and len(self._content) < PIECES_AHEAD:
            self._content.append(after_number(payload))
        elif kind == CONTENT_END and not self._content_ended:
            self._content_ended = True
        else:
            raise Malformed("A frame on the control socket was not asked for.")
        self._changed.set()

    async def content(self) -> AsyncIterator[bytes]:
        """What the window streams, as it comes."""
        while True:
            await self._until(lambda: bool(self._content) or self._content_ended)
            if not self._content:
                return
            piece = self._content.popleft()
            self._say(call_frame(WANTED, self.number))
            yield piece

    # what it sends

    async def send_ahead(self, kind: int, payload: bytes | memoryview) -> None:
        """Send a PIECE or an EVENT as soon as the window has taken enough of those before."""
        limit = _AHEAD[self.call.shape]
        await self._until(lambda: self._under_way < limit)
        self._under_way += 1
        await self._send(call_frame(kind, self.number, payload))

    def progress(self, news: Progress) -> None:
        """How far it has come; may be called on any thread."""
        self._latest = news
        self._loop.call_soon_threadsafe(self._tell)

    def tell_last(self) -> None:
        """Send the newest progress, even if the window has not taken the one before: the answer follows."""
        self._under_way = 0
        self._tell()

    def _tell(self) -> None:
        if self._latest is not None and not self._under_way and not self._ended:
            news, self._latest = self._latest, None
            self._under_way = 1
            self._say(call_frame(PROGRESS, self.number, PROGRESS_CODEC.encode(news)))

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()
