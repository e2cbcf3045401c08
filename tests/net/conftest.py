"""Two ends and what lies between: queues in memory or a real WebSocket on loopback, in real or virtual time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.seal import SealKey
from pk_tui.net.link import Link
from pk_tui.net.pipe import Pipe, PipeClosed
from pk_tui.net.stream import OnStream, Stream
from pk_tui.net.websocket import WebSocketTransport
from pk_tui.terms import Address
from pk_tui.wire.events import Event
from pk_tui.wire.handshake import Established, Handshake, Role
from pk_tui.wire.messages import Hello, encode_message
from pk_tui.wire.session import Session

PATIENCE = 60
"""Seconds that what has to succeed may take, on a machine that has much else to do."""


class MemoryPipe:
    """One end of two bounded queues. `is_mute`: what is sent vanishes, as behind a cable that was pulled."""

    def __init__(self, remote: Address, inbox: asyncio.Queue[bytes], outbox: asyncio.Queue[bytes]) -> None:
        self.remote = remote
        self.is_mute = False
        self.is_admitted = False
        self.sent: list[int] = []
        self._inbox = inbox
        self._outbox = outbox
        self._closed = asyncio.Event()
        self.other: MemoryPipe

    async def send(self, message: bytes) -> None:
        if self._closed.is_set():
            raise PipeClosed("The connection was lost.")
        self.sent.append(len(message))
        if not self.is_mute:
            await self._or_closed(self._outbox.put(bytes(message)))

    async def receive(self) -> bytes:
        if not self._inbox.empty():
            return self._inbox.get_nowait()
        return await self._or_closed(self._inbox.get())

    async def _or_closed(self, work: Coroutine[Any, Any, Any]) -> Any:
        doing = asyncio.ensure_future(work)
        closing = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait([doing, closing], return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                return doing.result()
            raise PipeClosed("The other side closed the connection.")
        finally:
            doing.cancel()
            closing.cancel()
            await asyncio.wait([doing, closing])

    async def close(self) -> None:
        self._closed.set()
        if not self.is_mute:
            self.other._closed.set()

    def admit(self) -> None:
        self.is_admitted = True


def memory_pair() -> tuple[MemoryPipe, MemoryPipe]:
    """(the dialling end, the listening end)"""
    there: asyncio.Queue[bytes] = asyncio.Queue(2)
    back: asyncio.Queue[bytes] = asyncio.Queue(2)
    one = MemoryPipe(Address("memory.b", 2), back, there)
    other = MemoryPipe(Address("memory.a", 1), there, back)
    one.other, other.other = other, one
    return one, other


@asynccontextmanager
async def websocket_pair() -> AsyncIterator[tuple[Pipe, Pipe]]:
    accepted: asyncio.Future[Pipe] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def accept(pipe: Pipe) -> None:
        accepted.set_result(pipe)
        await over.wait()

    transport = WebSocketTransport()
    listening = await transport.listen(Address("127.0.0.1", 0), accept)
    try:
        dialled = await transport.dial(listening.address, PATIENCE)
        yield dialled, await accepted
        await dialled.close()
    finally:
        over.set()
        await listening.close()


class FrozenClock:
    """Wall time stands; elapsed time is the loop's."""

    def now(self) -> int:
        return 1_700_000_000_000_000

    def elapsed(self) -> float:
        return asyncio.get_running_loop().time()


class RawPeer:
    """A peer that has shaken hands and then does as it likes."""

    def __init__(self, pipe: Pipe, established: Established, role: Role) -> None:
        self.pipe = pipe
        self.established = established
        self.session = Session(role, established)

    @classmethod
    async def shake(cls, pipe: Pipe, role: Role, signing: SigningKey, expected: SigningKey) -> RawPeer:
        handshake = Handshake(role, signing, expected.node_id)
        if role is Role.INITIATOR:
            await pipe.send(handshake.start())
        while handshake.established is None:
            reply = handshake.receive(await pipe.receive())
            if reply is not None:
                await pipe.send(reply)
        return cls(pipe, handshake.established, role)

    async def say_hello(self) -> None:
        stream = self.session.open()
        self.session.send(stream, encode_message(Hello(1, "raw")))
        self.session.close(stream)
        await self.flush()

    async def flush(self) -> None:
        while (message := self.session.outgoing()) is not None:
            await self.pipe.send(message)

    async def send_frames(self, frames: bytes) -> None:
        await self.pipe.send(self.established.send.encrypt(frames))

    async def hear(self) -> list[Event]:
        return self.session.receive(await self.pipe.receive())

    async def hear_until(self, kind: type[Event], stream: int | None = None) -> Any:
        while True:
            for event in await self.hear():
                if isinstance(event, kind) and stream in (None, getattr(event, "stream", None)):
                    return event


