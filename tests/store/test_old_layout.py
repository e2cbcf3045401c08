import os
import resource
import shutil
import signal
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from pk_tui.agent.checking import check_node
from pk_tui.crypto.passphrase import password_bytes
from pk_tui.crypto.wrap import unwrap_with_password
from pk_tui.errors import StorageFailed
from pk_tui.records import replace
from pk_tui.store import database
from pk_tui.store.database import Database
from pk_tui.store.migrations import VERSION
from pk_tui.store.node import NodeStore
from pk_tui.store.old_layout import copies, keep_copy, remove_copies
from pk_tui.store.witness import FileWitness
from pk_tui.terms import CommitId
from pk_tui.vault import history, tree
from pk_tui.vault.objects import blob

LAYOUT_1 = Path(__file__).resolve().parent.parent / "vectors" / "layout1"


@pytest.fixture
def old(tmp_path):
    """A node's directory as a program of layout 1 left it."""
    home = tmp_path / "old"
    shutil.copytree(LAYOUT_1, home)
    return home / "node.db"


def unlocked(path):
    store = NodeStore.open(Database.open(path), FileWitness(path.with_name("witness")))
    store.unlock(unwrap_with_password(store.password_slot, password_bytes("throw-away")))
    return store


def named(store, name):
    return next(frames for frames in store.vaults.list() if frames.record.name == name)


def secrets(frames):
    root = history.read_commit(frames, CommitId(frames.record.commit)).tree
    return {row.path: frames.body(row.oid) for row in tree.listing(frames, root, (), True) if not row.is_directory}


def checked(store):
    steps = check_node(store)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def layout(path):
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("PRAGMA user_version").fetchone()[0]
    finally:
        connection.close()


def test_a_node_of_layout_1_opens_with_all_it_holds(old):
    assert layout(old) == 1
    store = unlocked(old)
    assert [frames.record.name for frames in store.vaults.list()] == ["work", "notes", "a clone"]
    work = named(store, "work")
    held = secrets(work)
    assert (held["mail"], held["web/forum"], held["many/s030"]) == (b"password 21", b"forum password", b"changed 30")
    assert len(held) == 202
    assert len(list(history.walk(work, CommitId(work.record.commit)))) == 33
    assert secrets(named(store, "notes")) == {"plain": b"a note", "Straße/日本": b"\x00\xff"}
    assert named(store, "a clone").record.read_only
    assert store.settings.get("listen port") == b"\x11\x51"
    assert [row.new for row in store.served.list(work.vault_id)] == [work.record.commit]
    assert checked(store).ok
    store.close()
    assert layout(old) == VERSION


def test_it_can_be_written_read_again_and_put_under_a_new_key(old):
    store = unlocked(old)
    work = named(store, "work")
    batch = work.batch()
    batch.add(*blob(b"new"), b"new")
    work.commit(batch, replace(work.record, name="renamed"), new_key=True)
    store.write_witness()
    store.close()
    store = unlocked(old)
    work = named(store, "renamed")
    assert (work.epochs, work.body(blob(b"new")[0])) == ((1, 2), b"new")
    assert secrets(work)["mail"] == b"password 21"
    store.close()


def test_before_it_is_changed_a_copy_of_layout_1_is_kept_beside_it(old):
    umask = os.umask(0)
    try:
        Database.open(old).close()
    finally:
        os.umask(umask)
    (copy,) = copies(old)
    assert copy.name == "node.db.layout1"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert layout(copy) == 1
    # Put in the place of the other it is the node as it was.
    old.unlink()
    copy.rename(old)
    store = unlocked(old)
    assert secrets(named(store, "work"))["mail"] == b"password 21"
    store.close()


def test_a_database_of_the_newest_layout_is_opened_without_a_copy(old):
    Database.open(old).close()
    remove_copies(old)
    Database.open(old).close()
    assert copies(old) == []


