from __future__ import annotations

from dataclasses import replace

import pytest

from pk_tui.api.views import VaultView
from pk_tui.errors import Misuse, ReadOnly
from pk_tui.terms import SecretPath, VaultId
from pk_tui.tui.deeds.writing import path_below, require_writable, where

WORK = VaultView(VaultId(b"w" * 16), "work", None, 14, None, False, 0, 0)


@pytest.mark.parametrize(
    ("directory", "typed", "path"),
    [("", "x", "x"), ("db", "x", "db/x"), ("db", "/x/", "db/x"), ("db/old", "a/b", "db/old/a/b"), ("", "e\u0301", "é")],
)
def test_a_name_is_read_below_its_directory(directory: str, typed: str, path: str) -> None:
    assert path_below(directory)(typed) == SecretPath.parse(path)


@pytest.mark.parametrize("typed", ["", "/", "a//b", "..", "a/../b", "x\n", "a\u202eb", "x" * 256])
def test_what_is_no_name_is_refused(typed: str) -> None:
    with pytest.raises(Misuse):
        path_below("db")(typed)


def test_a_place_is_written_as_vault_and_path() -> None:
    assert where(WORK, SecretPath.parse("db/x")).plain == "work:db/x"
    assert where(WORK, "").plain == where(WORK, None).plain == "work"
    assert where(replace(WORK, name="[/x]\x1b"), None).plain == "[/x]\\u{1b}"


def test_a_clone_is_refused_with_what_would_help() -> None:
    require_writable(WORK)
    with pytest.raises(ReadOnly, match=r"only its owner.*`W` makes a copy"):
        require_writable(replace(WORK, read_only=True))
