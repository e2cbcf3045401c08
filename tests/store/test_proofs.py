"""A proof is kept as it was verified; a newer one takes its place."""

from dataclasses import replace

import pytest

from pk_tui.errors import Malformed
from pk_tui.terms import IdentityId, NodeId
from pk_tui.trust.belief import Proof

ANNA, BERT = NodeId(b"a" * 32), NodeId(b"b" * 32)
GITHUB, WEB = IdentityId("github", "583231"), IdentityId("web", "example.org")
PROOF = Proof(GITHUB, ANNA, b"s" * 32, "anna", "https://gist.github.com/anna/1", 5)


def test_proofs_are_kept_replaced_and_removed(disk):
    other = replace(PROOF, identity=WEB, name="example.org")
    disk.store.proofs.put(PROOF)
    disk.store.proofs.put(other)
    disk.store.proofs.put(replace(PROOF, checked=9))
    proofs = disk.reopen().proofs
    assert list(proofs.list()) == [replace(PROOF, checked=9), other]
    assert proofs.get(ANNA, WEB) == other
    assert proofs.get(BERT, WEB) is None
    assert proofs.remove(ANNA, WEB) is True
    assert proofs.remove(ANNA, WEB) is False
    assert list(proofs.list()) == [replace(PROOF, checked=9)]


@pytest.mark.parametrize("change", [{"name": ""}, {"url": "x" * 1025}, {"statement": b"short"}, {"checked": -1}])
def test_what_breaks_a_limit_is_not_stored(store, change):
    with pytest.raises(Malformed):
        store.proofs.put(replace(PROOF, **change))
    assert list(store.proofs.list()) == []
