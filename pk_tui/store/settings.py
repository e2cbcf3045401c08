"""Small settings of a node by name. What they mean is left to who sets them."""

from __future__ import annotations

from pk_tui.store.shelf import Number, Shelf, ShelfRoom

MAX_SETTING = 16 * 1024
"""Bytes of one setting."""


class SettingsTable:
    def __init__(self, room: ShelfRoom) -> None:
        self._shelf = Shelf(room, Number.SETTINGS)

    def get(self, name: str) -> bytes | None:
        return self._shelf.get(name.encode())

    def put(self, name: str, value: bytes) -> None:
        if len(value) > MAX_SETTING:
            raise ValueError("a setting is at most 16 KiB")
        self._shelf.put(name.encode(), value)
