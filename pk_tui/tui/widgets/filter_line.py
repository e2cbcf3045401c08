"""The line at the foot of a list that narrows it as one types. It stays while it narrows, so that nobody wonders what is gone."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class FilterLine(Input):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "Clear", id="filter.clear", tooltip="Show everything again"),
        Binding(
            "enter,down,up",
            "keep",
            "To the list",
            key_display="enter",
            id="filter.keep",
            tooltip="Back to what is left",
        ),
    ]
    DEFAULT_CSS = """
    FilterLine, FilterLine:focus { dock: bottom; height: 1; border: none; padding: 0 1; background: $panel; }
    """

    class Narrowed(Message):
        """Leave what matches `text`."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """Back to the list."""

    def __init__(self) -> None:
        super().__init__(placeholder="filter by name", id="filter", compact=True, select_on_focus=False, max_length=200)
        self.display = False

    @property
    def words(self) -> str:
        return self.value

    def open(self) -> None:
        self.display = True
        self.focus()

    def put(self, text: str) -> None:
        """What was filtered by before, without focus."""
        self.value = text
        self.display = bool(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Narrowed(self.value))

    def on_blur(self) -> None:
        self.display = bool(self.value)

    def action_keep(self) -> None:
        self.post_message(self.Closed())

    def action_clear(self) -> None:
        self.value = ""
        self.post_message(self.Closed())
