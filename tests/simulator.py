"""Many real agents in one process, without sockets and without waiting: links are queues, time is a number, faults are switches.

Everything but the transport, the desk's thread and the clock is the real thing: real stores (in memory), real handshakes,
real sessions. Randomness is seeded, so a run with one seed is the same every time.
"""

from __future__ import annotations

import asyncio
import hashlib
import selectors
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from random import Random
from typing import Any, TypeVar

from new_node import new_node

from pk_tui.agent.agent import Agent
from pk_tui.agent.desk import InlineDesk
from pk_tui.clock import SECOND, Clock
from pk_tui.crypto import entropy
from pk_tui.crypto.keys import RecoveryKey
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Unreachable
from pk_tui.net.pipe import PipeClosed
from pk_tui.plaintext import Plaintext
from pk_tui.store.database import Database
from pk_tui.store.node import NodeStore
from pk_tui.store.witness import MemoryWitness
from pk_tui.terms import Address, NodeId

T = TypeVar("T")
EPOCH = 1_750_000_000 * SECOND


class _VirtualSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type] # an alias that depends on the platform
    """Where a real loop would wait, time jumps instead. While a thread works it stands still: how long a disk takes is nobody's
    virtual time."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready:
            return ready
        if self.loop.threads and timeout != 0:
            return super().select(None)
        if timeout is None:
            raise RuntimeError("the simulation stands still: nothing is left that could ever happen")
        self.loop.advance(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = 0.0
        self.threads: set[asyncio.Future[Any]] = set()
        """What threads are working on; each wakes the loop when it is done."""
        selector = _VirtualSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self._virtual

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        working = super().run_in_executor(executor, func, *args)
        self.threads.add(working)
        working.add_done_callback(self.threads.discard)
        return working

    def advance(self, seconds: float) -> None:
        # A little more than asked for, so that float rounding cannot leave a timer forever just short of due.
        self._virtual += max(0.0, seconds) + 1e-9


class VirtualClock:
    """Wall time follows the loop; `skew` (microseconds) makes one node's clock wrong."""

    def __init__(self, skew: int = 0) -> None:
        self.skew = skew

    def now(self) -> int:
        return EPOCH + self.skew + int(asyncio.get_running_loop().time() * SECOND)

    def elapsed(self) -> float:
        return asyncio.get_running_loop().time()


class _End:
    """One end of a simulated connection."""

    def __init__(self, network: Network, here: str, there: str, remote: Address) -> None:
        self._network = network
        self._route = (here, there)
        self.remote = remote
        self.other: _End | None = None
        self._inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._due = 0.0
        self.closed = False

    async def send(self, message: bytes) -> None:
        await asyncio.sleep(0)
        if self.closed:
            raise PipeClosed("the connection is closed")
        self._network.bytes += len(message)
        self._deliver(bytes(message))

    def _deliver(self, message: bytes | None) -> None:
        if self._network.is_cut(*self._route):
            return  # as on a real network nobody is told; pings find out
        loop = asyncio.get_running_loop()
        # In order, as TCP would: nothing overtakes what was sent before it. Timers of one and the same time have no order.
        self._due = max(self._due + 1e-6, loop.time() + self._network.delay())
        other = self.other
        assert other is not None
        loop.call_at(self._due, other._inbox.put_nowait, message)

    async def receive(self) -> bytes:
        message = await self._inbox.get()
        if message is None or self.closed:
            self.closed = True
            self._inbox.put_nowait(None)
            raise PipeClosed("the connection is closed")
        return message

    def admit(self) -> None:
        return

    async def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._inbox.put_nowait(None)
            self._deliver(None)


