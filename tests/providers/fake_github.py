"""GitHub as its documentation describes it, as far as providers use it: users, gists, pages, limits, the device flow.

https://docs.github.com/en/rest/users/users, /rest/gists/gists, /rest/using-the-rest-api/rate-limits-for-the-rest-api,
/rest/using-the-rest-api/using-pagination-in-the-rest-api, /apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#device-flow
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from providers.server import Asked, Reply, as_json

FILE = "pk-tui.txt"
NOT_FOUND = {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}
CODE = "3584d83530557fdd1f46af8289938c8ef79f9dc5"
TOKEN = "gho_16C7e42F292c6912E7710c838347Ae178B4a"


@dataclass
class FakeGitHub:
    """users: number to login; gists: id to owner's number and files, oldest first; polls: what the login answers, in turn;
    lies: a path and what is answered there instead."""

    users: dict[int, str] = field(default_factory=dict)
    gists: dict[str, tuple[int | None, dict[str, str]]] = field(default_factory=dict)
    polls: list[dict[str, Any]] = field(default_factory=list)
    lies: dict[str, Callable[[Asked], Any]] = field(default_factory=dict)
    token_of: int | None = None
    url: str = ""
    asked: list[str] = field(default_factory=list)
    posted: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Any:
        parts = urlsplit(asked.path)
        self.asked.append(f"{asked.method} {asked.path}")
        if parts.path in self.lies:
            return self.lies[parts.path](asked)
        if not asked.headers.get("user-agent"):
            return Reply(403, body=b"Request forbidden by administrative rules.")
        if parts.path.startswith("/login/"):
            return self._login(asked, parts.path)
        assert asked.headers["accept"] == "application/vnd.github+json"
        assert asked.headers["x-github-api-version"] == "2022-11-28"
        match asked.method, parts.path.strip("/").split("/"):
            case "GET", ["user"]:
                return self._own(asked) or as_json(self.user(self.token_of))
            case "GET", ["user", number]:
                return as_json(self.user(int(number))) if int(number) in self.users else as_json(NOT_FOUND, 404)
            case "GET", ["users", login]:
                number = self._numbers().get(login.lower())
                return as_json(self.user(number)) if number else as_json(NOT_FOUND, 404)
            case "GET", ["users", login, "gists"]:
                return self._list(self._numbers().get(login.lower()), dict(parse_qsl(parts.query)), parts.path)
            case "GET", ["gists", gist]:
                return as_json(self.gist(gist, whole=True)) if gist in self.gists else as_json(NOT_FOUND, 404)
            case "POST", ["gists"]:
                return self._own(asked) or self._create(asked.json())
            case "DELETE", ["gists", gist]:
                return self._own(asked) or self._delete(gist)
        return as_json(NOT_FOUND, 404)

    def user(self, number: int | None) -> dict[str, Any]:
        assert number is not None
        return {"login": self.users[number], "id": number, "type": "User", "name": "somebody", "public_gists": 1}

    def gist(self, gist: str, whole: bool = False) -> dict[str, Any]:
        owner, files = self.gists[gist]
        return {
            "url": f"{self.url}/gists/{gist}",
            "id": gist,
            "html_url": f"{self.url}/{gist}",
            "public": True,
            "owner": None if owner is None else self.user(owner),
            "truncated": False,
            "files": {
                name: {"filename": name, "size": len(text), "raw_url": "http://169.254.169.254/raw"}
                | ({"truncated": False, "content": text} if whole else {})
                for name, text in files.items()
            },
        }

    def _numbers(self) -> dict[str, int]:
        return {login.lower(): number for number, login in self.users.items()}

    def _list(self, number: int | None, query: dict[str, str], path: str) -> Reply:
        if number is None:
            return as_json(NOT_FOUND, 404)
        mine = [gist for gist, (owner, _) in reversed(self.gists.items()) if owner == number]
        size, page = int(query["per_page"]), int(query["page"])
        start = (page - 1) * size
        link = ""
        if len(mine) > start + size:
            link = f'<{self.url}{path}?per_page={size}&page={page + 1}>; rel="next", <http://127.0.0.1:1/>; rel="last"'
        return as_json([self.gist(gist) for gist in mine[start : start + size]], **({"Link": link} if link else {}))

    def _own(self, asked: Asked) -> Reply | None:
        if asked.headers.get("authorization") == f"Bearer {TOKEN}" and self.token_of is not None:
            return None
        return as_json({"message": "Bad credentials", "status": "401"}, 401)

    def _create(self, wanted: dict[str, Any]) -> Reply:
        assert wanted["public"] is True
        gist = f"{len(self.gists):032x}"
        self.gists[gist] = (self.token_of, {name: file["content"] for name, file in wanted["files"].items()})
        return as_json(self.gist(gist, whole=True), 201)

    def _delete(self, gist: str) -> Reply:
        if gist not in self.gists or self.gists[gist][0] != self.token_of:
            return as_json(NOT_FOUND, 404)
        del self.gists[gist]
        return Reply(204)

    def _login(self, asked: Asked, path: str) -> Reply:
        assert asked.headers["accept"] == "application/json"
        fields = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        self.posted.append(fields)
        if path == "/login/device/code":
            return as_json(
                {
                    "device_code": CODE,
                    "user_code": "WDJB-MJHT",
                    "verification_uri": f"{self.url}/login/device",
                    "expires_in": 900,
                    "interval": 5,
                }
            )
        assert fields["device_code"] == CODE
        assert fields["grant_type"] == "urn:ietf:params:oauth:grant-type:device_code"
        return as_json(self.polls.pop(0))


GRANTED = {"access_token": TOKEN, "token_type": "bearer", "scope": "gist"}
PENDING = {"error": "authorization_pending", "error_description": "…", "error_uri": "https://docs.github.com"}
