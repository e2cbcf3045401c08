import pytest

from pk_tui.errors import Misuse
from pk_tui.store.conflicts import MAX_CONFLICTS, OpenConflict
from pk_tui.terms import SecretPath, VaultId

ONE, TWO = VaultId(b"1" * 16), VaultId(b"2" * 16)


def conflict(path, theirs=b"t" * 20, time=5):
    return OpenConflict(path=path, base=None, ours=b"o" * 20, theirs=theirs, node=b"n" * 32, time=time)


def test_conflicts_are_kept_by_vault_in_the_order_of_paths(disk):
    table = disk.store.conflicts
    assert (table.count(ONE), table.list(ONE)) == (0, [])
    table.change(ONE, (), [conflict("b"), conflict("a/c"), conflict("a")])
    table.change(TWO, (), [conflict("x")])
    table = disk.reopen().conflicts
    assert [entry.path for entry in table.list(ONE)] == ["a", "a/c", "b"]
    assert (table.count(ONE), table.count(TWO)) == (3, 1)
    assert table.get(ONE, SecretPath.parse("a/c")) == conflict("a/c")
    assert table.get(TWO, SecretPath.parse("a/c")) is None


def test_one_that_is_found_again_takes_the_place_of_the_one_before(store):
    store.conflicts.change(ONE, (), [conflict("a"), conflict("b")])
    store.conflicts.change(ONE, (), [conflict("a", theirs=None, time=9)])
    assert store.conflicts.list(ONE) == [conflict("a", theirs=None, time=9), conflict("b")]
    assert store.conflicts.count(ONE) == 2


def test_many_are_decided_one_by_one_until_none_is_left(store):
    paths = [f"d{number % 7}/s{number}" for number in range(200)]
    store.conflicts.change(ONE, (), [conflict(path) for path in paths])
    shelf_rows = store.vaults.db.one("SELECT count(*) FROM shelf")[0]
    assert shelf_rows < 20
    for left, path in enumerate(paths[::-1], 1):
        store.conflicts.change(ONE, [path])
        assert store.conflicts.count(ONE) == len(paths) - left
        if left % 50 == 0:
            assert {entry.path for entry in store.conflicts.list(ONE)} == set(paths[: len(paths) - left])
    assert store.vaults.db.one("SELECT count(*) FROM shelf")[0] == 0
    store.verify()


def test_removing_what_is_not_there_changes_nothing(store):
    store.conflicts.change(ONE, ["a"])
    store.conflicts.change(ONE, (), [conflict("a")])
    store.conflicts.change(ONE, ["b"])
    assert store.conflicts.list(ONE) == [conflict("a")]


def test_the_conflicts_of_a_vault_go_with_it_and_those_of_others_stay(disk):
    disk.store.conflicts.change(ONE, (), [conflict(f"s{number}") for number in range(100)])
    disk.store.conflicts.change(TWO, (), [conflict("x")])
    disk.store.conflicts.remove_vault(ONE)
    table = disk.reopen().conflicts
    assert (table.list(ONE), table.count(ONE), table.count(TWO)) == ([], 0, 1)


def test_a_change_within_an_undone_transaction_is_forgotten(store, undone):
    store.conflicts.change(ONE, (), [conflict("a")])
    with undone(store.transaction()):
        store.conflicts.change(ONE, ["a"], [conflict("b")])
    assert store.conflicts.list(ONE) == [conflict("a")]


def test_more_than_can_be_decided_are_refused_and_nothing_is_changed(store):
    store.conflicts.change(ONE, (), [conflict("a")])
    with pytest.raises(Misuse, match="10000"):
        store.conflicts.change(ONE, ["a"], [conflict(f"s{number}") for number in range(MAX_CONFLICTS + 1)])
    assert store.conflicts.list(ONE) == [conflict("a")]
    store.conflicts.change(ONE, (), [conflict(f"s{number}") for number in range(MAX_CONFLICTS - 1)])
    assert store.conflicts.count(ONE) == MAX_CONFLICTS


def test_the_longest_paths_fit(store):
    long = "/".join(["x" * 204] * 5)
    assert len(long) == 1024
    table = store.conflicts
    table.change(ONE, (), [conflict(f"{number:04d}{long[4:]}") for number in range(100)])
    assert len(table.list(ONE)) == 100
