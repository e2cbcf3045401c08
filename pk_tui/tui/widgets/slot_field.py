"""One slot in a form: its label, a field of the shape that its type asks for, and below it what speaks against what is in it.

Values leave it as `Plaintext` alone. What a type means and checking are the agent's; which slots a form has, the form's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from pk_tui.api.items import SlotChange
from pk_tui.errors import Misuse
from pk_tui.plaintext import Plaintext
from pk_tui.tui.file_value import read_file
from pk_tui.tui.item_words import FILE, NOTE
from pk_tui.tui.plain_text import line_fault, text_fault
from pk_tui.tui.text import shown, size
from pk_tui.tui.widgets.cycle import Cycle
from pk_tui.tui.widgets.password_field import LONGEST, PasswordField
from pk_tui.tui.widgets.secret_text import SecretText
from pk_tui.tui.widgets.secret_view import MASK

HINTS = {
    "date": "like 2027-01-31",
    "month": "like 2027-01 or 01/27",
    "url": "like https://example.org",
    "email": "like name@example.org",
    "phone": "like +49 30 1234567",
    "otp": "an otpauth:// address, or a key",
    FILE: "path of a file to read",
}
"""What stands in an empty field; such that nobody takes it for a value where there are no colours."""
LINES = 4
"""Rows of a field of several lines."""
COVERED = "shows while it is written in"


@dataclass(frozen=True, slots=True)
class Blank:
    """What a field is for. `value` is what the item has in the slot, None if it does not have it; `extra`: no template asks for
    it, so it can be renamed and taken out."""

    name: str
    type: str = "text"
    label: str = ""
    required: bool = False
    masked: bool = False
    choices: tuple[str, ...] = ()
    extra: bool = False
    describes: bool = False
    """In a template: what is in it says of a slot what it is like."""
    value: Plaintext | None = None
    warning: str | None = None


class CoveredLine(PasswordField):
    """A hidden line whose dots are as many as its letters only while it is written in."""

    @property
    def _value(self) -> Text:
        shown = super()._value
        if not self.password or self.has_focus or not self.value:
            return shown
        return Text(shown.plain[:1] * MASK, no_wrap=True, overflow="ignore", end="")


class CoveredText(SecretText):
    """Lines that show only while they have focus."""

    def render_line(self, y: int) -> Strip:
        if self.has_focus or not self.text:
            return super().render_line(y)
        mask: str = getattr(getattr(self.app, "glyphs", None), "mask", "*")
        text = f"{mask * MASK}  {COVERED}" if y == 0 else ""
        return Strip([Segment(text, self.rich_style)]).adjust_cell_length(self.size.width, self.rich_style)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()


class SlotField(Vertical):
    DEFAULT_CSS = """
    SlotField { height: auto; }
    SlotField .row { height: auto; }
    SlotField .row > .label { width: 22; height: auto; color: $foreground 70%; }
    SlotField PasswordField, SlotField Input { width: 1fr; background: $panel; }
    SlotField SecretText { height: 4; width: 1fr; border: none; padding: 0; background: $panel; }
    SlotField .note { height: auto; margin-left: 22; color: $text-warning; display: none; }
    SlotField .kept { height: auto; margin-left: 22; color: $foreground 60%; }
    """

    class Edited(Message):
        """Something else is in it now."""

        def __init__(self, field: SlotField) -> None:
            super().__init__()
            self.field = field

    class Complained(Message):
        """Something was not taken; `why` is a sentence of ours."""

        def __init__(self, why: str) -> None:
            super().__init__()
            self.why = why

    def __init__(self, blank: Blank, copy: Callable[[Plaintext, Callable[[], None]], None]) -> None:
        super().__init__()
        self.blank = blank
        self.slot_name = blank.name
        """What it is called by now."""
        self._copy = copy
        self._editor: Widget = self._fitting()

    def _fitting(self) -> Widget:
        blank = self.blank
        raw = blank.value.reveal() if blank.value is not None else b""
        fault = text_fault(raw) or line_fault(raw.decode())
        if fault or (blank.type == FILE and not blank.describes):
            return Input(placeholder=HINTS[FILE], compact=True, max_length=4096, select_on_focus=False)
        text = raw.decode()
        if blank.describes:
            return SecretText(text, self._copy, self._complain, id="lines")
        if blank.type == "choice" and blank.choices:
            return Cycle(blank.choices, text)
        if blank.type == NOTE or "\n" in text or "\r" in text or len(text) > LONGEST:
            area = CoveredText if blank.masked else SecretText
            return area(text, self._copy, self._complain, id="lines")
        hint = HINTS.get(blank.type, "")
        line = CoveredLine if blank.masked else PasswordField
        return line(hint, id="line", hidden=blank.masked, peekable=blank.masked)

    @property
    def is_hidden(self) -> bool:
        """One hidden line: a password, or the like of one."""
        return isinstance(self._editor, PasswordField) and self.blank.masked

    @property
    def rows(self) -> int:
        """How high it is."""
        return LINES if isinstance(self._editor, SecretText) else 1

    def compose(self) -> ComposeResult:
        with Horizontal(classes="row"):
            yield Static(self._label(), classes="label", markup=False)
            yield self._editor
        if isinstance(self._editor, Input) and not isinstance(self._editor, PasswordField) and self.blank.value:
            kept = f"{size(len(self.blank.value))}, kept as it is unless a file is named"
            yield Static(kept, classes="kept", markup=False)
        yield Static("", classes="note warns", markup=False)

    def on_mount(self) -> None:
        if isinstance(self._editor, PasswordField) and self.blank.value is not None:
            self._editor.put(self.blank.value)
        self.warn(self.blank.warning)

    def _label(self) -> Content:
        name = self.slot_name if self.blank.extra and not self.blank.label else self.blank.label or self.slot_name
        sign = " *" if self.blank.required else ""
        kind = f"\n{self.blank.type}" if self.blank.describes else ""
        return Content.assemble(shown(name, 60), Content.styled(sign, "bold"), shown(kind, 70, lines=True, style="dim"))

    def rename(self, name: str) -> None:
        self.slot_name = name
        self.blank = replace(self.blank, label="")
        self.query_one(".label", Static).update(self._label())

    def focus_editor(self) -> None:
        self.screen.set_focus(self._editor)

    def warn(self, warning: str | None) -> None:
        """Say what speaks against what is in it; None takes that back."""
        note = self.query_one(".warns", Static)
        note.display = warning is not None
        note.update(shown(warning or "", 300))

    # What is in it

    @property
    def typed(self) -> Plaintext | None:
        """What stands in it; None for a file that is only named, and for a value that is kept as it is."""
        editor = self._editor
        if isinstance(editor, PasswordField):
            return editor.typed
        if isinstance(editor, SecretText):
            return Plaintext.of_text(editor.text)
        return Plaintext.of_text(editor.chosen) if isinstance(editor, Cycle) else None

    @property
    def file(self) -> str:
        """The path of the file that is named, if one is."""
        editor = self._editor
        return editor.value.strip() if isinstance(editor, Input) and not isinstance(editor, PasswordField) else ""

    @property
    def is_empty(self) -> bool:
        typed = self.typed
        return not typed.reveal() if typed is not None else not self.file and not self.blank.value

    @property
    def is_new(self) -> bool:
        """It was added here."""
        return self.blank.extra and self.blank.value is None

    @property
    def is_changed(self) -> bool:
        typed = self.typed
        if self.slot_name != self.blank.name:
            return True
        return (
            bool(self.file)
            if typed is None
            else typed.reveal() != (self.blank.value.reveal() if self.blank.value is not None else b"")
        )

    async def changes(self) -> list[SlotChange]:
        """What has to be set or removed for the slot to be as it stands here. Raises Misuse for text that cannot be kept."""
        if not self.is_changed:
            # An extra one that was added is wanted, even if nothing is in it yet.
            return [SlotChange(self.slot_name, Plaintext(b""), self.blank.type)] if self.is_new else []
        value = self.typed
        if value is None:
            value = await asyncio.to_thread(read_file, self.file) if self.file else self.blank.value or Plaintext(b"")
        elif fault := text_fault(value.reveal()):
            raise Misuse(f"“{self._label().plain}” was not stored: {fault}.")
        kind = self.blank.type if self.blank.extra else None
        if self.slot_name != self.blank.name:
            gone = [SlotChange(self.blank.name, None)] if self.blank.value is not None else []
            return [*gone, SlotChange(self.slot_name, value, kind)]
        if not value.reveal() and not self.blank.extra:
            return [SlotChange(self.slot_name, None)] if self.blank.value is not None else []
        return [SlotChange(self.slot_name, value, kind)]

    def put(self, value: Plaintext) -> None:
        """In place of what is in it: one line."""
        if isinstance(self._editor, PasswordField):
            self._editor.clear()
            self._editor.put(value)
            self.post_message(self.Edited(self))

    # While it is written

    def _complain(self, why: str) -> None:
        self.post_message(self.Complained(why))

    def on_password_field_typed(self, event: PasswordField.Typed) -> None:
        event.stop()
        self.post_message(self.Edited(self))

    def on_password_field_refused(self, event: PasswordField.Refused) -> None:
        event.stop()
        self._complain(event.why)

    def on_password_field_entered(self, event: PasswordField.Entered) -> None:
        event.stop()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Edited(self))

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.post_message(self.Edited(self))

    def on_cycle_changed(self, event: Cycle.Changed) -> None:
        event.stop()
        self.post_message(self.Edited(self))

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        if isinstance(self._editor, PasswordField):
            self._editor.cover()

    def on_unmount(self) -> None:
        """What was in it goes with the form."""
        self.blank = replace(self.blank, value=None)
        if isinstance(self._editor, Input):
            self._editor.set_reactive(Input.value, "")
