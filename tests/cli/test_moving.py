from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pk_tui.api.views import ExportForm, ExportView, ImportKind, ImportPlanView
from pk_tui.errors import AlreadyExists, Malformed, WrongPassword
from pk_tui.plaintext import Plaintext


def test_import_reads_from_where_the_command_was_typed(type_in, fixed, agent, tmp_path: Path):
    done = type_in("--format", "json", "vaults", "import", "v", "dir")
    assert done.json == {
        "secrets": 2,
        "bytes": 9,
        "kind": "dir",
        "commit": str(fixed.commit),
        "skipped": [{"path": "link", "reason": "it is a symbolic link"}],
    }
    assert done.errors == b""
    assert agent.calls == [("vaults.import_from", "v", tmp_path / "dir", ImportKind.AUTO, None, None, None)]


@pytest.mark.parametrize("kind", ImportKind)
def test_each_kind_can_be_asked_for(type_in, agent, tmp_path: Path, kind):
    assert type_in("vaults", "import", "v", "/x", "--kind", kind.value).code == 0
    assert agent.calls == [("vaults.import_from", "v", Path("/x"), kind, None, None, None)]


def test_people_are_told_what_it_was_taken_for_and_what_was_not_taken(type_in):
    done = type_in("vaults", "import", "v", "/x")
    assert done.errors == b"Not taken: link: it is a symbolic link.\n"
    assert "Imported 2 secrets (9 B) into “v”, read as a directory of files. 1 line above" in done.text


def test_an_unknown_kind_is_64(type_in, agent):
    assert type_in("vaults", "import", "v", "x", "--kind", "zip").code == 64
    assert agent.calls == []


def test_a_dry_run_prints_the_plan_and_imports_nothing(type_in, agent, tmp_path: Path):
    done = type_in("--format", "json", "vaults", "import", "v", "x.csv", "--dry-run", "--kind", "csv")
    assert done.json == {
        "kind": "csv",
        "secrets": 7,
        "planned": [
            {"path": "web/bank", "size": 200, "template": "password", "change": "modified"},
            {"path": "new", "size": 1, "template": None, "change": "added"},
            {"path": "old", "size": 1, "template": None, "change": None},
        ],
        "more": 4,
        "skipped": [{"path": "line 7", "reason": "it is empty"}],
    }
    assert agent.calls == [("vaults.plan_import", "v", tmp_path / "x.csv", ImportKind.CSV, None, None, None, 1000)]


def test_a_plan_of_everything_is_asked_for(type_in, agent):
    assert type_in("vaults", "import", "v", "x.csv", "--dry-run", "--all").code == 0
    assert agent.calls[-1][-1] == 1_000_000
    assert type_in("vaults", "import", "v", "x.csv", "--all").code == 64
    assert len(agent.calls) == 1


def test_people_are_told_what_a_plan_would_replace(type_in):
    done = type_in("vaults", "import", "v", "x.csv", "--dry-run")
    rows = [line.split()[:2] for line in done.text.splitlines()]
    assert rows[1:] == [["replaces", "web/bank"], ["new", "new"], ["same", "old"]]
    said = done.errors.decode()
    assert "Not taken: line 7: it is empty." in said
    assert (
        "Read as CSV of a password manager: 7 secrets for “v”. 4 more are not listed; --all lists them. 1 of those listed"
        in said
    )
    assert said.endswith("Nothing was written.\n")


def test_an_empty_plan_says_so(type_in, agent):
    agent.vaults.results["plan_import"] = ImportPlanView(ImportKind.DIRECTORY, (), 0, ())
    assert b"Nothing would be written." in type_in("vaults", "import", "v", "x", "--dry-run").errors


def sealed(agent, verb, result, right=b"right"):
    """Let the agent take only this password; returns those that it was given."""
    tried = []

    def answer(vault, source, kind, password, *rest):
        tried.append(None if password is None else password.reveal())
        if password != Plaintext(right):
            raise WrongPassword("It does not open with this password.")
        return result

    agent.vaults.results[verb] = answer
    return tried


