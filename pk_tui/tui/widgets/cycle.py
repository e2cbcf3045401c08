"""One of several, of which only the chosen one shows: `‹ Visa ›  2 of 6`. Left and right choose, a letter goes to the next that
begins with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from pk_tui.tui.text import shown

NOTHING = "(none)"


class Cycle(Widget, can_focus=True):
    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Cycle { height: 1; width: 1fr; }
    Cycle:focus { background: $foreground 10%; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", show=False, id="cycle.previous", tooltip="The one before"),
        Binding("right,space", "step(1)", show=False, id="cycle.next", tooltip="The one after"),
    ]

    class Changed(Message):
        """Another one is chosen; `chosen` of the sender says which."""

    def __init__(self, names: Sequence[str], chosen: str = "", *, name: str | None = None) -> None:
        """`names` as they came; one that is chosen and none of them stays a choice. "" stands for nothing."""
        super().__init__(id=name)
        self._names = ["", *names] if chosen in ("", *names) else ["", *names, chosen]
        self._at = self._names.index(chosen)

    @property
    def chosen(self) -> str:
        return self._names[self._at]

    def render(self) -> Content:
        name = shown(self.chosen, 60) if self.chosen else Content.styled(NOTHING, "dim")
        count = f"  {self._at} of {len(self._names) - 1}" if self.chosen else f"  {len(self._names) - 1} choices"
        return Content.assemble("< " if self.has_focus else "  ", name, " >" if self.has_focus else "  ",
                                Content.styled(count, "dim"))  # fmt: skip

    def action_step(self, by: int) -> None:
        self._go((self._at + by) % len(self._names))

    def _go(self, at: int) -> None:
        if at != self._at:
            self._at = at
            self.refresh()
            self.post_message(self.Changed())

    def on_key(self, event: events.Key) -> None:
        letter = (event.character or "").casefold()
        if not letter.isalnum():
            return
        order = [*range(self._at + 1, len(self._names)), *range(self._at)]
        found = next((at for at in order if self._names[at].casefold().startswith(letter)), None)
        if found is not None:
            event.stop()
            self._go(found)

    def on_click(self) -> None:
        self.action_step(1)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()
