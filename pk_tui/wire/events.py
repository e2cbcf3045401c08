"""What happens in a session: what `Session.receive` tells, in order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Opened:
    """The peer opened `stream`."""

    stream: int


@dataclass(frozen=True, slots=True)
class Received:
    """One message of `stream`. Whoever has taken it tells `consumed`, or the peer runs out of credit."""

    stream: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Writable:
    """The peer gave credit: a `send` on `stream` that returned False may go through now."""

    stream: int


@dataclass(frozen=True, slots=True)
class Closed:
    """No more comes on `stream` from the peer. We may still send, until we close it too."""

    stream: int


@dataclass(frozen=True, slots=True)
class WasReset:
    """The peer gave `stream` up; it is gone. `code` is the peer's reason, any number up to 2^32 - 1."""

    stream: int
    code: int


@dataclass(frozen=True, slots=True)
class Ponged:
    """The answer to `ping(token)`."""

    token: int


@dataclass(frozen=True, slots=True)
class WentAway:
    """The peer will end the session and opens no more streams, nor may we. What is under way may be finished."""

    code: int


Event = Opened | Received | Writable | Closed | WasReset | Ponged | WentAway
