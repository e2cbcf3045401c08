"""The line above the keys: what was just done, what failed, what is being done, and how far a transfer has come."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from pk_tui.tui.glyphs import Glyphs
from pk_tui.tui.messages import Tone
from pk_tui.tui.text import size
from pk_tui.tui.transfers import Transfer

GOES_AFTER = 6.0
"""Seconds that a line about something done stays."""
MORE_FOR_A_LINE = 3.0
"""Seconds for each further line that it needs."""
MOST_LINES = 8
"""Lines that a sentence may take: the longest there are, on the narrowest screen."""
NOTICEABLE = 0.3
"""Seconds of work that nobody needs to be told of."""
FRAME = 0.1
BAR = 16


def progress_line(transfer: Transfer, glyphs: Glyphs, width: int = 200) -> Content:
    """`Cloning infra  ████░░░░  1,200 of 10,000, 3.1 MiB   esc calls it off`. In a narrow line the title and the numbers give
    way, not the key that ends it."""
    progress = transfer.progress
    parts: list[Content | str] = []
    short: list[Content | str] = []
    if progress is not None:
        share = 0.0
        if progress.bytes_total:
            share = progress.bytes / progress.bytes_total
        elif progress.objects_total:
            share = progress.objects / progress.objects_total
        full = min(BAR, int(share * BAR))
        parts.append(f"  {glyphs.bar_full * full}{glyphs.bar_empty * (BAR - full)}")
        total = f" of {progress.objects_total:,}" if progress.objects_total else ""
        short = [*parts, f"  {min(100, int(share * 100))} %" if share else ""]
        parts.append(f"  {progress.objects:,}{total}, {size(progress.bytes)}")
    ending = Content.styled("   esc calls it off", "dim")
    rest = Content.assemble(*parts, ending)
    if transfer.title.cell_length + rest.cell_length > width:
        rest = Content.assemble(*short, ending)
    title = transfer.title.truncate(max(12, width - rest.cell_length), ellipsis=True)
    return Content.assemble(title, rest)


class StatusLine(Widget):
    ALLOW_SELECT = False
    DEFAULT_CSS = """
    StatusLine { height: 1; padding: 0 1; }
    StatusLine.-failed { color: $text-error; text-style: bold; }
    """
    line: reactive[Content] = reactive(Content(""))

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._busy: dict[object, Content] = {}
        self._transfer: Transfer | None = None
        self._said: Content | None = None
        self._lasting: Content | None = None
        self._failed = False
        self._goes: Timer | None = None
        self._frame = 0
        self._ticking: Timer | None = None

    def on_mount(self) -> None:
        self._ticking = self.set_interval(FRAME, self._tick, pause=True)

    def say(self, text: Content, tone: Tone) -> None:
        if self._goes is not None:
            self._goes.stop()
            self._goes = None
        self._said, self._failed = text, tone is Tone.FAILED
        if not self._failed:
            self._goes = self.set_timer(GOES_AFTER + MORE_FOR_A_LINE * (self._lines() - 1), self._clear)
        self._draw()

    def on_resize(self) -> None:
        self._fit()

    def _lines(self) -> int:
        """What is said needs so many lines here; all else has one, whose end may be cut."""
        width = self.content_size.width
        return min(MOST_LINES, len(self._said.wrap(width))) if self._said is not None and width else 1

    def _fit(self) -> None:
        """Take the lines that are needed from what is above, for as long as they are."""
        lines = self._lines()
        if self.styles.height is None or self.styles.height.value != lines:
            self.styles.height = lines

    def key_pressed(self) -> None:
        """An error stays until it was seen; a key is the sign that it was."""
        if self._failed:
            self._clear()

    def busy(self, token: object, text: Content | None) -> None:
        if text is None:
            self._busy.pop(token, None)
            self._draw()
        else:
            self.set_timer(NOTICEABLE, lambda: self._still(token))
            self._busy[token] = text

    def show_transfer(self, transfer: Transfer | None) -> None:
        """The transfer to show while it runs; drawn at the line's own pace, however often it steps."""
        self._transfer = transfer
        if transfer is None:
            self._draw()
        elif self._ticking is not None:
            self._ticking.resume()

    def show_lasting(self, text: Content | None) -> None:
        """What stands here while nothing else is said."""
        self._lasting = text
        self._draw()

    def render(self) -> Content:
        return self.line

    def _clear(self) -> None:
        self._said, self._failed = None, False
        self._draw()

    def _still(self, token: object) -> None:
        if token in self._busy and self._ticking is not None:
            self._ticking.resume()

    def _tick(self) -> None:
        self._frame += 1
        self._draw()
        if not self._busy and self._transfer is None and self._ticking is not None:
            self._ticking.pause()

    def _draw(self) -> None:
        self.set_class(self._failed, "-failed")
        sign = self._glyphs.spinner[self._frame % len(self._glyphs.spinner)]
        if self._said is not None:
            self.line = self._said
        elif self._transfer is not None:
            self.line = progress_line(self._transfer, self._glyphs, self.size.width or 200)
        elif self._busy:
            self.line = Content.assemble(Content.styled(sign, "$accent"), " ", list(self._busy.values())[-1], "…")
        else:
            self.line = self._lasting or Content("")
        self._fit()
