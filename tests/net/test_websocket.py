from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

from pk_tui.errors import Unreachable
from pk_tui.net.doorstep import Doorstep
from pk_tui.net.pipe import Pipe, PipeClosed
from pk_tui.net.websocket import MAX_MESSAGE, MAX_UNSENT, WebSocketListening, WebSocketTransport
from pk_tui.terms import Address

HERE = Address("127.0.0.1", 0)
REQUEST = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: pk-tui.v1\r\n"
)


async def echo(pipe: Pipe) -> None:
    while True:
        await pipe.send(await pipe.receive())


@asynccontextmanager
async def listening(
    accept: Callable[[Pipe], Awaitable[None]] = echo, **settings: Any
) -> AsyncIterator[WebSocketListening]:
    made = await WebSocketTransport(**settings).listen(HERE, accept)
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def raw(address: Address) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def read_all(reader: asyncio.StreamReader) -> bytes:
    """Until the end, which may be a reset."""
    out = b""
    try:
        while piece := await reader.read(65536):
            out += piece
    except ConnectionError:
        pass
    return out


def ws(address: Address, **settings: Any) -> connect:
    return connect(
        f"ws://{address}/", **{"subprotocols": ["pk-tui.v1"], "compression": None, "proxy": None, **settings}
    )


def frame(opcode: int, payload: bytes, fin: bool = True) -> bytes:
    """A masked frame of a client (mask zero)."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size)
    return bytes([(0x80 if fin else 0) | opcode]) + length + b"\0\0\0\0" + payload


def test_what_is_dialled_and_what_called_know_their_other_end(net: Any) -> None:
    async def main() -> None:
        async with net.websocket_pair() as (dialled, accepted):
            assert dialled.remote.host == "127.0.0.1"
            assert accepted.remote.host == "127.0.0.1"
            assert dialled.remote.port != accepted.remote.port

    net.run(main())


async def refusal(address: Address, request: bytes) -> bytes:
    async with raw(address) as (reader, writer):
        writer.write(request + b"\r\n")
        return await read_all(reader)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (REQUEST + b"Origin: http://evil.example\r\n", b"403"),
        (REQUEST + b"Origin: null\r\n", b"403"),
        (REQUEST.replace(b"GET / ", b"GET /elsewhere "), b"404"),
        (REQUEST.replace(b"GET / ", b"GET /?a=b "), b"404"),
        (REQUEST.replace(b"pk-tui.v1", b"chat"), b"400"),
        (REQUEST.replace(b"Sec-WebSocket-Protocol: pk-tui.v1\r\n", b""), b"400"),
        (REQUEST.replace(b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 7"), b"400"),
        (REQUEST.replace(b"GET", b"POST"), b"405"),
        (REQUEST.replace(b"HTTP/1.1", b"HTTP/1.0"), b"505"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b"426"),
    ],
)
def test_a_request_that_is_not_a_nodes_is_refused_with_a_bare_number(net: Any, request_: bytes, status: bytes) -> None:
    async def main() -> bytes:
        async with listening() as here:
            return await refusal(here.address, request_)

    answer = net.run(main())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert body == b""
    assert b"websockets" not in answer.lower()
    assert b"python" not in answer.lower()


def test_the_answer_to_a_node_hides_the_program_and_offers_no_compression(net: Any) -> None:
    async def main() -> bytes:
        async with listening() as here, raw(here.address) as (reader, writer):
            writer.write(REQUEST + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
            return await reader.readuntil(b"\r\n\r\n")

    answer = net.run(main()).lower()
    assert answer.startswith(b"http/1.1 101")
    assert b"server:" not in answer
    assert b"extensions" not in answer


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 500,  # a TLS hello
        b"\x00" * 2000,
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 9000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"H%d: x\r\n" % number for number in range(200)) + b"\r\n",
        REQUEST + b"Content-Length: 5\r\n\r\nhello",
        b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["tls", "zeros", "ssh", "long header", "many headers", "body", "long path"],
)
def test_garbage_on_the_port_is_cut_off_and_leaves_no_stranger_behind(net: Any, garbage: bytes) -> None:
    async def main() -> None:
        doorstep = Doorstep()
        async with listening(doorstep=doorstep) as here:
            async with raw(here.address) as (reader, writer):
                writer.write(garbage)
                writer.write_eof()
                assert not (await read_all(reader)).startswith(b"HTTP/1.1 101")
            pipe = await WebSocketTransport().dial(here.address, 60)  # others are served as before
            await pipe.send(b"x")
            assert await pipe.receive() == b"x"
            await pipe.close()
            while len(doorstep):
                await asyncio.sleep(0)

    net.run(main())


def test_a_caller_that_says_nothing_is_cut_off_in_time(net: Any) -> None:
    async def main() -> None:
        doorstep = Doorstep()
        async with listening(doorstep=doorstep, open_within=0.05) as here:
            for beginning in (b"", b"GET / HT", REQUEST):
                async with raw(here.address) as (reader, writer):
                    writer.write(beginning)
                    async with asyncio.timeout(60):
                        assert await read_all(reader) == b""
            while len(doorstep):
                await asyncio.sleep(0)

    net.run(main())


def test_one_host_may_not_fill_the_doorstep(net: Any) -> None:
    async def main() -> None:
        doorstep = Doorstep(total=64, per_host=3)
        async with listening(doorstep=doorstep) as here:
            waiting = [await asyncio.open_connection(here.address.host, here.address.port) for _ in range(3)]
            for _ in range(20):
                async with raw(here.address) as (reader, _):
                    assert await read_all(reader) == b""
            assert len(doorstep) == 3
            with pytest.raises(Unreachable):
                await WebSocketTransport().dial(here.address, 60)
            for _, writer in waiting:
                writer.transport.abort()
            while len(doorstep):
                await asyncio.sleep(0)
            pipe = await WebSocketTransport().dial(here.address, 60)
            await pipe.close()

    net.run(main())


def test_who_is_admitted_makes_room_for_other_strangers(net: Any) -> None:
    async def main() -> None:
        doorstep = Doorstep(total=1)

        async def accept(pipe: Pipe) -> None:
            if await pipe.receive() == b"known":
                pipe.admit()
                pipe.admit()
            await echo(pipe)

        async with listening(accept, doorstep=doorstep) as here:
            known = await WebSocketTransport().dial(here.address, 60)
            await known.send(b"known")
            await known.send(b"x")
            await known.receive()
            assert len(doorstep) == 0
            stranger = await WebSocketTransport().dial(here.address, 60)
            assert len(doorstep) == 1
            await known.close()
            assert len(doorstep) == 1
            await stranger.close()

    net.run(main())


def test_a_text_message_ends_the_connection(net: Any) -> None:
    async def main() -> str:
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def accept(pipe: Pipe) -> None:
            with pytest.raises(PipeClosed) as caught:
                await pipe.receive()
            ended.set_result(str(caught.value))

        async with listening(accept) as here, ws(here.address) as connection:
            await connection.send("text")
            with pytest.raises(ConnectionClosed):
                await connection.recv()
            return await ended

    assert "text" in net.run(main())


@pytest.mark.parametrize(
    "hostile",
    [
        b"\x82\xff" + (1 << 40).to_bytes(8, "big") + b"\0\0\0\0",  # a frame of 1 TiB is announced
        frame(2, b"x" * 40_000, fin=False) + frame(0, b"x" * 40_000),  # too large in two fragments
        b"\x82\x05hello",  # not masked
        b"\xc2" + frame(2, b"x")[1:],  # a reserved bit: compressed without agreement
        frame(9, b"x" * 126),  # a ping longer than pings are
        frame(3, b"x"),  # an unknown opcode
        frame(0, b"x"),  # a continuation of nothing
        frame(1, b"\xff\xfe"),  # text that is no UTF-8
        frame(2, b"x", fin=False) + frame(0, b"", fin=False) * 5000,  # fragments without end
    ],
    ids=["1 TiB", "fragments", "unmasked", "compressed", "ping", "opcode", "continuation", "utf-8", "5000 fragments"],
)
def test_frames_that_break_the_rules_end_the_connection(net: Any, hostile: bytes) -> None:
    async def main() -> None:
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def accept(pipe: Pipe) -> None:
            with pytest.raises(PipeClosed):
                await pipe.receive()
            ended.set_result(None)

        async with listening(accept) as here, raw(here.address) as (reader, writer):
            writer.write(REQUEST + b"\r\n")
            await reader.readuntil(b"\r\n\r\n")
            writer.write(hostile)
            await read_all(reader)
            writer.transport.abort()
            await ended

    net.run(main())


def test_the_largest_message_passes_and_one_byte_more_does_not(net: Any) -> None:
    async def main() -> None:
        async with listening() as here:
            pipe = await WebSocketTransport().dial(here.address, 60)
            await pipe.send(b"x" * MAX_MESSAGE)
            assert len(await pipe.receive()) == MAX_MESSAGE
            await pipe.send(b"x" * (MAX_MESSAGE + 1))
            with pytest.raises(PipeClosed):
                await pipe.receive()
            await pipe.close()

    net.run(main())


async def pour(writer: asyncio.StreamWriter, flood: bytes, limit: int) -> int:
    """Write the same again and again until it is no longer taken; how many bytes were."""
    sent = 0
    try:
        while sent < limit:
            writer.write(flood)
            async with asyncio.timeout(2):
                await writer.drain()
            sent += len(flood)
    except (ConnectionError, TimeoutError):
        pass
    return sent


def test_a_flood_of_pings_whose_answers_are_not_taken_is_cut_off(net: Any) -> None:
    async def main() -> None:
        ended = asyncio.Event()

        async def accept(pipe: Pipe) -> None:
            with pytest.raises(PipeClosed):
                await pipe.receive()
            ended.set()

        async with listening(accept) as here, raw(here.address) as (_, writer):
            writer.write(REQUEST + b"\r\n")
            sent = await pour(writer, frame(9, b"x" * 125) * 500, 64 * 1024 * 1024)
            async with asyncio.timeout(60):
                await ended.wait()
            assert sent < 20 * MAX_UNSENT + 16 * 1024 * 1024  # most of it lies in the kernel's buffers

    net.run(main())


@asynccontextmanager
async def http_server(answer: bytes) -> AsyncIterator[Address]:
    """Answers every request with these bytes."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        yield Address("127.0.0.1", server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await asyncio.sleep(0.01)


