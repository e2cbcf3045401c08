"""The tabs over a list of notifications: which of the three lists shows, and how much is in each."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from pk_tui.tui.notes import BOXES, Box

_KEYS = {Box.INBOX: "i", Box.OUTBOX: "o", Box.REQUESTS: "R"}


def tab_texts(shown: Box, counts: dict[Box, int]) -> list[tuple[Box, str]]:
    """`[i Inbox 2]` for the list that shows, ` o Outbox ` for the others; an empty one has no number."""
    texts = []
    for box in BOXES:
        count = f" {counts[box]}" if counts.get(box) else ""
        text = f"{_KEYS[box]} {box.value}{count}"
        texts.append((box, f"[{text}]" if box is shown else f" {text} "))
    return texts


class BoxTabs(Widget):
    ALLOW_SELECT = False
    DEFAULT_CSS = "BoxTabs { height: 1; }"
    facts: reactive[tuple[Box, tuple[int, ...]]] = reactive((Box.INBOX, (0, 0, 0)))
    """The list that shows, and how much is in each."""

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, box: Box) -> None:
            super().__init__()
            self.box = box

    def _texts(self) -> list[tuple[Box, str]]:
        shown, counts = self.facts
        return tab_texts(shown, dict(zip(BOXES, counts, strict=True)))

    def render(self) -> Content:
        shown = self.facts[0]
        return Content.assemble(
            *(Content.styled(text, "bold reverse" if box is shown else "") for box, text in self._texts())
        )

    def on_click(self, event: events.Click) -> None:
        column = 0
        for box, text in self._texts():
            if column <= event.x < column + len(text):
                self.post_message(self.Chosen(box))
            column += len(text)
