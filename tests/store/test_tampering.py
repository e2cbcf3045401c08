"""Someone can write to the database while the node is closed, but has no key."""

import sqlite3

import pytest

from pk_tui.errors import Corrupt, PkError, RolledBack
from pk_tui.store.contacts import Contact
from pk_tui.vault.objects import blob


@pytest.fixture
def full(disk, record, put):
    """Two vaults of two commits each, and a few rows on the shelves."""
    for number in (1, 2):
        vault = disk.store.vaults.create(record(number))
        put(vault, b"first %d" % number)
        put(vault, b"second %d" % number)
    disk.store.contacts.put(Contact(b"a" * 32, "Anna", (), 1))
    disk.store.contacts.put(Contact(b"b" * 32, "Bert", (), 1))
    disk.store.settings.put("a", b"1")
    disk.store.write_witness()
    disk.close()
    return disk


def read(vault):
    return [vault.body(oid) for oid in vault]


WHOLE = [b"first 1", b"second 1"], [b"first 2", b"second 2"]

# Nothing can be believed after these: unlocking is refused.
REFUSED = [
    "DELETE FROM shelf WHERE id = 1",
    "DELETE FROM shelf WHERE number = 9",
    "UPDATE shelf SET mark = zeroblob(32) WHERE id = 1",
    "UPDATE shelf SET sealed = zeroblob(300) WHERE id = 1",
    "UPDATE shelf SET sealed = (SELECT sealed FROM shelf WHERE id = 2) WHERE id = 1",
    "UPDATE shelf SET sealed = (SELECT sealed FROM vault_state WHERE vault_id = 1) WHERE id = 1",
    "UPDATE shelf SET number = 2 WHERE id = 1",
    "UPDATE shelf SET gen = 2 WHERE id = 1",
    "UPDATE shelf SET rk = zeroblob(16) WHERE id = 1",
    "INSERT INTO shelf (number, rk, gen, sealed, mark) SELECT number, zeroblob(16), gen, sealed, mark FROM shelf WHERE id = 1",
    "DELETE FROM vault_state WHERE vault_id = 1",
    "DELETE FROM vault_key WHERE vault_id = 1",
    "UPDATE vault_state SET mark = zeroblob(32) WHERE vault_id = 1",
    "UPDATE vault_key SET mark = zeroblob(32) WHERE vault_id = 1",
    "UPDATE meta SET value = x'01' WHERE key = 'genesis'",
    "UPDATE meta SET value = x'01' WHERE key = 'created'",
    "DELETE FROM ledger",
    "UPDATE ledger SET sealed = zeroblob(88)",
    "UPDATE slot SET passes = 4 WHERE kind = 'password'",
    "UPDATE slot SET salt = zeroblob(16) WHERE kind = 'password'",
    "UPDATE slot SET wrapped = zeroblob(80) WHERE kind = 'recovery'",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_rows_removed_altered_moved_or_added_are_noticed_at_unlock(full, statement):
    full.sql(statement)
    with pytest.raises(Corrupt):
        full.open()
    assert not full.store.unlocked
    full.close()
    store = full.open(accept=True)  # … and can be gone on with
    store.settings.put("a", b"2")
    assert full.reopen().settings.get("a") == b"2"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE node_key SET seed = state",
        "UPDATE node_key SET seed = state, state = seed",
        "UPDATE node_key SET seed = (SELECT wrapped FROM vault_key WHERE vault_id = 1)",
        "UPDATE node_key SET state = zeroblob(72)",
        "UPDATE node_key SET state = 'text'",
        "DELETE FROM node_key",
        "UPDATE meta SET value = zeroblob(32) WHERE key = 'node_id'",
    ],
)
def test_a_node_whose_own_key_was_touched_does_not_unlock(full, statement):
    full.sql(statement)
    for accept in (False, True):
        with pytest.raises(PkError):
            full.open(accept)
        full.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM meta WHERE key = 'genesis'",
        "DELETE FROM slot",
        "UPDATE slot SET passes = 'many'",
        "UPDATE slot SET salt = 5",
    ],
)
def test_a_node_without_the_facts_that_unlocking_needs_is_damaged(full, statement):
    full.sql(statement)
    with pytest.raises(Corrupt):
        full.open()
    full.db.close()


# These concern one vault: it is listed as damaged, the other one works.
ONE_VAULT = [
    "UPDATE vault_state SET sealed = zeroblob(1100) WHERE vault_id = 1",
    "UPDATE vault_state SET sealed = 7 WHERE vault_id = 1",
    "UPDATE vault_state SET sealed = (SELECT sealed FROM vault_state WHERE vault_id = 2) WHERE vault_id = 1",
    "UPDATE vault_key SET wrapped = zeroblob(72) WHERE vault_id = 1",
    "UPDATE vault_key SET wrapped = (SELECT wrapped FROM vault_key WHERE vault_id = 2) WHERE vault_id = 1",
    "UPDATE vault SET uid = zeroblob(16) WHERE id = 1",
    "DELETE FROM vault WHERE id = 1",
]


