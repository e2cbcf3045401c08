"""The store of one node: locked it shows what unlocking needs, unlocked it is the tables.

Keys: the root key (from the password or the recovery words) wraps the node's signing seed, the key of all node state, and one
key per vault. The state key never changes, so a new password costs rewrapping those few rows and nothing else.

Unlocking believes nothing before it is checked: the ledger must add up and must not be older than the witness remembers.
Until then nothing is written. Asking for passwords, waiting and deciding are left to the agent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from pk_tui.clock import Instant
from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.passphrase import Cost
from pk_tui.crypto.seal import SealKey, place
from pk_tui.crypto.wrap import PasswordSlot, unwrap_key, wrap_key
from pk_tui.errors import AlreadyExists, CannotOpen, Corrupt, Locked, NotFound, RolledBack
from pk_tui.store.conflicts import ConflictTable
from pk_tui.store.contacts import ContactTable
from pk_tui.store.database import Database
from pk_tui.store.grants import GrantTable
from pk_tui.store.ledger import Ledger, Part, slot_bytes
from pk_tui.store.notifications import NotificationTable
from pk_tui.store.schema import MetaRow, NodeKeyRow, SlotRow
from pk_tui.store.served import ServedTable
from pk_tui.store.settings import SettingsTable
from pk_tui.store.shelf import ShelfRoom
from pk_tui.store.snapshot import Snapshot
from pk_tui.store.survey import Damage, Finding, survey_small
from pk_tui.store.vaults import VaultTable
from pk_tui.store.witness import Remembered, Witness, recall, remember, sealed_memory
from pk_tui.terms import LineageId, NodeId

_NODE_ID, _GENESIS, _RECOVERY_BOX, _CREATED = "node_id", "genesis", "recovery_box", "created"
_PASSWORD, _RECOVERY = "password", "recovery"
_DAMAGED = "The node's own records are damaged: {}. Restore a backup."


@dataclass(frozen=True, slots=True)
class _Unlocked:
    """All that needs a key. Dropped as a whole by `lock`."""

    ledger: Ledger
    witness_key: SealKey
    backup_key: SealKey
    signing: SigningKey
    room: ShelfRoom
    heads: dict[LineageId, int]
    vaults: VaultTable
    contacts: ContactTable
    grants: GrantTable
    notifications: NotificationTable
    served: ServedTable
    settings: SettingsTable
    conflicts: ConflictTable


class NodeStore:
    """Make one with `create` or `open`; it starts locked."""

    def __init__(
        self, db: Database, witness: Witness, meta: dict[str, bytes], password_slot: PasswordSlot, recovery_slot: bytes
    ) -> None:
        # All of these are readable while locked, and believed only after unlocking, when the ledger vouches for them.
        self._db = db
        self._witness = witness
        self._witnessed = -1
        self._unlocked: _Unlocked | None = None
        self.node_id = NodeId(meta[_NODE_ID])
        self.genesis = meta[_GENESIS]
        """The node's first claim, as it was signed."""
        self.recovery_box = meta[_RECOVERY_BOX]
        """The recovery words' public key, to which each new root key is sealed."""
        self.password_slot = password_slot
        self.recovery_slot = recovery_slot
        """The root key sealed to `recovery_box`."""
        self.created: Instant = int.from_bytes(meta[_CREATED], "big")

    @classmethod
    def create(
        cls,
        db: Database,
        witness: Witness,
        *,
        genesis: bytes,
        node_id: NodeId,
        seed: SealKey,
        password_slot: PasswordSlot,
        root: SealKey,
        recovery_wrapped: bytes,
        recovery_box: bytes,
        now: Instant,
    ) -> NodeStore:
        """Write a new node into an empty database, in one transaction; locked. AlreadyExists if one is there."""
        if _meta(db):
            raise AlreadyExists("There is a node here already.")
        meta = {
            _NODE_ID: node_id.raw,
            _GENESIS: genesis,
            _RECOVERY_BOX: recovery_box,
            _CREATED: now.to_bytes(8, "big"),
        }
        state_key = SealKey.generate()
        ledger = Ledger(db, state_key)
        with ledger.transaction():
            for name, value in meta.items():
                db.run(MetaRow.insert(key=name, value=value))
                ledger.add(ledger.mark(Part.META, name.encode(), value))
            _write_keys(db, ledger, node_id, root, seed, state_key)
            _write_slots(db, ledger, password_slot, recovery_wrapped)
        remember(witness, _witness_key(state_key), Remembered(ledger.gen, {}))
        return cls(db, witness, meta, password_slot, recovery_wrapped)

    @classmethod
    def open(cls, db: Database, witness: Witness) -> NodeStore:
        """The node in this database, locked. NotFound if its making was never finished: then `create` may be called."""
        meta = _meta(db)
        if not meta:
            raise NotFound("There is no node here yet.")
        if not {_NODE_ID, _GENESIS, _RECOVERY_BOX, _CREATED} <= meta.keys() or len(meta[_NODE_ID]) != 32:
            raise Corrupt(_DAMAGED.format("facts that every node has are missing"))
        return cls(db, witness, meta, *_read_slots(db))

    # Unlocking

    @property
    def unlocked(self) -> bool:
        return self._unlocked is not None

    def unlock(self, root: SealKey, accept: bool = False) -> None:
        """Open everything. Does nothing if it is unlocked already.

        CannotOpen if the root key is another one; Corrupt if rows were removed, put back or damaged; RolledBack if the database
        is older than its witness. With `accept` the last two are taken for the new truth: rows that do not open are removed
        from the shelves, head sequences seen before stay as floors.
        """
        if self._unlocked is not None:
            return
        seed, state_key = self._open_keys(root)
        signing = SigningKey(seed)
        if signing.node_id != self.node_id:
            raise Corrupt(_DAMAGED.format("the node's key is not that of its id"))
        ledger = Ledger(self._db, state_key)
        room = ShelfRoom(self._db, ledger, state_key)
        remembered = recall(self._witness, _witness_key(state_key))
        try:
            self._check(ledger, remembered)
        except Corrupt:
            if not accept:
                raise
            self._accept(ledger, room, remembered)
        heads = dict(remembered.heads) if remembered else {}
        vaults = VaultTable(self._db, ledger, _wrap_key(root), heads)
        vaults.load()
        self._unlocked = _Unlocked(
            ledger=ledger,
            witness_key=_witness_key(state_key),
            backup_key=backup_key(state_key),
            signing=signing,
            room=room,
            heads=heads,
            vaults=vaults,
            contacts=ContactTable(room),
            grants=GrantTable(room),
            notifications=NotificationTable(room),
            served=ServedTable(room),
            settings=SettingsTable(room),
            conflicts=ConflictTable(room),
        )
        self._witnessed = remembered.gen if remembered else -1
        if accept:
            self.write_witness()

    def _open_keys(self, root: SealKey) -> tuple[SealKey, SealKey]:
        rows: list[NodeKeyRow] = list(self._db.run(NodeKeyRow.select()))
        if not rows:
            raise Corrupt(_DAMAGED.format("the node's key is gone"))
        wrap = _wrap_key(root)
        try:
            return (
                unwrap_key(wrap, rows[0].seed, _key_place("seed", self.node_id)),
                unwrap_key(wrap, rows[0].state, _key_place("state", self.node_id)),
            )
        except TypeError as error:
            raise CannotOpen("The node's key is not of its form.") from error

    def _check(self, ledger: Ledger, remembered: Remembered | None) -> None:
        """Raises Corrupt or RolledBack unless the database is whole and as new as was last witnessed."""
        ledger.read()
        if remembered is None:
            if ledger.gen > 1:
                raise RolledBack(
                    "The witness file beside the database is gone or damaged, so it cannot be told whether the database is "
                    "an older copy. Nothing was changed; `--accept-state` goes on with what is there."
                )
        elif ledger.gen < remembered.gen:
            raise RolledBack(
                f"The database went back from version {remembered.gen} to {ledger.gen}: an older copy was restored or its "
                "journal was damaged. Nothing was changed; `--accept-state` goes on with it."
            )
        ledger.verify()

    def _accept(self, ledger: Ledger, room: ShelfRoom, remembered: Remembered | None) -> None:
        # The next version is above both, so that neither old ledger nor old witness can come back unnoticed.
        gen = max(ledger.gen, remembered.gen if remembered else 0)
        with ledger.transaction():
            room.remove_unreadable()
            ledger.baseline(gen)

    def lock(self) -> None:
        """Drop all keys and opened bytes. Tables, vaults and batches that someone still holds raise Locked."""
        open_, self._unlocked = self._unlocked, None
        if open_ is not None:
            open_.vaults.close()
            open_.room.close()
            open_.ledger.close()

    def close(self) -> None:
        """Lock, and close the database."""
        self.lock()
        self._db.close()

    def rekey(self, old_root: SealKey, new_root: SealKey, password_slot: PasswordSlot, recovery_wrapped: bytes) -> None:
        """Put everything under a new root key, in one transaction: after a crash either the old or the new one opens all.

        Works locked too (with the recovery words); then it first checks what unlocking checks. The old wraps are gone from
        file and journal afterwards, as far as a file system forgets.
        """
        was_locked = not self.unlocked
        self.unlock(old_root)
        try:
            open_ = self._require()
            seed, state_key = self._open_keys(old_root)
            self._db.forget_older_layouts()
            with open_.ledger.transaction():
                _drop_keys_and_slots(self._db, open_.ledger)
                _write_keys(self._db, open_.ledger, self.node_id, new_root, seed, state_key)
                _write_slots(self._db, open_.ledger, password_slot, recovery_wrapped)
                open_.vaults.rewrap(_wrap_key(new_root))
            self.password_slot, self.recovery_slot = password_slot, recovery_wrapped
            self._db.checkpoint()
        finally:
            if was_locked:
                self.lock()

    # Unlocked

    def _require(self) -> _Unlocked:
        if self._unlocked is None:
            raise Locked("The node is locked. Unlock it with its password.")
        return self._unlocked

    def transaction(self) -> AbstractContextManager[None]:
        """Changes of several tables in one transaction: all or none."""
        return self._require().ledger.transaction()

    @property
    def version(self) -> int:
        """Transactions so far, as the witness remembers them."""
        return self._require().ledger.gen

    @property
    def signing(self) -> SigningKey:
        return self._require().signing

    @property
    def vaults(self) -> VaultTable:
        return self._require().vaults

    @property
    def contacts(self) -> ContactTable:
        return self._require().contacts

    @property
    def grants(self) -> GrantTable:
        return self._require().grants

    @property
    def notifications(self) -> NotificationTable:
        return self._require().notifications

    @property
    def served(self) -> ServedTable:
        return self._require().served

    @property
    def settings(self) -> SettingsTable:
        return self._require().settings

    @property
    def conflicts(self) -> ConflictTable:
        return self._require().conflicts

    def head_floor(self, lineage: LineageId) -> int:
        """The highest head sequence ever seen here of a lineage, also after its vault is gone or an older state was accepted.

        A new head of ours is signed above it, and none below it is believed.
        """
        return self._require().heads.get(lineage, 0)

    def verify(self) -> None:
        """Count every small sealed row again, as unlocking does. Raises Corrupt if rows were removed, put back or damaged."""
        self._require().ledger.verify()

    def survey(self) -> Iterator[Finding]:
        """What is wrong with the small rows, each with what is known of it."""
        open_ = self._require()
        yield from survey_small(self._db, open_.ledger, open_.room)

    def diagnose(self, root: SealKey) -> list[Finding]:
        """Of a locked node that does not unlock: why. Nothing is changed. Raises CannotOpen, or Corrupt if its key is gone."""
        _, state_key = self._open_keys(root)
        ledger, room = Ledger(self._db, state_key), ShelfRoom(self._db, Ledger(self._db, state_key), state_key)
        remembered = recall(self._witness, _witness_key(state_key))
        try:
            self._check(ledger, remembered)
        except RolledBack as error:
            return [Finding(Damage.ROLLED_BACK, error.message)]
        except Corrupt as error:
            if ledger.gen == 0:  # it was not even read
                return [Finding(Damage.ALTERED, "The ledger, which counts all small rows, is gone or altered.")]
            return list(survey_small(self._db, ledger, room)) or [Finding(Damage.ALTERED, error.message)]
        return []

    def write_witness(self) -> bool:
        """Let the witness know the version that is on disk: at most once a second, before locking and before exit.

        False if it knew already; then nothing was written.
        """
        open_ = self._require()
        if open_.ledger.gen == self._witnessed:
            return False
        remember(self._witness, open_.witness_key, Remembered(open_.ledger.gen, dict(open_.heads)))
        self._witnessed = open_.ledger.gen
        return True

    @property
    def backup_key(self) -> SealKey:
        """Under which backups of this node are sealed; the same as long as its state key is."""
        return self._require().backup_key

    def wrapped_state_key(self) -> bytes:
        """The state key as it lies: with the root key of now it opens what is sealed under it."""
        return bytes(next(iter(self._db.run(NodeKeyRow.select()))).state)

    def moment(self) -> tuple[Snapshot, bytes]:
        """The database as it is now, and what the witness would hold of it, sealed. In one desk job the two are of one moment."""
        open_ = self._require()
        sealed = sealed_memory(open_.witness_key, Remembered(open_.ledger.gen, dict(open_.heads)))
        return self._db.snapshot(), sealed

    def succeed(
        self,
        old_root: SealKey,
        new_root: SealKey,
        seed: SealKey,
        genesis: bytes,
        password_slot: PasswordSlot,
        recovery_wrapped: bytes,
        now: Instant,
    ) -> None:
        """Make of a restored node a new one: another signing key and first claim, everything else kept, under a new root key.

        In one transaction, or within the one that runs. To be locked and closed afterwards: what is open is still the old one.
        """
        open_ = self._require()
        _, state_key = self._open_keys(old_root)
        node = SigningKey(seed).node_id
        with open_.ledger.transaction():
            for name, value in ((_NODE_ID, node.raw), (_GENESIS, genesis), (_CREATED, now.to_bytes(8, "big"))):
                old = _meta(self._db)[name]
                open_.ledger.drop(open_.ledger.mark(Part.META, name.encode(), old))
                self._db.run(MetaRow.update(value=value).where(MetaRow.key == name))
                open_.ledger.add(open_.ledger.mark(Part.META, name.encode(), value))
            _drop_keys_and_slots(self._db, open_.ledger)
            _write_keys(self._db, open_.ledger, node, new_root, seed, state_key)
            _write_slots(self._db, open_.ledger, password_slot, recovery_wrapped)
            open_.vaults.rewrap(_wrap_key(new_root))

    @property
    def size(self) -> int:
        """Bytes of the database."""
        return self._db.size

    def checkpoint(self) -> bool:
        """Cut the journal. For idle moments and before locking; False if something else was reading."""
        return self._db.checkpoint()


