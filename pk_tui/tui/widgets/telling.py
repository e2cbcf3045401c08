"""A panel that tells something in lines and can be scrolled: what is known of one thing, or why there is nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from pk_tui.tui.told import Line, is_same, laid_out


class _Lines(Widget):
    ALLOW_SELECT = False
    DEFAULT_CSS = "_Lines { width: 100%; height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self.lines: Sequence[Line] = ()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(laid_out(self.lines, width))

    def render(self) -> Content:
        return Content("\n").join(laid_out(self.lines, self.content_size.width))


class Telling(VerticalScroll, can_focus=True):
    """What it shows is replaced only if it changed, so that reading it is not disturbed."""

    DEFAULT_CSS = "Telling { height: auto; scrollbar-size-vertical: 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", "Down", show=False, id="telling.down", tooltip="Scroll down"),
        Binding("up,k", "scroll_up", "Up", show=False, id="telling.up", tooltip="Scroll up"),
        Binding("home,g", "scroll_home", "Top", show=False, id="telling.top", tooltip="To the beginning"),
        Binding("end,G", "scroll_end", "End", show=False, id="telling.end", tooltip="To the end"),
    ]

    def __init__(self, identity: str, classes: str = "") -> None:
        super().__init__(id=identity, classes=classes)
        self._lines = _Lines()
        self._title = Content("")

    def compose(self) -> ComposeResult:
        yield self._lines

    @property
    def lines(self) -> Sequence[Line]:
        return self._lines.lines

    def tell(self, title: Content, lines: Sequence[Line]) -> None:
        """Show these lines under this title."""
        if not title.is_same(self._title):
            self._title = title
            self.border_title = title
            self.scroll_home(animate=False)
        if not is_same(lines, self._lines.lines):
            self._lines.lines = lines
            self._lines.refresh(layout=True)
