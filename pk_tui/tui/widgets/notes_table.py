"""One list of notifications as a table: new or not, age, kind, from whom, subject."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content

from pk_tui.tui.glyphs import Glyphs
from pk_tui.tui.notes import Box, NoteRow, kind_of, subject
from pk_tui.tui.widgets.line_list import LineList


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths; what is left goes to the subject."""

    mark: int = 6
    age: int = 6
    kind: int = 9
    who: int = 14


def columns(width: int) -> Columns:
    return Columns(who=22) if width >= 90 else Columns() if width >= 50 else Columns(kind=8, who=9)


def _fit(text: str, width: int, style: str = "") -> Content:
    """`text` in a column of this many cells, with a blank after it."""
    return Content.styled(text, style).truncate(width - 1, ellipsis=True).truncate(width, pad=True)


def mark(row: NoteRow, glyphs: Glyphs) -> str:
    """Sign and word: what waits for somebody is never shown by colour alone."""
    if row.box is Box.REQUESTS:
        return f"{glyphs.unread} asks"
    if row.box is Box.OUTBOX:
        return "waits"
    return f"{glyphs.unread} new" if row.is_new else ""


def note_line(row: NoteRow, width: int, glyphs: Glyphs) -> Content:
    at = columns(width)
    weight = "bold" if row.is_new else ""
    return Content.assemble(
        _fit(mark(row, glyphs), at.mark + (row.box is Box.REQUESTS), "bold $text-accent"),
        _fit(row.age, at.age, "dim"),
        _fit(kind_of(row.note), at.kind, weight),
        _fit(row.who, at.who, weight),
        Content.styled(subject(row), weight or "dim"),
    )


def heading(box: Box, width: int) -> Content:
    """The names of the columns, in line with `note_line` behind the cursor's sign."""
    at = columns(width)
    whom = "To" if box is Box.OUTBOX else "From"
    parts = (("", at.mark + (box is Box.REQUESTS)), ("Age", at.age), ("Kind", at.kind), (whom, at.who))
    return Content.assemble("  ", *(_fit(name, wide) for name, wide in parts), "Subject")


class NotesTable(LineList[NoteRow]):
    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__("notes")
        self._glyphs = glyphs

    def draw(self, row: NoteRow, width: int) -> Content:
        return note_line(row, width, self._glyphs)
