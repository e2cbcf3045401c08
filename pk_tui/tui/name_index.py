"""What can be gone to by a part of its name: vaults and nodes, which are known here, and what the agent finds in the vaults.

Names of secrets are not kept here: the agent is asked with every key. What was chosen last is, for as long as the node is open.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace

from pk_tui.api.facade import AgentApi
from pk_tui.api.views import FoundView, NodeView, VaultView
from pk_tui.errors import Corrupt, NotFound
from pk_tui.fuzzy import Names, Shelf, by_length, lowered, placed, query_of, search
from pk_tui.terms import NodeId, SecretPath, VaultId
from pk_tui.tui.messages import Subject

CHOSEN_KEPT = 10
BEST = 50
"""Rows that are shown of a search."""


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


@dataclass(frozen=True, slots=True)
class Hit:
    """A place with its name. `at`: which characters of the name were typed. If it was found by something else: `what` that is
    (title, tag, user or value), the text of it, and which of its characters were typed."""

    text: str
    of: Place
    score: int = 0
    at: tuple[int, ...] = ()
    what: str = ""
    label: str = ""
    label_at: tuple[int, ...] = ()


class NameIndex:
    def __init__(self) -> None:
        self._local: list[tuple[str, Place]] = []
        self._shelf = Shelf(Names.of(()))
        self._chosen: deque[Hit] = deque(maxlen=CHOSEN_KEPT)

    def take(self, vaults: Iterable[VaultView], nodes: Iterable[NodeView]) -> None:
        """The vaults and nodes there are now. What was chosen in a vault that is gone is forgotten."""
        named = {vault.vault_id: vault.name for vault in vaults}
        local = [(name, Place("vault", vault_id)) for vault_id, name in named.items()]
        known = {node.node_id: node.petname or str(node.node_id) for node in nodes}
        local += [(name, Place("node", node_id=node_id)) for node_id, name in known.items()]
        local.sort(key=lambda row: by_length(row[0]))
        if local != self._local:
            self._local = local
            self._shelf = Shelf(Names.of(name for name, _ in local))
        kept = []
        for hit in self._chosen:
            if hit.of.vault_id in named:
                inside = hit.text.partition(":")[1:] if hit.of.path else ()
                kept.append(replace(hit, text="".join((named[hit.of.vault_id], *inside))))
            elif hit.of.node_id in known:
                kept.append(replace(hit, text=known[hit.of.node_id]))
        self._chosen = deque(kept, CHOSEN_KEPT)

    def chosen(self) -> list[Hit]:
        """What was chosen last, newest first."""
        return list(self._chosen)

    def choose(self, hit: Hit) -> None:
        for same in [one for one in self._chosen if one.of == hit.of]:
            self._chosen.remove(same)
        self._chosen.appendleft(Hit(hit.text, hit.of))

    async def check_chosen(self, api: AgentApi) -> bool:
        """Forget what is no longer there. True if something was."""
        gone = []
        for hit in list(self._chosen):
            if hit.of.path:
                try:
                    await api.secrets.stat(str(hit.of.vault_id), SecretPath.parse(hit.of.path))
                except NotFound:
                    gone.append(hit.of)
                except Corrupt:  # it may be there: going to it will tell
                    continue
        self._chosen = deque((hit for hit in self._chosen if hit.of not in gone), CHOSEN_KEPT)
        return bool(gone)

    def search_local(self, typed: str) -> Generator[None, None, list[Hit]]:
        """Vaults and nodes, best first."""
        matches = yield from search(typed, [self._shelf], BEST)
        return [Hit(match.text, self._local[match.index][1], match.score, match.at) for match in matches]


def merged(typed: str, local: Sequence[Hit], found: Iterable[FoundView]) -> list[Hit]:
    """The best of both, best first."""
    hits = [*local, *(hit_of(typed, view) for view in found)]
    hits.sort(key=lambda hit: (-hit.score, len(hit.text), hit.text))
    return hits[:BEST]


def hit_of(typed: str, view: FoundView) -> Hit:
    """What the agent found, by its whole name."""
    kind, ending = ("directory", "/") if view.is_directory else ("secret", "")
    text = f"{view.vault_name}:{view.path}{ending}"
    place = Place(kind, view.vault_id, str(view.path))
    if view.what == "path":
        return Hit(text, place, view.score, _marks(typed, text))
    return Hit(text, place, view.score, (), view.what, view.label, _marks(typed, view.label))


def _marks(typed: str, text: str) -> tuple[int, ...]:
    """Where the letters stand, the vault's name included, which the agent's `at` leaves out."""
    query = query_of(typed)
    rest = iter(lowered(text))
    return placed(query, text)[1] if query and all(letter in rest for letter in query) else ()
