"""Pipes that are WebSockets: binary messages of at most 65,535 bytes, without compression, proxies, redirects or pages.

The WebSocket gives message borders and a way through reverse proxies and relays, nothing else: it protects nothing, and
nothing here trusts it. What a stranger can cost before the session's handshake is bounded here: connections on the
doorstep, seconds, bytes waiting in either direction. Pings are the session's, since they must come from who is meant.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from pk_tui.errors import Unreachable
from pk_tui.net.doorstep import Doorstep
from pk_tui.net.pipe import Pipe, PipeClosed
from pk_tui.terms import Address

SUBPROTOCOL = Subprotocol("pk-tui.v1")
PATH = "/"
MAX_MESSAGE = 65_535
"""Bytes; one message of a session at most."""
OPEN_WITHIN = 10.0
"""Seconds a caller has for its HTTP request."""
CLOSE_WITHIN = 1.0
"""Seconds the other end has to answer a goodbye; then the connection is cut."""
MAX_UNSENT = 512 * 1024
"""Bytes waiting to be sent. Our own messages wait one at a time, so more than this are pongs for an end that floods us with
pings and does not read."""

_WORD_FOR_CODE = {403: "it refuses", 404: "it knows nothing", 429: "it is busy", 503: "it is stopping"}

log = logging.getLogger("pk_tui.net.websockets")
# By default websockets writes tracebacks to stderr and, when debugging, every frame. Nothing of it is wanted anywhere.
log.addHandler(logging.NullHandler())
log.setLevel(logging.ERROR)
log.propagate = False


class WebSocketPipe:
    """One WebSocket, dialled or accepted."""

    def __init__(self, connection: Connection, remote: Address, admit: Callable[[], None] = lambda: None) -> None:
        self._connection = connection
        self._admit = admit
        self.remote = remote

    async def send(self, message: bytes) -> None:
        try:
            await self._connection.send(message)
        except ConnectionClosed as error:
            raise PipeClosed(_ending(error)) from error

    async def receive(self) -> bytes:
        try:
            message = await self._connection.recv()
        except ConnectionClosed as error:
            raise PipeClosed(_ending(error)) from error
        if isinstance(message, str):
            await self.close()
            raise PipeClosed("The other side sent text, which is not of this protocol.")
        return message

    async def close(self) -> None:
        try:
            # Beside its own deadline for the answer, `close` waits without one until what was sent before has left.
            async with asyncio.timeout(CLOSE_WITHIN):
                await self._connection.close()
        except TimeoutError:
            pass
        finally:
            self._connection.transport.abort()

    def admit(self) -> None:
        self._admit()


class WebSocketTransport:
    """Listens and dials.

    doorstep: the strangers of all listeners, counted together; open_within: seconds a caller has for its HTTP request.
    """

    def __init__(self, doorstep: Doorstep | None = None, open_within: float = OPEN_WITHIN) -> None:
        self._doorstep = doorstep if doorstep is not None else Doorstep()
        self._open_within = open_within

    async def listen(self, address: Address, accept: Callable[[Pipe], Awaitable[None]]) -> WebSocketListening:
        callers: set[_Caller] = set()

        async def answer(connection: ServerConnection) -> None:
            assert isinstance(connection, _Caller)
            await accept(WebSocketPipe(connection, connection.remote, connection.admit))

        try:
            server = await serve(
                answer,
                address.host,
                address.port,
                origins=[None],  # refuses every web page: browsers always say their origin
                subprotocols=[SUBPROTOCOL],
                compression=None,
                process_request=_refuse_other_paths,
                process_response=_say_nothing,
                server_header=None,
                open_timeout=self._open_within,
                ping_interval=None,
                close_timeout=CLOSE_WITHIN,
                max_size=MAX_MESSAGE,
                max_queue=4,
                logger=log,
                create_connection=partial(_Caller, self._doorstep, callers),  # type: ignore[arg-type]  # called like one
            )
        except OSError as error:
            raise Unreachable(f"This node cannot be reached at {address}: {_reason(error)}.") from error
        port = server.sockets[0].getsockname()[1]
        return WebSocketListening(Address(address.host, port), server, callers)

    async def dial(self, address: Address, timeout: float) -> WebSocketPipe:
        host = address.host.partition("%")[0]  # the zone of a link-local address is no one else's business
        try:
            connection = await _Dialling(
                f"ws://{Address(host, address.port)}{PATH}",
                host=address.host,
                port=address.port,
                happy_eyeballs_delay=0.25,
                subprotocols=[SUBPROTOCOL],
                compression=None,
                user_agent_header=None,
                proxy=None,  # the default would hand peers to whatever proxy the environment names
                open_timeout=timeout,
                ping_interval=None,
                close_timeout=CLOSE_WITHIN,
                max_size=MAX_MESSAGE,
                max_queue=4,
                logger=log,
                create_connection=_Called,
            )
        except TimeoutError as error:
            raise Unreachable(f"{address} did not answer within {timeout:g} seconds.") from error
        except InvalidStatus as error:
            word = _WORD_FOR_CODE.get(error.response.status_code, "it does not speak our protocol")
            raise Unreachable(f"Something answers at {address}, but not as a node would: {word}.") from error
        except (InvalidHandshake, EOFError) as error:
            raise Unreachable(f"Something answers at {address}, but it is not a node.") from error
        except (OSError, ValueError) as error:  # ValueError: a host name that no resolver takes
            raise Unreachable(f"{address} cannot be reached: {_reason(error)}.") from error
        pipe = WebSocketPipe(connection, address)
        if connection.subprotocol != SUBPROTOCOL:
            await pipe.close()
            raise Unreachable(f"Something answers at {address}, but it is not a node.")
        return pipe


class WebSocketListening:
    def __init__(self, address: Address, server: Server, callers: set[_Caller]) -> None:
        self.address = address
        self._server = server
        self._callers = callers

    async def close(self) -> None:
        """Say goodbye to every caller; who does not answer in time is cut off, and what still runs for it cancelled."""
        self._server.close()
        for caller in list(self._callers):
            if not caller.is_open:
                caller.transport.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN):
                await self._server.wait_closed()
        for caller in list(self._callers):
            caller.transport.abort()
        handlers = [task for task in self._server.handler_tasks if task is not asyncio.current_task()]
        for task in handlers:
            task.cancel()
        if handlers:
            await asyncio.wait(handlers, timeout=CLOSE_WITHIN)


class _Bounded(Connection):
    """A connection whose other end cannot make us keep ever more for it."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # What is read is bounded by flow control; what is answered of itself (pongs) is not.
        if self.transport.get_write_buffer_size() > MAX_UNSENT:
            self.transport.abort()


