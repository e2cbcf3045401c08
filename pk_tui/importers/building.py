"""Items out of foreign entries: slots with valid and unique names, nothing empty, and texts that cannot be stored refused."""

from __future__ import annotations

from collections.abc import Iterable

from pk_tui.errors import Malformed
from pk_tui.importers.finding import text_fault
from pk_tui.importers.naming import component
from pk_tui.plaintext import Plaintext
from pk_tui.vault.item import MAX_LABEL, MAX_SLOTS, MAX_TAG, MAX_TAGS, MAX_TITLE, Item, Slot


class Building:
    """An item in the making. `place` says in an error where its source is."""

    def __init__(self, template: str, title: str, place: str) -> None:
        self.template = template
        self._place = place
        self._title = self.text(title, "title")
        self._slots: dict[str, Slot] = {}
        self.left_out: list[str] = []
        """What did not go in, in words."""

    def text(self, value: str, what: str) -> str:
        """`value` if it is text that can be stored. Raises Malformed, naming the place."""
        fault = text_fault(value)
        if fault:
            raise Malformed(f"{self._place}: the {what} cannot be taken: {fault}. Nothing was written.")
        return value

    def add(self, name: str, value: str | None, type_: str = "text", label: str = "") -> None:
        """A slot, if there is a value. A name that is taken gets ` (2)`."""
        if not value:
            return
        shown = component(name).replace("#", "-")
        wanted, number = shown, 2
        while wanted in self._slots:
            wanted = f"{shown} ({number})"
            number += 1
        if len(self._slots) >= MAX_SLOTS:
            self.left_out.append(f"its field “{wanted}” is beyond the {MAX_SLOTS} that an item may have")
            return
        text = self.text(value, f"field “{wanted}”")
        told = label or (name if wanted != name else "")
        self._slots[wanted] = Slot(wanted, Plaintext(text.encode()), type_, _label(told))

    def has(self, name: str) -> bool:
        return name in self._slots

    def done(self, tags: Iterable[str] = ()) -> Item:
        kept = list(dict.fromkeys(tag for tag in (self.text(tag.strip(), "tag") for tag in tags) if tag))
        for tag in kept[MAX_TAGS:]:
            self.left_out.append(f"its tag “{component(tag)}” is beyond the {MAX_TAGS} that an item may have")
        return Item(
            self.template,
            _line_of(self._title)[:MAX_TITLE],
            tuple(self._slots.values()),
            tuple(_line_of(tag)[:MAX_TAG] for tag in kept[:MAX_TAGS]),
        )


def _line_of(text: str) -> str:
    return " ".join(text.split())


def _label(text: str) -> str:
    return _line_of("".join(character if character.isprintable() else " " for character in text))[:MAX_LABEL]
