"""Rearranging secrets: directories are made, secrets removed, moved and copied. Each call is one commit in each vault it changes,
all of them in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from pk_tui.agent.commits import commit_edits, flush_large, head_tree, refuse_names_of_git, require_writable
from pk_tui.agent.core import Core
from pk_tui.agent.directory import find_vault
from pk_tui.agent.slots import apart, put_item, refuse_slot, without
from pk_tui.agent.versions import Spot, find_version, newest, spot_at
from pk_tui.api.events import VaultChanged
from pk_tui.errors import AlreadyExists, Corrupt, Misuse, NotFound
from pk_tui.safe_text import safe_text
from pk_tui.store.frames import Batch
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import CommitId, SecretPath, VaultId
from pk_tui.vault import tree
from pk_tui.vault.objects import Kind

Place = tuple[str, SecretPath]
EditsOf = Callable[[VaultFrames, Batch, list[SecretPath]], list[tree.Edit]]
Changes = Sequence[tuple[VaultFrames, Batch, Sequence[tree.Edit]]]
_Done = list[tuple[VaultId, CommitId | None]]
"""The vaults of one call, each with its commit, or None if nothing in it was changed."""


async def make_directories(core: Core, paths: Sequence[Place], parents: bool) -> Sequence[CommitId]:
    def edits(frames: VaultFrames, batch: Batch, wanted: list[SecretPath]) -> list[tree.Edit]:
        root = head_tree(frames)
        made: set[tuple[str, ...]] = set()
        for path in wanted:
            refuse_slot(newest(frames), path, "made")
            refuse_names_of_git(frames, path)
            found = tree.find(frames, root, path.parts)
            if found is not None and not (parents and found[1].kind is Kind.TREE):
                raise AlreadyExists(f"“{safe_text(str(path))}” is already there.")
            above = path.parent
            if above and not parents and above not in made and tree.find(frames, root, above) is None:
                raise NotFound(
                    f"The directory “{safe_text('/'.join(above))}” is not there. Make it first, or use --recursive."
                )
            made.add(path.parts)
        return [(path, tree.MakeDirectory()) for path in wanted]

    return await _edit_each(core, paths, edits)


async def remove(core: Core, paths: Sequence[Place], recursive: bool) -> Sequence[CommitId]:
    def edits(frames: VaultFrames, batch: Batch, wanted: list[SecretPath]) -> list[tree.Edit]:
        wanted, slots = apart(newest(frames), wanted)
        for path in wanted:
            if spot_at(newest(frames), path).is_directory and not recursive:
                raise Misuse(
                    f"“{safe_text(str(path))}” is a directory. To remove it with all it holds, use --recursive."
                )
        outer = [path for path in dict.fromkeys(wanted) if not any(path.is_under(other) for other in wanted)]
        gone: list[tree.Edit] = [(path, tree.Remove()) for path in outer]
        for path, item in without(slots).items():
            if path not in outer and not any(path.is_under(other) for other in outer):
                gone.append((path, put_item(batch, item)))
        return gone

    return await _edit_each(core, paths, edits)


async def _edit_each(core: Core, paths: Sequence[Place], edits_of: EditsOf) -> Sequence[CommitId]:
    """If one path is wrong, nothing is written anywhere."""

    def job() -> _Done:
        by_vault: dict[VaultId, tuple[VaultFrames, list[SecretPath]]] = {}
        for reference, path in paths:
            frames = find_vault(core.store, reference)
            require_writable(frames.record, core.node_id)
            by_vault.setdefault(frames.vault_id, (frames, []))[1].append(path)
        batches = [(frames, frames.batch(), wanted) for frames, wanted in by_vault.values()]
        try:
            return _committed(
                core, [(frames, batch, edits_of(frames, batch, wanted)) for frames, batch, wanted in batches]
            )
        finally:
            # Only now: until the transaction is over, what a batch wrote is still its own, and discarding would remove it.
            for _, batch, _ in batches:
                batch.discard()

    return _told(core, await core.desk.do(job))


async def move(core: Core, source: Place, target: Place) -> Sequence[CommitId]:
    def work() -> Generator[None, None, _Done]:
        from_vault, to_vault = find_vault(core.store, source[0]), find_vault(core.store, target[0])
        require_writable(from_vault.record, core.node_id)
        refuse_slot(newest(from_vault), source[1], "moved")
        spot = spot_at(newest(from_vault), source[1])
        goal = _landing(to_vault, source[1], target[1])
        gone = (source[1], tree.Remove())
        leaving, coming = from_vault.batch(), to_vault.batch()
        try:
            if from_vault is to_vault:
                if goal.is_under(source[1]):
                    raise Misuse("A directory cannot be moved into itself.")
                return _committed(core, [(from_vault, leaving, [gone, (goal, tree.Put(spot.oid))])])
            require_writable(to_vault.record, core.node_id)
            yield from _brought(spot, coming)
            while (now := spot_at(newest(from_vault), source[1])).oid != spot.oid:  # others had their turns meanwhile
                spot = now
                yield from _brought(spot, coming)
            goal = _landing(to_vault, source[1], target[1])
            return _committed(core, [(to_vault, coming, [(goal, tree.Put(spot.oid))]), (from_vault, leaving, [gone])])
        finally:
            leaving.discard()
            coming.discard()

    return _told(core, await core.desk.steps(work()))


async def copy(core: Core, source: Place, target: Place, recursive: bool) -> CommitId:
    def work() -> Generator[None, None, tuple[VaultFrames, _Done]]:
        version, to_vault = find_version(core.store, source[0]), find_vault(core.store, target[0])
        require_writable(to_vault.record, core.node_id)
        refuse_slot(version, source[1], "copied")
        spot = spot_at(version, source[1])
        if spot.is_directory and not recursive:
            raise Misuse(
                f"“{safe_text(str(source[1]))}” is a directory. To copy it with all it holds, use --recursive."
            )
        goal = _landing(to_vault, source[1], target[1])
        batch = to_vault.batch()
        try:
            if spot.frames is to_vault:
                if version.is_newest and goal.is_under(source[1]):
                    raise Misuse("A directory cannot be copied into itself.")
            else:
                yield from _brought(spot, batch)
                goal = _landing(to_vault, source[1], target[1])  # others had their turns meanwhile
            return to_vault, _committed(core, [(to_vault, batch, [(goal, tree.Put(spot.oid))])])
        finally:
            batch.discard()

    to_vault, done = await core.desk.steps(work())
    made = _told(core, done)
    return made[0] if made else CommitId(to_vault.record.commit)


def _landing(frames: VaultFrames, source: SecretPath, target: SecretPath) -> SecretPath:
    """Where a move or copy ends: the target itself, or inside it if it is a directory. Raises AlreadyExists if taken."""
    found = tree.find(frames, head_tree(frames), target.parts)
    if found is not None and found[1].kind is Kind.TREE:
        target = target / source.name
        found = tree.find(frames, head_tree(frames), target.parts)
    if found is not None:
        raise AlreadyExists(f"“{safe_text(str(target))}” is already there. Remove it first, or choose another name.")
    refuse_slot(newest(frames), target, "written over")
    refuse_names_of_git(frames, target)
    return target


def _brought(spot: Spot, batch: Batch) -> Generator[None, None, None]:
    """A secret or directory on its way into another vault: its objects are sealed anew there, under that vault's key."""
    try:
        for _ in tree.transplanting(spot.frames, batch, spot.oid):
            flush_large(batch)
            yield
    except KeyError as error:
        raise Corrupt(
            f"The vault “{safe_text(spot.frames.record.name, 80)}” is damaged: a part of it is gone. Nothing was written; "
            "`pk-tui check` says more."
        ) from error


def _committed(core: Core, changes: Changes) -> _Done:
    now = core.clock.now()
    with core.store.transaction():
        return [
            (frames.vault_id, commit_edits(core.store, frames, batch, edits, None, now))
            for frames, batch, edits in changes
        ]


def _told(core: Core, done: _Done) -> Sequence[CommitId]:
    """The commits that were made, after saying which vaults changed."""
    made = [(vault_id, commit) for vault_id, commit in done if commit is not None]
    for vault_id, _ in made:
        core.bus.say(VaultChanged(vault_id))
    return [commit for _, commit in made]
