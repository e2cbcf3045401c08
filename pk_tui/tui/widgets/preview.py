"""What the cursor of the vaults pane is on, in facts, with the masked value if it is a secret, or the slots if that is an item.
Told what to say; asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from pk_tui.clock import Clock
from pk_tui.tui.glyphs import Glyphs
from pk_tui.tui.item_words import ItemRows
from pk_tui.tui.text import shown
from pk_tui.tui.widgets.secret_view import SecretView
from pk_tui.tui.widgets.slot_rows import SlotRows
from pk_tui.tui.widgets.vault_details import Field, laid_out


class Preview(VerticalScroll):
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "scroll_up", "Up", show=False, id="preview.up", tooltip="One slot up, or scroll up"),
        Binding("j", "scroll_down", "Down", show=False, id="preview.down", tooltip="One slot down, or scroll down"),
        Binding("g", "scroll_home", "Top", show=False, id="preview.top", tooltip="To the top"),
        Binding("G", "scroll_end", "Bottom", show=False, id="preview.bottom", tooltip="To the bottom"),
        Binding("ctrl+d", "page_down", "Page down", show=False, id="preview.page_down", tooltip="One page down"),
        Binding("ctrl+u", "page_up", "Page up", show=False, id="preview.page_up", tooltip="One page up"),
    ]

    def __init__(self, clock: Clock, glyphs: Glyphs) -> None:
        super().__init__(id="preview", classes="panel")
        self._view = SecretView(clock, glyphs)
        self.slots = SlotRows(clock, glyphs)
        self._has_value = False
        self._facts = Static("", id="facts", markup=False)
        self._waits = Static("", id="waits", markup=False)
        self._fields: Sequence[Field] = ()

    @property
    def secret(self) -> SecretView:
        return self._view

    @property
    def showing(self) -> SecretView | SlotRows:
        """Where a value would show: the whole one's place, or that of the slots."""
        return self._view if self.slots.item is None else self.slots

    def compose(self) -> ComposeResult:
        yield self._view
        yield self.slots
        yield self._facts
        yield self._waits

    def show(self, title: str, fields: Sequence[Field], has_value: bool) -> None:
        """These facts; `title` is raw."""
        self.border_title = shown(title, 100)
        self._has_value = has_value
        self._view.display = has_value and self.slots.item is None
        self._fields = fields
        self._lay_out()

    def show_item(self, item: ItemRows | None) -> None:
        """These slots in place of a whole value; None: there are none."""
        self.slots.show(item)
        self._view.display = self._has_value and item is None

    # Moving: from slot to slot, and past either end it scrolls

    def action_scroll_down(self) -> None:
        if not self._moved(1):
            super().action_scroll_down()

    def action_scroll_up(self) -> None:
        if not self._moved(-1):
            super().action_scroll_up()

    def _moved(self, by: int) -> bool:
        moved = self.slots.move(by)
        if moved:
            self._bring_cursor()
        return moved

    def _bring_cursor(self) -> None:
        region = self.slots.region_of_cursor
        self.scroll_to_region(region.translate(self.slots.virtual_region.offset), animate=False, force=True)

    def on_slot_rows_meant(self, event: SlotRows.Meant) -> None:
        event.stop()
        self.call_after_refresh(self._bring_cursor)

    def on_focus(self) -> None:
        self.slots.activate(True)

    def on_blur(self) -> None:
        self.slots.activate(False)

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        facts = laid_out(self._fields, self.scrollable_content_region.width)
        self._put(self._facts, facts)

    def wait(self, says: Content | str) -> None:
        """What is being waited for, or what failed, below the facts; "" for neither."""
        self._put(self._waits, Content(says) if isinstance(says, str) else says)

    def _put(self, line: Static, content: Content) -> None:
        """Laying out a screen anew costs more than all else that a moved cursor does: only if the height may have changed."""
        old = line.content
        if not isinstance(old, Content) or not old.is_same(content):
            fits = (
                isinstance(old, Content)
                and old.plain.count("\n") == content.plain.count("\n")
                and bool(old) == bool(content)
            )
            line.update(content, layout=not (fits and line is self._facts))
