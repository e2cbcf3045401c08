from __future__ import annotations

import pytest

from pk_tui.api.views import ConflictView, Take
from pk_tui.terms import CommitId, NodeId, SecretPath, VaultId
from pk_tui.tui.undo import KEPT, Change, Decision, Undo

WORK, HOME = VaultId(b"w" * 16), VaultId(b"h" * 16)


def commit(number: int) -> CommitId:
    return CommitId(bytes([number]) * 20)


def test_the_last_change_is_taken_back_first_and_made_again_last() -> None:
    undo = Undo()
    for number in (1, 2):
        undo.note((WORK, commit(number)))
    second = undo.last_done
    assert second == Change(((WORK, commit(2)),))
    undo.taken_back(second, Change(((WORK, commit(3)),)))
    assert undo.last_done == Change(((WORK, commit(1)),))
    again = undo.last_undone
    assert again == Change(((WORK, commit(3)),))
    undo.made_again(again, Change(((WORK, commit(4)),)))
    assert (undo.last_done, undo.last_undone) == (Change(((WORK, commit(4)),)), None)


def test_what_changed_nothing_is_no_change_and_several_vaults_are_one() -> None:
    undo = Undo()
    undo.note((WORK, None))
    undo.note()
    assert undo.last_done is None
    undo.note((HOME, commit(1)), (WORK, None), (WORK, commit(2)))
    assert undo.last_done == Change(((HOME, commit(1)), (WORK, commit(2))))


@pytest.mark.parametrize("made", [None, commit(1)])
def test_a_decision_about_conflicts_is_a_change_also_if_it_wrote_nothing(made: CommitId | None) -> None:
    undo = Undo()
    conflict = ConflictView(SecretPath(("a",)), commit(1), commit(2), None, NodeId(bytes(32)), 0)
    decision = Decision(WORK, (conflict,), Take.OURS)
    undo.note((WORK, made), decided=decision)
    change = Change(((WORK, made),) if made else (), decision)
    assert undo.last_done == change
    undo.taken_back(change, Change((), decision))
    assert (undo.last_done, undo.last_undone) == (None, Change((), decision))


def test_a_new_change_ends_what_could_be_made_again() -> None:
    undo = Undo()
    undo.note((WORK, commit(1)))
    assert undo.last_done is not None
    undo.taken_back(undo.last_done, Change(((WORK, commit(2)),)))
    undo.note((WORK, commit(3)))
    assert undo.last_undone is None


def test_what_cannot_be_taken_back_makes_way_for_the_change_before() -> None:
    undo = Undo()
    undo.note((WORK, commit(1)))
    undo.note((WORK, commit(2)))
    assert undo.last_done is not None
    undo.taken_back(undo.last_done, None)
    assert undo.last_done == Change(((WORK, commit(1)),))
    assert undo.last_undone is None
    undo.taken_back(Change(((WORK, commit(9)),)), None)  # gone from the list meanwhile
    assert undo.last_done == Change(((WORK, commit(1)),))


def test_only_so_many_changes_are_kept() -> None:
    undo = Undo()
    for number in range(KEPT + 5):
        undo.note((WORK, commit(number)))
    for number in reversed(range(5, KEPT + 5)):
        assert undo.last_done == Change(((WORK, commit(number)),))
        undo.taken_back(undo.last_done, None)
    assert undo.last_done is None
