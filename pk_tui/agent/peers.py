"""Live links by node: dial, accept, keep one per peer, and reconnect.

Two ends that dial at once end with one link: of two links started by different ends the one started by the lower node id
stays, of two started by the same end the newer. The loser is retired: it takes no new requests of ours, and ends when those
under way are done and the other end has had time to see that there is a better one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pk_tui.agent.bus import Bus
from pk_tui.agent.core import Spawn
from pk_tui.api.events import NodeChanged
from pk_tui.api.views import ConnectionView
from pk_tui.clock import SECOND, Clock, Instant
from pk_tui.crypto.entropy import random_fraction
from pk_tui.crypto.keys import SigningKey
from pk_tui.errors import PkError, Unreachable
from pk_tui.net.backoff import next_delay
from pk_tui.net.link import Link, Stream
from pk_tui.net.pipe import Listening, Pipe, PipeClosed, Transport
from pk_tui.store.contacts import Contact
from pk_tui.terms import Address, NodeId
from pk_tui.wire.handshake import Role

DIAL_WITHIN = 10.0
"""Seconds for one address: TCP, WebSocket and the session's handshake."""
MAX_LINKS = 256
"""Authenticated links at once; unknown peers are turned away first."""
RETIRED_AT_LEAST = 5.0
"""Seconds a retired link is kept in any case: the other end may not know of the new one yet, and ask something on this."""
RETIRED_GRACE = 60.0
"""Seconds a retired link may still finish what is under way."""
MAX_RETIRED = 2
"""Retired links of one peer. More come only of a peer that dials again and again; then the oldest is ended at once."""
STEADY = 30.0
"""Seconds after which a connection counts as one that worked. A peer that takes us in and sends us away at once is otherwise
dialled again without a pause."""

