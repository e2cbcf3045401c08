from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from pk_tui.api.items import ITEM_BEGINS, ItemView, SlotView
from pk_tui.api.views import EntryView
from pk_tui.cli.env import MAX_VALUES
from pk_tui.errors import Misuse, NotFound
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath
from pk_tui.vault.item import MAGIC

SLOTS = {"username": b"ada", "pass word": b"s3cret"}


@dataclass
class Vaults:
    """Satisfies as much of `AgentApi` as reading takes: one vault `v`, its secrets, and one item."""

    held: dict[str, bytes] = field(
        default_factory=lambda: {
            "db/PASSWORD": b"it's\n",
            "db/USER": b"ada",
            "deep/er/PASSWORD": b"other",
            "item": ITEM_BEGINS + b"...}",
            "odd#name": b"odd",
            "x.y": b"dotted",
        }
    )

    @property
    def secrets(self) -> Vaults:
        return self

    @property
    def items(self) -> Vaults:
        return self

    async def list(self, vault: str, directory: SecretPath | None = None, recursive: bool = False) -> list[EntryView]:
        self._require(vault)
        assert recursive
        under = "" if directory is None else str(directory)
        if under in self.held:
            return [EntryView(under, False, 1)]
        prefix = f"{under}/" if under else ""
        rows = [EntryView(path, False, 1) for path in self.held if path.startswith(prefix)]
        if under.startswith("item#"):
            raise Misuse("A slot is not listed.")
        if not rows:
            raise NotFound(f"There is no “{under}”.")
        directories = {path.rpartition("/")[0] for path in self.held if path.startswith(prefix) and "/" in path}
        return [EntryView(path, True, 1) for path in directories if len(path) > len(under)] + rows

    async def read(self, vault: str, path: SecretPath) -> AsyncIterator[Plaintext]:
        self._require(vault)
        value = self.held.get(str(path))
        if value is None and str(path).startswith("item#"):
            value = SLOTS.get(str(path).removeprefix("item#"))
        if value is None:
            raise NotFound(f"There is no “{path}”.")
        for at in range(0, len(value), 3 if len(value) < 100 else 1 << 20):
            yield Plaintext(value[at : at + (3 if len(value) < 100 else 1 << 20)])

    async def get(self, vault: str, path: SecretPath) -> ItemView:
        if str(path) != "item":
            raise Misuse("That is no item.")
        slots = tuple(SlotView(name, "text", name, False, Plaintext(value)) for name, value in SLOTS.items())
        return ItemView("password", "T", (), slots)

    def _require(self, vault: str) -> None:
        if vault not in ("v", "v@0123abcd"):
            raise NotFound("There is no such vault.")


@pytest.fixture
def api() -> Vaults:
    return Vaults()


@pytest.fixture
def env(type_in: Callable[..., Any], api: Vaults) -> Callable[..., Any]:
    return lambda *words: type_in(*words, api=api)


def given(env: Callable[..., Any], *words: str) -> dict[str, bytes]:
    """What a command would find."""
    done = env("secrets", "env", *words, "--", "cmd")
    assert done.code == 0, done.errors
    assert done.output == b""
    assert done.environment is not None
    return done.environment


def refused(env: Callable[..., Any], *words: str) -> str:
    """Why nothing is given: then nothing is printed and nothing run."""
    done = env("--format", "json", "secrets", "env", *words)
    assert (done.code, done.output, done.environment) == (64, b"", None)
    return str(done.error["message"])


def test_an_item_is_known_by_how_items_begin():
    assert ITEM_BEGINS == MAGIC


def test_a_variable_is_named_as_its_secret_or_as_told(env):
    assert given(env, "v:db/PASSWORD", "v:db/USER=PGUSER") == {"PASSWORD": b"it's\n", "PGUSER": b"ada"}


def test_a_directory_gives_all_that_is_below_it(env, api):
    api.held = {"db/A": b"1", "db/sub/B": b"2", "other": b"3"}
    assert given(env, "v:db") == {"A": b"1", "B": b"2"}


@pytest.mark.parametrize("whole", ["v", "v:", "v@0123abcd"])
def test_a_vault_gives_all_its_secrets_but_not_its_templates(env, api, whole):
    api.held = {".templates/mine": b"{}", "A": b"1", "d/B": b"2"}
    assert given(env, whole) == {"A": b"1", "B": b"2"}


def test_a_slot_is_one_variable_and_an_item_one_for_each_slot(env):
    assert given(env, "v:item#username") == {"item_username": b"ada"}
    assert given(env, "v:item#username=PGUSER") == {"PGUSER": b"ada"}
    assert given(env, "v:item") == {"item_username": b"ada", "item_pass_word": b"s3cret"}
    assert given(env, "v:item=DB") == {"DB_username": b"ada", "DB_pass_word": b"s3cret"}


def test_a_secret_that_has_a_hash_in_its_name_is_that_secret(env):
    assert given(env, "v:odd#name=ODD") == {"ODD": b"odd"}


def test_a_secret_that_only_begins_like_an_item_is_given_as_it_is(env, api):
    api.held = {"A": MAGIC + b" no item"}
    assert given(env, "v:A") == {"A": MAGIC + b" no item"}


