"""Foreign names as places in a vault: any text whatever becomes one valid name, and no two secrets get the same path."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from pk_tui.safe_text import is_safe_character
from pk_tui.terms import MAX_DEPTH, MAX_NAME_BYTES, MAX_PATH_BYTES, SecretPath, component_fault
from pk_tui.vault.git_names import is_taken_for_git

UNNAMED = "unnamed"
_ROOM = 12
"""Bytes kept free in each name for ` (2)` and the like."""
_MAX = MAX_NAME_BYTES - _ROOM
_DIRECTORIES = MAX_PATH_BYTES - MAX_NAME_BYTES - 1
"""Bytes that the directories of a path have, so that the longest name still fits behind them."""


def component(text: str, instead: str = UNNAMED) -> str:
    """`text` as one component of a path: as it is where that is allowed, else what is nearest to it.

    Slashes become dashes; controls, surrogates and what does not show become `_`; what is too long is cut.
    """
    name = text[: 4 * MAX_NAME_BYTES].replace("/", "-")
    name = "".join(character if is_safe_character(character) else "_" for character in name)
    name = _cut(unicodedata.normalize("NFC", name).strip(), _MAX).strip()
    name = name.strip("_").strip() and name  # nothing but what was replaced says nothing
    if not name:
        return instead
    if set(name) <= {"."} or is_taken_for_git(name):
        return "_" + name[1:] if name[1:] else instead
    if component_fault(name) is None:
        return name
    plain = "".join(character for character in name if not unicodedata.category(character).startswith("M"))
    plain = unicodedata.normalize("NFC", plain).strip()
    return plain if plain and component_fault(plain) is None else instead


def _cut(text: str, limit: int) -> str:
    raw = text.encode()
    return text if len(raw) <= limit else raw[:limit].decode(errors="ignore")


class Places:
    """Gives each secret of one import its path: `directories` and `name` as they are called elsewhere.

    The same directories always lead to the same place. Of two secrets with one name, or a secret and a directory, the later one
    gets ` (2)`. What lies deeper than a vault allows is brought up to the deepest directory that is possible.
    """

    def __init__(self) -> None:
        self._secrets: set[tuple[str, ...]] = set()
        self._directories: dict[tuple[str, ...], tuple[str, ...]] = {(): ()}
        self._made: set[tuple[str, ...]] = {()}
        self._next: dict[tuple[str, ...], int] = {}

    def secret(self, directories: Sequence[str], name: str) -> SecretPath:
        above = self.directory(directories)
        parts = self._free((*above, component(name)), (self._secrets, self._made))
        self._secrets.add(parts)
        return SecretPath.of(parts)

    def directory(self, directories: Sequence[str]) -> tuple[str, ...]:
        """Where the secrets of this directory go. Known before its secrets, it keeps its name and they get another."""
        here: tuple[str, ...] = ()
        for depth, text in enumerate(directories, 1):
            key = tuple(directories[:depth])
            known = self._directories.get(key)
            if known is None:
                wanted = (*here, component(text))
                room = len("/".join(wanted).encode()) + _ROOM <= _DIRECTORIES
                known = self._free(wanted, (self._secrets,)) if room and len(wanted) < MAX_DEPTH else here
                self._directories[key] = known
                self._made.add(known)
            here = known
        return here

    def _free(self, parts: tuple[str, ...], taken: Sequence[set[tuple[str, ...]]]) -> tuple[str, ...]:
        if not any(parts in some for some in taken):
            return parts
        number = self._next.get(parts, 2)
        while any((*parts[:-1], f"{parts[-1]} ({number})") in some for some in taken):
            number += 1
        self._next[parts] = number + 1
        return (*parts[:-1], f"{parts[-1]} ({number})")
