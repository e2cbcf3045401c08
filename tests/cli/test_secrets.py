from __future__ import annotations

import pytest

from pk_tui.api.views import EntryView
from pk_tui.control.editor import MAX_EDITED
from pk_tui.errors import AlreadyExists, Locked
from pk_tui.terms import SecretPath

AB = SecretPath(("a", "b"))


def test_write_takes_standard_input_byte_for_byte(type_in, fixed, agent):
    done = type_in("--format", "json", "secrets", "write", "v:a/b", stdin=b"\x00\xff\r\n")
    assert done.json == {"commit": str(fixed.commit)}
    assert agent.calls == [("secrets.write", "v", AB, b"\x00\xff\r\n", False)]
    agent.secrets.results["write"] = None
    assert type_in("--format", "json", "secrets", "write", "v:a/b").json == {"commit": None}
    assert "already" in type_in("secrets", "write", "v:a/b").text


def test_write_on_a_terminal_says_how_to_end(type_in):
    assert b"ctrl+d" in type_in("secrets", "write", "v:a/b", tty=True).errors


def test_create_takes_a_file_and_never_replaces(type_in, agent, tmp_path):
    (tmp_path / "f").write_bytes(b"content")
    type_in("secrets", "create", "f", "v:a/b")
    assert agent.calls == [("secrets.write", "v", AB, b"content", True)]
    agent.secrets.results["write"] = AlreadyExists("It is there.")
    assert type_in("secrets", "create", "-", "v:a/b").code == 73


@pytest.mark.parametrize("form", ["human", "json"])
def test_cat_gives_raw_bytes_in_the_order_of_the_arguments(type_in, form):
    done = type_in("--format", form, "secrets", "cat", "v:c", "v:a/b", "v:c")
    assert (done.code, done.output, done.errors) == (0, b"two\x00one\xfftwo", b"")


def test_cat_names_what_is_missing_prints_the_rest_and_exits_64(type_in):
    done = type_in("secrets", "cat", "v:nope", "v:c", "v:gone")
    assert (done.code, done.output) == (64, b"two")
    assert b"nope" in done.errors
    assert b"gone" in done.errors
    assert type_in("--format", "json", "secrets", "cat", "v:nope").error["kind"] == "not_found"
    assert type_in("secrets", "cat").code == 64


def test_cat_ends_at_any_other_failure(type_in, agent):
    async def read(vault, path):
        raise Locked("It is locked.")
        yield

    agent.secrets.read = read
    assert type_in("secrets", "cat", "v:c", "v:c").code == 77


@pytest.mark.parametrize(
    ("argv", "call"),
    [
        (("v",), ("v", None, False)),
        (("v:",), ("v", None, False)),
        (("v:/",), ("v", None, False)),
        (("v:a/b/", "--recursive"), ("v", AB, True)),
    ],
)
def test_ls(type_in, agent, argv, call):
    assert type_in("--format", "json", "secrets", "ls", *argv).json == [
        {"path": "d", "kind": "directory", "size": 5},
        {"path": "d/s", "kind": "secret", "size": 5},
    ]
    assert agent.calls == [("secrets.list", *call)]


def test_a_long_listing_is_written_in_slices(type_in, agent):
    agent.secrets.results["list"] = [EntryView(f"s{n:05}", False, n) for n in range(10_000)]
    for form in ("human", "json"):
        done = type_in("--format", form, "secrets", "ls", "v")
        assert done.writes >= 20
    assert len(type_in("--format", "json", "secrets", "ls", "v").json) == 10_000


def test_edit_shows_the_value_and_writes_what_comes_back(type_in, fixed, agent):
    done = type_in("--format", "json", "secrets", "edit", "v:a/b", edited=b"new")
    assert done.shown == (b"\x00one\xff", "")
    assert done.json == {"commit": str(fixed.commit)}
    assert agent.calls[-1] == ("secrets.write", "v", AB, b"new", False)


def test_edit_of_a_missing_secret_makes_it(type_in, agent):
    assert type_in("secrets", "edit", "v:new.yaml", edited=b"x").shown == (b"", ".yaml")
    assert agent.calls[-1][0] == "secrets.write"


