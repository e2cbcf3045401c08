"""How far every lineage and every vault of a node had come, as the witness remembers it beside the database.

A *lineage's* floor is for good: no second head of one number is signed, and none below it is believed, even after all its vaults
are deleted. A *vault's* floor says how far that one vault was, so that a check can tell one that went back from one that is only
behind another clone; it ends when the vault is deleted. Writing it down is `witness`'.
"""

from __future__ import annotations

from collections.abc import Set

from pk_tui.store.witness import Remembered, VaultFloor
from pk_tui.terms import LineageId


class Floors:
    """Head sequences seen, which only rise. Starts with what the witness remembers; None if there is none."""

    def __init__(self, remembered: Remembered | None) -> None:
        self._lineages = {} if remembered is None else dict(remembered.heads)
        self._vaults: dict[bytes, VaultFloor] = {}
        self._of_nobody = False
        if remembered is not None:
            self._of_nobody = remembered.vaults is None
            self._vaults.update(remembered.vaults or {})

    def of_lineage(self, lineage: LineageId) -> int:
        """0 for one that was never seen."""
        return self._lineages.get(lineage, 0)

    def of_vault(self, uid: bytes, lineage: LineageId) -> int:
        """0 for a vault that was never seen with this lineage: one that is restored gets another."""
        floor = self._vaults.get(uid)
        return floor.sequence if floor is not None and floor.lineage == lineage else 0

    def note(self, uid: bytes, lineage: LineageId, sequence: int) -> None:
        """The vault of this local name has this head now."""
        self._lineages[lineage] = max(sequence, self.of_lineage(lineage))
        self._vaults[uid] = VaultFloor(lineage, max(sequence, self.of_vault(uid, lineage)))

    def end(self, uid: bytes) -> None:
        """The vault is deleted."""
        self._vaults.pop(uid, None)

    def settle(self, present: Set[bytes]) -> None:
        """Called once all vaults were noted. `present`: the local names of all that are there, readable or not. Floors of others
        end: their deletion was not witnessed any more, or an older state was accepted."""
        for uid in self._vaults.keys() - present:
            self.end(uid)
        if self._of_nobody:
            self._share_out()
            self._of_nobody = False

    def remembered(self, gen: int) -> Remembered:
        """What the witness is to hold with the database at this version."""
        return Remembered(gen, dict(self._lineages), dict(self._vaults))

    def _share_out(self) -> None:
        # A witness of the first form does not say whose a lineage's floor was. If no vault is as far any more, each may have
        # been: rather a warning too many, which ends with the vault's next version, than one too few.
        furthest: dict[LineageId, int] = {}
        for floor in self._vaults.values():
            furthest[floor.lineage] = max(floor.sequence, furthest.get(floor.lineage, 0))
        for uid, floor in self._vaults.items():
            if furthest[floor.lineage] < self.of_lineage(floor.lineage):
                self._vaults[uid] = VaultFloor(floor.lineage, self.of_lineage(floor.lineage))
