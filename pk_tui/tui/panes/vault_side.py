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
from pk_tui.clock import rfc3339
from pk_tui.errors import PkError
from pk_tui.plaintext import Plaintext
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.plain_text import MAX_TEXT
from pk_tui.tui.reading import is_text, read_beginning
from pk_tui.tui.text import sentence, shown, size
from pk_tui.tui.widgets.preview import Preview
from pk_tui.tui.widgets.secret_view import why_not_shown
from pk_tui.tui.widgets.vault_details import (
    VERSIONS_READ,
    Known,
    directory_fields,
    secret_fields,
    vault_fields,
)
from pk_tui.tui.widgets.vault_rows import Row, RowKind
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

    def compose(self) -> ComposeResult:
        yield self.preview
        yield self.versions

    def look(self, row: Row | None, vault: VaultView | None, again: bool) -> None:
        """Show this: at once what is known, the rest as soon as the cursor rests. `again`: it may have changed."""
        same = row is not None and self._row is not None and row.key == self._row.key
        changed = row != self._row
        self._row, self._vault = row, vault
        if not same:
            self.mask()
            self._known = replace(_NOTHING, kind=self._kinds.get(row) if row is not None else None)
            self._in_full = False
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
            fields = vault_fields(vault, self._known, now, name_of, self._in_full)
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
            await self._ask_about(row, str(row.spot.vault))
        except PkError as error:
            says = shown(error.message, 500, style="$text-error")
        finally:
            slow.stop()
        self.preview.wait(says)
        where = "/".join(row.spot.parts)
        self.versions.show(self._known.versions or (), self._pane.session.clock.now(), self._live.name_of, where)
        self.draw()

    async def _ask_about(self, row: Row, vault: str) -> None:
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

    # Values

    def mask(self) -> None:
        """Show no value, and fetch none."""
        if self._fetching is not None:
            self._fetching.cancel()
            self._fetching = None
        self.preview.secret.mask()

    def peek(self, stays: bool) -> None:
        """Show the value for a while, or (`stays`) until it is masked; if it shows already, for longer. A key that is held down
        repeats: that extends."""
        seconds = None if stays else float(self._pane.session.settings.reveal_seconds)
        view = self.preview.secret
        if view.revealed:
            if stays and view.stays:
                self.mask()
            else:
                view.extend(seconds)
        elif self._row is not None and (self._fetching is None or self._fetching.is_finished):
            self._fetching = self._pane.do(self._reveal(self._row, seconds), "value")

    async def _reveal(self, row: Row, seconds: float | None) -> None:
        path = row.spot.path
        assert path is not None
        async with self._pane.busy("Reading the value"):
            found = await read_beginning(self._pane.api, str(row.spot.vault), path)
        self._seen(row, is_text(found))
        why = why_not_shown(found, len(found.value) if found.whole else row.size)
        if why is not None:
            self.preview.secret.mask(why)
        else:
            self.preview.secret.reveal(found.value.reveal().decode(), seconds)

    def _seen(self, row: Row, is_text: bool) -> None:
        self._kinds[row] = "text" if is_text else "binary"
        if self._row == row:
            self._known = replace(self._known, kind=self._kinds[row])
            self.draw()

    def copy(self) -> None:
        if self._row is not None:
            self._pane.do(self._copy(self._row), "copy")

    async def _copy(self, row: Row) -> None:
        path = row.spot.path
        assert path is not None
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
        """In the list a message is cut; the status line has room for more of it."""
        event.stop()
        one = event.version
        self._pane.say(
            sentence(
                "Version $id of $time: $message",
                id=one.commit.short,
                time=rfc3339(one.time)[:19],
                message=shown(one.message, 300),
            )
        )
