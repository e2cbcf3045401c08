"""What time it is, as a thing that is passed in. Loud rooms read real time through here alone; tests set it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

Instant = int
"""Microseconds since 1970-01-01 UTC."""

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 3600 * SECOND


class Clock(Protocol):
    def now(self) -> Instant:
        """Wall time. May jump in either direction: nothing that matters is ordered by it."""
        ...

    def elapsed(self) -> float:
        """Seconds since some fixed point; never goes backwards."""
        ...


class SystemClock:
    def now(self) -> Instant:
        return time.time_ns() // 1000

    def elapsed(self) -> float:
        return time.monotonic()


def rfc3339(at: Instant) -> str:
    """The instant as RFC 3339 in UTC with milliseconds, as all JSON output shows times."""
    at = min(max(at, -62_135_596_800 * SECOND), 253_402_300_799 * SECOND)
    moment = datetime.fromtimestamp(at // SECOND, UTC)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}.{at % SECOND // 1000:03d}Z"
