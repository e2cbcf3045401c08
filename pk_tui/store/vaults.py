"""The vaults of a node: found and opened at unlock, made, deleted, and wrapped anew when the root key changes.

A vault comes into being with the first commit to it (`vault`); what was begun and never committed is removed at the next unlock.
Deleting goes the other way round: first the key, then the rest. A vault whose state does not open is listed as damaged and
hides no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from pk_tui.crypto.entropy import random_bytes
from pk_tui.crypto.seal import SealKey
from pk_tui.crypto.wrap import unwrap_key, wrap_key
from pk_tui.errors import AlreadyExists, CannotOpen, Locked, Malformed, NotFound, PkError
from pk_tui.store.database import Database
from pk_tui.store.floors import Floors
from pk_tui.store.framecache import FrameCache
from pk_tui.store.framerows import FrameRows
from pk_tui.store.ledger import Ledger, Part, row_key
from pk_tui.store.schema import VaultRow
from pk_tui.store.vault import VaultFrames, key_place
from pk_tui.store.vaultrecord import VaultRecord
from pk_tui.terms import LineageId, NodeId, VaultId
from pk_tui.trust.lineage import Lineage

FIRST_EPOCH = 1

_KeyRow = tuple[int, bytes, bytes]
"""Epoch, wrapped key, mark."""


class VaultTable:
    """All vaults of an unlocked node. Records are opened at once, indexes when first used."""

    def __init__(self, db: Database, ledger: Ledger, wrap: SealKey, floors: Floors) -> None:
        self.db = db
        self.ledger = ledger
        self.wrap = wrap
        """The key under which vault keys are wrapped: derived from the root key."""
        self.cache = FrameCache()
        self._floors = floors
        self._vaults: dict[VaultId, VaultFrames] = {}
        self._begun: list[VaultFrames] = []
        self._unreadable: dict[bytes, str] = {}

    @property
    def damaged(self) -> dict[bytes, str]:
        """By the local name (uid) of a vault: what is wrong with it, in words, as far as it was noticed."""
        found = {vault.uid: vault.damage for vault in self._vaults.values() if vault.damage is not None}
        return {**self._unreadable, **found}

    @property
    def unreadable(self) -> tuple[str, ...]:
        """Why vaults that could not be opened at all could not, in words, one for each."""
        return tuple(self._unreadable.values())

    def list(self) -> list[VaultFrames]:
        """In the order in which they were made."""
        return list(self._vaults.values())

    def floor(self, vault: VaultFrames) -> int:
        """The highest head sequence that this one vault ever had, also after an older state was accepted."""
        return self._floors.of_vault(vault.uid, _lineage_of(vault.record))

    def get(self, vault_id: VaultId) -> VaultFrames:
        """Raises NotFound."""
        found = self._vaults.get(vault_id)
        if found is None:
            raise NotFound("There is no such vault here.")
        return found

    def create(self, record: VaultRecord) -> VaultFrames:
        """A new vault without objects. AlreadyExists if its id is taken."""
        self.require_free(VaultId(record.vault_id))
        with self.ledger.transaction():
            vault = self.begin()
            vault.commit(None, record)
        return vault

    def begin(self) -> VaultFrames:
        """A vault that is filled before it is seen, for a clone. Commit makes it visible, `abandon` or a crash removes it."""
        with self.ledger.transaction():
            uid = random_bytes(16)
            row = int(self.db.run(VaultRow.insert(uid=uid)))
        vault = VaultFrames(self, row, uid, {FIRST_EPOCH: SealKey.generate()})
        self._begun.append(vault)
        return vault

    def delete(self, vault_id: VaultId) -> None:
        """Shred the vault: its key and state go in one transaction, then the rest, then the journal."""
        vault = self.get(vault_id)
        self.db.forget_older_layouts()
        with self.ledger.transaction():
            vault.erase_key()
            self.db.after_commit(lambda: self._erased(vault_id, vault))

    def _erased(self, vault_id: VaultId, vault: VaultFrames) -> None:
        del self._vaults[vault_id]
        self._floors.end(vault.uid)
        vault.erased()

    # For the vaults

    def require_free(self, vault_id: VaultId) -> None:
        if vault_id in self._vaults:
            raise AlreadyExists("There is a vault of this id here already.")

    def show(self, vault: VaultFrames) -> None:
        self._begun.remove(vault)
        self._vaults[vault.vault_id] = vault

    def note_head(self, vault: VaultFrames, record: VaultRecord) -> None:
        self._floors.note(vault.uid, _lineage_of(record), record.sequence)

    def sweep(self, row: int) -> None:
        """Remove the rows of a vault that has no key. What cannot be removed now is removed at the next unlock."""
        self._begun = [vault for vault in self._begun if vault.row != row]
        with suppress(PkError):
            FrameRows(self.db, row).remove_all()
            self.db.checkpoint()

    # Opening and locking

    def load(self) -> None:
        """Open every vault's key and state, and remove what interrupted work left."""
        keys: dict[int, tuple[bytes, list[_KeyRow]]] = {}
        leftovers: list[int] = []
        for row, uid, epoch, wrapped, mark in self.db.rows(
            "SELECT v.id, v.uid, k.epoch, k.wrapped, k.mark FROM vault v LEFT JOIN vault_key k ON k.vault_id = v.id"
            " ORDER BY v.id, k.epoch"
        ):
            if epoch is None:
                leftovers.append(row)
            else:
                keys.setdefault(row, (uid, []))[1].append((epoch, wrapped, mark))
        states = {row[0]: row[1:] for row in self.db.rows("SELECT vault_id, gen, sealed, mark FROM vault_state")}
        for row, (uid, epochs) in keys.items():
            self._load_one(row, uid, epochs, states.pop(row, None))
        for row in states:
            self._unreadable[row.to_bytes(16, "big")] = "its key is gone"
        for row in leftovers:
            if row.to_bytes(16, "big") not in self._unreadable:
                self.sweep(row)
        self._floors.settle({uid for uid, _ in keys.values()})

    def _load_one(
        self, row: int, uid: bytes, epochs: Sequence[_KeyRow], state: tuple[int, bytes, bytes] | None
    ) -> None:
        """`epochs`: its key rows, oldest first. One of an old epoch that is damaged costs only what still lies under it."""
        keys: dict[int, SealKey] = {}
        for epoch, wrapped, mark in epochs:
            if not self.ledger.holds(mark, Part.VAULT_KEY, row_key(row, epoch), wrapped):
                self._unreadable[uid] = "its key is damaged"
                continue
            try:
                keys[epoch] = unwrap_key(self.wrap, wrapped, key_place(uid, epoch))
            except (CannotOpen, TypeError):
                self._unreadable[uid] = "its key does not open"
        if epochs[-1][0] not in keys:
            return
        self._unreadable.pop(uid, None)
        vault = VaultFrames(self, row, uid, keys)
        if state is None:
            self._unreadable[uid] = "its state is gone"
            return
        try:
            vault.open_state(*state)
        except (CannotOpen, Malformed, TypeError):
            self._unreadable[uid] = "its state does not open"
            return
        if vault.vault_id in self._vaults:
            self._unreadable[uid] = "another vault has the same id"
            return
        self._vaults[vault.vault_id] = vault
        self.note_head(vault, vault.record)

    def close(self) -> None:
        """Drop all keys and opened bytes; vaults and batches still held raise Locked."""
        for vault in (*self._vaults.values(), *self._begun):
            vault.close(lambda: Locked("The node is locked."))
        self._vaults = {}
        self._begun = []
        self.cache.clear()

    def rewrap(self, new_wrap: SealKey) -> None:
        """Within the running transaction, wrap every key under the new root's; keys that do not open stay as they are."""
        for row, uid, epoch, wrapped, mark in self.db.rows(
            "SELECT v.id, v.uid, k.epoch, k.wrapped, k.mark FROM vault v JOIN vault_key k ON k.vault_id = v.id"
        ):
            where = key_place(uid, epoch)
            try:
                fresh = wrap_key(new_wrap, unwrap_key(self.wrap, wrapped, where), where)
            except (CannotOpen, TypeError):
                continue
            fresh_mark = self.ledger.mark(Part.VAULT_KEY, row_key(row, epoch), fresh)
            self.ledger.drop(mark)
            self.ledger.add(fresh_mark)
            self.db.execute(
                "UPDATE vault_key SET wrapped = ?, mark = ? WHERE vault_id = ? AND epoch = ?",
                (fresh, fresh_mark, row, epoch),
            )

        def take() -> None:
            self.wrap = new_wrap

        self.db.after_commit(take)


def _lineage_of(record: VaultRecord) -> LineageId:
    return Lineage(NodeId(record.creator), record.nonce).id
