"""The names of everything that can be gone to: vaults, directories, secrets, nodes. Never a value.

Read once for each version of a vault and kept for as long as the node is open; how names are searched is `fuzzy`'s affair.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pk_tui.api.facade import AgentApi
from pk_tui.api.views import EntryView, NodeView, VaultView
from pk_tui.errors import Locked, PkError
from pk_tui.terms import CommitId, NodeId, SecretPath, VaultId
from pk_tui.tui.fuzzy import Name
from pk_tui.tui.messages import Subject

CHOSEN_KEPT = 10


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is. `path` is empty for a vault itself; it is parsed only once it is gone to."""

    kind: str
    vault_id: VaultId | None = None
    path: str = ""
    node_id: NodeId | None = None

    @property
    def pane(self) -> str:
        return "vaults" if self.vault_id else "nodes"

    @property
    def subject(self) -> Subject:
        if self.vault_id is None:
            assert self.node_id is not None
            return self.node_id
        return (self.vault_id, SecretPath.parse(self.path)) if self.path else self.vault_id


Named = Name[Place]
_Version = tuple[CommitId | None, str]
"""What the names of a vault depend on: its head, and its own name."""


class NameIndex:
    def __init__(self) -> None:
        self._vaults: dict[VaultId, tuple[_Version | None, list[Named]]] = {}
        self._nodes: list[Named] = []
        self._chosen: deque[Place] = deque(maxlen=CHOSEN_KEPT)
        self.unread: tuple[str, ...] = ()
        """Vaults that could not be read when last tried."""

    def names(self) -> list[Named]:
        return [*(name for _, names in self._vaults.values() for name in names), *self._nodes]

    def chosen(self) -> list[Named]:
        """What was chosen last, newest first, as far as it is still there."""
        known = {name.of: name for name in self.names()} if self._chosen else {}
        return [known[place] for place in self._chosen if place in known]

    def choose(self, place: Place) -> None:
        if place in self._chosen:
            self._chosen.remove(place)
        self._chosen.appendleft(place)

    async def refresh(
        self, api: AgentApi, vaults: Sequence[VaultView], nodes: Sequence[NodeView], step: Callable[[int, int], None]
    ) -> None:
        """Read what is not known yet in its present version. `step` is told after every vault: how many of how many."""
        self._nodes = [_node_name(node) for node in nodes]
        present = {vault.vault_id for vault in vaults}
        for gone in self._vaults.keys() - present:
            del self._vaults[gone]
        stale = [vault for vault in vaults if self._version(vault.vault_id) != (vault.head, vault.name)]
        unread: list[str] = []
        for number, vault in enumerate(stale, 1):
            entries: Sequence[EntryView] = ()
            version: _Version | None = (vault.head, vault.name)
            try:
                if vault.head is not None:
                    entries = await api.secrets.list(str(vault.vault_id), recursive=True)
            except Locked:
                raise
            except PkError:  # damaged, or deleted meanwhile: the others are found all the same
                unread.append(vault.name)
                version = None
            # In a thread: ten thousand names take a moment.
            names = await asyncio.to_thread(_vault_names, vault, entries)
            self._vaults[vault.vault_id] = version, names
            step(number, len(stale))
        self.unread = tuple(unread)

    def _version(self, vault_id: VaultId) -> _Version | None:
        known = self._vaults.get(vault_id)
        return known and known[0]


def _vault_names(vault: VaultView, entries: Sequence[EntryView]) -> list[Named]:
    names = [Name(vault.name, Place("vault", vault.vault_id))]
    for entry in entries:
        kind, ending = ("directory", "/") if entry.is_directory else ("secret", "")
        names.append(Name(f"{vault.name}:{entry.path}{ending}", Place(kind, vault.vault_id, entry.path)))
    return names


def _node_name(node: NodeView) -> Named:
    return Name(node.petname or str(node.node_id), Place("node", node_id=node.node_id))
