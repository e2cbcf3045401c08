"""Text on its way to a widget: made safe, and wrapped so that no widget reads it as markup.

Everything that did not come from our own source goes through here: names, messages, paths, values, sentences of errors
(which quote names). Widgets are given `Content` or rich's `Text`, never a plain string.
"""

from __future__ import annotations

from rich.text import Text
from textual.content import Content

from pk_tui.clock import DAY, MINUTE, SECOND, Instant, rfc3339
from pk_tui.safe_text import safe_text

HOUR = 60 * MINUTE


def shown(text: str | bytes, limit: int = 200, *, lines: bool = False, style: str = "") -> Content:
    """Text from outside for a widget that takes content."""
    return Content.styled(safe_text(text, limit, lines=lines), style)


def cell(text: str | bytes, limit: int = 60, style: str = "") -> Text:
    """Text from outside for a row of a tree or table, which take rich's text."""
    return Text(safe_text(text, limit), style=style, no_wrap=True, end="")


def sentence(template: str, **parts: str | Content) -> Content:
    """A sentence of ours with texts from outside at its `$names`; the template may carry markup, the parts never do."""
    values = {name: part if isinstance(part, Content) else shown(part) for name, part in parts.items()}
    return Content.from_markup(template, **values)


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 secret`, `14 secrets`, `1,000 secrets`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(count: int) -> str:
    """Bytes for people: `512 B`, `1.4 KiB`."""
    value, unit = float(count), "B"
    for bigger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, bigger
    return f"{int(value)} B" if unit == "B" else f"{value:.1f} {unit}"


def ago(then: Instant | None, now: Instant) -> str:
    """How long ago, short enough for a column: `now`, `12s`, `3h`, `2d`, `never`. A time to come is `now`: clocks differ."""
    if then is None:
        return "never"
    past = now - then
    for unit, letter in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")):
        if past >= unit * (5 if letter == "s" else 1):
            return f"{past // unit}{letter}"
    return "now"


def moment(at: Instant, *, seconds: bool = False) -> str:
    """A point in time, the same everywhere: `2026-03-02 14:05 UTC`."""
    return f"{rfc3339(at)[: 19 if seconds else 16].replace('T', ' ')} UTC"


def milliseconds(value: float | None) -> str:
    """A round trip: `0.8 ms`, `12 ms`, `-` if it is not known."""
    if value is None:
        return "-"
    return f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"
