"""What stands in a vault where secrets are to go: what is in the way, and what would be replaced. Desk work, reads only."""

from __future__ import annotations

from pk_tui.safe_text import safe_text
from pk_tui.terms import Change, SecretPath
from pk_tui.vault.entries import DIRECTORY, fields
from pk_tui.vault.objects import Kind, ObjectSource, Oid


class Standing:
    """Of one version. Each directory is read once, when a secret goes into it."""

    def __init__(self, source: ObjectSource, tree: Oid) -> None:
        self._source = source
        self._free: set[tuple[str, ...]] = set()
        """Directories that are not there, and nothing is in their way."""
        self._directories: dict[tuple[str, ...], dict[bytes, tuple[bool, Oid]] | None] = {(): self._read(tree)}

    def _read(self, oid: Oid) -> dict[bytes, tuple[bool, Oid]]:
        found = {}
        for mode, name, child in fields(self._source.body(oid)):
            is_tree = mode == DIRECTORY and self._source.facts(child).kind is Kind.TREE
            found[name] = (is_tree, child)
        return found

    def _directory(self, parts: tuple[str, ...]) -> dict[bytes, tuple[bool, Oid]] | None:
        if parts not in self._directories:
            above = self._directory(parts[:-1])
            entry = above.get(parts[-1].encode()) if above else None
            self._directories[parts] = self._read(entry[1]) if entry and entry[0] else None
        return self._directories[parts]

    def _at(self, parts: tuple[str, ...]) -> tuple[bool, Oid] | None:
        above = self._directory(parts[:-1])
        return above.get(parts[-1].encode()) if above else None

    def obstacle(self, path: SecretPath) -> str | None:
        """Why no secret can be put there, or None."""
        parent = path.parent
        if parent in self._free:
            return None
        directory = self._directory(parent)
        if directory is not None:
            here = directory.get(path.name.encode()) if directory else None
            return "the vault has a directory of this name" if here and here[0] else None
        for depth in range(1, len(path.parts)):
            entry = self._at(path.parts[:depth])
            if entry is None:
                self._free.add(parent)
                return None
            if not entry[0]:
                above = safe_text("/".join(path.parts[:depth]), 300)
                return f"“{above}” in the vault is a secret, so nothing can lie below it"
        return None

    def change(self, path: SecretPath, oid: Oid) -> Change | None:
        here = self._at(path.parts)
        if here is None:
            return Change.ADDED
        return None if here[1] == oid else Change.MODIFIED
