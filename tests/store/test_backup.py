"""One sealed file holds everything of one moment, and any other byte in it is noticed."""

import io
import itertools
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pk_tui.crypto.keys import RecoveryKey
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Corrupt, Malformed, PkError, TooNew
from pk_tui.plaintext import Plaintext
from pk_tui.records import decode, encode, replace
from pk_tui.store import backup as backups
from pk_tui.store import migrations
from pk_tui.store.backup import Backup, Source, begin_backup, write_backup
from pk_tui.store.contacts import Contact
from pk_tui.store.database import Database
from pk_tui.store.node import NodeStore
from pk_tui.store.snapshot import Snapshot
from pk_tui.store.witness import MemoryWitness
from pk_tui.terms import NodeId, VaultId
from pk_tui.trust.lineage import Lineage
from pk_tui.vault.objects import blob

NOW = 1_800_000_000_000_000


def back_up(store, between=lambda: None, nonce=b"1" * 32):
    """The file's bytes; `between` runs before every piece but the first."""
    source, parts = begin_backup(store, NOW, nonce), []
    for _ in write_backup(source, parts.append):
        between()
    source.close()
    return b"".join(parts)


def opened(raw, root):
    backup = Backup(io.BytesIO(raw).read)
    return backup, backup.key_under(root)


def verify(raw, root):
    backup, key = opened(raw, root)
    return list(backup.verify(key))[-1]


def restored(raw, root, path):
    backup, key = opened(raw, root)
    witness = MemoryWitness()
    for _ in backup.load(key, lambda layout: Database.build(path, layout), witness):
        pass
    store = NodeStore.open(Database.open(path), witness)
    store.unlock(root)
    return store


@pytest.fixture
def filled(disk, record, put):
    for number in (1, 2):
        vault = disk.store.vaults.create(record(number))
        for version in range(3):
            put(vault, b"%d of %d" % (version, number), os.urandom(3000))
    deleted = disk.store.vaults.create(record(3))
    disk.store.vaults.delete(deleted.vault_id)
    disk.store.contacts.put(Contact(b"a" * 32, "Anna", (), 1))
    disk.store.settings.put("a", b"1")
    return disk


def contents(store):
    return {
        VaultId(vault.record.vault_id): (vault.record, [(oid, vault.body(oid)) for oid in vault])
        for vault in store.vaults.list()
    }


def test_everything_comes_back_as_it_was(filled, tmp_path):
    store = restored(back_up(filled.store), filled.root, tmp_path / "other.db")

    assert contents(store) == contents(filled.store)
    assert store.contacts.list() == filled.store.contacts.list()
    assert store.settings.get("a") == b"1"
    assert (store.node_id, store.genesis, store.version) == (
        filled.store.node_id,
        filled.store.genesis,
        filled.store.version,
    )
    assert (store.password_slot, store.recovery_slot) == (filled.store.password_slot, filled.store.recovery_slot)
    tables = [name for name, _ in filled.db.snapshot().tables()]
    for table in tables:
        rows = f"SELECT * FROM {table} ORDER BY 1, 2"
        assert store._db.rows(rows) == filled.db.rows(rows), table
    store.close()


def test_ids_given_out_before_are_not_given_out_again(filled, tmp_path):
    row = filled.db.next_id("vault")
    assert row == 4  # the third is deleted: no row says that its number was used
    store = restored(back_up(filled.store), filled.root, tmp_path / "other.db")
    assert [store._db.next_id(table) for table in ("vault", "frame", "findex", "shelf")] == [
        filled.db.next_id(table) for table in ("vault", "frame", "findex", "shelf")
    ]
    assert len(store._db.rows("SELECT * FROM sqlite_sequence")) == len(filled.db.rows("SELECT * FROM sqlite_sequence"))
    store.close()


def test_the_heads_that_were_seen_are_remembered(filled, record, tmp_path):
    store = restored(back_up(filled.store), filled.root, tmp_path / "other.db")
    for number in (1, 2, 3):  # the third is deleted
        lineage = Lineage(NodeId(record(number).creator), record(number).nonce).id
        assert store.head_floor(lineage) == filled.store.head_floor(lineage) > 0
    store.close()


