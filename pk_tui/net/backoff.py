"""How long to wait before a peer is dialled again."""

from __future__ import annotations

FIRST = 1.0
"""Seconds after the first failure; doubled for each one more."""
LONGEST = 300.0
"""Seconds at most (before jitter): a peer that comes back is found again within some minutes."""
JITTER = 0.3
"""Share by which a delay is moved up or down, so that nodes that lost one another at once do not return at once."""

_DOUBLINGS = 9  # more than reaches LONGEST: keeps the power small, however many failures there were


def next_delay(failures: int, fraction: float) -> float:
    """Seconds to wait after so many failures in a row (1 or more). `fraction`, random in [0, 1), chooses within the jitter."""
    delay = min(LONGEST, FIRST * 2.0 ** min(max(failures, 1) - 1, _DOUBLINGS))
    return delay * (1.0 - JITTER + 2.0 * JITTER * fraction)
