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
from pk_tui.crypto.seal import SealKey
from pk_tui.crypto.wrap import PasswordSlot
from pk_tui.errors import AlreadyExists, Corrupt, Locked, NotFound, RolledBack
from pk_tui.store import nodekeys
from pk_tui.store.audit import AuditTable
from pk_tui.store.chains import ChainTable
from pk_tui.store.conflicts import ConflictTable
from pk_tui.store.contacts import ContactTable
from pk_tui.store.database import Database
from pk_tui.store.entitlements import EntitlementTable
from pk_tui.store.floors import Floors
from pk_tui.store.grants import GrantTable
from pk_tui.store.ledger import Ledger
from pk_tui.store.notifications import NotificationTable
from pk_tui.store.proofs import ProofTable
from pk_tui.store.served import ServedTable
from pk_tui.store.settings import SettingsTable
from pk_tui.store.shelf import ShelfRoom
from pk_tui.store.snapshot import Snapshot
from pk_tui.store.survey import Damage, Finding, survey_small
from pk_tui.store.vaults import VaultTable
from pk_tui.store.witness import Remembered, Witness, recall, remember, sealed_memory
from pk_tui.terms import LineageId, NodeId


@dataclass(frozen=True, slots=True)
class _Unlocked:
    """All that needs a key. Dropped as a whole by `lock`."""

    ledger: Ledger
    witness_key: SealKey
    backup_key: SealKey
    signing: SigningKey
    room: ShelfRoom
    floors: Floors
    vaults: VaultTable
    contacts: ContactTable
    grants: GrantTable
    notifications: NotificationTable
    served: ServedTable
    settings: SettingsTable
    conflicts: ConflictTable
    audit: AuditTable
    chains: ChainTable
    proofs: ProofTable
    entitlements: EntitlementTable


