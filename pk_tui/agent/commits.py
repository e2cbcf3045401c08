"""One change to a vault: edited tree, commit, signed head and state row, in one transaction. Desk work."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pk_tui.agent.rights import lineage_of
from pk_tui.clock import Clock, Instant
from pk_tui.crypto.entropy import random_bytes
from pk_tui.errors import Misuse, PkError, ReadOnly
from pk_tui.records import replace
from pk_tui.safe_text import safe_text
from pk_tui.store.frames import Batch
from pk_tui.store.node import NodeStore
from pk_tui.store.vault import VaultFrames
from pk_tui.store.vaultrecord import VaultRecord
from pk_tui.terms import CommitId, NodeId, SecretPath, VaultId
from pk_tui.trust.head import sign_head
from pk_tui.trust.lineage import new_lineage
from pk_tui.vault import history, tree
from pk_tui.vault.git_names import is_taken_for_git
from pk_tui.vault.objects import Facts, Oid

FLUSH_AT = 1 * 1024 * 1024
"""Bytes of new objects that wait in memory before they go to disk as (still invisible) frames, while more are awaited."""


def require_writable(record: VaultRecord, node: NodeId) -> None:
    """Raises ReadOnly for a clone, saying whose vault it is, where changes are made, and how to have a copy to write in."""
    if record.read_only or record.creator != node.raw:
        origin = NodeId(record.origin_node or record.creator)
        raise ReadOnly(
            f"“{safe_text(record.name, 80)}” is a clone of a vault of {origin.short}… and is read-only here: only its owner "
            "changes it, and `pk-tui vaults pull` brings the changes. Nothing was written. `pk-tui vaults fork` makes a copy of "
            "it that you can write in."
        )


def refuse_names_of_git(frames: VaultFrames, path: SecretPath) -> None:
    """Raises Misuse if something new would get a name that git takes for its own directory. What has one already keeps it."""
    for depth, name in enumerate(path.parts, 1):
        if is_taken_for_git(name) and tree.find(frames, head_tree(frames), path.parts[:depth]) is None:
            raise Misuse(
                f"“{safe_text(str(path))}” cannot be the path of a new secret: some systems take “{safe_text(name)}” for "
                "git's own directory, so that git refuses every export with it. Choose another name."
            )


def flush_large(batch: Batch) -> None:
    """Called between the steps of long work, so that what it makes does not gather in memory."""
    if batch.pending_bytes >= FLUSH_AT:
        batch.flush()


def create_vault(store: NodeStore, name: str, now: Instant) -> VaultFrames:
    """A new vault of ours with an empty first commit, so that it has a signed head from the start."""
    signing = store.signing
    lineage = new_lineage(signing.node_id)
    frames = store.vaults.begin()
    try:
        batch = frames.batch()
        root = tree.empty_tree(batch)
        commit, facts = history.build_commit(batch, root, None, signing.node_id, "Created the vault", now)
        record = VaultRecord(
            vault_id=VaultId(random_bytes(16)).raw,
            name=name,
            creator=signing.node_id.raw,
            nonce=lineage.nonce,
            origin_node=None,
            origin_vault=None,
            read_only=False,
            head=sign_head(signing, lineage, 1, (), commit, facts.digest, now),
            commit=commit.raw,
            digest=facts.digest,
            sequence=1,
            created=now,
            updated=now,
        )
        frames.commit(batch, record)
    except BaseException:
        frames.abandon()
        raise
    return frames


def commit_edits(
    store: NodeStore, frames: VaultFrames, batch: Batch, edits: Sequence[tree.Edit], message: str | None, now: Instant
) -> CommitId | None:
    """Apply `edits` to the head and commit. None, and nothing written, if the tree stays the same.

    Without `message` the changed paths are the message. The batch is used up either way; if this raises, the caller discards it.
    """
    require_writable(frames.record, store.signing.node_id)
    return commit_tree(store, frames, batch, tree.edit(batch, head_tree(frames), edits), message, now)


def committing_edits(
    store: NodeStore, frames: VaultFrames, batch: Batch, edits: Sequence[tree.Edit], message: str | None, clock: Clock
) -> Generator[None, None, CommitId | None]:
    """The same in steps, for very many edits: made upon what the vault holds at the last step, whoever wrote meanwhile."""
    while True:
        require_writable(frames.record, store.signing.node_id)
        head = head_tree(frames)
        new = yield from tree.editing(batch, head, edits)
        yield from batch.getting_ready()
        if head_tree(frames) == head:
            return commit_tree(store, frames, batch, new, message, clock.now())


def commit_tree(
    store: NodeStore, frames: VaultFrames, batch: Batch, new: Oid, message: str | None, now: Instant
) -> CommitId | None:
    """Let this tree, which is in the vault or the batch, be what the vault holds; otherwise as `commit_edits`."""
    record = frames.record
    require_writable(record, store.signing.node_id)
    parent = CommitId(record.commit)
    old = history.read_commit(batch, parent).tree
    if new == old:
        batch.discard()
        return None
    text = message if message is not None else history.describe_changes(batch, old, new)
    commit, facts = history.build_commit(batch, new, parent, store.signing.node_id, text, now)
    advance(store, frames, batch, record, commit, facts, now)
    return commit


def advance(
    store: NodeStore,
    frames: VaultFrames,
    batch: Batch,
    record: VaultRecord,
    commit: CommitId,
    facts: Facts,
    now: Instant,
) -> None:
    """Let `commit`, which continues the vault's history, be its newest version: signed by us, with the batch's objects, in one
    transaction. `record` is the vault's, with what else is to change."""
    lineage = lineage_of(record)
    # The floor comes from the witness: after a restored backup no sequence number is used a second time.
    sequence = max(record.sequence, store.head_floor(lineage.id)) + 1
    head = sign_head(store.signing, lineage, sequence, (CommitId(frames.record.commit),), commit, facts.digest, now)
    frames.commit(
        batch, replace(record, head=head, commit=commit.raw, digest=facts.digest, sequence=sequence, updated=now)
    )


def head_tree(frames: VaultFrames) -> bytes:
    """The git name of the tree at the vault's head."""
    return history.read_commit(frames, CommitId(frames.record.commit)).tree


def head_facts(frames: VaultFrames) -> Facts | str:
    """How much the newest version holds; of a damaged vault, in words why that cannot be told. One damaged vault is never to
    hide the others."""
    try:
        return frames.facts(frames.record.commit)
    except PkError as error:
        return error.message
    except KeyError:
        return "The vault's newest version is missing from its index."
