"""Slots as JSON, as scripts write them and people edit them: an object of names and values. Pure: text in, changes out.

A value is a string; `null` takes the slot away; an object {"value", "type", "label"} makes a slot that the template does not
have, and with "value64" in place of "value" one whose bytes are no text, in base64.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from pk_tui.api.items import ItemView, SlotChange, SlotView
from pk_tui.errors import Misuse
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text

MAX_TEXT = 4 * 1024 * 1024
"""Bytes: an item has at most 1 MiB, which escapes may make longer."""
_FIELDS = {"value", "value64", "type", "label"}


def read_slots(text: bytes) -> list[SlotChange]:
    """Raises Misuse, naming a slot but never quoting a value, for what is no object of slots."""
    return [_change(name, given) for name, given in _object(text, "slots").items()]


def slot_values(item: ItemView) -> dict[str, object]:
    """The slots as JSON, so that `read_slots` gives them back: text as a string, other bytes in base64."""
    return {slot.name: _shown(slot) for slot in item.slots}


def editable(item: ItemView) -> Plaintext:
    """The whole item as text for an editor."""
    value = {"title": item.title, "tags": item.tags, "slots": slot_values(item)}
    return Plaintext.of_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_edited(text: bytes, before: ItemView) -> tuple[str, Sequence[str], list[SlotChange]]:
    """Title, tags and the changes to slots that an edited text asks for; slots that are no longer in it are removed."""
    value = _object(text, "the item")
    title, tags, slots = value.get("title"), value.get("tags"), value.get("slots")
    if set(value) != {"title", "tags", "slots"} or not isinstance(title, str) or not isinstance(slots, dict):
        raise Misuse("The edited text has to have “title”, “tags” and “slots”, and nothing else. Nothing was changed.")
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise Misuse("The tags in the edited text are no list of texts. Nothing was changed.")
    _require_text(title, *tags)
    old = slot_values(before)
    changes = [_change(name, given) for name, given in slots.items() if name not in old or old[name] != given]
    changes += [SlotChange(name, None) for name in old if name not in slots]
    return title, tags, changes


def _object(text: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text.decode("utf-8-sig"), object_pairs_hook=_once_each, parse_constant=_no_constant)
    except (ValueError, RecursionError):  # their own texts can quote, so none of them is shown
        value = None
    if not isinstance(value, dict):
        raise Misuse(
            f'This is no JSON object of {what}, each name once, such as {{"username": "ada", "password": "…"}}. '
            "Nothing was changed."
        )
    return value


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _no_constant(_: str) -> None:
    raise ValueError  # NaN and Infinity are no JSON


def _change(name: str, given: object) -> SlotChange:
    shown = f"The slot “{safe_text(name, 80)}”"
    _require_text(name)
    if given is None:
        return SlotChange(name, None)
    if isinstance(given, str):
        return SlotChange(name, _plain(given, shown))
    if not isinstance(given, dict) or not set(given) <= _FIELDS or len({"value", "value64"} & set(given)) != 1:
        raise Misuse(
            f'{shown} is given as neither a text, null, nor an object with "value" (or "value64"), "type" and "label".'
        )
    if not all(isinstance(one, str) for one in given.values()):
        raise Misuse(f"{shown} is given with something that is no text.")
    _require_text(*(given[key] for key in ("type", "label") if key in given))
    value = _bytes(given["value64"], shown) if "value64" in given else _plain(given["value"], shown)
    return SlotChange(name, value, given.get("type"), given.get("label"))


def _plain(text: str, shown: str) -> Plaintext:
    try:
        return Plaintext.of_text(text)
    except UnicodeEncodeError:
        raise Misuse(f"{shown} is given with half of a character (a lone surrogate), which is no text.") from None


def _bytes(text: str, shown: str) -> Plaintext:
    try:
        return Plaintext(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise Misuse(f'{shown} is given with a "value64" that is no base64.') from None


def _require_text(*texts: str) -> None:
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        raise Misuse("A name, title, tag, type or label has half of a character (a lone surrogate) in it.") from None


def _shown(slot: SlotView) -> object:
    raw = slot.value.reveal()
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return {"value64": base64.b64encode(raw).decode()}
