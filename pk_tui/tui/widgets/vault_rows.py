"""What stands in the tree of vaults: which rows there are, which branches are open, what the filter leaves. No widget in here.

Listings are read by whoever owns this, one branch at a time: `next_unread` names the one that is needed next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from rich.cells import cell_len

from pk_tui.api.views import EntryView, OriginView, VaultView
from pk_tui.safe_text import safe_text
from pk_tui.terms import CommitId, NodeId, SecretPath, VaultId
from pk_tui.tui.remedies import in_keys
from pk_tui.tui.text import counted, size

ROWS_AT_MOST = 5_000
"""Rows shown of one branch. More are slow to lay out and nobody reads them: the filter and the search find them."""
FILTERED_AT_MOST = 500
"""The same while a filter leaves only some: they change with every key, and another letter leaves fewer."""


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A place in the tree: a vault, or something in it."""

    vault: VaultId
    parts: tuple[str, ...] = ()

    @property
    def path(self) -> SecretPath | None:
        """None for the vault itself. Raises Misuse if it is no path."""
        return SecretPath.of(self.parts) if self.parts else None

    @property
    def above(self) -> Iterator[Spot]:
        """The branches it lies in, the vault first."""
        return (Spot(self.vault, self.parts[:depth]) for depth in range(len(self.parts)))


class RowKind(Enum):
    VAULT = "vault"
    DIRECTORY = "directory"
    SECRET = "secret"  # noqa: S105 - a word
    NOTE = "note"
    """What there is to say of a branch, as its only or last row."""


class Fact(NamedTuple):
    """Something said beside a name. Where there is no room for all, they are said in short, and then those of less weight give
    way."""

    text: str
    weight: int
    tone: str = "dim"
    """`dim`, `warning` or `error`."""
    short: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """`name` is raw; whoever shows it makes it safe. `size` in bytes."""

    spot: Spot
    kind: RowKind
    name: str
    size: int = 0
    facts: tuple[Fact, ...] = ()

    @property
    def key(self) -> tuple[Spot, RowKind]:
        return self.spot, self.kind

    @property
    def is_branch(self) -> bool:
        return self.kind in (RowKind.VAULT, RowKind.DIRECTORY)

    @property
    def directory(self) -> tuple[str, ...]:
        """Where something new beside or in it would lie."""
        return self.spot.parts if self.kind is not RowKind.SECRET else self.spot.parts[:-1]


def clone_names(vaults: Iterable[VaultView]) -> dict[OriginView, str]:
    """What the vaults of others are called here, by their clones; safe to show."""
    return {one.origin: safe_text(one.name, 40) for one in vaults if one.origin is not None and one.read_only}


def facts_of(
    vault: VaultView, name_of: Callable[[NodeId], str], clones: Mapping[OriginView, str] | None = None
) -> tuple[Fact, ...]:
    """What a vault's row says: how much is in it, whose it is, who else has it, and what is wrong or waits. `clones`: what the
    vaults that forks are of are called here."""
    facts = [] if vault.damaged else [Fact(counted(vault.secrets, "secret"), 4, short=f"{vault.secrets:,}")]
    if vault.origin is not None and vault.fork:
        name, whose = (clones or {}).get(vault.origin), name_of(vault.origin.node_id)
        facts.append(Fact(f"fork of {name} at {whose}" if name else f"fork of {whose}", 6, short="fork"))
    elif vault.origin is not None:
        whose = name_of(vault.origin.node_id)
        facts.append(Fact(f"clone of {whose}", 6, short=f"of {whose}"))
    elif not vault.read_only:
        facts.append(Fact("own", 1))
    if vault.read_only:
        facts.append(Fact("read only", 7))
    if vault.shared_with:
        facts.append(Fact(counted(vault.shared_with, "share"), 5))
    if vault.behind:
        facts.append(Fact(f"{vault.behind:,} behind", 8, "warning"))
    if vault.conflicts:
        facts.append(Fact(f"! {counted(vault.conflicts, 'conflict')}", 10, "warning"))
    if vault.damaged:
        facts.append(Fact("damaged", 9, "error"))
    return tuple(facts)


