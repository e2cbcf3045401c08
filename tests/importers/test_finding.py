from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from importers.foreign import put, refused

from pk_tui.errors import Malformed, MissingInput, Misuse
from pk_tui.importers import finding
from pk_tui.importers.finding import MAX_FILE, as_text, count_in, read_file, text_fault

HERE = Path("/x/file")


def test_a_file_is_read_whole_also_by_a_link_that_was_named(tmp_path: Path) -> None:
    put(tmp_path, "f", b"content")
    (tmp_path / "link").symlink_to("f")
    assert read_file(tmp_path / "f") == read_file(tmp_path / "link") == b"content"


def test_a_file_of_one_gigabyte_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = put(tmp_path, "huge", b"")
    os.truncate(path, 1024**3)  # a hole: one line of zeros
    with refused(Misuse, "1024 MiB", "huge", "Nothing was written"):
        read_file(path)
    os.truncate(path, MAX_FILE + 1)
    with refused(Misuse, "huge"):
        read_file(path)


def test_what_is_no_file_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("pipe", "missing", ".", "loop"):
        with refused(MissingInput, "cannot be read"):
            read_file(tmp_path / name)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("ü".encode("utf-16"), ["UTF-16", "first line"]),
        (b"\xfe\xff\0a", ["UTF-16", "first line"]),
        (b"a\nb\n\xff", ["not UTF-8", "line 3"]),
        ("a\nü".encode("latin-1"), ["not UTF-8", "line 2"]),
        (b"a\n\xed\xa0\x80", ["not UTF-8", "line 2"]),
        (b"a\nb\0", ["zero byte", "line 2"]),
    ],
)
def test_text_that_is_not_utf_8_is_refused_with_the_line(raw: bytes, words: list[str]) -> None:
    with refused(Malformed, "/x/file", *words):
        as_text(raw, HERE)


def test_a_byte_order_mark_is_left_out() -> None:
    assert as_text("\ufeffü".encode(), HERE) == "ü"


def test_values_that_cannot_be_stored_are_told() -> None:
    assert text_fault("ü" * 1000) is None
    assert "surrogate" in str(text_fault("a\ud800"))
    assert "zero byte" in str(text_fault("a\0"))
    assert "1 MiB" in str(text_fault("a" * (1024 * 1024 + 1)))


@given(st.binary(max_size=60).map(lambda raw: bytes(b"<!A"[byte % 3] for byte in raw)), st.integers(1, 9))
def test_counting_piece_by_piece_is_counting(raw: bytes, piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finding, "_PIECE", piece)
        assert count_in(raw, b"<", b"A") == raw.count(b"<") + raw.count(b"A")
        assert count_in(raw, b"<!A") == raw.count(b"<!A")
