from __future__ import annotations

from types import SimpleNamespace

import pytest

from pk_tui.api.care import BackupView
from pk_tui.bootstrap import restoring
from pk_tui.errors import AlreadyExists, PermissionDenied, WrongPassword
from pk_tui.plaintext import Plaintext


def test_a_backup_says_what_is_in_it(type_in, agent, tmp_path):
    done = type_in("--format", "json", "backup", "here/backup")
    assert (done.code, done.json) == (0, {"file": "/a/backup", "vaults": 2, "bytes": 5000})
    assert agent.calls == [("lifecycle.backup", tmp_path / "here/backup", None)]
    assert "2 vaults" in type_in("backup", "x").text


def test_a_backup_shows_how_far_it_is_on_a_terminal_and_nowhere_else(type_in, agent):
    given = []
    agent.lifecycle.results["backup"] = lambda file, progress: given.append(progress) or BackupView("f", 1, 2)
    assert type_in("backup", "x").errors == b""
    type_in("backup", "x", tty=True)
    assert given[0] is None
    assert callable(given[1])


def test_a_file_that_is_there_is_73(type_in, agent):
    agent.lifecycle.results["backup"] = AlreadyExists("It is already there.")
    assert type_in("backup", "x").code == 73


@pytest.fixture
def restored(monkeypatch, fixed):
    """What a restore was asked for; it gives what is set."""
    asked = SimpleNamespace(calls=[], result=None)
    asked.result = restoring.Restored(fixed.node, fixed.node, False, 2, 1, fixed.time, ("a \x1b[31mlittle",))

    async def restore(home, file, password, words, progress):
        asked.calls.append((home.path, file, password, words))
        if isinstance(asked.result, BaseException):
            raise asked.result
        return asked.result

    monkeypatch.setattr(restoring, "restore_node", restore)
    return asked


def test_a_restore_takes_the_password_of_then(type_in, restored, fixed, tmp_path):
    done = type_in("--format", "json", "restore", "b", api=None, passwords={"PK_PASSWORD": "then"})
    assert done.code == 0
    assert done.json == {
        "node_id": str(fixed.node),
        "vaults": 2,
        "succeeds": str(fixed.node),
        "confirmed": False,
        "damaged": ["a \x1b[31mlittle"],
    }
    assert restored.calls == [(tmp_path.resolve(), tmp_path / "b", Plaintext(b"then"), None)]


def test_for_people_it_says_what_is_not_confirmed_and_what_is_to_be_shared_again(type_in, restored):
    text = type_in("restore", "b", api=None, passwords={"PK_PASSWORD": "then"}).text
    assert "not confirmed" in text
    assert "1 share of before" in text
    assert "\x1b" not in text


def test_with_the_words_the_password_is_a_new_one(type_in, restored, tmp_path):
    done = type_in(
        *("restore", "b", "--recovery-code-file", "-"),
        api=None,
        stdin=b" some words \n",
        passwords={"PK_PASSWORD": "new"},
    )
    assert done.code == 0
    assert restored.calls[0][2:] == (Plaintext(b"new"), Plaintext(b"some words"))


def test_without_a_password_it_is_77_and_nothing_is_made(type_in, restored, tmp_path):
    assert type_in("restore", "b", api=None).code == 77
    assert restored.calls == []
    assert list(tmp_path.iterdir()) == []


def test_into_a_directory_with_something_in_it_it_is_73_before_anything_is_asked(type_in, restored, tmp_path):
    (tmp_path / "letter").touch()
    assert type_in("restore", "b", api=None).code == 73


@pytest.mark.parametrize(("error", "code"), [(WrongPassword("No."), 77), (PermissionDenied("No."), 77)])
def test_what_it_is_refused_with_is_told(type_in, restored, error, code):
    restored.result = error
    assert type_in("restore", "b", api=None, passwords={"PK_PASSWORD": "x"}).code == code


def test_a_backup_that_is_not_there_is_66(type_in):
    assert type_in("restore", "nothing", api=None, passwords={"PK_PASSWORD": "x"}).code == 66
