"""Reading what a provider answered: a text, or JSON field by field, and what a status means. Nothing of a body is believed or
quoted; an error names the host and what is wrong.

A body's size was bounded when it was fetched.
"""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime
from typing import Any

from pk_tui.clock import DAY, MINUTE, SECOND, Instant, rfc3339
from pk_tui.errors import Malformed, NotFound, PermissionDenied, PkError, Unreachable
from pk_tui.providers.fetching import Answer
from pk_tui.providers.provider import MAX_TEXT, Limited

_LONGEST_WAIT = DAY
"""What a provider may make us wait for: more is an error there, or a way to be rid of us."""


def text_of(answer: Answer) -> str:
    """The body as text of at most MAX_TEXT bytes. Raises Malformed."""
    if len(answer.body) > MAX_TEXT:
        raise Malformed(f"What {answer.host} shows is larger than the {MAX_TEXT // 1024} KiB of a statement.")
    try:
        text = answer.body.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed(f"What {answer.host} shows is not text.") from None
    if not is_text(text):
        raise Malformed(f"What {answer.host} shows is not text.")
    return text


def is_text(text: str) -> bool:
    """No control characters but line ends and tabs, and nothing that UTF-8 cannot write (JSON can name half a character)."""
    return not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", text)


def json_of(answer: Answer) -> Any:
    try:
        return json.loads(answer.body.decode("utf-8"))
    except (ValueError, RecursionError):  # a nest without end is the other; all else is a ValueError
        raise strange(answer) from None


def object_of(value: object, answer: Answer) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise strange(answer)
    return value


def list_of(value: object, answer: Answer) -> list[Any]:
    if not isinstance(value, list):
        raise strange(answer)
    return value


def word(value: object, pattern: re.Pattern[str], answer: Answer) -> str:
    """A text of exactly that form."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise strange(answer)
    return value


def number(value: object, answer: Answer, most: int) -> int:
    """A whole number from 1 on; `true` is none."""
    if type(value) is not int or not 1 <= value <= most:
        raise strange(answer)
    return value


def strange(answer: Answer) -> Malformed:
    return Malformed(f"{answer.host} answers in a form that is not the documented one. Nothing was taken from it.")


def refusal(answer: Answer, now: Instant, missing: str) -> PkError:
    """What a status that is no success means. missing: the sentence for “not found”."""
    status = answer.status
    if status in (404, 410):
        return NotFound(missing)
    if status == 401:
        return PermissionDenied(f"{answer.host} does not accept the login. Log in again.")
    if status == 429 or (status == 403 and _is_limited(answer)) or (status == 503 and "retry-after" in answer.headers):
        until = try_again(answer, now)
        return Limited(f"{answer.host} answers no more questions for now. Try again after {rfc3339(until)}.", until)
    if status == 403:
        return PermissionDenied(f"{answer.host} refuses this.")
    if status >= 500:
        return Unreachable(f"{answer.host} is in trouble itself (status {status}). Try again later.")
    return PermissionDenied(f"{answer.host} refuses this (status {status}).")


def _is_limited(answer: Answer) -> bool:
    headers = answer.headers
    return (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining", "").strip() == "0"
        or b"rate limit" in answer.body.lower()  # GitHub's second kind of limit may say so in its text alone
    )


def try_again(answer: Answer, now: Instant) -> Instant:
    """When the provider wants to be asked again: as it says, within reason; else in a minute."""
    wanted = None
    after = answer.headers.get("retry-after", "").strip()
    reset = answer.headers.get("x-ratelimit-reset", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", after):
        wanted = now + int(after) * SECOND
    elif after:
        wanted = _date(after)
    elif re.fullmatch(r"[0-9]{1,11}", reset) and answer.headers.get("x-ratelimit-remaining", "0").strip() == "0":
        wanted = int(reset) * SECOND
    if wanted is None or wanted < now:
        wanted = now + MINUTE
    return min(wanted, now + _LONGEST_WAIT)


def _date(text: str) -> Instant | None:
    try:
        return int(parsedate_to_datetime(text).timestamp()) * SECOND
    except (ValueError, OverflowError, TypeError):
        return None