OnStream = Callable[[Link, Stream], Awaitable[None]]
ContactOf = Callable[[NodeId], Awaitable[Contact | None]]
OnLinked = Callable[[Link], Coroutine[Any, Any, None]]
OnParted = Callable[[NodeId], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class _Wanted:
    """A peer we want to be connected to: why the last try failed, and what ends the wait for the next one."""

    state: str = "connecting"
    last_error: str | None = None
    since: Instant | None = None
    next_try: Instant | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Attempt:
    """One try to connect: by which address, whether anything at all answered there, and why there is no link, in words."""

    address: Address
    answered: bool = False
    fault: str = ""

    def __str__(self) -> str:
        """Without the full stop, for the middle of a sentence; a fault that names the address names it alone."""
        fault = self.fault.removesuffix(".")
        return fault if str(self.address) in fault else f"{self.address}: {fault}"


def _or_raise(node: NodeId, found: Link | Sequence[Attempt]) -> Link:
    if isinstance(found, Link):
        return found
    if not found:
        raise Unreachable(
            f"No address of {node.short}… is known here. Add one with `pk-tui nodes add {node.short}… HOST PORT`."
        )
    tried = "; ".join(map(str, found))
    raise Unreachable(f"{node.short}… does not answer ({tried}). Is it running, and is the address right?")


class Peers:
    def __init__(
        self,
        transport: Transport,
        signing: SigningKey,
        clock: Clock,
        bus: Bus,
        spawn: Spawn,
        contact_of: ContactOf,
        on_stream: OnStream,
        on_linked: OnLinked,
        on_parted: OnParted,
        keep_connected: bool,
    ) -> None:
        self._transport = transport
        self._signing = signing
        self._clock = clock
        self._bus = bus
        self._spawn = spawn
        self._contact_of = contact_of
        self._on_stream = on_stream
        self._on_linked = on_linked
        self._on_parted = on_parted
        self._keep_connected = keep_connected
        self._links: dict[NodeId, Link] = {}
        self._retired: dict[Link, None] = {}
        self._dialling: dict[NodeId, asyncio.Lock] = {}
        self._wanted: dict[NodeId, _Wanted] = {}
        self._listening: Listening | None = None
        self._closing = False

    # Listening

    @property
    def address(self) -> Address | None:
        return self._listening.address if self._listening else None

    async def listen(self, address: Address) -> Address:
        self._listening = await self._transport.listen(address, self._accept)
        return self._listening.address

    async def _accept(self, pipe: Pipe) -> None:
        """One incoming connection, from handshake to end. Whatever a stranger does wrong ends here, quietly."""
        try:
            link = await Link.establish(pipe, Role.RESPONDER, self._signing, None, self._clock, timeout=DIAL_WITHIN)
        except (PkError, PipeClosed, TimeoutError):
            await pipe.close()
            return
        if not await self._has_room_for(link.peer) or self._closing:
            await link.close("there is no room for another connection")
            return
        self._admit(link)
        await self._serve(link)

    async def _has_room_for(self, node: NodeId) -> bool:
        """Strangers are turned away when it is full; whom we know is not."""
        return len(self._links) < MAX_LINKS or node in self._links or await self._contact_of(node) is not None

    # Reaching a peer

    def linked(self, node: NodeId) -> Link | None:
        """The live link, if there is one."""
        link = self._links.get(node)
        return link if link is not None and link.closed is None else None

    async def link_to(self, node: NodeId) -> Link:
        """The live link, or a new one by the addresses known. Raises Unreachable, saying what was tried."""
        return _or_raise(node, await self.try_to_link(node))

    async def try_to_link(self, node: NodeId) -> Link | Sequence[Attempt]:
        """As `link_to`; what was tried, in order, if nothing worked."""
        if (link := self.linked(node)) is not None:
            return link
        contact = await self._contact_of(node)
        addresses = [Address(host, port) for host, port in contact.addresses] if contact else []
        async with self._dialling.setdefault(node, asyncio.Lock()):
            return self.linked(node) or await self._try_each(node, addresses)

    async def reach(self, node: NodeId, address: Address) -> Link:
        """A link to `node`, after it was dialled by this very address. Raises Unreachable if it does not answer there."""
        async with self._dialling.setdefault(node, asyncio.Lock()):
            return _or_raise(node, await self._try_each(node, [address]))

    async def _try_each(self, node: NodeId, addresses: Sequence[Address]) -> Link | Sequence[Attempt]:
        attempts: list[Attempt] = []
        for address in addresses:
            attempt = Attempt(address)
            try:
                return await self._dial(node, attempt)
            except (PkError, PipeClosed, TimeoutError) as error:
                attempt.fault = str(error) if isinstance(error, PkError) else "no answer in time"
                attempts.append(attempt)
        wanted = self._wanted.get(node)
        if wanted is not None and attempts:
            wanted.last_error = str(attempts[-1])
        return attempts

    async def _dial(self, node: NodeId, attempt: Attempt) -> Link:
        async with asyncio.timeout(DIAL_WITHIN):
            pipe = await self._transport.dial(attempt.address, DIAL_WITHIN)
            attempt.answered = True
            try:
                link = await Link.establish(pipe, Role.INITIATOR, self._signing, node, self._clock, timeout=DIAL_WITHIN)
            except BaseException:
                await pipe.close()
                raise
        if self._closing:
            await link.close("this node is stopping")
            raise Unreachable("This node was locked or stopped while it was connecting.")
        kept = self._admit(link)
        self._spawn(self._serve(link), "link")
        return kept

    # One link per peer

    def _started_by(self, link: Link) -> NodeId:
        return self._signing.node_id if link.direction == "out" else link.peer

    def _admit(self, link: Link) -> Link:
        """Enter a new link; which of two to the same peer stays, is returned."""
        old = self._links.get(link.peer)
        if old is None or old.closed is not None:
            self._links[link.peer] = link
            return link
        same_end = self._started_by(old) == self._started_by(link)
        if same_end or self._started_by(link) < self._started_by(old):
            self._links[link.peer] = link
            self._retire(old)
            return link
        self._retire(link)
        return old

    def _retire(self, link: Link) -> None:
        older = [one for one in self._retired if one.peer == link.peer]
        self._retired[link] = None
        if len(older) >= MAX_RETIRED:
            self._spawn(self._end_retired(older[0]), "retired link")
        self._spawn(self._end_when_idle(link), "retired link")

    async def _end_when_idle(self, link: Link) -> None:
        await asyncio.sleep(RETIRED_AT_LEAST)
        try:
            async with asyncio.timeout(RETIRED_GRACE):
                await link.idle()
        except TimeoutError:
            pass
        await self._end_retired(link)

    async def _end_retired(self, link: Link) -> None:
        self._retired.pop(link, None)
        await link.close("another connection to the same node is in use")

    async def _serve(self, link: Link) -> None:
        self._bus.say(NodeChanged(link.peer))
        if self._links.get(link.peer) is link:
            wanted = self._wanted.get(link.peer)
            if wanted is not None:
                wanted.last_error = None
                wanted.wake.set()
            self._spawn(self._on_linked(link), "greet")
        try:
            await link.run(lambda stream: self._on_stream(link, stream))
        finally:
            if self._links.get(link.peer) is link:
                del self._links[link.peer]
                wanted = self._wanted.get(link.peer)
                if wanted is not None:
                    wanted.last_error = link.closed
                    wanted.wake.set()
                self._spawn(self._on_parted(link.peer), "part")
            self._bus.say(NodeChanged(link.peer))

    # Staying connected

    def want(self, node: NodeId) -> None:
        """Keep trying to be connected to this node, if this agent stays."""
        if not self._keep_connected or self._closing:
            return
        wanted = self._wanted.get(node)
        if wanted is not None:
            wanted.wake.set()
            return
        wanted = self._wanted[node] = _Wanted()
        self._spawn(self._supervise(node, wanted), "reconnect")

    async def _supervise(self, node: NodeId, wanted: _Wanted) -> None:
        """Dial, wait while the link lasts, and dial again: the later the more often it failed in a row."""
        failures = 0
        linked: float | None = None
        while self._wanted.get(node) is wanted and not self._closing:
            wanted.wake.clear()
            link = self._links.get(node)
            if link is not None and link.closed is None:
                linked = self._clock.elapsed() if linked is None else linked
                await wanted.wake.wait()
                continue
            if linked is not None:
                was_steady = self._clock.elapsed() - linked >= STEADY
                linked, failures = None, 0 if was_steady else failures + 1
                if failures:
                    await self._pause(node, wanted, failures)
                    continue
            wanted.state, wanted.since = "connecting", self._clock.now()
            try:
                await self.link_to(node)
            except PkError as error:
                wanted.last_error = wanted.last_error or error.message
                failures += 1
                await self._pause(node, wanted, failures)

    async def _pause(self, node: NodeId, wanted: _Wanted, failures: int) -> None:
        delay = next_delay(failures, random_fraction())
        wanted.state, wanted.since = "waiting", self._clock.now()
        wanted.next_try = wanted.since + int(delay * SECOND)
        self._bus.say(NodeChanged(node))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await wanted.wake.wait()
        wanted.next_try = None

    async def disconnect(self, node: NodeId) -> None:
        """End the link and stop wanting it, until the next request or restart."""
        wanted = self._wanted.pop(node, None)
        if wanted is not None:
            wanted.wake.set()
        link = self._links.get(node)
        if link is not None:
            await link.close("disconnected by the user")

    # Looking

    def live(self) -> list[Link]:
        return [link for link in self._links.values() if link.closed is None]

    def connections(self, petnames: Mapping[NodeId, str | None]) -> list[ConnectionView]:
        """Live links first, then the peers being tried, each with the last error in words."""
        views = [
            ConnectionView(
                node_id=link.peer,
                petname=petnames.get(link.peer),
                state="connected",
                address=link.address,
                direction=link.direction,
                via="direct",
                rtt_ms=None if link.rtt is None else link.rtt * 1000,
                since=link.since,
                bytes_in=link.bytes_in,
                bytes_out=link.bytes_out,
                last_error=self._wanted[link.peer].last_error if link.peer in self._wanted else None,
            )
            for link in self.live()
        ]
        connected = {view.node_id for view in views}
        views += [
            ConnectionView(
                node,
                petnames.get(node),
                wanted.state,
                None,
                "out",
                "direct",
                None,
                wanted.since,
                0,
                0,
                wanted.last_error,
                wanted.next_try,
            )
            for node, wanted in self._wanted.items()
            if node not in connected
        ]
        return views

    async def close(self) -> None:
        """Stop listening and end every link."""
        self._closing = True
        for wanted in self._wanted.values():
            wanted.wake.set()
        if self._listening is not None:
            await self._listening.close()
        links = [*self._links.values(), *self._retired]
        await asyncio.gather(*(link.close("this node is stopping") for link in links), return_exceptions=True)
