"""References to secrets in a text: `pk://VAULT/PATH`, found and filled. Pure: which value one stands for is the caller's to ask.

A reference ends at white space, a quote, a backquote or an angle bracket. Such characters in a name, and `%`, are written as in a
web address (`%20`). What follows a `#` names a slot of an item.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from pk_tui.errors import Misuse
from pk_tui.safe_text import safe_text
from pk_tui.terms import SecretPath

_REFERENCE = re.compile(rb"pk://[^\s\"'`<>]+")


@dataclass(frozen=True, slots=True)
class Reference:
    """A secret that a text refers to, by its vault's name or id and its path."""

    vault: str
    path: SecretPath


def references(text: bytes) -> dict[bytes, Reference]:
    """Every reference in `text`, by the bytes it is written with. Raises Misuse, quoting it, for one that names no secret."""
    return {found: _read(found) for found in dict.fromkeys(_REFERENCE.findall(text))}


def filled(text: bytes, values: Mapping[bytes, bytes]) -> bytes:
    """The text with each reference replaced by its value. Values are taken as they are: what is in them refers to nothing."""
    return _REFERENCE.sub(lambda match: values[match[0]], text)


def _read(written: bytes) -> Reference:
    shown = safe_text(written, 300)
    body, hash_, _ = written.removeprefix(b"pk://").partition(b"#")
    if hash_:
        raise Misuse(f"“{shown}” names a slot. Items with slots are not in this version; refer to a whole secret.")
    vault, slash, path = body.partition(b"/")
    if not vault or not slash or not path.strip(b"/"):
        raise Misuse(f"“{shown}” does not name a secret. A reference is written as pk://VAULT/PATH.")
    try:
        return Reference(unquote_to_bytes(vault).decode(), SecretPath.parse(unquote_to_bytes(path).decode()))
    except UnicodeDecodeError as error:
        raise Misuse(f"“{shown}” is not valid UTF-8 text.") from error
