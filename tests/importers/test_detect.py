from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from importers.foreign import items, plain, put, refused, slots
from importers.kdbx_files import EMPTY, PASSWORD, entry, file_with, kdbx3, kdbx4

from pk_tui.errors import MissingInput, Misuse
from pk_tui.importers.detect import findings, form_of
from pk_tui.importers.finding import Form
from pk_tui.plaintext import Plaintext


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        (".env", "A=1\n", Form.DOTENV),
        ("prod.env", "# c\nA=1\nwrong\n", Form.DOTENV),
        ("settings", "# c\n\nexport A=1\nB = 2\n", Form.DOTENV),
        ("a.csv", "what,ever\n", Form.CSV),
        ("export", "\ufeffname,url,username,password\r\n", Form.CSV),
        ("x", kdbx4(EMPTY), Form.KEEPASS),
        ("x", kdbx3(EMPTY), Form.KEEPASS),
        ("x", bytes.fromhex("03d9a29a65fb4bb5"), Form.KEEPASS),
        ("x", json.dumps({"encrypted": False, "items": []}), Form.BITWARDEN),
        ("x", '{\n  "encrypted": true,', Form.BITWARDEN),
    ],
)
def test_a_file_is_taken_for_what_it_looks_like(tmp_path: Path, name: str, content: bytes | str, form: Form) -> None:
    assert form_of(put(tmp_path, name, content), None) is form


def test_directories_are_told_apart(tmp_path: Path) -> None:
    assert form_of(tmp_path, None) is Form.DIRECTORY
    put(tmp_path, ".gpg-id", "x")
    assert form_of(tmp_path, None) is Form.PASSWORD_STORE
    assert form_of(tmp_path, Form.DIRECTORY) is Form.DIRECTORY


@pytest.mark.parametrize("content", ["", "hello\n", "{}", "PK\x03\x04", "A=1\nhello\n", "-----BEGIN", b"\xff\xfeA\0"])
def test_what_looks_like_nothing_is_refused_with_the_kinds_there_are(tmp_path: Path, content: str | bytes) -> None:
    with refused(Misuse, "choose its kind", *(form.value for form in Form)):
        form_of(put(tmp_path, "x", content), None)


def test_what_is_not_there_or_cannot_be_of_the_kind_is_refused(tmp_path: Path) -> None:
    file = put(tmp_path, "f", "A=1")
    for asked in (None, *Form):
        with refused(MissingInput):
            form_of(tmp_path / "missing", asked)
    for asked in Form:
        place = file if asked in (Form.DIRECTORY, Form.PASSWORD_STORE) else tmp_path
        with refused(Misuse):
            form_of(place, asked)
    os.mkfifo(tmp_path / "pipe")
    with refused(MissingInput):
        form_of(tmp_path / "pipe", None)


def test_each_form_is_read_by_its_importer(tmp_path: Path) -> None:
    def read(form: Form, content: bytes | str) -> list[object]:
        return list(findings(form, put(tmp_path, "x", content), Plaintext(PASSWORD), None, lambda: False))

    assert plain(read(Form.DOTENV, "A=1")) == {"A": b"1"}  # type: ignore[arg-type]
    for form, content in (
        (Form.CSV, "name,url,username,password\nT,,,p\n"),
        (Form.KEEPASS, kdbx4(file_with(entry("T", Password="p")))),
        (Form.BITWARDEN, json.dumps({"items": [{"type": 1, "name": "T", "login": {"password": "p"}}]})),
    ):
        assert slots(items(read(form, content))["T"]) == {"password": "p"}  # type: ignore[arg-type]


def test_a_key_file_goes_with_keepass_alone(tmp_path: Path) -> None:
    with refused(Misuse, "key file"):
        list(findings(Form.CSV, put(tmp_path, "x", ""), None, tmp_path / "key", lambda: False))


def test_what_may_not_be_looked_at_ends_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    for question in ("exists", "is_dir", "is_file"):
        with monkeypatch.context() as patched, refused(MissingInput, "cannot be looked at: Permission denied"):
            patched.setattr(Path, question, denied)
            form_of(tmp_path, None)


def test_no_importer_makes_a_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temp").mkdir()
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(tmp_path / "temp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    attached = '<Binary><Key>f</Key><Value Ref="0"/></Binary>'
    for form, content in {
        Form.DOTENV: b"A=1",
        Form.CSV: b"name,url,username,password\nT,,,p\n",
        Form.KEEPASS: kdbx4(file_with(entry("T", attached)), (bytes(5_000_000),)),
        Form.BITWARDEN: b'{"items": []}',
    }.items():
        list(findings(form, put(tmp_path, "x", content), Plaintext(PASSWORD), None, lambda: False))
        assert list((tmp_path / "temp").iterdir()) == []
