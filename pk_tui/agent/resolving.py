"""Conflicts that merges left: which there are, and deciding them. Until then ours lies at its path.

A decision, of one or of many in the same way, is one commit where something has to be written, and in any case takes the
conflicts off the list, in one transaction. Taking a decision back is a new commit, and puts them on the list again.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence

from pk_tui.agent.commits import commit_tree, head_tree, require_writable
from pk_tui.agent.core import Core
from pk_tui.agent.directory import find_vault
from pk_tui.agent.restoring import taking_back
from pk_tui.agent.versions import find_commit
from pk_tui.api.events import VaultChanged
from pk_tui.api.views import ConflictView, DecisionView, Take
from pk_tui.clock import Instant, rfc3339
from pk_tui.errors import NotFound
from pk_tui.safe_text import safe_text
from pk_tui.store.conflicts import OpenConflict
from pk_tui.store.frames import Batch
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


def _entry(view: ConflictView) -> OpenConflict:
    base, ours, theirs = (None if one is None else one.raw for one in (view.base, view.ours, view.theirs))
    return OpenConflict(str(view.path), base, ours, theirs, view.node.raw, view.time)


def _path(entry: OpenConflict) -> SecretPath:
    return SecretPath(tuple(entry.path.split("/")))


def _commit(raw: bytes | None) -> CommitId | None:
    return None if raw is None else CommitId(raw)


async def resolve(core: Core, vault: str, path: SecretPath, take: Take) -> CommitId | None:
    """Decide a conflict. None if nothing had to be written. NotFound if there is none at this path."""
    decision = await resolve_all(core, vault, take, [path])
    if not decision.decided:
        name = safe_text((await core.desk.do(lambda: find_vault(core.store, vault).record.name)), 80)
        raise NotFound(
            f"No conflict waits at “{safe_text(str(path), 1100)}” in “{name}”. "
            "`pk-tui vaults conflicts` lists those that do."
        )
    return decision.commit


async def resolve_all(core: Core, vault: str, take: Take, paths: Collection[SecretPath] | None = None) -> DecisionView:
    """Decide those at these paths, or all that wait, in one way and one commit. What does not wait (any more) is left out."""
    chosen = None if paths is None else {str(path) for path in paths}

    def work() -> Generator[None, None, tuple[VaultId, DecisionView]]:
        frames = find_vault(core.store, vault)
        require_writable(frames.record, core.node_id)
        while True:
            waiting = _chosen(core.store, frames, chosen)
            if not waiting:
                return frames.vault_id, DecisionView(None, ())
            batch = frames.batch()
            try:
                head = head_tree(frames)
                new = yield from _decided(core.store, batch, head, waiting, take)
                message = yield from _message(batch, head, new, waiting, take)
                if head_tree(frames) != head or _chosen(core.store, frames, chosen) != waiting:
                    continue  # somebody wrote or decided meanwhile: once more, upon that
                with core.store.transaction():
                    commit = commit_tree(core.store, frames, batch, new, message, core.clock.now())
                    core.store.conflicts.change(frames.vault_id, [entry.path for entry in waiting])
                return frames.vault_id, DecisionView(commit, tuple(map(_view, waiting)))
            finally:
                batch.discard()

    vault_id, decision = await core.desk.steps(work())
    if decision.decided:
        core.bus.say(VaultChanged(vault_id))
    return decision


async def reopen(
    core: Core, vault: str, conflicts: Sequence[ConflictView], commit: str | None = None
) -> CommitId | None:
    """Take back a decision: these conflicts wait again, and what the version `commit` wrote when they were decided is taken back,
    in one transaction. None if nothing had to be written. One that a later merge found at the same path stays as that has it."""
    entries = [_entry(one) for one in conflicts]

    def work() -> Generator[None, None, tuple[VaultId, CommitId | None]]:
        frames = find_vault(core.store, vault)
        require_writable(frames.record, core.node_id)
        for number, entry in enumerate(entries, 1):
            for raw in filter(None, (entry.base, entry.ours, entry.theirs)):
                find_commit(frames, raw.hex())  # a history written anew since may not have it any more
            if number % _STEP == 0:
                yield

        def again() -> None:
            waiting = {entry.path for entry in core.store.conflicts.list(frames.vault_id)}
            come = [entry for entry in entries if entry.path not in waiting]
            core.store.conflicts.change(frames.vault_id, [], come)

        made = None
        if commit is None:
            again()
        else:
            made = yield from taking_back(core, frames, commit, again)
        return frames.vault_id, made

    vault_id, made = await core.desk.steps(work())
    core.bus.say(VaultChanged(vault_id))
    return made


def _chosen(store: NodeStore, frames: VaultFrames, chosen: Collection[str] | None) -> list[OpenConflict]:
    return [
        entry for entry in store.conflicts.list(frames.vault_id) if chosen is None or entry.path in chosen
    ]  # fmt: skip


def _decided(
    store: NodeStore, batch: Batch, root: Oid, waiting: Sequence[OpenConflict], take: Take
) -> Generator[None, None, Oid]:
    """The tree once these are decided. One that lies below another is decided upon what became of that."""
    there = {entry.path for entry in waiting}
    layers: dict[int, list[OpenConflict]] = {}
    for entry in waiting:
        parts = entry.path.split("/")
        above = sum("/".join(parts[:depth]) in there for depth in range(1, len(parts)))
        layers.setdefault(above, []).append(entry)
    for _, layer in sorted(layers.items()):
        edits: list[tree.Edit] = []
        for number, entry in enumerate(layer, 1):
            edits += _edits(store, batch, root, entry, take, {path for path, _ in edits})
            if number % _STEP == 0:
                yield
        if edits:
            root = yield from tree.editing(batch, root, edits)
    return root


def _message(
    batch: Batch, old: Oid, new: Oid, decided: Sequence[OpenConflict], take: Take
) -> Generator[None, None, str]:
    if len(decided) == 1:
        return f"Resolved {decided[0].path}: {_said(take)}"
    said = f"Resolved {len(decided)} conflicts: {_said(take)}"
    return said if old == new else f"{said}\n\n{(yield from history.describing_changes(batch, old, new))}"


def _said(take: Take) -> str:
    return {Take.OURS: "ours stays", Take.THEIRS: "theirs was taken", Take.BOTH: "both are kept"}[take]


def _edits(
    store: NodeStore, source: Batch, root: Oid, entry: OpenConflict, take: Take, taken: Collection[SecretPath]
) -> list[tree.Edit]:
    """What has to be done to the tree `root`; at `taken` something will be."""
    path = _path(entry)
    theirs: Oid | None = None
    if entry.theirs is not None:
        found = tree.find(source, history.read_commit(source, CommitId(entry.theirs)).tree, path.parts)
        theirs = found[0] if found else None
    there = tree.find(source, root, path.parts)
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
            is_directory = source.facts(theirs).kind is Kind.TREE
            whose = _whose(store, NodeId(entry.node))
            beside = _beside(source, root, path, whose, entry.time, is_directory, taken)
            return [(beside, tree.Put(theirs))]


def _whose(store: NodeStore, node: NodeId) -> str:
    contact = store.contacts.get(node)
    return contact.petname[:_PETNAME] if contact is not None and contact.petname else node.short


def _beside(
    source: Batch,
    root: Oid,
    path: SecretPath,
    whose: str,
    time: Instant,
    is_directory: bool,
    taken: Collection[SecretPath],
) -> SecretPath:
    """A free path beside `path`."""
    number = 1
    while True:
        there = name_beside(path, whose, time, number, is_directory)
        if there not in taken and tree.find(source, root, there.parts) is None:
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