def test_a_path_with_an_equals_sign_takes_a_name_behind_it(env, api):
    api.held = {"a=b": b"1", "a": b"2"}
    assert given(env, "v:a=b=NAME") == {"NAME": b"1"}
    assert given(env, "v:a=b") == {"b": b"2"}
    assert "=NAME" in refused(env, "v:a=b/c")


def test_assignments_are_printed_without_a_command(env):
    assert env("secrets", "env", "v:db").output == b"PASSWORD='it'\\''s\n'\nUSER='ada'\n"
    assert env("--format", "json", "secrets", "env", "v:db").json == {"PASSWORD": "it's\n", "USER": "ada"}
    assert env("--format", "json", "secrets", "env", "v:db", "--env-format", "unix").output.startswith(b"PASSWORD='")
    assert env("secrets", "env", "--env-format", "dotenv", "v:db/USER").output == b"USER='ada'\n"
    assert env("secrets", "env", "--env-format", "powershell", "v:db/USER").output == b"$env:USER = 'ada'\n"
    assert env("secrets", "env", "--env-format", "cmd", "v:db/USER").output == b'set "USER=ada"\n'


def test_a_name_that_cannot_be_is_an_error_unless_told_otherwise(env):
    assert "v:x.y" in refused(env, "v:x.y", "v:db/USER")
    done = env("secrets", "env", "--env-invalid", "warn", "v:x.y", "v:db/USER")
    assert (done.code, done.output) == (0, b"USER='ada'\n")
    assert b"v:x.y" in done.errors
    done = env("secrets", "env", "--env-invalid", "ignore", "v:x.y", "v:db/USER")
    assert (done.output, done.errors) == (b"USER='ada'\n", b"")
    assert given(env, "v:x.y=XY") == {"XY": b"dotted"}


def test_a_warning_is_told_to_programs_as_well(env):
    done = env("--format", "json", "secrets", "env", "--env-invalid", "warn", "v:x.y", "v:db/USER")
    assert done.json == {"USER": "ada"}
    assert b'{"warning": {"message": "' in done.errors


def test_a_name_that_steers_programs_has_to_be_given_expressly(env, api):
    api.held = {"LD_PRELOAD": b"/evil.so", "a": b"1"}
    assert "LD_PRELOAD" in refused(env, "v", "--", "cmd")
    assert given(env, "--env-invalid", "ignore", "v") == {"a": b"1"}
    assert given(env, "v:LD_PRELOAD=LD_PRELOAD") == {"LD_PRELOAD": b"/evil.so"}
    assert "PK_" in refused(env, "v:a=PK_PASSWORD")


@pytest.mark.parametrize(("rule", "kept"), [((), b"other"), (("--env-duplicate", "keep"), b"it's\n")])
def test_of_two_of_one_name_the_last_stays_unless_told_otherwise(env, rule, kept):
    assert given(env, *rule, "v:db/PASSWORD", "v:deep") == {"PASSWORD": kept}


def test_two_of_one_name_can_be_told_or_refused(env):
    done = env("secrets", "env", "--env-duplicate", "warn", "v:db/PASSWORD", "v:deep")
    assert (done.code, done.output) == (0, b"PASSWORD='other'\n")
    assert b"v:db/PASSWORD" in done.errors
    assert "v:deep/er/PASSWORD" in refused(env, "--env-duplicate", "error", "v:db/PASSWORD", "v:deep")


@pytest.mark.parametrize(
    "words",
    [
        ["v=NAME"],
        ["v:db=NAME"],
        ["v:db/USER=1NAME"],
        ["v:db/USER="],
        ["v:nope"],
        ["v:item#nope"],
        ["v:nope#nope"],
        ["w:a"],
        [":a"],
        [],
        ["v:db/USER", "--"],
        ["v:db/USER", "--env-format", "xml"],
    ],
)
def test_what_names_nothing_or_too_much_is_refused(env, words):
    refused(env, *words)


@pytest.mark.parametrize("command", [[], ["--", "cmd"]])
def test_a_zero_byte_is_refused_by_the_secrets_name_alone(env, api, command):
    api.held = {"A": b"1", "KEY": b"hunter2\0"}
    message = refused(env, "v", *command)
    assert "v:KEY" in message
    assert "hunter2" not in message


def test_more_than_can_be_held_is_refused(env, api):
    api.held = {"A": b"x" * (MAX_VALUES // 2 + 1), "B": b"x" * (MAX_VALUES // 2 + 1)}
    assert "16.0 MiB" in refused(env, "v")
    del api.held["B"]
    assert len(given(env, "v")["A"]) == MAX_VALUES // 2 + 1


def test_what_follows_the_dashes_is_not_looked_into(env):
    done = env("secrets", "env", "v:db/USER", "--", "cmd", "--env-format", "nonsense", "--", "-h", "v:db")
    assert (done.code, done.environment) == (0, {"USER": b"ada"})


def test_the_help_shows_where_the_command_goes(env):
    text = env("secrets", "env", "--help").text
    assert "[-- COMMAND …]" in text
    assert "VAULT:PATH#SLOT" in text
