from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.lines import END, WINDOW, Lines, LineWriter

texts = st.lists(st.text("abÄ€𝄞\n\ud800 ", max_size=6), max_size=8)


@given(texts)
def test_texts_keep_their_place(given_texts: list[str]) -> None:
    lines = Lines.of(given_texts)
    assert [lines[number] for number in range(len(lines))] == given_texts
    assert [lines.number_at(lines.starts[number]) for number in range(len(lines))] == list(range(len(lines)))
    assert [lines.size(number) for number in range(len(lines))] == [
        len(text.encode("utf-8", "surrogatepass")) for text in given_texts
    ]
    assert all(lines.joined[start - 1 : start] == END for start in lines.starts)


@given(st.lists(texts, max_size=5))
def test_what_is_written_in_portions_is_the_same_as_what_is_written_at_once(portions: list[list[str]]) -> None:
    writer = LineWriter()
    for portion in portions:
        writer.extend(portion)
    whole = Lines.of(text for portion in portions for text in portion)
    assert (writer.lines().joined, writer.lines().starts) == (whole.joined, whole.starts)


@pytest.mark.parametrize("sizes", [[10] * 100_000, [WINDOW * 2, 1, WINDOW * 2], [WINDOW - 2, 1, 1], []])
def test_windows_cover_every_line_once_and_cut_none(sizes: list[int]) -> None:
    lines = Lines.of("x" * size for size in sizes)
    windows = list(lines.windows())
    assert sum(lines.joined.count(END, *window) for window in windows) == len(sizes)
    assert all(lines.joined[begin] == lines.joined[end] == ord(END) for begin, end in windows)
    assert all(end - begin <= max(WINDOW, max(sizes, default=0) + 1) for begin, end in windows)
    assert [end for _, end in windows[:-1]] == [begin for begin, _ in windows[1:]]
