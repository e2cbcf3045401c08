"""The changes made in this window, in their order, so that the last one can be taken back and made again. Names of versions
only, never a value; what taking back means is the agent's affair."""

from __future__ import annotations

from dataclasses import dataclass

from pk_tui.api.views import ConflictView, Take
from pk_tui.terms import CommitId, VaultId

KEPT = 100
"""Changes that can be taken back one after the other."""

Made = tuple[VaultId, CommitId]


@dataclass(frozen=True, slots=True)
class Decision:
    """The conflicts as they were, so that they can wait again, and how they were decided, so that it can be done again."""

    vault: VaultId
    conflicts: tuple[ConflictView, ...]
    take: Take


@dataclass(frozen=True, slots=True)
class Change:
    """What one verb did: the versions it made, one in each vault it changed, in the order in which they were made."""

    made: tuple[Made, ...]
    decided: Decision | None = None
    """The conflicts that it decided, with at most one version: of those where ours stays none is made."""


class Undo:
    def __init__(self) -> None:
        self._done: list[Change] = []
        self._undone: list[Change] = []

    def note(self, *made: tuple[VaultId, CommitId | None], decided: Decision | None = None) -> None:
        """Something was changed; None for a vault that was left as it is. What was taken back before cannot be made again."""
        versions = tuple((vault, commit) for vault, commit in made if commit is not None)
        if versions or decided is not None:
            self._put(self._done, Change(versions, decided))
            self._undone.clear()

    @property
    def last_done(self) -> Change | None:
        return self._done[-1] if self._done else None

    @property
    def last_undone(self) -> Change | None:
        return self._undone[-1] if self._undone else None

    def taken_back(self, change: Change, by: Change | None) -> None:
        """The change is no longer the last one; `by` is what took it back, or None if it cannot be."""
        self._moved(self._done, self._undone, change, by)

    def made_again(self, change: Change, by: Change | None) -> None:
        self._moved(self._undone, self._done, change, by)

    def _moved(self, source: list[Change], target: list[Change], change: Change, by: Change | None) -> None:
        if change in source:
            source.remove(change)
        if by is not None and (by.made or by.decided is not None):
            self._put(target, by)

    def _put(self, changes: list[Change], change: Change) -> None:
        changes.append(change)
        del changes[:-KEPT]
