"""What arguments mean: secret addresses and points in time. Pure: text in, values out, Misuse for what is neither."""

from __future__ import annotations

import re
from datetime import datetime

from pk_tui.clock import DAY, MINUTE, SECOND, Instant
from pk_tui.errors import Misuse
from pk_tui.safe_text import safe_text
from pk_tui.terms import SecretPath

_UNITS = {"m": MINUTE, "h": 60 * MINUTE, "d": DAY, "w": 7 * DAY, "y": 365 * DAY}


def secret_address(text: str) -> tuple[str, SecretPath]:
    """`VAULT:PATH`; the first colon splits."""
    vault, colon, path = text.partition(":")
    if not vault or not colon or not path.strip("/"):
        raise Misuse(f"“{safe_text(text, 300)}” does not name a secret. A secret is named as VAULT:PATH.")
    return vault, SecretPath.parse(path)


def editable_address(text: str) -> tuple[str, SecretPath]:
    """The same for what is going to be edited: a version is refused before anything is typed, not after."""
    vault, path = secret_address(text)
    if "@" in vault:
        raise Misuse(f"“{safe_text(vault, 160)}” is a version of a vault: it is read-only. Edit the vault itself.")
    return vault, path


def directory_address(text: str) -> tuple[str, SecretPath | None]:
    """`VAULT` or `VAULT:` for the whole vault, `VAULT:DIRECTORY` for a part of it."""
    vault, _, path = text.partition(":")
    if not vault:
        raise Misuse(f"“{safe_text(text, 300)}” does not name a vault. A directory is named as VAULT:DIRECTORY.")
    return vault, SecretPath.parse(path) if path.strip("/") else None


def moment(text: str, now: Instant) -> Instant:
    """A point in time to come: RFC 3339 such as 2027-01-31T12:00:00Z, or a span from now such as 30d or 12h."""
    span = re.fullmatch(r"([1-9][0-9]{0,5})([mhdwy])", text.strip())
    if span:
        return now + int(span[1]) * _UNITS[span[2]]
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Misuse(
            f"“{safe_text(text, 60)}” is not a point in time. Give one like 2027-01-31T12:00:00Z, or a span like 30d or 12h."
        )
    instant = int(at.timestamp()) * SECOND
    if instant <= now:
        raise Misuse(f"“{safe_text(text, 60)}” is in the past. Give a point in time to come.")
    return instant
