"""The vaults of a node: one key each, one sealed state each (its record, and what its index must be), and their frames.

A vault comes into being when its key and its state are written, in one transaction with the last of its objects; before that
(`begin`, for a clone) its key is in memory only, so what a crash leaves is rubbish that nobody can open, removed at the
next unlock. Deleting goes the other way round: first the key, then the rest. A vault whose state does not open is
listed as damaged and hides no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Annotated, Any

from pk_tui.crypto.entropy import random_bytes
from pk_tui.crypto.seal import SealKey, open_padded, place, seal_padded
from pk_tui.crypto.wrap import unwrap_key, wrap_key
from pk_tui.errors import AlreadyExists, CannotOpen, Corrupt, Locked, Malformed, NotFound, PkError
from pk_tui.records import U63, Bytes16, Bytes20, Bytes32, Meta, NameText, Record, Time, decode, encode
from pk_tui.store.database import Database
from pk_tui.store.framecache import FrameCache
from pk_tui.store.framelayout import OLD_SERIES, EpochKeys, IndexChain
from pk_tui.store.frames import Batch
from pk_tui.store.framestore import FrameStore, delete_rows
from pk_tui.store.ledger import Ledger, Part, row_key
from pk_tui.store.schema import VaultKeyRow, VaultRow
from pk_tui.terms import LineageId, NodeId, VaultId
from pk_tui.trust.lineage import Lineage
from pk_tui.vault.objects import Facts, Oid

FIRST_EPOCH = 1
_STATE_FLOOR = 1024
_STATE_LIMIT = 64 * 1024
MAX_HEAD_BYTES = 8192
MAX_KEPT = 64
"""Versions of rewritten histories kept readable in one vault."""


HeadBytes = Annotated[bytes, Meta(max_length=MAX_HEAD_BYTES)]


class Upstream(Record, frozen=True, tag="upstream1"):
    """What is here of the vault at the origin: its lineage (creator and nonce), and the signed head that was taken in last,
    verbatim, with copies of what it says."""

    creator: Bytes32
    nonce: Bytes32
    head: HeadBytes
    commit: Bytes20
    digest: Bytes32
    sequence: U63


class VaultRecord(Record, frozen=True, tag="vault2"):
    """What is known of a vault besides its objects. `head` is the signed head record verbatim, of which commit, digest and
    sequence are copies; creator and nonce are its lineage; origin is where a clone or a fork pulls from.

    `upstream` is there for forks alone: what of the origin's lineage was merged last. `kept` are versions that stay readable
    although the head no longer leads to them: those before a rewritten history that the user accepted."""

    vault_id: Bytes16
    name: NameText
    creator: Bytes32
    nonce: Bytes32
    origin_node: Bytes32 | None
    origin_vault: Bytes16 | None
    read_only: bool
    head: HeadBytes
    commit: Bytes20
    digest: Bytes32
    sequence: U63
    created: Time
    updated: Time
    upstream: Upstream | None = None
    kept: Annotated[tuple[Bytes20, ...], Meta(max_length=MAX_KEPT)] = ()

    @property
    def taken(self) -> Upstream:
        """How far it has come with its origin: a fork with what it merged, a clone with what it is."""
        if self.upstream is not None:
            return self.upstream
        return Upstream(self.creator, self.nonce, self.head, self.commit, self.digest, self.sequence)

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The versions from which everything is reached that has to stay."""
        merged = () if self.upstream is None else (self.upstream.commit,)
        return tuple(dict.fromkeys((self.commit, *merged, *self.kept)))


class _VaultRecord1(Record, frozen=True, tag="vault1"):
    """The form of before there were forks. Still read; written anew as `vault2` with the vault's next change."""

    vault_id: Bytes16
    name: NameText
    creator: Bytes32
    nonce: Bytes32
    origin_node: Bytes32 | None
    origin_vault: Bytes16 | None
    read_only: bool
    head: HeadBytes
    commit: Bytes20
    digest: Bytes32
    sequence: U63
    created: Time
    updated: Time

    def taken_up(self) -> VaultRecord:
        return VaultRecord(*(getattr(self, name) for name in self.__struct_fields__))


class _State(Record, frozen=True, tag="vaultstate2"):
    gen: U63
    rows: U63
    last: U63
    chain: Bytes32
    series: U63
    record: VaultRecord


class _State1(Record, frozen=True, tag="vaultstate1"):
    """The form of layout 1, which knew one series. Written anew as the other with the vault's next change."""

    gen: U63
    rows: U63
    last: U63
    chain: Bytes32
    record: VaultRecord | _VaultRecord1

    def taken_up(self) -> _State:
        record = self.record if isinstance(self.record, VaultRecord) else self.record.taken_up()
        return _State(self.gen, self.rows, self.last, self.chain, OLD_SERIES, record)


class VaultFrames:
    """One vault: its record, and its objects as an `ObjectSource`."""

    def __init__(self, table: VaultTable, row: int, uid: bytes, keys: dict[int, SealKey]) -> None:
        """`keys`: the vault's key of each epoch; what is written is sealed under that of the newest."""
        self.uid = uid
        """16 random bytes that name the vault in this file only."""
        self.row = row
        """Its number in this file."""
        self._table = table
        self._newest_key = keys[max(keys)]
        self._state: _State | None = None
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
        decode(VaultRecord, encode(record), _STATE_LIMIT)  # what could not be read back would look like damage
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
                entries = batch.settle()
                if entries:
                    chain = self._frames.write_index(entries, chain)
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
        state = _State(gen, chain.rows, chain.last, chain.digest, chain.series, record)
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
        db.after_commit(lambda: self._table.note_head(record))

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
        if self._frames.has_rows_before(newest):
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
        either: Any = _State | _State1
        found: _State | _State1 = decode(either, raw, _STATE_LIMIT)
        self._state = found.taken_up() if isinstance(found, _State1) else found
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


_KeyRow = tuple[int, bytes, bytes]
"""Epoch, wrapped key, mark."""


class VaultTable:
    """All vaults of an unlocked node. Records are opened at once, indexes when first used."""

    def __init__(self, db: Database, ledger: Ledger, wrap: SealKey, heads: dict[LineageId, int]) -> None:
        self.db = db
        self.ledger = ledger
        self.wrap = wrap
        """The key under which vault keys are wrapped: derived from the root key."""
        self.cache = FrameCache()
        self._heads = heads
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
        vault.erased()

    # For the vaults

    def require_free(self, vault_id: VaultId) -> None:
        if vault_id in self._vaults:
            raise AlreadyExists("There is a vault of this id here already.")

    def show(self, vault: VaultFrames) -> None:
        self._begun.remove(vault)
        self._vaults[vault.vault_id] = vault

    def note_head(self, record: VaultRecord) -> None:
        lineage = Lineage(NodeId(record.creator), record.nonce).id
        self._heads[lineage] = max(record.sequence, self._heads.get(lineage, 0))

    def sweep(self, row: int) -> None:
        """Remove the rows of a vault that has no key. What cannot be removed now is removed at the next unlock."""
        self._begun = [vault for vault in self._begun if vault.row != row]
        with suppress(PkError):
            delete_rows(self.db, row)
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
        self.note_head(vault.record)

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


def key_place(uid: bytes, epoch: int) -> bytes:
    """Where a wrapped vault key lies."""
    return place("vault key", uid, epoch)
