"""Where a password or a recovery word is typed: nothing of it leaves but by `take`.

Textual's own field copies what is in it, and puts it in messages that travel up to the app. Here those messages are not sent:
`Typed` and `Entered` say that something happened, not what.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input

from pk_tui.plaintext import Plaintext

LONGEST = 1024
"""Characters; what is longer was pasted by mistake."""
PEEK = 3.0
"""Seconds that what was typed is shown, where the field allows it."""

TWO_LINES = "What was pasted has more than one line, so nothing of it was taken."
STEERING = "What was pasted holds control characters, which nobody can type again. Nothing of it was taken."
TOO_LONG = f"That is longer than {LONGEST:,} characters, so it was not taken."

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def pasted(text: str) -> tuple[str, str]:
    """What a paste gives: the text without the line end that came with it, or else why it is refused."""
    line = text.removesuffix("\n").removesuffix("\r")
    if "\n" in line or "\r" in line:
        return "", TWO_LINES
    if _CONTROLS.search(line):
        return "", STEERING
    return line, ""


class PasswordField(Input):
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+r", "peek", "Show for 3 s", show=False, id="password.peek", tooltip="Show what was typed for 3 s"
        ),
    ]

    class Typed(Message):
        """The text changed; `is_empty` says what it was then, which may be different by now."""

        def __init__(self, field: PasswordField) -> None:
            super().__init__()
            self.field = field
            self.is_empty = field.is_empty

    class Entered(Message):
        """Enter was pressed."""

        def __init__(self, field: PasswordField) -> None:
            super().__init__()
            self.field = field

    class Refused(Message):
        """Something was not taken; `why` is a sentence of ours."""

        def __init__(self, field: PasswordField, why: str) -> None:
            super().__init__()
            self.field = field
            self.why = why

    def __init__(
        self,
        placeholder: str = "",
        *,
        id: str,  # noqa: A002 - as every widget calls it
        hidden: bool = True,
        peekable: bool = False,
    ) -> None:
        """`hidden`: shown as dots. `peekable`: ctrl+r shows it for a moment."""
        super().__init__(
            placeholder=placeholder, password=hidden, id=id, max_length=LONGEST, select_on_focus=False, compact=True
        )
        self.cursor_blink = False
        self._peekable = peekable
        self._peeking: Timer | None = None

    # What is in it

    def take(self) -> Plaintext:
        """What was typed; the field is empty afterwards."""
        typed = self.typed
        self.clear()
        return typed

    @property
    def typed(self) -> Plaintext:
        return Plaintext.of_text(self.value)

    def put(self, typed: Plaintext) -> None:
        """Back into the field, unless something else was typed meanwhile. Nobody typed it, so no `Typed` follows."""
        if not self.value:
            with self.prevent(self.Typed):
                self.value = typed.reveal().decode()
            self.cursor_position = len(self.value)

    @property
    def is_empty(self) -> bool:
        return not self.value

    # What does not get out

    def post_message(self, message: Message) -> bool:
        if isinstance(message, Input.Changed):
            return super().post_message(self.Typed(self))
        if isinstance(message, Input.Submitted):
            return super().post_message(self.Entered(self))
        if isinstance(message, Input.Blurred):
            return False
        return super().post_message(message)

    def action_copy(self) -> None:
        """There is no copying from here."""

    def action_cut(self) -> None:
        """Nor cutting."""

    def action_paste(self) -> None:
        """The terminal pastes; there is no clipboard of our own to paste from."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        text, why = pasted(event.text)
        if why:
            self.post_message(self.Refused(self, why))
        elif text:
            self.replace(text, *self.selection)

    def restricted(self) -> None:
        self.post_message(self.Refused(self, TOO_LONG))

    # What shows

    @property
    def _value(self) -> Text:
        """The dots, in a sign the terminal can show. Private in Textual: a test fails if the name goes away."""
        if self.password:
            mask: str = getattr(getattr(self.app, "glyphs", None), "mask", "*")
            return Text(mask * len(self.value), no_wrap=True, overflow="ignore", end="")
        return super()._value

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._peekable if action == "peek" else super().check_action(action, parameters)

    def action_peek(self) -> None:
        self.password = False
        if self._peeking is not None:
            self._peeking.stop()
        self._peeking = self.set_timer(PEEK, self.cover)

    def cover(self) -> None:
        """Dots again."""
        if self._peekable:
            self.password = True

    def _on_blur(self, event: events.Blur) -> None:
        self.cover()

    def __rich_repr__(self) -> Any:
        yield "id", self.id
