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


def test_when_a_history_was_written_anew_entries_follow_to_the_new_versions(store):
    for number in range(1, 41):
        store.served.append(ANNA, ONE, LINEAGE, commit(number - 1) if number > 1 else None, commit(number), number)
    store.served.append(BERT, ONE, LINEAGE, None, commit(5), 1)
    store.served.append(ANNA, TWO, LINEAGE, None, commit(5), 1)
    store.served.replace_versions(ONE, {commit(5).raw: commit(105).raw, commit(40).raw: commit(140).raw})
    entries = [entry for entry in store.served.list(ONE) if entry.node == ANNA.raw]
    assert [entry.time for entry in entries] == list(range(1, 41))
    assert (entries[0].old, entries[0].new) == (None, commit(1).raw)
    assert (entries[4].old, entries[4].new) == (commit(4).raw, commit(105).raw)
    assert (entries[5].old, entries[5].new) == (commit(105).raw, commit(6).raw)
    assert store.served.latest(ANNA, ONE).new == commit(140).raw
    assert store.served.latest(BERT, ONE).new == commit(105).raw
    assert store.served.latest(ANNA, TWO).new == commit(5).raw
