"""A slot of one's own, that no template asks for: what it is called, and what is in it. Two questions, one after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from textual.content import Content

from pk_tui.errors import Misuse
from pk_tui.safe_text import safe_text
from pk_tui.terms import component_fault, name_fault
from pk_tui.tui.dialogs.ask_text import AskTextDialog
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.dialogs.pick import PickDialog
from pk_tui.tui.glyphs import Glyphs
from pk_tui.tui.text import sentence
from pk_tui.tui.widgets.chooser import Choice
from pk_tui.tui.widgets.slot_field import Blank

TYPES = (
    ("text", "one line, shown"),
    ("password", "one line, hidden"),
    ("note", "several lines"),
    ("url", "an address"),
    ("email", "an e-mail address"),
    ("date", "2027-01-31"),
    ("month", "2027-01 or 01/27"),
    ("phone", "a telephone number"),
    ("number", "a number"),
    ("card", "the number of a card, hidden"),
    ("otp", "gives one-time codes"),
    ("file", "a file, read from disk"),
)
HIDDEN_TYPES = frozenset({"password", "card", "otp"})

Ask = Callable[[Dialog[str]], Awaitable[str | None]]


def slot_rule(taken: Sequence[str]) -> Callable[[str], str]:
    """How the name of a new slot is read, beside those that there are."""

    def read(typed: str) -> str:
        name = typed.strip()
        fault = component_fault(name) or name_fault(name, "#")
        if fault:
            raise Misuse(f"This cannot be the name of a slot: {fault}.")
        if name in taken:
            raise Misuse(f"There is a slot “{safe_text(name, 80)}” already.")
        return name

    return read


async def ask_for_slot(ask: Ask, glyphs: Glyphs, taken: Sequence[str], describes: bool) -> Blank | None:
    """An empty field for a slot beside those whose names are taken; None if it was called off. `describes`: of a template."""
    label = Content("Name of the slot; it is also how it is addressed: PATH#NAME")
    name = await ask(AskTextDialog(Content("Add a slot"), label, slot_rule(taken), yes="Next"))
    if name is None:
        return None
    types = (*TYPES, ("choice", "one of several")) if describes else TYPES
    choices = [Choice(kind, kind, note) for kind, note in types]
    heading, question = sentence("Add the slot $name", name=name), Content("What is in it?")
    kind = await ask(PickDialog(heading, question, choices, glyphs))
    if kind is None:
        return None
    return Blank(name, kind, masked=kind in HIDDEN_TYPES, extra=True, describes=describes)
