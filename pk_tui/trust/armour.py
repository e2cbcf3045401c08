"""How an identity statement looks where it is published: one word of plain letters, which survives in a gist, a web page and a
DNS record, and is found again between whatever else stands there.

    pk-tui-identity1.<base64url of the statement, no padding>.

The dot at the end shows that nothing was cut off.
"""

from __future__ import annotations

import re

from pk_tui.crypto.base64url import spelled, unspelled
from pk_tui.errors import Malformed
from pk_tui.trust.identity import IdentityStatement, read_identity
from pk_tui.trust.statement import STATEMENT_LIMIT

LOOKED_AT = 64 * 1024
"""Bytes of a text, from its start, in which statements are sought."""
MOST_CANDIDATES = 16
"""Words that look like a statement and are tried; each may cost the check of a signature."""

_MARK = "pk-tui-identity1."
_WORD = re.compile(rb"(?<![0-9A-Za-z_.-])pk-tui-identity1\.([0-9A-Za-z_-]{1,%d})\." % (-(-STATEMENT_LIMIT * 4 // 3)))


def armoured(statement: bytes) -> str:
    """The one form of a statement in text."""
    return f"{_MARK}{spelled(statement)}."


def find_statements(text: bytes) -> tuple[IdentityStatement, ...]:
    """The statements in a text, verified, each once and in the order in which they stand. What is none is passed over.

    Whose they are to be, and of which account, is the caller's question.
    """
    found: dict[bytes, IdentityStatement] = {}
    tried = 0
    for word in _WORD.finditer(text[:LOOKED_AT]):
        tried += 1
        if tried > MOST_CANDIDATES:
            break
        try:
            statement = read_identity(unspelled(word[1].decode("ascii")))
        except Malformed:
            continue
        found.setdefault(statement.digest, statement)
    return tuple(found.values())
