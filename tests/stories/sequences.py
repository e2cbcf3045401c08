"""What a program wrote to its terminal, cut into texts and sequences; and whether it left the terminal as it found it.

Strict: what is no text and no whole sequence of a known form is BAD, and nothing is skipped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

TEXT, CONTROL, BAD = "text", "control", "bad"

_TOKEN = re.compile(
    r"(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
    r"|(?P<csi>\x1b\[(?P<mark>[<-?]*)(?P<numbers>[0-9;:]*)(?P<between>[ -/]*)(?P<final>[@-~]))"
    r"|(?P<osc>\x1b\](?P<number>[0-9]*)(?P<rest>[^\x00-\x06\x08-\x1f\x7f-\x9f]*?)(?:\x07|\x1b\\))"
    r"|(?P<control>[\r\n\t])"
)
_UNFINISHED = re.compile(r"\x1b(\[[<-?]*[0-9;:]*[ -/]*|\][^\x07\x1b]*\x1b?)?\Z")


@dataclass(frozen=True, slots=True)
class Token:
    """`shape` is what kind of thing it is: `text`, `control`, `bad`, or a sequence without its numbers (`CSI ?h`, `OSC 22`).
    `whole` is all of it."""

    shape: str
    whole: str
    numbers: str = ""


class Tokens:
    """Cuts as it comes; what is not whole yet waits for the rest."""

    def __init__(self) -> None:
        self._waiting = ""

    def feed(self, text: str, last: bool = False) -> Iterator[Token]:
        text = self._waiting + text
        self._waiting = ""
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                if not last and _UNFINISHED.match(text, at):
                    self._waiting = text[at:]
                    return
                yield Token(BAD, text[at : at + 1])
                at += 1
                continue
            at = found.end()
            yield _token(found)


def _token(found: re.Match[str]) -> Token:
    whole = found.group()
    if found["text"] is not None:
        return Token(TEXT, whole)
    if found["csi"] is not None:
        return Token(f"CSI {found['mark']}{found['between']}{found['final']}", whole, found["numbers"])
    if found["osc"] is not None:
        return Token(f"OSC {found['number']}", whole, found["rest"].removeprefix(";"))
    return Token(CONTROL, whole)


def tokens(raw: bytes) -> list[Token]:
    """Of everything that was written. Raises UnicodeDecodeError if that is not UTF-8."""
    return list(Tokens().feed(raw.decode(), last=True))


def shapes(raw: bytes) -> Counter[str]:
    """How often each kind of thing was written."""
    return Counter(token.shape for token in tokens(raw))


def around(raw: bytes, shape: str, width: int = 80) -> list[str]:
    """What was written about the first few things of this shape, to be read in a failed test."""
    found: list[str] = []
    at = 0
    text = raw.decode(errors="replace")
    for token in tokens(raw):
        if token.shape == shape and len(found) < 3:
            found.append(ascii(text[max(0, at - width) : at + width]))
        at += len(token.whole)
    return found


@dataclass(slots=True)
class Modes:
    """What a program switched on and did not switch off: private modes, and pushed key modes (Kitty's)."""

    on: set[str]
    pushed: int
    cursor: bool

    @classmethod
    def after(cls, written: Iterable[Token]) -> Modes:
        modes = cls({"7"}, 0, True)
        for token in written:
            numbers = token.numbers.split(";")
            match token.shape:
                case "CSI ?h":
                    modes.on.update(numbers)
                case "CSI ?l":
                    modes.on.difference_update(numbers)
                case "CSI >u":
                    modes.pushed += 1
                case "CSI <u":
                    modes.pushed -= 1
            if "25" in numbers and token.shape in ("CSI ?h", "CSI ?l"):
                modes.cursor = token.shape == "CSI ?h"
        modes.on.discard("25")
        return modes


AS_FOUND = Modes({"7"}, 0, True)
"""How a terminal is before and after: long lines are wrapped, the cursor shows."""

BENIGN = frozenset(("text", "control", "CSI H", "CSI m", "CSI ?h", "CSI ?l", "CSI ?$p", "CSI >u", "CSI <u", "OSC 22"))
"""Kinds of things that the program writes when all it shows is harmless: cursor, colours, modes, questions about modes, the
key mode, and the shape of the pointer. No title, no clipboard, nothing that makes a terminal answer with what it holds."""
