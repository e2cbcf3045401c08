import pytest

from pk_tui.errors import Malformed
from pk_tui.records import replace
from pk_tui.store.grants import IssuedGrant, ReceivedGrant
from pk_tui.terms import NodeId, VaultId

ANNA, BERT = NodeId(b"a" * 32), NodeId(b"b" * 32)
ONE, TWO = VaultId(b"1" * 16), VaultId(b"2" * 16)


def issued(vault, node, serial=1):
    return IssuedGrant(vault.raw, node.raw, b"signed", serial)


def received(node, vault):
    return ReceivedGrant(node.raw, vault.raw, b"signed", b"c" * 32, b"n" * 32, "letters")


def test_issued_grants_are_found_by_vault_and_by_node(disk):
    grants = disk.store.grants.issued
    for vault, node in ((ONE, ANNA), (ONE, BERT), (TWO, ANNA)):
        grants.put(issued(vault, node))
    grants.put(replace(issued(ONE, ANNA, 2), revoked=7))
    grants = disk.reopen().grants.issued
    assert grants.get(ONE, ANNA) == replace(issued(ONE, ANNA, 2), revoked=7)
    assert grants.get(TWO, BERT) is None
    assert grants.list() == [replace(issued(ONE, ANNA, 2), revoked=7), issued(ONE, BERT), issued(TWO, ANNA)]
    assert [row.grantee for row in grants.of_vault(ONE)] == [ANNA.raw, BERT.raw]
    assert [row.vault_id for row in grants.to_node(ANNA)] == [ONE.raw, TWO.raw]
    assert grants.remove(ONE, BERT) is True
    assert grants.remove(ONE, BERT) is False
    grants.remove_vault(ONE)
    assert grants.of_vault(ONE) == []
    assert grants.to_node(ANNA) == [issued(TWO, ANNA)]


def test_received_grants_are_found_by_node(disk):
    grants = disk.store.grants.received
    for node, vault in ((ANNA, ONE), (ANNA, TWO), (BERT, ONE)):
        grants.put(received(node, vault))
    grants = disk.reopen().grants.received
    assert grants.get(ANNA, TWO) == received(ANNA, TWO)
    assert grants.from_node(ANNA) == [received(ANNA, ONE), received(ANNA, TWO)]
    assert grants.remove(ANNA, ONE) is True
    assert grants.remove(ANNA, ONE) is False
    assert grants.get(ANNA, ONE) is None
    assert grants.get(BERT, ONE) == received(BERT, ONE)


def test_what_breaks_a_limit_is_not_stored(store):
    for bad in (replace(issued(ONE, ANNA), grant=b""), replace(issued(ONE, ANNA), grant=bytes(4097))):
        with pytest.raises(Malformed):
            store.grants.issued.put(bad)
    for bad in (replace(received(ANNA, ONE), name=""), replace(received(ANNA, ONE), nonce=b"n")):
        with pytest.raises(Malformed):
            store.grants.received.put(bad)
    assert store.grants.issued.of_vault(ONE) == store.grants.received.from_node(ANNA) == []