def test_commits_meanwhile_go_on_and_are_not_in_it(filled, put, tmp_path):
    before = contents(filled.store)
    vault = filled.store.vaults.list()[0]
    numbers = itertools.count()

    def between():
        put(vault, b"meanwhile %d" % next(numbers))
        filled.store.settings.put("a", b"%d" % next(numbers))
        filled.store.checkpoint()

    store = restored(back_up(filled.store, between), filled.root, tmp_path / "other.db")
    assert next(numbers) > 6
    assert contents(store) == before
    assert store.settings.get("a") == b"1"
    store.close()
    assert contents(filled.reopen()) != before


def test_of_a_node_in_memory_too(store, record, put, tmp_path):
    put(store.vaults.create(record()), b"secret")
    other = restored(back_up(store), SealKey(b"r" * 32), tmp_path / "other.db")
    assert contents(other) == contents(store)
    other.close()


def test_a_row_larger_than_a_piece_and_many_small_ones(disk, record, put, tmp_path, monkeypatch):
    monkeypatch.setattr(backups, "_PIECE", 2000)
    put(disk.store.vaults.create(record()), *(os.urandom(size) for size in (10, 1_500_000, 70_000)))
    raw = back_up(disk.store)
    other = restored(raw, disk.root, tmp_path / "other.db")
    assert contents(other) == contents(disk.store)
    other.close()


def test_a_backup_of_an_older_layout_is_brought_to_the_newest(tmp_path):
    old = Database.build(tmp_path / "old.db", 1)
    old.execute("INSERT INTO vault (id, uid) VALUES (7, zeroblob(16))")
    old.execute("INSERT INTO findex (id, vault_id, epoch, sealed) VALUES (5, 7, 1, x'0102')")
    key, parts = SealKey(b"k" * 32), []
    header = encode(
        backups._Header(b"", 3, 1 << 28, b"x", b"x", bytes(32), b"x", b"x", NOW, bytes(32)),
    )
    source = Source(Snapshot.of_file(tmp_path / "old.db"), key, header, b"witness", 1)
    for _ in write_backup(source, parts.append):
        pass
    source.close()
    layouts, path, witness = [], tmp_path / "new.db", MemoryWitness()

    def make(layout):
        layouts.append(layout)
        return Database.build(path, layout)

    for _ in Backup(io.BytesIO(b"".join(parts)).read).load(key, make, witness):
        pass
    assert layouts == [1]
    assert witness.load() == b"witness"
    new = Database.open(path)
    assert new.one("PRAGMA user_version") == (migrations.VERSION,)
    assert new.one("SELECT id, vault_id, epoch, sealed FROM findex") == (5, 7, 1, b"\1\2")
    assert new.next_id("vault") == 8
    new.close()
    old.close()


# Damage


@pytest.fixture
def small(disk, record, put, monkeypatch):
    """A backup of about a dozen pieces."""
    monkeypatch.setattr(backups, "_PIECE", 400)
    put(disk.store.vaults.create(record()), b"secret")
    return back_up(disk.store)


def refused(raw, root):
    with pytest.raises(PkError) as caught:
        verify(raw, root)
    assert caught.value.exit_code == 65 or isinstance(caught.value, TooNew)
    return type(caught.value)


def test_it_verifies_to_its_end(small, disk):
    assert verify(small, disk.root) == len(small)


def test_cut_anywhere_it_is_refused(small, disk):
    for size in range(0, len(small), 7):
        assert refused(small[:size], disk.root) in (Corrupt, Malformed)


def test_cut_between_two_pieces_it_is_refused_with_words(small, disk):
    *_, (_, start, _) = pieces(small)
    with pytest.raises(Corrupt, match="cut off"):
        verify(small[:start], disk.root)


def test_any_byte_altered_is_noticed(small, disk):
    for at in range(0, len(small), 5):
        refused(small[:at] + bytes((small[at] ^ 1 << at % 8,)) + small[at + 1 :], disk.root)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bit_altered_is_noticed(small, disk, data):
    at, bit = data.draw(st.integers(0, len(small) - 1)), data.draw(st.integers(0, 7))
    refused(small[:at] + bytes((small[at] ^ 1 << bit,)) + small[at + 1 :], disk.root)


