"""What all dialogs have in common: a frame, a title, a line for what is wrong, and keys that cannot confirm by accident."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from pk_tui.errors import PkError
from pk_tui.tui.remedies import reason
from pk_tui.tui.text import shown

Answer = TypeVar("Answer")

CONFIRMING = frozenset({"enter", "space", "y", "ctrl+s"})
"""Keys that can say yes. The one that opened a dialog says nothing in it until another key was pressed: it may repeat."""


class Dialog(ModalScreen[Answer | None]):
    """A question. Fill in `body`; answer with `dismiss(answer)`; `esc` calls it off.

    Buttons: `buttons` gives (id, label, is_dangerous) from left to right; pressing one calls `chosen(id)`. Focus starts on
    what `first` names, and on Cancel if it names nothing.
    """

    AUTO_FOCUS = ""
    ALLOW_SELECT = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]  # noqa: RUF012 - so declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "call_off", "Cancel", id="dialog.cancel", tooltip="Close without doing anything"),
        Binding("left", "app.focus_previous", show=False, id="dialog.previous"),
        Binding("right", "app.focus_next", show=False, id="dialog.next"),
    ]
    heading: Content = Content("")
    first: str | None = None

    def __init__(self) -> None:
        super().__init__()
        self._opened_by: str | None = None
        self._opened_at = 0.0
        self._was_drawn = False

    @property
    def is_ready(self) -> bool:
        """Whether keys find what they are for: until then they wait."""
        return self.is_mounted and (self.focused is not None or self._was_drawn)

    # What a dialog fills in

    def body(self) -> ComposeResult:
        yield from ()

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Cancel  esc", False)]

    def chosen(self, button: str) -> None:
        """A button other than Cancel was pressed."""

    # The frame

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as frame:
            frame.border_title = self.heading
            with VerticalScroll(id="body", can_focus=False):
                yield from self.body()
            yield Static("", id="wrong", markup=False)
            with Horizontal(id="buttons"):
                for name, label, dangerous in self.buttons():
                    yield Button(label, id=name, variant="error" if dangerous else "default", compact=True)

    def on_mount(self) -> None:
        self._opened_by = getattr(self.app, "last_key", None)
        self._opened_at = getattr(self.app, "key_changed_at", 0.0)
        focus = self.query(f"#{self.first or 'cancel'}")
        if focus:
            focus.first().focus()
        self.call_after_refresh(self._drawn)

    def _drawn(self) -> None:
        self._was_drawn = True

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and event.key == self._opened_by and event.key in CONFIRMING:
            # A field takes letters before they come by here, so the app is asked whether there was another key.
            changed: float = getattr(self.app, "key_changed_at", 0.0)
            if changed == self._opened_at or changed > event.time:
                event.stop()
                event.prevent_default()
                return
        await super().on_event(event)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "cancel":
            self.action_call_off()
        else:
            self.chosen(event.button.id or "")

    def action_call_off(self) -> None:
        self.dismiss(None)

    def wrong(self, text: Content | str) -> None:
        """Say in the dialog what is wrong with what was entered; "" clears it."""
        line = self.query_one("#wrong", Static)
        line.update(Content(text) if isinstance(text, str) else text)
        if text and not line.display:  # and it keeps its place: a form does not move with every letter
            line.display = True

    def do(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Carry out something while the dialog stays; a PkError is said in it."""

        async def guarded() -> None:
            try:
                await work
            except PkError as error:
                self.wrong(shown(reason(error), 500))

        self.run_worker(guarded(), name=name, group=name, description=name, exclusive=True, exit_on_error=True)
