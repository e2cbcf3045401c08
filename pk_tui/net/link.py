"""A live connection with one peer: a session run over a pipe, its streams begun and answered, and the pings between.

One task reads, one writes: `_write` alone seals and sends, so a cancelled request can never leave half a message behind nor
a sealed one unsent. Each incoming stream has a task of its own; what goes wrong in one ends that stream, and only a breach
of the protocol ends the link. Everything kept for the peer is bounded: by the session's credit, by `UNSENT` for what it does
not take and by `PARKED` for what it sends unasked.

How it begins is `greeting`'s matter; what requests mean, and who may make them, is decided by whoever calls `run`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from pk_tui.clock import Clock, Instant
from pk_tui.crypto.keys import SigningKey
from pk_tui.errors import PeerMisbehaved, PkError, Unreachable
from pk_tui.net.greeting import HELLO_STREAMS, Greeting, flush, greet
from pk_tui.net.pings import MISSED, PING_EVERY, Pings, seconds
from pk_tui.net.pipe import Pipe, PipeClosed
from pk_tui.net.stream import CANCELLED, FAILED, OVERLOADED, OnStream, Stream
from pk_tui.terms import Address, NodeId
from pk_tui.wire.events import Closed, Event, Opened, Ponged, Received, WasReset, WentAway, Writable
from pk_tui.wire.handshake import Role
from pk_tui.wire.session import MESSAGE_COST

__all__ = ["Link", "OnStream", "Stream"]

CLOSE_WITHIN = 2.0
"""Seconds for the last messages to leave when a link is closed."""
UNSENT = 192 * 1024
"""Bytes handed to the session and not yet to the pipe, from which on senders wait. Few, so that a small answer does not queue
behind much of a transfer; enough that the writer never runs dry."""
PARKED = 1024 * 1024
"""Bytes a peer may have sent on streams it opened, and nobody has read. Requests are small: 64 of them fit several times."""
MAX_HANDLERS = 64
"""Incoming streams answered at once. More than the session's own bound lets through, were it not that a peer can reset a
stream and open another while the first is still being worked on."""

log = logging.getLogger(__name__)


class _Ended(Exception):
    """Ends the tasks of a link. Why it ended stands in `Link.closed`."""


class Link:
    """One authenticated connection. Made by `establish`; lives as long as `run` runs.

    peer: the proven other node; direction: "out" if we dialled, else "in"; address: where it is; since: when it was
    established; rtt: seconds there and back at the last ping, or None; bytes_in, bytes_out: of the session's messages;
    binding: 32 bytes that name this session and no other; software: what the peer says it runs (make it safe to show);
    closed: in words why the link has ended or is ending, or None while it lives.
    """

    def __init__(self, pipe: Pipe, greeting: Greeting, clock: Clock, ping_every: float) -> None:
        self.peer: NodeId = greeting.established.peer
        self.direction = "out" if greeting.role is Role.INITIATOR else "in"
        self.address: Address = pipe.remote
        self.since: Instant = clock.now()
        self.binding: bytes = greeting.established.binding
        self.bytes_in = greeting.bytes_in
        self.bytes_out = greeting.bytes_out
        self.software = greeting.software
        self.closed: str | None = None

        self._pipe = pipe
        self._ping_every = ping_every
        self._session = greeting.session
        self._pings = Pings(greeting.session, clock)
        self._streams: dict[int, Stream] = {}
        self._under_way: set[Stream] = set()
        """Requests of ours that are not over, and incoming streams that are being answered."""
        self._handlers = 0
        self._parked = 0
        self._unsent = 0
        self._early: Sequence[Event] = greeting.early
        self._heard = False
        self._is_running = False
        self._is_leaving = False
        self._has_outgoing = asyncio.Event()
        self.has_room = asyncio.Event()
        self.has_room.set()
        self._halt = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._over = asyncio.Event()

    @classmethod
    async def establish(
        cls,
        pipe: Pipe,
        role: Role,
        signing: SigningKey,
        expected: NodeId | None,
        clock: Clock,
        timeout: float = 10.0,
        ping_every: float = PING_EVERY,
    ) -> Link:
        """Shake hands and exchange hellos over a fresh pipe, within `timeout` seconds. On any failure the pipe is closed.

        Raises PeerMisbehaved if the other side does not prove to be `expected` (None: anyone) or breaks the protocol, and
        Unreachable if it goes away or is too slow.
        """
        try:
            async with asyncio.timeout(timeout):
                greeting = await greet(pipe, role, signing, expected)
                # Only now: an id costs nothing, and who proves one and then says nothing is still a stranger.
                pipe.admit()
                return cls(pipe, greeting, clock, ping_every)
        except TimeoutError as error:
            await pipe.close()
            raise Unreachable(f"The other side did not complete its greeting within {timeout:g} seconds.") from error
        except PipeClosed as error:
            await pipe.close()
            raise Unreachable(f"The greeting was broken off. {error}") from error
        except BaseException:
            await pipe.close()
            raise

    @property
    def rtt(self) -> float | None:
        return self._pings.rtt

    # Living

    async def run(self, on_stream: OnStream) -> None:
        """Serve the link until it ends, then close the pipe; why it ended is in `closed`.

        Calls `on_stream` for each stream that the peer opens, at most 64 at once, and closes the stream when that returns.
        If it raises, the stream is reset; on PeerMisbehaved the link ends, unless the stream was over anyway.
        """
        if self._over.is_set():
            return
        self._is_running = True
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write())
                group.create_task(self._beat())
                group.create_task(self._read(group, on_stream))
        except* _Ended:
            pass
        finally:
            self._end("The link was stopped here.")
            try:
                await self._pipe.close()
            finally:
                self._over.set()

    async def _write(self) -> None:
        """The only place where messages are sealed and sent."""
        while True:
            message = self._session.outgoing()
            if message is not None:
                await self._put(message)
                self._unsent = max(0, self._unsent - len(message))
                if self._unsent < UNSENT:
                    self.has_room.set()
                continue
            self._unsent = 0
            self.has_room.set()
            if self._is_leaving:
                raise _Ended
            self._has_outgoing.clear()
            await self._has_outgoing.wait()

    async def _put(self, message: bytes) -> None:
        try:
            await self._pipe.send(message)
        except PipeClosed as error:
            self._end(str(error))
            raise _Ended from error
        self.bytes_out += len(message)

    async def _read(self, group: asyncio.TaskGroup, on_stream: OnStream) -> None:
        try:
            early, self._early = self._early, ()
            for event in early:
                self._take(event, group, on_stream)
            while True:
                message = await self._pipe.receive()
                self.bytes_in += len(message)
                self._heard = True
                for event in self._session.receive(message):
                    self._take(event, group, on_stream)
                self._has_outgoing.set()  # for the answers that the session gives of itself
        except (PipeClosed, PeerMisbehaved) as error:
            self._end(str(error))
            raise _Ended from error

    async def _beat(self) -> None:
        """Ping, and notice that nothing at all comes back: a peer may vanish without a word."""
        silent = 0
        while True:
            self._ping()
            self._heard = False
            try:
                async with asyncio.timeout(self._ping_every):
                    await self._halt.wait()
                raise _Ended
            except TimeoutError:
                silent = 0 if self._heard else silent + 1
            if silent >= MISSED:
                self._end(f"The other node has not been heard for {MISSED * self._ping_every:g} seconds.")
                raise _Ended

    def _take(self, event: Event, group: asyncio.TaskGroup, on_stream: OnStream) -> None:
        if self.closed is not None:
            return  # on its way when the link was ended; only what is in line here still matters
        match event:
            case Received(stream=number, data=data):
                self._take_message(number, data)
            case Writable(stream=number):
                if stream := self._streams.get(number):
                    stream.wake_sender()
            case Opened(stream=number):
                stream = self._streams[number] = Stream(self, number, is_own=False)
                if self._handlers >= MAX_HANDLERS:
                    stream.reset(OVERLOADED)
                else:
                    self._handlers += 1
                    self._begin(stream)
                    group.create_task(self._answer(stream, on_stream))
            case Closed(stream=number):
                if stream := self._streams.get(number):
                    stream.finish()
                    self._drop_if_over(stream)
            case WasReset(stream=number):
                if stream := self._streams.pop(number, None):
                    stream.peer_reset()
                    self._drop_if_over(stream)
            case Ponged(token=token):
                self._pings.answer(token)
            case WentAway():
                self._end("The other side ended the connection.")
                group.create_task(self._leave_soon())

    async def _leave_soon(self) -> None:
        """The peer closes the pipe when it has sent the rest; one that says goodbye and stays is not waited for."""
        await asyncio.sleep(CLOSE_WITHIN)
        raise _Ended

    def _take_message(self, number: int, data: bytes) -> None:
        stream = self._streams.get(number)
        if stream is None:
            if number in HELLO_STREAMS.values():
                raise PeerMisbehaved("The peer sent on a stream that is there for a hello.")
            return  # it came in one message with something for which the stream was reset here
        if not stream.is_own:
            self._parked += len(data) + MESSAGE_COST
            if self._parked > PARKED or stream not in self._under_way:
                self._parked -= len(data) + MESSAGE_COST
                stream.reset(OVERLOADED if stream in self._under_way else CANCELLED)
                return
        stream.take(data)

    async def _answer(self, stream: Stream, on_stream: OnStream) -> None:
        try:
            await on_stream(stream)
        except PeerMisbehaved as error:
            if not stream.was_reset:
                self._end(error.message)
                raise _Ended from error
        except PkError:
            stream.reset(FAILED)
        except Exception as error:  # a mistake of ours; kinds only, since an error's text may hold anything
            log.error("answering a peer failed: %s", type(error).__name__)
            stream.reset(FAILED)
        finally:
            self._handlers -= 1
            self._finish_under_way(stream)
        await stream.close()
        stream.drop_received()

    # Requests

    async def request(self, first: bytes) -> Stream:
        """Open a stream and send its first message. Raises Unreachable if the link has ended, Busy if 64 requests run.

        If it is cancelled the stream is reset, as the caller does when it is cancelled later.
        """
        if self.closed is not None:
            raise Unreachable(self.closed)
        number = self._session.open()
        stream = self._streams[number] = Stream(self, number, is_own=True)
        self._begin(stream)
        try:
            await stream.send(first)
        except BaseException:
            stream.reset()
            raise
        return stream

    async def ping(self) -> float:
        """Seconds there and back, measured now. Raises Unreachable if no answer comes in time."""
        if self.closed is not None:
            raise Unreachable(self.closed)
        return await seconds(self._ping())

    async def idle(self) -> None:
        """Wait until no request is under way in either direction."""
        await self._idle.wait()

    async def close(self, reason: str = "It was closed here.") -> None:
        """End the link: what is in line still goes out, if the peer takes it within CLOSE_WITHIN seconds. `reason`, in words,
        is for us. A second time waits for the end."""
        self._end(reason)
        if not self._is_leaving and not self._over.is_set():
            self._is_leaving = True
            self._session.goaway()
        if self._is_running:
            self._has_outgoing.set()
            try:
                async with asyncio.timeout(CLOSE_WITHIN):
                    await self._over.wait()
            except TimeoutError:
                self._halt.set()
                await self._over.wait()
        elif not self._over.is_set():
            self._over.set()
            try:
                async with asyncio.timeout(CLOSE_WITHIN):
                    self.bytes_out += await flush(self._session, self._pipe)
            except (TimeoutError, PipeClosed):
                pass
            finally:
                await self._pipe.close()

    # The carrier of the streams

    def put(self, stream: Stream, message: bytes) -> bool:
        if not self._session.send(stream.number, message):
            return False
        self._unsent += len(message)
        if self._unsent >= UNSENT:
            self.has_room.clear()
        self._has_outgoing.set()
        return True

    def taken(self, stream: Stream, message: bytes) -> None:
        if not stream.is_own:
            self._parked -= len(message) + MESSAGE_COST
        self._session.consumed(stream.number, len(message))
        self._has_outgoing.set()

    def close_stream(self, stream: Stream) -> None:
        self._session.close(stream.number)
        self._has_outgoing.set()
        self._drop_if_over(stream)

    def reset_stream(self, stream: Stream, code: int) -> None:
        self._streams.pop(stream.number, None)
        self._session.reset(stream.number, code)
        self._has_outgoing.set()
        self._drop_if_over(stream)

    def forget_parked(self, stream: Stream) -> None:
        if not stream.is_own:
            self._parked -= sum(len(message) + MESSAGE_COST for message in stream.inbox)

    # Bookkeeping

    def _begin(self, stream: Stream) -> None:
        self._under_way.add(stream)
        self._idle.clear()

    def _finish_under_way(self, stream: Stream) -> None:
        self._under_way.discard(stream)
        if not self._under_way:
            self._idle.set()

    def _drop_if_over(self, stream: Stream) -> None:
        """Forget a stream of which nothing more can come, in either direction. Its handler, if it has one, may go on."""
        if stream.broken is None and not (stream.closed and stream.finished):
            return
        self._streams.pop(stream.number, None)
        if stream.is_own:
            self._finish_under_way(stream)

    def _end(self, reason: str) -> None:
        """Say why it ends; the first reason stays. Nothing is waited for any more."""
        if self.closed is not None:
            return
        self.closed = reason
        for stream in list(self._streams.values()):
            stream.break_off(Unreachable(reason), keep_received=True)
        self._streams.clear()
        self._pings.break_off(reason)
        self._idle.set()
        self.has_room.set()  # whoever waits for it is to see that it is over

    def _ping(self) -> asyncio.Future[float]:
        answered = self._pings.ask()
        self._has_outgoing.set()
        return answered