class Network:
    """Hosts by name, and the faults between them."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.latency = (0.001, 0.02)
        """Seconds, from and to."""
        self.bytes = 0
        self.dials = 0
        self._listeners: dict[Address, tuple[str, Callable[[Any], Awaitable[None]]]] = {}
        self._cut: set[frozenset[str]] = set()
        self._ports = 1000
        self._ends: list[_End] = []
        self.tasks: asyncio.TaskGroup | None = None

    def delay(self) -> float:
        return self.random.uniform(*self.latency)

    def cut(self, one: str, other: str) -> None:
        """From now on nothing passes between the two; nobody is told."""
        self._cut.add(frozenset((one, other)))

    def heal(self) -> None:
        self._cut.clear()

    def is_cut(self, one: str, other: str) -> bool:
        return frozenset((one, other)) in self._cut

    async def drop_connections(self) -> None:
        """Every connection ends, as when all routers restart."""
        for end in list(self._ends):
            await end.close()
        self._ends.clear()

    def transport(self, host: str) -> HostTransport:
        return HostTransport(self, host)


class _Listening:
    def __init__(self, network: Network, address: Address) -> None:
        self._network = network
        self.address = address

    async def close(self) -> None:
        self._network._listeners.pop(self.address, None)


class HostTransport:
    """What one simulated host can reach."""

    def __init__(self, network: Network, host: str) -> None:
        self._network = network
        self._host = host

    async def listen(self, address: Address, accept: Callable[[Any], Awaitable[None]]) -> _Listening:
        network = self._network
        network._ports += 1
        bound = Address(self._host, address.port or network._ports)
        network._listeners[bound] = (self._host, accept)
        return _Listening(network, bound)

    async def dial(self, address: Address, timeout: float) -> _End:
        network = self._network
        network.dials += 1
        await asyncio.sleep(network.delay())
        found = network._listeners.get(address)
        if found is None:
            raise Unreachable(f"{address} refuses connections.")
        host, accept = found
        if network.is_cut(self._host, host):
            await asyncio.sleep(timeout)
            raise Unreachable(f"{address} does not answer.")
        ours = _End(network, self._host, host, address)
        theirs = _End(network, host, self._host, Address(self._host, 1))
        ours.other, theirs.other = theirs, ours
        network._ends += [ours, theirs]
        assert network.tasks is not None
        network.tasks.create_task(_contained(accept(theirs)))
        return ours


async def _contained(work: Awaitable[None]) -> None:
    await work


class World:
    """A network with agents on it. `agents[name]` is the agent, `ids[name]` its node id, `words[name]` its owner's recovery key
    (`typed`: as 24 words); it is reached at (`name`, 1).

    `clock` makes each node's clock."""

    def __init__(self, seed: int, clock: Callable[[], Clock] = VirtualClock) -> None:
        self.seed = seed
        self._clock = clock
        self.network = Network(seed)
        self.random = Random(seed + 1)
        self.agents: dict[str, Agent] = {}
        self.ids: dict[str, NodeId] = {}
        self.words: dict[str, RecoveryKey] = {}
        self.typed: dict[str, Plaintext] = {}
        self.clocks: dict[str, Any] = {}
        self._roots: dict[str, SealKey] = {}
        self._stores: dict[str, NodeStore] = {}
        self._running: dict[str, tuple[asyncio.Task[None], asyncio.Event]] = {}

    async def add(self, name: str) -> Agent:
        """A new node, unlocked and listening."""
        clock = self.clocks[name] = self._clock()
        made = new_node(Database.create(None), MemoryWitness(), clock.now())
        self._stores[name], self._roots[name] = made.store, made.root
        self.ids[name], self.words[name], self.typed[name] = made.signing.node_id, made.recovery, made.typed
        return await self.start(name)

    async def start(self, name: str) -> Agent:
        ready: asyncio.Future[Agent] = asyncio.get_running_loop().create_future()
        over = asyncio.Event()

        async def live() -> None:
            store = self._stores[name]
            agent = Agent(
                store,
                InlineDesk(),
                self.clocks[name],
                self.network.transport(name),
                listen=Address(name, 1),
            )
            async with agent:
                await agent.unlock(self._roots[name])
                ready.set_result(agent)
                await over.wait()

        assert self.network.tasks is not None
        task = self.network.tasks.create_task(live())
        self._running[name] = (task, over)
        self.agents[name] = await ready
        return self.agents[name]

    async def stop(self, name: str) -> None:
        task, over = self._running.pop(name)
        over.set()
        await asyncio.wait([task])
        del self.agents[name]

    async def introduce(self, one: str, other: str, ping: bool = False) -> None:
        """Each adds the other by its address, names and trusts it."""
        for here, there in ((one, other), (other, one)):
            agent = self.agents[here]
            await agent.nodes.add(self.ids[there], Address(there, 1), ping=ping)
            await agent.nodes.name(str(self.ids[there]), there)
            await agent.gestalts.trust(there)

    def fingerprint(self) -> str:
        """A hash of what happened on the network: equal for two runs with one seed."""
        state = f"{self.network.bytes} {self.network.dials} {asyncio.get_running_loop().time():.6f}"
        return hashlib.sha256(state.encode()).hexdigest()


@asynccontextmanager
async def world(seed: int, clock: Callable[[], Clock] = VirtualClock) -> AsyncIterator[World]:
    made = World(seed, clock)
    async with asyncio.TaskGroup() as tasks:
        made.network.tasks = tasks
        try:
            yield made
        finally:
            for name in list(made._running):
                await made.stop(name)


def simulate(scenario: Callable[[World], Coroutine[Any, Any, T]], seed: int = 1) -> T:
    """Run `scenario` in a fresh world, in virtual time, with seeded randomness."""

    async def run() -> T:
        async with world(seed) as made:
            return await scenario(made)

    loop = VirtualLoop()
    try:
        with entropy.seeded(b"simulation %d" % seed):
            return loop.run_until_complete(run())
    finally:
        loop.close()


async def eventually(condition: Callable[[], Awaitable[bool]], within: float = 120.0) -> None:
    """Wait, in virtual time, until the condition holds; AssertionError if it does not within so many seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while not await condition():
        assert loop.time() < end, "did not happen in time"
        await asyncio.sleep(0.05)
