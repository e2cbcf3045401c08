from __future__ import annotations

from dataclasses import replace

import pytest
from tui.people import HOSTILE

from pk_tui.api.views import ConflictView, Take
from pk_tui.terms import CommitId, NodeId, SecretPath
from pk_tui.tui.conflict_words import effect, effect_on_all, name_beside, side, sides

ONE = CommitId(bytes([1]) * 20)
BOTH_CHANGED = ConflictView(
    SecretPath.parse("db/one.conf"), ONE, ONE, ONE, NodeId(bytes(32)), 1_750_000_000_000_000
)  # 2025-06-15
THEIRS_GONE, OURS_GONE = replace(BOTH_CHANGED, theirs=None), replace(BOTH_CHANGED, ours=None)


@pytest.mark.parametrize(
    ("is_there", "was_there", "did"),
    [(True, True, "changed it"), (True, False, "added it"), (False, True, "deleted it")],
)
def test_what_a_side_did_follows_from_what_was_and_is(is_there: bool, was_there: bool, did: str) -> None:
    assert side(is_there, was_there) == did


def test_both_sides_are_told() -> None:
    assert sides(BOTH_CHANGED, "bob").plain == "you changed it, bob changed it"
    assert sides(THEIRS_GONE, "bob").plain == "you changed it, bob deleted it"
    assert sides(replace(BOTH_CHANGED, base=None), "bob").plain == "you added it, bob added it"


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("one.conf", "one (from bob, 2025-06-15).conf"),
        ("token", "token (from bob, 2025-06-15)"),
        (".env", ".env (from bob, 2025-06-15)"),
        ("a.much-too-long-to-be-one", "a.much-too-long-to-be-one (from bob, 2025-06-15)"),
    ],
)
def test_theirs_is_named_before_the_ending(name: str, beside: str) -> None:
    assert name_beside(name, "bob", BOTH_CHANGED) == beside


def test_of_a_directory_nothing_is_an_ending() -> None:
    assert name_beside("conf.d", "bob", BOTH_CHANGED, True) == "conf.d (from bob, 2025-06-15)"


def test_without_a_petname_the_beginning_of_the_id_stands_there_alone() -> None:
    assert name_beside("token", "vkuh7tjuou4q…", BOTH_CHANGED) == "token (from vkuh7tjuou4q, 2025-06-15)"


def test_each_way_out_says_what_stays_and_where_the_other_is() -> None:
    assert effect(BOTH_CHANGED, Take.OURS, "bob").plain == "it stays as it is here; theirs stays in the history"
    assert effect(BOTH_CHANGED, Take.THEIRS, "bob").plain == "it becomes theirs; ours stays in the history"
    assert "beside it as `one (from bob, 2025-06-15).conf`" in effect(BOTH_CHANGED, Take.BOTH, "bob").plain


def test_what_was_deleted_on_one_side_is_told_as_such() -> None:
    assert "is deleted here too" in effect(THEIRS_GONE, Take.THEIRS, "bob").plain
    assert "the same as ours" in effect(THEIRS_GONE, Take.BOTH, "bob").plain
    assert "stays deleted" in effect(OURS_GONE, Take.OURS, "bob").plain
    assert effect(OURS_GONE, Take.BOTH, "bob").plain == "theirs comes back as `one (from bob, 2025-06-15).conf`"


def test_for_all_the_effect_is_told_before() -> None:
    told = {effect_on_all(take) for take in Take}
    assert len(told) == 3
    assert any("what they deleted is deleted" in one for one in told)


def test_names_from_outside_do_not_become_markup() -> None:
    hostile = replace(BOTH_CHANGED, path=SecretPath.parse("[@click=app.quit]x[@]"))
    for take in Take:
        assert "\x1b" not in effect(hostile, take, HOSTILE).plain
    assert not sides(BOTH_CHANGED, "[@click=app.quit]x[/]").spans
    assert sides(BOTH_CHANGED, "[/x]").plain == "you changed it, [/x] changed it"
