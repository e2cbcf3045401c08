from pk_tui.store.floors import Floors
from pk_tui.store.witness import Remembered, VaultFloor
from pk_tui.terms import LineageId

ONE, OTHER = LineageId(b"l" * 32), LineageId(b"m" * 32)
A, B, C = b"a" * 16, b"b" * 16, b"c" * 16


def test_nothing_is_below_nothing():
    floors = Floors(None)
    assert (floors.of_lineage(ONE), floors.of_vault(A, ONE)) == (0, 0)
    assert floors.remembered(3) == Remembered(3, {}, {})


def test_floors_only_rise():
    floors = Floors(Remembered(1, {ONE: 4}, {A: VaultFloor(ONE, 3)}))
    floors.note(A, ONE, 2)
    assert (floors.of_lineage(ONE), floors.of_vault(A, ONE)) == (4, 3)
    floors.note(A, ONE, 6)
    assert (floors.of_lineage(ONE), floors.of_vault(A, ONE)) == (6, 6)


def test_the_floor_of_a_vault_ends_with_it_and_those_of_others_and_of_the_lineage_stay():
    floors = Floors(None)
    floors.note(A, ONE, 5)
    floors.note(B, ONE, 3)
    floors.end(A)
    floors.end(A)
    assert (floors.of_vault(A, ONE), floors.of_vault(B, ONE), floors.of_lineage(ONE)) == (0, 3, 5)


def test_a_vault_of_another_lineage_than_before_starts_anew():
    floors = Floors(Remembered(1, {ONE: 4}, {A: VaultFloor(ONE, 4)}))
    floors.note(A, OTHER, 1)
    assert (floors.of_vault(A, OTHER), floors.of_vault(A, ONE)) == (1, 0)
    assert (floors.of_lineage(OTHER), floors.of_lineage(ONE)) == (1, 4)


def test_what_is_remembered_is_what_it_starts_with_again():
    floors = Floors(None)
    floors.note(A, ONE, 5)
    floors.note(B, OTHER, 2)
    kept = floors.remembered(9)
    floors.note(A, ONE, 6)  # what was handed out stays as it was
    assert kept == Remembered(9, {ONE: 5, OTHER: 2}, {A: VaultFloor(ONE, 5), B: VaultFloor(OTHER, 2)})
    assert Floors(kept).remembered(9) == kept


def test_floors_of_vaults_that_are_gone_end_and_those_of_unreadable_ones_stay():
    floors = Floors(Remembered(1, {ONE: 4}, {name: VaultFloor(ONE, 4) for name in (A, B, C)}))
    floors.note(A, ONE, 4)
    floors.settle({A, B})  # B is there and was not noted, since it does not open
    assert set(floors.remembered(2).vaults or {}) == {A, B}


def test_of_a_file_that_does_not_tell_vaults_apart_each_may_have_been_as_far_as_the_lineage_was():
    floors = Floors(Remembered(1, {ONE: 8, OTHER: 2}, None))
    floors.note(A, ONE, 5)
    floors.note(B, ONE, 3)
    floors.note(C, OTHER, 2)
    floors.settle({A, B, C})
    assert [floors.of_vault(uid, lineage) for uid, lineage in ((A, ONE), (B, ONE), (C, OTHER))] == [8, 8, 2]
    floors.note(A, ONE, 9)
    assert floors.of_vault(B, ONE) == 8


def test_of_such_a_file_a_vault_that_is_behind_another_one_is_only_behind():
    floors = Floors(Remembered(1, {ONE: 8}, None))
    floors.note(A, ONE, 8)
    floors.note(B, ONE, 3)
    floors.settle({A, B})
    assert (floors.of_vault(A, ONE), floors.of_vault(B, ONE)) == (8, 3)
