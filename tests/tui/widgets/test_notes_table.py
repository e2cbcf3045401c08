from __future__ import annotations

from dataclasses import replace

import pytest
from tui.test_notes import BOB, NOW, live, note, share

from pk_tui.tui.glyphs import ASCII, UNICODE
from pk_tui.tui.notes import Box, NoteRow, rows_in
from pk_tui.tui.widgets.notes_table import heading, mark, note_line


def row(box: Box = Box.INBOX, **about: object) -> NoteRow:
    return replace(rows_in(live(inbox=[note(message="hello there")]), Box.INBOX, NOW)[0], box=box, **about)


@pytest.mark.parametrize("box", list(Box))
@pytest.mark.parametrize("width", [44, 70, 110])
def test_the_columns_stand_under_their_names(box: Box, width: int) -> None:
    head, line = heading(box, width).plain, "  " + note_line(row(box), width, UNICODE).plain

    for name, text in (("Age", "2m"), ("Kind", "Message"), ("To" if box is Box.OUTBOX else "From", "bob")):
        assert head.index(name) == line.index(text)


def test_what_is_new_waits_or_asks_is_said_in_a_word_beside_its_sign() -> None:
    assert mark(row(), UNICODE) == "• new"
    assert mark(row(), ASCII) == "* new"
    assert mark(row(note=note(read=True)), UNICODE) == ""
    assert mark(row(Box.OUTBOX), UNICODE) == "waits"
    assert mark(row(Box.REQUESTS), UNICODE) == "• asks"


def test_a_wide_name_moves_no_column() -> None:
    plain = note_line(row(), 70, UNICODE)
    wide = note_line(row(who="長い名前の人がここにいる"), 70, UNICODE)
    at = plain.plain.index("hello")

    assert wide[: wide.plain.index("hello")].cell_length == plain[:at].cell_length


def test_a_share_names_its_vault_on_the_line() -> None:
    line = note_line(rows_in(live(inbox=[share("[/x]")]), Box.INBOX, NOW)[0], 110, UNICODE)

    assert "vault [/x] (clone, pull)" in line.plain
    assert BOB.short not in line.plain
