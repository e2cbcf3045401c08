"""Logging in at GitHub without a password passing through here: the device flow (RFC 8628, as GitHub documents it).

The person enters a short code in their browser and agrees; meanwhile the token is asked for, as often as GitHub allows. The only
scope is `gist`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from pk_tui.clock import SECOND, Clock
from pk_tui.errors import Busy, Cancelled, Misuse, PermissionDenied, PkError, Unreachable
from pk_tui.plaintext import Plaintext
from pk_tui.providers.answers import json_of, number, object_of, refusal, strange, word
from pk_tui.providers.fetching import Answer, Fetching
from pk_tui.providers.provider import LoginStep

SCOPE = "gist"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
MAX_INTERVAL = 60.0
"""Seconds between two questions at most, however slow we are asked to be: the code lives for 15 minutes."""
SLOWER = 5.0
"""Seconds that `slow_down` adds."""
MAX_LIFETIME = 3600
"""Seconds that a code is waited for at most."""

_USER_CODE = re.compile(r"[A-Z0-9]{2,8}(?:-[A-Z0-9]{2,8}){0,2}")
_SECRET = re.compile(r"[\x21-\x7e]{1,512}")
_LINK = re.compile(r"https?://[!-~]{1,200}")
_EXPIRED = "The code was not entered in time, and nothing was changed. Begin the login again to get a new one."


class DeviceLogin:
    """base: GitHub's own site, not its API; client_id: the public id of the application that asks, as registered there;
    pause: waits for so many seconds."""

    def __init__(
        self, fetching: Fetching, clock: Clock, base: str, client_id: str, pause: Callable[[float], Awaitable[None]]
    ) -> None:
        self._fetching = fetching
        self._clock = clock
        self._base = base
        self._client_id = client_id
        self._pause = pause

    async def begin(self) -> LoginStep:
        if not self._client_id:
            raise Misuse(
                "No application is registered at GitHub for this login. Name the id of one in the settings, or put the "
                "statement there by hand."
            )
        answer = await self._post("/login/device/code", {"client_id": self._client_id, "scope": SCOPE})
        fields = object_of(json_of(answer), answer)
        if "error" in fields:
            raise _fault(fields["error"], answer)
        url = word(fields.get("verification_uri"), _LINK, answer)
        if not url.startswith(f"{self._base}/"):  # the person is about to log in there
            raise strange(answer)
        lifetime = number(fields.get("expires_in"), answer, 10**9)
        return LoginStep(
            url,
            word(fields.get("user_code"), _USER_CODE, answer),
            self._clock.now() + min(lifetime, MAX_LIFETIME) * SECOND,
            min(float(number(fields.get("interval", 5), answer, 10**9)), MAX_INTERVAL),
            Plaintext.of_text(word(fields.get("device_code"), _SECRET, answer)),
        )

    async def finish(self, step: LoginStep) -> Plaintext:
        interval = step.interval
        while self._clock.now() < step.expires:
            await self._pause(interval)
            asked = {
                "client_id": self._client_id,
                "device_code": step.device_code.reveal().decode(),
                "grant_type": GRANT,
            }
            try:
                answer = await self._post("/login/oauth/access_token", asked)
            except (Unreachable, Busy):
                # The person may be entering the code just now: a lost question does not end that.
                interval = min(2 * interval, MAX_INTERVAL)
                continue
            fields = object_of(json_of(answer), answer)
            match fields.get("error"):
                case None:
                    return _token(fields, answer)
                case "authorization_pending":
                    pass
                case "slow_down":
                    wanted = fields.get("interval")
                    interval += SLOWER
                    if type(wanted) is int and wanted > interval:
                        interval = float(min(wanted, MAX_INTERVAL))
                    interval = min(interval, MAX_INTERVAL)
                case fault:
                    raise _fault(fault, answer)
        raise Cancelled(_EXPIRED)

    async def _post(self, path: str, fields: dict[str, str]) -> Answer:
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        answer = await self._fetching.fetch("POST", self._base + path, headers=headers, body=urlencode(fields).encode())
        if answer.status not in (200, 400):  # GitHub says what is wrong with 200, the standard with 400
            raise refusal(
                answer, self._clock.now(), f"{answer.host} does not know this application. Nobody was logged in."
            )
        return answer


def _token(fields: dict[str, object], answer: Answer) -> Plaintext:
    token = word(fields.get("access_token"), _SECRET, answer)
    kind, scopes = fields.get("token_type"), fields.get("scope")
    if not isinstance(kind, str) or kind.lower() != "bearer" or not isinstance(scopes, str):
        raise strange(answer)
    if SCOPE not in re.split(r"[ ,]+", scopes):
        raise PermissionDenied(
            f"The login does not allow to write gists, so nothing can be published at {answer.host}."
        )
    return Plaintext.of_text(token)


def _fault(fault: object, answer: Answer) -> PkError:
    match fault:
        case "access_denied":
            return PermissionDenied(f"The login at {answer.host} was refused there. Nothing was changed.")
        case "expired_token" | "token_expired":
            return Cancelled(_EXPIRED)
        case "device_flow_disabled" | "incorrect_client_credentials" | "unauthorized_client" | "invalid_client":
            return Misuse(f"The application named in the settings may not log in at {answer.host} with a code.")
        case _:
            return PermissionDenied(f"{answer.host} refuses the login. Begin it again.")
