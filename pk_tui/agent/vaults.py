"""Vaults of this node: create, list, rename, delete, log. Import, sharing and cloning are done in rooms of their own."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path

from pk_tui.agent import (
    cloning,
    exporting,
    exposure,
    forgetting,
    forking,
    importing,
    merging,
    resolving,
    restoring,
    sharing,
)
from pk_tui.agent.commits import create_vault
from pk_tui.agent.core import Gate
from pk_tui.agent.directory import find_vault, require_free_name
from pk_tui.agent.rights import holders
from pk_tui.agent.versions import find_version
from pk_tui.agent.views import vault_view, version_view
from pk_tui.api.events import VaultChanged, VaultRemoved
from pk_tui.api.facade import OnProgress
from pk_tui.api.views import (
    ChangeView,
    CloneView,
    CommitView,
    ConflictView,
    DecisionView,
    ExportForm,
    ExportView,
    ExposedView,
    ExposureView,
    ForgetView,
    ImportKind,
    ImportPlanView,
    ImportView,
    OfferView,
    PermissionView,
    PullView,
    ShareView,
    Take,
    VaultView,
)
from pk_tui.clock import Instant
from pk_tui.errors import NotFound
from pk_tui.plaintext import Plaintext
from pk_tui.records import replace
from pk_tui.terms import CommitId, SecretPath, VaultId, vault_name
from pk_tui.trust.sharing import without_vault
from pk_tui.vault import history

LOG_LIMIT = 1000
"""Commits of a log when no limit is given."""
_STEP = 500
"""Changes of one commit shown between two places where the work can be interrupted."""


class VaultService:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def create(self, name: str) -> VaultView:
        core = self._gate.core()
        name = vault_name(name)

        def job() -> VaultView:
            require_free_name(core.store, name)
            return vault_view(create_vault(core.store, name, core.clock.now()), 0, None)

        view = await core.desk.do(job)
        core.bus.say(VaultChanged(view.vault_id))
        return view

    async def list(self) -> Sequence[VaultView]:
        core = self._gate.core()

        def work() -> Generator[None, None, list[VaultView]]:
            store, views = core.store, []
            for frames in store.vaults.list():
                with suppress(NotFound):  # deleted between two steps
                    record = frames.record
                    waiting = store.conflicts.count(VaultId(record.vault_id))
                    behind = core.watching.behind(record)
                    shared_with = len(holders(core, VaultId(record.vault_id)))
                    views.append(vault_view(frames, shared_with, behind, waiting))
                yield
            return sorted(views, key=lambda view: view.name)

        return await core.desk.steps(work())

    async def get(self, vault: str) -> VaultView:
        core = self._gate.core()

        def job() -> VaultView:
            name, at, _ = vault.partition("@")
            frames = find_vault(core.store, name)
            shared_with = len(holders(core, frames.vault_id))
            waiting = core.store.conflicts.count(frames.vault_id)
            view = vault_view(frames, shared_with, core.watching.behind(frames.record), waiting)
            return version_view(view, find_version(core.store, vault)) if at else view

        return await core.desk.do(job)

    async def rename(self, vault: str, name: str) -> None:
        core = self._gate.core()
        name = vault_name(name)

        def job() -> VaultId:
            frames = find_vault(core.store, vault)
            if frames.record.name != name:
                require_free_name(core.store, name)
                frames.commit(None, replace(frames.record, name=name))
            return VaultId(frames.record.vault_id)

        core.bus.say(VaultChanged(await core.desk.do(job)))

    async def delete(self, vault: str) -> None:
        core = self._gate.core()

        def job() -> VaultId:
            vault_id = VaultId(find_vault(core.store, vault).record.vault_id)

            def also() -> None:
                core.store.grants.issued.remove_vault(vault_id)
                core.store.conflicts.remove_vault(vault_id)
                core.store.vaults.delete(vault_id)

            # One transaction: a vault that is gone leaves no right behind.
            change = without_vault(core.beliefs.held, vault_id)
            core.beliefs.grant(core.store, change, core.clock.now(), also)
            core.watching.forget(vault_id)
            return vault_id

        vault_id = await core.desk.do(job)
        core.bus.say(VaultRemoved(vault_id))

    async def log(self, vault: str, path: SecretPath | None = None, limit: int | None = None) -> Sequence[CommitView]:
        core = self._gate.core()

        def work() -> Generator[None, None, list[CommitView]]:
            version = find_version(core.store, vault)
            found: list[CommitView] = []
            for entry in history.log(version.frames, version.commit, path):
                if entry is None:  # a commit that does not touch the path: nothing to show, but a step to stop at
                    yield
                    continue
                changes: list[ChangeView] = []
                for number, change in enumerate(entry.changes, 1):
                    changes.append(ChangeView(*change))
                    if number % _STEP == 0:
                        yield
                found.append(
                    CommitView(
                        commit=entry.commit,
                        time=entry.time,
                        author=entry.author,
                        message=entry.message,
                        changes=tuple(changes),
                        parents=entry.parents,
                    )
                )
                if len(found) >= (limit or LOG_LIMIT):
                    break
                yield
            return found

        return await core.desk.steps(work())

    async def diff(self, vault: str, old: str, new: str | None = None) -> Sequence[ChangeView]:
        return await restoring.diff(self._gate.core(), vault, old, new)

    async def restore(self, vault: str, commit: str, path: SecretPath | None = None) -> CommitId | None:
        return await restoring.restore(self._gate.core(), vault, commit, path)

    async def revert(self, vault: str, commit: str) -> CommitId | None:
        return await restoring.revert(self._gate.core(), vault, commit)

    async def forget(
        self,
        vault: str,
        path: SecretPath,
        progress: OnProgress = None,
        leave_origin: bool = False,
        value_of: str | None = None,
        everywhere: bool = False,
    ) -> ForgetView:
        return await forgetting.forget(self._gate.core(), vault, path, progress, leave_origin, value_of, everywhere)

    async def share(self, vault: str, node: str, not_after: Instant | None = None) -> ShareView:
        return await sharing.share(self._gate.core(), vault, node, not_after)

    async def unshare(self, vault: str, node: str) -> Sequence[ExposedView]:
        return await sharing.unshare(self._gate.core(), vault, node)

    async def exposure(self, vault: str | None = None) -> Sequence[ExposureView]:
        return await exposure.exposure(self._gate.core(), vault)

    async def permissions(self, vault: str) -> Sequence[PermissionView]:
        return await sharing.permissions(self._gate.core(), vault)

    async def scan(self, node: str) -> Sequence[OfferView]:
        core = self._gate.core()
        return await core.desk.steps(cloning.offer_views((await cloning.scan(core, node))[1]))

    async def clone(self, vault: str, node: str, name: str | None = None, progress: OnProgress = None) -> CloneView:
        return await cloning.clone(self._gate.core(), vault, node, name, progress)

    async def pull(
        self,
        vault: str,
        node: str | None = None,
        from_vault: VaultId | None = None,
        progress: OnProgress = None,
        accept_rewritten: bool = False,
    ) -> PullView:
        return await merging.pull(self._gate.core(), vault, node, from_vault, progress, accept_rewritten)

    async def fork(self, vault: str, name: str, progress: OnProgress = None) -> VaultView:
        return await forking.fork(self._gate.core(), vault, name, progress)

    async def conflicts(self, vault: str) -> Sequence[ConflictView]:
        return await resolving.conflicts(self._gate.core(), vault)

    async def resolve(self, vault: str, path: SecretPath, take: Take) -> CommitId | None:
        return await resolving.resolve(self._gate.core(), vault, path, take)

    async def resolve_all(self, vault: str, take: Take, paths: Sequence[SecretPath] | None = None) -> DecisionView:
        return await resolving.resolve_all(self._gate.core(), vault, take, paths)

    async def reopen(self, vault: str, conflicts: Sequence[ConflictView], commit: str | None = None) -> CommitId | None:
        return await resolving.reopen(self._gate.core(), vault, conflicts, commit)

    async def plan_import(
        self,
        vault: str,
        source: Path,
        kind: ImportKind = ImportKind.AUTO,
        password: Plaintext | None = None,
        key_file: Path | None = None,
        progress: OnProgress = None,
        rows: int = 1000,
    ) -> ImportPlanView:
        return await importing.plan_import(self._gate.core(), vault, source, kind, password, key_file, progress, rows)

    async def import_from(
        self,
        vault: str,
        source: Path,
        kind: ImportKind = ImportKind.AUTO,
        password: Plaintext | None = None,
        progress: OnProgress = None,
        key_file: Path | None = None,
    ) -> ImportView:
        return await importing.import_from(self._gate.core(), vault, source, kind, password, progress, key_file)

    async def export(
        self, vault: str, target: Path, form: ExportForm = ExportForm.DIRECTORY, progress: OnProgress = None
    ) -> ExportView:
        return await exporting.export(self._gate.core(), vault, target, form, progress)
