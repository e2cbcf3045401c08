"""A node made anew from a backup: everything is back, under a new node key that succeeds the old one.

Nothing ever runs twice under one key: the old node may still be at work somewhere. So the vaults that the old key wrote become
vaults of the new one, each with its whole history and as a fork of what it was; clones stay clones. What was promised to
others under the old key (grants, messages not yet delivered) is not repeated.

With the recovery words the new key's first claim is signed by the recovery key, as for any node that succeeds another. With the
password alone it is signed by both nodes' keys: who held the old node's key says so, no more.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pk_tui.agent.backing_up import GoOn, in_thread
from pk_tui.agent.lifecycle import as_password, entropy_of
from pk_tui.api.facade import OnProgress
from pk_tui.api.views import Progress
from pk_tui.clock import Instant, SystemClock
from pk_tui.crypto.entropy import random_bytes
from pk_tui.crypto.keys import RecoveryKey, SigningKey
from pk_tui.crypto.passphrase import Cost
from pk_tui.crypto.seal import SealKey
from pk_tui.crypto.wrap import PasswordSlot, wrap_for_password, wrap_for_recovery
from pk_tui.errors import AlreadyExists, Corrupt, MissingInput, StorageFailed
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.records import replace
from pk_tui.safe_text import safe_text
from pk_tui.store.backup import Backup
from pk_tui.store.database import Database
from pk_tui.store.node import NodeStore
from pk_tui.store.notifications import Box
from pk_tui.store.vaultrecord import VaultRecord
from pk_tui.store.witness import FileWitness
from pk_tui.terms import CommitId, NodeId, NotificationId, VaultId
from pk_tui.trust.entitlement import Change
from pk_tui.trust.genesis import make_genesis
from pk_tui.trust.head import sign_head
from pk_tui.trust.lineage import new_lineage
from pk_tui.trust.succession import make_succession, recovery_key_of

PREDECESSOR_SETTING = "predecessor"
"""The setting that names the node a restored one succeeds: its id, and a byte that is 1 if the recovery key signed that."""


@dataclass(frozen=True, slots=True)
class Restored:
    """`confirmed`: the recovery key signed the succession. `shares`: how many were held by others and are to be made again.
    `made`: when the backup was. `damaged`: what was damaged already then, in words."""

    node_id: NodeId
    predecessor: NodeId
    confirmed: bool
    vaults: int
    shares: int
    made: Instant
    damaged: tuple[str, ...]


async def restore_node(
    home: Home, file: Path, password: Plaintext, words: Plaintext | None, progress: OnProgress = None
) -> Restored:
    """Into an empty directory. `password`: that of the time of the backup; with the `words`, the one that the restored node is to
    have. Raises AlreadyExists if there is something already; whatever ends it, there is a whole node or none."""
    secret = as_password(password)
    recovery = None if words is None else RecoveryKey(entropy_of(words))
    descriptor = _open(file)
    try:
        return await in_thread(lambda go_on: _restore(home, descriptor, secret, recovery, go_on, progress))
    finally:
        os.close(descriptor)


def _restore(
    home: Home, descriptor: int, secret: Plaintext, recovery: RecoveryKey | None, go_on: GoOn, progress: OnProgress
) -> Restored:
    """In one thread, which is the database's."""
    backup = Backup(partial(_read, descriptor))
    root = backup.root_from_password(secret) if recovery is None else backup.root_from_words(recovery)
    key = backup.key_under(root)
    home.create()
    with home.lock():
        if not home.is_empty():
            raise occupied(home)
        go_on()
        home.discard_unfinished()
        try:
            new_root = SealKey.generate()
            slot = wrap_for_password(new_root, secret, Cost())
            witness = FileWitness(home.witness)
            total = os.fstat(descriptor).st_size
            for read in backup.load(key, partial(Database.build, home.unfinished_database), witness):
                go_on()
                if progress:
                    progress(Progress("Restoring", bytes=read, bytes_total=total))
            database = Database.open(home.unfinished_database)
            try:
                store = NodeStore.open(database, witness)
                done = _succeed(store, backup, root, new_root, slot, recovery)
                store.lock()
                database.forget_older_layouts()
            finally:
                database.close()
            go_on()
        except BaseException:
            home.discard_unfinished()
            raise
        home.finish_database()
    return done


