"""`audit`: what was done at this node, by whom and when; and watching it being done."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from pk_tui.api.audit import AuditView
from pk_tui.cli.call import Call
from pk_tui.cli.commands import POSITIVE, Noun, flag, option, verb
from pk_tui.cli.output import Column, to_json
from pk_tui.clock import DAY, MINUTE, SECOND, Instant, rfc3339
from pk_tui.errors import Misuse
from pk_tui.safe_text import safe_text

BEFORE_FOLLOWING = 10
"""Entries shown before those that are waited for, unless told otherwise."""
_UNITS = {"s": SECOND, "m": MINUTE, "h": 60 * MINUTE, "d": DAY}


def moment(text: str, now: Instant) -> Instant:
    """A point in time as people and programs write it: `90m`, `2h`, `7d` ago, a date, or RFC 3339, in local time if it names no
    zone. Raises Misuse."""
    ago = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if ago:
        return now - int(ago[1]) * _UNITS[ago[2]]
    try:
        at = datetime.fromisoformat(text).astimezone()
        return (at - datetime.fromtimestamp(0, at.tzinfo)) // timedelta(microseconds=1)
    except (ValueError, OverflowError, OSError):
        raise Misuse(
            f"“{safe_text(text, 60)}” is not a time. Give how long ago (`90m`, `2h`, `7d`), a date (2026-11-21), or a moment "
            "(2026-11-21T20:15:00Z)."
        ) from None


def _json(row: AuditView) -> dict[str, object]:
    return {"id": row.id, "time": rfc3339(row.time), "topic": row.topic, "data": row.data}


def _what(row: AuditView) -> str:
    """The details for people: the name of a vault instead of its id."""
    data = {name: value for name, value in row.data.items() if not (name == "vault_id" and "vault_name" in row.data)}
    parts = []
    for name, value in data.items():
        if value is None:
            continue
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        if shown:
            parts.append(f"{name.removesuffix('_id').removesuffix('_name')} {shown}")
    return "; ".join(parts)


async def audit(call: Call, follow: bool, limit: int | None, since: str | None) -> None:
    """Show what was done at this node, oldest first: scans, clones, pulls, refusals, changes of trust and rights, logins.

    What peers can repeat (scans, refusals, connections) is told once an hour, with how many times it was.
    """
    start = None if since is None else moment(since, call.out.clock.now())
    if follow and limit is None and start is None:
        limit = BEFORE_FOLLOWING
    newest = await call.api.audit.list(1) if follow else ()
    rows = await call.api.audit.list(limit, start)
    if not follow:
        await call.out.table(
            rows,
            _json,
            [
                Column("ID", lambda row: str(row.id), to_the_right=True),
                Column("TIME", lambda row: call.out.ago(row.time)),
                Column("TOPIC", lambda row: row.topic),
                Column("WHAT", _what, wraps=True),
            ],
            "Nothing was noted.",
        )
        return
    for row in rows:
        await _tell(call, row)
    # From a known entry on, so that none between two questions is missed.
    async with call.api.audit.follow(max((row.id for row in (*newest, *rows)), default=0)) as entries:
        async for row in entries:
            await _tell(call, row)


async def _tell(call: Call, row: AuditView) -> None:
    human = f"{rfc3339(row.time)}  {row.topic}  {safe_text(_what(row), 1200)}".rstrip()
    await call.out.text(to_json(_json(row)) if call.out.as_json else human)


def add_to(root: Noun) -> None:
    """It stands at the root."""
    verb(
        root,
        "audit",
        flag("--follow", "Go on and tell what is done from now on, one line (or JSON document) each."),
        option("--limit", "At most so many, the newest.", "N", kind=POSITIVE),
        option("--since", "Only from this time on: `2h` or `7d` ago, a date, or RFC 3339.", "TIME"),
    )(audit)
