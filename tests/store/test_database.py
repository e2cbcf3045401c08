import os
import sqlite3
import stat

import pytest

from pk_tui.errors import AlreadyExists, Busy, Corrupt, MissingInput, StorageFailed, TooNew
from pk_tui.store.database import Database, storage_error
from pk_tui.store.migrations import VERSION


@pytest.fixture
def db():
    made = Database.create(None)
    yield made
    made.close()


def settings(db):
    return [row[0] for row in db.rows("SELECT key FROM meta ORDER BY key")]


def insert(db, key):
    db.execute("INSERT INTO meta (key, value) VALUES (?, x'00')", (key,))


def pragma(db, name):
    return db.one(f"PRAGMA {name}")[0]


def test_the_file_is_opened_with_the_settings_that_durability_and_shredding_need(tmp_path):
    db = Database.create(tmp_path / "node.db")
    assert pragma(db, "auto_vacuum") == 2
    assert pragma(db, "journal_mode") == "wal"
    assert pragma(db, "synchronous") == 2
    assert pragma(db, "secure_delete") == 1
    assert pragma(db, "temp_store") == 2
    assert pragma(db, "foreign_keys") == 1
    assert pragma(db, "trusted_schema") == 0
    assert pragma(db, "cell_size_check") == 1
    assert pragma(db, "mmap_size") == 0
    db.close()


@pytest.mark.parametrize("mask", [0, 0o777, 0o022])
def test_all_files_are_for_the_owner_alone_under_any_umask(tmp_path, mask):
    before = os.umask(mask)
    try:
        db = Database.create(tmp_path / "node.db")
        with db.transaction():
            insert(db, "a")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
        db.close()
    finally:
        os.umask(before)
    assert modes == {"node.db": 0o600, "node.db-wal": 0o600, "node.db-shm": 0o600}


def test_a_file_with_anything_in_it_is_never_written_over(tmp_path):
    path = tmp_path / "node.db"
    path.write_bytes(b"x")
    with pytest.raises(AlreadyExists):
        Database.create(path)
    assert path.read_bytes() == b"x"