@pytest.mark.parametrize("secret", ["v:a/b", "v:new"])
def test_edit_without_a_change_writes_nothing(type_in, agent, secret):
    assert type_in("--format", "json", "secrets", "edit", secret).json == {"commit": None}
    assert "secrets.write" not in [call[0] for call in agent.calls]


def test_a_version_is_not_edited_and_no_editor_is_opened(type_in, agent):
    done = type_in("secrets", "edit", "v@1234abcd:a/b", edited=b"new")
    assert (done.code, agent.calls) == (64, [])
    assert not hasattr(done, "shown")
    assert b"read-only" in done.errors


def test_edit_refuses_what_is_too_large_for_an_editor(type_in, agent):
    from pk_tui.plaintext import Plaintext

    async def read(vault, path):
        for _ in range(MAX_EDITED // (1 << 20) + 1):
            yield Plaintext(bytes(1 << 20))

    agent.secrets.read = read
    assert type_in("secrets", "edit", "v:big").code == 64


@pytest.mark.parametrize(
    ("argv", "call"),
    [
        (("rm", "v:a/b", "w:c", "--recursive"), ("remove", [("v", AB), ("w", SecretPath(("c",)))], True)),
        (("rm", "v:a/b"), ("remove", [("v", AB)], False)),
        (("mkdir", "v:a/b"), ("make_directories", [("v", AB)], False)),
        (("mkdir", "--recursive", "v:a/b"), ("make_directories", [("v", AB)], True)),
        (("mv", "v:a/b", "w:c"), ("move", ("v", AB), ("w", SecretPath(("c",))))),
        (("cp", "v:a/b", "w:c", "--recursive"), ("copy", ("v", AB), ("w", SecretPath(("c",))), True)),
    ],
)
def test_rearranging(type_in, fixed, agent, argv, call):
    value = type_in("--format", "json", "secrets", *argv).json
    assert value["commit"] == str(fixed.commit)
    assert set(value) == {"commit", "commits"}
    assert agent.calls == [(f"secrets.{call[0]}", *call[1:])]
    assert type_in("secrets", *argv).text.endswith(".\n")


def test_moving_onto_itself_has_no_commit(type_in, agent):
    agent.secrets.results["move"] = []
    assert type_in("--format", "json", "secrets", "mv", "v:c", "v:c").json == {"commit": None, "commits": []}


def test_stat(type_in, fixed):
    assert type_in("--format", "json", "secrets", "stat", "v:a/b").json == {
        "path": "a/b",
        "kind": "secret",
        "size": 5,
        "commit": str(fixed.commit),
        "modified": fixed.time_text,
        "chunks": 0,
    }
    assert "size     5 B\n" in type_in("secrets", "stat", "v:a/b").text


@pytest.mark.parametrize("address", ["v", "v:", ":a", "v:/", "v:a//b", "v:..", "v:a/.git"])
def test_what_names_no_secret_is_misuse(type_in, agent, address):
    assert type_in("secrets", "write", address).code == 64
    assert agent.calls == []


def test_inject_fills_a_text_or_prints_nothing_of_it(type_in):
    done = type_in("secrets", "inject", "-", stdin=b"pk://v/c pk://v/a/b \xff")
    assert (done.code, done.output, done.errors) == (0, b"two \x00one\xff \xff", b"")
    done = type_in("--format", "json", "secrets", "inject", "-", stdin=b"pk://v/c pk://v/nope pk://v/../x")
    assert (done.code, done.output) == (64, b"")
    assert "pk://v/nope" in done.error["message"]
    assert "1 more" in done.error["message"]


def test_inject_can_say_of_each_reference_whether_it_can_be_filled(type_in):
    text = b"pk://v/nope#slot pk://v/c pk://v pk://v/c"
    done = type_in("--format", "json", "secrets", "inject", "--check", "-", stdin=text)
    assert done.code == 64
    assert [(row["reference"], row["problem"] is None) for row in done.json] == [
        ("pk://v/nope#slot", False),
        ("pk://v/c", True),
        ("pk://v", False),
    ]
    assert type_in("secrets", "inject", "--check", "-", stdin=b"pk://v/c").code == 0
    assert b"no reference" in type_in("secrets", "inject", "--check", "-", stdin=b"none").errors