@pytest.mark.parametrize(("verb", "dry_run"), [("import_from", ()), ("plan_import", ("--dry-run",))])
def test_the_password_of_a_sealed_source_comes_from_a_file_or_a_prompt(type_in, agent, tmp_path: Path, verb, dry_run):
    tried = sealed(agent, verb, agent.vaults.results[verb])
    (tmp_path / "pw").write_bytes(b"right\r\nsecond line\n")
    assert type_in("vaults", "import", "v", "x", *dry_run, "--import-password-file", "pw").code == 0
    assert type_in("vaults", "import", "v", "x", *dry_run, "--import-password-file", "-", stdin=b"right").code == 0
    assert tried == [b"right", b"right"]
    tried.clear()
    assert type_in("vaults", "import", "v", "x", *dry_run, passwords={"typed": "right"}).code == 0
    assert tried == [None, b"right"]


def test_a_wrong_password_of_a_source_is_77_and_the_nodes_password_is_never_tried(type_in, agent, tmp_path: Path):
    tried = sealed(agent, "import_from", None)
    (tmp_path / "pw").write_bytes(b"wrong\n")
    assert (
        type_in("vaults", "import", "v", "x", "--import-password-file", "pw", passwords={"typed": "right"}).code == 77
    )
    assert type_in("vaults", "import", "v", "x", passwords={"typed": "wrong"}).code == 77
    assert type_in("vaults", "import", "v", "x", passwords={"PK_PASSWORD": "right"}).code == 77
    assert tried == [b"wrong", None, b"wrong", None]


@pytest.mark.parametrize("content", [b"", b"\nsecond", b"x" * 70_000])
def test_a_password_file_without_a_password_is_64(type_in, agent, tmp_path: Path, content):
    (tmp_path / "pw").write_bytes(content)
    assert type_in("vaults", "import", "v", "x", "--import-password-file", "pw").code == 64
    assert agent.calls == []


def test_a_key_file_is_named_from_where_the_command_was_typed(type_in, agent, tmp_path: Path):
    type_in("vaults", "import", "v", "x", "--import-key-file", "key")
    assert agent.calls[0][-1] == tmp_path / "key"


def test_a_broken_source_is_65_and_names_the_place(type_in, agent):
    agent.vaults.results["import_from"] = Malformed("“x” is not CSV: in the row that begins in line 3.")
    done = type_in("--format", "json", "vaults", "import", "v", "x")
    assert (done.code, done.error["kind"]) == (65, "malformed")
    assert "line 3" in done.error["message"]


def test_export(type_in, agent, tmp_path: Path):
    done = type_in("--format", "json", "vaults", "export", "v@abcd", "out")
    assert done.json == {"secrets": 3, "bytes": 2048, "versions": 1, "not_for_git": []}
    assert agent.calls == [("vaults.export", "v@abcd", tmp_path / "out", ExportForm.DIRECTORY, None)]
    agent.vaults.results["export"] = ExportView(3, 2048, 9)
    text = type_in("vaults", "export", "v", "out", "--form", "git").text
    assert "Exported 3 secrets (2.0 KiB) in 9 versions to “out”. They are in clear there" in text
    assert agent.calls[-1][3] is ExportForm.GIT


def test_names_that_git_refuses_are_told(type_in, agent):
    agent.vaults.results["export"] = ExportView(3, 2048, 9, ("d/git~1", ".git."))
    assert "“d/git~1”, “.git.”" in type_in("vaults", "export", "v", "out", "--form", "git").errors.decode()
    assert type_in("--format", "json", "vaults", "export", "v", "o").json["not_for_git"] == ["d/git~1", ".git."]


def test_an_export_over_something_is_73(type_in, agent):
    agent.vaults.results["export"] = AlreadyExists("It is not empty.")
    assert type_in("vaults", "export", "v", "out").code == 73


@pytest.mark.parametrize("form", ["human", "json"])
def test_text_from_outside_never_reaches_the_terminal_raw(type_in, agent, fixed, form):
    bad = fixed.nasty
    plan = agent.vaults.results["plan_import"]
    agent.vaults.results["plan_import"] = replace(plan, skipped=((bad, bad),))
    agent.vaults.results["import_from"] = replace(agent.vaults.results["import_from"], skipped=((bad, bad),))
    agent.vaults.results["export"] = replace(agent.vaults.results["export"], not_for_git=(bad,))
    for words in (("import", bad, bad), ("import", bad, bad, "--dry-run"), ("export", bad, bad)):
        done = type_in("--format", form, "vaults", *words)
        assert done.code == 0
        for character in "\x1b\x07\u202e\u2066\x9b\x7f":
            assert character.encode() not in done.output + done.errors
