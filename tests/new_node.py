"""A new node without the time that a password takes: its root key opens it."""

from __future__ import annotations

from dataclasses import dataclass

from pk_tui.crypto import entropy
from pk_tui.crypto.keys import RecoveryKey, SigningKey
from pk_tui.crypto.passphrase import Cost
from pk_tui.crypto.seal import SealKey
from pk_tui.crypto.words import to_words
from pk_tui.crypto.wrap import PasswordSlot, wrap_for_recovery
from pk_tui.plaintext import Plaintext
from pk_tui.store.database import Database
from pk_tui.store.node import NodeStore
from pk_tui.store.witness import FileWitness, MemoryWitness
from pk_tui.trust.genesis import make_genesis


@dataclass(frozen=True)
class NewNode:
    """`store` is locked. `typed`: the recovery key as 24 words."""

    store: NodeStore
    root: SealKey
    signing: SigningKey
    recovery: RecoveryKey
    typed: Plaintext


def new_node(database: Database, witness: FileWitness | MemoryWitness, now: int = 1) -> NewNode:
    seed, root = SealKey.generate(), SealKey.generate()
    said = entropy.random_bytes(32)
    signing, recovery = SigningKey(seed), RecoveryKey(said)
    store = NodeStore.create(
        database,
        witness,
        genesis=make_genesis(signing, recovery, now),
        node_id=signing.node_id,
        seed=seed,
        password_slot=PasswordSlot(bytes(16), Cost(), bytes(72)),  # nothing that a password opens
        root=root,
        recovery_wrapped=wrap_for_recovery(root, recovery.box_public),
        recovery_box=recovery.box_public,
        now=now,
    )
    return NewNode(store, root, signing, recovery, to_words(said))
