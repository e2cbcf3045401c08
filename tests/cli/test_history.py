from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from pk_tui.api.items import ItemView, SlotView
from pk_tui.api.views import ChangeView, EntryView
from pk_tui.cli.history import MAX_COMPARED, MAX_REVEALED, Side, value_lines
from pk_tui.errors import Conflict, Corrupt, Misuse, NotFound, ReadOnly
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Change, SecretPath

OLD, NEW = "a" * 40, "b" * 40


@pytest.fixture
def two_versions(agent: Any) -> Any:
    """Versions whose secrets have these values; what is asked for is written down."""
    values: dict[tuple[str, str], bytes] = {}

    async def read(vault: str, path: SecretPath) -> Any:
        agent.calls.append(("secrets.read", vault, path))
        yield Plaintext(values[vault, str(path)])

    async def listed(vault: str, path: SecretPath) -> list[EntryView]:
        return [EntryView(str(path), False, len(values[vault, str(path)]))]

    agent.secrets.read, agent.secrets.list = read, listed

    def put(path: str, change: Change, old: bytes | None, new: bytes | None) -> None:
        agent.vaults.results["diff"] = [*agent.vaults.results["diff"], ChangeView(SecretPath.parse(path), change)]
        for version, value in ((OLD, old), (NEW, new)):
            if value is not None:
                values[f"v@{version}", path] = value

    agent.vaults.results["diff"] = []
    return put


# diff


def test_diff_tells_paths_and_changes_and_reads_no_value(type_in, agent):
    done = type_in("--format", "json", "vaults", "diff", "v", OLD, NEW)
    assert done.json == [{"path": change.value, "change": change.value} for change in Change]
    assert agent.calls == [("vaults.diff", "v", OLD, NEW)]
    table = type_in("vaults", "diff", "v", OLD).text
    assert agent.calls[1:] == [("vaults.diff", "v", OLD, None)]
    assert [line.split() for line in table.splitlines()] == [["CHANGE", "PATH"], *([c.value] * 2 for c in Change)]


@pytest.mark.parametrize("reveal", [(), ("--reveal",)])
def test_versions_that_are_the_same_give_an_empty_list_or_a_sentence(type_in, agent, reveal):
    agent.vaults.results["diff"] = []
    assert type_in("--format", "json", "vaults", "diff", "v", OLD, NEW, *reveal).json == []
    done = type_in("vaults", "diff", "v", OLD, NEW, *reveal)
    assert (done.output, done.code) == (b"", 0)
    assert b"Nothing differs" in done.errors


def test_values_are_told_as_text_or_base64_or_size_or_not_at_all(type_in, two_versions):
    large = b"x" * (MAX_REVEALED + 1)
    two_versions("text", Change.MODIFIED, b"old \x1b[31m\n", "n\u00fc".encode())
    two_versions("bytes", Change.MODIFIED, b"\xff\x00", b"now text")
    two_versions("large", Change.MODIFIED, b"x" * MAX_REVEALED, large)
    two_versions("new", Change.ADDED, None, b"")
    two_versions("gone", Change.DELETED, b"1", None)
    done = type_in("--format", "json", "vaults", "diff", "v", OLD, NEW, "--reveal")
    assert done.json == [
        {"path": "text", "change": "modified", "old": "old \x1b[31m\n", "new": "n\u00fc"},
        {"path": "bytes", "change": "modified", "old_base64": "/wA=", "new": "now text"},
        {"path": "large", "change": "modified", "old": "x" * MAX_REVEALED, "new_size": MAX_REVEALED + 1},
        {"path": "new", "change": "added", "old": None, "new": ""},
        {"path": "gone", "change": "deleted", "old": "1", "new": None},
    ]
    assert b"\x1b" not in done.output


def test_what_is_too_long_is_not_even_read(type_in, two_versions, agent):
    two_versions("large", Change.ADDED, None, b"x" * (MAX_REVEALED + 1))
    text = type_in("vaults", "diff", "v", OLD, NEW, "--reveal").text
    assert "more than 64.0 KiB is not shown" in text
    assert not [call for call in agent.calls if call[0] == "secrets.read"]


