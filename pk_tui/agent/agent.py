"""One node at work: owns the store, the desk and every task; opens and shuts the gate the services go through.

Life: `async with Agent(...) as agent` is locked; `unlock` starts the span in which keys are in memory, links are up and
peers are served; `lock` ends that span and everything it started; leaving the block ends the agent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self

from pk_tui.agent.announcing import Announcing
from pk_tui.agent.auditing import CONNECTED, LOCKED, PARTED, UNLOCKED, Auditing, AuditService
from pk_tui.agent.bus import Bus
from pk_tui.agent.chains import Exchange
from pk_tui.agent.core import Core, Gate
from pk_tui.agent.desk import Desk
from pk_tui.agent.gestalts import GestaltService
from pk_tui.agent.items import ItemService
from pk_tui.agent.keys import KeyService
from pk_tui.agent.lifecycle import LifecycleService
from pk_tui.agent.linking import LinkingService
from pk_tui.agent.nodes import NodeService, note_seen
from pk_tui.agent.notifications import NotificationService
from pk_tui.agent.outbox import Outbox
from pk_tui.agent.peers import Peers
from pk_tui.agent.secrets import SecretService
from pk_tui.agent.serving import Serving, log_failure
from pk_tui.agent.vaults import VaultService
from pk_tui.agent.watching import Watching, watch
from pk_tui.api.events import AgentEvent, LockChanged
from pk_tui.clock import Clock
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import PeerMisbehaved, PkError, StorageFailed, Unreachable
from pk_tui.net.link import Link, Stream
from pk_tui.net.pipe import Transport
from pk_tui.store.contacts import Contact
from pk_tui.store.node import NodeStore
from pk_tui.store.notifications import Box
from pk_tui.terms import Address, NodeId
from pk_tui.vault.facts import forget_digests

log = logging.getLogger("pk_tui.agent")

WITNESS_EVERY = 1.0
"""Seconds between two looks whether the witness must be written."""
IDLE_CHECKPOINT = 5.0
"""Seconds without a write after which the journal is folded into the database."""
PORT_SETTING = "listen port"


class _SpanEnds(Exception):
    """Raised inside the span's task group to end everything in it."""


