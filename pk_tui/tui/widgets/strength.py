"""How long a password would hold out: guessed with zxcvbn, said as a time, drawn as a bar.

zxcvbn is slow to load and can take a tenth of a second, so it is loaded when the first password is typed, and runs in a thread a
moment after the last key.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from pk_tui.plaintext import Plaintext
from pk_tui.tui.glyphs import Glyphs

GUESSES_A_SECOND = 10_000
"""Of somebody who has the disk and a large machine room: each guess costs 256 MiB and some tenths of a second of one core."""
LOOKED_AT = 100
"""Characters that are looked at: what is longer is strong enough if these are, and zxcvbn gets slow."""
SHORT = 8
SETTLES = 0.2
"""Seconds after the last key until a guess is made."""
BAR = 20

_TIMES = ((60, "second"), (60, "minute"), (24, "hour"), (30, "day"), (12, "month"), (100, "year"))
_LEVELS = ((1e4, "very weak"), (1e7, "weak"), (1e10, "fair"), (1e13, "good"))


@dataclass(frozen=True, slots=True)
class Estimate:
    """`guesses`: how many it takes; `hint`: what would make it better, in words that quote nothing of it."""

    guesses: float
    hint: str = ""
    is_short: bool = False


def estimate(password: str) -> Estimate:
    """Slow: for a thread."""
    from zxcvbn import zxcvbn  # type: ignore[import-untyped]

    if not password:
        return Estimate(1, is_short=True)
    found = zxcvbn(password[:LOOKED_AT], max_length=LOOKED_AT)
    feedback = found["feedback"]
    hints = [feedback.get("warning") or "", *(feedback.get("suggestions") or [])]
    hint = next((one.rstrip(".") + "." for one in hints if one), "")
    return Estimate(min(float(found["guesses"]), 1e40), hint, len(password) < SHORT)


def level(guesses: float) -> tuple[int, str]:
    """From 0 to 4, and the word for it."""
    for number, (below, word) in enumerate(_LEVELS):
        if guesses < below:
            return number, word
    return 4, "strong"


def lasting(guesses: float) -> str:
    """How long guessing takes: `less than a second`, `3 hours`, `centuries`."""
    value = guesses / GUESSES_A_SECOND
    if value < 1:
        return "less than a second"
    for many, word in _TIMES:
        if value < many:
            count = int(value)
            return f"{count} {word}{'' if count == 1 else 's'}"
        value /= many
    return "centuries"


def verdict(found: Estimate, glyphs: Glyphs) -> Content:
    """The bar and the word; the time; what would be better."""
    number, word = level(found.guesses)
    full = (number + 1) * BAR // 5
    style = ("$text-error", "$text-error", "$text-warning", "$text-success", "$text-success")[number]
    lines = [
        Content.assemble(
            Content.styled(glyphs.bar_full * full + glyphs.bar_empty * (BAR - full), style),
            "  ",
            Content.styled(word, "bold"),
        ),
        Content(f"It would take {lasting(found.guesses)} to guess offline."),
    ]
    if found.is_short:
        lines.append(
            Content.styled(f"Fewer than {SHORT} characters are easy to guess, whatever they are.", "$text-warning")
        )
    elif number < 3:
        lines.append(Content.styled(found.hint or "Weak passwords are taken, but add a word or two.", "$text-warning"))
    return Content("\n").join(lines)


class Strength(Widget):
    ALLOW_SELECT = False
    DEFAULT_CSS = "Strength { height: 3; }"
    found: reactive[Estimate | None] = reactive[Estimate | None](None)

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._password: Plaintext | None = None
        self._settling: Timer | None = None

    def weigh(self, password: Plaintext) -> None:
        """Look at this one soon; an empty one clears what shows."""
        if self._settling is not None:
            self._settling.stop()
        self._password = password if len(password) else None
        if self._password is None:
            self.workers.cancel_group(self, "strength")
            self.found = None
        else:
            self._settling = self.set_timer(SETTLES, self._begin)

    def _begin(self) -> None:
        self.run_worker(self._look(), name="strength", group="strength", description="strength", exclusive=True)

    async def _look(self) -> None:
        password, self._password = self._password, None
        if password is not None:
            self.found = await asyncio.to_thread(lambda: estimate(password.reveal().decode()))

    def render(self) -> Content:
        return Content("") if self.found is None else verdict(self.found, self._glyphs)
