"""A list of one-line rows, of which only those that show are drawn. What a row looks like is said by who subclasses it.

Rows have keys. New rows are shown with the cursor on the same key, in the same line of the screen: what changes elsewhere
never moves what one looks at. The cursor has a sign beside its colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, Protocol, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual


class Keyed(Protocol):
    @property
    def key(self) -> str: ...


Row = TypeVar("Row", bound=Keyed)

GUTTER = 2
"""Columns for the cursor's sign."""


class LineList(ScrollView, Generic[Row], can_focus=True):
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"line-list--cursor", "line-list--cursor-blurred"}
    DEFAULT_CSS = """
    LineList { overflow-x: hidden; scrollbar-size-vertical: 1; }
    LineList > .line-list--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    LineList > .line-list--cursor-blurred { background: $block-cursor-blurred-background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="list.up", tooltip="One row up"),
        Binding("down,j", "move(1)", "Down", show=False, id="list.down", tooltip="One row down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="list.page_up", tooltip="One page up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="list.page_down", tooltip="One page down"),
        Binding("ctrl+u", "half(-1)", "Half a page up", show=False, id="list.half_up", tooltip="Half a page up"),
        Binding("ctrl+d", "half(1)", "Half a page down", show=False, id="list.half_down", tooltip="Half a page down"),
        Binding("home,g", "go(0)", "First", show=False, id="list.first", tooltip="To the first row"),
        Binding("end,G", "go(-1)", "Last", show=False, id="list.last", tooltip="To the last row"),
        Binding("enter", "choose", "Open", show=False, id="list.choose", tooltip="Open the row"),
    ]

    class Moved(Message):
        """The cursor is on another row, or its row looks different now. Which, `current` of the sender says."""

    class Chosen(Message):
        """Enter on a row, or a click on the row with the cursor."""

    def __init__(self, name: str | None = None, *, empty: Content | None = None) -> None:
        super().__init__(id=name)
        self.rows: Sequence[Row] = ()
        self.at = 0
        """Where the cursor is; 0 if there are no rows."""
        self._empty = empty or Content("")

    def draw(self, row: Row, width: int) -> Content:
        """The row as one line of at most `width` columns."""
        raise NotImplementedError

    @property
    def current(self) -> Row | None:
        return self.rows[self.at] if self.rows else None

    @property
    def empty(self) -> Content:
        """What is shown while there are no rows."""
        return self._empty

    @empty.setter
    def empty(self, text: Content) -> None:
        self._empty = text
        if not self.rows:
            self.refresh()

    def show_rows(self, rows: Sequence[Row], cursor: str | None = None) -> None:
        """Show these. The cursor goes to the key given, else stays on its key, else on its place in the list."""
        before = self.current
        if list(rows) == list(self.rows) and cursor is None:
            return
        line = self.at - self.scroll_offset.y
        wanted = cursor if cursor is not None else before.key if before is not None else None
        found = next((at for at, row in enumerate(rows) if row.key == wanted), None)
        self.rows = rows
        self.at = found if found is not None else max(0, min(self.at, len(rows) - 1))
        self.virtual_size = Size(0, len(rows))
        if cursor is None and before is not None:
            self.scroll_to(y=max(0, self.at - line), animate=False, force=True)
        self._reveal()
        self.refresh()
        if self.current != before:
            self.post_message(self.Moved())

    def put_cursor(self, key: str) -> bool:
        """False if no row has the key."""
        found = next((at for at, row in enumerate(self.rows) if row.key == key), None)
        if found is not None:
            self._go(found)
        return found is not None

    def _go(self, at: int) -> None:
        at = max(0, min(at, len(self.rows) - 1))
        if at != self.at:
            self.at = at
            self._reveal()
            self.refresh()
            self.post_message(self.Moved())

    def _reveal(self) -> None:
        if self.rows and self.size.height:
            self.scroll_to_region(Region(0, self.at, 1, 1), animate=False, force=True)

    def on_resize(self) -> None:
        self._reveal()

    def action_move(self, by: int) -> None:
        self._go(self.at + by)

    def action_page(self, by: int) -> None:
        self._go(self.at + by * max(1, self.size.height - 1))

    def action_half(self, by: int) -> None:
        self._go(self.at + by * max(1, self.size.height // 2))

    def action_go(self, at: int) -> None:
        self._go(at if at >= 0 else len(self.rows) - 1)

    def action_choose(self) -> None:
        if self.rows:
            self.post_message(self.Chosen())

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or not self.rows:
            return
        at = offset.y + self.scroll_offset.y
        if at == self.at:
            self.action_choose()
        elif at < len(self.rows):
            self._go(at)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, at = self.scrollable_content_region.width, y + self.scroll_offset.y
        plain = self.visual_style
        if not self.rows:
            strips = Visual.to_strips(self, self._empty, width, None, plain) if width else []
            return strips[y].extend_cell_length(width, plain.rich_style) if y < len(strips) else self._blank(width)
        if at >= len(self.rows):
            return self._blank(width)
        text = self.draw(self.rows[at], width - GUTTER).truncate(max(0, width - GUTTER), ellipsis=True)
        if at == self.at:
            style = self.get_visual_style("line-list--cursor" if self._is_active else "line-list--cursor-blurred")
            # Colours of its own would not be read on the cursor's; what they say stands there in words too.
            whole = Content.assemble("> ", text.without_spans if self._is_active else text)
        else:
            style, whole = plain, Content.assemble("  ", text)
        strips = Visual.to_strips(self, whole, width, 1, style)
        return (strips[0] if strips else Strip([])).adjust_cell_length(width, style.rich_style)

    @property
    def _is_active(self) -> bool:
        return self.has_focus

    def _blank(self, width: int) -> Strip:
        return Strip.blank(width, self.visual_style.rich_style)