@pytest.mark.parametrize("deed", ["delete", "rekey", "shred"])
def test_the_copy_goes_with_the_first_thing_that_is_to_be_gone_for_good(old, deed, slot):
    store = unlocked(old)
    root = unwrap_with_password(store.password_slot, password_bytes("throw-away"))
    work = named(store, "work")
    assert copies(old)
    if deed == "delete":
        store.vaults.delete(work.vault_id)
    elif deed == "rekey":
        store.rekey(root, root, slot(), b"wrapped for recovery")
    else:
        work.commit(None, work.record, new_key=True)
        frames = work.frame_store
        with frames.db.transaction():
            frames.reseal([number for number, _ in frames.rows.sizes()])
            chain = frames.write_index(dict(frames.index), replace_series(work))
            with work.transaction():
                work.take_index(chain)
        frames.rows.remove_index_rows(chain.series)
        assert work.shred_old_keys()
    assert copies(old) == []
    store.close()


def replace_series(work):
    from pk_tui.store.framelayout import IndexChain

    return IndexChain(series=work.index_chain.series + 1)


def test_a_copy_that_cannot_be_removed_is_named(old, monkeypatch):
    Database.open(old).close()

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(StorageFailed, match=r"node\.db\.layout1"):
        remove_copies(old)


# Failing and dying on the way


class Failing:
    """A connection that ends its process, or fails, at one statement."""

    def __init__(self, connection, at, die):
        self.__dict__.update(connection=connection, at=at, die=die, count=0)

    def execute(self, sql, *parameters):
        self.__dict__["count"] += 1
        if self.count == self.at:
            if self.die:
                os.kill(os.getpid(), signal.SIGKILL)
            raise sqlite3.OperationalError("disk I/O error")
        return self.connection.execute(sql, *parameters)

    def __getattr__(self, name):
        return getattr(self.connection, name)

    def __setattr__(self, name, value):
        setattr(self.connection, name, value)


def open_failing(path, at, die):
    """Open, and fail at statement number `at`; the number of statements if there are fewer."""
    real, made = database._connection, []

    def failing(peewee):
        made.append(made[0] if made else Failing(real(peewee), at, die))
        return made[0]

    database._connection = failing
    try:
        Database.open(path).close()
    finally:
        database._connection = real
    return made[0].count


def test_an_error_at_any_statement_leaves_the_old_layout_and_the_next_opening_goes_on(old):
    before = old.read_bytes()
    at = 1
    while True:
        try:
            count = open_failing(old, at, die=False)
        except StorageFailed:
            assert layout(old) == 1
            assert not [path for path in copies(old) if path.suffix == ".new"]
            at += 1
        else:
            break
    assert count < at
    assert at > 8
    assert layout(old) == VERSION
    assert layout(copies(old)[0]) == 1
    assert len(before) == copies(old)[0].stat().st_size


def test_a_kill_at_any_statement_leaves_the_old_or_the_new_layout(old, tmp_path):
    at, ended = 1, False
    while not ended:
        home = tmp_path / f"killed{at}"
        shutil.copytree(old.parent, home)
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                open_failing(home / "node.db", at, die=True)
                os._exit(0)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        ended = os.WIFEXITED(status)
        assert not ended or os.WEXITSTATUS(status) == 0
        path = home / "node.db"
        assert layout(path) in (1, VERSION)
        if layout(path) == VERSION:
            assert layout(home / "node.db.layout1") == 1
        Database.open(path).close()
        assert layout(path) == VERSION
        assert [copy.name for copy in copies(path)] == ["node.db.layout1"]
        assert layout(home / "node.db.layout1") == 1
        at += 1
    assert at > 8


def test_without_room_for_the_copy_nothing_is_changed(old):
    before = old.read_bytes()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, 64 * 1024))
        try:
            Database.open(old)
        except StorageFailed:
            os._exit(0)
        except BaseException:
            os._exit(1)
        os._exit(2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert old.read_bytes() == before
    assert copies(old) == []
    store = unlocked(old)
    assert secrets(named(store, "work"))["mail"] == b"password 21"
    store.close()


def test_a_directory_that_takes_no_new_file_is_said(old, monkeypatch):
    connection = sqlite3.connect(old)

    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StorageFailed, match="No space left on device"):
        keep_copy(connection, old, 1)
    connection.close()
