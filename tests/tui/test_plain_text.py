from __future__ import annotations

import pytest
from textual.document._document import Document

from pk_tui.errors import Misuse
from pk_tui.tui.plain_text import MAX_TEXT, as_text, line_fault, text_fault


@pytest.mark.parametrize("value", [b"", b"hunter2", "pässwörd\n\tzwei\r\n".encode(), b"x" * MAX_TEXT, "🔑".encode()])
def test_ordinary_text_is_text(value: bytes) -> None:
    assert text_fault(value) is None
    assert as_text(value) == value.decode()


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (b"x" * (MAX_TEXT + 1), "more than 1.0 MiB"),
        (b"\xff\xfe", "not text"),
        (b"caf\xe9", "not text"),
        ("\ud800".encode("utf-8", "surrogatepass"), "not text"),
        (b"a\0b", "control characters"),
        (b"\x1b]52;c;aGk=\x07", "control characters"),
        (b"\x7f", "control characters"),
        ("\x9b31m".encode(), "control characters"),
    ],
)
def test_bytes_that_are_no_text_are_refused_without_being_quoted(value: bytes, says: str) -> None:
    fault = text_fault(value)
    assert fault is not None
    assert says in fault
    assert "aGk" not in fault
    with pytest.raises(Misuse):
        as_text(value)


@pytest.mark.parametrize("text", ["", "one", "a\nb\n", "a\r\nb\r\n", "a\rb", "\n", "tab\there"])
def test_text_with_one_kind_of_line_end_comes_back_exactly_from_the_editor(text: str) -> None:
    assert line_fault(text) is None
    assert Document(text).text == text


@pytest.mark.parametrize("text", ["a\nb\r\nc", "a\rb\nc", "a\r\nb\rc", "a\x0cb", "a\u2028b", "a\x85b\n", "a\x1cb"])
def test_text_that_the_editor_would_change_is_told_apart(text: str) -> None:
    assert Document(text).text != text
    assert line_fault(text) is not None