def test_more_behind_it_is_refused(small, disk):
    with pytest.raises(Corrupt, match="goes on after its end"):
        verify(small + b"x", disk.root)


def pieces(raw):
    """The file's start, then its pieces with where they lie."""
    at = len(backups.MAGIC)
    at += 4 + int.from_bytes(raw[at : at + 4], "big")
    yield raw[:at], 0, at
    while at < len(raw):
        end = at + 4 + int.from_bytes(raw[at : at + 4], "big")
        yield raw[at:end], at, end
        at = end


def test_pieces_moved_left_out_doubled_or_of_another_backup_are_refused(small, disk):
    parts = [part for part, _, _ in pieces(small)]
    assert len(parts) > 6
    other = [part for part, _, _ in pieces(back_up(disk.store, nonce=b"2" * 32))]
    for at in range(1, len(parts) - 1):
        refused(b"".join([*parts[:at], *parts[at + 1 :]]), disk.root)
        refused(b"".join([*parts[:at], parts[at], *parts[at:]]), disk.root)
        refused(b"".join([*parts[:at], parts[at + 1], parts[at], *parts[at + 2 :]]), disk.root)
        refused(b"".join([*parts[:at], *other[at:]]), disk.root)
    refused(b"".join([other[0], *parts[1:]]), disk.root)
    refused(b"".join([*parts[:2], parts[-1]]), disk.root)


def test_another_file_and_a_later_version_are_told_apart(disk):
    for raw in (b"", b"x", b"SQLite format 3\0" + bytes(1000), os.urandom(500)):
        with pytest.raises(Malformed, match="not a backup"):
            Backup(io.BytesIO(raw).read)
    with pytest.raises(TooNew):
        Backup(io.BytesIO(b"pk-tui backup 2\n" + bytes(100)).read)


def test_a_length_that_promises_much_costs_nothing(small, disk):
    start = next(pieces(small))[0]
    for size in (0xFFFF_FFFF, 1 << 30):
        raw = start + size.to_bytes(4, "big") + b"x" * 100
        asked = []
        source = io.BytesIO(raw)

        def read(size, source=source, asked=asked):
            asked.append(size)
            return source.read(size)

        backup = Backup(read)
        with pytest.raises(Corrupt):
            list(backup.verify(backup.key_under(disk.root)))
        assert max(asked) <= 16 * 1024


def test_another_root_key_opens_nothing(small, disk):
    backup = Backup(io.BytesIO(small).read)
    with pytest.raises(Corrupt):
        backup.key_under(SealKey(b"x" * 32))


def test_names_of_tables_and_columns_are_not_believed(disk, tmp_path):
    db = Database.build(tmp_path / "x.db", migrations.VERSION)
    for table, columns in (("nothing", ("a",)), ("meta", ("key", "value, 1) --")), ("meta", ()), ('meta"', ("key",))):
        with pytest.raises(Corrupt):
            backups._insert(db, table, columns)
    db.close()


def test_hostile_costs_in_the_header_are_refused_before_they_are_computed(small):
    start = next(pieces(small))[0]
    header = decode(backups._Header, start[len(backups.MAGIC) + 4 :])
    for passes, memory in ((1, 64 << 20), (3, 1 << 42), (2**31, 256 << 20)):
        hostile = encode(replace(header, passes=passes, memory=memory))
        backup = Backup(io.BytesIO(backups.MAGIC + len(hostile).to_bytes(4, "big") + hostile).read)
        with pytest.raises(PkError):
            backup.root_from_password(Plaintext(b"a password"))


def test_words_of_a_node_without_a_claim_open_nothing(small):
    with pytest.raises(Corrupt):  # the node of these tests has a first claim that is none
        Backup(io.BytesIO(small).read).root_from_words(RecoveryKey(b"r" * 32))


def test_nothing_of_it_is_readable(disk, record, put):
    marker = b"MARKER-0123456789"
    vault = disk.store.vaults.create(record(name="MARKER-0123456789"))
    put(vault, marker)
    disk.store.contacts.put(Contact(b"a" * 32, "MARKER-0123456789", (), 1))
    raw = back_up(disk.store)
    assert marker not in raw
    assert disk.root.reveal() not in raw
    assert b"vault_state" not in raw  # not even the names of tables
    assert blob(marker)[0] not in raw
