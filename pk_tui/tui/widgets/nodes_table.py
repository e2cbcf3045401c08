"""The table of nodes: which columns there are for a width, what stands in them, and drawing only the lines that changed.

Which rows there are and in what order is decided elsewhere (`node_rows`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget

from pk_tui.clock import Instant
from pk_tui.safe_text import safe_text
from pk_tui.terms import NodeId
from pk_tui.tui.glyphs import Glyphs, sparkline
from pk_tui.tui.live import RTT_KEPT
from pk_tui.tui.node_rows import SORTS, NodeRow, Sorting, State
from pk_tui.tui.node_words import sign_of, style_of
from pk_tui.tui.text import ago, milliseconds, size
from pk_tui.tui.widgets.line_list import GUTTER, LineList

WIDE = 100
"""Cells from which all columns fit."""
NARROW = 66
"""Cells below which even the address has no room; the strip tells it."""
ROOMY = 104
"""Cells from which the longest IPv4 address shows with its port."""
NAME_LONGEST = 40

Cell = tuple[str, str]
"""Text, safe to show, and its style."""


@dataclass(frozen=True, slots=True)
class Look:
    """What drawing depends on besides the row. `spark`: width of the sparkline."""

    glyphs: Glyphs
    now: Instant
    spark: int


@dataclass(frozen=True, slots=True)
class Column:
    """`width` in cells with the gap after it; `sort`: what a click on its head sorts by."""

    head: str
    width: int
    draw: Callable[[NodeRow, Look], Cell]
    sort: str = ""


@dataclass(frozen=True, slots=True)
class NodeLine:
    """One line as it is shown. Two that are equal look the same, so nothing has to be drawn."""

    node_id: NodeId
    cells: tuple[Cell, ...]

    @property
    def key(self) -> str:
        return str(self.node_id)


def _state(row: NodeRow, look: Look) -> Cell:
    return f"{sign_of(row.state, look.glyphs)} {row.state}", style_of(row.state)


def _name(row: NodeRow, look: Look) -> Cell:
    return (
        (safe_text(row.name, 60), "bold" if row.is_connected else "") if row.name else (f"{row.node_id.short}…", "dim")
    )


def _address(row: NodeRow, look: Look) -> Cell:
    return ("-" if row.address is None else safe_text(str(row.address), 60)), "dim"


def _rtt(row: NodeRow, look: Look) -> Cell:
    return f"{milliseconds(row.rtt):>7}", ""


def _spark(row: NodeRow, look: Look) -> Cell:
    return (sparkline(list(row.trips), look.spark, look.glyphs) if row.trips else ""), "$text-accent"


def _seen(row: NodeRow, look: Look) -> Cell:
    return "now" if row.is_connected else ago(row.seen, look.now), "dim"


def _traffic(row: NodeRow, look: Look) -> Cell:
    link = row.connection
    if link is None or link.state != State.CONNECTED:
        return "-", "dim"
    return f"{_short(link.bytes_in)}/{_short(link.bytes_out)}", "dim"


def _short(count: int) -> str:
    """Bytes in a narrow column: `512B`, `1.4M`."""
    return size(count).replace(" ", "").replace("iB", "")


def _shared(row: NodeRow, look: Look) -> Cell:
    return (f"{row.shared:>3}" if row.shared else f"{'-':>3}"), "" if row.shared else "dim"


def _trust(row: NodeRow, look: Look) -> Cell:
    return ("yes", "") if row.trusted else ("NO", "bold $text-warning")


def columns_for(width: int) -> tuple[Column, ...]:
    """The columns for a table of so many cells. The name takes what is left, the sparkline what the name does not need."""
    wide = width >= WIDE
    address = 22 if width >= ROOMY else 18 if width >= NARROW else 0
    rest = width - (13 + address + 9 + 6) - (13 + 7 + 6 if wide else 0)
    spark = max(14, rest * 2 // 5) if wide else 12
    name = max(8, min(NAME_LONGEST, rest - spark))
    spark = max(spark, min(RTT_KEPT + 2, rest - name))
    some = (
        Column("State", 13, _state, "state"),
        Column("Name", name, _name, "name"),
        *([Column("Address", address, _address)] if address else []),
        Column("    RTT", 9, _rtt, "rtt"),
        Column("Round trips", spark, _spark),
        Column("Seen", 6, _seen, "seen"),
    )
    if not wide:
        return some
    return (*some, Column("In/out", 13, _traffic), Column("Shared", 7, _shared), Column("Trust", 6, _trust))


def line_of(row: NodeRow, columns: Sequence[Column], glyphs: Glyphs, now: Instant) -> NodeLine:
    spark = next(one.width for one in columns if one.draw is _spark) - 2
    look = Look(glyphs, now, spark)
    return NodeLine(row.node_id, tuple(column.draw(row, look) for column in columns))


def fitted(text: str, width: int, style: str = "") -> Content:
    """A text in a column of so many cells, with a gap after it."""
    return Content.styled(text, style).truncate(width - 1, ellipsis=True).truncate(width, pad=True)


class NodesTable(LineList[NodeLine]):
    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__("nodes-table")
        self._glyphs = glyphs
        self._subjects: Sequence[NodeRow] = ()
        self._now: Instant = 0
        self.columns = columns_for(0)
        self.drawn = 0
        """Lines that had to be drawn so far."""

    @property
    def node(self) -> NodeId | None:
        """Whom the cursor is on."""
        return self.current.node_id if self.current is not None else None

    def show_nodes(self, rows: Sequence[NodeRow], now: Instant, cursor: NodeId | None = None) -> None:
        """Show these, in this order. The cursor stays on its node, or goes to the one given."""
        self._subjects, self._now = rows, now
        lines = [line_of(row, self.columns, self._glyphs, now) for row in rows]
        if cursor is None and [one.node_id for one in lines] == [one.node_id for one in self.rows]:
            self._replace(lines)
        else:
            self.show_rows(lines, None if cursor is None else str(cursor))

    def _replace(self, lines: Sequence[NodeLine]) -> None:
        """Same nodes, same order: only what reads differently is drawn."""
        changed = [at for at, (old, new) in enumerate(zip(self.rows, lines, strict=True)) if old != new]
        if not changed:
            return
        self.rows = lines
        top = self.scroll_offset.y
        for at in changed:
            if top <= at < top + self.size.height:
                self.refresh(Region(0, at - top, self.size.width, 1))
        if self.at in changed:
            self.post_message(self.Moved())

    def on_resize(self) -> None:
        columns = columns_for(self.size.width - GUTTER)
        if columns != self.columns:
            self.columns = columns
            self.show_nodes(self._subjects, self._now)
            self.refresh()  # the same words may stand in other places

    def draw(self, row: NodeLine, width: int) -> Content:
        self.drawn += 1
        return Content.assemble(
            *(fitted(text, column.width, style) for (text, style), column in zip(row.cells, self.columns, strict=False))
        )


class NodesHead(Widget):
    """The names of the columns; the one sorted by says so, and a click sorts by another."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "NodesHead { height: 1; }"

    class Clicked(Message):
        """Sort by this."""

        def __init__(self, by: str) -> None:
            super().__init__()
            self.by = by

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._ascii = glyphs.up.isascii()
        self._sorting = Sorting()

    def show(self, sorting: Sorting) -> None:
        if sorting != self._sorting:
            self._sorting = sorting
            self.refresh()

    def render(self) -> Content:
        parts: list[Content | str] = [" " * GUTTER]
        for column in columns_for(self.size.width - GUTTER):
            is_sorted = column.sort == self._sorting.by
            sign = ("^v" if self._ascii else "▴▾")[self._sorting.reverse] if is_sorted else ""
            parts.append(fitted(f"{column.head}{sign}", column.width, "bold" if is_sorted else "dim"))
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        at = GUTTER
        for column in columns_for(self.size.width - GUTTER):
            if at <= event.x < at + column.width and column.sort in SORTS:
                self.post_message(self.Clicked(column.sort))
            at += column.width
