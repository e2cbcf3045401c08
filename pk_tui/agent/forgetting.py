"""Forgetting: a secret or directory, or one old value of a secret, leaves all of a vault's history, on purpose.

The versions are written anew beside the old ones; then, in one transaction, the head moves to the new history, a new key begins,
and records that named the old versions follow; then everything that stays is brought under the new key, the rest is deleted, and
the old key is shredded. Until the head moves it can be called off and nothing has happened; from then on it is seen through, if
need be after the next unlock. What peers already have, they keep.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pk_tui.agent.care import roots_of, told
from pk_tui.agent.commits import flush_large, require_writable
from pk_tui.agent.directory import find_vault
from pk_tui.agent.rights import lineage_of
from pk_tui.agent.versions import find_commit, newest, version_of
from pk_tui.api.events import VaultChanged
from pk_tui.api.facade import OnProgress
from pk_tui.api.views import ForgetView, Progress
from pk_tui.errors import Conflict, Misuse, NotFound
from pk_tui.records import replace
from pk_tui.safe_text import safe_text
from pk_tui.store.conflicts import OpenConflict
from pk_tui.store.frames import Batch
from pk_tui.store.rewriting import rewrite
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import CommitId, NodeId, SecretPath, VaultId
from pk_tui.trust.head import sign_head
from pk_tui.vault.forgetting import Forgetting, ForgettingEverywhere
from pk_tui.vault.history import read_commit
from pk_tui.vault.objects import Kind, Oid
from pk_tui.vault.tree import find, listing

if TYPE_CHECKING:
    from pk_tui.agent.core import Core

CATCH_UP = 32
"""Versions written anew without a break, of those that were made meanwhile."""
REWRITING, REMOVING = "Writing history anew", "Removing the old one"


@dataclass(frozen=True, slots=True)
class _Moved:
    """The head stands on the new history."""

    frames: VaultFrames
    vault_id: VaultId
    head: CommitId
    versions: int
    seen_by: tuple[NodeId, ...]
    value: Oid | None
    """If only a value was meant."""


async def forget(
    core: Core,
    vault: str,
    path: SecretPath,
    progress: OnProgress,
    leave_origin: bool = False,
    value_of: str | None = None,
    everywhere: bool = False,
) -> ForgetView:
    """With `value_of` only the value that the secret had in that version; with `everywhere` also where other secrets of the vault
    have the same. Raises ReadOnly for a clone, NotFound if the path is in no version, and Conflict if it came from a fork's
    origin (unless the fork is to leave that), or the value is that of now."""
    if everywhere and value_of is None:
        raise Misuse("What is forgotten everywhere is a value: say in which version the secret has it.")
    async with core.care.turn:
        rewriting = _rewrite_history(core, vault, path, progress, leave_origin, value_of, everywhere)
        moved = await core.desk.steps(rewriting)
        core.bus.say(VaultChanged(moved.vault_id))
        work = told(rewrite(moved.frames, roots_of(core.store, moved.frames)), progress, REMOVING)
        try:
            objects = await core.desk.steps(work)
        except asyncio.CancelledError:  # nobody waits for it any more, but it was promised to be gone
            core.spawn(_finish(core, moved.frames), "forget a secret for good")
            raise
        still_held = await core.desk.do(lambda: moved.value is not None and moved.value in moved.frames)
    return ForgetView(moved.versions, objects, moved.seen_by, moved.head, still_held)


async def _finish(core: Core, frames: VaultFrames) -> None:
    async with core.care.turn:
        await core.desk.steps(rewrite(frames, roots_of(core.store, frames)))


def _rewrite_history(
    core: Core,
    vault: str,
    path: SecretPath,
    progress: OnProgress,
    leave_origin: bool,
    value_of: str | None,
    everywhere: bool,
) -> Generator[None, None, _Moved]:
    frames = find_vault(core.store, vault)
    require_writable(frames.record, core.node_id)
    value = None if value_of is None else _old_value(core, frames, path, value_of)
    roots = roots_of(core.store, frames)
    with frames.frame_store.alone():
        batch = frames.batch()
        try:
            work = Forgetting(batch, path, value)
            if everywhere and value is not None:
                work = ForgettingEverywhere(batch, path, value)
            breath = 1
            while missing := [root for root in map(CommitId, sorted(roots())) if root not in work.versions]:
                for count, _ in enumerate(work.go_on(missing), 1):
                    if count % breath:
                        continue
                    flush_large(batch)
                    if progress:
                        progress(Progress(REWRITING, objects=len(work.versions), bytes=batch.bytes))
                    yield
                # Others may have committed meanwhile; what is new follows with fewer breaks, so that they cannot keep ahead.
                breath = CATCH_UP
            # In the step in which nothing was missing. The value may have come back meanwhile.
            if everywhere and value is not None:
                _require_nowhere(core, frames, batch, work, value)
            elif value is not None:
                _require_old(core, frames, path, value)
            return _move_head(core, frames, batch, work, path, leave_origin, value)
        finally:
            batch.discard()


def _old_value(core: Core, frames: VaultFrames, path: SecretPath, version: str) -> Oid:
    """The object that the secret was in that version."""
    found = find(frames, version_of(frames, find_commit(frames, version)).tree, path.parts)
    shown = safe_text(str(path), 1100)
    if found is None:
        raise NotFound(f"There is no secret “{shown}” in that version.")
    if found[1].kind is Kind.TREE:
        raise Misuse(f"“{shown}” is a directory there. Only of a secret can one value be forgotten.")
    _require_old(core, frames, path, found[0])
    return found[0]


def _require_old(core: Core, frames: VaultFrames, path: SecretPath, value: Oid) -> None:
    shown = safe_text(str(path), 1100)
    now = find(frames, newest(frames).tree, path.parts)
    if now is not None and now[0] == value:
        raise Conflict(
            f"“{shown}” has this value now. Nothing was changed; give it another one first, or forget the whole secret."
        )
    if any(row.path == str(path) for row in core.store.conflicts.list(frames.vault_id)):
        raise Conflict(f"“{shown}” waits for a decision between two values. Nothing was changed; decide that first.")


def _require_nowhere(core: Core, frames: VaultFrames, batch: Batch, work: Forgetting, value: Oid) -> None:
    """Of no secret may it be the value of now, nor one that waits for a decision."""
    if newest(frames).tree != read_commit(batch, work.versions[CommitId(frames.record.commit)]).tree:
        held = next(row.path for row in listing(frames, newest(frames).tree, (), True) if row.oid == value)
        raise Conflict(
            f"“{safe_text(held, 1100)}” has this value now. Nothing was changed; give it another one first, or forget "
            "the value at this path alone."
        )
    for row in core.store.conflicts.list(frames.vault_id):
        for commit in (row.base, row.ours, row.theirs):
            there = commit and find(frames, read_commit(frames, CommitId(commit)).tree, row.path.split("/"))
            if there and there[0] == value:
                raise Conflict(
                    f"“{safe_text(row.path, 1100)}” waits for a decision between two values, of which this is one. Nothing was "
                    "changed; decide that first."
                )


def _move_head(
    core: Core,
    frames: VaultFrames,
    batch: Batch,
    work: Forgetting,
    path: SecretPath,
    leave_origin: bool,
    value: Oid | None,
) -> _Moved:
    store, record, versions = core.store, frames.record, work.versions
    vault_id = VaultId(record.vault_id)
    name, shown = safe_text(record.name, 80), safe_text(str(path), 1100)
    if not work.rewritten:
        raise NotFound(f"There is no secret or directory “{shown}” in any version of “{name}”.")
    replaced = {old.raw: new.raw for old, new in versions.items() if old != new}
    if record.upstream is not None and record.upstream.commit in replaced:
        if not leave_origin:
            raise Conflict(
                f"“{shown}” came with versions from the vault that “{name}” was forked from, and would come again with the next "
                "pull. Nothing was changed. Have it forgotten there; or let the fork leave its "
                "origin (--leave-origin) and be a vault of its own."
            )
        record = replace(record, upstream=None, origin_node=None, origin_vault=None)
    seen_by = {NodeId(row.node) for row in store.served.list(vault_id) if row.new in replaced}
    head = versions[CommitId(record.commit)]
    lineage = lineage_of(record)
    # A number is left out: who knows the head before is to see a history written anew, not two of one number. And that head is
    # not named as a parent: its name is a hash over what is to be forgotten.
    sequence = max(record.sequence, store.head_floor(lineage.id)) + 2
    now = core.clock.now()
    digest = batch.facts(head.raw).digest
    moved = replace(
        record,
        head=sign_head(store.signing, lineage, sequence, (), head, digest, now),
        commit=head.raw,
        digest=digest,
        sequence=sequence,
        updated=now,
        kept=tuple(dict.fromkeys(replaced.get(commit, commit) for commit in record.kept)),
    )
    others = [other for other in frames.frame_store.batches if other is not batch]
    with store.transaction():
        store.served.replace_versions(vault_id, replaced)
        _follow_conflicts(core, vault_id, path, replaced)
        frames.commit(batch, moved, new_key=True)
    for other in others:  # they may hold what is to be gone, or build on it
        other.void()
    return _Moved(frames, vault_id, head, work.rewritten, tuple(sorted(seen_by)), value)


def _follow_conflicts(core: Core, vault_id: VaultId, path: SecretPath, replaced: Mapping[bytes, bytes]) -> None:
    """Conflicts at or below the path are no more; the others name the new versions."""
    table = core.store.conflicts
    gone: list[str] = []
    changed: list[OpenConflict] = []
    for row in table.list(vault_id):
        if row.path == str(path) or row.path.startswith(f"{path}/"):
            gone.append(row.path)
            continue
        base, ours, theirs = (
            None if commit is None else replaced.get(commit, commit) for commit in (row.base, row.ours, row.theirs)
        )
        followed = replace(row, base=base, ours=ours, theirs=theirs)
        if followed != row:
            changed.append(followed)
    if gone or changed:
        table.change(vault_id, gone, changed)
