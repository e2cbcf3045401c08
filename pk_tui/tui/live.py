"""What is known of the node right now, for every pane to read: asked once, kept fresh by the agent's events.

Panes subscribe to `changed` and read the attributes; nothing here is ever newer than the agent. Lists keep the agent's order.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum, auto

from textual.dom import DOMNode
from textual.signal import Signal

from pk_tui.api.events import (
    AgentEvent,
    EventsLost,
    LockChanged,
    NodeChanged,
    NotificationsChanged,
    VaultChanged,
    VaultRemoved,
)
from pk_tui.api.facade import AgentApi
from pk_tui.api.trust import ForkView, PendingView
from pk_tui.api.views import CommitView, ConnectionView, GestaltView, NodeView, NotificationView, StatusView, VaultView
from pk_tui.errors import Locked, PkError
from pk_tui.safe_text import safe_text
from pk_tui.terms import NodeId
from pk_tui.tui.node_rows import gestalt_of

COALESCE = 0.05
"""Seconds that events are gathered for before anything is read again."""
CONNECTIONS_EVERY = 1.0
"""Seconds between two looks at the connections, of which no event tells the numbers."""
PING_EVERY = 2.0
"""Seconds between two pings of the connected nodes while somebody watches them."""
PINGED_AT_MOST = 20
RTT_KEPT = 60
"""Round trips kept for a sparkline."""


class Noun(Enum):
    """What a change is about."""

    VAULTS = auto()
    NODES = auto()
    """Nodes and gestalts: who they are, whether they are trusted, who waits to be confirmed."""
    CONNECTIONS = auto()
    NOTIFICATIONS = auto()
    LOCK = auto()
    """The node was fully locked or unlocked, perhaps from elsewhere."""
    GONE = auto()
    """The agent is not there any more."""


class Live:
    def __init__(self, owner: DOMNode, api: AgentApi) -> None:
        self._api = api
        self.changed: Signal[Noun] = Signal(owner, "live")
        self.status: StatusView | None = None
        self.vaults: Sequence[VaultView] = ()
        self.nodes: Sequence[NodeView] = ()
        self.gestalts: Sequence[GestaltView] = ()
        self.pending: Sequence[PendingView] = ()
        """Nodes that wait to be confirmed."""
        self.rejected: Sequence[PendingView] = ()
        self.forks: Sequence[ForkView] = ()
        self.connections: Sequence[ConnectionView] = ()
        self.inbox: Sequence[NotificationView] = ()
        self.outbox: Sequence[NotificationView] = ()
        self.requests: Sequence[NotificationView] = ()
        self.round_trips: dict[NodeId, deque[float | None]] = {}
        """Milliseconds, newest last."""
        self.watched = False
        """True while the nodes are looked at: then their round trips are measured."""
        self.failure: PkError | None = None
        self.has_read: set[Noun] = set()
        """What was read at least once: until then an empty list means nothing."""

    @property
    def unread(self) -> int:
        return sum(not note.is_read for note in self.inbox) + len(self.requests)

    @property
    def connected(self) -> int:
        return sum(row.state == "connected" for row in self.connections)

    def name_of(self, node: NodeId) -> str:
        """A node's petname, or the beginning of its id; safe to show."""
        if self.status is not None and node == self.status.node_id:
            return "this node"
        for row in self.nodes:
            if row.node_id == node and row.petname:
                return safe_text(row.petname, 40)
        return f"{node.short}…"

    def with_names(self, version: CommitView) -> CommitView:
        """A merge says from whom it came by the beginning of an id; here that node may have a name. Not made safe."""
        if len(version.parents) < 2:
            return version
        first, *rest = version.message.split("\n")
        for row in self.nodes:
            if row.petname:
                first = first.replace(f"{row.node_id.short}…", row.petname)
        return replace(version, message="\n".join([first, *rest]))

    def person_of(self, gestalt: GestaltView) -> str:
        """What a gestalt is called: as the first of its nodes that has a name; safe to show."""
        own = self.status.node_id if self.status is not None else None
        others = [node for node in gestalt.nodes if node != own]
        named = {row.node_id for row in self.nodes if row.petname}
        first = next((node for node in others if node in named), next(iter(others), None))
        return (
            "your own nodes"
            if own in gestalt.nodes
            else safe_text(gestalt.gestalt, 40)
            if first is None
            else self.name_of(first)
        )

    def person(self, node: NodeId) -> str:
        """What the party that a node belongs to is called; safe to show."""
        gestalt = gestalt_of(node, self.gestalts)
        return self.name_of(node) if gestalt is None else self.person_of(gestalt)

    def node(self, node: NodeId) -> NodeView | None:
        return next((row for row in self.nodes if row.node_id == node), None)

    async def read(self, *nouns: Noun) -> None:
        """Ask for these again and say what changed. Raises what the agent raises."""
        for noun in nouns or (Noun.VAULTS, Noun.NODES, Noun.CONNECTIONS, Noun.NOTIFICATIONS):
            before = self._of(noun)
            match noun:
                case Noun.VAULTS:
                    self.vaults = await self._api.vaults.list()
                case Noun.NODES:
                    self.status = await self._api.lifecycle.status()
                    self.nodes = await self._api.nodes.list()
                    self.gestalts = await self._api.gestalts.list()
                    self.pending = await self._api.linking.pending()
                    self.rejected = await self._api.linking.rejected()
                    self.forks = await self._api.linking.forks()
                case Noun.NOTIFICATIONS:
                    self.inbox = await self._api.notifications.inbox(mark_read=False)
                    self.outbox = await self._api.notifications.outbox()
                    self.requests = await self._api.notifications.requests()
                case Noun.CONNECTIONS:
                    self.connections = await self._api.nodes.connections()
                    self._note_round_trips()
            first = noun not in self.has_read
            self.has_read.add(noun)
            if first or self._of(noun) != before:
                self.changed.publish(noun)

    async def run(self) -> None:
        """Keep everything fresh until cancelled, or until the agent is locked or gone (which is said)."""
        try:
            async with self._api.events() as events, asyncio.TaskGroup() as tasks:
                await self.read()
                tasks.create_task(self._look_at_connections(), name="connections")
                tasks.create_task(self._measure(), name="round trips")
                told: asyncio.Queue[AgentEvent] = asyncio.Queue()
                tasks.create_task(self._reread(told), name="read again")
                async for event in events:
                    told.put_nowait(event)
                raise _Gone
        except* Locked:
            self.changed.publish(Noun.LOCK)
        except* (_Gone, PkError) as group:
            self.failure = next((one for one in _leaves(group) if isinstance(one, PkError)), None)
            self.changed.publish(Noun.GONE)

    async def _reread(self, told: asyncio.Queue[AgentEvent]) -> None:
        while True:
            dirty = about(await told.get())
            await asyncio.sleep(COALESCE)
            while not told.empty():
                dirty |= about(told.get_nowait())
            if Noun.LOCK in dirty:
                raise Locked("The node was locked.")
            await self.read(*sorted(dirty, key=lambda noun: noun.value))

    async def _look_at_connections(self) -> None:
        while True:
            await asyncio.sleep(CONNECTIONS_EVERY)
            await self.read(Noun.CONNECTIONS)

    async def _measure(self) -> None:
        while True:
            await asyncio.sleep(PING_EVERY)
            if self.watched:
                live = [row.node_id for row in self.connections if row.state == "connected"]
                await asyncio.gather(*(self._ping(node) for node in live[:PINGED_AT_MOST]))

    async def _ping(self, node: NodeId) -> None:
        try:
            async with asyncio.timeout(PING_EVERY):
                measured: float | None = (await self._api.nodes.ping(str(node))).rtt_ms
        except (PkError, TimeoutError):
            measured = None
        self._trips(node).append(measured)

    def _note_round_trips(self) -> None:
        """What the links measured by themselves: the first value, before anybody watches."""
        for row in self.connections:
            if row.rtt_ms is not None and not self._trips(row.node_id):
                self._trips(row.node_id).append(row.rtt_ms)

    def _trips(self, node: NodeId) -> deque[float | None]:
        return self.round_trips.setdefault(node, deque(maxlen=RTT_KEPT))

    def _of(self, noun: Noun) -> object:
        match noun:
            case Noun.VAULTS:
                return self.vaults
            case Noun.NODES:
                return self.status, self.nodes, self.gestalts, self.pending, self.rejected, self.forks
            case Noun.CONNECTIONS:
                return self.connections
            case _:
                return self.inbox, self.outbox, self.requests


class _Gone(Exception):
    """The stream of events ended."""


def about(event: AgentEvent) -> set[Noun]:
    """What must be read again because of an event."""
    match event:
        case VaultChanged() | VaultRemoved():
            return {Noun.VAULTS}
        case NodeChanged():
            return {Noun.NODES, Noun.CONNECTIONS}
        case NotificationsChanged():
            return {Noun.NOTIFICATIONS}
        case LockChanged(locked=True):
            return {Noun.LOCK}
        case EventsLost():
            return {Noun.VAULTS, Noun.NODES, Noun.CONNECTIONS, Noun.NOTIFICATIONS}
        case _:
            return set()


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    return [
        leaf for one in group.exceptions for leaf in (_leaves(one) if isinstance(one, BaseExceptionGroup) else [one])
    ]
