"""Values on their way out of the agent: never more than asked for, and whether they are text that can be shown."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

from pk_tui.api.facade import AgentApi
from pk_tui.api.item_text import written_out
from pk_tui.api.items import ITEM_BEGINS
from pk_tui.errors import Malformed, Misuse
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath

SHOWN_AT_MOST = 64 * 1024
"""Bytes of a value that are shown or copied; more than a person reads, and laid out at once."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """A value from its first byte: all of it if it has at most the limit, else more than the limit and perhaps not all."""

    value: Plaintext
    whole: bool


async def read_beginning(api: AgentApi, vault: str, path: SecretPath, limit: int = SHOWN_AT_MOST) -> Beginning:
    """Read until it ends or is longer than `limit` bytes: of a secret of any size no more than the first piece or two (of 1 MiB)
    come into memory. Raises what the agent raises."""
    pieces: list[Plaintext] = []
    size = 0
    async with aclosing(cast("AsyncGenerator[Plaintext, None]", api.secrets.read(vault, path))) as reading:
        async for piece in reading:
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                return Beginning(Plaintext(b"".join(one.reveal() for one in pieces)), False)
    return Beginning(Plaintext(b"".join(one.reveal() for one in pieces)), True)


async def read_as_text(api: AgentApi, vault: str, path: SecretPath) -> Beginning:
    """As `read_beginning`, but an item is written out: a line for each slot."""
    found = await read_beginning(api, vault, path)
    if not (found.whole and found.value.reveal().startswith(ITEM_BEGINS)):
        return found
    try:
        item = await api.items.get(vault, path)
    except (Malformed, Misuse):  # it only begins as one
        return found
    return Beginning(Plaintext.of_text(written_out(item, labels=True)), True)


def is_text(found: Beginning) -> bool:
    """UTF-8 to the letter, without the zero bytes that no text has. Of a beginning: as far as it goes."""
    value = found.value.reveal()
    if b"\0" in value:
        return False
    try:
        getincrementaldecoder("utf-8")().decode(value, found.whole)
    except UnicodeDecodeError:
        return False
    return True
