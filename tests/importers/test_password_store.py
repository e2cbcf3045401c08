from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from importers.foreign import items, plain, put, refused, skipped, slots

from pk_tui.errors import MissingInput, PkError
from pk_tui.importers import password_store
from pk_tui.importers.finding import Finding
from pk_tui.importers.password_store import is_password_store, parsed, read_password_store
from pk_tui.plaintext import Plaintext

with_gpg = pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")


def read(directory: Path, passphrase: Plaintext | None = None) -> list[Finding]:
    return list(read_password_store(directory, passphrase, lambda: False))


@pytest.fixture(scope="module")
def keys() -> Iterator[Path]:
    """A home of gpg with a throw-away key. Its agent's socket takes a short path."""
    home = Path(tempfile.mkdtemp(prefix="gpg"))
    environment = {**os.environ, "GNUPGHOME": str(home)}
    try:
        subprocess.run(
            ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", "--quick-gen-key", "a@example.org"],
            env=environment, check=True, capture_output=True,
        )  # fmt: skip
        yield home
    finally:
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], env=environment, check=False, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


def sealed(directory: Path, name: str, content: bytes, *how: str) -> None:
    (directory / name).parent.mkdir(parents=True, exist_ok=True)
    command = ["gpg", "--batch", "--quiet", "--yes", "--trust-model", "always", "-o", str(directory / name)]
    subprocess.run([*command, *(how or ("-e", "-r", "a@example.org"))], input=content, check=True, capture_output=True)


@with_gpg
def test_a_store_is_opened_by_gpg_and_what_does_not_open_is_named(
    keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GNUPGHOME", str(keys))
    put(tmp_path, ".gpg-id", "a@example.org")
    (tmp_path / ".git").mkdir()
    put(tmp_path / ".git", "config", "x")
    sealed(
        tmp_path, "web/bank.gpg", b"s3cret\nuser: ada\nurl: https://b.org\notpauth://totp/x?secret=AAAA\nfree text\n"
    )
    sealed(tmp_path, "file.gpg", b"\x00\xff")
    sealed(tmp_path, "big.gpg", bytes(3_000_000))
    put(tmp_path, "broken.gpg", b"no such thing")
    put(tmp_path, "README", b"x")
    (tmp_path / "link.gpg").symlink_to("file.gpg")
    rows = read(tmp_path)
    assert {path: slots(item) for path, item in items(rows).items()} == {
        "web/bank": {
            "password": "s3cret",
            "username": "ada",
            "url": "https://b.org",
            "otp": "otpauth://totp/x?secret=AAAA",
            "notes": "free text",
        }
    }
    assert plain(rows) == {"file": b"\x00\xff"}
    why = dict(skipped(rows))
    assert sorted(why) == ["README", "big.gpg", "broken.gpg", "link.gpg"]
    assert "gpg does not open it" in why["broken.gpg"]
    assert "1 MiB" in why["big.gpg"]
    assert "symbolic link" in why["link.gpg"]


@with_gpg
def test_a_passphrase_goes_to_gpg_through_a_pipe(keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GNUPGHOME", str(keys))
    how = ("--pinentry-mode", "loopback", "--passphrase", "open sesame", "--symmetric")
    sealed(tmp_path, "a.gpg", b"value", *how)
    assert slots(items(read(tmp_path, Plaintext(b"open sesame")))["a"]) == {"password": "value"}
    (row,) = read(tmp_path, Plaintext(b"wrong"))
    assert "gpg does not open it" in skipped(iter([row]))[0][1]


def fake_gpg(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    put(directory, "gpg", f"#!/bin/sh\n{script}\n").chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")


def test_gpg_gets_no_secret_as_argument_or_in_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "store"
    store.mkdir()
    put(store, "-x.gpg", b"")
    monkeypatch.setenv("PK_PASSWORD", "canary")
    fake_gpg(tmp_path, monkeypatch, 'echo "$*"; env; cat')
    text = plain_text(read(store, Plaintext(b"phrase")))
    said, _, _ = text.partition("\n")
    assert said.endswith(
        f"--batch --quiet --no-tty --pinentry-mode loopback --passphrase-fd 0 --decrypt -- {store}/-x.gpg"
    )
    assert "canary" not in text
    assert "PK_" not in text


def plain_text(rows: list[Finding]) -> str:
    (item,) = items(iter(rows)).values()
    return "\n".join(slots(item).values())


def test_without_gpg_it_says_so_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with refused(MissingInput, "GnuPG"):
        read(tmp_path)


def test_gpg_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "store"
    store.mkdir()
    put(store, "a.gpg", b"")
    monkeypatch.setattr(password_store, "_PATIENCE", 0.01)
    monkeypatch.setattr(password_store, "_WAITS", 3)
    fake_gpg(tmp_path, monkeypatch, "exec sleep 1000")
    assert skipped(read(store)) == [("a.gpg", "gpg did not answer in two minutes")]
    fake_gpg(tmp_path, monkeypatch, "exec yes")
    assert skipped(read(store)) == [("a.gpg", "it is larger than 1 MiB when opened")]


def test_what_is_called_off_ends_between_two_entries_and_while_gpg_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    store.mkdir()
    for name in "abc":
        put(store, f"{name}.gpg", b"")
    monkeypatch.setattr(password_store, "_PATIENCE", 0.01)
    fake_gpg(tmp_path, monkeypatch, "exec sleep 1000")
    asked = iter([False, True])
    assert len(list(read_password_store(store, None, lambda: next(asked, True)))) == 1


def test_lines_of_an_entry() -> None:
    text = "s3cret\r\nlogin: ada\r\nURL: https://x\nhttps://y\nCustom Field: v\n  indented: n\n\nempty:\nlast"
    assert slots(parsed("T", text, "T").done()) == {
        "password": "s3cret",
        "username": "ada",
        "url": "https://x",
        "Custom Field": "v",
        "notes": "https://y\n  indented: n\n\nempty:\nlast",
    }
    assert slots(parsed("T", "otpauth://totp/x?secret=A\n", "T").done()) == {"otp": "otpauth://totp/x?secret=A"}
    assert slots(parsed("T", "", "T").done()) == {}


@given(st.text(max_size=200))
def test_no_line_of_any_entry_is_lost(text: str) -> None:
    try:
        item = parsed("T", text, "T").done()
    except PkError:
        return
    kept = "".join(f"{slot.name}{slot.label}{slot.value.reveal().decode()}" for slot in item.slots)
    for line in text.split("\n"):
        value = line.partition(":")[2].strip() or line.strip()
        assert value in kept or value.strip("\r\n") in kept


def test_a_store_is_known_by_its_id_file(tmp_path: Path) -> None:
    assert not is_password_store(tmp_path)
    put(tmp_path, ".gpg-id", "x")
    assert is_password_store(tmp_path)
