from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from textual.binding import Binding

import pk_tui.tui.deeds
from pk_tui.api.views import OriginView, VaultView
from pk_tui.terms import CommitId, NodeId, SecretPath, VaultId
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.panes.vault_verbs import BINDINGS, CHANGES, FORKING, OF_A_SECRET, SHARING, deed, refusal, wants_fork
from pk_tui.tui.widgets.vault_rows import Row, RowKind, Spot

VAULT, BOB = VaultId(bytes(16)), NodeId(bytes(32))
OWN = VaultView(VAULT, "work", CommitId(bytes(20)), 3, None, False, 0, 0)
CLONE = replace(OWN, name="infra", origin=OriginView(BOB, VAULT), read_only=True)
DAMAGED = replace(OWN, damaged="A frame is missing.")
TOP = Row(Spot(VAULT), RowKind.VAULT, "work")
DIRECTORY = Row(Spot(VAULT, ("db",)), RowKind.DIRECTORY, "db")
SECRET = Row(Spot(VAULT, ("db", "prod")), RowKind.SECRET, "prod")
NOTE = Row(Spot(VAULT, ("db",)), RowKind.NOTE, "Nothing in here.")
FORK = replace(CLONE, name="infra-mine", read_only=False, fork=True)
EVERY = sorted(CHANGES | SHARING | FORKING | {"new vault"})


def said(verb: str, row: Row | None, vault: VaultView | None) -> str | None:
    why = refusal(verb, row, vault, lambda node: "bob")
    return None if why is None else why.plain


@pytest.mark.parametrize("verb", sorted(CHANGES))
@pytest.mark.parametrize("row", [DIRECTORY, SECRET])
def test_nothing_in_a_clone_is_changed_and_the_reason_names_the_owner_and_a_copy(verb: str, row: Row) -> None:
    says = said(verb, row, CLONE)
    assert says is not None
    assert says.startswith("infra is a clone of bob and read only here")
    assert "W makes a copy" in says
    assert wants_fork(verb, row, CLONE)
    assert len(says) < 78  # it fits into the status line of a small terminal


def test_a_clone_as_a_whole_may_be_renamed_deleted_and_pulled() -> None:
    for verb in ("rename", "delete", "pull"):
        assert said(verb, TOP, CLONE) is None
    assert said("new", TOP, CLONE) is not None


@pytest.mark.parametrize("verb", sorted(CHANGES))
def test_a_secret_of_our_own_can_be_changed_in_every_way(verb: str) -> None:
    assert said(verb, SECRET, OWN) is None


def test_what_does_not_fit_the_row_says_what_would() -> None:
    for verb in OF_A_SECRET:
        assert "put the cursor on one" in (said(verb, TOP, OWN) or "")
        assert said(verb, DIRECTORY, OWN) is not None
    assert "r renames it" in (said("move", TOP, OWN) or "")
    for verb in ("rename", "move", "delete"):
        assert said(verb, NOTE, OWN) is not None
    assert said("new", NOTE, OWN) is None  # into the empty directory that says so


def test_a_damaged_vault_is_not_changed_but_may_be_deleted() -> None:
    assert "damaged" in (said("edit", SECRET, DAMAGED) or "")
    assert "damaged" in (said("edit", SECRET, replace(CLONE, damaged="A frame is missing.")) or "")
    assert said("delete", TOP, DAMAGED) is None


@pytest.mark.parametrize("verb", EVERY)
def test_without_a_vault_only_making_one_works(verb: str) -> None:
    assert (said(verb, None, None) is None) == (verb == "new vault")


def test_a_hostile_vault_name_does_not_become_markup_in_a_refusal() -> None:
    hostile = replace(CLONE, name="[@click=app.quit]x[/]\x1b")
    why = refusal("edit", SECRET, hostile, lambda node: "[/x]")
    assert why is not None
    assert "[@click=app.quit]x[/]\\u{1b}" in why.plain
    assert "[/x]" in why.plain
    assert not why.spans


