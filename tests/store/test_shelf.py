import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Corrupt, Locked
from pk_tui.store.database import Database
from pk_tui.store.ledger import Ledger
from pk_tui.store.shelf import Number, Shelf, ShelfRoom, row_name

KEY = SealKey(b"k" * 32)


@pytest.fixture
def db():
    made = Database.create(None)
    yield made
    made.close()


@pytest.fixture
def room(db):
    return ShelfRoom(db, Ledger(db, KEY), KEY)


@pytest.fixture
def shelf(room):
    return Shelf(room, Number.SETTINGS)


def check(db):
    ledger = Ledger(db, KEY)
    ledger.read()
    ledger.verify()


def test_values_are_kept_by_name_in_the_order_of_their_coming(db, shelf):
    shelf.put(b"b", b"1")
    shelf.put(b"a", b"2")
    shelf.put(b"b", b"3")
    assert shelf.get(b"b") == b"3"
    assert shelf.get(b"c") is None
    assert list(shelf.items()) == [(b"b", b"3"), (b"a", b"2")]
    assert shelf.remove(b"b") is True
    assert shelf.remove(b"b") is False
    assert list(shelf.items()) == [(b"a", b"2")]
    check(db)


def test_equal_names_on_two_shelves_are_two_values(room, shelf):
    other = Shelf(room, Number.CONTACTS)
    shelf.put(b"a", b"1")
    other.put(b"a", b"2")
    assert (shelf.get(b"a"), other.get(b"a")) == (b"1", b"2")
    assert row_name(KEY, 1, b"a") != row_name(KEY, 2, b"a")


def test_the_same_value_again_is_not_written(room, shelf):
    shelf.put(b"a", b"1")
    gen = room.ledger.gen
    shelf.put(b"a", b"1")
    assert room.ledger.gen == gen


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.binary(max_size=3), st.one_of(st.none(), st.binary(max_size=600))), max_size=12))
def test_a_shelf_is_a_dictionary_whose_rows_always_add_up(db, shelf, steps):
    for name, _ in list(shelf.items()):
        shelf.remove(name)
    model = {}
    for name, value in steps:
        if value is None:
            assert shelf.remove(name) == (model.pop(name, None) is not None)
        else:
            shelf.put(name, value)
            model[name] = value
    assert list(shelf.items()) == list(model.items())
    if db.one("SELECT count(*) FROM ledger") == (1,):
        check(db)


SWAPS = {
    "bytes of two rows": "UPDATE shelf SET sealed = (SELECT sealed FROM before WHERE before.id = 3 - shelf.id)",
    "row keys": "UPDATE shelf SET rk = CASE id WHEN 1 THEN x'01' ELSE rk END",
    "count of changes": "UPDATE shelf SET gen = gen + 1",
    "some bytes": "UPDATE shelf SET sealed = CAST(x'00000000' || substr(sealed, 5) AS BLOB)",
    "ill-formed text": "UPDATE shelf SET sealed = x'ff' || substr(sealed, 2)",
    "length": "UPDATE shelf SET sealed = substr(sealed, 1, 30)",
    "type": "UPDATE shelf SET sealed = 5",
    "shelf": "UPDATE shelf SET number = 1",
}


@pytest.mark.parametrize("how", SWAPS)
def test_a_row_does_not_open_in_another_place(db, room, shelf, how):
    shelf.put(b"a", b"1")
    shelf.put(b"b", b"2")
    db.execute("CREATE TEMP TABLE before AS SELECT id, sealed FROM shelf")
    db.execute(SWAPS[how])
    with pytest.raises(Corrupt):
        list(shelf.items() if how != "shelf" else Shelf(room, Number.CONTACTS).items())


@pytest.mark.parametrize("how", SWAPS)
def test_accepting_removes_exactly_what_does_not_open(db, room, shelf, how):
    shelf.put(b"a", b"1")
    shelf.put(b"b", b"2")
    db.execute("CREATE TEMP TABLE before AS SELECT id, sealed FROM shelf")
    db.execute(SWAPS[how])
    with room.ledger.transaction():
        assert room.remove_unreadable() == (1 if how == "row keys" else 2)
        room.ledger.baseline(room.ledger.gen)
    assert list(shelf.items()) == ([(b"b", b"2")] if how == "row keys" else [])
    check(db)


def test_one_damaged_row_shows_at_unlock(db, shelf):
    shelf.put(b"a", b"1")
    db.execute("UPDATE shelf SET sealed = zeroblob(300)")
    with pytest.raises(Corrupt, match="record is damaged"):
        check(db)


def test_small_rows_look_alike(db, shelf):
    shelf.put(b"a", b"")
    shelf.put(b"b", bytes(200))
    assert len({len(row[0]) for row in db.rows("SELECT sealed FROM shelf")}) == 1


def test_once_closed_it_only_says_that_it_is_locked(room, shelf):
    shelf.put(b"a", b"1")
    room.close()
    for use in (
        lambda: shelf.get(b"a"),
        lambda: shelf.put(b"a", b"2"),
        lambda: shelf.remove(b"a"),
        lambda: list(shelf.items()),
    ):
        with pytest.raises(Locked):
            use()
