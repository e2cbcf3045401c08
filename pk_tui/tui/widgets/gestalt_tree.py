"""The tree of gestalts: draws its rows, and folds and unfolds branches. Which rows there are is decided in `gestalt_rows`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from pk_tui.tui.gestalt_rows import Branch, Kind, Mark, showing
from pk_tui.tui.glyphs import Glyphs
from pk_tui.tui.link_words import mark_of_party, mark_words
from pk_tui.tui.node_words import sign_of, style_of
from pk_tui.tui.text import shown
from pk_tui.tui.widgets.line_list import LineList

INDENT = 2
FACTS_AT = 0.55
"""Where in the width the facts beside a name begin, so that they stand below one another."""


def name_width(width: int) -> int:
    return max(12, min(30, int(width * FACTS_AT)))


def drawn(row: Branch, width: int, glyphs: Glyphs, is_folded: bool) -> Content:
    """Name on the left, in a column; beside it what matters most, sign and word."""
    icons = ("v ", "> ") if glyphs.up.isascii() else ("▾ ", "▸ ")
    icon = icons[is_folded] if row.is_branch else " " * INDENT
    sign, name, facts = _parts(row, glyphs)
    room = name_width(width) - row.depth * INDENT - len(icon)
    left = Content.assemble(" " * (row.depth * INDENT), icon, sign, name)
    whole = row.depth * INDENT + len(icon) + room
    return Content.assemble(left.truncate(whole - 1, ellipsis=True).truncate(whole, pad=True), facts)


def _parts(row: Branch, glyphs: Glyphs) -> tuple[Content, Content, Content]:
    none = Content("")
    match row.kind:
        case Kind.ME:
            return none, Content.styled("me", "bold"), _with_mark(Content.styled("self", "dim"), row, glyphs)
        case Kind.GESTALT:
            trust = Content("trusted") if row.trusted else Content.styled("NOT trusted", "bold $text-warning")
            return none, shown(row.name, 60, style="bold"), _with_mark(trust, row, glyphs)
        case Kind.NODE if row.state is None:
            return none, Content(_short(row)), _with_mark(Content.styled("this node", "dim"), row, glyphs)
        case Kind.NODE:
            assert row.state is not None
            state = Content.styled(f"{sign_of(row.state, glyphs)} {row.state}", style_of(row.state))
            name = Content(_short(row)) if row.is_alone or not row.name else shown(row.name, 60)
            if row.mark is None:
                return none, name, state
            sign = Content.styled(f"{_mark_sign(row.mark, glyphs)} ", "bold")
            return none, name, Content.assemble(sign, mark_words(row.mark, row.gains), "  ", state)
        case Kind.SHARED:
            return (
                Content(f"{'->' if glyphs.up.isascii() else '→'} "),
                shown(row.name, 60),
                Content.styled("shared with it", "dim"),
            )
        case Kind.CLONE:
            behind = row.clone.behind if row.clone is not None else None
            late = Content.styled(f", {behind:,} behind", "$text-warning") if behind else none
            facts = Content.assemble(Content.styled("cloned from it", "dim"), late)
            return Content(f"{glyphs.clone} "), shown(row.name, 60), facts
    raise AssertionError(row.kind)


def _with_mark(facts: Content, row: Branch, glyphs: Glyphs) -> Content:
    """Of a gestalt, what is to be said of one of its nodes."""
    if row.mark is None:
        return facts
    sign = Content.styled(f"{_mark_sign(row.mark, glyphs)} ", "bold")
    return Content.assemble(sign, mark_of_party(row.mark), "  ", facts)


def _mark_sign(mark: Mark, glyphs: Glyphs) -> str:
    return glyphs.failed if mark in (Mark.EXPELLED, Mark.REJECTED) else glyphs.warning


def _short(row: Branch) -> str:
    return f"{row.node.short}…" if row.node is not None else ""


class GestaltTree(LineList[Branch]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left,h", "fold", "Fold", show=False, id="list.fold", tooltip="Fold this branch, or go to the one it is in"
        ),
        Binding(
            "right,l", "unfold", "Unfold", show=False, id="list.unfold", tooltip="Unfold this branch, or go into it"
        ),
        Binding("space", "turn", "Fold", show=False, id="list.toggle", tooltip="Fold or unfold this branch"),
    ]

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__("gestalt-tree")
        self._glyphs = glyphs
        self._all: Sequence[Branch] = ()
        self._words = ""
        self.folded: set[str] = set()
        """The keys of the branches that are closed; new ones are open."""

    def show_branches(self, rows: Sequence[Branch], words: str = "") -> None:
        """Show these; cursor and folded branches stay."""
        self._all, self._words = rows, words
        self._reshow()

    def _reshow(self, cursor: str | None = None) -> None:
        before = self.current
        rows = showing(self._all, self.folded, self._words)
        gone = before is not None and all(row.key != before.key for row in rows)
        if cursor is None and gone and before is not None and any(row.key == before.parent for row in rows):
            cursor = before.parent  # what it was on went away: what it lay in is nearest
        self.show_rows(rows, cursor)

    def reveal(self, key: str) -> bool:
        """Open what it lies in and put the cursor there. False if there is no such row."""
        row = next((one for one in self._all if one.key == key), None)
        if row is None:
            return False
        self.folded.discard(row.parent)
        self._reshow(key)
        return self.current is not None and self.current.key == key

    def action_fold(self) -> None:
        row = self.current
        if row is None:
            return
        if row.is_branch and row.key not in self.folded:
            self.folded.add(row.key)
            self._redraw()
        elif row.parent:
            self.put_cursor(row.parent)

    def action_unfold(self) -> None:
        row = self.current
        if row is None or not row.is_branch:
            return
        if row.key in self.folded:
            self.folded.discard(row.key)
            self._redraw()
        elif self.at + 1 < len(self.rows) and self.rows[self.at + 1].parent == row.key:
            self.action_move(1)

    def action_turn(self) -> None:
        row = self.current
        if row is None or not row.is_branch:
            return
        self.folded ^= {row.key}
        self._redraw()

    def _redraw(self) -> None:
        self._reshow()
        self.refresh()

    def draw(self, row: Branch, width: int) -> Content:
        return drawn(row, width, self._glyphs, row.key in self.folded and not self._words)
