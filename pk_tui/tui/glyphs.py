"""The few signs that stand beside words, in Unicode and in ASCII. None is ever the only mark of a state."""

from __future__ import annotations

import locale
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    up: str
    trying: str
    down: str
    warning: str
    passed: str
    failed: str
    untried: str
    unread: str
    clone: str
    mask: str
    bar_full: str
    bar_empty: str
    spinner: str
    spark: str
    """Eight steps, lowest first."""


UNICODE = Glyphs("●", "◐", "○", "!", "✓", "✗", "·", "•", "⇣", "•", "█", "░", "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "▁▂▃▄▅▆▇█")
ASCII = Glyphs("*", "~", "o", "!", "+", "x", ".", "*", "v", "*", "#", ".", "|/-\\", "_.,-=+*#")


def fitting(encoding: str | None = None) -> Glyphs:
    """Those that the terminal's encoding can show."""
    name = (encoding or locale.getpreferredencoding(False)).lower().replace("-", "")
    return UNICODE if name in ("utf8", "utf16") else ASCII


def sparkline(values: list[float | None], width: int, glyphs: Glyphs) -> str:
    """The newest `width` values as a row of bars, scaled to their own highest; a gap where nothing was measured."""
    newest = values[-width:]
    top = max((value for value in newest if value is not None), default=0.0) or 1.0
    steps = len(glyphs.spark) - 1
    bars = (" " if value is None else glyphs.spark[min(steps, int(value / top * steps))] for value in newest)
    return "".join(bars).rjust(width)
