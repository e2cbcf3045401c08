"""An item written out as lines of text, as people read and compare it: what its bytes look like is nobody's business."""

from __future__ import annotations

import hashlib

from pk_tui.api.items import ItemView, SlotView

INDENT = "  "


def written_out(item: ItemView, *, labels: bool = False) -> str:
    """A line for the title, the tags and each slot that is filled, hidden ones in clear; a value of several lines stands indented
    below its slot, and one that is no text is told by its size and a mark by which two can be told apart. Slots go by their
    names, or by their `labels`."""
    lines = [f"{'Title' if labels else 'title'}: {item.title}"]
    if item.tags:
        lines.append(f"{'Tags' if labels else 'tags'}: {', '.join(item.tags)}")
    for slot in item.slots:
        lines += _slot(slot.label or slot.name if labels else slot.name, slot)
    return "\n".join(lines)


def _slot(name: str, slot: SlotView) -> list[str]:
    raw = slot.value.reveal()
    if not raw:
        return []
    try:
        first, *more = raw.decode().split("\n")
    except UnicodeDecodeError:
        return [f"{name}: {len(raw):,} bytes, no text ({hashlib.blake2b(raw, digest_size=4).hexdigest()})"]
    if not more:
        return [f"{name}: {first}"]
    return [f"{name}:", *(INDENT + line for line in (first, *more))]