def test_people_see_text_line_by_line_and_nothing_in_it_steers_their_terminal(type_in, two_versions):
    two_versions("conf", Change.MODIFIED, b"host=a\nport=1\nuser=x\nmore\n", b"host=a\nport=2\nuser=x\nmore")
    two_versions("key", Change.MODIFIED, b"one\x1b]0;x\x07", b"two\xe2\x80\xae")
    two_versions("blob", Change.MODIFIED, b"\xff" * 2048, b"\xfe")
    text = type_in("vaults", "diff", "v", OLD, NEW, "--reveal").text
    assert text.splitlines() == [
        "modified  conf",
        "    @@ -1,4 +1,4 @@",
        "      host=a",
        "    - port=1",
        "    + port=2",
        "      user=x",
        "      more",
        "    (the newline at the end was removed)",
        "modified  key",
        "    - one\\u{1b}]0;x\\u{7}",
        "    + two\\u{202e}",
        "modified  blob",
        "    - (2.0 KiB, binary)",
        "    + (1 B, binary)",
    ]


def test_people_see_an_item_slot_by_slot_and_scripts_the_bytes(type_in, two_versions, agent):
    stored = b'{"pk-item":1,"template":"password"}'
    two_versions("bank", Change.MODIFIED, stored, stored + b"\n")

    async def get(vault: str, path: SecretPath) -> ItemView:
        slot = SlotView("password", "password", "Password", True, Plaintext(vault[-1].encode()))
        return ItemView("password", "Bank", (), (slot,))

    agent.items = SimpleNamespace(get=get)
    text = type_in("vaults", "diff", "v", OLD, NEW, "--reveal").text
    assert text.splitlines() == ["modified  bank", "      title: Bank", "    - password: a", "    + password: b"]
    done = type_in("--format", "json", "vaults", "diff", "v", OLD, NEW, "--reveal")
    assert [done.json[0]["old"], done.json[0]["new"]] == [stored.decode(), stored.decode() + "\n"]


def test_the_newest_version_is_fixed_before_values_are_read(type_in, agent, fixed):
    agent.vaults.results["diff"] = [ChangeView(SecretPath(("a", "b")), Change.MODIFIED)]
    type_in("vaults", "diff", "v", OLD, "--reveal")
    assert agent.calls[:2] == [("vaults.get", "v"), ("vaults.diff", "v", OLD, str(fixed.commit))]
    versions = {call[1] for call in agent.calls if call[0].startswith("secrets.")}
    assert versions == {f"v@{OLD}", f"v@{fixed.commit}"}


def test_values_of_many_lines_are_shown_one_after_the_other() -> None:
    lines = [f"line {number}" for number in range(MAX_COMPARED + 1)]
    old, new = (Side(1, Plaintext("\n".join(text).encode())) for text in (lines, lines[1:]))
    told = value_lines(ChangeView(SecretPath(("a",)), Change.MODIFIED), old, new)
    assert len(told) == 1 + 2 * MAX_COMPARED + 1
    assert "line 1" not in repr(old)


@pytest.fixture
def one_damaged(two_versions: Any, agent: Any) -> Any:
    """Of three changed secrets the values of the one in the middle cannot be read; what is given is raised instead."""
    for path in ("a", "b", "c"):
        two_versions(path, Change.MODIFIED, b"1", b"2")
    whole = agent.secrets.read

    def damaged(error: Exception) -> None:
        async def read(vault: str, path: SecretPath) -> Any:
            if str(path) == "b":
                raise error
            async for piece in whole(vault, path):
                yield piece

        agent.secrets.read = read

    return damaged


