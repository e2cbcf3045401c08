"""A snapshot shows one moment, holds up no writer, and writes nothing."""

import threading

import pytest

from pk_tui.store.database import Database

SETTINGS = "SELECT key FROM meta ORDER BY key"


def put(db, key):
    db.execute("INSERT INTO meta (key, value) VALUES (?, x'00')", (key,))


def keys(snapshot):
    return sorted(row[0] for row in snapshot.rows("meta", ("key",)))


@pytest.fixture(params=["file", "memory"])
def db(request, tmp_path):
    made = Database.create(tmp_path / "node.db" if request.param == "file" else None)
    yield made
    made.close()


def test_what_is_written_later_is_not_in_it_and_is_not_held_up(db):
    put(db, "a")
    snapshot = db.snapshot()
    for key in ("b", "c"):
        put(db, key)
    assert keys(snapshot) == ["a"]
    db.execute("DELETE FROM meta WHERE key = 'a'")
    assert keys(snapshot) == ["a"]
    snapshot.close()
    later = db.snapshot()
    assert keys(later) == ["b", "c"]
    later.close()


def test_it_is_read_and_closed_in_another_thread(db):
    put(db, "a")
    snapshot, found = db.snapshot(), []

    def work():
        found.extend(keys(snapshot))
        snapshot.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == ["a"]
    assert db.checkpoint()


def test_it_knows_the_layout_and_all_tables_the_given_ids_last(db):
    snapshot = db.snapshot()
    tables = dict(snapshot.tables())
    assert set(tables["meta"]) == {"key", "value"}
    assert list(tables)[-1] == "sqlite_sequence"
    assert snapshot.layout == db.one("PRAGMA user_version")[0]
    assert {"vault", "vault_key", "vault_state", "frame", "findex", "shelf", "ledger", "slot", "node_key"} < set(tables)
    assert snapshot.size > 0
    snapshot.close()


def test_the_journal_is_not_cut_while_it_is_read_and_the_desk_does_not_wait_for_it(tmp_path):
    db = Database.create(tmp_path / "node.db")
    put(db, "a")
    snapshot = db.snapshot()
    statements = []
    db._connection.set_trace_callback(statements.append)
    assert not db.checkpoint()
    assert statements == []  # it is not even tried: SQLite would wait two seconds for the reader
    snapshot.close()
    assert db.checkpoint()
    assert (tmp_path / "node.db-wal").stat().st_size == 0
    db.close()


def test_one_that_was_forgotten_does_not_keep_the_journal_for_ever(tmp_path):
    db = Database.create(tmp_path / "node.db")
    db.snapshot()
    assert db.checkpoint()
    db.close()


def test_it_cannot_write(tmp_path):
    db = Database.create(tmp_path / "node.db")
    snapshot = db.snapshot()
    with pytest.raises(Exception, match="readonly"):
        snapshot._connection.execute("DELETE FROM meta")
    snapshot.close()
    db.close()


def test_it_is_not_taken_of_what_is_not_committed(db):
    with db.transaction(), pytest.raises(RuntimeError):
        db.snapshot()


def test_ill_formed_text_is_carried_as_bytes(db):
    db.execute("INSERT INTO meta (key, value) VALUES (CAST(x'ff' AS TEXT), x'00')")
    snapshot = db.snapshot()
    assert [row[0] for row in snapshot.rows("meta", ("key",))] == [b"\xff"]
    snapshot.close()
