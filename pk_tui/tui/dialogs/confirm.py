"""Yes or no, with what a yes does said before. Focus is on No; yes is `y`, or for what cannot be undone the typed name."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from pk_tui.tui.dialogs.dialog import Dialog


class ConfirmDialog(Dialog[bool]):
    mistyped = "That is not the name. Nothing was done."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "Yes", id="confirm.yes"),
        Binding("n", "call_off", "No", id="confirm.no"),
    ]

    def __init__(
        self, heading: Content, effect: Content, yes: str, *, dangerous: bool = True, typed: str | None = None
    ) -> None:
        """`effect`: what a yes does, and what it cannot take back. `typed`: a name to type before yes is possible."""
        super().__init__()
        self.heading = heading
        self._effect = effect
        self._yes = yes
        self._dangerous = dangerous
        self._typed = typed
        self.first = "cancel" if typed is None else "typed"

    def body(self) -> ComposeResult:
        yield Static(self._effect, markup=False)
        if self._typed is not None:
            yield Static(
                Content.assemble("Type ", Content.styled(self._typed, "bold"), " to confirm:"),
                id="type-it",
                markup=False,
            )
            yield Input(id="typed", compact=True)

    def buttons(self) -> list[tuple[str, str, bool]]:
        key = "" if self._typed is not None else "  y"
        return [("cancel", "Cancel  esc", False), ("yes", f"{self._yes}{key}", self._dangerous)]

    def chosen(self, button: str) -> None:
        self.action_yes()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_yes()

    def action_yes(self) -> None:
        if self._typed is not None and self.query_one("#typed", Input).value != self._typed:
            self.wrong(self.mistyped)
            return
        self.dismiss(True)
