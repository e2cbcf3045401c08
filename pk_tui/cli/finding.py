"""`secrets find`: where a secret lies of which one knows a few letters."""

from __future__ import annotations

from pk_tui.api.views import FoundView
from pk_tui.cli.call import Call
from pk_tui.cli.commands import POSITIVE, argument, flag, option, verb
from pk_tui.cli.output import Column
from pk_tui.cli.secrets import secrets
from pk_tui.errors import Misuse
from pk_tui.safe_text import safe_text


@verb(
    secrets,
    "find",
    argument("TERM"),
    option("--vault", "Only in this vault.", "VAULT"),
    flag("--values", "Also look for exactly TERM, in any case, inside the values. Reads every one of them."),
    option("--limit", "At most so many, the best first (50).", "N", 50, POSITIVE),
)
async def find(call: Call, term: str, vault: str | None, values: bool, limit: int) -> None:
    """Find secrets by letters of TERM in their order: in the path, or the title, a tag or the user name of an item.

    Every vault is searched. Values are looked into only with --values.
    """
    if not term:
        raise Misuse("Say what to find: TERM is empty.")
    found = await call.api.secrets.find(term, vault=vault, values=values, limit=limit)
    shown = safe_text(term, 80)
    elsewhere = "" if values else " Values were not searched: --values does that."
    await call.out.table(
        found,
        _as_json,
        [
            Column("SECRET", lambda row: f"{row.vault_name}:{row.path}"),
            Column("FOUND IN", _place),
        ],
        f"Nothing has the letters “{shown}” in this order.{elsewhere}",
    )


def _as_json(row: FoundView) -> dict[str, object]:
    return {
        "vault_name": row.vault_name,
        "path": str(row.path),
        "score": row.score,
        "what": row.what,
        "title": row.title,
        "label": row.label,
    }


def _place(row: FoundView) -> str:
    """Where the letters are: `path`, `tag “money”`; for a path also the title of the item there."""
    if row.label:
        return f"{row.what} “{row.label}”"
    return f"{row.what} (“{row.title}”)" if row.title else row.what
