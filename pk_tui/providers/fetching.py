"""The one way out for providers: a question to a public web server under limits, at an address that was checked.

The name is resolved here, every address must be public (`guard`), and the connection goes to that very address: it is put into
the URL that httpx gets, with the name in `Host` and in TLS, where the certificate is checked against it. So a name that
resolves otherwise a moment later changes nothing. Every connection carries one request. httpx's client is not used, only
its transport: cookies, redirects, proxies and other things from the environment live in the client.

What an answer means is for others to say.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pk_tui.errors import Malformed, Misuse, PermissionDenied, PkError, Unreachable
from pk_tui.plaintext import Plaintext
from pk_tui.providers.guard import host_name, is_public
from pk_tui.safe_text import safe_text

if TYPE_CHECKING:
    import httpx

WITHIN = 20.0
"""Seconds for a whole question with all its redirects, from the name to the last byte."""
CONNECT_WITHIN = 5.0
"""Seconds for one address; then the next is tried."""
MAX_ADDRESSES = 4
"""Addresses of one host that are tried."""
MAX_BODY = 256 * 1024
"""Bytes of an answer."""
USER_AGENT = "pk-tui"
"""GitHub wants one. It says nothing of version or machine."""
_REDIRECTS = {301, 302, 303, 307, 308}
_TOKEN = re.compile(rb"[\x21-\x7e]{1,512}")

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host and port, in the order in which to try them. Raises OSError."""
Carry = Callable[[ssl.SSLContext], "httpx.AsyncBaseTransport"]
"""Makes what carries one request."""
Origin = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (names in lower case) and whole body. `url` is what answered, after redirects; `host` names it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    host: str


@dataclass(frozen=True, slots=True)
class _Target:
    url: httpx.URL
    origin: Origin
    is_own: bool

    @property
    def host(self) -> str:
        return self.origin[1]


