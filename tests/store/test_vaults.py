import pytest

from pk_tui.crypto.seal import SealKey
from pk_tui.errors import AlreadyExists, Corrupt, Locked, NotFound
from pk_tui.terms import NodeId, VaultId
from pk_tui.trust.lineage import Lineage
from pk_tui.vault.objects import blob


def rows(db):
    return {
        table: db.one(f"SELECT count(*) FROM {table}")[0]
        for table in ("vault", "vault_key", "vault_state", "frame", "findex")
    }


NOTHING = {"vault": 0, "vault_key": 0, "vault_state": 0, "frame": 0, "findex": 0}


def test_vaults_are_listed_in_the_order_of_their_making_and_found_by_id(disk, record):
    for number in (3, 1, 2):
        disk.store.vaults.create(record(number))
    vaults = disk.reopen().vaults
    assert [vault.record for vault in vaults.list()] == [record(3), record(1), record(2)]
    assert vaults.get(VaultId(record(1).vault_id)).record == record(1)
    with pytest.raises(NotFound):
        vaults.get(VaultId(record(9).vault_id))


def test_an_id_is_taken_once(store, record):
    store.vaults.create(record())
    with pytest.raises(AlreadyExists):
        store.vaults.create(record())
    assert rows(store.vaults.db)["vault"] == 1


def test_creating_within_an_undone_transaction_leaves_nothing(store, record, undone):
    with undone(store.transaction()):
        store.vaults.create(record())
    assert store.vaults.list() == []
    assert rows(store.vaults.db) == NOTHING
    store.vaults.create(record())


# Clones


def test_a_begun_vault_is_seen_only_after_its_commit(disk, record):
    vaults = disk.store.vaults
    vault = vaults.begin()
    assert vaults.list() == []
    with pytest.raises(NotFound):
        _ = vault.record
    batch = vault.batch()
    oid, facts = blob(b"value")
    batch.add(oid, facts, b"value")
    batch.flush()
    assert rows(disk.db)["vault_key"] == 0  # its key is in memory only
    vault.commit(batch, record())
    assert vaults.list() == [vault]
    assert disk.reopen().vaults.list()[0].body(oid) == b"value"


def fill(vault):
    batch = vault.batch()
    for number in range(200):
        body = bytes([number]) * 30_000
        batch.add(*blob(body), body)
    batch.flush()
    return batch


def test_an_abandoned_vault_leaves_nothing(store, record):
    vault = store.vaults.begin()
    batch = fill(vault)
    vault.abandon()
    assert rows(store.vaults.db) == NOTHING
    with pytest.raises(NotFound):
        vault.commit(batch, record())
    with pytest.raises(NotFound):
        vault.batch()


def test_a_committed_vault_is_not_abandoned(store, record):
    vault = store.vaults.create(record())
    with pytest.raises(ValueError, match="committed"):
        vault.abandon()


def test_an_interrupted_clone_leaves_nothing_after_the_next_unlock(disk):
    fill(disk.store.vaults.begin())
    assert rows(disk.db)["frame"] > 90
    assert disk.reopen().vaults.list() == []
    assert rows(disk.db) == NOTHING


def test_the_first_commit_of_a_clone_is_refused_if_the_id_was_taken_meanwhile(store, record):
    vault = store.vaults.begin()
    store.vaults.create(record())
    with pytest.raises(AlreadyExists):
        vault.commit(None, record())
    vault.abandon()
    assert len(store.vaults.list()) == 1


# Deleting


def test_a_deleted_vault_is_gone_and_says_so(disk, record, put):
    vault = disk.store.vaults.create(record())
    other = disk.store.vaults.create(record(2))
    (oid,) = put(vault, b"value")
    (kept,) = put(other, b"kept")
    batch = vault.batch()
    disk.store.vaults.delete(VaultId(record().vault_id))
    for use in (lambda: vault.body(oid), lambda: vault.record, vault.batch, lambda: batch.body(oid)):
        with pytest.raises(NotFound, match="deleted"):
            use()
    with pytest.raises(NotFound):
        disk.store.vaults.delete(VaultId(record().vault_id))
    assert [each.body(kept) for each in disk.reopen().vaults.list()] == [b"kept"]
    assert rows(disk.db) == {"vault": 1, "vault_key": 1, "vault_state": 1, "frame": 1, "findex": 1}


