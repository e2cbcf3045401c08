"""What a connection must be able to do for a link to run over it: move whole messages, in order, and end.

A pipe knows nothing of who is at the other end and protects nothing: that is the session's matter. It may be a WebSocket,
a relayed connection, or two queues.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from pk_tui.terms import Address


class PipeClosed(Exception):
    """The pipe has ended, at either end or between them. Its text says so in words; nothing more can be sent or received."""


class Pipe(Protocol):
    """One connection. One task sends and one task receives."""

    @property
    def remote(self) -> Address:
        """Where the other end is: as dialled, or as seen when it called."""
        ...

    async def send(self, message: bytes) -> None:
        """Hand over one message of at most 65,535 bytes; returns when there is room for another. Raises PipeClosed.

        If it is cancelled it is unknown whether the message went out: the pipe is of no further use.
        """
        ...

    async def receive(self) -> bytes:
        """The next message. Safe to cancel. Raises PipeClosed."""
        ...

    async def close(self) -> None:
        """End it, within a short time whatever the other end does. A second time does nothing."""
        ...

    def admit(self) -> None:
        """The other end has proved who it is: it no longer counts as a stranger on the doorstep."""
        ...


class Listening(Protocol):
    @property
    def address(self) -> Address:
        """Where it listens really (the port chosen by the system, if 0 was asked for)."""
        ...

    async def close(self) -> None:
        """Accept no more and end what was accepted, within a short time."""
        ...


class Transport(Protocol):
    async def listen(self, address: Address, accept: Callable[[Pipe], Awaitable[None]]) -> Listening:
        """Call `accept` for each connection that comes in; it is closed when that returns. Raises Unreachable if it cannot be."""
        ...

    async def dial(self, address: Address, timeout: float) -> Pipe:
        """A connection to `address`, made within `timeout` seconds. Raises Unreachable, saying why in words."""
        ...