def fitting(facts: Sequence[Fact], room: int) -> list[Fact]:
    """Those that fit into `room` cells, two cells apart; the lightest go first."""
    left = list(facts)
    if _length(left) > room:
        left = [fact._replace(text=fact.short or fact.text) for fact in left]
    while left and _length(left) > room:
        left.remove(min(left, key=lambda fact: fact.weight))
    return left


def _length(facts: Iterable[Fact]) -> int:
    return sum(cell_len(fact.text) + 2 for fact in facts)


class _Entry(NamedTuple):
    name: str
    folded: str
    is_directory: bool
    size: int


@dataclass(slots=True)
class _Listing:
    head: CommitId | None
    entries: tuple[_Entry, ...] = ()
    directories: frozenset[str] = frozenset()
    failure: str | None = None
    stale: bool = False
    rows: list[Row] | None = None
    """What is shown of it without a filter, once that was asked for."""


def _entries(listed: Iterable[EntryView]) -> tuple[_Entry, ...]:
    """Directories first, then by name as people sort, whatever the case."""
    found = []
    for one in listed:
        name = one.path.rpartition("/")[2]
        found.append(_Entry(name, name.casefold(), one.is_directory, one.size))
    return tuple(sorted(found, key=lambda entry: (not entry.is_directory, entry.folded)))


