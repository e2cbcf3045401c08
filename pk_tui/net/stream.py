"""One conversation over a link: messages to send and to wait for, with deadlines, until it is closed, reset or cut off.

What carries the messages, and what a peer may make us keep, is the link's matter (`Carrier` is all that a stream sees of it).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from pk_tui.errors import Busy, Cancelled, PkError, Unreachable

SEND_WITHIN = 60.0
"""Seconds a peer may take nothing of what it is being sent."""
RECEIVE_WITHIN = 60.0
"""Seconds a peer may leave a stream on which something is awaited silent."""
CANCELLED = 0
"""Codes of a reset: whoever opened the stream no longer wants it,"""
FAILED = 1
"""the answer cannot be given,"""
OVERLOADED = 2
"""or too much is asked at once."""

OnStream = Callable[["Stream"], Awaitable[None]]


class Carrier(Protocol):
    """What a stream needs of its link."""

    @property
    def has_room(self) -> asyncio.Event:
        """Set while the link takes more to send, whichever stream it is from."""
        ...

    def put(self, stream: Stream, message: bytes) -> bool:
        """Line the message up to be sent; False if the stream has no credit."""
        ...

    def taken(self, stream: Stream, message: bytes) -> None:
        """The message was received by whom it is for."""
        ...

    def forget_parked(self, stream: Stream) -> None:
        """What is in the stream's inbox will not be received."""
        ...

    def close_stream(self, stream: Stream) -> None: ...

    def reset_stream(self, stream: Stream, code: int) -> None: ...


class Stream:
    """One conversation: a request and its answers. Each message sent arrives as one message.

    One task sends and one receives. Whoever opened a stream closes or resets it in the end.
    """

    def __init__(self, carrier: Carrier, number: int, is_own: bool) -> None:
        self._carrier = carrier
        self.number = number
        self.is_own = is_own
        self.inbox: deque[bytes] = deque()
        self.finished = False
        self.closed = False
        self.broken: PkError | None = None
        self.was_reset = False
        """True if the peer reset it."""
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()

    async def send(self, message: bytes) -> None:
        """Send one message of 1 to 65,000 bytes; returns when it is in line to go out, after what was sent before.

        Waits while the peer does not take what it was sent, at most SEND_WITHIN seconds. Raises Unreachable if that is over
        or the link has ended; Cancelled (the peer opened the stream) or Busy (we did) if the peer reset it.
        """
        if self._try_send(message):
            return
        try:
            async with asyncio.timeout(SEND_WITHIN):
                while not self._try_send(message):
                    await self._room()
        except TimeoutError as error:
            self.reset()
            raise Unreachable(f"The other node has taken nothing for {SEND_WITHIN:g} seconds.") from error

    def _try_send(self, message: bytes) -> bool:
        if self.broken is not None:
            raise self.broken
        self._writable.clear()
        return self._carrier.has_room.is_set() and self._carrier.put(self, message)

    async def _room(self) -> None:
        """Wait for what is missing: room in the link, or credit on this stream."""
        if self._carrier.has_room.is_set():
            await self._writable.wait()
        else:
            await self._carrier.has_room.wait()

    async def receive(self) -> bytes | None:
        """The next message, or None after the last if the peer closed the stream.

        Waits at most RECEIVE_WITHIN seconds. Raises as `send` does. Safe to cancel.
        """
        if not self._can_receive():
            try:
                async with asyncio.timeout(RECEIVE_WITHIN):
                    while not self._can_receive():
                        self._readable.clear()
                        await self._readable.wait()
            except TimeoutError as error:
                self.reset()
                raise Unreachable(f"The other node has not answered for {RECEIVE_WITHIN:g} seconds.") from error
        if not self.inbox:
            return None
        message = self.inbox.popleft()
        self._carrier.taken(self, message)
        return message

    def _can_receive(self) -> bool:
        if self.inbox or self.finished:
            return True
        if self.broken is not None:
            raise self.broken
        return False

    async def close(self) -> None:
        """Nothing more comes from us. What was sent still goes out, and what the peer sends can still be received."""
        if not self.closed and self.broken is None:
            self.closed = True
            self._carrier.close_stream(self)

    def reset(self, code: int | None = None) -> None:
        """Give the stream up at once, in both directions; `code` tells the peer why: if none is given, that the request is
        no longer wanted (we made it) or cannot be answered (the peer did). Nothing happens if it is over."""
        if self.broken is None:
            self.break_off(Cancelled("This request was called off."))
            self._carrier.reset_stream(self, (CANCELLED if self.is_own else FAILED) if code is None else code)

    # For the carrier alone

    def take(self, message: bytes) -> None:
        self.inbox.append(message)
        self._readable.set()

    def wake_sender(self) -> None:
        """There is credit again."""
        self._writable.set()

    def finish(self) -> None:
        self.finished = True
        self._readable.set()

    def break_off(self, error: PkError, keep_received: bool = False) -> None:
        """No more of it. What came before the link ended may be read to the end; what was reset may not."""
        if self.broken is None:
            self.broken = error
        if not keep_received:
            self.drop_received()
            self.finished = False
        self._readable.set()
        self._writable.set()

    def drop_received(self) -> None:
        self._carrier.forget_parked(self)
        self.inbox.clear()

    def peer_reset(self) -> None:
        self.was_reset = True
        if self.is_own:
            error: PkError = Busy("The other node broke off its answer. It may be locked or stopping; try again later.")
        else:
            error = Cancelled("The other node called its request off.")
        self.break_off(error, keep_received=self.finished)  # what was sent and closed before is whole