def occupied(home: Home) -> AlreadyExists:
    return AlreadyExists(
        f"There is already something in {home.shown}, and a backup is restored only where there is nothing. Nothing was "
        "changed; choose another --node-path."
    )


def _open(file: Path) -> int:
    try:
        # O_NONBLOCK: a pipe in the file's place is not to hold us up
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise MissingInput(f"The backup “{safe_text(str(file), 300)}” cannot be read: {error.strerror}.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise MissingInput(f"“{safe_text(str(file), 300)}” is not a file, so it is no backup.")
    return descriptor


def _read(descriptor: int, size: int) -> bytes:
    try:
        return os.read(descriptor, size)
    except OSError as error:
        raise StorageFailed(f"The backup cannot be read: {error.strerror}. Nothing was restored.") from error


def _succeed(
    store: NodeStore, backup: Backup, root: SealKey, new_root: SealKey, slot: PasswordSlot, recovery: RecoveryKey | None
) -> Restored:
    """Make the restored node a new one, in one transaction."""
    damaged = _unlock(store, root)
    old, now = store.signing, SystemClock().now()
    seed = SealKey(random_bytes(32))
    signing = SigningKey(seed)
    if recovery is None:
        claim = make_succession(signing, old, recovery_key_of(store.genesis), store.recovery_box, now)
    else:
        claim = make_genesis(signing, recovery, now)
    shares = 0
    with store.transaction():
        for frames in store.vaults.list():
            record = frames.record
            granted = store.grants.issued.of_vault(VaultId(record.vault_id))
            shares += sum(row.revoked is None for row in granted)
            store.grants.issued.remove_vault(VaultId(record.vault_id))
            if record.creator == old.node_id.raw:
                frames.commit(None, _ours(record, signing, now))
        granted_on_vaults = frozenset(one for one in store.entitlements.list() if one.vault is not None)
        store.entitlements.apply(Change(gone=granted_on_vaults))
        for note in store.notifications.list(Box.OUTBOX):
            store.notifications.remove(Box.OUTBOX, NodeId(note.node), NotificationId(note.id))
        store.settings.put(PREDECESSOR_SETTING, old.node_id.raw + bytes((recovery is not None,)))
        sealed_for_words = wrap_for_recovery(new_root, store.recovery_box)
        store.succeed(root, new_root, seed, claim, slot, sealed_for_words, now)
    store.write_witness()
    return Restored(
        signing.node_id, old.node_id, recovery is not None, len(store.vaults.list()), shares, backup.made, damaged
    )


def _unlock(store: NodeStore, root: SealKey) -> tuple[str, ...]:
    """What was damaged already when the backup was made, which is nothing to lose the rest for."""
    try:
        store.unlock(root)
    except Corrupt as error:
        store.unlock(root, accept=True)
        return (error.message, *store.vaults.unreadable)
    return store.vaults.unreadable


def _ours(record: VaultRecord, signing: SigningKey, now: Instant) -> VaultRecord:
    """A vault of the old key as one of the new: a lineage of its own, with all versions, whose upstream is what it was. One that
    was a fork keeps its upstream."""
    lineage = new_lineage(signing.node_id)
    origin = (record.origin_node, record.origin_vault)
    if record.upstream is None:
        origin = (record.creator, record.vault_id)
    return replace(
        record,
        creator=lineage.creator.raw,
        nonce=lineage.nonce,
        origin_node=origin[0],
        origin_vault=origin[1],
        read_only=False,
        head=sign_head(signing, lineage, 1, (), CommitId(record.commit), record.digest, now),
        sequence=1,
        upstream=record.taken,
    )