class Called:
    """In place of the deeds: notes what is asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        async def work(pane: object, *args: object) -> None:
            self.calls.append((name, *args))

        return work


PATH = SecretPath.parse("db/prod")
WANTED = [
    ("new vault", None, ("new_vault",)),
    ("new", SECRET, ("new", OWN, "db")),
    ("new", DIRECTORY, ("new", OWN, "db")),
    ("new", TOP, ("new", OWN, "")),
    ("new directory", SECRET, ("new_directory", OWN, "db")),
    ("edit", SECRET, ("edit", OWN, PATH)),
    ("generate", SECRET, ("generate", OWN, PATH, "pin")),
    ("edit outside", SECRET, ("edit_outside", OWN, PATH)),
    ("rename", TOP, ("rename", OWN, None, False)),
    ("rename", SECRET, ("rename", OWN, PATH, False)),
    ("rename", DIRECTORY, ("rename", OWN, SecretPath.parse("db"), True)),
    ("move", DIRECTORY, ("move", OWN, SecretPath.parse("db"), True)),
    ("delete", TOP, ("delete", OWN, None, False)),
    ("delete", SECRET, ("delete", OWN, PATH, False)),
    ("import", SECRET, ("import_into", OWN)),
    ("export", DIRECTORY, ("export", OWN)),
    ("care", None, ("care",)),
    ("share", SECRET, ("share", OWN)),
    ("unshare", TOP, ("unshare", OWN)),
    ("pull", TOP, ("pull", OWN)),
    ("fork", SECRET, ("fork", OWN, PATH)),
    ("fork", TOP, ("fork", OWN, None)),
    ("conflicts", TOP, ("conflicts", OWN)),
    ("forget", SECRET, ("forget", OWN, PATH, False)),
    ("forget", DIRECTORY, ("forget", OWN, SecretPath.parse("db"), True)),
]


@pytest.mark.parametrize(("verb", "row", "call"), WANTED, ids=[f"{verb} {call[0]}" for verb, _, call in WANTED])
def test_each_verb_is_carried_out_on_what_the_cursor_is_on(
    verb: str, row: Row | None, call: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    called = Called()
    for name in (
        "caring",
        "editing",
        "exporting",
        "importing",
        "items",
        "sharing",
        "forking",
        "deciding",
        "forgetting",
    ):
        monkeypatch.setitem(sys.modules, f"pk_tui.tui.deeds.{name}", called)
        monkeypatch.setattr(pk_tui.tui.deeds, name, called, raising=False)
    work = deed(verb, cast(Pane, SimpleNamespace()), row, OWN if row is not None else None, "pin")
    assert work is not None
    asyncio.run(work)
    assert called.calls == [call]


def test_every_verb_has_a_key_and_every_key_an_id_and_a_sentence() -> None:
    keys = [one for one in BINDINGS if isinstance(one, Binding)]
    assert len(keys) == len(BINDINGS)
    assert {verb for verb in EVERY if not any(f"'{verb}'" in one.action for one in keys)} == set()
    assert len({one.key for one in keys}) == len({one.id for one in keys}) == len(keys)
    assert all(one.id and one.tooltip for one in keys)
    assert sum(one.show for one in keys) <= 6


def test_a_clone_can_be_exported_and_the_node_is_cared_for_from_anywhere() -> None:
    for vault in (OWN, CLONE, DAMAGED):
        assert said("export", SECRET, vault) is None
    assert said("export", None, None) is not None
    assert said("care", None, None) is None


@pytest.mark.parametrize("vault", [OWN, CLONE, DAMAGED])
def test_versions_of_anything_can_be_looked_at(vault: VaultView) -> None:
    for row in (TOP, DIRECTORY, SECRET, NOTE):
        assert said("history", row, vault) is None
        work = deed("history", cast(Pane, None), row, vault)
        assert work is not None
        work.close()


def test_undo_and_redo_do_not_depend_on_where_the_cursor_is() -> None:
    for verb in ("undo", "redo"):
        assert said(verb, None, None) is None
        assert said(verb, NOTE, CLONE) is None
        work = deed(verb, cast(Pane, None), None, None)
        assert work is not None
        work.close()


def test_a_copy_is_offered_for_changes_in_a_clone_and_for_nothing_else() -> None:
    assert not wants_fork("edit", SECRET, OWN)
    assert not wants_fork("edit", SECRET, FORK)
    assert not wants_fork("edit", SECRET, replace(CLONE, damaged="A frame is missing."))  # it cannot be copied either
    assert not wants_fork("rename", TOP, CLONE)
    assert not wants_fork("pull", SECRET, CLONE)
    assert not wants_fork("edit", None, None)


def test_clones_alone_are_copied_and_their_history_is_their_owners() -> None:
    assert said("fork", SECRET, CLONE) is None
    assert "yours to change" in (said("fork", TOP, OWN) or "")
    assert "yours to change" in (said("fork", TOP, FORK) or "")
    assert "damaged" in (said("fork", TOP, replace(CLONE, damaged="A frame is missing.")) or "")
    assert said("forget", SECRET, CLONE) == "infra is a clone: only bob can forget something in it."
    assert said("forget", SECRET, FORK) is None
    for row in (TOP, NOTE):
        assert "Put the cursor on" in (said("forget", row, OWN) or "")


def test_conflicts_are_opened_where_some_wait() -> None:
    assert said("conflicts", SECRET, OWN) == "No conflict waits in work."
    assert said("conflicts", SECRET, replace(FORK, conflicts=1)) is None
