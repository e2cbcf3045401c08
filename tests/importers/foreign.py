"""Short ways to read what an importer found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pk_tui.errors import PkError
from pk_tui.importers.finding import Findings, Found, Skipped
from pk_tui.vault.item import Item, encode_item, parse_item


def items(rows: Findings) -> dict[str, Item]:
    """The items by path; each is one that can be written down."""
    found = {str(row.path): row.content for row in rows if isinstance(row, Found) and isinstance(row.content, Item)}
    for item in found.values():
        assert parse_item(encode_item(item)) == item
    return found


def plain(rows: Findings) -> dict[str, bytes]:
    return {
        str(row.path): row.content.reveal()
        for row in rows
        if isinstance(row, Found) and not isinstance(row.content, Item)
    }


def slots(item: Item) -> dict[str, str]:
    return {slot.name: slot.value.reveal().decode() for slot in item.slots}


def skipped(rows: Findings) -> list[tuple[str, str]]:
    return [(row.name, row.reason) for row in rows if isinstance(row, Skipped)]


@contextmanager
def refused(kind: type[PkError], *words: str) -> Iterator[None]:
    """Exactly this kind, in one sentence that says all these words."""
    with pytest.raises(kind) as caught:
        yield
    assert type(caught.value) is kind
    assert "\n" not in caught.value.message
    for word in words:
        assert word in caught.value.message, caught.value.message


def put(directory: Path, name: str, content: bytes | str) -> Path:
    path = directory / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