class _Caller(_Bounded, ServerConnection):
    """An accepted connection, on the doorstep until it is admitted or gone. One for which there is no room is cut at once."""

    def __init__(self, doorstep: Doorstep, callers: set[_Caller], *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._doorstep = doorstep
        self._callers = callers
        self._mark: str | None = None
        self._turned_away = False
        self.remote = Address("?", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        host, port = (transport.get_extra_info("peername") or ("?", 0))[:2]
        self.remote = Address(host, port)
        self._mark = self._doorstep.enter(host)
        if self._mark is None:
            self._turned_away = True
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
            return
        self._callers.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._turned_away:
            return
        self._callers.discard(self)
        self.admit()
        super().connection_lost(exc)

    def admit(self) -> None:
        if self._mark is not None:
            self._doorstep.leave(self._mark)
            self._mark = None

    @property
    def is_open(self) -> bool:
        return self.state.name == "OPEN"


class _Called(_Bounded, ClientConnection):
    pass


class _Dialling(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc  # a peer must not be able to send us elsewhere, least of all to a port of this machine


def _refuse_other_paths(connection: ServerConnection, request: Request) -> Response | None:
    return None if request.path == PATH else connection.respond(404, "")


def _say_nothing(connection: ServerConnection, request: Request, response: Response) -> None:
    """A refusal is its number: the texts tell which program and library this is."""
    if response.status_code != 101:
        response.body = b""
        del response.headers["Content-Type"]
        del response.headers["Content-Length"]
        response.headers["Content-Length"] = "0"


def _ending(error: ConnectionClosed) -> str:
    if error.rcvd is not None:
        return "The other side closed the connection."
    if error.sent is not None:
        return "The connection was closed because the other side broke the WebSocket protocol."
    return "The connection was lost."


def _reason(error: Exception) -> str:
    match error:
        case ConnectionRefusedError():
            return "the connection was refused; nothing listens there"
        case socket.gaierror():
            return "its name is not known"
        case OSError(errno=int(number)):
            words = os.strerror(number)  # asyncio puts addresses into the error's own text
            return words[:1].lower() + words[1:]
        case OSError():
            return "nothing answers there"
        case _:
            return "its name cannot be one of a host"
