"""Secrets: read, write, list and rearrange. Each call that changes something is one commit in each vault it changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial

from pk_tui.agent.commits import FLUSH_AT, commit_edits, head_tree, refuse_names_of_git, require_writable
from pk_tui.agent.core import Core, Gate
from pk_tui.agent.directory import find_vault
from pk_tui.agent.slots import apart, find_slot, find_template, put_item, refuse_slot, without
from pk_tui.agent.versions import Version, find_version, newest
from pk_tui.api.events import VaultChanged
from pk_tui.api.views import EntryView, FoundView, SecretStat
from pk_tui.clock import Instant
from pk_tui.errors import AlreadyExists, Misuse, NotFound
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.store.frames import Batch
from pk_tui.store.vaults import VaultFrames
from pk_tui.terms import CommitId, SecretPath, VaultId
from pk_tui.vault import chunks, history, tree
from pk_tui.vault.item import MAX_ITEM
from pk_tui.vault.objects import Facts, Kind, Oid

SMALL = 256 * 1024
"""Bytes up to which a secret is written in one desk job."""
READ_AT_ONCE = 4
"""Chunks read in one desk job, 1 MiB."""

Place = tuple[str, SecretPath]
_Done = list[tuple[VaultId, CommitId | None]]
"""The vaults of one call, each with its commit, or None if nothing in it was changed."""
EditsOf = Callable[[VaultFrames, Batch, list[SecretPath]], list[tree.Edit]]


@dataclass(frozen=True, slots=True)
class _Spot:
    """Something found at a path of a version."""

    frames: VaultFrames
    oid: Oid
    facts: Facts

    @property
    def is_directory(self) -> bool:
        return self.facts.kind is Kind.TREE


def _missing(version: Version, path: SecretPath) -> NotFound:
    which = "" if version.is_newest else f"version {version.commit.short} of the "
    name = safe_text(version.frames.record.name, 80)
    return NotFound(f"There is no secret “{safe_text(str(path))}” in the {which}vault “{name}”.")


def _at(version: Version, path: SecretPath) -> _Spot:
    found = tree.find(version.frames, version.tree, path.parts)
    if found is None:
        raise _missing(version, path)
    return _Spot(version.frames, *found)


def _secret_at(version: Version, path: SecretPath) -> _Spot:
    spot = _at(version, path)
    if spot.is_directory:
        raise Misuse(f"“{safe_text(str(path))}” is a directory, not a secret. List it with `pk-tui secrets ls`.")
    return spot


def _require_absent(frames: VaultFrames, path: SecretPath) -> None:
    if tree.find(frames, head_tree(frames), path.parts) is not None:
        raise AlreadyExists(f"“{safe_text(str(path))}” is already there. To replace it use `pk-tui secrets write`.")


def _bodies(frames: VaultFrames, names: list[Oid]) -> list[Plaintext]:
    return [Plaintext(frames.body(name)) for name in names]


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


def _committing(core: Core, frames: VaultFrames, batch: Batch, edits: list[tree.Edit], now: Instant) -> CommitId | None:
    try:
        return commit_edits(core.store, frames, batch, edits, None, now)
    finally:
        batch.discard()


def _copy_across(core: Core, spot: _Spot, target: VaultFrames, goal: SecretPath, now: Instant) -> CommitId | None:
    """Copy a secret or directory into another vault: its objects are sealed anew there, under that vault's key."""
    require_writable(target.record, core.node_id)
    batch = target.batch()
    try:
        tree.transplant(spot.frames, batch, spot.oid)
        return commit_edits(core.store, target, batch, [(goal, tree.Put(spot.oid))], None, now)
    finally:
        batch.discard()


def _told(core: Core, done: _Done) -> Sequence[CommitId]:
    """The commits that were made, after saying which vaults changed."""
    made = [(vault_id, commit) for vault_id, commit in done if commit is not None]
    for vault_id, _ in made:
        core.bus.say(VaultChanged(vault_id))
    return [commit for _, commit in made]


