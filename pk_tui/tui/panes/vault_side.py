"""What stands beside the tree of vaults: preview and versions of what its cursor is on, fetched once the cursor rests.

Values come into it on request alone, and go at every sign that nobody looks at them any more.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.worker import Worker

from pk_tui.api.views import VaultView
from pk_tui.errors import PkError
from pk_tui.plaintext import Plaintext
from pk_tui.tui.item_words import ItemRows
from pk_tui.tui.panes.item_side import ItemSide
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.plain_text import MAX_TEXT
from pk_tui.tui.reading import is_text, read_beginning
from pk_tui.tui.remedies import reason
from pk_tui.tui.text import sentence, shown, size
from pk_tui.tui.widgets.preview import Preview
from pk_tui.tui.widgets.secret_view import why_not_shown
from pk_tui.tui.widgets.slot_rows import SlotRows
from pk_tui.tui.widgets.vault_details import (
    VERSIONS_READ,
    Known,
    directory_fields,
    secret_fields,
    vault_fields,
)
from pk_tui.tui.widgets.vault_rows import Row, RowKind, clone_names
from pk_tui.tui.widgets.versions import Versions

SETTLES = 0.1
"""Seconds that the cursor rests on a row before anything about it is asked for."""
NOTICEABLE = 0.3
"""Seconds of waiting that need no word."""
_NOTHING = Known()


class Side(Container):
    def __init__(self, pane: Pane) -> None:
        super().__init__(id="side")
        session = pane.session
        self._pane = pane
        self._live = session.live
        self.preview = Preview(session.clock, session.glyphs)
        self.versions = Versions()
        self._row: Row | None = None
        """What is shown."""
        self._vault: VaultView | None = None
        self._known = _NOTHING
        self._in_full = False
        self._fetching: Worker[None] | None = None
        """Of a value that is to be shown."""
        self._kinds: dict[Row, str] = {}
        """What was seen of values that were asked for: text or binary."""
        self._items = ItemSide(pane, self.preview.slots, self._put_on_clipboard)
        self._asked: Row | None = None
        """The row of which it is known whether it is an item."""

    def compose(self) -> ComposeResult:
        yield self.preview
        yield self.versions

    def on_mount(self) -> None:
        self.watch(self.app, "app_focus", self.resume, init=False)

    def look(self, row: Row | None, vault: VaultView | None, again: bool) -> None:
        """Show this: at once what is known, the rest as soon as the cursor rests. `again`: it may have changed."""
        same = row is not None and self._row is not None and row.key == self._row.key
        changed = row != self._row
        self._row, self._vault = row, vault
        if not same:
            self.mask()
            self._known = replace(_NOTHING, kind=self._kinds.get(row) if row is not None else None)
            self._in_full = False
            self._asked = None
            self.preview.show_item(None)
            self.preview.wait("")
            self.preview.scroll_home(animate=False)
            self.versions.show((), 0, self._live.name_of)
        self.draw()
        if row is None or vault is None:
            self.workers.cancel_node(self)
        elif changed or again:
            self.run_worker(self._find_out(row, vault), "preview", "preview", "preview", exclusive=True)

    def draw(self) -> None:
        row, vault, now, name_of = self._row, self._vault, self._pane.session.clock.now(), self._live.name_of
        if row is None or vault is None:
            self.preview.show("", (), False)
            return
        if row.kind is RowKind.VAULT:
            called = clone_names(self._live.vaults).get(vault.origin, "") if vault.origin is not None else ""
            fields = vault_fields(vault, self._known, now, name_of, self._in_full, called)
        elif row.kind is RowKind.DIRECTORY:
            fields = directory_fields(row, vault, name_of)
        else:
            fields = secret_fields(row, vault, self._known, now, name_of, self._in_full)
        title = "/".join((vault.name, *row.spot.parts))
        self.preview.show(title, fields, row.kind is RowKind.SECRET)

    def more_or_less(self) -> None:
        self._in_full = not self._in_full
        self.draw()

    async def _find_out(self, row: Row, vault: VaultView) -> None:
        await asyncio.sleep(SETTLES)
        if vault.damaged is not None:
            return
        slow = self.set_timer(NOTICEABLE, partial(self.preview.wait, Content.styled("Reading…", "dim")))
        says: Content | str = ""
        try:
            says = await self._ask_about(row, str(row.spot.vault))
        except PkError as error:
            says = shown(reason(error), 500, style="$text-error")
        finally:
            slow.stop()
        self.preview.wait(says)
        where = "/".join(row.spot.parts)
        versions = [self._live.with_names(one) for one in self._known.versions or ()]
        self.versions.show(versions, self._pane.session.clock.now(), self._live.name_of, where)
        self.draw()
        self.resume()

    async def _ask_about(self, row: Row, vault: str) -> Content:
        """What there is to say of it besides the facts."""
        api, path = self._pane.api, row.spot.path
        stat = people = None
        if path is None:
            people = await api.vaults.permissions(vault)
        elif row.kind is RowKind.SECRET:
            stat = await api.secrets.stat(vault, path)
        versions = await api.vaults.log(vault, path, limit=VERSIONS_READ)
        before = self._known.stat
        if before is not None and (stat is None or stat.commit != before.commit):
            self.mask()  # what is revealed is not the value any more
        self._known = Known(stat, versions, people, self._known.kind)
        return await self._ask_for_item(row) if row.kind is RowKind.SECRET else Content("")

    # Items

    @property
    def item(self) -> ItemRows | None:
        """The item that shows, as far as it is known to be one."""
        return self.preview.slots.item

    async def _ask_for_item(self, row: Row) -> Content:
        """Find out whether it is an item, and show its slots if it is. What is wrong with it, or nothing."""
        path = row.spot.path
        assert path is not None
        item, wrong = await self._items.find(str(row.spot.vault), path, row.size)
        if self._row is None or self._row.key != row.key:
            return Content("")
        self._asked = row
        self._items.at(str(row.spot.vault), path)
        self.preview.show_item(item)
        if item is not None:
            self._kind_seen(row, f"item, {shown(item.template, 40).plain}")
        return shown(wrong, 500, style="$text-warning")

    def resume(self, focused: bool = True) -> None:
        """Somebody looks again: a code that goes by the time shows without being asked for, since it is soon worth nothing."""
        if focused and self.item is not None and self._is_looked_at and not self.preview.slots.code_shows:
            self._items.show_code()

    @property
    def _is_looked_at(self) -> bool:
        return bool(self._pane.display) and self.app.screen is self.screen and self.app.app_focus

    def on_slot_rows_code_ended(self, event: SlotRows.CodeEnded) -> None:
        event.stop()
        self.resume()

    async def slots(self) -> ItemSide | None:
        """What copies and shows slots; None after saying so if the cursor is on no item."""
        if self._row is not None and self._row.kind is RowKind.SECRET and self._asked != self._row:
            await self._ask_for_item(self._row)
        if self.item is None:
            self._pane.say("Only an item has slots: put the cursor on one, or `c` copies the whole value.")
        return self._items if self.item is not None else None

    # Values

    def mask(self) -> None:
        """Show no value, and fetch none."""
        if self._fetching is not None:
            self._fetching.cancel()
            self._fetching = None
        self.preview.secret.mask()
        self._items.mask()

    def peek(self, stays: bool) -> None:
        """Show the value for a while, or (`stays`) until it is masked; if it shows already, for longer. A key that is held down
        repeats: that extends."""
        seconds = None if stays else float(self._pane.session.settings.reveal_seconds)
        view = self.preview.secret
        if self.item is not None:
            self._items.peek(stays, seconds)
        elif view.revealed:
            if stays and view.stays:
                self.mask()
            else:
                view.extend(seconds)
        elif self._row is not None and (self._fetching is None or self._fetching.is_finished):
            self._fetching = self._pane.do(self._reveal(self._row, stays, seconds), "value")

    async def _reveal(self, row: Row, stays: bool, seconds: float | None) -> None:
        path = row.spot.path
        assert path is not None
        if self._asked != row:
            await self._ask_for_item(row)
        if self.item is not None:
            self._items.peek(stays, seconds)
            return
        async with self._pane.busy("Reading the value"):
            found = await read_beginning(self._pane.api, str(row.spot.vault), path)
        self._seen(row, is_text(found))
        why = why_not_shown(found, len(found.value) if found.whole else row.size)
        if why is not None:
            self.preview.secret.mask(why)
        else:
            self.preview.secret.reveal(found.value.reveal().decode(), seconds)

    def _seen(self, row: Row, is_text: bool) -> None:
        self._kind_seen(row, "text" if is_text else "binary")

    def _kind_seen(self, row: Row, kind: str) -> None:
        self._kinds[row] = kind
        if self._row == row:
            self._known = replace(self._known, kind=kind)
            self.draw()

    def copy(self) -> None:
        if self._row is not None:
            self._pane.do(self._copy(self._row), "copy")

    async def _copy(self, row: Row) -> None:
        path = row.spot.path
        assert path is not None
        if self._asked != row:
            await self._ask_for_item(row)
        if self.item is not None and self._row == row:
            self._items.copy()
            return
        async with self._pane.busy("Reading the value"):
            found = await read_beginning(self._pane.api, str(row.spot.vault), path, MAX_TEXT)
        if not found.whole:
            self._pane.say(f"It was not copied: it is {size(row.size)} long, more than {size(MAX_TEXT)} is not copied.")
            return
        self._seen(row, is_text(found))
        await self._put_on_clipboard(found.value, str(path))

    def copy_path(self) -> None:
        if self._row is not None and self._vault is not None:
            parts = self._row.spot.parts
            where = f"{self._vault.name}:{'/'.join(parts)}" if parts else self._vault.name
            self._pane.do(self._put_on_clipboard(Plaintext.of_text(where), "the path"), "copy")

    async def _put_on_clipboard(self, value: Plaintext, what: str) -> None:
        seconds = self._pane.session.settings.clipboard_seconds
        copied = await self._pane.session.clipboard.copy(value, shown(what, 60).plain, seconds)
        ending = "cleared" if copied.can_clear else "to be overwritten"
        self._pane.say(
            sentence(
                "Copied $what via $route, $ending in $seconds s.",
                what=what,
                route=copied.route,
                ending=ending,
                seconds=str(seconds),
            )
        )

    # Versions

    def on_versions_chosen(self, event: Versions.Chosen) -> None:
        event.stop()
        row, vault = self._row, self._vault
        if row is not None and vault is not None:
            from pk_tui.tui.deeds import history  # when it is needed: it brings its dialogs along

            self.mask()
            self._pane.begin(history.history(self._pane, vault, row.spot.path, event.version.commit), "deed")
