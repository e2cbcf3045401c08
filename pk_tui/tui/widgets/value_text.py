"""Text of any shape laid out at once: folded at the width there is, drawn line by line as it is seen.

For values: tens of thousands of lines cost Textual's own wrapping seconds. Keeps the text only until it is given another.
"""

from __future__ import annotations

from rich.cells import chop_cells
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from pk_tui.safe_text import safe_text

CLASSED_AT_MOST = 256
"""Characters up to which a single line counts as a password, whose digits and signs are told apart by style."""
WIDEST_ESCAPE = 10
"""Characters that one may become when it is made visible: `\\u{10ffff}`."""


def legible(text: str) -> str:
    """A value as it is shown: what steers a terminal is visible, what only ends a line or sets in is not."""
    if "\n" in text.rstrip("\r\n"):
        text = text.replace("\r\n", "\n").expandtabs(4)
    text = text.removesuffix("\n").removesuffix("\r")
    return safe_text(text, len(text) * WIDEST_ESCAPE + 1, lines=True)


def folded(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells. Folded wherever they are full: a value has no words."""
    lines: list[str] = []
    for line in text.split("\n"):
        if len(line) * 2 <= width or (line.isascii() and len(line) <= width):
            lines.append(line)
        elif line.isascii():
            lines += [line[at : at + width] for at in range(0, len(line), width)]
        else:
            lines += chop_cells(line, width)
    return lines


def classes(line: str) -> list[tuple[str, str]]:
    """The runs of letters, digits and signs: (text, `letter` | `digit` | `sign`)."""
    runs: list[tuple[str, str]] = []
    for one in line:
        kind = "digit" if one.isdigit() else "letter" if one.isalpha() or one.isspace() else "sign"
        if runs and runs[-1][1] == kind:
            runs[-1] = (runs[-1][0] + one, kind)
        else:
            runs.append((one, kind))
    return runs


class ValueText(Widget):
    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"value-text--digit", "value-text--sign"}  # noqa: RUF012 - so declared by Textual
    DEFAULT_CSS = """
    ValueText { height: auto; width: 1fr; }
    ValueText > .value-text--digit { color: $text-accent; }
    ValueText > .value-text--sign { color: $text-secondary; text-style: bold; }
    """

    def __init__(self) -> None:
        super().__init__(id="value")
        self._text = ""
        self._lines: list[str] = []
        self._width = 0
        self.display = False

    def on_unmount(self) -> None:
        self._text, self._lines = "", []

    def put(self, text: str) -> None:
        """Show this from now on, and forget what was shown; "" shows nothing."""
        if not text and not self._text:
            return  # the cursor passes by: no reason to lay out the screen again
        self._text = legible(text)
        self._lines, self._width = [], 0
        self.display = bool(text)
        self.refresh(layout=True)

    def _folded(self, width: int) -> list[str]:
        if width != self._width:
            self._lines, self._width = folded(self._text, max(1, width)), width
        return self._lines

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._folded(width))

    def render_line(self, y: int) -> Strip:
        width = self.content_size.width
        lines = self._folded(width)
        line = lines[y] if y < len(lines) else ""
        base = self.rich_style
        if "\n" not in self._text and len(self._text) <= CLASSED_AT_MOST:
            styles = {
                "letter": base,
                "digit": base + self._style("digit"),
                "sign": base + self._style("sign"),
            }
            segments = [Segment(run, styles[kind]) for run, kind in classes(line)]
        else:
            segments = [Segment(line, base)]
        return Strip(segments).adjust_cell_length(width, base)

    def _style(self, kind: str) -> Style:
        return self.get_component_rich_style(f"value-text--{kind}", partial=True)
