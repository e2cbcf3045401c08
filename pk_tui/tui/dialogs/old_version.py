"""One version of a vault, read only: its directories and secrets as they were, a secret's value on request, and the way back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from pk_tui.api.items import ITEM_BEGINS
from pk_tui.api.views import CommitView, EntryView, VaultView
from pk_tui.errors import PkError
from pk_tui.terms import CommitId, SecretPath
from pk_tui.tui.dialogs.peeking import PeekingDialog, Seen
from pk_tui.tui.item_words import chief, rows_of
from pk_tui.tui.plain_text import MAX_TEXT
from pk_tui.tui.reading import read_as_text, read_beginning
from pk_tui.tui.remedies import reason
from pk_tui.tui.session import Session
from pk_tui.tui.text import moment, sentence, shown, size
from pk_tui.tui.widgets.line_list import LineList
from pk_tui.tui.widgets.secret_view import why_not_shown
from pk_tui.tui.widgets.vault_details import who

Restore = Callable[[CommitView, SecretPath | None], Awaitable[bool]]
"""Asks, and brings a version back (None: all of it); False if nothing was done."""


@dataclass(frozen=True, slots=True)
class ToForget:
    """An answer: this is to be forgotten, which was there in this version and need not be there now."""

    path: SecretPath
    version: CommitId


@dataclass(frozen=True, slots=True)
class Old:
    """Something that was in the directory that shows."""

    entry: EntryView

    @property
    def key(self) -> str:
        return self.entry.path

    @property
    def path(self) -> SecretPath:
        return SecretPath.parse(self.entry.path)


def old_line(row: Old, width: int) -> Content:
    facts = f"{size(row.entry.size):>10}"
    name = row.entry.path.rpartition("/")[2] + ("/" if row.entry.is_directory else "")
    room = max(10, width - len(facts))
    return Content.assemble(
        shown(name, 300, style="bold" if row.entry.is_directory else "").truncate(room, ellipsis=True, pad=True),
        Content.styled(facts, "dim"),
    )


class _Entries(LineList[Old]):
    def draw(self, row: Old, width: int) -> Content:
        return old_line(row, width)


class OldVersionDialog(PeekingDialog[bool | ToForget]):
    """Answers True if something was restored, or what is to be forgotten."""

    CSS_PATH = ["dialog.tcss", "history.tcss"]  # noqa: RUF012 - so declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy", id="old.copy", tooltip="Copy the value without showing it"),
        Binding("r", "restore", "Restore", id="old.restore", tooltip="Make it again what it was in this version"),
        Binding(
            "ctrl+x", "forget", "Forget", show=False, id="old.forget", tooltip="Remove it from all versions, for good"
        ),
        Binding(
            "X", "export", "Export", show=False, id="old.export", tooltip="Write this version in clear to a directory"
        ),
        Binding("l", "into", "Into", show=False, id="old.into", tooltip="Into the directory"),
        Binding("h,backspace", "out", "Out", show=False, id="old.out", tooltip="To the directory above"),
    ]
    first = "entries"

    def __init__(
        self, session: Session, vault: VaultView, version: CommitView, path: SecretPath | None, restore: Restore
    ) -> None:
        super().__init__(session)
        self.heading = sentence("$vault as of $time", vault=shown(vault.name, 40), time=moment(version.time))
        self._vault = vault
        self._version = version
        self._reference = f"{vault.vault_id}@{version.commit}"
        self._restore = restore
        self._top = path.parts if path is not None else ()
        self._here: tuple[str, ...] = self._top
        self._entries = _Entries("entries", empty=Content.styled("Reading…", "dim"))

    def body(self) -> ComposeResult:
        yield Static(self._about(), id="about", markup=False)
        yield Static("", id="where", markup=False)
        yield self._entries
        yield self.view

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [
            ("cancel", "Close  esc", False),
            ("export", "Export  X", False),
            ("copy", "Copy  c", False),
            ("restore", "Restore  r", False),
        ]

    def on_mount(self) -> None:
        self.do(self._read(), "version")

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and event.key == "enter":
            self._opened_by = None  # where it opened this dialog it may go on: on the list it confirms nothing
        await super().on_event(event)

    def _about(self) -> Content:
        return sentence(
            "Version $id by $who, read only. enter goes in, h goes out.",
            id=self._version.commit.short,
            who=who(self._version.author, self.session.live.name_of),
        )

    async def _read(self, cursor: str | None = None) -> None:
        directory = SecretPath.of(self._here) if self._here else None
        try:
            entries: Sequence[EntryView] = await self.session.api.secrets.list(self._reference, directory)
        except PkError as error:
            self._entries.empty = shown(reason(error), 500, style="$text-error")
            self._entries.show_rows([])
            return
        self._entries.empty = Content("There was nothing in it.")
        rows = [Old(entry) for entry in entries]
        self._entries.show_rows(rows, cursor if cursor is not None else rows[0].key if rows else None)
        where = "/".join((self._vault.name, *self._here))
        self.query_one("#where", Static).update(shown(where, 300, style="bold"))
        self._look()

    # Moving about

    @property
    def _secret(self) -> SecretPath | None:
        row = self._entries.current
        return row.path if row is not None and not row.entry.is_directory else None

    def _look(self) -> None:
        self.mask()
        self.view.display = self._secret is not None

    @on(LineList.Moved)
    def _moved(self) -> None:
        self.wrong("")
        self._look()

    @on(LineList.Chosen)
    def _chosen(self) -> None:
        if self._secret is None:
            self.action_into()  # and a secret's value is not shown by a key that is held down on the way to it

    def action_into(self) -> None:
        row = self._entries.current
        if row is not None and row.entry.is_directory:
            self._here = row.path.parts
            self.do(self._read(), "version")

    def action_out(self) -> None:
        if len(self._here) > len(self._top) and self._secret_alone is None:
            left, self._here = "/".join(self._here), self._here[:-1]
            self.do(self._read(left), "version")

    @property
    def _secret_alone(self) -> SecretPath | None:
        """The secret that is all this is about."""
        row = self._entries.current
        return row.path if row is not None and row.path.parts == self._top else None

    # Values

    async def value(self) -> Seen | None:
        path, row = self._secret, self._entries.current
        if path is None or row is None:
            return None
        found = await read_as_text(self.session.api, self._reference, path)
        why = why_not_shown(found, row.entry.size)
        return Seen(why_not=why) if why is not None else Seen(found.value.reveal().decode())

    def action_copy(self) -> None:
        if self._secret is None:
            self.wrong("A directory has no value to copy: put the cursor on a secret.")
        else:
            self.do(self._copy(self._secret), "copy")

    async def _copy(self, path: SecretPath) -> None:
        found = await read_beginning(self.session.api, self._reference, path, MAX_TEXT)
        if not found.whole:
            self.wrong(f"It was not copied: more than {size(MAX_TEXT)} is not copied.")
            return
        value, what = found.value, Content("value")
        if value.reveal().startswith(ITEM_BEGINS):
            item = await self.session.api.items.get(self._reference, path)
            if not any(len(slot.value) for slot in item.slots):
                self.wrong("There was nothing in this item to copy.")
                return
            slot = item.slots[chief(rows_of(item).slots)]
            value, what = slot.value, shown(slot.label or slot.name, 40)
        seconds = self.session.settings.clipboard_seconds
        copied = await self.session.clipboard.copy(value, shown(str(path), 60).plain, seconds)
        self.wrong("")
        ending = "cleared" if copied.can_clear else "to be overwritten"
        says = sentence(
            "Copied the $what of then via $route, $ending in $seconds s.",
            what=what, route=copied.route, ending=ending, seconds=str(seconds),
        )  # fmt: skip
        self.query_one("#about", Static).update(says)

    def action_export(self) -> None:
        from pk_tui.tui.deeds.exporting import export_dialog  # when it is needed: deeds bring their dialogs along

        self.mask()
        self.app.push_screen(export_dialog(self.session, self._vault, self._version))

    # The way back

    def chosen(self, button: str) -> None:
        if button == "copy":
            self.action_copy()
        elif button == "export":
            self.action_export()
        else:
            self.action_restore()

    def action_restore(self) -> None:
        self.mask()
        row = self._entries.current
        if row is None:
            self.wrong("There is nothing here to restore.")
        else:
            self.do(self._bring_back(row.path), "restore")

    def action_forget(self) -> None:
        """Also what is not there any more: that is asked about, and done, once this is closed."""
        self.mask()
        row = self._entries.current
        if row is None:
            self.wrong("There is nothing here to forget.")
        else:
            self.dismiss(ToForget(row.path, self._version.commit))

    async def _bring_back(self, path: SecretPath) -> None:
        if await self._restore(self._version, path):
            self.dismiss(True)
