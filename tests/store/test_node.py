import pytest

from pk_tui.crypto.seal import SealKey
from pk_tui.errors import AlreadyExists, CannotOpen, Corrupt, Locked, NotFound, RolledBack, StorageFailed
from pk_tui.store.contacts import Contact
from pk_tui.store.database import Database
from pk_tui.store.node import NodeStore
from pk_tui.store.witness import MemoryWitness
from pk_tui.terms import LineageId, NodeId
from pk_tui.trust.lineage import Lineage

NEW = SealKey(b"N" * 32)


def test_a_locked_node_shows_what_unlocking_needs_and_nothing_else(disk, slot):
    disk.close()
    store = disk.open(unlock=False)
    assert not store.unlocked
    assert store.node_id == disk.node_id
    assert store.genesis == b"the first claim"
    assert store.password_slot == slot()
    assert store.recovery_slot == b"w" * 80
    assert store.recovery_box == b"b" * 32
    assert store.created == 1_700_000_000_000_000
    for use in (
        lambda: store.vaults,
        lambda: store.contacts,
        lambda: store.grants,
        lambda: store.notifications,
        lambda: store.served,
        lambda: store.settings,
        lambda: store.signing,
        lambda: store.version,
        store.transaction,
        store.write_witness,
        lambda: store.head_floor(LineageId(bytes(32))),
    ):
        with pytest.raises(Locked):
            use()


def test_the_right_root_key_unlocks_and_another_one_does_not(disk):
    disk.close()
    store = disk.open(unlock=False)
    with pytest.raises(CannotOpen):
        store.unlock(NEW)
    assert not store.unlocked
    store.unlock(disk.root)
    store.unlock(disk.root)
    assert store.unlocked
    assert store.signing.node_id == disk.node_id


def test_after_locking_tables_that_are_still_held_say_that_they_are_locked(disk):
    settings = disk.store.settings
    disk.store.lock()
    disk.store.lock()
    with pytest.raises(Locked):
        settings.put("a", b"1")
    disk.store.unlock(disk.root)
    disk.store.settings.put("a", b"1")


def test_a_database_holds_one_node(disk, create_node):
    with pytest.raises(AlreadyExists):
        create_node(disk.db, disk.witness, disk.seed, disk.root)


def test_a_database_whose_node_was_never_finished_can_be_used_again(create_node):
    db, witness = Database.create(None), MemoryWitness()
    with pytest.raises(NotFound):
        NodeStore.open(db, witness)
    create_node(db, witness, SealKey(b"n" * 32), NEW).unlock(NEW)
    assert NodeStore.open(db, witness).created
    db.close()


def test_changes_of_several_tables_are_all_made_or_none(disk, record, undone):
    store = disk.store
    version = store.version
    with store.transaction():
        store.settings.put("a", b"1")
        store.vaults.create(record())
    assert store.version == version + 1
    with undone(store.transaction()):
        store.settings.put("a", b"2")
        store.contacts.put(Contact(b"a" * 32, None, (), 1))
    store = disk.reopen()
    assert store.settings.get("a") == b"1"
    assert store.contacts.list() == []
    assert store.version == version + 1


def test_a_version_that_was_witnessed_is_not_written_again(disk):
    assert disk.store.write_witness() is False  # a new node is witnessed from the start
    disk.store.settings.put("a", b"1")
    assert disk.store.write_witness() is True
    assert disk.reopen().write_witness() is False


# A new root key


def fill(store, record, put):
    oids = [put(store.vaults.create(record(number)), b"value %d" % number)[0] for number in (1, 2)]
    store.settings.put("a", b"1")
    return oids


def check(store, oids):
    assert [vault.body(oid) for vault, oid in zip(store.vaults.list(), oids, strict=True)] == [b"value 1", b"value 2"]
    assert store.settings.get("a") == b"1"


@pytest.mark.parametrize("locked", [False, True])
def test_a_new_root_key_opens_everything_and_the_old_one_nothing(disk, record, put, slot, locked):
    oids = fill(disk.store, record, put)
    old = [bytes(row[0]) for row in disk.db.rows("SELECT wrapped FROM vault_key UNION SELECT seed FROM node_key")]
    if locked:
        disk.store.lock()
    disk.store.rekey(disk.root, NEW, slot(b"t"), b"v" * 80)
    assert disk.store.unlocked is not locked
    if not locked:
        check(disk.store, oids)
        disk.store.vaults.create(record(3))
        disk.store.vaults.delete(disk.store.vaults.list()[2].vault_id)
    everything = disk.everything()
    assert not any(raw in everything for raw in old)
    disk.close()
    store = disk.open(unlock=False)
    assert store.password_slot == slot(b"t")
    assert store.recovery_slot == b"v" * 80
    with pytest.raises(CannotOpen):
        store.unlock(disk.root)
    store.unlock(NEW)
    check(store, oids)


