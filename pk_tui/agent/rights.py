"""Who holds which right here, as the store has it: what the rule in `trust.permission` is asked with. Desk work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pk_tui.clock import Instant
from pk_tui.errors import Malformed, NotFound
from pk_tui.store.contacts import Contact
from pk_tui.store.grants import IssuedGrant, ReceivedGrant
from pk_tui.store.node import NodeStore
from pk_tui.store.vaultrecord import VaultRecord
from pk_tui.terms import Action, NodeId, VaultId
from pk_tui.trust.grant import Grant, read_grant
from pk_tui.trust.lineage import Lineage
from pk_tui.trust.permission import Refused, decide


def lineage_of(record: VaultRecord) -> Lineage:
    return Lineage(NodeId(record.creator), record.nonce)


def held_grant(store: NodeStore, record: VaultRecord, node: NodeId) -> tuple[Grant | None, bool]:
    """The grant issued to `node` for this vault, and whether it was taken back. What it is worth now, the rule decides."""
    row = store.grants.issued.get(VaultId(record.vault_id), node)
    if row is None:
        return None, False
    return read_grant(row.grant, lineage_of(record)), row.revoked is not None


def live_grant(store: NodeStore, record: VaultRecord, node: NodeId, action: Action, now: Instant) -> Grant | None:
    """The grant that lets `node` do `action` on this vault now, if it holds one."""
    grant, revoked = held_grant(store, record, node)
    decision = decide(
        action, asker=node, vault=True, grant=grant, revoked=revoked, gestalt_actions=frozenset(), now=now
    )
    return None if isinstance(decision, Refused) else grant


def keep_received(store: NodeStore, giver: NodeId, vault_id: bytes, name: str, lineage: Lineage, grant: bytes) -> None:
    """Keep a grant that another node handed to us, to show it wherever the vault is pulled from. One that its vault's writer did
    not sign, or not for us, is worth nothing and is not kept."""
    try:
        grantee = read_grant(grant, lineage).grantee
    except Malformed:
        return
    if grantee == store.signing.node_id:
        store.grants.received.put(ReceivedGrant(giver.raw, vault_id, grant, lineage.creator.raw, lineage.nonce, name))


def live_shares(
    store: NodeStore, rows: Iterable[IssuedGrant], now: Instant
) -> Iterator[tuple[VaultRecord, Grant] | None]:
    """Of these rows the grants that are worth something now, each with its vault; None for another, as a step to stop at."""
    for row in rows:
        try:
            record = store.vaults.get(VaultId(row.vault_id)).record
        except NotFound:  # deleted meanwhile, or it does not open
            yield None
            continue
        grant = None if row.revoked is not None else read_grant(row.grant, lineage_of(record))
        yield (record, grant) if grant is not None and grant.is_live(now) else None


def holders(store: NodeStore, record: VaultRecord, now: Instant) -> list[tuple[NodeId, Grant]]:
    """The nodes that hold a live grant for this vault."""
    rows = store.grants.issued.of_vault(VaultId(record.vault_id))
    return [(share[1].grantee, share[1]) for share in live_shares(store, rows, now) if share]


def explicit_actions(contact: Contact | None) -> frozenset[Action]:
    """What was allowed to a contact's gestalt by hand."""
    return frozenset() if contact is None else frozenset(Action(action) for action in contact.actions)


def is_trusted(contact: Contact | None) -> bool:
    """Trusting a node is allowing it to notify us."""
    return Action.NOTIFY in explicit_actions(contact)


def actions_of(contact: Contact, is_shared_with: bool) -> frozenset[Action]:
    """What a contact's gestalt may do here: what was allowed by hand, and `scan` while a vault is shared with it."""
    return explicit_actions(contact) | ({Action.SCAN} if is_shared_with else frozenset())
