from __future__ import annotations

from agent.actors import EPOCH, new_store

from pk_tui.agent.commits import create_vault
from pk_tui.agent.rights import (
    actions_of,
    explicit_actions,
    held_grant,
    holders,
    is_trusted,
    keep_received,
    lineage_of,
    live_grant,
    live_shares,
)
from pk_tui.clock import DAY
from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.seal import SealKey
from pk_tui.records import replace
from pk_tui.store.contacts import Contact
from pk_tui.store.grants import IssuedGrant
from pk_tui.store.node import NodeStore
from pk_tui.store.vaultrecord import VaultRecord
from pk_tui.terms import VAULT_ACTIONS, Action, NodeId, VaultId
from pk_tui.trust.grant import CLOCK_SLACK, sign_grant
from pk_tui.trust.lineage import Lineage, new_lineage

BOB = NodeId(b"b" * 32)


def with_grant(revoked: int | None = None) -> tuple[NodeStore, VaultRecord]:
    store, signing = new_store()
    record = create_vault(store, "work", EPOCH).record
    raw = sign_grant(signing, lineage_of(record), BOB, VAULT_ACTIONS, not_after=EPOCH + DAY, serial=1, now=EPOCH)
    store.grants.issued.put(IssuedGrant(record.vault_id, BOB.raw, raw, 1, revoked))
    return store, record


def contact(*actions: str) -> Contact:
    return Contact(node=BOB.raw, petname=None, addresses=(), actions=actions, known_since=1)


def test_a_lineage_is_the_creators_and_nothing_of_the_name() -> None:
    _, record = with_grant()
    assert lineage_of(record).creator.raw == record.creator
    assert lineage_of(replace(record, name="other")) == lineage_of(record)


def test_a_grant_is_held_until_it_is_taken_back_and_by_its_node_alone() -> None:
    store, record = with_grant()
    grant, revoked = held_grant(store, record, BOB)
    assert grant is not None
    assert (grant.grantee, revoked) == (BOB, False)
    assert held_grant(store, record, NodeId(b"c" * 32)) == (None, False)
    store, record = with_grant(revoked=EPOCH)
    grant, revoked = held_grant(store, record, BOB)
    assert revoked


def test_holders_are_those_with_a_live_grant() -> None:
    store, record = with_grant()
    assert [node for node, _ in holders(store, record, EPOCH)] == [BOB]
    assert [node for node, _ in holders(store, record, EPOCH + DAY + CLOCK_SLACK)] == [BOB]
    assert holders(store, record, EPOCH + DAY + CLOCK_SLACK + 1) == []
    store, record = with_grant(revoked=EPOCH)
    assert holders(store, record, EPOCH) == []


def test_trust_is_being_allowed_to_notify() -> None:
    assert is_trusted(contact("notify"))
    assert not is_trusted(contact("scan", "claim"))
    assert not is_trusted(None)
    assert explicit_actions(None) == frozenset()
    assert explicit_actions(contact("scan")) == {Action.SCAN}


def test_scan_is_added_while_something_is_shared() -> None:
    assert actions_of(contact(), True) == {Action.SCAN}
    assert actions_of(contact(), False) == frozenset()
    assert actions_of(contact("notify"), False) == {Action.NOTIFY}
    assert actions_of(contact("notify", "scan"), True) == {Action.NOTIFY, Action.SCAN}


def test_live_shares_leave_out_what_is_over_taken_back_or_of_a_vault_that_is_gone() -> None:
    store, record = with_grant()
    rows = store.grants.issued.list()
    (share,) = live_shares(store, rows, EPOCH)
    assert share is not None
    assert (share[0], share[1].grantee) == (record, BOB)
    assert list(live_shares(store, rows, EPOCH + DAY + CLOCK_SLACK + 1)) == [None]
    store.vaults.delete(VaultId(record.vault_id))
    assert list(live_shares(store, rows, EPOCH)) == [None]
    store, _ = with_grant(revoked=EPOCH)
    assert list(live_shares(store, store.grants.issued.list(), EPOCH)) == [None]


def test_a_live_grant_is_found_for_what_it_names_and_for_its_node_alone() -> None:
    store, record = with_grant()
    for action in (Action.CLONE, Action.PULL, Action.SCAN):
        assert live_grant(store, record, BOB, action, EPOCH) is not None
        assert live_grant(store, record, NodeId(b"c" * 32), action, EPOCH) is None
        assert live_grant(store, record, BOB, action, EPOCH + DAY + CLOCK_SLACK + 1) is None
    lineage = lineage_of(record)
    raw = sign_grant(store.signing, lineage, BOB, frozenset({Action.CLONE}), not_after=EPOCH + DAY, serial=2, now=EPOCH)
    store.grants.issued.put(IssuedGrant(record.vault_id, BOB.raw, raw, 2))
    assert live_grant(store, record, BOB, Action.PULL, EPOCH) is None
    assert live_grant(store, record, BOB, Action.CLONE, EPOCH) is not None
    store, record = with_grant(revoked=EPOCH)
    assert live_grant(store, record, BOB, Action.PULL, EPOCH) is None


def test_a_grant_handed_to_us_is_kept_only_if_its_writer_signed_it_for_us() -> None:
    store, _ = new_store()
    owner = SigningKey(SealKey(b"o" * 32))
    lineage, vault_id, us = new_lineage(owner.node_id), VaultId(b"v" * 16), store.signing.node_id

    def granted(grantee: NodeId) -> bytes:
        return sign_grant(owner, lineage, grantee, VAULT_ACTIONS, not_after=EPOCH + DAY, serial=1, now=EPOCH)

    ours = granted(us)
    forged = ours[:-1] + bytes([ours[-1] ^ 1])
    for worthless in (granted(BOB), forged, b"\xc1", b""):
        keep_received(store, BOB, vault_id.raw, "work", lineage, worthless)
        assert store.grants.received.get(BOB, vault_id) is None
    keep_received(store, BOB, vault_id.raw, "work", Lineage(BOB, lineage.nonce), ours)
    assert store.grants.received.get(BOB, vault_id) is None
    keep_received(store, BOB, vault_id.raw, "work", lineage, ours)
    kept = store.grants.received.get(BOB, vault_id)
    assert kept is not None
    assert kept.grant == ours
