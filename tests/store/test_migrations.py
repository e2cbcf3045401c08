import sqlite3

import pytest

from pk_tui.errors import TooNew
from pk_tui.store.migrations import APPLICATION_ID, STEPS, VERSION, check_version, run_steps


@pytest.fixture
def connection():
    opened = sqlite3.connect(":memory:", isolation_level=None)
    yield opened
    opened.close()


def number(connection, pragma):
    return connection.execute(f"PRAGMA {pragma}").fetchone()[0]


def test_a_new_file_gets_all_steps_and_says_whose_it_is(connection):
    run_steps(connection, 0)
    assert number(connection, "user_version") == VERSION == len(STEPS)
    assert number(connection, "application_id") == APPLICATION_ID
    assert number(connection, "integrity_check") == "ok"


def test_only_the_steps_that_are_missing_are_run(connection):
    run_steps(connection, 0)
    steps = (*STEPS, ("CREATE TABLE later (id INTEGER)",))
    run_steps(connection, VERSION, steps)
    assert number(connection, "user_version") == VERSION + 1
    run_steps(connection, VERSION + 1, steps)


def test_a_step_that_fails_leaves_the_file_as_it_was(connection):
    run_steps(connection, 0)
    steps = (*STEPS, ("CREATE TABLE later (id INTEGER)", "CREATE TABLE meta (id INTEGER)"))
    with pytest.raises(sqlite3.OperationalError):
        run_steps(connection, VERSION, steps)
    assert number(connection, "user_version") == VERSION
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'later'").fetchone() == (0,)
    assert not connection.in_transaction


def test_a_newer_layout_is_refused():
    check_version(VERSION)
    with pytest.raises(TooNew):
        check_version(VERSION + 1)


def test_a_file_of_layout_1_gets_what_layout_2_has_and_keeps_its_rows(connection):
    run_steps(connection, 0, STEPS[:1])
    connection.execute("INSERT INTO vault (uid) VALUES (x'00')")
    connection.execute("INSERT INTO findex (vault_id, epoch, sealed) VALUES (1, 1, x'01')")
    connection.execute("INSERT INTO frame (vault_id, epoch, sealed) VALUES (1, 1, x'01')")
    assert number(connection, "user_version") == 1
    run_steps(connection, 1)
    assert connection.execute("SELECT vault_id, epoch, series FROM findex").fetchall() == [(1, 1, 1)]
    assert connection.execute("SELECT vault_id, epoch FROM frame").fetchall() == [(1, 1)]
    plan = connection.execute("EXPLAIN QUERY PLAN SELECT id FROM frame WHERE vault_id = 1 AND epoch < 2").fetchone()
    assert "frame_of_vault (vault_id=? AND epoch<?)" in plan[3]


def test_a_new_file_and_one_that_came_from_layout_1_have_the_same_tables(connection):
    def tables(connection):
        return sorted(connection.execute("SELECT type, name, tbl_name FROM sqlite_master").fetchall()), [
            connection.execute(f"PRAGMA table_info({name})").fetchall() for name in ("findex", "frame", "vault_key")
        ]

    run_steps(connection, 0, STEPS[:1])
    run_steps(connection, 1)
    migrated = tables(connection)
    other = sqlite3.connect(":memory:", isolation_level=None)
    run_steps(other, 0)
    assert tables(other) == migrated
    other.close()
