"""The versions of a vault, a directory or a secret, newest first: to be opened, compared, and brought back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from pk_tui.api.views import CommitView, VaultView
from pk_tui.clock import Instant
from pk_tui.errors import PkError
from pk_tui.terms import Change, CommitId, SecretPath
from pk_tui.tui.dialogs.compare import CompareDialog, change_line, concerns
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.dialogs.old_version import OldVersionDialog, Restore, ToForget
from pk_tui.tui.dialogs.pick import PickDialog
from pk_tui.tui.remedies import reason
from pk_tui.tui.session import Session
from pk_tui.tui.text import counted, moment, sentence, shown
from pk_tui.tui.widgets.chooser import Choice
from pk_tui.tui.widgets.line_list import LineList
from pk_tui.tui.widgets.vault_details import NAME_OF
from pk_tui.tui.widgets.versions import version_line

PAGE = 100
"""Versions asked for at once; more as soon as the cursor comes to the last."""
WHAT_LINES = 5
"""Lines below the list that say what the version with the cursor changed."""


MARKED = Content("Marked: d on another version compares it with this one, m takes the mark away.")


@dataclass(frozen=True, slots=True)
class Line:
    version: CommitView
    is_marked: bool
    is_newest: bool

    @property
    def key(self) -> str:
        return str(self.version.commit)


class _Lines(LineList[Line]):
    def __init__(self, now: Instant, name_of: NAME_OF, path: str) -> None:
        super().__init__("history", empty=Content.styled("Reading the versions…", "dim"))
        self._now, self._name_of, self._path = now, name_of, path

    def draw(self, row: Line, width: int) -> Content:
        sign = Content.styled("* " if row.is_marked else "  ", "bold $accent")
        line = version_line(row.version, self._now, self._name_of, self._path)
        newest = Content.styled("  (now)", "dim") if row.is_newest else Content("")
        return Content.assemble(sign, Content.styled(row.version.commit.short, "dim"), line, newest)


class HistoryDialog(Dialog[bool | ToForget]):
    """Answers True if something was restored, or what is to be forgotten."""

    CSS_PATH = ["dialog.tcss", "history.tcss"]  # noqa: RUF012 - so declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d,equals_sign", "compare", "Compare", id="history.compare",
                tooltip="What changed since the version before, or since the marked one"),
        Binding("m", "mark", "Mark", id="history.mark", tooltip="Mark this version, to compare others with it"),
        Binding("r,R", "restore", "Restore", id="history.restore", tooltip="Make this version the newest one again"),
        Binding("ctrl+x", "forget", "Forget", show=False, id="history.forget",
                tooltip="Remove from all versions, for good, what this one deleted"),
    ]  # fmt: skip
    first = "history"

    def __init__(
        self,
        session: Session,
        vault: VaultView,
        path: SecretPath | None,
        restore: Restore,
        start: CommitId | None = None,
    ) -> None:
        """`start`: the version that the cursor is to be on."""
        super().__init__()
        about = f"{vault.name}:{path}" if path is not None else vault.name
        self.heading = sentence("Versions of $about", about=shown(about, 60))
        self._session = session
        self._vault = vault
        self._path = path
        self._restore = restore
        self._start = start
        self._versions: list[CommitView] = []
        self._marked: CommitView | None = None
        self._is_all = False
        """True once the oldest version is among them."""
        self._reading = False
        self._lines = _Lines(session.clock.now(), session.live.name_of, str(path) if path is not None else "")

    def body(self) -> ComposeResult:
        yield self._lines
        yield Static("", id="what", markup=False)

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [
            ("cancel", "Close  esc", False),
            ("compare", "Compare  d", False),
            ("restore", "Restore  r", False),
            ("open", "Open  enter", False),
        ]

    def on_mount(self) -> None:
        self.do(self._read(), "versions")

    # Reading

    async def _read(self) -> None:
        """The next page, older ones; the first if there is none yet."""
        if self._reading or self._is_all:
            return
        self._reading = True
        vaults, name = self._session.api.vaults, str(self._vault.vault_id)
        try:
            if self._versions:
                last = self._versions[-1].commit
                page = (await vaults.log(f"{name}@{last}", self._path, limit=PAGE + 1))[1:]
            else:
                page = await vaults.log(name, self._path, limit=PAGE)
        except PkError as error:
            self._lines.empty = Content.assemble(
                shown(reason(error), 500, style="$text-error"), "\n\n`K` says what is wrong with a vault."
            )
            if self._versions:
                raise
            return
        finally:
            self._reading = False
        self._versions += map(self._session.live.with_names, page)
        self._is_all = len(page) < PAGE
        self._lines.empty = Content("There are no versions of it.")
        self._show(str(self._start) if self._start is not None else None)
        self._start = None

    def _show(self, cursor: str | None = None) -> None:
        head = self._vault.head
        rows = [
            Line(one, self._marked is not None and one.commit == self._marked.commit, one.commit == head)
            for one in self._versions
        ]
        self._lines.show_rows(rows, cursor)
        more = "" if self._is_all else "+"
        self.query_one("#dialog").border_subtitle = Content(counted(len(rows), f"version{more}", f"versions{more}"))
        self._say_what()

    @property
    def _current(self) -> CommitView | None:
        row = self._lines.current
        return row.version if row is not None else None

    @on(LineList.Moved)
    def _moved(self) -> None:
        self.wrong("")
        self._say_what()
        if self._lines.at == len(self._versions) - 1 and not self._is_all:
            self.do(self._read(), "versions")

    def on_resize(self, event: events.Resize) -> None:
        self._say_what()

    def _say_what(self) -> None:
        version = self._current
        if version is None:
            says = Content("")
        elif version is self._marked:
            says = MARKED
        else:
            says = what(version, self._path)
        self.query_one("#what", Static).update(says)

    # Verbs

    @on(LineList.Chosen)
    def _open(self) -> None:
        version = self._current
        if version is not None:
            self.do(self._opened(version), "version")

    async def _opened(self, version: CommitView) -> None:
        dialog = OldVersionDialog(self._session, self._vault, version, self._path, self._restore)
        answer = await self.app.push_screen_wait(dialog)
        if answer:
            self.dismiss(answer)

    def action_mark(self) -> None:
        version = self._current
        if version is not None:
            self._marked = None if self._marked is version else version
            self._show()

    def action_compare(self) -> None:
        at = self._lines.at
        if not self._versions:
            return
        other = self._versions.index(self._marked) if self._marked is not None else at
        if other == at:
            other = at + 1
        if other >= len(self._versions):
            self.wrong("This is the oldest version: there is none before it to compare with.")
            return
        new, old = (self._versions[one] for one in sorted((at, other)))
        self.do(self._compared(old, new), "compare")

    async def _compared(self, old: CommitView, new: CommitView) -> None:
        await self.app.push_screen_wait(CompareDialog(self._session, self._vault, old, new, self._path))

    def action_restore(self) -> None:
        version = self._current
        if version is not None:
            self.do(self._brought_back(version), "restore")

    async def _brought_back(self, version: CommitView) -> None:
        if await self._restore(version, self._path):
            self.dismiss(True)

    def action_forget(self) -> None:
        version = self._current
        if version is None:
            return
        deleted = [
            one.path for one in version.changes if one.change is Change.DELETED and concerns(one, self._path)
        ]  # fmt: skip
        if deleted and version.parents:
            self.do(self._forgotten(deleted, version.parents[0]), "forget")
        else:
            self.wrong("This version deleted nothing. enter opens it: there ctrl+x forgets what the cursor is on.")

    async def _forgotten(self, deleted: Sequence[SecretPath], before: CommitId) -> None:
        chosen = deleted[0]
        if len(deleted) > 1:
            choices = [Choice(str(number), shown(str(path), 200).plain) for number, path in enumerate(deleted)]
            question = Content("This version deleted several. Which one is to be forgotten?")
            picked = await self.app.push_screen_wait(
                PickDialog(Content("Forget what was deleted"), question, choices, self._session.glyphs)
            )
            if picked is None:
                return
            chosen = deleted[int(picked)]
        self.dismiss(ToForget(chosen, before))

    def chosen(self, button: str) -> None:
        match button:
            case "compare":
                self.action_compare()
            case "restore":
                self.action_restore()
            case _:
                self._open()


def what(version: CommitView, path: SecretPath | None) -> Content:
    """When exactly, and what it changed: as many lines as there is room for."""
    merged = ", a merge" if len(version.parents) > 1 else ""
    first = Content.styled(f"{version.commit}  {moment(version.time, seconds=True)}{merged}", "dim")
    changes: Sequence[Content] = [change_line(one) for one in version.changes[: WHAT_LINES - 1]]
    if not changes or (path is not None and not version.message.startswith(f"{path} ")):
        return Content("\n").join([first, shown(version.message, 300)])
    if len(version.changes) > WHAT_LINES - 1:
        rest = len(version.changes) - (WHAT_LINES - 2)
        changes = [*changes[: WHAT_LINES - 2], Content.styled(f"  and {rest:,} more", "dim")]
    return Content("\n").join([first, *changes])
