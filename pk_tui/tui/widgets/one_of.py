"""One of a few, all in one line, the chosen one in brackets; left and right choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget


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
        cursor = "> " if self.has_focus else "  "
        parts = [
            Content.styled(f"[{name}]", "bold reverse") if at == self.at else Content(f" {name} ")
            for at, name in enumerate(self._names)
        ]
        return Content.assemble(cursor, *parts)

    def action_step(self, by: int) -> None:
        self._choose(max(0, min(self.at + by, len(self._names) - 1)))

    def _choose(self, at: int) -> None:
        if at != self.at:
            self.at = at
            self.refresh()
            self.post_message(self.Changed())

    def on_click(self, event: events.Click) -> None:
        column = 2
        for at, name in enumerate(self._names):
            if column <= event.x < column + len(name) + 2:
                self._choose(at)
            column += len(name) + 2

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()
