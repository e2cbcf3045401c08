"""What others have seen and cannot be made to forget: secrets that were served to a node and have not changed since.

What was served is recorded version by version from the first day. Who may still read a vault is not exposed to; who may no longer
is, until each value that it saw is another one.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pk_tui.agent.commits import head_tree
from pk_tui.agent.core import Core
from pk_tui.agent.directory import find_vault, vault_with_id
from pk_tui.agent.rights import allows
from pk_tui.api.views import ExposedView, ExposureView
from pk_tui.store.node import NodeStore
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import Action, CommitId, NodeId, SecretPath, VaultId
from pk_tui.vault import ancestry, tree


async def exposure(core: Core, vault: str | None) -> Sequence[ExposureView]:
    """Of one vault or (None) of all: every secret that a node without rights has seen and that has not changed since."""

    def whom() -> list[tuple[VaultId, str, list[NodeId]]]:
        some = core.store.vaults.list() if vault is None else [find_vault(core.store, vault)]
        found = []
        for frames in some:
            seen = dict.fromkeys(NodeId(row.node) for row in core.store.served.list(frames.vault_id))
            left = [node for node in seen if not allows(core, node, Action.PULL, frames.vault_id)]
            if left:
                found.append((frames.vault_id, frames.record.name, left))
        return found

    views: list[ExposureView] = []
    for vault_id, name, nodes in await core.desk.do(whom):
        for node in nodes:
            rows = await core.desk.steps(exposed_to(core.store, vault_id, node))
            views += [ExposureView(vault_id, name, row.path, node, row.last_seen_commit) for row in rows]
    return sorted(views, key=lambda view: (view.vault_name, view.path.parts, view.seen_by))


def exposed_to(store: NodeStore, vault_id: VaultId, node: NodeId) -> Generator[None, None, list[ExposedView]]:
    """Secrets whose present value was, at whatever path, in any version that was served to `node`: it holds all history."""
    seen = store.served.latest(node, vault_id)
    frames = vault_with_id(store, vault_id)
    if seen is None or frames is None or seen.new not in frames:
        return []
    served: set[bytes] = set()
    for _, commit in ancestry.every(frames, CommitId(seen.new)):
        yield from _gather(frames, commit.tree, served)
    exposed: list[ExposedView] = []
    for number, row in enumerate(tree.listing(frames, head_tree(frames), (), True)):
        if not row.is_directory and row.oid in served:
            exposed.append(ExposedView(SecretPath(tuple(row.path.split("/"))), CommitId(seen.new)))
        if number % 1000 == 0:
            yield
    return exposed


def _gather(frames: VaultFrames, directory: bytes, names: set[bytes]) -> Generator[None, None, None]:
    """Add the names of all that a directory holds; one that was gathered before is not read again."""
    if directory in names:
        return
    names.add(directory)
    yield
    for row in tree.listing(frames, directory, (), False):
        if row.is_directory:
            yield from _gather(frames, row.oid, names)
        else:
            names.add(row.oid)
