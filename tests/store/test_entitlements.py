"""Entitlements change as a whole: what goes and what comes are one transaction."""

from dataclasses import replace

import pytest

from pk_tui.errors import Malformed
from pk_tui.terms import Action, IdentityId, NodeId, VaultId
from pk_tui.trust.entitlement import Change, Entitlement

ANNA, BERT = NodeId(b"a" * 32), NodeId(b"b" * 32)
ON_A_VAULT = Entitlement(ANNA, VaultId(b"v" * 16), frozenset({Action.CLONE, Action.PULL}), 9, frozenset({ANNA, BERT}))
ON_A_GESTALT = Entitlement(
    IdentityId("github", "1"), None, frozenset({Action.NOTIFY}), None, frozenset({ANNA}), frozenset({BERT})
)


def test_entitlements_come_back_after_reopening(disk):
    disk.store.entitlements.apply(Change(come=frozenset({ON_A_VAULT, ON_A_GESTALT})))
    assert set(disk.reopen().entitlements.list()) == {ON_A_VAULT, ON_A_GESTALT}


def test_what_goes_is_gone_and_what_comes_is_there(disk):
    less = replace(ON_A_VAULT, confirmed=frozenset({ANNA}))
    disk.store.entitlements.apply(Change(come=frozenset({ON_A_VAULT, ON_A_GESTALT})))
    disk.store.entitlements.apply(Change(gone=frozenset({ON_A_VAULT}), come=frozenset({less})))
    assert set(disk.reopen().entitlements.list()) == {less, ON_A_GESTALT}


def test_a_change_that_cannot_be_written_changes_nothing(store):
    store.entitlements.apply(Change(come=frozenset({ON_A_VAULT})))
    crowd = replace(ON_A_VAULT, confirmed=frozenset(NodeId(one.to_bytes(32, "big")) for one in range(1, 70_000)))
    with pytest.raises(Malformed):
        store.entitlements.apply(Change(gone=frozenset({ON_A_VAULT}), come=frozenset({crowd})))
    assert set(store.entitlements.list()) == {ON_A_VAULT}
