"""Conflicts that merges left: which there are, and deciding one. Until then ours lies at its path.

A decision is a commit where something has to be written, and in any case takes the conflict off the list, in one transaction.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pk_tui.agent.commits import commit_edits, head_tree, require_writable
from pk_tui.agent.core import Core
from pk_tui.agent.directory import find_vault
from pk_tui.api.events import VaultChanged
from pk_tui.api.views import ConflictView, Take
from pk_tui.clock import Instant, rfc3339
from pk_tui.errors import NotFound
from pk_tui.safe_text import safe_text
from pk_tui.store.conflicts import OpenConflict
from pk_tui.store.node import NodeStore
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import MAX_NAME_BYTES, MAX_PATH_BYTES, CommitId, NodeId, SecretPath, VaultId
from pk_tui.vault import history, tree
from pk_tui.vault.objects import Kind, Oid

_PETNAME = 40
"""Characters of a petname that a secret's name may hold."""
_ENDING = 12
"""Bytes of what is still taken for the ending of a name, such as “.conf”."""
_STEP = 100
"""Conflicts shown between two places where the work can be interrupted."""


async def conflicts(core: Core, vault: str) -> Sequence[ConflictView]:
    """Those that wait, in the order of paths."""

    def work() -> Generator[None, None, list[ConflictView]]:
        views: list[ConflictView] = []
        for entry in core.store.conflicts.list(find_vault(core.store, vault).vault_id):
            views.append(_view(entry))
            if len(views) % _STEP == 0:
                yield
        return views

    return await core.desk.steps(work())


def _view(entry: OpenConflict) -> ConflictView:
    return ConflictView(
        path=_path(entry),
        ours=_commit(entry.ours),
        theirs=_commit(entry.theirs),
        base=_commit(entry.base),
        node=NodeId(entry.node),
        time=entry.time,
    )


def _path(entry: OpenConflict) -> SecretPath:
    return SecretPath(tuple(entry.path.split("/")))


def _commit(raw: bytes | None) -> CommitId | None:
    return None if raw is None else CommitId(raw)


async def resolve(core: Core, vault: str, path: SecretPath, take: Take) -> CommitId | None:
    """Decide a conflict. None if nothing had to be written. NotFound if there is none at this path."""

    def job() -> tuple[VaultId, CommitId | None]:
        frames = find_vault(core.store, vault)
        require_writable(frames.record, core.node_id)
        entry = core.store.conflicts.get(frames.vault_id, path)
        if entry is None:
            raise NotFound(
                f"No conflict waits at “{safe_text(str(path), 1100)}” in “{safe_text(frames.record.name, 80)}”. "
                "`pk-tui vaults conflicts` lists those that do."
            )
        edits = _edits(core.store, frames, entry, take)
        batch = frames.batch()
        try:
            with core.store.transaction():
                commit = None
                if edits:
                    message = f"Resolved {path}: {_said(take)}"
                    commit = commit_edits(core.store, frames, batch, edits, message, core.clock.now())
                core.store.conflicts.change(frames.vault_id, [entry.path])
        finally:
            batch.discard()
        return frames.vault_id, commit

    vault_id, commit = await core.desk.do(job)
    core.bus.say(VaultChanged(vault_id))
    return commit


def _said(take: Take) -> str:
    return {Take.OURS: "ours stays", Take.THEIRS: "theirs was taken", Take.BOTH: "both are kept"}[take]


def _edits(store: NodeStore, frames: VaultFrames, entry: OpenConflict, take: Take) -> list[tree.Edit]:
    path = _path(entry)
    theirs: Oid | None = None
    if entry.theirs is not None:
        found = tree.find(frames, history.read_commit(frames, CommitId(entry.theirs)).tree, path.parts)
        theirs = found[0] if found else None
    root = head_tree(frames)
    there = tree.find(frames, root, path.parts)
    match take:
        case Take.OURS:
            return []
        case Take.THEIRS:
            if (there[0] if there else None) == theirs:
                return []
            gone: list[tree.Edit] = [(path, tree.Remove())] if there else []
            return [*gone, (path, tree.Put(theirs))] if theirs is not None else gone
        case Take.BOTH:
            if theirs is None or (there is not None and there[0] == theirs):
                return []
            is_directory = frames.facts(theirs).kind is Kind.TREE
            beside = _beside(frames, root, path, _whose(store, NodeId(entry.node)), entry.time, is_directory)
            return [(beside, tree.Put(theirs))]


def _whose(store: NodeStore, node: NodeId) -> str:
    contact = store.contacts.get(node)
    return contact.petname[:_PETNAME] if contact is not None and contact.petname else node.short


def _beside(
    frames: VaultFrames, root: Oid, path: SecretPath, whose: str, time: Instant, is_directory: bool
) -> SecretPath:
    """A free path beside `path`."""
    number = 1
    while True:
        there = name_beside(path, whose, time, number, is_directory)
        if tree.find(frames, root, there.parts) is None:
            return there
        number += 1


def name_beside(path: SecretPath, whose: str, time: Instant, number: int, is_directory: bool) -> SecretPath:
    """`name (from NODE, date)` before the name's ending; from the second on with a number. Cut so that it is still a path."""
    stem, dot, ending = path.name.rpartition(".")
    if is_directory or not stem or len(ending.encode()) > _ENDING or not ending.strip():
        stem, dot, ending = path.name, "", ""
    again = f", {number}" if number > 1 else ""
    said = f" (from {whose}, {rfc3339(time)[:10]}{again})"
    above = len("/".join((*path.parent, "")).encode())
    room = min(MAX_NAME_BYTES, MAX_PATH_BYTES - above) - len(f"{said}{dot}{ending}".encode())
    while len(stem.encode()) > max(room, 0):
        stem = stem[:-1]
    return SecretPath.of((*path.parent, f"{stem}{said}{dot}{ending}"))
