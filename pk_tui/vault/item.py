"""Items: secrets with named slots, as text that a person can read. What an item is and how it is written, not its templates.

An item is a secret like any other. Its bytes begin with `{"pk-item":1,` and are one line of JSON:

    {"pk-item":1,"template":"password","title":"Bank","tags":["money"],"slots":[{"name":"username","type":"text","value":"ada"}]}

A value that is not UTF-8 stands as `"value64"` in base64. Types are hints for showing and checking; unknown ones are kept.
Read is whatever spacing and order of fields an editor leaves behind the magic; written is the one form. A field that is not
known is refused, so that nobody writes an item anew without what a later version has put in.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as with_fields
from typing import Annotated, Literal

from pk_tui.errors import Malformed, Misuse
from pk_tui.plaintext import Plaintext
from pk_tui.records import JsonRecord, Meta, decode_json, encode_json
from pk_tui.safe_text import safe_text
from pk_tui.terms import component_fault, name_fault

MAGIC = b'{"pk-item":1,'
MAX_ITEM = 1024 * 1024
"""Bytes of a whole item; what is larger is a secret of its own."""
MAX_SLOTS = 256
MAX_TAGS = 64
MAX_TITLE = 1024
"""Characters of a title. Titles, tags and labels are any text; names and types are names."""
MAX_TAG = 255
MAX_LABEL = 255
MAX_TYPE = 64
"""Bytes of the name of a type."""

_USER_SLOTS = frozenset({"username", "user", "login", "email", "account"})


@dataclass(frozen=True, slots=True)
class Slot:
    """`name` is unique in its item and has the form of a path's component, without `#`. An empty label is the name's."""

    name: str
    value: Plaintext
    type: str = "text"
    label: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    template: str
    title: str
    slots: tuple[Slot, ...]
    tags: tuple[str, ...] = ()

    def slot(self, name: str) -> Slot | None:
        return next((slot for slot in self.slots if slot.name == name), None)


class _SlotRecord(JsonRecord, frozen=True):
    name: str
    type: str
    label: Annotated[str, Meta(max_length=MAX_LABEL)] = ""
    value: str | None = None
    value64: bytes | None = None


class _ItemRecord(JsonRecord, frozen=True, rename={"version": "pk-item"}):
    version: Literal[1]
    template: str
    title: Annotated[str, Meta(max_length=MAX_TITLE)]
    tags: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=MAX_TAG)], ...], Meta(max_length=MAX_TAGS)]
    slots: Annotated[tuple[_SlotRecord, ...], Meta(max_length=MAX_SLOTS)]


def is_item(raw: bytes) -> bool:
    """Whether a secret that begins with these bytes says that it is an item. Costs nothing."""
    return raw.startswith(MAGIC)


def parse_item(raw: bytes) -> Item:
    """Raises Malformed, quoting nothing, for bytes that are no item or break a limit."""
    if not is_item(raw):
        raise Malformed("This is not an item: items begin in a way of their own.")
    record = decode_json(_ItemRecord, raw, MAX_ITEM)
    item = Item(record.template, record.title, tuple(map(_slot, record.slots)), record.tags)
    if _name_faults(item):
        raise Malformed("An item's template, or a slot, has a name that cannot be, or one that stands twice.")
    return item


def encode_item(item: Item) -> bytes:
    """The one form of an item: `parse_item` gives it back. Raises Misuse, naming the slot, for what no item may hold."""
    fault = _name_faults(item) or _text_faults(item)
    if fault:
        raise Misuse(f"This cannot be an item: {fault}.")
    try:
        raw = encode_json(_ItemRecord(1, item.template, item.title, item.tags, tuple(map(_slot_record, item.slots))))
    except Malformed:
        raise Misuse("This cannot be an item: its title, a tag or a label is not valid UTF-8.") from None
    if len(raw) > MAX_ITEM:
        largest = max(item.slots, key=lambda slot: len(slot.value), default=None)
        of_it = f"; its largest slot is “{safe_text(largest.name, 80)}”" if largest else ""
        raise Misuse(
            f"An item is at most {MAX_ITEM} bytes, this one would have {len(raw)}{of_it}. "
            "Keep what is large as a secret of its own."
        )
    return raw


def with_slot(item: Item, name: str, value: Plaintext) -> Item:
    """The item with another value in a slot that it has; everything else stays as it is."""
    slots = tuple(with_fields(slot, value=value) if slot.name == name else slot for slot in item.slots)
    return with_fields(item, slots=slots)


def user_names(item: Item) -> tuple[str, ...]:
    """Under whose name one logs in: values of slots called username, user, login, email or account, or of type email. Text only,
    each once, at most 255 characters of each: for finding an item, and for a line that describes it."""
    found = [
        slot.value.reveal()[:1024].decode("utf-8", "ignore")[:255]
        for slot in item.slots
        if slot.type == "email" or slot.name.lower() in _USER_SLOTS
    ]
    return tuple(dict.fromkeys(text for text in found if text))


def slot_name_fault(name: str) -> str | None:
    """Why this may not be the name of a slot, or None if it may."""
    return component_fault(name) or name_fault(name, "#")


def _slot(record: _SlotRecord) -> Slot:
    if (record.value is None) == (record.value64 is None):
        raise Malformed("A slot of an item has no value, or two.")
    raw = record.value64 if record.value is None else record.value.encode()
    assert raw is not None
    return Slot(record.name, Plaintext(raw), record.type, record.label)


def _slot_record(slot: Slot) -> _SlotRecord:
    raw = slot.value.reveal()
    try:
        return _SlotRecord(slot.name, slot.type, slot.label, value=raw.decode())
    except UnicodeDecodeError:
        return _SlotRecord(slot.name, slot.type, slot.label, value64=raw)


def _name_faults(item: Item) -> str | None:
    """What is wrong with its names, those that both ways look at. In a sentence's middle; quotes names, never values."""
    fault = component_fault(item.template)
    if fault:
        return f"“{safe_text(item.template, 80)}” is no name of a template, {fault}"
    seen: set[str] = set()
    for slot in item.slots:
        fault = slot_name_fault(slot.name)
        if fault:
            return f"“{safe_text(slot.name, 80)}” cannot be the name of a slot, {fault}"
        if slot.name in seen:
            return f"it has the slot “{safe_text(slot.name, 80)}” twice"
        seen.add(slot.name)
        fault = name_fault(slot.type)
        if fault or len(slot.type.encode()) > MAX_TYPE:
            return f"the type of its slot “{safe_text(slot.name, 80)}” is no name of at most {MAX_TYPE} bytes"
    return None


def _text_faults(item: Item) -> str | None:
    """What else is wrong: when reading, the record's own type says the same."""
    if len(item.title) > MAX_TITLE:
        return f"its title is longer than {MAX_TITLE} characters"
    if len(item.tags) > MAX_TAGS:
        return f"it has more than {MAX_TAGS} tags"
    if any(not 1 <= len(tag) <= MAX_TAG for tag in item.tags):
        return f"a tag has 1 to {MAX_TAG} characters"
    if len(item.slots) > MAX_SLOTS:
        return f"it has more than {MAX_SLOTS} slots"
    for slot in item.slots:
        if len(slot.label) > MAX_LABEL:
            return f"the label of its slot “{safe_text(slot.name, 80)}” is longer than {MAX_LABEL} characters"
    return None
