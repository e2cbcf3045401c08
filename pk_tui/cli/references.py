"""References to secrets in a text: `pk://VAULT/PATH`, found and filled. Pure: which value one stands for is the caller's to ask.

A reference ends at white space, a quote, a backquote or an angle bracket. Such characters in a name, and `#` and `%`, are written
as in a web address (`%20`). What follows a `#` names a slot of an item; `VAULT@COMMIT` is an earlier version.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from pk_tui.errors import Misuse
from pk_tui.safe_text import safe_text
from pk_tui.terms import SecretPath

_REFERENCE = re.compile(rb"pk://[^\s\"'`<>]+")


@dataclass(frozen=True, slots=True)
class Reference:
    """A secret, or one slot of an item, that a text refers to: its vault's name or id, perhaps `@COMMIT`, and its path, the last
    name of which ends in `#slot` for a slot."""

    vault: str
    path: SecretPath


def written_references(text: bytes) -> list[bytes]:
    """Everything that is written like a reference, each once, in the order of the text."""
    return list(dict.fromkeys(_REFERENCE.findall(text)))


def filled(text: bytes, values: Mapping[bytes, bytes]) -> bytes:
    """The text with each reference replaced by its value. Values are taken as they are: what is in them refers to nothing."""
    return _REFERENCE.sub(lambda match: values[match[0]], text)


def read(written: bytes) -> Reference:
    """What one reference means. Raises Misuse, quoting it."""
    shown = safe_text(written, 300)
    body, hash_, slot = written.removeprefix(b"pk://").partition(b"#")
    vault, slash, path = body.partition(b"/")
    if not vault or not slash or not path.strip(b"/"):
        raise Misuse(
            f"“{shown}” does not name a secret. A reference is written as pk://VAULT/PATH or pk://VAULT/PATH#SLOT."
        )
    try:
        named = SecretPath.parse(unquote_to_bytes(path).decode())
        if hash_:
            named = SecretPath.of((*named.parent, f"{named.name}#{_slot(slot, shown)}"))
        return Reference(unquote_to_bytes(vault).decode(), named)
    except UnicodeDecodeError as error:
        raise Misuse(f"“{shown}” is not valid UTF-8 text.") from error


def _slot(written: bytes, shown: str) -> str:
    """Raises Misuse for what cannot be a slot's name: then it would name another secret."""
    name = unicodedata.normalize("NFC", unquote_to_bytes(written).decode())
    if not name or "/" in name or "#" in name:
        raise Misuse(
            f"“{shown}” does not name a slot after its “#”. A reference to one is written as pk://VAULT/PATH#SLOT."
        )
    return name
