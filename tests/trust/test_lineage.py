"""A lineage id binds the creator's key and a nonce, and nothing else gives the same id."""

import hashlib

import pytest
from nacl.bindings import crypto_generichash_blake2b_salt_personal

from pk_tui.crypto.entropy import seeded
from pk_tui.errors import Misuse
from pk_tui.terms import NodeId
from pk_tui.trust.lineage import Lineage, new_lineage

ADA, BEN = NodeId(b"a" * 32), NodeId(b"b" * 32)


def test_the_id_is_the_documented_hash_of_creator_and_nonce() -> None:
    expected = crypto_generichash_blake2b_salt_personal(b"a" * 32 + b"n" * 32, 32, b"", b"", b"pk-tui lineage")

    assert Lineage(ADA, b"n" * 32).id.raw == expected
    assert expected != hashlib.blake2b(b"a" * 32 + b"n" * 32, digest_size=32).digest()


def test_another_creator_or_nonce_is_another_lineage() -> None:
    ids = {Lineage(ADA, b"n" * 32).id, Lineage(BEN, b"n" * 32).id, Lineage(ADA, b"m" * 32).id}

    assert len(ids) == 3


def test_creator_and_nonce_cannot_trade_bytes() -> None:
    assert Lineage(ADA, b"b" * 32).id != Lineage(BEN, b"a" * 32).id


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_nonce_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(Misuse):
        Lineage(ADA, b"n" * size)


def test_two_new_lineages_of_one_node_differ() -> None:
    assert new_lineage(ADA).id != new_lineage(ADA).id


def test_a_new_lineage_takes_its_nonce_from_entropy() -> None:
    with seeded(b"s"):
        first = new_lineage(ADA)
    with seeded(b"s"):
        again = new_lineage(ADA)

    assert first == again


def test_only_the_creator_is_a_writer() -> None:
    assert Lineage(ADA, b"n" * 32).is_writer(ADA)
    assert not Lineage(ADA, b"n" * 32).is_writer(BEN)