class Net:
    """What tests of this room need, by one name."""

    RawPeer = RawPeer
    MemoryPipe = MemoryPipe
    memory_pair = staticmethod(memory_pair)
    websocket_pair = staticmethod(websocket_pair)
    clock = FrozenClock()
    dialler = SigningKey(SealKey(b"d" * 32))
    listener = SigningKey(SealKey(b"l" * 32))
    stranger = SigningKey(SealKey(b"s" * 32))

    @staticmethod
    def run(main: Coroutine[Any, Any, Any]) -> Any:
        """Run in real time. No task may be left."""

        async def whole() -> Any:
            async with asyncio.timeout(100):
                result = await main
            await asyncio.sleep(0)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, left
            return result

        return asyncio.run(whole())

    @staticmethod
    def run_virtual(main: Coroutine[Any, Any, Any]) -> Any:
        """Run in virtual time: where nothing can happen, time jumps to the next deadline."""

        async def whole() -> Any:
            result = await main
            await asyncio.sleep(0)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, left
            return result

        loop = _VirtualLoop()
        try:
            return loop.run_until_complete(whole())
        finally:
            loop.close()

    @asynccontextmanager
    async def pipes(self, kind: str) -> AsyncIterator[tuple[Pipe, Pipe]]:
        if kind == "websocket":
            async with websocket_pair() as pair:
                yield pair
        else:
            yield memory_pair()

    async def establish(self, one: Pipe, other: Pipe, **settings: Any) -> tuple[Link, Link]:
        async with asyncio.TaskGroup() as group:
            ours = group.create_task(
                Link.establish(one, Role.INITIATOR, self.dialler, self.listener.node_id, self.clock, **settings)
            )
            theirs = group.create_task(
                Link.establish(other, Role.RESPONDER, self.listener, None, self.clock, **settings)
            )
        return ours.result(), theirs.result()

    @asynccontextmanager
    async def linked(
        self, kind: str, answer: OnStream, back: OnStream | None = None, **settings: Any
    ) -> AsyncIterator[tuple[Link, Link]]:
        """Two running links; `answer` serves the listener's side. Closed in the end."""
        async with self.pipes(kind) as (one, other):
            ours, theirs = await self.establish(one, other, **settings)
            async with asyncio.TaskGroup() as group:
                group.create_task(ours.run(back or refuse_all))
                group.create_task(theirs.run(answer))
                yield ours, theirs
                await ours.close()
                await theirs.close()

    @asynccontextmanager
    async def against(self, answer: OnStream, **settings: Any) -> AsyncIterator[tuple[RawPeer, Link]]:
        """A raw peer that dialled and said hello, and our running link to it."""
        one, other = memory_pair()
        async with asyncio.TaskGroup() as group:
            raw = group.create_task(RawPeer.shake(one, Role.INITIATOR, self.stranger, self.listener))
            link = group.create_task(Link.establish(other, Role.RESPONDER, self.listener, None, self.clock, **settings))
            await (await raw).say_hello()
        async with asyncio.TaskGroup() as group:
            group.create_task(link.result().run(answer))
            yield raw.result(), link.result()
            await link.result().close()


async def refuse_all(stream: Stream) -> None:
    stream.reset()


class _VirtualSelector(selectors.DefaultSelector):
    loop: _VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("nothing is left that could ever happen")
        if not ready and timeout:
            self.loop.now += timeout + 1e-9
        return ready


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.now = 0.0
        selector = _VirtualSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now


@pytest.fixture
def net() -> Net:
    return Net()


@pytest.fixture(autouse=True)
def _nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Whatever a peer or a handler does: a line on stderr would wreck the screen."""
    yield
    assert capfd.readouterr().err == ""


Accept = Callable[[Pipe], Awaitable[None]]
