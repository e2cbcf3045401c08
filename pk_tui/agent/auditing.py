"""The audit: what was done here, by whom and when, noted in the transaction in which it was done; and telling it.

Details are ids and names of nodes and vaults, never a value. What peers can make happen as often as they like (scans, refusals,
connections) is noted seldom, with its number, so that nobody pushes the rest out. What happens while the node is locked, when
nothing can be written, is remembered until it is unlocked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

from pk_tui.agent.core import Core, Gate
from pk_tui.agent.seldom import Seldom
from pk_tui.api.audit import AuditView
from pk_tui.clock import Clock, Instant, rfc3339
from pk_tui.errors import PkError
from pk_tui.store.node import NodeStore
from pk_tui.trust.audit import Entry

SCANNED, CLONED, PULLED, REFUSED_TOPIC = "vault.scanned", "vault.cloned", "vault.pulled", "vault.refused"
SHARED_TOPIC, UNSHARED = "vault.shared", "vault.unshared"
TRUST_CHANGED, PERMISSION_CHANGED = "trust.changed", "permission.changed"
CONNECTED, PARTED = "node.connected", "node.parted"
UNLOCKED, LOCKED, LOGIN_FAILED, PASSWORD_CHANGED = (
    "agent.unlocked",
    "agent.locked",
    "agent.login_failed",
    "password.changed",
)
MAX_REMEMBERED = 50
"""Of what happened while the node was locked, so many are told with their times; of more, the number."""

log = logging.getLogger("pk_tui.audit")


class Auditing:
    """Takes note. `note` and its like are desk work; everything else is done on the loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seldom: dict[str, Seldom] = {}
        """By topic: a peer can think of ever new things to be refused, and is not to keep others' clones from being noted."""
        self._followers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._remembered: dict[str, list[Instant]] = {}
        self._counted: dict[str, int] = {}

    def note(self, store: NodeStore, topic: str, **details: object) -> None:
        store.audit.append(self._clock.now(), topic, details)
        self.wake()

    def note_seldom(self, store: NodeStore, topic: str, by: Collection[str] = (), **details: object) -> None:
        """Of what a peer can repeat. `by`: the details that tell one from another (all, if none is named)."""
        seldom = self._seldom.setdefault(topic, Seldom())
        kind = tuple(str(value) for name, value in details.items() if not by or name in by)
        times = seldom.due(kind, self._clock.elapsed())
        if times:
            self.note(store, topic, **details, **({"times": times} if times > 1 else {}))

    async def note_aside(self, core: Core, topic: str, by: Collection[str] = (), **details: object) -> None:
        """Of what a peer can repeat and is no deed of ours: after it was answered, and if possible. `by` as in `note_seldom`."""

        def job() -> None:
            try:
                self.note_seldom(core.store, topic, by, **details)
            except PkError as error:
                _not_noted(topic, error)

        await core.desk.do(job, urgent=False)

    def note_if_possible(self, store: NodeStore, topic: str, **details: object) -> None:
        """Of what has to go on even if the disk is full."""
        try:
            self.note(store, topic, **details)
        except PkError as error:
            _not_noted(topic, error)

    def remember(self, topic: str) -> None:
        """Of what happens while nothing can be written."""
        self._counted[topic] = self._counted.get(topic, 0) + 1
        times = self._remembered.setdefault(topic, [])
        if len(times) < MAX_REMEMBERED:
            times.append(self._clock.now())

    def note_remembered(self, store: NodeStore) -> None:
        for topic, times in self._remembered.items():
            told: list[str] = [rfc3339(at) for at in times]
            self.note_if_possible(store, topic, count=self._counted[topic], at=told)
        self._remembered, self._counted = {}, {}

    def wake(self) -> None:
        """Let those who follow look again. On any thread."""
        for loop, woken in list(self._followers):
            loop.call_soon_threadsafe(woken.set)

    @contextmanager
    def followed(self) -> Iterator[asyncio.Event]:
        """Within the block the event is set whenever there may be something new."""
        follower = asyncio.get_running_loop(), asyncio.Event()
        self._followers.add(follower)
        try:
            yield follower[1]
        finally:
            self._followers.discard(follower)


def _not_noted(topic: str, error: PkError) -> None:
    log.warning("%s could not be noted in the audit: %s", topic, error.kind)


class AuditService:
    def __init__(self, gate: Gate, auditing: Auditing) -> None:
        self._gate, self._auditing = gate, auditing

    async def list(self, limit: int | None = None, since: Instant | None = None) -> Sequence[AuditView]:
        core = self._gate.core()
        return [_view(entry) for entry in await core.desk.steps(core.store.audit.newest(limit, since))]

    @asynccontextmanager
    async def follow(self, after: int | None = None) -> AsyncIterator[AsyncIterator[AuditView]]:
        core = self._gate.core()
        with self._auditing.followed() as woken:
            begin = await core.desk.do(lambda: core.store.audit.last) if after is None else after

            async def told() -> AsyncIterator[AuditView]:
                at = begin
                while True:
                    woken.clear()
                    entries = await self._after(at)
                    for entry in entries:
                        at = entry.number
                        yield _view(entry)
                    if not entries:
                        await woken.wait()

            yield told()

    async def _after(self, number: int) -> Sequence[Entry]:
        core = self._gate.core()
        return await core.desk.do(lambda: core.store.audit.after(number))


def _view(entry: Entry) -> AuditView:
    return AuditView(entry.number, entry.time, entry.topic, entry.details)
