"""One thing to switch on or off, drawn so that it shows without colour: `[x] Ping it first`."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget


class Tick(Widget, can_focus=True):
    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Tick { height: 1; }
    Tick:focus { background: $foreground 10%; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "turn", "On or off", show=False, id="tick.turn", tooltip="Switch it on or off"),
    ]

    class Turned(Message):
        """It was switched; `is_on` of the sender says how it stands."""

    def __init__(self, text: str, is_on: bool, identity: str) -> None:
        """`text` is our own words."""
        super().__init__(id=identity)
        self._text = text
        self.is_on = is_on

    def render(self) -> Content:
        return Content(f"[{'x' if self.is_on else ' '}] {self._text}")

    def action_turn(self) -> None:
        self.is_on = not self.is_on
        self.refresh()
        self.post_message(self.Turned())

    def on_click(self) -> None:
        self.action_turn()
