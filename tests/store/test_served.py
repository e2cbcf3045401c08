from pk_tui.store.served import Served
from pk_tui.terms import CommitId, LineageId, NodeId, VaultId

ANNA, BERT = NodeId(b"a" * 32), NodeId(b"b" * 32)
ONE, TWO = VaultId(b"1" * 16), VaultId(b"2" * 16)
LINEAGE = LineageId(b"l" * 32)


def commit(number):
    return CommitId(number.to_bytes(20, "big"))


def test_the_latest_served_version_of_each_node_is_known(disk):
    served = disk.store.served
    assert served.latest(ANNA, ONE) is None
    served.append(ANNA, ONE, LINEAGE, None, commit(1), 10)
    served.append(ANNA, ONE, LINEAGE, commit(1), commit(2), 11)
    served.append(BERT, ONE, LINEAGE, None, commit(1), 12)
    served = disk.reopen().served
    assert served.latest(ANNA, ONE) == Served(ANNA.raw, ONE.raw, LINEAGE.raw, commit(1).raw, commit(2).raw, 11)
    assert served.latest(BERT, ONE).new == commit(1).raw
    assert served.latest(ANNA, TWO) is None


def test_every_served_version_stays_in_order_however_many(store):
    for number in range(1, 101):
        store.served.append(ANNA, ONE, LINEAGE, None, commit(number), number)
    store.served.append(BERT, ONE, LINEAGE, None, commit(1), 1)
    store.served.append(ANNA, TWO, LINEAGE, None, commit(1), 1)
    entries = store.served.list(ONE)
    assert [entry.time for entry in entries if entry.node == ANNA.raw] == list(range(1, 101))
    assert len(entries) == 101
    assert store.served.latest(ANNA, ONE).time == 100
    assert len(store.served.list(TWO)) == 1
