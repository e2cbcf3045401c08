"""A web server on loopback for what providers ask: it answers as a test says, byte by byte if need be, and notes the questions.

`Detour` carries requests for checked public addresses to it, so that nothing of a test leaves the machine and the guard is not
loosened for it.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from pk_tui.clock import SECOND, Instant
from pk_tui.providers.fetching import Fetching

CERTIFICATE = Path(__file__).parent / "certificates" / "ada.example.pem"
PUBLIC = "93.184.215.14"
NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts no authority; and spares reading those that httpx trusts."""
NOW = 1_800_000_000 * SECOND


class FrozenClock:
    def __init__(self, now: Instant = NOW) -> None:
        self.time = now

    def now(self) -> Instant:
        return self.time

    def elapsed(self) -> float:
        return self.time / SECOND


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def raw(self) -> bytes:
        headers = {"Content-Length": str(len(self.body)), "Connection": "close", **self.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} Whatever\r\n{head}\r\n".encode() + self.body


def as_json(value: object, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, {"Content-Type": "application/json; charset=utf-8", **named}, json.dumps(value).encode())


Raw = Callable[[asyncio.StreamWriter], Awaitable[None]]
Handler = Callable[[Asked], "Reply | bytes | Raw"]
"""Answers with a reply, with bytes as they are, or by writing itself."""


@dataclass
class Server:
    port: int
    scheme: str
    asked: list[Asked] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    """The names that callers asked for in TLS."""

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@asynccontextmanager
async def serving(handler: Handler, with_tls: bool = False) -> AsyncIterator[Server]:
    here = Server(0, "https" if with_tls else "http")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            asked = Asked(method, path, headers, body)
            here.asked.append(asked)
            reply = handler(asked)
            if isinstance(reply, Reply | bytes):
                writer.write(reply.raw() if isinstance(reply, Reply) else reply)
                await writer.drain()
                writer.close()
            else:
                await reply(writer)
        writer.transport.abort() if not writer.is_closing() else None

    tls = None
    if with_tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(CERTIFICATE)
        tls.sni_callback = lambda _, name, __: here.names.append(name)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
    finally:
        server.close()


class Detour(httpx.AsyncBaseTransport):
    """Brings what was meant for a public address to the server, and notes where it was meant for."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._inner = httpx.AsyncHTTPTransport(verify=NOBODY, trust_env=False)
        self.meant: list[tuple[str, str, str]] = []
        """Address, Host and name in TLS of each request."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert request.url.scheme == "https"
        self.meant.append((request.url.host, request.headers["host"], request.extensions["sni_hostname"]))
        request.url = httpx.URL(scheme="http", host="127.0.0.1", port=self._port, raw_path=request.url.raw_path)
        return await self._inner.handle_async_request(request)

    async def __aexit__(self, *args: object) -> None:
        await self._inner.aclose()
        self._inner = httpx.AsyncHTTPTransport(verify=NOBODY, trust_env=False)


class Names:
    """A resolver under a test's hand: a name has one answer after the other, the last for ever."""

    def __init__(self, **known: Sequence[Sequence[str]]) -> None:
        self.known = {name.replace("_", "."): list(answers) for name, answers in known.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answers = self.known.get(host)
        if answers is None:
            raise OSError("no such name")
        return answers.pop(0) if len(answers) > 1 else answers[0]


def detoured(server: Server, *addresses: str, **settings: Any) -> tuple[Fetching, Detour]:
    """A way out for which `ada.example` lies at these addresses, all of which are the server."""
    detour = Detour(server.port)
    names = Names(ada_example=[addresses or (PUBLIC,)])
    return Fetching(**{"resolve": names, "carry": lambda _: detour, "tls": NOBODY, **settings}), detour


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)
