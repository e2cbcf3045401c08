"""What `PATH#slot` means, items as they lie in a vault, and the templates a vault knows. Desk work; who calls, commits.

A path whose last name ends in `#slot` means that slot of the item before the `#`, unless a secret of the whole name is there. If
no item is there either, it is the name of a secret like any other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pk_tui.agent.versions import Version
from pk_tui.errors import Malformed, Misuse, NotFound
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.terms import SecretPath, component_fault
from pk_tui.vault import chunks, tree
from pk_tui.vault.item import MAX_ITEM, Item, Slot, encode_item, is_item, parse_item, slot_name_fault, with_slot
from pk_tui.vault.objects import Kind, ObjectSink
from pk_tui.vault.templates import BUILT_IN, DIRECTORY, Template, own_template

_NAMES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class SlotPlace:
    """A slot of an item that is there. Whether the item has it is another question."""

    path: SecretPath
    """The item's."""
    name: str
    item: Item

    def value(self) -> Plaintext:
        """Raises NotFound, naming the slots there are."""
        return self.slot().value

    def slot(self) -> Slot:
        found = self.item.slot(self.name)
        if found is None:
            raise self._none()
        return found

    def with_value(self, value: Plaintext, template: Template | None) -> Item:
        """The item with this slot set. One that its template has, but not the item, is put in. Raises NotFound."""
        if self.item.slot(self.name) is not None:
            return with_slot(self.item, self.name, value)
        spec = template.slot(self.name) if template else None
        if spec is None:
            raise self._none(template)
        return replace(self.item, slots=(*self.item.slots, Slot(self.name, value, spec.type)))

    def _none(self, template: Template | None = None) -> NotFound:
        names = [slot.name for slot in self.item.slots]
        names += [slot.name for slot in template.slots if slot.name not in names] if template else []
        shown = ", ".join(safe_text(name, 80) for name in names[:_NAMES_SHOWN])
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        there = f"It has: {shown}{more}." if names else "It has none."
        return NotFound(f"“{safe_text(str(self.path))}” has no slot “{safe_text(self.name, 80)}”. {there}")


def find_slot(version: Version, path: SecretPath) -> SlotPlace | None:
    """The slot that the path means, or None if it means a whole secret, there or not.

    Raises Misuse if a secret is before the `#` that is no item, and Malformed if it is a broken one.
    """
    base, hash_, name = path.name.rpartition("#")
    if not hash_ or not base or slot_name_fault(name) or base in (".", ".."):
        return None
    if tree.find(version.frames, version.tree, path.parts) is not None:
        return None
    parts = (*path.parent, base)
    found = tree.find(version.frames, version.tree, parts)
    if found is None or found[1].kind is Kind.TREE:
        return None
    return SlotPlace(SecretPath(parts), name, item_at(version, SecretPath(parts)))


def refuse_slot(version: Version, path: SecretPath, what: str) -> None:
    """Raises Misuse if the path means a slot. `what`: what is done to whole secrets alone, as in “cannot be …”."""
    try:
        place = find_slot(version, path)
    except Misuse:  # what stands before the `#` has no slots, so the name is one like any other
        return
    if place is not None:
        raise Misuse(
            f"“{safe_text(str(path))}” is a slot of an item and cannot be {what} by itself: name the item, "
            f"“{safe_text(str(place.path))}”."
        )


def apart(version: Version, paths: list[SecretPath]) -> tuple[list[SecretPath], list[SlotPlace]]:
    """Whole secrets and directories, and slots of items, each once."""
    places = {path: find_slot(version, path) for path in paths}
    return [path for path, place in places.items() if place is None], [place for place in places.values() if place]


def without(slots: list[SlotPlace]) -> dict[SecretPath, Item]:
    """The items that these slots are taken out of. Raises NotFound for a slot that is not there."""
    items: dict[SecretPath, Item] = {}
    for place in slots:
        gone = place.slot()
        item = items.get(place.path, place.item)
        items[place.path] = replace(item, slots=tuple(slot for slot in item.slots if slot.name != gone.name))
    return items


def item_at(version: Version, path: SecretPath) -> Item:
    """Raises NotFound, Misuse for a directory and for a secret that is no item, Malformed for a broken item."""
    found = tree.find(version.frames, version.tree, path.parts)
    if found is None:
        raise NotFound(f"There is no item “{safe_text(str(path))}” here.")
    oid, facts = found
    if facts.kind is Kind.TREE:
        raise Misuse(f"“{safe_text(str(path))}” is a directory, not an item.")
    raw = b"" if facts.size > MAX_ITEM else b"".join(chunks.pieces(version.frames, oid))
    if not is_item(raw):
        raise Misuse(
            f"“{safe_text(str(path))}” is a secret of free bytes: it has no slots. Read it with `pk-tui secrets cat`."
        )
    try:
        return parse_item(raw)
    except Malformed:
        raise Malformed(
            f"“{safe_text(str(path))}” begins as an item, but the rest of it is none. Mend it with `pk-tui secrets edit`, or "
            "bring an earlier version back."
        ) from None


def put_item(sink: ObjectSink, item: Item) -> tree.Put:
    """The edit that keeps the item, whose bytes go into the sink. Raises Misuse for what no item may hold."""
    writer = chunks.ChunkWriter(sink)
    writer.feed(encode_item(item))
    return tree.Put(writer.finish()[0])


def find_template(version: Version, name: str) -> Template | None:
    """The template of this name: the vault's own, else the one built in. A broken own one counts as none."""
    try:
        return kept_template(version, name) or BUILT_IN.get(name)
    except Malformed:
        return None


def require_template(version: Version, name: str) -> Template:
    """Raises Misuse for a template that is not there, naming those that are, and Malformed for a broken own one."""
    found = kept_template(version, name) or BUILT_IN.get(name)
    if found is None:
        known = ", ".join([*BUILT_IN, *(safe_text(own, 80) for own in own_names(version)[:_NAMES_SHOWN])])
        raise Misuse(f"There is no template “{safe_text(name, 80)}”. Templates here: {known}.")
    return found


def own_names(version: Version) -> list[str]:
    """The names under which the vault may keep templates of its own."""
    found = tree.find(version.frames, version.tree, (DIRECTORY,))
    if found is None or found[1].kind is not Kind.TREE:
        return []
    rows = tree.listing(version.frames, version.tree, (DIRECTORY,), False)
    return [SecretPath.parse(row.path).name for row in rows if not row.is_directory]


def kept_template(version: Version, name: str) -> Template | None:
    """The vault's own template of this name. Raises Malformed if what lies in its place is none."""
    if component_fault(name) or tree.find(version.frames, version.tree, (DIRECTORY, name)) is None:
        return None
    try:
        return own_template(name, item_at(version, SecretPath.of((DIRECTORY, name))))
    except Misuse as error:
        raise Malformed(f"This is no template. {error}") from error
