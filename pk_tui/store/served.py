"""Which versions of a vault each node was given: what someone has seen cannot be found out later.

One row per vault and node holds the newest entries; when it is full they move to a row of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pk_tui.clock import Instant
from pk_tui.records import U32, Bytes16, Bytes20, Bytes32, Meta, Record, Time, decode, encode, replace
from pk_tui.store.shelf import Number, Shelf, ShelfRoom
from pk_tui.terms import CommitId, LineageId, NodeId, VaultId

_ROW = 32
"""Entries in one row: about 4 KiB."""


class Served(Record, frozen=True, tag="served1"):
    """One transfer: the node now has `new`, and had `old` before (None: nothing)."""

    node: Bytes32
    vault_id: Bytes16
    lineage: Bytes32
    old: Bytes20 | None
    new: Bytes20
    time: Time


class _Rows(Record, frozen=True, tag="servedrow1"):
    number: U32
    entries: Annotated[tuple[Served, ...], Meta(min_length=1, max_length=_ROW)]


class ServedTable:
    def __init__(self, room: ShelfRoom) -> None:
        self._room = room
        self._shelf = Shelf(room, Number.SERVED)

    def append(
        self, node: NodeId, vault_id: VaultId, lineage: LineageId, old: CommitId | None, new: CommitId, time: Instant
    ) -> None:
        entry = Served(node.raw, vault_id.raw, lineage.raw, old.raw if old else None, new.raw, time)
        name = vault_id.raw + node.raw
        with self._room.ledger.transaction():
            row = self._newest(name)
            if row is None:
                row = _Rows(0, (entry,))
            elif len(row.entries) < _ROW:
                row = _Rows(row.number, (*row.entries, entry))
            else:
                self._shelf.put(name + row.number.to_bytes(4, "big"), encode(row))
                row = _Rows(row.number + 1, (entry,))
            self._shelf.put(name, encode(row))

    def latest(self, node: NodeId, vault_id: VaultId) -> Served | None:
        """What the node was given last."""
        row = self._newest(vault_id.raw + node.raw)
        return None if row is None else row.entries[-1]

    def list(self, vault_id: VaultId) -> list[Served]:
        """All entries of a vault, oldest first by number for each node."""
        rows = [
            (name, decode(_Rows, raw, _ROW * 256)) for name, raw in self._shelf.items() if name[:16] == vault_id.raw
        ]
        rows.sort(key=lambda row: (row[0][16:48], row[1].number))
        return [entry for _, row in rows for entry in row.entries]

    def replace_versions(self, vault_id: VaultId, replaced: Mapping[bytes, bytes]) -> None:
        """Let entries of a vault whose history was written anew name the new versions: old commit to new."""
        with self._room.ledger.transaction():
            for name, raw in [row for row in self._shelf.items() if row[0][:16] == vault_id.raw]:
                row = decode(_Rows, raw, _ROW * 256)
                entries = tuple(
                    replace(
                        entry,
                        old=None if entry.old is None else replaced.get(entry.old, entry.old),
                        new=replaced.get(entry.new, entry.new),
                    )
                    for entry in row.entries
                )
                self._shelf.put(name, encode(_Rows(row.number, entries)))

    def _newest(self, name: bytes) -> _Rows | None:
        raw = self._shelf.get(name)
        return None if raw is None else decode(_Rows, raw, _ROW * 256)