@pytest.mark.parametrize("step", range(12))
def test_a_rekey_that_fails_anywhere_leaves_all_under_the_old_key(disk, record, put, slot, step):
    oids = fill(disk.store, record, put)
    connection = disk.db._connection
    left = step

    def refuse(action, *_):
        nonlocal left
        if action in (9, 18, 23):  # DELETE, INSERT, UPDATE: fail the n-th as a broken disk would
            left -= 1
            return 1 if left < 0 else 0
        return 0

    connection.set_authorizer(refuse)
    try:
        disk.store.rekey(disk.root, NEW, slot(b"t"), b"v" * 80)
        failed = False
    except StorageFailed:
        failed = True
    connection.set_authorizer(None)
    assert failed == (step < 9)
    if failed:
        assert disk.store.password_slot == slot()
        check(disk.store, oids)
        check(disk.reopen(), oids)
    else:
        disk.close()
        store = disk.open(unlock=False)
        store.unlock(NEW)
        check(store, oids)


def test_a_rekey_with_a_wrong_old_key_changes_nothing(disk, slot):
    disk.store.lock()
    with pytest.raises(CannotOpen):
        disk.store.rekey(NEW, NEW, slot(b"t"), b"v" * 80)
    disk.store.unlock(disk.root)


def test_a_recovery_key_put_in_place_by_someone_else_is_noticed_before_anything_is_sealed_to_it(disk, slot):
    disk.close()
    disk.sql("UPDATE meta SET value = ? WHERE key = 'recovery_box'", b"e" * 32)
    store = disk.open(unlock=False)
    with pytest.raises(Corrupt):
        store.rekey(disk.root, NEW, slot(b"t"), b"v" * 80)
    with pytest.raises(Corrupt):
        store.unlock(disk.root)


# Back in time


def back_in_time(disk, action):
    """Version 3 is on disk and witnessed, then `action` puts something older in place."""
    disk.store.settings.put("a", b"1")
    copy = disk.copy("older")
    disk.store.settings.put("a", b"2")
    disk.store.settings.put("a", b"3")
    disk.store.write_witness()
    crashed = disk.copy("crashed")
    disk.close()
    disk.restore(crashed)
    action(disk, copy)


def cut_journal(disk, copy):
    path = disk.directory / "node.db-wal"
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 100)


def flip_journal(disk, copy):
    path = disk.directory / "node.db-wal"
    raw = bytearray(path.read_bytes())
    raw[-2000] ^= 1
    path.write_bytes(raw)


ROLLBACKS = {
    "an older copy of the database": lambda disk, copy: disk.restore(copy, "node.db", "node.db-wal", "node.db-shm"),
    "a cut journal": cut_journal,
    "a damaged journal": flip_journal,
    "a witness that is gone": lambda disk, copy: (disk.directory / "witness").unlink(),
    "a witness that is damaged": lambda disk, copy: (disk.directory / "witness").write_bytes(b"x" * 200),
}


@pytest.mark.parametrize("how", ROLLBACKS)
def test_going_back_in_time_is_noticed_and_changes_nothing_until_it_is_accepted(disk, how):
    back_in_time(disk, ROLLBACKS[how])
    for _ in range(2):
        with pytest.raises(RolledBack, match="--accept-state"):
            disk.open()
        assert not disk.store.unlocked
        disk.close()
    store = disk.open(accept=True)
    assert store.settings.get("a") in (b"1", b"2", b"3")
    store.settings.put("a", b"4")
    assert disk.reopen().settings.get("a") == b"4"


def test_a_lost_journal_is_noticed(disk):
    disk.store.settings.put("a", b"1")
    disk.store.checkpoint()
    disk.store.settings.put("a", b"2")
    disk.store.write_witness()
    crashed = disk.copy("crashed")
    disk.close()
    (crashed / "node.db-wal").unlink()
    disk.restore(crashed)
    with pytest.raises(RolledBack, match=r"went back from version \d+ to \d+"):
        disk.open()
    disk.close()
    assert disk.open(accept=True).settings.get("a") == b"1"


def test_a_lost_index_of_the_journal_costs_nothing(disk):
    disk.store.settings.put("a", b"1")
    disk.store.write_witness()
    crashed = disk.copy("crashed")
    disk.close()
    (crashed / "node.db-shm").unlink()
    disk.restore(crashed)
    assert disk.open().settings.get("a") == b"1"


def test_a_database_that_is_ahead_of_its_witness_is_fine(disk):
    disk.store.write_witness()
    disk.store.settings.put("a", b"1")
    assert disk.reopen().settings.get("a") == b"1"


def test_an_accepted_older_state_keeps_the_heads_that_were_seen_as_floors(disk, record):
    vault = disk.store.vaults.create(record(sequence=3))
    disk.store.write_witness()
    copy = disk.copy("older")
    vault.commit(None, record(sequence=8))
    disk.store.write_witness()
    disk.close()
    disk.restore(copy, "node.db", "node.db-wal", "node.db-shm")
    store = disk.open(accept=True)
    lineage = Lineage(NodeId(record().creator), record().nonce).id
    assert store.vaults.list()[0].record.sequence == 3
    assert store.head_floor(lineage) == 8


def test_neither_database_nor_witness_from_before_an_acceptance_comes_back_unnoticed(disk):
    back_in_time(disk, ROLLBACKS["an older copy of the database"])
    before = disk.copy("before")
    disk.open(accept=True)
    disk.close()
    disk.restore(before, "node.db", "node.db-wal", "node.db-shm")
    with pytest.raises(RolledBack):
        disk.open()


def test_accepting_a_whole_state_changes_nothing_of_it(disk):
    disk.store.settings.put("a", b"1")
    disk.store.write_witness()
    disk.close()
    assert disk.open(accept=True).settings.get("a") == b"1"
