"""A disk that is full or fails, at every single call of it: what is there is the old state or the new one, the error says what
happened, and the node goes on once there is room."""

import errno
import io
import os
import shutil
import sqlite3

import pytest
from store.faulty import FULL, IOERR, faulty_disk

from pk_tui.errors import Corrupt, PkError, StorageFailed
from pk_tui.records import replace
from pk_tui.store.backup import MAGIC, Backup, begin_backup, write_backup
from pk_tui.store.database import Database
from pk_tui.store.migrations import VERSION
from pk_tui.store.newfile import new_file
from pk_tui.store.node import NodeStore
from pk_tui.store.snapshot import Snapshot
from pk_tui.store.witness import FileWitness
from pk_tui.vault.objects import blob

CODES = pytest.mark.parametrize("code", [FULL, IOERR], ids=["full", "failing"])
LASTING = pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])


@pytest.fixture
def faults(monkeypatch):
    with faulty_disk(monkeypatch) as disk:
        yield disk


@pytest.fixture
def sound(disk, record, put):
    """A node with a vault, closed; `fresh` puts it back as it is now."""
    vault = disk.store.vaults.create(record())
    put(vault, *(os.urandom(3000) for _ in range(20)))
    disk.store.settings.put("number", b"old")
    disk.store.write_witness()
    disk.close()
    disk.sound = disk.copy("sound")
    return disk


def fresh(disk):
    disk.restore(disk.sound)


def commit(store, body=b"new"):
    vault = store.vaults.list()[0]
    batch = vault.batch()
    try:
        for part in (body, *(b"%d" % number * 900 for number in range(60))):
            oid, facts = blob(part)
            batch.add(oid, facts, part)
        with store.transaction():
            vault.commit(batch, replace(vault.record, sequence=vault.record.sequence + 1))
            store.settings.put("number", body)
    except BaseException:
        batch.discard()
        raise


def state_of(store):
    store.verify()
    assert store.vaults.damaged == {}
    vault = store.vaults.list()[0]
    bodies = [vault.body(oid) for oid in vault]
    number = store.settings.get("number")
    assert (number in bodies) == (number != b"old")  # the two tables went together
    return number


def calls(faults, disk, work):
    """How often `work` comes to the disk when nothing fails."""
    fresh(disk)
    store = disk.open()
    faults.arm(None)
    work(store)
    count = faults.count
    store.close()
    assert count > 3
    return count


@CODES
@LASTING
def test_a_commit_is_made_or_not_made(sound, faults, code, lasting):
    failed = 0
    for at in range(calls(faults, sound, commit)):
        fresh(sound)
        store = sound.open()
        faults.arm(at, code, lasting)
        error = None
        try:
            commit(store)
        except PkError as raised:
            error = raised
        failed += error is not None
        faults.arm(None)
        if error is not None:
            assert isinstance(error, StorageFailed)
            assert ("full" if code == FULL else "could not be") in error.message
            assert state_of(store) == b"old"
            commit(store, b"again")  # there is room: the same node goes on
            assert state_of(store) == b"again"
        else:
            assert state_of(store) == b"new"
        store.close()
        assert state_of(sound.open()) == (b"new" if error is None else b"again")
        sound.close()
    assert failed > 3


@CODES
def test_a_checkpoint_that_fails_loses_nothing(sound, faults, code):
    def work(store):
        commit(store)
        faults.arm(faults.at, faults.code, faults.lasting)
        store.checkpoint()

    failed = 0
    for at in range(calls(faults, sound, work)):
        fresh(sound)
        store = sound.open()
        commit(store)
        faults.arm(at, code, True)
        try:
            store.checkpoint()
        except StorageFailed:
            failed += 1
        faults.arm(None)
        assert state_of(store) == b"new"
        assert store.checkpoint()
        commit(store, b"again")
        store.close()
        assert state_of(sound.open()) == b"again"
        sound.close()
    assert failed > 1


def test_a_migration_is_made_or_not_made(tmp_path, faults):
    """A database of the first layout; what it is brought to, and that its rows stay."""
    path, kept = tmp_path / "node.db", tmp_path / "kept.db"
    made = Database.build(kept, 1)
    made.execute("INSERT INTO vault (id, uid) VALUES (7, zeroblob(16))")
    made.execute("INSERT INTO findex (id, vault_id, epoch, sealed) VALUES (5, 7, 1, x'0102')")
    made.close()
    shutil.copy(kept, path)
    faults.arm(None)
    Database.open(path).close()
    count, failed = faults.count, 0
    assert count > 10
    for code in (FULL, IOERR):
        for at in range(0, count, 1 if code == FULL else 4):
            for left in tmp_path.glob("node.db*"):
                left.unlink()
            shutil.copy(kept, path)
            faults.arm(at, code, True)
            try:
                Database.open(path).close()
            except StorageFailed:
                failed += 1
            faults.arm(None)
            plain = sqlite3.connect(path)
            assert plain.execute("PRAGMA user_version").fetchone()[0] in (1, VERSION)
            assert plain.execute("SELECT id, vault_id, epoch, sealed FROM findex").fetchall() == [(5, 7, 1, b"\1\2")]
            plain.close()
            again = Database.open(path)
            assert again.one("PRAGMA user_version") == (VERSION,)
            assert again.one("PRAGMA integrity_check") == ("ok",)
            again.close()
    assert failed > 10


