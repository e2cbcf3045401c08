"""One line to type: a name, a petname, a place. A given rule reads it at every letter; what is wrong is said below it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from pk_tui.errors import PkError
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.remedies import reason
from pk_tui.tui.text import shown

Read = TypeVar("Read")


class AskTextDialog(Dialog[Read]):
    """Answers with what `rule` made of the line. `carry_out`, if given, is done first, while the dialog stays: what it raises
    is said in the dialog, and nothing of what was typed is lost. `note` says what the line would do, while it is right."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "confirm", "Save", show=False, id="ask.confirm", tooltip="Take what was typed"),
    ]
    first = "line"

    def __init__(
        self,
        heading: Content,
        label: Content,
        rule: Callable[[str], Read],
        *,
        value: str = "",
        yes: str = "Save",
        carry_out: Callable[[Read], Awaitable[None]] | None = None,
        note: Callable[[Read], Content] | None = None,
    ) -> None:
        super().__init__()
        self.heading = heading
        self._label = label
        self._rule = rule
        self._value = value
        self._yes = yes
        self._carry_out = carry_out
        self._note = note
        self._working = False

    def body(self) -> ComposeResult:
        yield Static(self._label, markup=False)
        yield Input(self._value, id="line", compact=True, select_on_focus=False, max_length=2000)
        if self._note is not None:
            yield Static("", id="note", markup=False)

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Cancel  esc", False), ("yes", f"{self._yes}  enter", False)]

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value:
            self._reading(event.value)
        else:
            self._say("", None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_confirm()

    def chosen(self, button: str) -> None:
        self.action_confirm()

    def action_confirm(self) -> None:
        if self._working:  # enter twice is done once
            return
        read = self._reading(self.query_one("#line", Input).value)
        if read is not None:
            self._working = True
            self.do(self._finish(read), "ask text")

    async def _finish(self, read: Read) -> None:
        try:
            if self._carry_out is not None:
                await self._carry_out(read)
        finally:
            self._working = False
        self.dismiss(read)

    def _reading(self, line: str) -> Read | None:
        """What the line says, or None after saying what is wrong with it."""
        try:
            read = self._rule(line)
        except PkError as error:
            self._say(shown(reason(error), 300), None)
            return None
        self._say("", read)
        return read

    def _say(self, fault: Content | str, read: Read | None) -> None:
        self.wrong(fault)
        if self._note is not None:
            self.query_one("#note", Static).update(Content("") if read is None else self._note(read))