def test_nothing_of_a_deleted_key_or_state_is_left_in_any_file(disk, record, put):
    vault = disk.store.vaults.create(record())
    put(vault, b"value")
    remains = [
        raw
        for table, column in (
            ("vault_key", "wrapped"),
            ("vault_key", "mark"),
            ("vault_state", "sealed"),
            ("frame", "sealed"),
        )
        for (raw,) in disk.db.rows(f"SELECT {column} FROM {table}")
    ]
    disk.store.checkpoint()
    before = disk.everything()
    assert all(raw[:48] in before for raw in remains)  # the first part of a row lies in one piece
    disk.store.vaults.delete(VaultId(record().vault_id))
    after = disk.everything()
    assert not any(raw[at : at + 16] in after for raw in remains for at in range(0, len(raw) - 16, 16))


def test_a_delete_that_was_undone_leaves_the_vault_whole(store, record, put, undone):
    vault = store.vaults.create(record())
    (oid,) = put(vault, b"value")
    with undone(store.transaction()):
        store.vaults.delete(VaultId(record().vault_id))
    assert vault.body(oid) == b"value"
    assert store.vaults.list() == [vault]


def test_what_an_interrupted_delete_left_is_removed_at_the_next_unlock(disk, record):
    vault = disk.store.vaults.create(record())
    vault.commit(fill(vault), vault.record)
    with disk.store.transaction():
        vault.erase_key()  # … and here the power fails
    assert rows(disk.db)["frame"] > 90
    assert disk.reopen().vaults.list() == []
    assert disk.store.vaults.damaged == {}
    assert rows(disk.db) == NOTHING


def test_the_id_of_a_deleted_vault_is_free_again(store, record):
    store.vaults.create(record())
    store.vaults.delete(VaultId(record().vault_id))
    store.vaults.create(record())


# Locking


def test_after_locking_vaults_and_batches_say_that_they_are_locked(store, record, put):
    vault = store.vaults.create(record())
    (oid,) = put(vault, b"value")
    batch = vault.batch()
    batch.add(*blob(b"x"), b"x")
    store.lock()
    for use in (lambda: vault.body(oid), lambda: vault.record, vault.batch, lambda: vault.commit(batch, record())):
        with pytest.raises(Locked):
            use()
    with pytest.raises(Locked):
        batch.facts(oid)


# Heads


def test_the_highest_sequence_of_a_lineage_outlives_its_vault(disk, record):
    lineage = Lineage(NodeId(record().creator), record().nonce).id
    store = disk.store
    assert store.head_floor(lineage) == 0
    vault = store.vaults.create(record(sequence=5))
    vault.commit(None, record(sequence=9))
    vault.commit(None, record(sequence=8))
    assert store.head_floor(lineage) == 9
    store.vaults.delete(VaultId(record().vault_id))
    store.write_witness()
    assert disk.reopen().head_floor(lineage) == 9


def test_a_damaged_key_of_an_old_epoch_costs_only_what_lies_under_it(disk, record, put):
    vault = disk.store.vaults.create(record())
    old = put(vault, b"o" * 2000)[0]
    vault.commit(None, vault.record, new_key=True)
    disk.close()
    disk.sql("UPDATE vault_key SET wrapped = zeroblob(72) WHERE epoch = 1")
    vault = disk.open().vaults.list()[0]
    assert (vault.epochs, vault.record.name) == ((2,), "letters")
    with pytest.raises(Corrupt):
        vault.body(old)


def test_without_its_newest_key_a_vault_does_not_open(disk, record):
    disk.store.vaults.create(record())
    vault = disk.store.vaults.list()[0]
    vault.commit(None, vault.record, new_key=True)
    disk.close()
    disk.sql("UPDATE vault_key SET wrapped = zeroblob(72) WHERE epoch = 2")
    store = disk.open()
    assert store.vaults.list() == []
    assert store.vaults.unreadable == ("its key is damaged",)


def test_a_new_root_key_wraps_the_keys_of_all_epochs(disk, record, put, slot):
    vault = disk.store.vaults.create(record())
    oids = put(vault, b"old")
    vault.commit(None, vault.record, new_key=True)
    oids += put(vault, b"new")
    new_root = SealKey(b"R" * 32)
    disk.store.rekey(disk.root, new_root, slot(), b"wrapped for recovery")
    disk.root = new_root
    vault = disk.reopen().vaults.list()[0]
    assert [vault.body(oid) for oid in oids] == [b"old", b"new"]
    assert vault.epochs == (1, 2)


def test_a_deleted_vault_leaves_no_key_of_any_epoch(disk, record, put):
    vault = disk.store.vaults.create(record())
    put(vault, b"1")
    vault.commit(None, vault.record, new_key=True)
    disk.store.vaults.delete(vault.vault_id)
    for table in ("vault_key", "vault_state", "frame", "findex", "vault"):
        assert disk.db.one(f"SELECT count(*) FROM {table}") == (0,)
    disk.reopen().verify()