class VaultRows:
    def __init__(self, name_of: Callable[[NodeId], str]) -> None:
        self._name_of = name_of
        self._vaults: dict[VaultId, VaultView] = {}
        self._clones: dict[OriginView, str] = {}
        self._listings: dict[Spot, _Listing] = {}
        self.opened: set[Spot] = set()
        self.slow: set[Spot] = set()
        """Branches that are being read for long enough to say so."""
        self.filter = ""
        self._words: tuple[str, ...] = ()
        self._before: set[Spot] | None = None
        """What was open when the filter began."""
        self._left: dict[Spot, bool] = {}
        """Which branches have something in them that the filter leaves; forgotten with every change."""

    # What comes in

    def take(self, vaults: Iterable[VaultView]) -> None:
        """The vaults there are now. What was read of one that has changed stays until it was read again."""
        self._vaults = {vault.vault_id: vault for vault in vaults}
        self._clones = clone_names(self._vaults.values())
        self._listings = {spot: listing for spot, listing in self._listings.items() if spot.vault in self._vaults}
        self._left.clear()

    def listed(self, branch: Spot, head: CommitId | None, entries: Iterable[EntryView]) -> None:
        """What a branch holds in the version `head`."""
        found = _entries(entries)
        names = frozenset(entry.name for entry in found if entry.is_directory)
        self._listings[branch] = _Listing(head, found, names)
        self.slow.discard(branch)
        self._left.clear()

    def failed(self, branch: Spot, head: CommitId | None, says: str) -> None:
        self._listings[branch] = _Listing(head, failure=says)
        self.slow.discard(branch)
        self._left.clear()

    def doubt(self) -> None:
        """Everything is to be read again."""
        for listing in self._listings.values():
            listing.stale = True

    # What is open

    def set_open(self, branch: Spot, is_open: bool) -> None:
        (self.opened.add if is_open else self.opened.discard)(branch)

    def is_open(self, branch: Spot) -> bool:
        return branch in self.opened

    def reveal(self, spot: Spot) -> None:
        """Open everything above a spot."""
        self.opened.update(spot.above)

    def narrow(self, text: str, cursor: Spot | None = None) -> None:
        """Leave only what has all the words of `text` in its path, and open the branches it is in. Without words everything is
        as it was, with what `cursor` is in open."""
        words = tuple(text.casefold().split())
        if words and self._before is None:
            self._before = set(self.opened)
        self.filter, self._words = text, words
        self._left.clear()
        if self._before is None:
            return
        self.opened = set(self._before)
        if not words:
            self._before = None
            if cursor is not None:
                self.reveal(cursor)
        else:
            self.opened |= {branch for branch in self._listings if self._hits_in(branch)}

    # What is to be shown, and what has to be read for it

    def vault(self, vault: VaultId) -> VaultView | None:
        return self._vaults.get(vault)

    @property
    def empty(self) -> bool:
        return not self._vaults

    def next_unread(self) -> Spot | None:
        """The next open branch that was not read, or has changed since; those above others first."""
        for branch in sorted(self.opened, key=lambda spot: len(spot.parts)):
            vault = self._vaults.get(branch.vault)
            if vault is None or vault.damaged is not None or not self._reaches(branch):
                continue
            listing = self._listings.get(branch)
            if listing is None or listing.stale or listing.head != vault.head:
                return branch
        return None

    def rows(self, branch: Spot | None = None) -> list[Row]:
        """What shows below an open branch; without one, the vaults."""
        if branch is None:
            return [
                Row(Spot(one.vault_id), RowKind.VAULT, one.name, 0, facts_of(one, self._name_of, self._clones))
                for one in self._vaults.values()
                if self._is_left(Spot(one.vault_id), one.name.casefold(), True)
            ]
        vault, listing = self._vaults[branch.vault], self._listings.get(branch)
        if vault.damaged is not None:
            return [self._note(branch, in_keys(vault.damaged))]
        if listing is None:
            return [self._note(branch, "Reading…")] if branch in self.slow else []
        if listing.failure is not None:
            return [self._note(branch, listing.failure)]
        if not listing.entries:
            return [self._note(branch, "Nothing in here." if vault.read_only else "Nothing in here: n makes a secret.")]
        left = self._entries_left(branch, listing)
        if left is listing.entries and not self._words:
            if listing.rows is None:
                listing.rows = self._rows_of(branch, left, ROWS_AT_MOST)
            return listing.rows
        return self._rows_of(branch, left, FILTERED_AT_MOST)

    def _rows_of(self, branch: Spot, left: Sequence[_Entry], at_most: int) -> list[Row]:
        rows = [
            Row(
                Spot(branch.vault, (*branch.parts, entry.name)),
                RowKind.DIRECTORY if entry.is_directory else RowKind.SECRET,
                entry.name,
                entry.size,
                (Fact(size(entry.size), 1),),
            )
            for entry in left[:at_most]
        ]
        if len(left) > at_most:
            how = "another letter leaves fewer" if self._words else "/ narrows, ctrl+f finds"
            rows.append(self._note(branch, f"… {len(left) - at_most:,} more are not shown: {how}."))
        return rows

    @staticmethod
    def _note(branch: Spot, says: str) -> Row:
        return Row(branch, RowKind.NOTE, says)

    def _reaches(self, branch: Spot) -> bool:
        """True if every branch above is open and read, and holds the next."""
        for outer in branch.above:
            listing = self._listings.get(outer)
            if outer not in self.opened or listing is None or branch.parts[len(outer.parts)] not in listing.directories:
                return False
        return True

    # The filter

    def _entries_left(self, branch: Spot, listing: _Listing) -> Sequence[_Entry]:
        prefix = self._folded(branch)
        missing = [word for word in self._words if word not in prefix]
        if not missing:
            return listing.entries
        return [
            entry
            for entry in listing.entries
            if all(word in prefix + entry.folded for word in missing)
            or (entry.is_directory and self._is_left_in(Spot(branch.vault, (*branch.parts, entry.name))))
        ]

    def _is_left(self, spot: Spot, folded: str, is_branch: bool) -> bool:
        return all(word in folded for word in self._words) or (is_branch and self._is_left_in(spot))

    def _is_left_in(self, branch: Spot) -> bool:
        known = self._left.get(branch)
        if known is None:
            listing = self._listings.get(branch)
            known = bool(listing and self._words and self._entries_left(branch, listing))
            self._left[branch] = known
        return known

    def _hits_in(self, branch: Spot) -> bool:
        """True if something in it is left for its own name, and not for that of the branch."""
        prefix = self._folded(branch)
        return any(word not in prefix for word in self._words) and self._is_left_in(branch)

    def _folded(self, branch: Spot) -> str:
        vault = self._vaults.get(branch.vault)
        return "/".join((vault.name if vault else "", *branch.parts, "")).casefold()
