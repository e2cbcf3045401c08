"""Secrets: read, write and list. Each write is one commit. What rearranges them is `arranging`'s."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Sequence
from functools import partial

from pk_tui.agent import arranging
from pk_tui.agent.arranging import Place
from pk_tui.agent.commits import commit_edits, head_tree, refuse_names_of_git, require_writable
from pk_tui.agent.core import Core, Gate
from pk_tui.agent.directory import find_vault
from pk_tui.agent.feeding import feed
from pk_tui.agent.slots import find_slot, find_template, put_item, refuse_slot
from pk_tui.agent.versions import Spot, Version, find_version, missing, newest, spot_at
from pk_tui.api.events import VaultChanged
from pk_tui.api.views import EntryView, FoundView, SecretStat
from pk_tui.errors import AlreadyExists, Misuse
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.store.frames import Batch
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import CommitId, SecretPath, VaultId
from pk_tui.vault import chunks, history, tree
from pk_tui.vault.item import MAX_ITEM
from pk_tui.vault.objects import Oid

READ_AT_ONCE = 4
"""Chunks read in one desk job, 1 MiB; the next are read meanwhile."""


def _secret_at(version: Version, path: SecretPath) -> Spot:
    spot = spot_at(version, path)
    if spot.is_directory:
        raise Misuse(f"“{safe_text(str(path))}” is a directory, not a secret. List it with `pk-tui secrets ls`.")
    return spot


def _require_absent(frames: VaultFrames, path: SecretPath) -> None:
    if tree.find(frames, head_tree(frames), path.parts) is not None:
        raise AlreadyExists(f"“{safe_text(str(path))}” is already there. To replace it use `pk-tui secrets write`.")


def _bodies(frames: VaultFrames, names: list[Oid]) -> list[Plaintext]:
    return [Plaintext(frames.body(name)) for name in names]


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
        for at in range(READ_AT_ONCE, len(names), READ_AT_ONCE):
            # Read while those before are taken.
            coming = core.desk.ahead(partial(_bodies, frames, names[at : at + READ_AT_ONCE]))
            for body in bodies:
                yield body
            bodies = await coming
        for body in bodies:
            yield body

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
            secret = await feed(core, batch, content)

            def finish() -> CommitId | None:
                if create_only:
                    _require_absent(frames, path)
                return commit_edits(core.store, frames, batch, [(path, tree.Put(secret()))], None, core.clock.now())

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
                raise missing(newest(frames), path)
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
        if commit is not None:
            core.bus.say(VaultChanged(frames.vault_id))
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
                spot = spot_at(version, directory)
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

        def work() -> Generator[None, None, SecretStat]:
            version = find_version(core.store, vault)
            place = find_slot(version, path)
            if place is not None:
                size = len(place.value())
                commit, last = yield from history.last_change(version.frames, version.commit, place.path)
                return SecretStat(path, False, size, commit, last.time, 1)
            spot = spot_at(version, path)
            pieces = 0 if spot.is_directory else len(chunks.piece_names(spot.frames, spot.oid))
            commit, last = yield from history.last_change(version.frames, version.commit, path)
            return SecretStat(
                path=path,
                is_directory=spot.is_directory,
                size=spot.facts.size,
                commit=commit,
                modified=last.time,
                chunks=pieces,
            )

        return await core.desk.steps(work())

    async def make_directories(self, paths: Sequence[Place], parents: bool = False) -> Sequence[CommitId]:
        return await arranging.make_directories(self._gate.core(), paths, parents)

    async def remove(self, paths: Sequence[Place], recursive: bool = False) -> Sequence[CommitId]:
        return await arranging.remove(self._gate.core(), paths, recursive)

    async def move(self, source: Place, target: Place) -> Sequence[CommitId]:
        return await arranging.move(self._gate.core(), source, target)

    async def copy(self, source: Place, target: Place, recursive: bool = False) -> CommitId:
        return await arranging.copy(self._gate.core(), source, target, recursive)