def test_a_redirect_is_not_followed(net: Any) -> None:
    async def main() -> None:
        reached: list[Pipe] = []

        async def trap(pipe: Pipe) -> None:
            reached.append(pipe)

        async with listening(trap) as goal:
            redirect = f"HTTP/1.1 302 Found\r\nLocation: ws://{goal.address}/\r\nContent-Length: 0\r\n\r\n".encode()
            async with http_server(redirect) as address:
                with pytest.raises(Unreachable, match="not as a node would"):
                    await WebSocketTransport().dial(address, 60)
        assert reached == []

    net.run(main())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46" + b"\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    ],
    ids=["web server", "ssh", "tls alert", "wrong accept", "long header"],
)
def test_whatever_else_answers_is_told_from_a_node(net: Any, answer: bytes) -> None:
    async def main() -> None:
        async with http_server(answer) as address:
            with pytest.raises(Unreachable, match="Something answers"):
                await WebSocketTransport().dial(address, 60)

    net.run(main())


def test_a_websocket_server_without_our_subprotocol_is_no_node(net: Any) -> None:
    async def main() -> None:
        async def idle(connection: Any) -> None:
            await connection.wait_closed()

        async with serve(idle, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(Unreachable, match="not a node"):
                await WebSocketTransport().dial(Address("127.0.0.1", port), 60)

    net.run(main())


def test_a_listener_refuses_a_client_with_another_subprotocol(net: Any) -> None:
    async def main() -> None:
        async with listening() as here:
            with pytest.raises(InvalidStatus):
                await ws(here.address, subprotocols=["chat"])

    net.run(main())


def test_a_server_that_accepts_and_says_nothing_is_given_up_in_time(net: Any) -> None:
    async def main() -> None:
        server = socket.create_server(("127.0.0.1", 0))
        with server, pytest.raises(Unreachable, match=r"did not answer within 0\.05 seconds"):
            await WebSocketTransport().dial(Address("127.0.0.1", server.getsockname()[1]), 0.05)

    net.run(main())


def test_nothing_that_listens_is_said_in_words(net: Any) -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            free = Address("127.0.0.1", server.getsockname()[1])
        with pytest.raises(Unreachable, match="refused"):
            await WebSocketTransport().dial(free, 60)
        with pytest.raises(Unreachable, match="cannot be one of a host"):
            await WebSocketTransport().dial(Address("a..b", 1), 60)

    net.run(main())


def test_proxies_of_the_environment_are_ignored(net: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "ws_proxy", "wss_proxy", "socks_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:1/")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    async def main() -> None:
        async with listening() as here:
            pipe = await WebSocketTransport().dial(here.address, 60)
            await pipe.close()

    net.run(main())


def test_a_port_in_use_is_said_in_words(net: Any) -> None:
    async def main() -> None:
        async with listening() as here:
            with pytest.raises(Unreachable, match="address already in use"):
                await WebSocketTransport().listen(here.address, echo)

    net.run(main())


def test_what_goes_wrong_in_accept_ends_that_connection_only(net: Any) -> None:
    async def main() -> None:
        async def accept(pipe: Pipe) -> None:
            if await pipe.receive() == b"bad":
                raise RuntimeError("a mistake of ours")
            await echo(pipe)

        async with listening(accept) as here:
            bad = await WebSocketTransport().dial(here.address, 60)
            good = await WebSocketTransport().dial(here.address, 60)
            await bad.send(b"bad")
            with pytest.raises(PipeClosed):
                await bad.receive()
            await good.send(b"good")
            await good.send(b"x")
            assert await good.receive() == b"x"
            await good.close()
            await bad.close()

    net.run(main())


def test_closing_ends_callers_of_every_kind_within_a_short_time(net: Any) -> None:
    async def main() -> float:
        started = asyncio.Event()

        async def stubborn(pipe: Pipe) -> None:
            started.set()
            await asyncio.Event().wait()

        here = await WebSocketTransport().listen(HERE, stubborn)
        half_open = await asyncio.open_connection(here.address.host, here.address.port)
        deaf = await asyncio.open_connection(here.address.host, here.address.port)
        deaf[1].write(REQUEST + b"\r\n")
        await started.wait()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await here.close()
        took = loop.time() - begun
        for _, writer in (half_open, deaf):
            writer.transport.abort()
        with pytest.raises(Unreachable):
            await WebSocketTransport().dial(here.address, 60)
        return took

    assert net.run(main()) < 3


def test_closing_a_pipe_whose_other_end_reads_nothing_does_not_hang(net: Any) -> None:
    async def main() -> float:
        took: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        async def accept(pipe: Pipe) -> None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    while True:
                        await pipe.send(b"x" * 60_000)
            begun = asyncio.get_running_loop().time()
            await pipe.close()
            took.set_result(asyncio.get_running_loop().time() - begun)

        async with listening(accept) as here, raw(here.address) as (reader, writer):
            writer.write(REQUEST + b"\r\n")
            reader._transport.pause_reading()  # type: ignore[attr-defined]
            return await took

    assert net.run(main()) < 2