class SecretService:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def read(self, vault: str, path: SecretPath) -> AsyncIterator[Plaintext]:
        core = self._gate.core()

        def first() -> tuple[list[Oid], list[Plaintext], VaultFrames]:
            version = find_version(core.store, vault)
            place = find_slot(version, path)
            if place is not None:
                return [], [place.value()], version.frames
            spot = _secret_at(version, path)
            pieces = chunks.piece_names(spot.frames, spot.oid)
            return pieces, _bodies(spot.frames, pieces[:READ_AT_ONCE]), spot.frames

        names, bodies, frames = await core.desk.do(first)
        at = 0
        while True:
            for body in bodies:
                yield body
            at += READ_AT_ONCE
            if at >= len(names):
                return
            some = names[at : at + READ_AT_ONCE]
            bodies = await core.desk.do(partial(_bodies, frames, some))

    async def write(
        self, vault: str, path: SecretPath, content: AsyncIterator[bytes], create_only: bool = False
    ) -> CommitId | None:
        core = self._gate.core()

        def begin() -> tuple[VaultFrames, Batch] | None:
            frames = find_vault(core.store, vault)
            require_writable(frames.record, core.node_id)
            if create_only:
                _require_absent(frames, path)
            refuse_names_of_git(frames, path)
            return None if find_slot(newest(frames), path) else (frames, frames.batch())

        begun = await core.desk.do(begin)
        if begun is None:
            return await self._write_slot(core, vault, path, content, create_only)
        frames, batch = begun
        try:
            writer = chunks.ChunkWriter(batch)
            waiting: list[bytes] = []
            size = 0

            def feed(pieces: list[bytes]) -> None:
                for piece in pieces:
                    writer.feed(piece)
                if batch.pending_bytes >= FLUSH_AT:
                    batch.flush()

            async for piece in content:
                waiting.append(piece)
                size += len(piece)
                if size > SMALL:
                    some, waiting, size = waiting, [], 0
                    await core.desk.do(partial(feed, some), urgent=False)

            def finish() -> CommitId | None:
                feed(waiting)
                if create_only:
                    _require_absent(frames, path)
                return commit_edits(
                    core.store, frames, batch, [(path, tree.Put(writer.finish()[0]))], None, core.clock.now()
                )

            commit = await core.desk.do(finish)
        except BaseException:
            await core.desk.do(batch.discard)
            raise
        if commit is not None:
            core.bus.say(VaultChanged(VaultId(frames.record.vault_id)))
        return commit

    async def _write_slot(
        self, core: Core, vault: str, path: SecretPath, content: AsyncIterator[bytes], create_only: bool
    ) -> CommitId | None:
        value = bytearray()
        async for piece in content:
            value += piece
            if len(value) > MAX_ITEM:
                raise Misuse(f"A slot's value is at most {MAX_ITEM} bytes. Keep what is larger as a secret of its own.")

        def job() -> tuple[VaultFrames, CommitId | None]:
            frames = find_vault(core.store, vault)
            place = find_slot(newest(frames), path)
            if place is None:
                raise _missing(newest(frames), path)
            slot = place.item.slot(place.name)
            if create_only and slot is not None:
                raise AlreadyExists(f"The slot “{safe_text(str(path))}” is already there.")
            if slot is not None and slot.value.reveal() == value:
                return frames, None
            item = place.with_value(Plaintext(bytes(value)), find_template(newest(frames), place.item.template))
            batch = frames.batch()
            try:
                return frames, commit_edits(
                    core.store, frames, batch, [(place.path, put_item(batch, item))], None, core.clock.now()
                )
            finally:
                batch.discard()

        frames, commit = await core.desk.do(job)
        _told(core, [(frames.vault_id, commit)])
        return commit

    async def list(
        self, vault: str, directory: SecretPath | None = None, recursive: bool = False
    ) -> Sequence[EntryView]:
        core = self._gate.core()

        def work() -> Generator[None, None, Sequence[EntryView]]:
            version = find_version(core.store, vault)
            parts = directory.parts if directory else ()
            if directory is not None:
                refuse_slot(version, directory, "listed")
                spot = _at(version, directory)
                if not spot.is_directory:
                    return [EntryView(str(directory), False, spot.facts.size)]
            rows: list[EntryView] = []
            for portion in tree.listed_in_portions(version.frames, version.tree, parts, recursive):
                rows += [EntryView(path, is_directory, size) for path, is_directory, size, _ in portion]
                yield
            return rows

        return await core.desk.steps(work())

    async def find(
        self,
        term: str,
        vault: str | None = None,
        values: bool = False,
        limit: int = 50,
        directories: bool = False,
        hurry: bool = False,
    ) -> Sequence[FoundView]:
        core = self._gate.core()
        return await core.finding.find(core, term, vault, values, limit, directories, hurry)

    async def stat(self, vault: str, path: SecretPath) -> SecretStat:
        core = self._gate.core()

        def job() -> SecretStat:
            version = find_version(core.store, vault)
            place = find_slot(version, path)
            if place is not None:
                size = len(place.value())
                last = history.last_change(version.frames, version.commit, place.path)
                return SecretStat(path, False, size, last.commit, last.time, 1)
            spot = _at(version, path)
            last = history.last_change(version.frames, version.commit, path)
            return SecretStat(
                path=path,
                is_directory=spot.is_directory,
                size=spot.facts.size,
                commit=last.commit,
                modified=last.time,
                chunks=0 if spot.is_directory else len(chunks.piece_names(spot.frames, spot.oid)),
            )

        return await core.desk.do(job)

    async def make_directories(self, paths: Sequence[Place], parents: bool = False) -> Sequence[CommitId]:
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

        return await self._edit_each(paths, edits)

    async def remove(self, paths: Sequence[Place], recursive: bool = False) -> Sequence[CommitId]:
        def edits(frames: VaultFrames, batch: Batch, wanted: list[SecretPath]) -> list[tree.Edit]:
            wanted, slots = apart(newest(frames), wanted)
            for path in wanted:
                if _at(newest(frames), path).is_directory and not recursive:
                    raise Misuse(
                        f"“{safe_text(str(path))}” is a directory. To remove it with all it holds, use --recursive."
                    )
            outer = [path for path in dict.fromkeys(wanted) if not any(path.is_under(other) for other in wanted)]
            gone: list[tree.Edit] = [(path, tree.Remove()) for path in outer]
            for path, item in without(slots).items():
                if path not in outer and not any(path.is_under(other) for other in outer):
                    gone.append((path, put_item(batch, item)))
            return gone

        return await self._edit_each(paths, edits)

    async def move(self, source: Place, target: Place) -> Sequence[CommitId]:
        core = self._gate.core()

        def job() -> _Done:
            from_vault, to_vault = find_vault(core.store, source[0]), find_vault(core.store, target[0])
            require_writable(from_vault.record, core.node_id)
            refuse_slot(newest(from_vault), source[1], "moved")
            spot = _at(newest(from_vault), source[1])
            goal = _landing(to_vault, source[1], target[1])
            now = core.clock.now()
            if from_vault.record.vault_id == to_vault.record.vault_id:
                if goal.is_under(source[1]):
                    raise Misuse("A directory cannot be moved into itself.")
                batch = from_vault.batch()
                edits: list[tree.Edit] = [(source[1], tree.Remove()), (goal, tree.Put(spot.oid))]
                return [(from_vault.vault_id, _committing(core, from_vault, batch, edits, now))]
            copied = _copy_across(core, spot, to_vault, goal, now)
            removed = _committing(core, from_vault, from_vault.batch(), [(source[1], tree.Remove())], now)
            return [(to_vault.vault_id, copied), (from_vault.vault_id, removed)]

        return _told(core, await core.desk.do(job))

    async def copy(self, source: Place, target: Place, recursive: bool = False) -> CommitId:
        core = self._gate.core()

        def job() -> tuple[VaultId, CommitId]:
            version, to_vault = find_version(core.store, source[0]), find_vault(core.store, target[0])
            from_vault = version.frames
            refuse_slot(version, source[1], "copied")
            spot = _at(version, source[1])
            if spot.is_directory and not recursive:
                raise Misuse(
                    f"“{safe_text(str(source[1]))}” is a directory. To copy it with all it holds, use --recursive."
                )
            goal = _landing(to_vault, source[1], target[1])
            now = core.clock.now()
            if from_vault.record.vault_id == to_vault.record.vault_id:
                if version.is_newest and goal.is_under(source[1]):
                    raise Misuse("A directory cannot be copied into itself.")
                commit = _committing(core, to_vault, to_vault.batch(), [(goal, tree.Put(spot.oid))], now)
            else:
                commit = _copy_across(core, spot, to_vault, goal, now)
            return to_vault.vault_id, commit or CommitId(to_vault.record.commit)

        vault_id, commit = await core.desk.do(job)
        _told(core, [(vault_id, commit)])
        return commit

    async def _edit_each(self, paths: Sequence[Place], edits_of: EditsOf) -> Sequence[CommitId]:
        """One commit for each vault named, all in one transaction: if one path is wrong, nothing is written anywhere."""
        core = self._gate.core()

        def job() -> _Done:
            by_vault: dict[bytes, tuple[VaultFrames, list[SecretPath]]] = {}
            for reference, path in paths:
                frames = find_vault(core.store, reference)
                require_writable(frames.record, core.node_id)
                by_vault.setdefault(frames.record.vault_id, (frames, []))[1].append(path)
            now = core.clock.now()
            batches = [(frames, frames.batch(), wanted) for frames, wanted in by_vault.values()]
            try:
                plans = [(frames, batch, edits_of(frames, batch, wanted)) for frames, batch, wanted in batches]
                with core.store.transaction():
                    return [
                        (frames.vault_id, commit_edits(core.store, frames, batch, edits, None, now))
                        for frames, batch, edits in plans
                    ]
            finally:
                # Only now: until the transaction is over, what a batch wrote is still its own, and discarding would remove it.
                for _, batch, _ in batches:
                    batch.discard()

        return _told(core, await core.desk.do(job))