def _meta(db: Database) -> dict[str, bytes]:
    return {row.key: row.value for row in db.run(MetaRow.select())}


def _read_slots(db: Database) -> tuple[PasswordSlot, bytes]:
    slots: dict[str, SlotRow] = {row.kind: row for row in db.run(SlotRow.select())}
    password, recovery = slots.get(_PASSWORD), slots.get(_RECOVERY)
    if (
        password is None
        or recovery is None
        or not all(isinstance(part, bytes) for part in (password.salt, password.wrapped, recovery.wrapped))
        or not (type(password.passes) is type(password.memory) is int)
    ):
        raise Corrupt(_DAMAGED.format("a key slot is gone or not of its form"))
    slot = PasswordSlot(password.salt or b"", Cost(password.passes or 0, password.memory or 0), password.wrapped)
    return slot, recovery.wrapped


def state_key_of(root: SealKey, node: NodeId, wrapped: bytes) -> SealKey:
    """The state key of a node's backup. Raises CannotOpen."""
    return unwrap_key(_wrap_key(root), wrapped, _key_place("state", node))


def backup_key(state_key: SealKey) -> SealKey:
    return state_key.subkey("pk backup")


def _wrap_key(root: SealKey) -> SealKey:
    return root.subkey("pk wrap")


def _witness_key(state_key: SealKey) -> SealKey:
    return state_key.subkey("pk witness")


