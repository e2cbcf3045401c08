"""What was done at this node: what windows see of it, and what the agent promises about it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from pk_tui.clock import Instant


@dataclass(frozen=True, slots=True)
class AuditView:
    """One thing that was done here. `id` counts upward from 1 without a gap; `data` holds ids and names, never a value."""

    id: int
    time: Instant
    topic: str
    data: dict[str, object]


class Audit(Protocol):
    """What was done at this node: who scanned, cloned and pulled what, who was refused, what was trusted, allowed, shared."""

    async def list(self, limit: int | None = None, since: Instant | None = None) -> Sequence[AuditView]:
        """The newest `limit` of those since then, oldest first."""
        ...

    def follow(self, after: int | None = None) -> AbstractAsyncContextManager[AsyncIterator[AuditView]]:
        """Entries with a higher id than `after` (None: the newest there is), as they come. Ends with Locked when the agent is."""
        ...
