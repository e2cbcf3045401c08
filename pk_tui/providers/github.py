"""GitHub accounts, which show a statement in a public gist. Reading needs no login; publishing needs one (`github_login`).

An account is its number: names there can be changed, given up and taken by somebody else. Who owns a gist is told by the number
in GitHub's own answer, every time. No address out of an answer is ever asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from pk_tui.clock import Clock
from pk_tui.errors import Malformed, Misuse, NotFound, PeerMisbehaved
from pk_tui.plaintext import Plaintext
from pk_tui.providers.answers import is_text, json_of, list_of, number, object_of, refusal, word
from pk_tui.providers.fetching import Answer, Fetching
from pk_tui.providers.github_login import DeviceLogin
from pk_tui.providers.provider import FILE, MAX_TEXT, Account, LoginStep, Published, hold
from pk_tui.safe_text import safe_text
from pk_tui.terms import IdentityId

API = "https://api.github.com"
LOGIN = "https://github.com"
PER_PAGE = 30
"""Gists on a page. An entry of the list has some 4 KiB, so that a page of 100 would not fit into an answer."""
MAX_PAGES = 10
"""Pages looked through for a statement. Without login GitHub answers 60 questions an hour."""
MAX_COPIES = 5
"""Gists with a file of the right name that are looked into."""
DESCRIPTION = "Statement of identity for pk-tui"

_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_GIST = re.compile(r"[0-9a-f]{1,64}")
_LINK = re.compile(r"https?://[!-~]{1,300}")
_NEXT = re.compile(r'rel="?next\b')


class GitHub:
    """api, login: GitHub's API and its site, or those of a company's own; client_id: the application that logs people in;
    pause: how to wait between two questions of a login."""

    name = "github"

    def __init__(
        self,
        fetching: Fetching,
        clock: Clock,
        *,
        api: str = API,
        login: str = LOGIN,
        client_id: str = "",
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._fetching = fetching
        self._clock = clock
        self._api = api.rstrip("/")
        self._site = login.rstrip("/")
        self._login = DeviceLogin(fetching, clock, self._site, client_id, pause)

    # ---- accounts ----

    async def resolve(self, name: str, pinned: IdentityId | None = None) -> Account:
        if not _NAME.fullmatch(name):
            raise Misuse(f"“{safe_text(name, 80)}” is not the name of a GitHub account.")
        answer = await self._ask("GET", f"/users/{name}", f"There is no GitHub account “{name}”.")
        found = self._account(json_of(answer), answer)
        if found.name.lower() != name.lower():
            raise PeerMisbehaved(f"{answer.host} was asked for “{name}” and answered about “{found.name}”.")
        return hold(found, pinned)

    async def logged_in(self, token: Plaintext) -> Account:
        answer = await self._ask("GET", "/user", "GitHub does not know whose login this is.", token=token)
        return self._account(json_of(answer), answer)

    async def _now(self, account: Account) -> Account:
        """The account by its number, with the name it has now."""
        pinned = _number_of(account.identity)
        gone = (
            f"GitHub has no account with the number {pinned} any more. Whoever is called “{_shown(account)}” there now is "
            "somebody else."
        )
        answer = await self._ask("GET", f"/user/{pinned}", gone)
        found = self._account(json_of(answer), answer)
        if found.identity != account.identity:
            raise PeerMisbehaved(f"{answer.host} was asked for account {pinned} and answered about another one.")
        return found

    def _account(self, value: object, answer: Answer) -> Account:
        fields = object_of(value, answer)
        pinned = number(fields.get("id"), answer, 10**18 - 1)
        return Account(IdentityId(self.name, str(pinned)), word(fields.get("login"), _NAME, answer))

    # ---- reading ----

    async def find(self, account: Account, locator: str = "") -> Sequence[Published]:
        _number_of(account.identity)
        gist = _gist_of(locator)
        fault: NotFound | Malformed | None = None
        if gist:
            try:
                return [await self._copy(gist, account)]
            except (NotFound, Malformed) as error:  # a hint that leads nowhere proves nothing
                fault = error
        found = await self._list(await self._now(account))
        if not found:
            raise fault or NotFound(
                f"The GitHub account “{_shown(account)}” shows no statement: none of its public gists has a file {FILE}."
            )
        return found

    def by_hand(self, account: Account) -> str:
        return f"As “{_shown(account)}” make a public gist at GitHub with a file named {FILE} that holds this text, unchanged."

    async def _copy(self, gist: str, account: Account) -> Published:
        answer = await self._ask("GET", f"/gists/{gist}", f"There is no gist {gist} at GitHub.")
        found = self._published(json_of(answer), account, answer)
        if found.locator != gist:
            raise PeerMisbehaved(f"{answer.host} was asked for the gist {gist} and answered with another one.")
        return found

    async def _list(self, account: Account) -> list[Published]:
        found: list[Published] = []
        looked = 0
        for page in range(1, MAX_PAGES + 1):
            path = f"/users/{account.name}/gists?per_page={PER_PAGE}&page={page}"
            answer = await self._ask("GET", path, f"There is no GitHub account “{account.name}” any more.")
            for entry in list_of(json_of(answer), answer)[:PER_PAGE]:
                fields = object_of(entry, answer)
                owner = self._owner(fields, answer)
                if owner is None or owner.identity != account.identity:
                    continue
                if FILE not in object_of(fields.get("files"), answer):
                    continue
                looked += 1
                with contextlib.suppress(NotFound, Malformed):  # deleted meanwhile, or no text: the next may be the one
                    found.append(await self._copy(word(fields.get("id"), _GIST, answer), account))
                if looked == MAX_COPIES:
                    return found
            if not _NEXT.search(answer.headers.get("link", "")):
                break
        return found

    def _owner(self, gist: dict[str, Any], answer: Answer) -> Account | None:
        """None: of nobody, as gists without an account are."""
        owner = gist.get("owner")
        return None if owner is None else self._account(owner, answer)

    def _published(self, value: object, account: Account, answer: Answer) -> Published:
        """The statement's file of a gist that is this account's. Raises NotFound or Malformed."""
        fields = object_of(value, answer)
        gist = word(fields.get("id"), _GIST, answer)
        owner = self._owner(fields, answer)
        if owner is None or owner.identity != account.identity:
            whose = f"the account “{owner.name}” ({owner.identity})" if owner else "nobody"
            raise NotFound(
                f"The gist {gist} belongs to {whose} and not to {account.identity}, so it says nothing of that one."
            )
        file = object_of(fields.get("files"), answer).get(FILE)
        if file is None:
            raise NotFound(f"The gist {gist} has no file {FILE}.")
        file = object_of(file, answer)
        text = file.get("content")
        if file.get("truncated") or not isinstance(text, str) or not is_text(text) or len(text.encode()) > MAX_TEXT:
            raise Malformed(f"The file {FILE} in the gist {gist} is not a text of at most {MAX_TEXT // 1024} KiB.")
        return Published(owner, text, self._link(fields.get("html_url"), gist), gist)

    def _link(self, value: object, gist: str) -> str:
        """Where a person can look: the page GitHub names, if it is GitHub's."""
        site = urlsplit(self._site)
        if isinstance(value, str) and _LINK.fullmatch(value):
            try:
                page = urlsplit(value)
                if page.scheme == site.scheme and page.netloc in (site.netloc, f"gist.{site.netloc}"):
                    return value
            except ValueError:
                pass
        return f"{self._api}/gists/{gist}"

    # ---- publishing ----

    async def begin_login(self) -> LoginStep:
        return await self._login.begin()

    async def finish_login(self, step: LoginStep) -> Plaintext:
        return await self._login.finish(step)

    async def publish(self, account: Account, text: str, token: Plaintext) -> Published:
        hold(await self.logged_in(token), account.identity)
        gist = {"description": DESCRIPTION, "public": True, "files": {FILE: {"content": text}}}
        refused = "GitHub does not let this login write gists. Log in again and agree to that."
        answer = await self._ask("POST", "/gists", refused, token=token, body=json.dumps(gist).encode(), success=201)
        return self._published(json_of(answer), account, answer)

    async def unpublish(self, locator: str, token: Plaintext) -> None:
        gist = _gist_of(locator)
        if not gist:
            raise Misuse(f"“{safe_text(locator, 80)}” does not name a gist.")
        missing = f"There is no gist {gist} at GitHub that this login may delete."
        await self._ask("DELETE", f"/gists/{gist}", missing, token=token, success=204)

    async def _ask(
        self,
        method: str,
        path: str,
        missing: str,
        *,
        token: Plaintext | None = None,
        body: bytes = b"",
        success: int = 200,
    ) -> Answer:
        headers = {**_HEADERS, "Content-Type": "application/json"} if body else _HEADERS
        answer = await self._fetching.fetch(method, self._api + path, headers=headers, body=body, token=token)
        if answer.status != success:
            raise refusal(answer, self._clock.now(), missing)
        return answer


def _number_of(identity: IdentityId) -> str:
    if identity.provider != GitHub.name or not _NUMBER.fullmatch(identity.account):
        raise Misuse(f"{identity} is no GitHub account: those are known by their number.")
    return identity.account


def _shown(account: Account) -> str:
    """The name of an account that may come from a claim."""
    return safe_text(account.name, 60)


def _gist_of(locator: str) -> str:
    """The id in a locator, which is one or the address of a gist's page; empty if there is none."""
    last = locator.strip().rstrip("/").rpartition("/")[2]
    return last if _GIST.fullmatch(last) else ""
