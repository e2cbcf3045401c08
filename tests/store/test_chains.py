"""Sigchains are kept as they were signed, in order, and never written over."""

import pytest

from pk_tui.errors import Malformed
from pk_tui.store.chains import MAX_CLAIM, KnownFork
from pk_tui.terms import NodeId
from pk_tui.trust.claim import MAX_CLAIM_BYTES

ANNA, BERT = NodeId(b"a" * 32), NodeId(b"b" * 32)


def test_a_chain_comes_back_in_order_after_reopening(disk):
    chains = disk.store.chains
    for sequence in range(12):
        chains.append(ANNA, sequence, b"claim %d" % sequence)
    chains.append(BERT, 0, b"first")
    chains = disk.reopen().chains
    assert chains.get(ANNA) == [b"claim %d" % sequence for sequence in range(12)]
    assert dict(chains.list()) == {ANNA: chains.get(ANNA), BERT: [b"first"]}
    assert chains.get(NodeId(b"c" * 32)) == []


def test_a_claim_is_never_written_over_and_none_is_left_out(store):
    store.chains.append(ANNA, 0, b"first")
    store.chains.append(ANNA, 0, b"first")
    with pytest.raises(ValueError, match="never replaced"):
        store.chains.append(ANNA, 0, b"other")
    with pytest.raises(ValueError, match="no gaps"):
        store.chains.append(ANNA, 2, b"third")
    with pytest.raises(ValueError, match="no gaps"):
        store.chains.append(BERT, 1, b"second")
    assert store.chains.get(ANNA) == [b"first"]


@pytest.mark.parametrize("raw", [b"", b"x" * (MAX_CLAIM + 1)])
def test_a_claim_of_no_or_too_many_bytes_is_not_kept(store, raw):
    with pytest.raises(ValueError, match="larger"):
        store.chains.append(ANNA, 0, raw)


def test_every_claim_that_is_verified_can_be_kept():
    assert MAX_CLAIM == MAX_CLAIM_BYTES


def test_the_first_evidence_of_a_fork_stays_until_the_chain_is_forgotten(disk):
    chains = disk.store.chains
    chains.append(ANNA, 0, b"first")
    chains.put_fork(ANNA, b"one", b"other", 3, [b"third", b"fourth"])
    chains.put_fork(ANNA, b"later", b"evidence", 1, [b"x"])
    chains.put_fork(BERT, b"one", b"other")
    chains = disk.reopen().chains
    assert dict(chains.forks()) == {
        ANNA: KnownFork(b"one", b"other", 3, (b"third", b"fourth")),
        BERT: KnownFork(b"one", b"other", 0, ()),
    }
    assert chains.get(BERT) == []
    assert chains.remove(ANNA) is True
    assert (chains.get(ANNA), [node for node, _ in chains.forks()]) == ([], [BERT])
    assert chains.remove(ANNA) is False


def test_evidence_larger_than_claims_can_be_is_not_kept(store):
    with pytest.raises(Malformed):
        store.chains.put_fork(ANNA, b"one", b"x" * (MAX_CLAIM + 1))
    assert list(store.chains.forks()) == []
