"""Pick one of several by typing a part of its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.glyphs import Glyphs
from pk_tui.tui.widgets.chooser import Choice, Chooser


class PickDialog(Dialog[str]):
    """Answers with the key of the choice. Enter picks; something else must follow before anything is done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "pick", "Pick", show=False, id="pick.pick", tooltip="Pick the row with the cursor"),
    ]

    def __init__(self, heading: Content, question: Content, choices: Sequence[Choice], glyphs: Glyphs) -> None:
        super().__init__()
        self.heading = heading
        self.first = "typed"
        self._question = question
        self._choices = choices
        self._glyphs = glyphs

    def body(self) -> ComposeResult:
        yield Static(self._question, markup=False)
        yield Chooser(self._choices, self._glyphs, "type a part of the name")

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Cancel  esc", False), ("pick", "Pick  enter", False)]

    def chosen(self, button: str) -> None:
        self.action_pick()

    def action_pick(self) -> None:
        self.query_one(Chooser).choose()

    @on(Chooser.Picked)
    def _picked(self) -> None:
        picked = self.query_one(Chooser).picked
        if picked is not None:
            self.take(picked)

    def take(self, picked: Choice) -> None:
        """It was picked."""
        self.dismiss(picked.key)

    @on(Chooser.Refused)
    def _refused(self, event: Chooser.Refused) -> None:
        self.wrong(event.why)