def test_a_value_that_cannot_be_read_is_told_in_its_place_and_ends_no_document(type_in, one_damaged):
    one_damaged(Corrupt("It is \x1b damaged."))
    done = type_in("--format", "json", "vaults", "diff", "v", OLD, NEW, "--reveal")
    assert json.loads(done.output) == [
        {"path": "a", "change": "modified", "old": "1", "new": "2"},
        {"path": "b", "change": "modified", "error": {"kind": "corrupt", "message": "It is \x1b damaged."}},
        {"path": "c", "change": "modified", "old": "1", "new": "2"},
    ]
    assert (done.code, done.error["kind"]) == (65, "corrupt")
    done = type_in("vaults", "diff", "v", OLD, NEW, "--reveal")
    assert done.code == 65
    assert done.text.splitlines()[3:5] == ["modified  b", "    (It is \\u{1b} damaged.)"]
    assert done.text.splitlines()[5] == "modified  c"


def test_a_failure_nobody_foresaw_leaves_a_whole_document_too(type_in, one_damaged):
    one_damaged(ZeroDivisionError())
    done = type_in("--format", "json", "vaults", "diff", "v", OLD, NEW, "--reveal")
    assert [row["path"] for row in json.loads(done.output)] == ["a"]
    assert done.code == 1


def test_diff_needs_a_version_to_begin_at(type_in, agent):
    assert type_in("vaults", "diff", "v").code == 64
    agent.vaults.results["diff"] = Misuse("abcd fits several versions of “v”.")
    done = type_in("--format", "json", "vaults", "diff", "v", "abcd")
    assert (done.code, done.output) == (64, b"")
    assert json.loads(done.errors)["error"]["kind"] == "misuse"


# restore and revert


def test_restore_brings_back_a_vault_or_a_path(type_in, fixed, agent):
    assert type_in("--format", "json", "vaults", "restore", "v", OLD).json == {"commit": str(fixed.commit)}
    assert "“v:a/b” is again as it was in aaaa" in type_in("vaults", "restore", "v", "aaaa", "/a/b/").text
    assert agent.calls == [("vaults.restore", "v", OLD, None), ("vaults.restore", "v", "aaaa", SecretPath(("a", "b")))]


def test_revert_takes_a_version_back(type_in, fixed, agent):
    assert type_in("--format", "json", "vaults", "revert", "v", OLD).json == {"commit": str(fixed.commit)}
    assert "Took back what aaaa changed in “v”." in type_in("vaults", "revert", "v", "aaaa").text
    assert agent.calls == [("vaults.revert", "v", OLD), ("vaults.revert", "v", "aaaa")]


@pytest.mark.parametrize(("command", "says"), [("restore", "already"), ("revert", "changed no secret")])
def test_where_nothing_had_to_be_done_there_is_no_commit(type_in, agent, command, says):
    agent.vaults.results[command] = None
    assert type_in("--format", "json", "vaults", command, "v", OLD).json == {"commit": None}
    assert says in type_in("vaults", command, "v", OLD).text


@pytest.mark.parametrize("command", ["restore", "revert"])
@pytest.mark.parametrize(
    ("error", "code"), [(Conflict("changed since"), 70), (ReadOnly("a clone"), 77), (NotFound("no such version"), 64)]
)
def test_refusals_have_their_exit_codes(type_in, agent, command, error, code):
    agent.vaults.results[command] = error
    done = type_in("--format", "json", "vaults", command, "v", OLD)
    assert (done.code, done.output) == (code, b"")


@pytest.mark.parametrize(
    "argv", [("restore", "v"), ("revert", "v"), ("restore", "v", OLD, "a/../b"), ("revert", "v", OLD, "a")]
)
def test_what_is_missing_or_wrong_is_refused_before_the_agent_is_asked(type_in, agent, argv):
    assert type_in("vaults", *argv).code == 64
    assert agent.calls == []


# Versions of vaults, wherever one is read


def test_a_version_is_named_wherever_a_vault_is_read(type_in, agent):
    type_in("secrets", "cat", f"v@{OLD}:a/b")
    type_in("secrets", "ls", f"v@{OLD}:d")
    type_in("--format", "json", "vaults", "log", f"v@{OLD}")
    assert agent.calls == [
        ("secrets.read", f"v@{OLD}", SecretPath(("a", "b"))),
        ("secrets.list", f"v@{OLD}", SecretPath(("d",)), False),
        ("vaults.log", f"v@{OLD}", None, None),
    ]
