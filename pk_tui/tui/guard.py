"""What stands between the app and the terminal: nothing that steers a terminal gets out, a crash shows no values.

Textual passes C0 and C1 controls in any text through to the terminal, prints local variables of a crash, and keeps what
it copies. `GuardedApp` closes these; that text was made safe before is not relied on here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.app import App, SystemCommand
from textual.color import Color
from textual.driver import Driver
from textual.filter import LineFilter, Monochrome, NoColor
from textual.screen import Screen
from textual.worker import WorkerFailed

from pk_tui.api.front import Front
from pk_tui.clock import Clock
from pk_tui.safe_text import is_safe_character, safe_text
from pk_tui.tui.driver import SteadyDriver

STANDS_FOR = "\ufffd"


@lru_cache(4096)
def _harmless(text: str) -> str:
    """Each character that steers or does not show becomes as many signs as the layout gave it columns, so that lines keep
    their length."""
    return "".join(one if is_safe_character(one) else STANDS_FOR * cell_len(one) for one in text)


class NothingSteers(LineFilter):
    """The last look at every line on its way to the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            one
            if one.control or (one.text.isascii() and one.text.isprintable())
            else Segment(_harmless(one.text), one.style)
            for one in segments
        ]


class GuardedApp(App[int]):
    """An app whose output is filtered, whose crash is a report without values, and which knows when it was last touched."""

    def __init__(self, front: Front, clock: Clock) -> None:
        super().__init__()
        self.front = front
        self.clock = clock
        self.touched = clock.elapsed()
        """When a key, a click or a paste last came."""
        self.last_key = ""
        self.key_changed_at = 0.0
        """When a key came that was another than the one before it: until then a key only repeats."""
        self._backstop = NothingSteers()

    def get_driver_class(self) -> type[Driver]:
        return SteadyDriver

    def get_line_filters(self) -> Sequence[LineFilter]:
        """With NO_COLOR no colour at all: Textual decides by the theme it starts with, and would send greys."""
        theirs: list[LineFilter] = list(super().get_line_filters())
        return [*(NoColor() if isinstance(one, Monochrome) else one for one in theirs), self._backstop]

    def _handle_exception(self, error: Exception) -> None:
        """In place of Textual's, which prints local variables. Private there: a test fails if the name goes away."""
        first = self._exception is None
        self._return_code = 1
        if isinstance(error, WorkerFailed) and isinstance(error.error, Exception):
            error = error.error  # a report is of what went wrong in the worker
        if first:
            self._exception = error  # for tests, which raise it again
            report = self.front.report(error)
            where = f"A report without any of your data is in “{safe_text(str(report), 300)}”." if report else ""
            self._exit_renderables.append(
                Text(f"pk-tui made a mistake of its own and had to end ({type(error).__name__}). {where}\n"
                     "Nothing that was reported done is lost. Please send us the report.")
            )  # fmt: skip
            self._exception_event.set()
        self._close_messages_no_wait()

    def key_seen(self) -> None:
        """A key was pressed, whatever becomes of it."""

    def copy_to_clipboard(self, text: str) -> None:
        """Nothing is copied behind the user's back: widgets call this for ctrl+c, and a value would stay for good."""

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """None of Textual's: its screenshot would write what is revealed to a file."""
        return ()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.MouseDown | events.Paste) and not event.is_forwarded:
            self.touched = self.clock.elapsed()
            if isinstance(event, events.Key):  # a binding takes a key before any handler sees it
                self.key_seen()
                if event.key != self.last_key:  # noted before anything it opens is there to ask
                    self.last_key, self.key_changed_at = event.key, event.time
        await super().on_event(event)
