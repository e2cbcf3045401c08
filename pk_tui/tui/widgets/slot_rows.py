"""The slots of an item, one below the other: hidden ones as dots until one is asked for, codes with the seconds they last.

Holds a hidden value, or a code, only while it shows. Which slot is meant is its cursor; fetching is its owner's affair, who is
told with `CodeEnded` that another code is due.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from pk_tui.api.items import CodeView
from pk_tui.clock import Clock
from pk_tui.safe_text import safe_text
from pk_tui.tui.glyphs import Glyphs
from pk_tui.tui.item_words import NOTE, ItemRows, SlotRow, chief, grouped
from pk_tui.tui.widgets.secret_view import MASK
from pk_tui.tui.widgets.value_text import CLASSED_AT_MOST, classes, folded, legible

LABEL_AT_MOST = 22
"""Cells of the first column; a longer label has a line of its own."""
ROOMY = 50
"""Cells below which nothing is given away: gaps are narrow, and a warning stands below the label, not below the value."""
BAR = 10
LINES_AT_MOST = 200
"""Lines of one plain value that are drawn; more is for the editor."""
LOOKED_AT = 1000
"""Characters of a value by which it is decided where it stands."""
WRAPPED_AT_MOST = 4096
"""Characters of a note that are wrapped between words, which takes longer."""
TICK = 0.25
"""Seconds between two looks at the clock while something shows that goes by itself."""

Run = tuple[str, str]
"""Text and the kind of it, which has a style."""


@dataclass(frozen=True, slots=True)
class _Code:
    name: str
    text: str
    until: float
    period: int

    def __repr__(self) -> str:
        return "_Code(‹hidden›)"


class SlotRows(Widget):
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"slot-rows--{kind}" for kind in ("dim", "title", "cursor", "digit", "sign", "warning", "code")
    }
    DEFAULT_CSS = """
    SlotRows { height: auto; width: 1fr; display: none; margin: 0 0 1 0; }
    SlotRows > .slot-rows--dim { color: $foreground 60%; }
    SlotRows > .slot-rows--title { text-style: bold; }
    SlotRows > .slot-rows--cursor { text-style: bold; }
    SlotRows > .slot-rows--digit { color: $text-accent; }
    SlotRows > .slot-rows--sign { color: $text-secondary; text-style: bold; }
    SlotRows > .slot-rows--warning { color: $text-warning; }
    SlotRows > .slot-rows--code { text-style: bold; }
    """

    class Meant(Message):
        """Something of the slot under the cursor shows now, which may be out of sight."""

    class CodeEnded(Message):
        """The code that shows is not good any more."""

    def __init__(self, clock: Clock, glyphs: Glyphs) -> None:
        super().__init__(id="slots")
        self._clock = clock
        self._glyphs = glyphs
        self.item: ItemRows | None = None
        self.at = 0
        """The slot that is meant."""
        self._shown: tuple[str, str] | None = None
        """Name and value of the slot that shows."""
        self._until: float | None = None
        self._code: _Code | None = None
        self._ticking: Timer | None = None
        self._lines: list[list[Run]] = []
        self._starts: list[int] = []
        """The line on which each slot begins."""
        self._width = 0
        self._is_active = False

    def on_mount(self) -> None:
        self._ticking = self.set_interval(TICK, self.tick, pause=True)

    def on_unmount(self) -> None:
        self.show(None)

    # What is shown

    def show(self, item: ItemRows | None) -> None:
        """This item from now on. The cursor stays on a slot of the same name."""
        if item == self.item:
            return
        before = self.current
        self.item = item
        slots = item.slots if item is not None else ()
        same = (n for n, one in enumerate(slots) if before is not None and one.name == before.name)
        self.at = next(same, chief(slots))
        self.display = item is not None
        if item is None or before is None or self.current is None:
            self.mask()
        self._lay_out()

    @property
    def current(self) -> SlotRow | None:
        return self.item.slots[self.at] if self.item is not None and self.at < len(self.item.slots) else None

    @property
    def revealed(self) -> bool:
        return self._shown is not None

    @property
    def stays(self) -> bool:
        """True if what is shown stays until somebody masks it."""
        return self._shown is not None and self._until is None

    @property
    def code_shows(self) -> bool:
        return self._code is not None

    def mask(self) -> None:
        """Show no hidden value and no code, and let go of them."""
        had = self._shown is not None or self._code is not None
        self._shown = self._until = self._code = None
        if self._ticking is not None:
            self._ticking.pause()
        if had:
            self._lay_out()

    def hide(self) -> None:
        """Show no hidden value; a code stays."""
        self._shown = self._until = None
        self._lay_out()

    def reveal(self, name: str, text: str, seconds: float | None) -> None:
        """Show the value of this slot for so long, or until it is masked."""
        self._shown = (name, text)
        self._until = None if seconds is None else self._clock.elapsed() + seconds
        self._tick_on()
        self._lay_out()
        self.post_message(self.Meant())

    def extend(self, seconds: float | None) -> None:
        """From now on so long; never shorter than it was to be."""
        if self._shown is not None and self._until is not None:
            self._until = None if seconds is None else max(self._until, self._clock.elapsed() + seconds)
            self._lay_out()

    def put_code(self, name: str, code: CodeView) -> None:
        """Show this code of this slot for as long as it is good; that of a counter until it is masked."""
        self._code = _Code(name, grouped(code.code), self._clock.elapsed() + code.remaining_s, code.period_s)
        self._tick_on()
        self._lay_out()

    def _tick_on(self) -> None:
        if self._ticking is not None:
            self._ticking.resume()

    def tick(self) -> None:
        """Look at the clock: mask what has been shown long enough, and say that a code has ended."""
        now = self._clock.elapsed()
        if self._until is not None and now >= self._until:
            self.hide()
        if self._code is not None and self._code.period and now >= self._code.until:
            self._code = None  # another one is due, and this one is not good: better none than a wrong one
            self.post_message(self.CodeEnded())
        if self._ticking is not None and self._until is None and (self._code is None or not self._code.period):
            self._ticking.pause()
        self._lay_out()

    # The cursor

    def move(self, by: int) -> bool:
        """To another slot, which hides what shows; False at either end."""
        if self.item is None or not 0 <= self.at + by < len(self.item.slots):
            return False
        self.at += by
        self.hide()
        return True

    @property
    def region_of_cursor(self) -> Region:
        """The lines of the slot that is meant, within this widget."""
        if self.at >= len(self._starts):
            return Region(0, 0, 1, 1)
        end = self._starts[self.at + 1] if self.at + 1 < len(self._starts) else len(self._lines)
        return Region(0, self._starts[self.at], 1, max(1, end - self._starts[self.at]))

    def activate(self, is_active: bool) -> None:
        """Whether keys move the cursor now: it has a sign of its own then."""
        if is_active != self._is_active:
            self._is_active = is_active
            self._lay_out()

    def on_click(self, event: events.Click) -> None:
        slots = [n for n, start in enumerate(self._starts) if start <= event.y]
        if slots and slots[-1] != self.at:
            self.at = slots[-1]
            self.hide()

    # Drawing

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        if width != self._width:
            self._build(width)
        return len(self._lines)

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        """Laying out the screen anew costs more than all else: only if there are more or fewer lines."""
        before, lines = len(self._lines), self._lines
        self._build(self._width or self.content_size.width)
        if self._lines != lines:
            self.refresh(layout=len(self._lines) != before)

    def _build(self, width: int) -> None:
        self._width = width
        self._lines, self._starts = [], []
        if self.item is None or width <= 0:
            return
        title = safe_text(self.item.title, 300)
        if title:
            self._lines += [[(line, "title")] for line in folded(title, width)]
        if self.item.tags:
            tags = safe_text("  ".join(f"#{tag}" for tag in self.item.tags), 500)
            self._lines += [[(line, "dim")] for line in folded(tags, width)]
        if self._lines:
            self._lines.append([])
        label_width = min(LABEL_AT_MOST, width * 2 // 5, max((len(_label(one)) for one in self.item.slots), default=0))
        for at, slot in enumerate(self.item.slots):
            self._starts.append(len(self._lines))
            self._lines += self._slot_lines(slot, at == self.at, label_width, width)
        if not self.item.slots:
            self._lines.append([("It has no slots yet: e edits it.", "dim")])

    def _slot_lines(self, slot: SlotRow, is_current: bool, label_width: int, width: int) -> list[list[Run]]:
        label = _label(slot)
        sign = ">" if is_current else " "
        style = "cursor" if is_current and self._is_active else "dim"
        lines: list[list[Run]] = []
        gap = 2 if width >= ROOMY else 1
        indent = label_width + 2 + gap
        is_wide = width < ROOMY and self._is_wider(slot, width - indent)
        if is_wide or len(label) > label_width:
            lines += [
                [(f"{sign if not n else ' '} {part}", style)] for n, part in enumerate(folded(label, max(1, width - 2)))
            ]
            sign, label = " ", ""
        if is_wide:
            label_width, gap, indent = 0, 2, 4
        first: Run = (f"{sign} {label:<{label_width}}{' ' * gap}", style)
        for line in self._value_lines(slot, is_current, max(4, width - indent)):
            lines.append([first, *line])
            first = (" " * indent, "")
        if slot.warning:
            indent = indent if width >= ROOMY else 4
            warned = _words(f"{self._glyphs.warning} {safe_text(slot.warning, 300)}", max(4, width - indent))
            lines += [[(" " * indent, ""), (one, "warning")] for one in warned]
        return lines

    def _is_wider(self, slot: SlotRow, width: int) -> bool:
        """Whether what shows of it needs more than so many cells."""
        shown = self._shown[1] if self._shown is not None and self._shown[0] == slot.name else slot.text
        return any(len(line) > width for line in shown[:LOOKED_AT].splitlines())

    def _value_lines(self, slot: SlotRow, is_current: bool, width: int) -> list[list[Run]]:
        if self._shown is not None and self._shown[0] == slot.name:
            lines = _text_lines(self._shown[1], width, told_apart=True)
            if self._until is None:
                return [*lines, [(_fitting(width, "until the cursor moves", "until you move"), "warning")]]
            ends = f"hides in {max(1, ceil(self._until - self._clock.elapsed()))} s"
            return [*lines, [(_fitting(width, f"{ends}  space keeps", ends), "warning")]]
        if slot.is_code:
            return self._code_lines(slot, width)
        if slot.note:
            return [[(slot.note, "dim")]]
        if slot.masked:
            hint = "  space peeks" if is_current else ""
            mask = self._glyphs.mask * min(MASK, width)
            return [[(mask, ""), (hint if len(mask) + len(hint) <= width else "", "dim")]]
        return _text_lines(slot.text, width, slot.type == NOTE)

    def _code_lines(self, slot: SlotRow, width: int) -> list[list[Run]]:
        code = self._code
        if code is None or code.name != slot.name:
            hint = "o makes the next code" if slot.counts else "o copies the code, space shows it"
            mask = f"{self._glyphs.mask * 3} {self._glyphs.mask * 3}"
            return [[(mask, ""), (f"  {hint}" if len(mask) + len(hint) + 2 <= width else "", "dim")]]
        if not code.period:
            return [[(code.text, "code"), ("  used up when it is asked for", "dim")]]
        left = max(0.0, code.until - self._clock.elapsed())
        room = max(0, min(BAR, width - len(code.text) - 7))
        full = min(room, ceil(left * room / code.period))
        bar = self._glyphs.bar_full * full + self._glyphs.bar_empty * (room - full)
        return [[(code.text, "code"), (f"  {bar} {ceil(left):2} s", "warning" if left <= 5 else "dim")]]

    def render_line(self, y: int) -> Strip:
        width, base = self.content_size.width, self.rich_style
        if width != self._width:
            self._build(width)
        runs = self._lines[y] if y < len(self._lines) else []
        segments = []
        for text, kind in runs:
            style = base + self.get_component_rich_style(f"slot-rows--{kind}", partial=True) if kind else base
            segments.append(Segment(text, style))
        return Strip(segments).adjust_cell_length(width, base)


def _label(slot: SlotRow) -> str:
    return safe_text(slot.label or slot.name, 80)


def _fitting(width: int, *texts: str) -> str:
    """The first that fits; the last, if none does."""
    return next((text for text in texts if len(text) <= width), texts[-1])


def _words(text: str, width: int) -> list[str]:
    return [line.plain.rstrip() for line in Content(text).wrap(width)]


def _text_lines(text: str, width: int, is_note: bool = False, *, told_apart: bool = False) -> list[list[Run]]:
    """A value has no words, and is folded where a line is full; a note is wrapped between them. `told_apart`: digits and signs
    look different from letters."""
    safe = legible(text)
    lines = _words(safe, width) if is_note and len(safe) <= WRAPPED_AT_MOST else folded(safe, width)
    if told_apart and len(lines) == 1 and len(safe) <= CLASSED_AT_MOST:
        return [[(run, "" if kind == "letter" else kind) for run, kind in classes(lines[0])]]
    cut = [[(line, "")] for line in lines[:LINES_AT_MOST]]
    return [*cut, [(f"and {len(lines) - LINES_AT_MOST} lines more", "dim")]] if len(lines) > LINES_AT_MOST else cut
