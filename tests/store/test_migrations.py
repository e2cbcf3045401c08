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
