"""The screens before a node is open: a box in the middle, one line in it that says what is being done or what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from pk_tui.tui.text import shown

if TYPE_CHECKING:
    from pk_tui.tui.app import PkApp

FRAME = 0.1
"""Seconds between two pictures of a spinner or countdown."""


class BoxedScreen(Screen[None]):
    """The line is the Static `#state`. `draw` is called for every picture."""

    AUTO_FOCUS = ""
    ALLOW_SELECT = False
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]  # noqa: RUF012 - so declared by Textual

    def __init__(self) -> None:
        super().__init__()
        self._frame = 0

    @property
    def pk(self) -> PkApp:
        return cast("PkApp", self.app)

    def on_mount(self) -> None:
        self.set_interval(FRAME, self.draw)

    def draw(self) -> None:
        """Draw what moves by itself."""

    def turning(self, text: str) -> str:
        """`text`, which is our own, behind the next picture of the spinner."""
        self._frame += 1
        spinner = self.pk.glyphs.spinner
        return f"{spinner[self._frame % len(spinner)]} {text}"

    def state(self, text: str | Content, *, wrong: bool) -> None:
        """Say it in the line; a string may come from outside."""
        content = text if isinstance(text, Content) else shown(text, 500)
        line = self.query_one("#state", Static)
        line.set_class(wrong, "-wrong")
        if line.content != content:
            line.update(content)
