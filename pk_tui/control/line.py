"""The window's end of a line to an agent: frames out, frames in by callback, and the news that the line is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pk_tui.control.attachment import Frames
from pk_tui.errors import Malformed


class Line(asyncio.Protocol):
    """`received` is given each frame's kind and payload and raises Malformed to cut the line; `lost` is called once, with True if
    the line was cut for such a reason."""

    def __init__(self, received: Callable[[int, bytes], None], lost: Callable[[bool], None]) -> None:
        self.closed = asyncio.Event()
        self._received, self._lost = received, lost
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None
        self._broken = False

    def send(self, raw: bytes) -> None:
        """Does not wait: how much may be on its way is agreed for each call. What is sent after the line's end is lost."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(raw)

    async def aclose(self, within: float) -> None:
        """Close the line when the agent has taken what was sent, or cut it after so many seconds."""
        if self._transport is None:
            return
        self._transport.close()
        try:
            async with asyncio.timeout(within):
                await self.closed.wait()
        except TimeoutError:
            self._transport.abort()
            await self.closed.wait()

    # called by the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, received: bytes) -> None:
        try:
            for kind, payload in self._frames.feed(received):
                self._received(kind, payload)
        except Malformed:
            self._broken = True
            if self._transport is not None:
                self._transport.abort()

    def connection_lost(self, _: Exception | None) -> None:
        self.closed.set()
        self._lost(self._broken)
