"""Types of slots: which hide their value, and what speaks against a value being one of its type.

A type is a hint. What looks wrong is kept all the same and warned of; a warning never quotes the value. How a value is kept is
next door (`item`); whether an otp slot gives codes is found out with `crypto.otp`, as codes are made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

from pk_tui.crypto.otp import read_otp
from pk_tui.errors import Misuse
from pk_tui.plaintext import Plaintext

MASKED_TYPES: Final = frozenset({"password", "otp", "card"})
"""Hidden until somebody asks, whatever the template says."""
PLAIN_TYPES: Final = frozenset({"url", "email", "date", "month", "phone", "number", "choice"})
"""Shown even where nobody knows the template."""
ONE_LINE: Final = frozenset({"text", "password", "url", "email", "date", "month", "phone", "number", "choice", "card"})
_LONGEST = 4096
"""Characters of what is looked at closely."""

_EMAIL = re.compile(r"[^\s@\"<>()]{1,64}@(?:[^\s@.\"<>()]{1,63}\.)+[^\s@.\"<>()]{2,63}")
_MONTH = re.compile(r"(?:[0-9]{4}-(?:0[1-9]|1[0-2])|(?:0?[1-9]|1[0-2])\s?/\s?(?:[0-9]{2}|[0-9]{4}))")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./\-]{1,30}[0-9](?:\s?(?:x|ext\.?)\s?[0-9]{1,6})?", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?[0-9]{1,60}(?:[.,][0-9]{1,60})?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{0,30}://")


def check_slot(type_: str, value: Plaintext, choices: Sequence[str] = ()) -> str | None:
    """Why the value does not look like one of its type, in a sentence that does not quote it; None if nothing speaks against
    it. Empty values, and types that are not known, are always right."""
    raw = value.reveal()
    if not raw or type_ == "file":
        return None
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None if type_ not in _CHECKS and type_ not in ONE_LINE else "It is not text."
    if type_ in ONE_LINE:
        fault = _line_fault(text)
        if fault:
            return fault
    if type_ == "choice":
        return None if not choices or text in choices else f"It is none of the {len(choices)} choices."
    check = _CHECKS.get(type_)
    if check and len(text) > _LONGEST:
        return f"It is longer than {_LONGEST} characters."
    return check(text.strip()) if check else None


def _line_fault(text: str) -> str | None:
    if "\n" in text or "\r" in text:
        return "It has more than one line, or ends with a line feed."
    if not text.isprintable():
        return "It has characters that do not show."
    if text != text.strip():
        return "It begins or ends with a space."
    return None


def _url(text: str) -> str | None:
    if any(character.isspace() for character in text):
        return "An address has no spaces."
    if not _SCHEME.match(text):
        return "An address begins with https:// or the like."
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - raises ValueError if it is no port
    except ValueError:
        return "It is not an address that a browser would take."
    if parts.password:
        return "It has a password in it, which many programs show and keep."
    return None if parts.hostname or parts.scheme == "file" else "It names no host."


def _email(text: str) -> str | None:
    return None if _EMAIL.fullmatch(text) else "It does not look like an e-mail address."


def _date(text: str) -> str | None:
    found = _DATE.fullmatch(text)
    if found:
        year, month, day = map(int, found.groups())
        is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        days = (31, 29 if is_leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
        if 1 <= month <= 12 and 1 <= day <= days[month - 1]:
            return None
        return "There is no such day."
    return "A date is written as 2027-01-31."


def _month(text: str) -> str | None:
    return None if _MONTH.fullmatch(text) else "A month is written as 2027-01 or 01/27."


def _phone(text: str) -> str | None:
    return None if _PHONE.fullmatch(text) else "It does not look like a telephone number."


def _number(text: str) -> str | None:
    return None if _NUMBER.fullmatch(text) else "It is not a number."


def _card(text: str) -> str | None:
    digits = text.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19):
        return "A card's number has 12 to 19 digits."
    total = 0
    for position, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if position % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return None if total % 10 == 0 else "The check digit is not right: a digit is mistyped, or two are swapped."


def _otp(text: str) -> str | None:
    try:
        read_otp(Plaintext.of_text(text))
    except Misuse as error:
        return str(error)
    return None


_CHECKS: Final[dict[str, Callable[[str], str | None]]] = {
    "url": _url,
    "email": _email,
    "date": _date,
    "month": _month,
    "phone": _phone,
    "number": _number,
    "card": _card,
    "otp": _otp,
}
