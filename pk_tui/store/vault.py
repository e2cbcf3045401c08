"""One vault of a node: its keys, its sealed state (its record, and what its index must be), and its frames.

It comes into being when its key and its state are written, in one transaction with the last of its objects; before that
its key is in memory only, so what a crash leaves is rubbish that nobody can open. Which vaults there are is `vaults`'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from pk_tui.crypto.seal import SealKey, open_padded, place, seal_padded
from pk_tui.crypto.wrap import wrap_key
from pk_tui.errors import CannotOpen, Corrupt, NotFound, PkError
from pk_tui.records import encode
from pk_tui.store.framelayout import EpochKeys, IndexChain
from pk_tui.store.frames import Batch
from pk_tui.store.framestore import FrameStore
from pk_tui.store.ledger import Part, row_key
from pk_tui.store.schema import VaultKeyRow
from pk_tui.store.vaultrecord import State, VaultRecord, read_state, require_readable
from pk_tui.terms import VaultId
from pk_tui.vault.objects import Facts, Oid

if TYPE_CHECKING:
    from pk_tui.store.vaults import VaultTable

_STATE_FLOOR = 1024
"""Padded size of the smallest state: its length does not tell how long the vault's name is."""


class VaultFrames:
    """One vault: its record, and its objects as an `ObjectSource`. Made by the table it stands in."""

    def __init__(self, table: VaultTable, row: int, uid: bytes, keys: dict[int, SealKey]) -> None:
        """`keys`: the vault's key of each epoch; what is written is sealed under that of the newest."""
        self.uid = uid
        """16 random bytes that name the vault in this file only."""
        self.row = row
        """Its number in this file."""
        self._table = table
        self._newest_key = keys[max(keys)]
        self._state: State | None = None
        self._mark = b""
        of_epochs = {epoch: EpochKeys.of(key) for epoch, key in keys.items()}
        self._frames = FrameStore(table.db, table.cache, row, uid, of_epochs, self._expected, self._damaged)
        self.damage: str | None = None
        """Why it cannot be read in whole, once that was noticed."""

    @property
    def record(self) -> VaultRecord:
        """Raises NotFound for a vault that is begun and not yet committed."""
        self._frames.require_open()
        if self._state is None:
            raise NotFound("This vault is not complete yet.")
        return self._state.record

    @property
    def vault_id(self) -> VaultId:
        return VaultId(self.record.vault_id)

    # ObjectSource

    def __contains__(self, oid: Oid) -> bool:
        return oid in self._frames

    def __iter__(self) -> Iterator[Oid]:
        return iter(self._frames)

    def __len__(self) -> int:
        """Number of objects."""
        return len(self._frames)

    def facts(self, oid: Oid) -> Facts:
        return self._frames.facts(oid)

    def sizes_of(self, oids: Iterable[Oid]) -> list[int]:
        return self._frames.sizes_of(oids)

    def body(self, oid: Oid) -> bytes:
        return self._frames.body(oid)

    def in_frames(self, oids: Iterable[Oid]) -> list[int]:
        return self._frames.in_frames(oids)

    def in_passing(self, oids: Iterable[Oid]) -> Iterator[tuple[Oid, bytes | None]]:
        return self._frames.in_passing(oids)

    def stored(self, oid: Oid) -> tuple[Oid | None, bytes]:
        return self._frames.stored(oid)

    # Writing

    def batch(self) -> Batch:
        """A new batch. Several may be open at once; each is committed or discarded on its own."""
        return Batch(self._frames)

    def commit(self, batch: Batch | None, record: VaultRecord, *, new_key: bool = False) -> None:
        """Make the batch's objects and the new record the vault's, in one transaction (or within the one that runs).

        If it fails nothing has changed and the batch can be committed again. The first commit after `begin` makes the vault
        visible; AlreadyExists if its id is taken by then. Malformed if the record breaks a limit of its type.

        With `new_key` a new epoch begins: all that is written from here on is sealed under a new key. What lies under the one
        before stays readable until `rewriting` has brought it over, and then that key is shredded.
        """
        require_readable(record)
        self._frames.require_open()
        if self._state is None:
            self._table.require_free(VaultId(record.vault_id))
        elif record.vault_id != self._state.record.vault_id:
            raise ValueError("a vault keeps its id")
        with self._table.ledger.transaction():
            if new_key and self._state is not None:
                self._begin_epoch()
            chain = self._expected()
            if batch is not None:
                if batch.frames is not self._frames:
                    raise ValueError("the batch belongs to another vault")
                chain = batch.settle(chain)
            if self._state is None:
                self._write_key()
                self._table.db.after_commit(lambda: self._table.show(self))
            self._write_state(record, chain)

    def abandon(self) -> None:
        """Remove a vault that was begun and never committed. Its batches are void."""
        if self._state is not None:
            raise ValueError("the vault is committed; delete it")
        self.close(lambda: NotFound("This vault was abandoned."))
        self._table.sweep(self.row)

    def _expected(self) -> IndexChain:
        state = self._state
        return IndexChain() if state is None else IndexChain(state.rows, state.last, state.chain, state.series)

    def _write_key(self) -> None:
        epoch = self._frames.epoch
        wrapped = wrap_key(self._table.wrap, self._newest_key, key_place(self.uid, epoch))
        mark = self._table.ledger.mark(Part.VAULT_KEY, row_key(self.row, epoch), wrapped)
        self._table.ledger.add(mark)
        self._table.db.run(
            VaultKeyRow.insert(vault_id=self.row, epoch=epoch, wrapped=wrapped, mark=mark),
        )

    def _begin_epoch(self) -> None:
        before, self._newest_key = self._newest_key, SealKey.generate()

        def undo() -> None:
            self._newest_key = before

        self._table.db.after_rollback(undo)
        self._frames.begin_epoch(EpochKeys.of(self._newest_key))
        self._write_key()

    def _write_state(self, record: VaultRecord, chain: IndexChain) -> None:
        db, ledger = self._table.db, self._table.ledger
        before, before_mark = self._state, self._mark
        gen = 1 if before is None else before.gen + 1
        state = State(gen, chain.rows, chain.last, chain.digest, chain.series, record)
        sealed = seal_padded(self._frames.newest.state, encode(state), self._state_place(gen), _STATE_FLOOR)
        mark = ledger.mark(Part.VAULT_STATE, row_key(self.row, gen), sealed)
        if before is None:
            db.execute(
                "INSERT INTO vault_state (vault_id, gen, sealed, mark) VALUES (?, ?, ?, ?)",
                (self.row, gen, sealed, mark),
            )
        else:
            updated = db.execute(
                "UPDATE vault_state SET gen = ?, sealed = ?, mark = ? WHERE vault_id = ? AND gen = ?",
                (gen, sealed, mark, self.row, before.gen),
            )
            if updated.rowcount != 1:
                raise self._damaged("its state was changed from outside while it was open")
            ledger.drop(before_mark)
        ledger.add(mark)

        def undo() -> None:
            self._state, self._mark = before, before_mark

        db.after_rollback(undo)
        self._state, self._mark = state, mark
        db.after_commit(lambda: self._table.note_head(self, record))

    def _state_place(self, gen: int) -> bytes:
        return place("vault state", self.uid, self._frames.epoch, gen)  # the state is always of the newest epoch

    # For rewriting

    @property
    def frame_store(self) -> FrameStore:
        """Its frames and index themselves."""
        return self._frames

    @property
    def epochs(self) -> tuple[int, ...]:
        """Those of which there is a key, oldest first. More than one: a rewriting has begun that is not finished."""
        return self._frames.epochs

    @property
    def index_chain(self) -> IndexChain:
        """Of the index rows that count."""
        return self._expected()

    def transaction(self) -> AbstractContextManager[None]:
        return self._table.ledger.transaction()

    def take_index(self, chain: IndexChain) -> None:
        """Within the running transaction, let the index rows of this chain be the vault's."""
        self._write_state(self.record, chain)

    def shred_old_keys(self) -> bool:
        """Delete the keys of all epochs but the newest, once nothing lies under them. False if something still does."""
        table, newest = self._table, self._frames.epoch
        if len(self.epochs) == 1:
            return True
        if self._frames.rows.has_rows_before(newest):
            return False
        table.db.forget_older_layouts()
        with table.ledger.transaction():
            for (mark,) in table.db.rows(
                "SELECT mark FROM vault_key WHERE vault_id = ? AND epoch < ?", (self.row, newest)
            ):
                table.ledger.drop(mark)
            table.db.execute("DELETE FROM vault_key WHERE vault_id = ? AND epoch < ?", (self.row, newest))
            table.db.after_commit(self._frames.end_old_epochs)
        table.db.checkpoint()
        return True

    # For the table

    def open_state(self, gen: int, sealed: bytes, mark: bytes) -> None:
        """Take up the state as it lies. Raises CannotOpen or Malformed."""
        if not self._table.ledger.holds(mark, Part.VAULT_STATE, row_key(self.row, gen), sealed):
            raise CannotOpen("The state of a vault is not the one that was counted.")
        raw = open_padded(self._frames.newest.state, sealed, self._state_place(gen))
        self._state = read_state(raw)
        self._mark = mark

    def erase_key(self) -> None:
        """Within the running transaction, remove key and state: what is sealed under the key is lost from then on."""
        db, ledger = self._table.db, self._table.ledger
        for (mark,) in db.rows("SELECT mark FROM vault_key WHERE vault_id = ?", (self.row,)):
            ledger.drop(mark)
        ledger.drop(self._mark)
        db.run(VaultKeyRow.delete().where(VaultKeyRow.vault_id == self.row))
        db.execute("DELETE FROM vault_state WHERE vault_id = ?", (self.row,))

    def erased(self) -> None:
        """Follow-up of `erase_key` once it is on disk: remove the rest."""
        self.close(lambda: NotFound("This vault was deleted."))
        self._table.sweep(self.row)

    def close(self, reason: Callable[[], PkError]) -> None:
        self._frames.close(reason)

    def _damaged(self, what: str) -> Corrupt:
        self.damage = what
        name = f"The vault {VaultId(self._state.record.vault_id)}" if self._state else "An unfinished vault"
        return Corrupt(f"{name} is damaged: {what}. Other vaults are not concerned.")


def key_place(uid: bytes, epoch: int) -> bytes:
    """Where a wrapped vault key lies."""
    return place("vault key", uid, epoch)
