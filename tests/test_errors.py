"""Every kind of error has a name, a title and an exit code that callers and scripts can rely on."""

import re

import pytest

from pk_tui import errors
from pk_tui.errors import PkError, kinds

KINDS = kinds()
SYSEXITS = {64, 65, 66, 67, 68, 69, 70, 73, 74, 75, 76, 77, 78}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_has_a_name_a_title_and_an_exit_code_of_its_own_class(kind: type[PkError]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.kind)
    assert kind.title[0].isupper()
    assert not kind.title.endswith(".")
    assert kind.exit_code in SYSEXITS
    assert kind is PkError or {"kind", "title"} <= kind.__dict__.keys()


def test_no_two_kinds_share_a_name() -> None:
    classes = {value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, PkError)}

    assert set(KINDS.values()) == classes
    assert len({kind.kind for kind in classes}) == len(classes)


def test_a_kind_is_found_by_the_name_that_crosses_the_process_border() -> None:
    assert KINDS["wrong_password"] is errors.WrongPassword
    assert KINDS["read_only"] is errors.ReadOnly


def test_the_message_is_the_sentence_for_people() -> None:
    assert errors.NotFound("There is no vault “a”.").message == "There is no vault “a”."


def test_the_table_in_the_docstring_is_the_truth() -> None:
    drawn = dict(re.findall(r"\b([A-Z][A-Za-z]+) (\d\d)\b", errors.__doc__ or ""))

    assert drawn == {kind.__name__: str(kind.exit_code) for kind in KINDS.values() if kind is not PkError}


def test_a_rolled_back_database_counts_as_damage_and_a_read_only_clone_as_not_permitted() -> None:
    assert issubclass(errors.RolledBack, errors.Corrupt)
    assert issubclass(errors.ReadOnly, errors.PermissionDenied)


def test_damage_here_and_a_lie_of_a_peer_are_different_kinds() -> None:
    assert not issubclass(errors.PeerMisbehaved, errors.Corrupt | errors.Malformed)
    assert not issubclass(errors.Malformed, errors.Corrupt)


def test_a_class_without_a_name_of_its_own_crosses_as_what_it_is_one_of() -> None:
    class Worse(errors.Malformed):
        """As `trust` has them, with more to tell in this process."""

    assert Worse.kind == "malformed"
    assert kinds()["malformed"] is errors.Malformed
