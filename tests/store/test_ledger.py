import pytest

from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Corrupt, Locked
from pk_tui.store.database import Database
from pk_tui.store.ledger import Ledger, Part, row_key, slot_bytes

KEY = SealKey(b"k" * 32)


@pytest.fixture
def db():
    made = Database.create(None)
    yield made
    made.close()


@pytest.fixture
def ledger(db):
    return Ledger(db, KEY)


def write(db, ledger, key, value):
    """A counted row of the simplest kind."""
    with ledger.transaction():
        db.execute("INSERT INTO meta (key, value) VALUES (?, ?)", (key, value))
        ledger.add(ledger.mark(Part.META, key.encode(), value))


def reopened(db):
    again = Ledger(db, KEY)
    again.read()
    again.verify()
    return again


def test_the_version_grows_by_one_in_every_transaction_that_changes_a_row(db, ledger):
    write(db, ledger, "a", b"1")
    write(db, ledger, "b", b"2")
    with ledger.transaction():
        pass
    assert ledger.gen == reopened(db).gen == 2


def test_a_transaction_within_another_counts_once(db, ledger):
    with ledger.transaction():
        write(db, ledger, "a", b"1")
        write(db, ledger, "b", b"2")
    assert reopened(db).gen == 1


def test_an_undone_transaction_leaves_the_sums_as_they_were(db, ledger, undone):
    write(db, ledger, "a", b"1")
    with undone(ledger.transaction()):
        write(db, ledger, "b", b"2")
    assert ledger.gen == 1
    write(db, ledger, "c", b"3")
    assert reopened(db).gen == 2


def test_dropping_a_mark_undoes_adding_it(db, ledger):
    write(db, ledger, "a", b"1")
    write(db, ledger, "b", b"2")
    with ledger.transaction():
        db.execute("DELETE FROM meta WHERE key = 'a'")
        ledger.drop(ledger.mark(Part.META, b"a", b"1"))
    reopened(db)


@pytest.mark.parametrize(
    "tamper",
    [
        "DELETE FROM meta WHERE key = 'a'",
        "UPDATE meta SET value = x'32' WHERE key = 'a'",
        "UPDATE meta SET key = 'c' WHERE key = 'a'",
        "INSERT INTO meta (key, value) VALUES ('c', x'31')",
        "UPDATE meta SET value = CASE key WHEN 'a' THEN x'32' ELSE x'31' END",
        "UPDATE meta SET value = 'text' WHERE key = 'a'",
        "DELETE FROM ledger",
        "UPDATE ledger SET gen = gen + 1",
        "UPDATE ledger SET gen = 'text'",
        "UPDATE ledger SET sealed = zeroblob(88)",
        "UPDATE ledger SET sealed = 5",
    ],
)
def test_rows_removed_altered_swapped_or_added_do_not_add_up(db, ledger, tamper):
    write(db, ledger, "a", b"1")
    write(db, ledger, "b", b"2")
    reopened(db)
    db.execute(tamper)
    with pytest.raises(Corrupt, match="--accept-state"):
        reopened(db)


def test_the_ledger_of_another_key_does_not_open(db, ledger):
    write(db, ledger, "a", b"1")
    with pytest.raises(Corrupt):
        Ledger(db, SealKey(b"x" * 32)).read()


def test_accepting_counts_the_rows_as_they_are(db, ledger):
    write(db, ledger, "a", b"1")
    db.execute("UPDATE meta SET value = x'39'")
    accepted = Ledger(db, KEY)
    with accepted.transaction():
        accepted.baseline(40)
    assert reopened(db).gen == 41


def test_marks_depend_on_table_name_and_bytes(ledger):
    marks = {
        ledger.mark(Part.META, b"a", b"1"),
        ledger.mark(Part.SHELF, b"a", b"1"),
        ledger.mark(Part.META, b"a1", b""),
        ledger.mark(Part.META, b"", b"a1"),
        ledger.mark(Part.META, b"a", b"2"),
    }
    assert len(marks) == 5
    mark = ledger.mark(Part.META, b"a", b"1")
    assert ledger.holds(mark, Part.META, b"a", b"1")
    assert not ledger.holds(mark, Part.META, b"a", b"2")


def test_keys_of_two_numbers_are_unambiguous():
    assert row_key(1, 23) != row_key(12, 3)
    assert row_key("1", 2) == b"altered"  # a column of the wrong type is an altered row, not a crash


def test_every_field_of_a_slot_is_counted():
    kept = {slot_bytes(b"s", 3, 4, b"w"), slot_bytes(b"t", 3, 4, b"w"), slot_bytes(b"s", 4, 4, b"w")}
    kept |= {slot_bytes(b"s", 3, 5, b"w"), slot_bytes(b"s", 3, 4, b"x"), slot_bytes(None, None, None, b"w")}
    assert len(kept) == 6


def test_rows_are_counted_within_a_transaction_only(ledger):
    with pytest.raises(RuntimeError):
        ledger.add(bytes(32))
    with pytest.raises(RuntimeError):
        ledger.drop(bytes(32))
    with pytest.raises(RuntimeError):
        ledger.baseline(1)


def test_once_closed_it_only_says_that_it_is_locked(db, ledger):
    write(db, ledger, "a", b"1")
    ledger.close()
    with pytest.raises(Locked), ledger.transaction():
        pass
    with pytest.raises(Locked):
        ledger.mark(Part.META, b"a", b"1")
    with pytest.raises(Locked):
        ledger.read()
