"""A dialog in which long work is begun, and seen through as far as one likes to look on.

The work is the app's, one of its transfers: whoever closes the dialog with `w`, or is locked out, does not end it. `esc` does,
while it runs. What came of it is told here if the dialog is still there; in the status line anyhow.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Button, Static

from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.session import Session
from pk_tui.tui.transfers import State, Transfer
from pk_tui.tui.widgets.status_line import progress_line

FRAME = 0.1
BESIDES = 8
"""Cells of a dialog's width that are not for its text."""


class LongWorkDialog(Dialog[Transfer]):
    """Answers with the transfer if it still runs, and with None if there is nothing more to wait for.

    Subclasses call `follow` with a transfer they have started, and fill in `ended`. Whatever has the class `-form` cannot be
    used meanwhile.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "work_on", "Work on", show=False, id="work.on", tooltip="Close this; what runs goes on by itself"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.transfer: Transfer | None = None
        """What was begun here last."""
        self._told = False
        """Whether it was told how that ended."""
        self._since = 0.0
        self._frame = 0
        self._drawing: Timer | None = None

    # What a subclass fills in

    def ended(self, transfer: Transfer) -> None:
        """What was begun has ended, in whatever way; the sentence that says so stands in the dialog already."""

    # The picture

    def progress(self) -> ComposeResult:
        """Where it is told how far it has come, and what came of it; for `body`."""
        yield Static("", id="progress", markup=False)

    def say(self, text: Content | str) -> None:
        line = self.query_one("#progress", Static)
        line.update(Content(text) if isinstance(text, str) else text)
        line.display = bool(text)

    def more_buttons(self) -> list[tuple[str, str, bool]]:
        return [("work-on", "Work on  w", False)]

    def on_mount(self) -> None:
        self.session.transfers.changed.subscribe(self, self._stepped)
        self._drawing = self.set_interval(FRAME, self._draw, pause=True)
        self.query_one("#work-on", Button).display = False
        self.say("")

    @property
    def at_work(self) -> bool:
        return self.transfer is not None and self.transfer.state is State.RUNNING

    def follow(self, transfer: Transfer) -> None:
        self.transfer, self._told = transfer, False
        self._since = self.session.clock.elapsed()
        self.wrong("")
        self._enable(False)
        leave = self.query_one("#work-on", Button)
        leave.display = True
        leave.focus()
        if self._drawing is not None:
            self._drawing.resume()
        self._draw()
        self._stepped(transfer)

    def _enable(self, enabled: bool) -> None:
        for one in self.query(".-form").results(Widget):
            one.disabled = not enabled

    def _draw(self) -> None:
        transfer = self.transfer
        if transfer is None or not self.at_work:
            return
        glyphs = self.session.glyphs
        sign = glyphs.spinner[self._frame % len(glyphs.spinner)]
        self._frame += 1
        room = max(20, self.query_one("#dialog").size.width - BESIDES)
        if transfer.progress is not None:
            line = progress_line(transfer, glyphs, room)
        else:
            seconds = int(self.session.clock.elapsed() - self._since)
            line = Content.assemble(transfer.title, f"  {seconds} s", Content.styled("   esc calls it off", "dim"))
        self.say(Content.assemble(Content.styled(sign, "$accent"), " ", line))

    def _stepped(self, transfer: Transfer) -> None:
        if transfer is not self.transfer or self.at_work or self._told:
            return
        self._told = True  # what was published before the end may come after it
        if self._drawing is not None:
            self._drawing.pause()
        self._enable(True)
        self.query_one("#work-on", Button).display = False
        self.query_one("#cancel", Button).focus()
        if transfer.state is State.FAILED:
            self.say("")
            self.wrong(transfer.says or "")
        else:
            self.say(transfer.says or "")
        self.ended(transfer)

    # Ending it, or going away from it

    def action_call_off(self) -> None:
        if self.transfer is not None and self.at_work:
            self.session.transfers.cancel(self.transfer)
        else:
            self.dismiss(None)

    def action_work_on(self) -> None:
        if self.at_work:
            self.dismiss(self.transfer)

    def chosen(self, button: str) -> None:
        if button == "work-on":
            self.action_work_on()