class Fetching:
    """own: base URLs that the person configured; they alone may be at any port and address, or without TLS.

    resolve: who knows the addresses of names; carry: what carries a request; tls: whom to believe (the authorities that come
    with httpx).
    """

    def __init__(
        self,
        own: Iterable[str] = (),
        *,
        resolve: Resolve | None = None,
        carry: Carry | None = None,
        tls: ssl.SSLContext | None = None,
        within: float = WITHIN,
        max_body: int = MAX_BODY,
    ) -> None:
        self._own = frozenset(map(_own_origin, own))
        self._resolve = resolve or system_resolve
        self._carry = carry or _carry
        self._tls = tls
        self._within = within
        self._max_body = max_body

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        token: Plaintext | None = None,
        redirects: int = 0,
    ) -> Answer:
        """Ask once; follow at most so many redirects, and only within the same scheme, host and port.

        Raises Unreachable, PermissionDenied (an address, a scheme or a redirect we do not follow), Malformed (too large, packed)
        or Misuse (no URL, no token). Any status is an answer, but for a redirect.
        """
        assert not redirects or (method == "GET" and token is None)
        sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", "Connection": "close", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {_checked(token)}"
        if self._tls is None:
            self._tls = await asyncio.to_thread(
                _trusted_authorities
            )  # the first import of httpx, and reading of a large file
        target = self._target(url)
        try:
            async with asyncio.timeout(self._within):
                for hop in range(redirects + 1):
                    answer = await self._ask(target, method, sent, body)
                    if answer.status not in _REDIRECTS:
                        return answer
                    if hop < redirects:
                        target = self._next(target, answer)
        except TimeoutError:
            raise Unreachable(f"{target.host} did not answer in full within {self._within:g} seconds.") from None
        raise PermissionDenied(
            f"{target.host} sends its visitors on and on: more than {redirects} redirects are not followed."
            if redirects
            else f"{target.host} sends its visitors elsewhere, which is not followed here."
        )

    def _target(self, url: str) -> _Target:
        import httpx

        try:
            parsed = httpx.URL(url)
            scheme, host, port = parsed.scheme, parsed.raw_host.decode("ascii"), parsed.port
        except (httpx.InvalidURL, ValueError):
            raise Misuse(f"“{safe_text(url, 120)}” is not an address on the web.") from None
        origin = (scheme, host, port or (80 if scheme == "http" else 443))
        if origin in self._own and not parsed.userinfo:
            return _Target(parsed, origin, is_own=True)
        if scheme != "https" or origin[2] != 443 or parsed.userinfo or host_name(host) != host:
            raise PermissionDenied(f"“{safe_text(url, 120)}” is not asked: only public sites are, through https.")
        return _Target(parsed, origin, is_own=False)

    def _next(self, target: _Target, answer: Answer) -> _Target:
        """Where a redirect leads. A site that sends us elsewhere says nothing of itself."""
        import httpx

        try:
            following = self._target(str(target.url.join(answer.headers.get("location", ""))))
        except (httpx.InvalidURL, ValueError, PkError):
            following = None
        if following is None or following.origin != target.origin:
            raise PermissionDenied(
                f"{target.host} sends its visitors to another place, which is not followed: a statement counts only where it "
                "was asked for."
            )
        return following

    async def _addresses(self, target: _Target) -> Sequence[str]:
        try:
            addresses = list(dict.fromkeys(await self._resolve(target.host, target.origin[2])))
        except (OSError, ValueError):
            addresses = []
        if not addresses:
            raise Unreachable(f"{target.host} is not known: no address was found for it.")
        if not target.is_own and not all(map(is_public, addresses)):
            raise PermissionDenied(
                f"{target.host} leads to an address that is not public, such as one of this machine or its network. It is not "
                "asked."
            )
        return addresses[:MAX_ADDRESSES]

    async def _ask(self, target: _Target, method: str, headers: Mapping[str, str], body: bytes) -> Answer:
        import httpx

        addresses = await self._addresses(target)
        for address in addresses:
            request = httpx.Request(
                method,
                target.url.copy_with(host=address),
                headers={"Host": target.url.netloc.decode("ascii"), **headers},
                content=body or None,
                extensions={"sni_hostname": target.host, "timeout": {"connect": CONNECT_WITHIN}},
            )
            try:
                return await self._carried(request, target)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                problem = _connect_problem(error, target.host)  # nothing was sent yet, so the next one may be asked
            except (httpx.HTTPError, httpx.StreamError, OSError, ValueError):
                # Their own texts can quote what was received or sent, so no traceback is to show them.
                problem = Unreachable(f"{target.host} broke off, or did not answer as a web server does.")
                break
        raise problem

    async def _carried(self, request: httpx.Request, target: _Target) -> Answer:
        assert self._tls is not None
        async with self._carry(self._tls) as transport:
            response = await transport.handle_async_request(request)
            try:
                headers = {name.lower(): value for name, value in response.headers.items()}
                packing = headers.get("content-encoding", "identity").strip().lower()
                if packing not in ("", "identity"):
                    raise Malformed(f"{target.host} answers in a packed form, although it was asked not to.")
                taken = bytearray()
                if _promised(headers) <= self._max_body:
                    async for piece in response.aiter_raw():
                        taken += piece
                        if len(taken) > self._max_body:
                            break
                if _promised(headers) > self._max_body or len(taken) > self._max_body:
                    raise Malformed(f"The answer of {target.host} is larger than {self._max_body // 1024} KiB.")
                return Answer(response.status_code, headers, bytes(taken), str(target.url), target.host)
            finally:
                await response.aclose()


async def system_resolve(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _trusted_authorities() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context(trust_env=False)


def _carry(tls: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    import httpx

    return httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=httpx.Limits(max_connections=1))


def _own_origin(base: str) -> Origin:
    try:
        parts = urlsplit(base)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise Misuse(f"“{safe_text(base, 120)}” is not the address of a provider. One begins with https:// and a host.")
    return parts.scheme, parts.hostname, port or (80 if parts.scheme == "http" else 443)


def _checked(token: Plaintext) -> str:
    raw = token.reveal()
    if not _TOKEN.fullmatch(raw):
        raise Misuse("This is not a token: a token is one word of letters, digits and signs.")
    return raw.decode("ascii")


def _promised(headers: Mapping[str, str]) -> int:
    length = headers.get("content-length", "0")
    return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else 0


def _connect_problem(error: BaseException, host: str) -> Unreachable:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Unreachable(f"What answers as {host} does not prove that it is {host}: its certificate is not valid.")
    if cause is not None:
        return Unreachable(f"{host} does not answer with TLS as it should.")
    return Unreachable(f"{host} cannot be reached: nothing answers there.")
