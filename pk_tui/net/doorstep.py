"""How many strangers may stand on the doorstep: connections whose other end has not yet proved who it is.

Only the counting; who is let in and who is sent away is done by the listener.
"""

from __future__ import annotations

import ipaddress
from collections import Counter

MAX_STRANGERS = 64
"""At once. Each costs at most some 100 KiB and a few seconds."""
MAX_STRANGERS_PER_HOST = 8


class Doorstep:
    def __init__(self, total: int = MAX_STRANGERS, per_host: int = MAX_STRANGERS_PER_HOST) -> None:
        self._total = total
        self._per_host = per_host
        self._waiting: Counter[str] = Counter()

    def enter(self, host: str) -> str | None:
        """Count a stranger from this IP address; the mark to `leave` with, or None if there is no room for it."""
        mark = _origin(host)
        if self._waiting.total() >= self._total or self._waiting[mark] >= self._per_host:
            return None
        self._waiting[mark] += 1
        return mark

    def leave(self, mark: str) -> None:
        """It proved who it is, or is gone."""
        self._waiting[mark] -= 1
        if self._waiting[mark] <= 0:
            del self._waiting[mark]

    def __len__(self) -> int:
        return self._waiting.total()


def _origin(host: str) -> str:
    """What counts as one origin: an IPv4 address, or the /64 that an IPv6 address lies in, of which anyone has 2^64."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((address, 64), strict=False))
    return str(address)