@CODES
def test_a_restore_fails_as_a_whole(sound, faults, tmp_path, code):
    restore_on_faults(sound, faults, tmp_path / "target", code, 8)


@pytest.mark.night
@CODES
def test_a_restore_fails_as_a_whole_at_every_call(sound, faults, tmp_path, code):
    restore_on_faults(sound, faults, tmp_path / "target", code, None)


def restore_on_faults(sound, faults, target, code, points):
    """At so many of the calls, or at all."""
    store, parts = sound.open(), []
    source = begin_backup(store, 1, bytes(32))
    for _ in write_backup(source, parts.append):
        pass
    source.close()
    store.close()
    raw = b"".join(parts)

    def restore():
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        backup = Backup(io.BytesIO(raw).read)
        witness = FileWitness(target / "witness")
        for _ in backup.load(backup.key_under(sound.root), lambda n: Database.build(target / "db", n), witness):
            pass
        database = Database.open(target / "db")
        try:
            other = NodeStore.open(database, witness)
            other.unlock(sound.root)
            return state_of(other)
        finally:
            database.close()

    faults.arm(None)
    assert restore() == b"old"
    count, failed = faults.count, 0
    tried = range(0, count, 1 if points is None else count // points)
    for at in tried:
        faults.arm(at, code, True)
        try:
            assert restore() == b"old"
        except StorageFailed:
            failed += 1
        faults.arm(None)
    assert failed > len(tried) // 2
    assert restore() == b"old"


# The file of a backup


def back_up(store, path):
    source = begin_backup(store, 1, bytes(32))
    try:
        with new_file(path, MAGIC) as made:
            for _ in write_backup(source, made.write):
                pass
            descriptor = made.settle()
            backup = Backup(lambda size: os.read(descriptor, size))
            for _ in backup.verify(source.key):
                pass
            made.finish()
    finally:
        source.close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT], ids=errno.errorcode.get)
@pytest.mark.parametrize("call", ["write", "fsync", "read", "link", "lseek"])
def test_a_backup_onto_a_failing_disk_leaves_nothing_and_the_node_goes_on(sound, monkeypatch, tmp_path, call, number):
    target = tmp_path / "target"
    target.mkdir()
    store, real, failed = sound.open(), getattr(os, call), 0
    for at in range(40):
        seen = 0

        def failing(*arguments, at=at, **named):
            nonlocal seen
            seen += 1
            if seen > at:
                raise OSError(number, os.strerror(number))
            return real(*arguments, **named)

        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing)
            try:
                back_up(store, target / "backup")
            except StorageFailed:
                failed += 1
                assert list(target.iterdir()) == []
            else:
                assert [one.name for one in target.iterdir()] == ["backup"]
                break
    assert failed
    commit(store, b"goes on")
    assert state_of(store) == b"goes on"
    assert store.checkpoint()  # nothing still reads the moment of the backup
    back_up(store, target / "another")
    store.close()


def test_a_backup_of_a_failing_disk_leaves_nothing(sound, monkeypatch, tmp_path):
    store, real = sound.open(), Snapshot.rows
    target = tmp_path / "target"
    target.mkdir()

    def failing(snapshot, table, columns):
        for number, row in enumerate(real(snapshot, table, columns)):
            if table == "frame" and number == 0:
                error = sqlite3.OperationalError("disk I/O error")
                error.sqlite_errorcode, error.sqlite_errorname = IOERR, "SQLITE_IOERR"
                raise error
            yield row

    monkeypatch.setattr(Snapshot, "rows", failing)
    with pytest.raises(StorageFailed, match="SQLITE_IOERR"):
        back_up(store, target / "backup")
    assert list(target.iterdir()) == []
    assert store.checkpoint()
    store.close()


def test_a_damaged_page_is_told_as_damage(sound, tmp_path):
    raw = bytearray(sound.path.read_bytes())
    page = raw.index(b"frame_of_vault") // 4096  # the schema itself
    raw[page * 4096 + 100 : page * 4096 + 4096] = os.urandom(3996)
    sound.path.write_bytes(raw)
    with pytest.raises((Corrupt, StorageFailed)):
        Database.open(sound.path)
