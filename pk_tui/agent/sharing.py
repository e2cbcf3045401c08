"""Sharing a vault with a node, ending that, and what was seen meanwhile. The owner's side; `cloning` is the receiver's."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pk_tui.agent.commits import head_tree
from pk_tui.agent.core import Core
from pk_tui.agent.directory import describe, find_vault, known_contact, vault_with_id
from pk_tui.agent.payloads import VAULT_SHARE, VaultShareBody
from pk_tui.agent.rights import holders, is_trusted, lineage_of
from pk_tui.agent.views import actions_given
from pk_tui.api.events import NodeChanged, VaultChanged
from pk_tui.api.views import ExposedView, PermissionView, ShareView
from pk_tui.clock import Instant
from pk_tui.errors import Misuse, PermissionDenied
from pk_tui.records import replace
from pk_tui.safe_text import safe_text
from pk_tui.store.grants import IssuedGrant
from pk_tui.store.node import NodeStore
from pk_tui.store.vault import VaultFrames
from pk_tui.store.vaultrecord import VaultRecord
from pk_tui.terms import VAULT_ACTIONS, Action, CommitId, NodeId, SecretPath, VaultId
from pk_tui.trust.grant import DEFAULT_TERM, read_grant, sign_grant
from pk_tui.vault import ancestry, tree

SHARED = (Action.CLONE, Action.PULL, Action.SCAN)
"""What a share gives. The first two are named in the grant; whoever holds a live grant may scan and sees that vault."""


def renewed_grant(core: Core, record: VaultRecord, node: NodeId) -> bytes:
    """The signed grant to hand to `node` now: past half of a default term it is issued anew. Desk work."""
    row = core.store.grants.issued.get(VaultId(record.vault_id), node)
    assert row is not None
    grant = read_grant(row.grant, lineage_of(record))
    now = core.clock.now()
    if grant.not_after - grant.time == DEFAULT_TERM and grant.not_after - now < DEFAULT_TERM // 2:
        return _issue(core, record, node, now + DEFAULT_TERM)
    return row.grant


def _issue(core: Core, record: VaultRecord, node: NodeId, not_after: Instant) -> bytes:
    row = core.store.grants.issued.get(VaultId(record.vault_id), node)
    serial = 1 if row is None else row.serial + 1
    raw = sign_grant(
        core.signing,
        lineage_of(record),
        node,
        frozenset(SHARED) & VAULT_ACTIONS,
        not_after=not_after,
        serial=serial,
        now=core.clock.now(),
    )
    core.store.grants.issued.put(IssuedGrant(record.vault_id, node.raw, raw, serial))
    return raw


async def share(core: Core, vault: str, node: str, not_after: Instant | None) -> ShareView:
    """Grant scan, clone and pull, and tell the node. Raises UnknownNode, or PermissionDenied if it is not trusted."""

    def job() -> tuple[ShareView, VaultShareBody]:
        record = find_vault(core.store, vault).record
        contact = known_contact(core.store, node, exact=True)
        node_id = NodeId(contact.node)
        now = core.clock.now()
        if record.creator != core.node_id.raw:
            raise PermissionDenied(
                f"“{safe_text(record.name, 80)}” is a clone: only its owner {NodeId(record.creator).short}… can share it."
            )
        if not is_trusted(contact):
            raise PermissionDenied(
                f"{describe(contact)} is known but not trusted, so nothing is shared with it. Compare its id with its owner, "
                f"then trust it with `pk-tui identities trust {node_id}`."
            )
        until = now + DEFAULT_TERM if not_after is None else not_after
        if until <= now:
            raise Misuse("A share cannot end before it begins: the time given is not in the future.")
        raw = _issue(core, record, node_id, until)
        body = VaultShareBody(
            record.vault_id, record.name, tuple(action.value for action in SHARED), record.creator, record.nonce, raw
        )
        return ShareView(VaultId(record.vault_id), node_id, SHARED, until), body

    view, body = await core.desk.do(job)
    await core.outbox.post(view.node_id, VAULT_SHARE, body)
    core.bus.say(VaultChanged(view.vault_id))
    core.bus.say(NodeChanged(view.node_id))
    # A clone from an earlier share heard of nothing since that ended.
    core.announcing.tell(view.node_id, view.vault_id)
    return view


async def unshare(core: Core, vault: str, node: str) -> Sequence[ExposedView]:
    """End the share; what the node has seen and that has not changed since is returned."""

    def revoke() -> tuple[VaultId, NodeId]:
        record = find_vault(core.store, vault).record
        contact = known_contact(core.store, node, exact=True)
        vault_id, node_id = VaultId(record.vault_id), NodeId(contact.node)
        row = core.store.grants.issued.get(vault_id, node_id)
        if row is not None and row.revoked is None:  # the row stays, so that its serial is never used again
            core.store.grants.issued.put(replace(row, revoked=core.clock.now()))
        return vault_id, node_id

    vault_id, node_id = await core.desk.do(revoke)
    core.bus.say(VaultChanged(vault_id))
    core.bus.say(NodeChanged(node_id))
    return await core.desk.steps(_exposed(core.store, vault_id, node_id))


def _exposed(store: NodeStore, vault_id: VaultId, node: NodeId) -> Generator[None, None, list[ExposedView]]:
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


async def permissions(core: Core, vault: str) -> Sequence[PermissionView]:
    """Who holds a live grant for this vault."""

    def job() -> list[PermissionView]:
        record = find_vault(core.store, vault).record
        return [
            PermissionView(node, str(node), actions_given(grant))
            for node, grant in holders(core.store, record, core.clock.now())
        ]

    return await core.desk.do(job)
