"""The value of one secret: masked until it is asked for, shown for a while, masked again.

Holds a value only while it shows it. Reading it, and what it belongs to, are the affair of whoever owns this.
"""

from __future__ import annotations

from math import ceil

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from pk_tui.clock import Clock
from pk_tui.tui.glyphs import Glyphs
from pk_tui.tui.reading import SHOWN_AT_MOST, Beginning, is_text
from pk_tui.tui.text import size
from pk_tui.tui.widgets.value_text import ValueText
from pk_tui.tui.widgets.vault_details import LABEL

MASK = 12
"""Cells of the mask, however long the value is."""
TICK = 0.25
"""Seconds between two looks at the clock while something is shown."""


def why_not_shown(found: Beginning, whole_size: int) -> str | None:
    """Why a value is not shown, in words that say nothing of it but its kind and size; None if it can be."""
    if not is_text(found):
        return f"binary, {size(whole_size)}"
    if not found.whole or len(found.value) > SHOWN_AT_MOST:
        return f"text, {size(whole_size)}: more than {size(SHOWN_AT_MOST)} is not shown"
    return None


class SecretView(Vertical):
    ALLOW_SELECT = False
    DEFAULT_CSS = """
    SecretView { height: auto; }
    SecretView ValueText { margin: 0 0 1 0; }
    """

    def __init__(self, clock: Clock, glyphs: Glyphs) -> None:
        super().__init__(id="secret")
        self._clock = clock
        self._mask = glyphs.mask * MASK
        self._until: float | None = None
        """When it is masked, in seconds of the clock; None while nothing is shown, or until somebody masks it."""
        self.revealed = False
        self._says: str | None = None
        self._state = Content("")
        self._ticking: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="state", markup=False)
        yield ValueText()

    def on_mount(self) -> None:
        if not self.children:
            return  # taken away while it was being made
        self._ticking = self.set_interval(TICK, self.tick, pause=True)
        self.mask()

    @property
    def stays(self) -> bool:
        """True if what is shown stays until somebody masks it."""
        return self.revealed and self._until is None

    def mask(self, says: str | None = None) -> None:
        """Show nothing of a value, and let go of it. `says`: why there is nothing to show."""
        if self._ticking is None:
            return  # not mounted yet, so nothing shows
        self.revealed, self._until, self._says = False, None, says
        self._ticking.pause()
        self.query_one(ValueText).put("")
        self._draw()

    def reveal(self, text: str, seconds: float | None) -> None:
        """Show a value for so long, or until it is masked."""
        self.revealed, self._says = True, None
        self._until = None if seconds is None else self._clock.elapsed() + seconds
        self.query_one(ValueText).put(text)
        if self._ticking is not None:
            self._ticking.resume()
        self._draw()

    def extend(self, seconds: float | None) -> None:
        """From now on so long; never shorter than it was to be."""
        if self.revealed and self._until is not None:
            self._until = None if seconds is None else max(self._until, self._clock.elapsed() + seconds)
            self._draw()

    def tick(self) -> None:
        """Look at the clock: mask what has been shown long enough."""
        if self._until is not None and self._clock.elapsed() >= self._until:
            self.mask()
        else:
            self._draw()

    def _draw(self) -> None:
        label = Content.styled(f"{'Value':<{LABEL}} ", "dim")
        if self._says is not None:
            rest = Content(self._says)
        elif not self.revealed:
            rest = Content.assemble(self._mask, Content.styled("  space peeks", "dim"))
        elif self._until is None:
            rest = Content.styled("until the cursor moves", "$text-warning")
        else:
            left = max(1, ceil(self._until - self._clock.elapsed()))
            rest = Content.styled(f"hides in {left} s  space keeps", "$text-warning")
        state = Content.assemble(label, rest)
        if not state.is_same(self._state):
            self._state = state
            self.query_one("#state", Static).update(state)
