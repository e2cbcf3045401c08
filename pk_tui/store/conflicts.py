"""Secrets that a merge found changed on both sides and that wait for a decision, by vault.

They lie in pages, so that a vault with many of them costs few rows, and one that is decided rewrites one page. A head row per
vault says how many there are without a page being opened. Written within the transaction of the commit that made or decided
them. Which side stays is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated

from pk_tui.errors import Misuse
from pk_tui.records import U32, Bytes20, Bytes32, Meta, Record, Time, decode, encode
from pk_tui.store.shelf import Number, Shelf, ShelfRoom
from pk_tui.terms import MAX_PATH_BYTES, SecretPath, VaultId

MAX_CONFLICTS = 10_000
"""In one vault: more than anybody decides one by one, and what a hostile upstream can make us keep."""
_PAGE = 32
"""Conflicts on one page: about 4 KiB with paths as people have them."""
_LIMIT = 128 * 1024
"""Bytes of a page or head row: 32 of the longest paths, or a page number for each conflict there may be."""


class OpenConflict(Record, frozen=True, tag="conflict1"):
    """One secret. The commits hold it as each side had it, and as it was before they parted; None where it was not there. `node`
    and `time`: who made the other side's version, and when."""

    path: Annotated[str, Meta(min_length=1, max_length=MAX_PATH_BYTES)]
    base: Bytes20 | None
    ours: Bytes20 | None
    theirs: Bytes20 | None
    node: Bytes32
    time: Time


class _Head(Record, frozen=True, tag="conflicthead1"):
    count: U32
    pages: Annotated[tuple[U32, ...], Meta(max_length=MAX_CONFLICTS)]


class _Page(Record, frozen=True, tag="conflictpage1"):
    entries: Annotated[tuple[OpenConflict, ...], Meta(min_length=1, max_length=_PAGE)]


class ConflictTable:
    def __init__(self, room: ShelfRoom) -> None:
        self._room = room
        self._shelf = Shelf(room, Number.CONFLICTS)

    def count(self, vault_id: VaultId) -> int:
        return self._head(vault_id).count

    def list(self, vault_id: VaultId) -> list[OpenConflict]:
        """In the order of paths."""
        found = [entry for _, page in self._pages(vault_id) for entry in page]
        return sorted(found, key=lambda entry: entry.path.split("/"))

    def get(self, vault_id: VaultId, path: SecretPath) -> OpenConflict | None:
        return next((entry for entry in self.list(vault_id) if entry.path == str(path)), None)

    def change(self, vault_id: VaultId, gone: Collection[str], come: Sequence[OpenConflict] = ()) -> None:
        """Remove those at the paths `gone`, then add `come`, each in the place of what is known of its path. Misuse, and nothing
        changed, if there are then more than MAX_CONFLICTS."""
        leaving = {*gone, *(entry.path for entry in come)}
        pages = dict(self._pages(vault_id))
        changed: dict[int, tuple[OpenConflict, ...]] = {}
        for number, page in pages.items():
            left = tuple(entry for entry in page if entry.path not in leaving)
            if len(left) != len(page):
                changed[number] = left
        first = max(pages, default=-1) + 1
        for at in range(0, len(come), _PAGE):
            changed[first + at // _PAGE] = tuple(come[at : at + _PAGE])
        pages.update(changed)
        count = sum(map(len, pages.values()))
        if count > MAX_CONFLICTS:
            raise Misuse(
                f"More than {MAX_CONFLICTS} secrets of this vault were changed on both sides. Nothing was changed; decide some "
                "of those that wait first, or make the two sides alike by hand."
            )
        with self._room.ledger.transaction():
            for number, entries in changed.items():
                if entries:
                    self._shelf.put(_name(vault_id, number), encode(_Page(entries)))
                else:
                    self._shelf.remove(_name(vault_id, number))
            if count:
                left_pages = tuple(number for number, page in pages.items() if page)
                self._shelf.put(vault_id.raw, encode(_Head(count, left_pages)))
            else:
                self._shelf.remove(vault_id.raw)

    def remove_vault(self, vault_id: VaultId) -> None:
        """The vault is deleted."""
        head = self._head(vault_id)
        with self._room.ledger.transaction():
            for number in head.pages:
                self._shelf.remove(_name(vault_id, number))
            self._shelf.remove(vault_id.raw)

    def _head(self, vault_id: VaultId) -> _Head:
        raw = self._shelf.get(vault_id.raw)
        return _Head(0, ()) if raw is None else decode(_Head, raw, _LIMIT)

    def _pages(self, vault_id: VaultId) -> Iterator[tuple[int, tuple[OpenConflict, ...]]]:
        for number in self._head(vault_id).pages:
            raw = self._shelf.get(_name(vault_id, number))
            if raw is not None:
                yield number, decode(_Page, raw, _LIMIT).entries


def _name(vault_id: VaultId, page: int) -> bytes:
    return vault_id.raw + page.to_bytes(4, "big")
