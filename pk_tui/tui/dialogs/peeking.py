"""A dialog over a list in which what the cursor is on has a value: masked, shown on request for a while, masked at every sign
that nobody looks at it any more. Where the value comes from, whoever subclasses it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.worker import Worker

from pk_tui.errors import PkError
from pk_tui.tui.dialogs.dialog import Answer, Dialog
from pk_tui.tui.remedies import reason
from pk_tui.tui.session import Session
from pk_tui.tui.text import shown
from pk_tui.tui.widgets.secret_view import SecretView


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to show, or in words why it is not shown."""

    text: str = ""
    why_not: str | None = None

    def __repr__(self) -> str:
        return "Seen(‹hidden›)"


class PeekingDialog(Dialog[Answer]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "peek", "Peek", id="peeking.peek", tooltip="Show the value for some seconds; again keeps it"),
        Binding("v", "peek(True)", "Show", id="peeking.show", tooltip="Show the value until the cursor moves"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.view = SecretView(session.clock, session.glyphs)
        self._fetching: Worker[None] | None = None

    async def value(self) -> Seen | None:
        """Of what the cursor is on; None if that has none. Raises what the agent raises."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.watch(self.app, "app_focus", self.mask, init=False)

    def on_screen_suspend(self) -> None:
        self.mask()

    def mask(self) -> None:
        """Show no value, and fetch none."""
        if self._fetching is not None:
            self._fetching.cancel()
            self._fetching = None
        self.view.mask()

    def action_peek(self, stays: bool = False) -> None:
        seconds = None if stays else float(self.session.settings.reveal_seconds)
        if self.view.revealed:
            if stays and self.view.stays:
                self.mask()
            else:
                self.view.extend(seconds)
        elif self._fetching is None or self._fetching.is_finished:
            self._fetching = self.run_worker(
                self._reveal(seconds), name="value", group="value", description="value", exit_on_error=True
            )

    async def _reveal(self, seconds: float | None) -> None:
        try:
            seen = await self.value()
        except PkError as error:
            self.wrong(shown(reason(error), 500))
            return
        if seen is None:
            self.wrong("A directory has no value to show: put the cursor on a secret.")
        elif seen.why_not is not None:
            self.view.mask(seen.why_not)
        else:
            self.wrong("")
            self.view.reveal(seen.text, seconds)