def _key_place(what: str, node: NodeId) -> bytes:
    return place("node key", what.encode(), node.raw)


def _write_keys(db: Database, ledger: Ledger, node: NodeId, root: SealKey, seed: SealKey, state_key: SealKey) -> None:
    wrap = _wrap_key(root)
    row = (wrap_key(wrap, seed, _key_place("seed", node)), wrap_key(wrap, state_key, _key_place("state", node)))
    db.run(NodeKeyRow.insert(id=1, seed=row[0], state=row[1]))
    ledger.add(ledger.mark(Part.NODE_KEY, b"", b"".join(row)))


def _write_slots(db: Database, ledger: Ledger, password: PasswordSlot, recovery_wrapped: bytes) -> None:
    cost = password.cost
    for kind, salt, passes, memory, wrapped in (
        (_PASSWORD, password.salt, cost.passes, cost.memory, password.wrapped),
        (_RECOVERY, None, None, None, recovery_wrapped),
    ):
        db.run(SlotRow.insert(kind=kind, salt=salt, passes=passes, memory=memory, wrapped=wrapped))
        ledger.add(ledger.mark(Part.SLOT, kind.encode(), slot_bytes(salt, passes, memory, wrapped)))


def _drop_keys_and_slots(db: Database, ledger: Ledger) -> None:
    for key in list(db.run(NodeKeyRow.select())):
        ledger.drop(ledger.mark(Part.NODE_KEY, b"", key.seed + key.state))
    for slot in list(db.run(SlotRow.select())):
        counted = slot_bytes(slot.salt, slot.passes, slot.memory, slot.wrapped)
        ledger.drop(ledger.mark(Part.SLOT, slot.kind.encode(), counted))
    db.run(NodeKeyRow.delete())
    db.run(SlotRow.delete())
