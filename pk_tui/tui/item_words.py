"""What the screens say of items: rows of slots without the values that are hidden, codes in groups, strength in a word.

Decides nothing about a value but how it is told; types of slots and what speaks against a value are the agent's affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pk_tui.api.items import ItemView, SlotView, TemplateView
from pk_tui.plaintext import Plaintext
from pk_tui.tui.plain_text import text_fault

PASSWORD, OTP, NOTE, FILE = "password", "otp", "note", "file"
OF_TEMPLATES = "template"
"""The template of own templates: its slots describe slots."""
TEMPLATES_IN = ".templates"
"""Where a vault keeps them."""
_USER_SLOTS = frozenset({"username", "user", "login", "email", "account"})
_COUNTER = b"otpauth://hotp/"
_STRENGTHS = ((50, "weak"), (75, "fair"))
"""Bits below which a generated value is called so: 50 fall to one machine in days, 75 to nobody who has to pay for it."""
STRONG = 128
"""Bits at which the bar is full: more protects nothing."""


@dataclass(frozen=True, slots=True)
class SlotRow:
    """A slot as it is listed. `text` is empty for what is hidden: a hidden value is fetched when it is asked for. `note`: what
    stands in its place if it cannot be shown. `is_code`: codes are made from it; `counts`: each one moves a counter on."""

    name: str
    label: str
    type: str
    masked: bool
    text: str = ""
    note: str = ""
    warning: str | None = None
    is_code: bool = False
    counts: bool = False

    def __repr__(self) -> str:
        return f"SlotRow({self.name!r}, ‹hidden›)"


@dataclass(frozen=True, slots=True)
class ItemRows:
    """What is kept of an item while the cursor is on it."""

    template: str
    title: str
    tags: tuple[str, ...]
    slots: tuple[SlotRow, ...]

    def slot(self, name: str) -> SlotRow | None:
        return next((slot for slot in self.slots if slot.name == name), None)


def rows_of(item: ItemView) -> ItemRows:
    return ItemRows(item.template, item.title, item.tags, tuple(map(_row, item.slots)))


def _row(slot: SlotView) -> SlotRow:
    raw = slot.value.reveal()
    is_code = slot.type == OTP and bool(raw) and slot.warning is None
    counts = is_code and raw.strip()[: len(_COUNTER)].lower() == _COUNTER
    text = note = ""
    if not raw:
        note = "empty"
    elif fault := text_fault(raw):
        note = f"not shown: {fault}"
    elif not slot.masked:
        text = raw.decode()
    return SlotRow(slot.name, slot.label, slot.type, slot.masked, text, note, slot.warning, is_code, counts)


def chief(slots: Sequence[SlotRow]) -> int:
    """The one that is meant if none is named: the password, else the first that is hidden, else what gives codes."""
    filled = [at for at, slot in enumerate(slots) if slot.note != "empty"]
    tests = (
        lambda slot: slot.type == PASSWORD and slot.name == PASSWORD,
        lambda slot: slot.masked and slot.type != OTP,
        lambda slot: slot.is_code,
        lambda slot: True,
    )
    return next((at for test in tests for at in filled if test(slots[at])), 0)


def user_slot(slots: Sequence[SlotView]) -> SlotView | None:
    """Under whose name one logs in: a slot of such a name, else one that holds an e-mail address."""
    filled = [slot for slot in slots if slot.value.reveal()]
    named = [slot for slot in filled if slot.name.lower() in _USER_SLOTS]
    return next(iter([*named, *(slot for slot in filled if slot.type == "email")]), None)


def grouped(code: Plaintext) -> str:
    """`123 456`, `1234 5678`: as people read it out."""
    text = code.reveal().decode()
    if len(text) < 6:
        return text
    middle = (len(text) + 1) // 2
    return f"{text[:middle]} {text[middle:]}"


def strength(bits: float) -> str:
    return next((word for below, word in _STRENGTHS if bits < below), "strong")


def kind_note(template: TemplateView) -> str:
    """`user name, password, website …`: the slots of a template, as far as a line goes."""
    labels = [
        slot.label[:1].lower() + slot.label[1:] if slot.label[1:2].islower() else slot.label for slot in template.slots
    ]
    return ", ".join(labels[:4]) + (" …" if len(labels) > 4 else "")


def tags_of(typed: str) -> tuple[str, ...]:
    """Tags as they are typed: separated by commas, each once."""
    return tuple(dict.fromkeys(tag for tag in (part.strip() for part in typed.split(",")) if tag))