def test_creating_does_not_follow_a_link_and_says_why_it_failed(tmp_path):
    (tmp_path / "node.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageFailed):
        Database.create(tmp_path / "node.db")
    assert not (tmp_path / "elsewhere").exists()
    with pytest.raises(StorageFailed):
        Database.create(tmp_path / "missing" / "node.db")


def test_an_empty_file_left_by_a_crash_can_be_created_again(tmp_path):
    (tmp_path / "node.db").touch()
    Database.create(tmp_path / "node.db").close()


def test_opening_needs_a_file(tmp_path):
    with pytest.raises(MissingInput):
        Database.open(tmp_path / "node.db")
    assert not list(tmp_path.iterdir())
    with pytest.raises(StorageFailed):
        Database.open(tmp_path)


def foreign(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE other (a)")
    connection.execute("PRAGMA application_id = 7")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "make", [foreign, lambda path: path.write_bytes(b""), lambda path: path.write_bytes(b"\0" * 5000)]
)
def test_a_foreign_file_is_refused_untouched(tmp_path, make):
    path = tmp_path / "node.db"
    make(path)
    before = path.read_bytes()
    with pytest.raises(Corrupt):
        Database.open(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["node.db"]


def test_a_newer_layout_is_refused_untouched(tmp_path):
    path = tmp_path / "node.db"
    Database.create(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(TooNew):
        Database.open(path)
    assert path.read_bytes() == before


def test_a_newer_layout_that_still_lies_in_the_journal_is_refused(tmp_path):
    path = tmp_path / "node.db"
    Database.create(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(TooNew):
        Database.open(path)
    connection.close()


def test_a_damaged_file_is_told_as_such(tmp_path):
    path = tmp_path / "node.db"
    Database.create(path).close()
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 4000)
    with pytest.raises(Corrupt):
        Database.open(path).rows("SELECT * FROM meta")


def test_a_transaction_is_all_or_nothing(db, undone):
    with undone(db.transaction()):
        insert(db, "a")
    assert settings(db) == []
    with db.transaction():
        insert(db, "a")
    assert settings(db) == ["a"]


def test_an_inner_transaction_joins_the_outer_one(db, undone):
    with undone(db.transaction()), db.transaction():
        insert(db, "a")
    assert settings(db) == []


def test_what_fails_inside_fails_the_whole_even_if_it_was_caught(db, undone):
    def careless():
        with db.transaction():
            insert(db, "a")
            with undone(db.transaction()):
                insert(db, "b")

    with pytest.raises(StorageFailed):
        careless()
    assert settings(db) == []
    with db.transaction():
        insert(db, "c")
    assert settings(db) == ["c"]


def test_what_passes_is_not_waited_for_and_what_follows_is(tmp_path):
    db = Database.create(tmp_path / "node.db")
    before = settings(db)
    with db.passing():
        assert pragma(db, "synchronous") == 1
        insert(db, "a")
    assert pragma(db, "synchronous") == 2
    with pytest.raises(StorageFailed), db.passing():
        insert(db, "a")
    assert pragma(db, "synchronous") == 2
    with db.transaction():
        insert(db, "c")
        with db.passing():  # a part of the outer one, and as durable
            assert pragma(db, "synchronous") == 2
            insert(db, "d")
    assert settings(db) == sorted([*before, "a", "c", "d"])
    db.close()


def test_callbacks_run_after_the_outermost_commit_only(db):
    said = []
    db.after_commit(lambda: said.append("at once"))
    with db.transaction():
        with db.transaction():
            db.after_commit(lambda: said.append("committed"))
            db.after_rollback(lambda: said.append("undone"))
        assert said == ["at once"]
        assert db.in_transaction
    assert said == ["at once", "committed"]
    assert not db.in_transaction


def test_undoing_runs_backwards_and_forgets_what_was_to_follow_a_commit(db, undone):
    said = []
    with undone(db.transaction()):
        db.after_commit(lambda: said.append("committed"))
        db.after_rollback(lambda: said.append(1))
        db.after_rollback(lambda: said.append(2))
    assert said == [2, 1]
    with db.transaction():
        pass
    assert said == [2, 1]


def test_a_callback_may_begin_a_transaction_of_its_own(db):
    def follow():
        with db.transaction():
            insert(db, "b")

    with db.transaction():
        db.after_commit(follow)
    assert settings(db) == ["b"]


def test_a_full_disk_is_a_sentence_and_leaves_nothing_half_done(tmp_path):
    db = Database.create(tmp_path / "node.db")
    with db.transaction():
        insert(db, "a")
    pages = pragma(db, "page_count")
    db.execute(f"PRAGMA max_page_count = {pages}").fetchall()

    def too_much():
        with db.transaction():
            insert(db, "b")
            db.execute("INSERT INTO meta (key, value) VALUES ('c', zeroblob(100000))")

    with pytest.raises(StorageFailed, match="full"):
        too_much()
    assert settings(db) == ["a"]
    db.execute("PRAGMA max_page_count = 100000").fetchall()
    with db.transaction():
        insert(db, "b")
    assert settings(db) == ["a", "b"]
    db.close()


def test_the_true_cause_is_found_behind_a_rollback_that_failed():
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode, full.sqlite_errorname = sqlite3.SQLITE_FULL, "SQLITE_FULL"
    hiding = sqlite3.OperationalError("cannot rollback - no transaction is active")
    hiding.sqlite_errorcode, hiding.sqlite_errorname = sqlite3.SQLITE_ERROR, "SQLITE_ERROR"
    hiding.__context__ = full
    assert "full" in storage_error(hiding).message
    assert isinstance(storage_error(ValueError()), StorageFailed)


def test_another_writer_makes_it_busy(tmp_path):
    db = Database.create(tmp_path / "node.db")
    db.execute("PRAGMA busy_timeout = 1").fetchall()
    other = sqlite3.connect(tmp_path / "node.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy), db.transaction():
        pass
    other.execute("ROLLBACK")
    other.close()
    with db.transaction():
        insert(db, "a")
    db.close()


@pytest.mark.parametrize(
    "bad",
    [
        lambda db: db.execute("nonsense"),
        lambda db: db.executemany("nonsense", []),
        lambda db: db.one("nonsense"),
        lambda db: db.rows("nonsense"),
    ],
)
def test_every_way_to_run_a_statement_maps_its_errors(db, bad):
    with pytest.raises(StorageFailed):
        bad(db)


def test_ids_are_never_given_out_twice(db):
    assert db.next_id("vault") == 1
    with db.transaction():
        db.execute("INSERT INTO vault (uid) VALUES (x'01')")
    assert db.next_id("vault") == 2
    with db.transaction():
        db.execute("DELETE FROM vault")
    assert db.next_id("vault") == 2


def test_a_checkpoint_empties_the_journal_unless_someone_reads(tmp_path):
    db = Database.create(tmp_path / "node.db")
    db.execute("PRAGMA busy_timeout = 1").fetchall()
    with db.transaction():
        insert(db, "a")
    reader = sqlite3.connect(tmp_path / "node.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM meta").fetchall()
    assert db.checkpoint() is False
    reader.execute("COMMIT")
    reader.close()
    assert db.checkpoint() is True
    assert (tmp_path / "node.db-wal").stat().st_size == 0
    db.close()


def test_a_checkpoint_gives_free_pages_back(tmp_path):
    db = Database.create(tmp_path / "node.db")
    with db.transaction():
        db.execute("INSERT INTO meta (key, value) VALUES ('c', zeroblob(1000000))")
    with db.transaction():
        db.execute("DELETE FROM meta")
    db.checkpoint()
    assert (tmp_path / "node.db").stat().st_size < 200_000
    db.close()


def test_a_checkpoint_within_a_transaction_is_our_mistake(db):
    with pytest.raises(RuntimeError), db.transaction():
        db.checkpoint()


def test_free_pages_are_given_back_in_steps_until_none_is_left(tmp_path):
    db = Database.create(tmp_path / "node.db")
    with db.transaction():
        for _ in range(12):
            db.execute("INSERT INTO meta (key, value) VALUES (hex(randomblob(8)), zeroblob(1000000))")
    full = db.size
    db.execute("DELETE FROM meta")
    steps = 0
    while db.give_back():
        steps += 1
    assert steps > 1
    assert db.size < full - 11_000_000
    db.checkpoint()
    assert (tmp_path / "node.db").stat().st_size == db.size
    db.close()


def test_opening_a_database_of_the_newest_layout_writes_nothing(tmp_path):
    path = tmp_path / "node.db"
    Database.create(path).close()
    before = path.read_bytes()
    Database.open(path).close()
    assert path.read_bytes() == before
