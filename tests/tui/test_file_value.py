from __future__ import annotations

import os
from pathlib import Path

import pytest

from pk_tui.errors import MissingInput, Misuse
from pk_tui.tui.file_value import MAX_FILE, read_file


def test_a_file_is_read_to_the_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "key").write_bytes(b"\xff\x00\r\n")
    assert read_file(" ~/key ").reveal() == b"\xff\x00\r\n"


def test_what_is_too_long_for_a_slot_is_refused_and_names_the_way(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(MAX_FILE + 1))
    with pytest.raises(Misuse, match=r"700\.0 KiB.*secrets write"):
        read_file(str(tmp_path / "large"))
    (tmp_path / "most").write_bytes(bytes(MAX_FILE))
    assert len(read_file(str(tmp_path / "most"))) == MAX_FILE


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Misuse, match="not a file"):
        read_file(str(tmp_path / "pipe"))
    with pytest.raises((Misuse, MissingInput)):
        read_file(str(tmp_path))
    with pytest.raises(MissingInput, match="cannot be read"):
        read_file(str(tmp_path / "gone"))
    with pytest.raises(Misuse, match="NUL"):
        read_file("a\0b")
