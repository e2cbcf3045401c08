"""What the app knows of the screen one works on, without loading it: the first picture does not wait for the panes."""

from __future__ import annotations

from textual.screen import Screen

from pk_tui.clock import Clock
from pk_tui.tui.turns import Turns


class WorkingScreen(Screen[None]):
    """It has verbs, can be locked, and is made anew afterwards."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.turns = Turns(clock)

    def remember(self) -> None:
        """Keep in the session where everything stands; called before the screen goes away."""

    async def finish(self) -> None:
        """Wait for what is being made in it, and make no more; called before the screen goes away."""
