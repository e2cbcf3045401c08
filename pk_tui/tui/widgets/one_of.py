"""One of a few, in one line, the chosen one in brackets; left and right choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

MORE = "…"
"""In place of those there is no room for."""


def _needed(widths: Sequence[int], first: int, end: int) -> int:
    return sum(widths[first:end]) + len(MORE) * ((first > 0) + (end < len(widths)))


class OneOf(Widget, can_focus=True):
    ALLOW_SELECT = False
    DEFAULT_CSS = """
    OneOf { height: 1; }
    OneOf:focus { background: $foreground 10%; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", show=False, id="one_of.previous", tooltip="The one before"),
        Binding("right,l", "step(1)", show=False, id="one_of.next", tooltip="The one after"),
    ]

    class Changed(Message):
        """Another one is chosen; `at` of the sender says which."""

    def __init__(self, names: Sequence[str], at: int, *, name: str | None = None) -> None:
        """`names` are our own words."""
        super().__init__(id=name)
        self._names = names
        self.at = at

    def render(self) -> Content:
        shown = self._shown()
        parts = [
            Content.styled(f"[{self._names[at]}]", "bold reverse") if at == self.at else Content(f" {self._names[at]} ")
            for at in shown
        ]
        before = MORE if shown.start else ""
        after = MORE if shown.stop < len(self._names) else ""
        return Content.assemble("> " if self.has_focus else "  ", before, *parts, after)

    def _shown(self) -> range:
        """Those there is room for, the chosen one among them."""
        room = (self.size.width or 1000) - 2
        widths = [len(name) + 2 for name in self._names]
        first, end = 0, len(widths)
        while end > self.at + 1 and _needed(widths, first, end) > room:
            end -= 1
        while first < self.at and _needed(widths, first, end) > room:
            first += 1
        return range(first, end)

    def action_step(self, by: int) -> None:
        self._choose(max(0, min(self.at + by, len(self._names) - 1)))

    def _choose(self, at: int) -> None:
        if at != self.at:
            self.at = at
            self.refresh()
            self.post_message(self.Changed())

    def on_click(self, event: events.Click) -> None:
        shown = self._shown()
        column = 2 + len(MORE) * (shown.start > 0)
        for at in shown:
            name = self._names[at]
            if column <= event.x < column + len(name) + 2:
                self._choose(at)
            column += len(name) + 2

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()
