"""A web site as an identity: whoever can put a file under `/.well-known/` of a host controls the host. No login: the person
puts the file there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pk_tui.clock import Clock
from pk_tui.errors import Misuse
from pk_tui.providers.answers import refusal, text_of
from pk_tui.providers.fetching import Fetching
from pk_tui.providers.guard import host_name
from pk_tui.providers.provider import FILE, Account, Published, hold
from pk_tui.terms import IdentityId

BASE = "https://{host}"
MAX_REDIRECTS = 3
"""Within the site: some add a slash or a language."""


class Web:
    """base: where sites are, with `{host}` for the name; another one only where the person configured it."""

    name = "web"

    def __init__(self, fetching: Fetching, clock: Clock, base: str = BASE) -> None:
        self._fetching = fetching
        self._clock = clock
        self._base = base.rstrip("/")

    async def resolve(self, name: str, pinned: IdentityId | None = None) -> Account:
        """The host itself; nothing is asked."""
        host = await asyncio.to_thread(host_name, name)  # may import httpx, for the letters of the world
        return hold(Account(IdentityId(self.name, host), host), pinned)

    async def find(self, account: Account, locator: str = "") -> Sequence[Published]:
        """The one file of the site. There is nothing to locate: a claim cannot choose another."""
        host = self._host(account)
        answer = await self._fetching.fetch("GET", self._url(host), redirects=MAX_REDIRECTS)
        if answer.status != 200:
            raise refusal(answer, self._clock.now(), f"{host} shows no statement: there is no {self._url(host)}.")
        return [Published(Account(account.identity, host), text_of(answer), answer.url, "")]

    def by_hand(self, account: Account) -> str:
        return f"Put this text, unchanged, where {self._url(self._host(account))} shows it."

    def _url(self, host: str) -> str:
        return f"{self._base.replace('{host}', host)}/.well-known/{FILE}"

    def _host(self, account: Account) -> str:
        if account.identity.provider != self.name:
            raise Misuse(f"{account.identity} is no web site.")
        return host_name(account.identity.account)
