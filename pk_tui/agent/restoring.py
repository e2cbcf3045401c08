"""What differs between two versions, and bringing an earlier state back: always as a new version, so that nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from pk_tui.agent.commits import commit_edits, commit_tree, head_tree, require_writable
from pk_tui.agent.core import Core
from pk_tui.agent.directory import find_vault
from pk_tui.agent.versions import Version, find_commit, find_version, version_of
from pk_tui.api.events import VaultChanged
from pk_tui.api.views import ChangeView
from pk_tui.errors import Conflict, NotFound
from pk_tui.safe_text import safe_text
from pk_tui.store.frames import Batch
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import CommitId, SecretPath
from pk_tui.vault import history, tree
from pk_tui.vault.diff import changes
from pk_tui.vault.objects import Oid
from pk_tui.vault.revert import replaced, takes_back

NAMED_PATHS = 5
"""Secrets that stand in the way of a revert and are named; of more only the number is told."""
_STEP = 500
"""Edits that take something back between two places where the work can be interrupted."""


async def diff(core: Core, vault: str, old: str, new: str | None) -> Sequence[ChangeView]:
    def work() -> Generator[None, None, list[ChangeView]]:
        version = find_version(core.store, vault)
        frames = version.frames
        before = version_of(frames, find_commit(frames, old))
        after = version if new is None else version_of(frames, find_commit(frames, new))
        found: list[ChangeView] = []
        for path, change in changes(frames, before.tree, after.tree):
            found.append(ChangeView(path, change))
            yield
        return found

    return await core.desk.steps(work())


async def restore(core: Core, vault: str, commit: str, path: SecretPath | None) -> CommitId | None:
    def job() -> tuple[VaultFrames, CommitId | None]:
        frames = find_vault(core.store, vault)
        require_writable(frames.record, core.node_id)
        version = version_of(frames, find_commit(frames, commit))
        batch = frames.batch()
        try:
            return frames, _restored(core, frames, batch, version, path)
        finally:
            batch.discard()

    return _told(core, *await core.desk.do(job))


def _restored(
    core: Core, frames: VaultFrames, batch: Batch, version: Version, path: SecretPath | None
) -> CommitId | None:
    now = core.clock.now()
    if path is None:
        message = f"Restored the version {version.commit.short}"
        return commit_tree(core.store, frames, batch, version.tree, message, now)
    found = tree.find(frames, version.tree, path.parts)
    if found is None:
        raise NotFound(
            f"There was nothing at “{safe_text(str(path), 300)}” in the version {version.commit.short} of "
            f"“{safe_text(frames.record.name, 80)}”. See `pk-tui vaults log VAULT PATH` for the versions that had it."
        )
    here = tree.find(frames, head_tree(frames), path.parts)
    if here is not None and here[0] == found[0]:
        return None
    edits = list(replaced(frames, path, found[0], here[0] if here else None))
    message = f"{path} restored from the version {version.commit.short}"
    return commit_edits(core.store, frames, batch, edits, message, now)


async def revert(core: Core, vault: str, commit: str) -> CommitId | None:
    def work() -> Generator[None, None, tuple[VaultFrames, CommitId | None]]:
        frames = find_vault(core.store, vault)
        require_writable(frames.record, core.node_id)
        return frames, (yield from taking_back(core, frames, commit))

    return _told(core, *await core.desk.steps(work()))


def taking_back(
    core: Core, frames: VaultFrames, commit: str, within: Callable[[], None] | None = None
) -> Generator[None, None, CommitId | None]:
    """Take back a version of a vault that may be written. `within` is done in the transaction of the new one, also if that turns
    out not to be needed."""
    version = version_of(frames, find_commit(frames, commit))
    parents = history.read_commit(frames, version.commit).parents
    message = f"Took back the version {version.commit.short}"
    while True:
        batch = frames.batch()
        try:
            before = version_of(frames, parents[0]).tree if parents else tree.empty_tree(batch)
            head = head_tree(frames)
            new = yield from _taken_back(frames, batch, version, before)
            if head_tree(frames) == head:  # else somebody wrote meanwhile: once more, upon that
                with core.store.transaction():
                    made = commit_tree(core.store, frames, batch, new, message, core.clock.now())
                    if within is not None:
                        within()
                return made
        finally:
            batch.discard()


def _taken_back(frames: VaultFrames, batch: Batch, version: Version, before: Oid) -> Generator[None, None, Oid]:
    """The tree of the vault without what this version changed. Raises Conflict if that has changed again since."""
    head = head_tree(frames)
    if head == version.tree:
        return before
    edits: list[tree.Edit] = []
    in_the_way: list[SecretPath] = []
    for number, step in enumerate(takes_back(batch, before, version.tree, head), 1):
        if isinstance(step, SecretPath):
            in_the_way.append(step)
        else:
            edits.append(step)
        if number % _STEP == 0:
            yield
    if in_the_way:
        raise _changed_since(frames, version.commit, in_the_way)
    return (yield from tree.editing(batch, head, edits))


def _told(core: Core, frames: VaultFrames, made: CommitId | None) -> CommitId | None:
    if made is not None:
        core.bus.say(VaultChanged(frames.vault_id))
    return made


def _changed_since(frames: VaultFrames, commit: CommitId, paths: list[SecretPath]) -> Conflict:
    named = ", ".join(f"“{safe_text(str(path), 120)}”" for path in paths[:NAMED_PATHS])
    more = f" and {len(paths) - NAMED_PATHS} more" if len(paths) > NAMED_PATHS else ""
    have = "has" if len(paths) == 1 else "have"
    return Conflict(
        f"The version {commit.short} of “{safe_text(frames.record.name, 80)}” was not taken back: {named}{more} {have} changed "
        "again since. Nothing was written. Restore what you need by itself: `pk-tui vaults restore VAULT COMMIT PATH`."
    )
