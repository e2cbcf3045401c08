from __future__ import annotations

from dataclasses import replace

import pytest

from pk_tui.api.views import CommitView, OriginView, PermissionView, SecretStat, VaultView
from pk_tui.clock import MINUTE
from pk_tui.terms import Action, CommitId, NodeId, SecretPath, VaultId
from pk_tui.tui.widgets.vault_details import (
    Field,
    Known,
    directory_fields,
    kind_by_name,
    laid_out,
    secret_fields,
    vault_fields,
    who,
)
from pk_tui.tui.widgets.vault_rows import Row, RowKind, Spot

VAULT, BOB, HEAD = VaultId(bytes(16)), NodeId(bytes(32)), CommitId(bytes(20))
NOW = 1_750_000_000_000_000
OWN = VaultView(VAULT, "work", HEAD, 3, None, False, 1, NOW - 5 * MINUTE)
CLONE = replace(OWN, name="infra", origin=OriginView(BOB, VAULT), read_only=True, shared_with=0)
SECRET = Row(Spot(VAULT, ("db", "prod.pem")), RowKind.SECRET, "prod.pem", 24)
COMMIT = CommitView(HEAD, NOW - 3 * MINUTE, str(BOB), "db/prod.pem changed", ())
STAT = SecretStat(SecretPath.parse("db/prod.pem"), False, 24, HEAD, NOW - 3 * MINUTE, 1)


def bob(node: NodeId) -> str:
    return "bob"


def said(fields: list[Field]) -> dict[str, str]:
    assert len(dict(fields)) == len(fields)
    return {name: text.plain for name, text in fields}


def test_a_secret_says_where_it_is_how_long_and_who_changed_it() -> None:
    known = Known(STAT, (COMMIT,), None, None)
    assert said(secret_fields(SECRET, OWN, known, NOW, bob, False)) == {
        "Path": "db/prod.pem",
        "Vault": "work, own, shared with 1 node",
        "Size": "24 B",
        "Kind": "text, by its name",
        "Changed": "3m ago by bob",
    }
    in_full = said(secret_fields(SECRET, OWN, known, NOW, bob, True))
    assert in_full["Version"] == str(HEAD)
    assert in_full["Stored"] == "in 1 piece"


def test_as_many_lines_stand_there_before_the_answer_as_after_it() -> None:
    """Then the screen is not laid out again while one moves over secrets."""
    before = secret_fields(SECRET, OWN, Known(), NOW, bob, False)
    after = secret_fields(SECRET, OWN, Known(STAT, (COMMIT,)), NOW, bob, False)
    assert [name for name, _ in before] == [name for name, _ in after]
    before = vault_fields(OWN, Known(), NOW, bob, False)
    after = vault_fields(OWN, Known(None, (COMMIT,), ()), NOW, bob, False)
    assert [name for name, _ in before] == [name for name, _ in after]


def test_a_clone_says_whose_it_is_that_it_is_read_only_and_how_far_behind() -> None:
    assert said(vault_fields(replace(CLONE, behind=3), Known(), NOW, bob, False))["Origin"].startswith(
        "clone of bob, read only"
    )
    assert (
        "3 versions behind: p pulls" in said(vault_fields(replace(CLONE, behind=3), Known(), NOW, bob, False))["Behind"]
    )
    assert said(vault_fields(replace(CLONE, behind=0), Known(), NOW, bob, False))["Behind"] == "no"
    assert "not known" in said(vault_fields(CLONE, Known(), NOW, bob, False))["Behind"]
    assert said(directory_fields(SECRET, CLONE, bob))["Vault"] == "infra, clone of bob, read only"


def test_a_vault_says_with_whom_it_is_shared_and_what_they_may() -> None:
    held = PermissionView(BOB, "", (Action.CLONE, Action.PULL))

    def shared(vault: VaultView, *people: PermissionView) -> str:
        return said(vault_fields(vault, Known(people=people), NOW, bob, False))["Shared"]

    assert shared(OWN, held) == "bob (clone, pull)"
    assert shared(OWN, *[held] * 10).endswith("and 2 more")
    assert shared(OWN) == "with nobody: s shares it"
    assert shared(CLONE) == "its owner alone shares it"


