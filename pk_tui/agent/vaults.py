"""Vaults of this node: create, list, rename, delete, log. Import, sharing and cloning are done in rooms of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path

from pk_tui.agent import cloning, importing, sharing
from pk_tui.agent.commits import create_vault
from pk_tui.agent.core import Gate
from pk_tui.agent.directory import find_vault, vault_named
from pk_tui.agent.rights import holders, live_shares
from pk_tui.agent.views import vault_view
from pk_tui.api.events import VaultChanged, VaultRemoved
from pk_tui.api.facade import OnProgress
from pk_tui.api.views import (
    ChangeView,
    CloneView,
    CommitView,
    ExposedView,
    ImportView,
    OfferView,
    PermissionView,
    PullView,
    ShareView,
    VaultView,
)
from pk_tui.clock import Instant
from pk_tui.errors import AlreadyExists, NotFound
from pk_tui.records import replace
from pk_tui.safe_text import safe_text
from pk_tui.store.node import NodeStore
from pk_tui.terms import CommitId, SecretPath, VaultId, vault_name
from pk_tui.vault import history

LOG_LIMIT = 1000
"""Commits of a log when no limit is given."""


def require_free_name(store: NodeStore, name: str) -> None:
    if vault_named(store, name) is not None:
        raise AlreadyExists(f"There is already a vault “{safe_text(name, 80)}” on this node. Choose another name.")


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
            """One look at all grants, however many vaults there are; reading one is a signature to verify."""
            store = core.store
            shared_with: Counter[bytes] = Counter()
            for share in live_shares(store, store.grants.issued.list(), core.clock.now()):
                if share is not None:
                    shared_with[share[0].vault_id] += 1
                yield
            views = []
            for frames in store.vaults.list():
                with suppress(NotFound):  # deleted between two steps
                    record = frames.record
                    views.append(vault_view(frames, shared_with[record.vault_id], core.watching.behind(record)))
                yield
            return sorted(views, key=lambda view: view.name)

        return await core.desk.steps(work())

    async def get(self, vault: str) -> VaultView:
        core = self._gate.core()

        def job() -> VaultView:
            frames = find_vault(core.store, vault)
            shared_with = len(holders(core.store, frames.record, core.clock.now()))
            return vault_view(frames, shared_with, core.watching.behind(frames.record))

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
            # One transaction: a vault that is gone leaves no right behind that a later vault could inherit.
            with core.store.transaction():
                core.store.grants.issued.remove_vault(vault_id)
                core.store.vaults.delete(vault_id)
            core.watching.forget(vault_id)
            return vault_id

        vault_id = await core.desk.do(job)
        core.bus.say(VaultRemoved(vault_id))

    async def log(self, vault: str, path: SecretPath | None = None, limit: int | None = None) -> Sequence[CommitView]:
        core = self._gate.core()

        def work() -> Generator[None, None, list[CommitView]]:
            frames = find_vault(core.store, vault)
            found: list[CommitView] = []
            for entry in history.log(frames, CommitId(frames.record.commit), path):
                if entry is None:  # a commit that does not touch the path: nothing to show, but a step to stop at
                    yield
                    continue
                found.append(
                    CommitView(
                        commit=entry.commit,
                        time=entry.time,
                        author=entry.author,
                        message=entry.message,
                        changes=tuple(ChangeView(change_path, change) for change_path, change in entry.changes),
                    )
                )
                if len(found) >= (limit or LOG_LIMIT):
                    break
                yield
            return found

        return await core.desk.steps(work())

    async def share(self, vault: str, node: str, not_after: Instant | None = None) -> ShareView:
        return await sharing.share(self._gate.core(), vault, node, not_after)

    async def unshare(self, vault: str, node: str) -> Sequence[ExposedView]:
        return await sharing.unshare(self._gate.core(), vault, node)

    async def permissions(self, vault: str) -> Sequence[PermissionView]:
        return await sharing.permissions(self._gate.core(), vault)

    async def scan(self, node: str) -> Sequence[OfferView]:
        core = self._gate.core()
        return await core.desk.steps(cloning.offer_views((await cloning.scan(core, node))[1]))

    async def clone(self, vault: str, node: str, name: str | None = None, progress: OnProgress = None) -> CloneView:
        return await cloning.clone(self._gate.core(), vault, node, name, progress)

    async def pull(
        self, vault: str, node: str | None = None, from_vault: VaultId | None = None, progress: OnProgress = None
    ) -> PullView:
        return await cloning.pull(self._gate.core(), vault, node, from_vault, progress)

    async def import_directory(self, vault: str, directory: Path, progress: OnProgress = None) -> ImportView:
        core = self._gate.core()
        view, vault_id = await core.desk.steps(importing.import_directory(core, vault, directory, progress))
        if view.commit is not None:
            core.bus.say(VaultChanged(vault_id))
        return view