class Agent:
    """Everything one node does. Satisfies `api.facade.AgentApi`."""

    def __init__(
        self,
        store: NodeStore,
        desk: Desk,
        clock: Clock,
        transport: Transport,
        *,
        listen: Address | None = None,
        stays: bool = True,
    ) -> None:
        """`listen`: where peers are let in (port 0: the port used last time if it is free, else any). `stays`: keep links to
        known peers up; a command that opens the node for a moment does neither."""
        self._store = store
        self._desk = desk
        self._clock = clock
        self._transport = transport
        self._listen = listen
        self._stays = stays
        self._bus = Bus()
        self._gate = Gate()
        self._group = asyncio.TaskGroup()
        self._span_over: asyncio.Event | None = None
        self._span_task: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()
        self.stop_requested = asyncio.Event()
        self._exchange = Exchange(self._gate)
        self.linking = LinkingService(self._gate, self._exchange)
        serving = Serving(self._gate, self._exchange, self.linking)
        self._serving = serving
        self._outbox = Outbox(self._gate)
        self.auditing = Auditing(clock)
        self.lifecycle = LifecycleService(self)
        self.vaults = VaultService(self._gate)
        self.secrets = SecretService(self._gate)
        self.items = ItemService(self._gate)
        self.nodes = NodeService(self._gate)
        self.gestalts = GestaltService(self._gate)
        self.notifications = NotificationService(self._gate)
        self.keys = KeyService(self._gate)
        self.audit = AuditService(self._gate, self.auditing)

    def events(self) -> AbstractAsyncContextManager[AsyncIterator[AgentEvent]]:
        return self._bus.listen()

    # What lifecycle needs

    @property
    def store(self) -> NodeStore:
        return self._store

    @property
    def desk(self) -> Desk:
        return self._desk

    @property
    def gate(self) -> Gate:
        return self._gate

    @property
    def node_id(self) -> NodeId:
        return self._store.node_id

    @property
    def pid(self) -> int:
        return os.getpid()

    @property
    def is_locked(self) -> bool:
        return not self._gate.is_open

    @property
    def listening(self) -> Address | None:
        return self._gate.core().peers.address if self._gate.is_open else None

    @property
    def live_links(self) -> int:
        return len(self._gate.core().peers.live()) if self._gate.is_open else 0

    # Life

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.lock()
        finally:
            # Without the block's own error, which the group would wrap: callers act on its kind.
            await self._group.__aexit__(None, None, None)

    async def unlock(self, root: SealKey, accept_state: bool = False) -> None:
        """Open the store with its root key and go to work. Raises RolledBack or Corrupt if its state does not verify."""
        async with self._changing:
            if self._gate.is_open:
                return
            try:
                await self._desk.do(lambda: self._store.unlock(root, accept=accept_state))
            except BaseException:  # called off, it may be open by now
                await self._desk.do(self._store.lock)
                raise
            started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._span_over = asyncio.Event()
            self._span_task = self._group.create_task(self._span(self._span_over, started), name="unlocked span")
            try:
                await started
            except BaseException:  # it could not start, or the caller no longer wants it
                await self._end_span()
                raise
            self._bus.say(LockChanged(locked=False))

    async def lock(self) -> None:
        """End the unlocked span: links close, tasks end, the witness is written, keys are dropped."""
        async with self._changing:
            if self._span_task is not None:
                await self._end_span()
                self._bus.say(LockChanged(locked=True))

    async def _end_span(self) -> None:
        assert self._span_task is not None
        assert self._span_over is not None
        self._span_over.set()
        await asyncio.wait([self._span_task])
        self._span_task = None

    async def _span(self, over: asyncio.Event, started: asyncio.Future[None]) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                core = self._make_core(tasks)
                self._gate.open(core)
                try:
                    await self._start(core)
                except Exception as error:
                    if not started.done():
                        started.set_exception(error)
                    raise _SpanEnds from error
                if not started.done():  # else the one who unlocked has given up
                    started.set_result(None)
                await over.wait()
                if not self._stays:
                    await self._last_delivery(core)
                await self._desk.do(lambda: self._part_from_all(core))
                self._gate.shut()
                self.auditing.wake()  # for those who follow it, and are to hear that it is over
                await core.peers.close()
                raise _SpanEnds
        except* _SpanEnds:
            pass
        finally:
            self._gate.shut()
            await self._desk.do(self._close_store)

    def _make_core(self, tasks: asyncio.TaskGroup) -> Core:
        def spawn(work: Coroutine[Any, Any, None], name: str) -> None:
            contained = _contained(work, name)
            try:
                tasks.create_task(contained, name=name)
            except RuntimeError:  # asked for by work that outlived the span: it does not begin
                contained.close()
                work.close()

        peers = Peers(
            self._transport,
            self._store.signing,
            self._clock,
            self._bus,
            spawn,
            self._contact_of,
            self._on_stream,
            self._on_linked,
            self._on_parted,
            keep_connected=self._stays,
        )
        return Core(
            self._store,
            self._store.signing,
            self._desk,
            self._clock,
            self._bus,
            spawn,
            peers,
            self._outbox,
            Watching(),
            Announcing(self._gate),
            self.auditing,
        )

    async def _start(self, core: Core) -> None:
        await self._desk.steps(core.beliefs.load(core.store, self._clock.now()))
        await self._desk.do(lambda: self._note_unlocked(core.store))
        if self._stays:
            core.spawn(self._exchange.run(core), "greet new contacts")
            core.spawn(core.announcing.run(), "notice new versions")
            await core.announcing.ready.wait()  # before the first peer: what changes after its scan is to reach it
        if self._listen is not None:
            await self._open_port(core, self._listen)
        core.spawn(self._keep_witness(core), "witness")
        if self._stays:
            core.spawn(core.care.run(core), "tidy vaults")
            for node in sorted(await self._desk.do(lambda: _wanted_peers(core))):
                core.peers.want(node)

    async def _open_port(self, core: Core, address: Address) -> None:
        """Listen; with port 0 the port of last time is tried first, so that peers find this node again after a restart."""
        remembered = await self._desk.do(lambda: core.store.settings.get(PORT_SETTING))
        if address.port == 0 and remembered:
            with contextlib.suppress(StorageFailed, Unreachable):
                await core.peers.listen(Address(address.host, int.from_bytes(remembered, "big")))
                return
        bound = await core.peers.listen(address)
        if address.port == 0:
            await self._desk.do(lambda: core.store.settings.put(PORT_SETTING, bound.port.to_bytes(2, "big")))

    # What peers and the store ask of us

    async def _contact_of(self, node: NodeId) -> Contact | None:
        return await self._desk.do(lambda: self._store.contacts.get(node))

    async def _on_stream(self, link: Link, stream: Stream) -> None:
        try:
            await self._serving.answer(link, stream)
        except PeerMisbehaved:
            raise
        except PkError as error:
            log_failure(error)
            stream.reset()

    async def _on_linked(self, link: Link) -> None:
        """A peer is there: note it, see how far our clones' origin has gone, and send what waits for it."""
        core = self._gate.core()
        if self._stays:  # a command that opens the node for a moment has nobody to show it to
            core.spawn(watch(core, link), "scan an origin")
        if link.direction == "out":
            self._exchange.greet(link)
        called = link.address if link.direction == "out" else None
        await self._desk.do(lambda: note_seen(core.store, link.peer, self._clock.now(), called))
        await self._note_link(core, CONNECTED, link.peer)
        with contextlib.suppress(PkError):
            await self._outbox.deliver(link.peer, link)

    def _part_from_all(self, core: Core) -> None:
        for link in core.peers.live():
            note_seen(core.store, link.peer, self._clock.now())
        if self._stays:
            self.auditing.note_if_possible(core.store, LOCKED)

    def _note_unlocked(self, store: NodeStore) -> None:
        """A command that opens the node for a moment leaves no note of that, only of what it does."""
        self.auditing.note_remembered(store)
        if self._stays:
            self.auditing.note_if_possible(store, UNLOCKED)

    async def _note_link(self, core: Core, topic: str, node: NodeId) -> None:
        if self._stays and await self._contact_of(node) is not None:
            await self.auditing.note_aside(core, topic, node_id=str(node))

    async def _on_parted(self, node: NodeId) -> None:
        core = self._gate.core()
        await self._desk.do(lambda: note_seen(core.store, node, self._clock.now()))
        await self._note_link(core, PARTED, node)

    async def _keep_witness(self, core: Core) -> None:
        """Write the witness soon after a change, and fold the journal in when nothing changes for a while."""
        version, quiet, folded = core.store.version, 0.0, False
        while True:
            await asyncio.sleep(WITNESS_EVERY)
            quiet += WITNESS_EVERY
            try:
                if core.store.version != version:
                    version, quiet, folded = core.store.version, 0.0, False
                    await self._desk.do(core.store.write_witness)
                elif quiet >= IDLE_CHECKPOINT and not folded:
                    folded = await self._desk.do(core.store.checkpoint)
            except StorageFailed as error:
                log.warning("the witness could not be written: %s", error.message)

    async def _last_delivery(self, core: Core) -> None:
        """A node opened for one command gives its notifications one short chance before it closes."""

        def receivers() -> set[NodeId]:
            return {NodeId(note.node) for note in core.store.notifications.list(Box.OUTBOX)}

        async def attempt(node: NodeId) -> None:
            with contextlib.suppress(PkError, TimeoutError):
                async with asyncio.timeout(3.0):
                    await self._outbox.deliver(node)

        await asyncio.gather(*(attempt(node) for node in await self._desk.do(receivers)))

    def _close_store(self) -> None:
        try:
            self._store.write_witness()
            self._store.checkpoint()
        except PkError as error:
            log.warning("closing the database: %s", error.message)
        finally:
            self._store.lock()
            forget_digests()


async def _contained(work: Coroutine[Any, Any, None], name: str) -> None:
    """A task's failure ends that task alone."""
    try:
        await work
    except PkError as error:
        log.info("%s ended: %s", name, error.kind)
    except Exception as error:  # a bug in one task must not take the node down; kinds only, never values
        log.error("%s failed: %s", name, type(error).__name__)


def _wanted_peers(core: Core) -> set[NodeId]:
    """Whom a staying agent keeps connected: trusted nodes with an address, origins of clones, receivers of what waits."""
    store, now = core.store, core.clock.now()
    wanted = {NodeId(contact.node) for contact in store.contacts.list() if contact.addresses}
    wanted = {node for node in wanted if core.beliefs.is_trusted(node, now)}
    wanted |= {NodeId(frames.record.origin_node) for frames in store.vaults.list() if frames.record.origin_node}
    wanted |= {NodeId(note.node) for note in store.notifications.list(Box.OUTBOX)}
    return wanted - {store.signing.node_id}