def test_a_damaged_vault_says_why_and_counts_nothing() -> None:
    fields = said(vault_fields(replace(OWN, damaged="A frame is missing."), Known(), NOW, bob, False))
    assert fields["Damaged"] == "A frame is missing."
    assert not {"Secrets", "Versions", "Shared"} & set(fields)


def test_many_versions_are_not_counted_to_the_end() -> None:
    fields = vault_fields(OWN, Known(versions=(COMMIT,) * 50), NOW, bob, False)
    assert said(fields)["Versions"] == "at least 50"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("server.PEM", "text, by its name"),
        ("store.p12", "binary, by its name"),
        ("prod-password", None),
        ("pem", None),
        ("x.unheard", None),
    ],
)
def test_an_ending_hints_at_the_kind(name: str, kind: str | None) -> None:
    assert kind_by_name(name) == kind


def test_once_a_value_was_looked_at_its_kind_is_known() -> None:
    fields = secret_fields(SECRET, OWN, Known(kind="binary"), NOW, bob, False)
    assert said(fields)["Kind"] == "binary"


def test_text_beside_the_names_is_wrapped_in_a_column_of_its_own() -> None:
    lines = laid_out(secret_fields(SECRET, OWN, Known(), NOW, bob, False), 26).plain.split("\n")
    assert lines[0] == "Path     db/prod.pem"
    assert [line for line in lines if line.startswith("         ")]
    assert all(len(line) <= 26 for line in lines)


def test_names_from_outside_are_shown_harmlessly() -> None:
    hostile = replace(OWN, name="[@click=app.quit]x[/]\x1b]2;x\x07")
    row = Row(Spot(VAULT, ("[/x]", "\u202ea")), RowKind.SECRET, "\u202ea", 1)
    text = laid_out(secret_fields(row, hostile, Known(), NOW, bob, False), 200)
    assert "[/x]/\\u{202e}a" in text.plain
    assert "[@click=app.quit]x[/]\\u{1b}]2;x\\u{7}" in text.plain
    assert who("\x1b[31mnobody", bob).plain == "\\u{1b}[31mnobody"
    assert who(str(BOB), bob).plain == "bob"


FORK = replace(CLONE, name="infra-mine", read_only=False, fork=True, shared_with=1)


def test_a_fork_says_what_it_is_of_that_it_is_ours_and_what_waits() -> None:
    fields = said(vault_fields(replace(FORK, behind=2, conflicts=3), Known(people=()), NOW, bob, False, "infra"))
    assert fields["Origin"] == "fork of infra at bob: yours to change"
    assert fields["Behind"] == "2 versions behind: p merges what is new"
    assert fields["Conflict"].startswith("3 secrets were changed on both sides")
    assert "press !" in fields["Conflict"]
    assert fields["Shared"] == "with nobody: s shares it"
    without = said(vault_fields(replace(FORK, conflicts=1), Known(), NOW, bob, False))
    assert without["Origin"] == "fork of bob: yours to change"
    assert without["Conflict"].startswith("1 secret was changed")
    assert "Conflict" not in said(vault_fields(FORK, Known(), NOW, bob, False))
    assert said(directory_fields(SECRET, FORK, bob))["Vault"] == "infra-mine, own, fork of bob"


def test_what_a_fork_is_of_does_not_become_markup() -> None:
    fields = dict(vault_fields(FORK, Known(), NOW, lambda node: "[/x]", False, "[@click=app.quit]x[/]\x1b"))
    assert fields["Origin"].plain == "fork of [@click=app.quit]x[/]\\u{1b} at [/x]: yours to change"
    assert not fields["Origin"].spans
