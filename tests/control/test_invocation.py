from __future__ import annotations

import pytest

from pk_tui.control import client
from pk_tui.control.invocation import Request, no_password, unreadable, written_environment
from pk_tui.errors import Conflict, Malformed
from pk_tui.plaintext import Plaintext


def test_what_the_client_sends_is_what_is_read(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    request = Request.read(client.command(client.hoist(["--format", "json", "-v", "a b", "", "c\nd"])))

    assert request.argv == ("a b", "", "c\nd")
    assert (request.cwd, request.as_json, request.verbose, request.color) == (tmp_path, True, 1, True)
    assert request.password_file is None


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_is_off_where_it_is_not_wanted(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert not Request.read(client.command(client.hoist([]))).color


def test_a_directory_that_is_gone_does_not_matter(monkeypatch, tmp_path):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    assert str(Request.read(client.command(client.hoist([]))).cwd) == "/"


@pytest.mark.parametrize(
    "fields", [b"", b"\0\0\0\0\0\0\0", b"\0True\0True\0x\0---\x000\0/\0", b"\0True\0True\x000\0--\x000\0/\0"]
)
def test_anything_else_is_refused(fields):
    with pytest.raises(Malformed):
        Request.read(client.PROTOCOL + fields)


def test_another_version_is_named_as_such():
    with pytest.raises(Conflict, match="different versions"):
        Request.read(b"1\0whatever")


def test_an_environment_is_written_as_names_and_values_and_nothing_else():
    assert written_environment([("A", Plaintext(b"1=2\xff")), ("B", Plaintext(b""))]) == [b"A=1=2\xff", b"B="]


def test_a_files_name_is_made_safe():
    assert "\x1b" not in unreadable("\x1b]52;c;x\x07", "no\x1b").message
    assert unreadable("-", "gone").message.startswith("Standard input")
    assert no_password().exit_code == 77