@pytest.mark.parametrize("statement", ONE_VAULT)
def test_a_damaged_state_or_key_hurts_only_its_vault(full, statement):
    full.sql(statement)
    store = full.open()
    assert [read(vault) for vault in store.vaults.list()] == [WHOLE[1]]
    assert len(store.vaults.damaged) == 1
    store.settings.put("a", b"2")
    assert len(full.reopen().vaults.damaged) == 1  # and it is not swept away


ONE_INDEX = [
    "UPDATE findex SET sealed = zeroblob(600) WHERE id = 2",
    "UPDATE findex SET sealed = (SELECT sealed FROM findex WHERE id = 1) WHERE id = 2",
    "UPDATE findex SET sealed = (SELECT sealed FROM findex WHERE id = 3) WHERE id = 2",
    "UPDATE findex SET sealed = (SELECT sealed FROM frame WHERE id = 2) WHERE id = 2",
    "UPDATE findex SET epoch = 2 WHERE id = 2",
    "DELETE FROM findex WHERE id = 2",
    "DELETE FROM findex WHERE id = 1",
    "DELETE FROM findex WHERE vault_id = 1",
    "INSERT INTO findex (vault_id, epoch, sealed, series) SELECT vault_id, epoch, sealed, series FROM findex WHERE id = 2",
]


@pytest.mark.parametrize("statement", ONE_INDEX)
def test_a_damaged_index_hurts_only_its_vault_and_the_error_names_it(full, statement):
    full.sql(statement)
    store = full.open()
    first, second = store.vaults.list()
    for _ in range(2):
        with pytest.raises(Corrupt, match=str(first.vault_id)):
            list(first)
    with pytest.raises(Corrupt):
        first.batch()
    assert read(second) == WHOLE[1]
    assert list(store.vaults.damaged) == [first.uid]
    assert full.db.one("SELECT count(*) FROM frame")[0] == 4  # nothing is taken for an orphan


ONE_FRAME = [
    "UPDATE frame SET sealed = zeroblob(1100) WHERE id = 2",
    "UPDATE frame SET sealed = (SELECT sealed FROM frame WHERE id = 1) WHERE id = 2",
    "UPDATE frame SET sealed = (SELECT sealed FROM frame WHERE id = 3) WHERE id = 2",
    "UPDATE frame SET epoch = 2 WHERE id = 2",
    "UPDATE frame SET vault_id = 2 WHERE id = 2",
    "UPDATE frame SET sealed = 'text' WHERE id = 2",
    "DELETE FROM frame WHERE id = 2",
]


@pytest.mark.parametrize("statement", ONE_FRAME)
def test_a_damaged_frame_hurts_only_the_objects_in_it(full, statement):
    full.sql(statement)
    store = full.open()
    first, second = store.vaults.list()
    assert first.body(blob(b"first 1")[0]) == b"first 1"
    with pytest.raises(Corrupt, match=str(first.vault_id)):
        first.body(blob(b"second 1")[0])
    assert read(second) == WHOLE[1]
    assert list(store.vaults.damaged) == [first.uid]


@pytest.mark.parametrize("table", ["shelf", "vault_state", "findex", "vault_key"])
def test_a_table_put_back_as_it_was_before_is_noticed(disk, record, put, table):
    vault = disk.store.vaults.create(record())
    put(vault, b"first")
    disk.store.settings.put("a", b"1")
    disk.store.write_witness()
    disk.store.checkpoint()
    older = disk.copy("older")
    put(vault, b"second")
    disk.store.vaults.create(record(2))
    disk.store.settings.put("a", b"2")
    disk.store.write_witness()
    disk.close()
    connection = sqlite3.connect(disk.path, isolation_level=None)
    connection.execute("ATTACH ? AS older", (str(older / "node.db"),))
    connection.execute(f"DELETE FROM main.{table}")
    connection.execute(f"INSERT INTO main.{table} SELECT * FROM older.{table}")
    connection.close()
    with pytest.raises(Corrupt):
        list(disk.open().vaults.list()[0])


def test_an_older_state_row_with_the_newer_mark_is_damage_and_not_believed(disk, record, put):
    vault = disk.store.vaults.create(record())
    put(vault, b"first")
    gen, sealed = disk.db.one("SELECT gen, sealed FROM vault_state")
    put(vault, b"second")
    disk.store.write_witness()
    disk.close()
    disk.sql("UPDATE vault_state SET gen = ?, sealed = ?", gen, sealed)
    assert disk.open().vaults.list() == []
    assert len(disk.store.vaults.damaged) == 1


def test_an_older_ledger_alone_is_noticed(disk):
    disk.store.settings.put("a", b"1")
    gen, sealed = disk.db.one("SELECT gen, sealed FROM ledger")
    disk.store.settings.put("a", b"2")
    disk.close()
    disk.sql("UPDATE ledger SET gen = ?, sealed = ?", gen, sealed)
    with pytest.raises(Corrupt) as caught:
        disk.open()
    assert not isinstance(caught.value, RolledBack)  # the witness was not that far; the sums are what tells