class NodeStore:
    """Make one with `create` or `open`; it starts locked."""

    def __init__(
        self, db: Database, witness: Witness, facts: dict[str, bytes], password_slot: PasswordSlot, recovery_slot: bytes
    ) -> None:
        # All of these are readable while locked, and believed only after unlocking, when the ledger vouches for them.
        self._db = db
        self._witness = witness
        self._witnessed = -1
        self._unlocked: _Unlocked | None = None
        self.node_id = NodeId(facts[nodekeys.NODE_ID])
        self.genesis = facts[nodekeys.GENESIS]
        """The node's first claim, as it was signed."""
        self.recovery_box = facts[nodekeys.RECOVERY_BOX]
        """The recovery words' public key, to which each new root key is sealed."""
        self.password_slot = password_slot
        self.recovery_slot = recovery_slot
        """The root key sealed to `recovery_box`."""
        self.created: Instant = int.from_bytes(facts[nodekeys.CREATED], "big")

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
        if nodekeys.read_facts(db):
            raise AlreadyExists("There is a node here already.")
        facts = {
            nodekeys.NODE_ID: node_id.raw,
            nodekeys.GENESIS: genesis,
            nodekeys.RECOVERY_BOX: recovery_box,
            nodekeys.CREATED: now.to_bytes(8, "big"),
        }
        state_key = SealKey.generate()
        ledger = Ledger(db, state_key)
        with ledger.transaction():
            nodekeys.write_facts(db, ledger, facts)
            nodekeys.write_keys(db, ledger, node_id, root, seed, state_key)
            nodekeys.write_slots(db, ledger, password_slot, recovery_wrapped)
        remember(witness, nodekeys.witness_key(state_key), Floors(None).remembered(ledger.gen))
        return cls(db, witness, facts, password_slot, recovery_wrapped)

    @classmethod
    def open(cls, db: Database, witness: Witness) -> NodeStore:
        """The node in this database, locked. NotFound if its making was never finished: then `create` may be called."""
        facts = nodekeys.read_facts(db)
        if not facts:
            raise NotFound("There is no node here yet.")
        return cls(db, witness, facts, *nodekeys.read_slots(db))

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
        seed, state_key = nodekeys.open_keys(self._db, self.node_id, root)
        signing = SigningKey(seed)
        if signing.node_id != self.node_id:
            raise Corrupt(nodekeys.DAMAGED.format("the node's key is not that of its id"))
        ledger = Ledger(self._db, state_key)
        room = ShelfRoom(self._db, ledger, state_key)
        remembered = recall(self._witness, nodekeys.witness_key(state_key))
        try:
            self._check(ledger, remembered)
        except Corrupt:
            if not accept:
                raise
            self._accept(ledger, room, remembered)
        floors = Floors(remembered)
        vaults = VaultTable(self._db, ledger, nodekeys.wrapping_key(root), floors)
        vaults.load()
        self._unlocked = _Unlocked(
            ledger=ledger,
            witness_key=nodekeys.witness_key(state_key),
            backup_key=nodekeys.backup_key(state_key),
            signing=signing,
            room=room,
            floors=floors,
            vaults=vaults,
            contacts=ContactTable(room),
            grants=GrantTable(room),
            notifications=NotificationTable(room),
            served=ServedTable(room),
            settings=SettingsTable(room),
            conflicts=ConflictTable(room),
            audit=AuditTable(room),
            chains=ChainTable(room),
            proofs=ProofTable(room),
            entitlements=EntitlementTable(room),
        )
        self._witnessed = remembered.gen if remembered else -1
        if accept:
            self.write_witness()

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
            seed, state_key = nodekeys.open_keys(self._db, self.node_id, old_root)
            self._db.forget_older_layouts()
            with open_.ledger.transaction():
                nodekeys.drop_keys_and_slots(self._db, open_.ledger)
                nodekeys.write_keys(self._db, open_.ledger, self.node_id, new_root, seed, state_key)
                nodekeys.write_slots(self._db, open_.ledger, password_slot, recovery_wrapped)
                open_.vaults.rewrap(nodekeys.wrapping_key(new_root))
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

    @property
    def audit(self) -> AuditTable:
        return self._require().audit

    @property
    def chains(self) -> ChainTable:
        return self._require().chains

    @property
    def proofs(self) -> ProofTable:
        return self._require().proofs

    @property
    def entitlements(self) -> EntitlementTable:
        return self._require().entitlements

    def head_floor(self, lineage: LineageId) -> int:
        """The highest head sequence ever seen here of a lineage, also after its vault is gone or an older state was accepted.

        A new head of ours is signed above it, and none below it is believed.
        """
        return self._require().floors.of_lineage(lineage)

    def verify(self) -> None:
        """Count every small sealed row again, as unlocking does. Raises Corrupt if rows were removed, put back or damaged."""
        self._require().ledger.verify()

    def survey(self) -> Iterator[Finding]:
        """What is wrong with the small rows, each with what is known of it."""
        open_ = self._require()
        yield from survey_small(self._db, open_.ledger, open_.room)

    def diagnose(self, root: SealKey) -> list[Finding]:
        """Of a locked node that does not unlock: why. Nothing is changed. Raises CannotOpen, or Corrupt if its key is gone."""
        _, state_key = nodekeys.open_keys(self._db, self.node_id, root)
        ledger, room = Ledger(self._db, state_key), ShelfRoom(self._db, Ledger(self._db, state_key), state_key)
        remembered = recall(self._witness, nodekeys.witness_key(state_key))
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
        remember(self._witness, open_.witness_key, open_.floors.remembered(open_.ledger.gen))
        self._witnessed = open_.ledger.gen
        return True

    @property
    def backup_key(self) -> SealKey:
        """Under which backups of this node are sealed; the same as long as its state key is."""
        return self._require().backup_key

    def wrapped_state_key(self) -> bytes:
        """The state key as it lies: with the root key of now it opens what is sealed under it."""
        return nodekeys.wrapped_state_key(self._db)

    def moment(self) -> tuple[Snapshot, bytes]:
        """The database as it is now, and what the witness would hold of it, sealed. In one desk job the two are of one moment."""
        open_ = self._require()
        sealed = sealed_memory(open_.witness_key, open_.floors.remembered(open_.ledger.gen))
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
        _, state_key = nodekeys.open_keys(self._db, self.node_id, old_root)
        node = SigningKey(seed).node_id
        with open_.ledger.transaction():
            facts = {nodekeys.NODE_ID: node.raw, nodekeys.GENESIS: genesis, nodekeys.CREATED: now.to_bytes(8, "big")}
            nodekeys.write_facts(self._db, open_.ledger, facts)
            nodekeys.drop_keys_and_slots(self._db, open_.ledger)
            nodekeys.write_keys(self._db, open_.ledger, node, new_root, seed, state_key)
            nodekeys.write_slots(self._db, open_.ledger, password_slot, recovery_wrapped)
            open_.vaults.rewrap(nodekeys.wrapping_key(new_root))

    @property
    def size(self) -> int:
        """Bytes of the database."""
        return self._db.size

    def checkpoint(self) -> bool:
        """Cut the journal. For idle moments and before locking; False if something else was reading."""
        return self._db.checkpoint()
