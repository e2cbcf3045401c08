"""What differs between two versions: the secrets, and for the one with the cursor both values, on request, line by line."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from pk_tui.api.views import ChangeView, CommitView, VaultView
from pk_tui.errors import PkError
from pk_tui.terms import Change, CommitId, SecretPath
from pk_tui.tui.compared import compared
from pk_tui.tui.dialogs.peeking import PeekingDialog, Seen
from pk_tui.tui.reading import SHOWN_AT_MOST, is_text, read_as_text
from pk_tui.tui.remedies import reason
from pk_tui.tui.session import Session
from pk_tui.tui.text import counted, moment, sentence, shown, size
from pk_tui.tui.widgets.line_list import LineList

SIGNS = {
    Change.ADDED: ("+", "$text-success"),
    Change.MODIFIED: ("~", "$text-warning"),
    Change.DELETED: ("-", "$text-error"),
}


@dataclass(frozen=True, slots=True)
class Changed:
    change: ChangeView

    @property
    def key(self) -> str:
        return str(self.change.path)


def change_line(change: ChangeView) -> Content:
    """`~ modified  db/password`."""
    sign, style = SIGNS[change.change]
    return Content.assemble(
        Content.styled(f"{sign} {change.change.value:<8}", style), "  ", shown(str(change.path), 1100)
    )


class _Changes(LineList[Changed]):
    def draw(self, row: Changed, width: int) -> Content:
        return change_line(row.change)


class CompareDialog(PeekingDialog[None]):
    CSS_PATH = ["dialog.tcss", "history.tcss"]  # noqa: RUF012 - so declared by Textual
    first = "changes"

    def __init__(
        self, session: Session, vault: VaultView, old: CommitView, new: CommitView, path: SecretPath | None
    ) -> None:
        """`path`: what is looked at; None is the whole vault."""
        super().__init__(session)
        about = f"{vault.name}:{path}" if path is not None else vault.name
        self.heading = sentence("What changed in $about", about=shown(about, 60))
        self._vault = str(vault.vault_id)
        self._old, self._new, self._path = old, new, path
        self._changes = _Changes("changes", empty=Content.styled("Comparing…", "dim"))

    def body(self) -> ComposeResult:
        yield Static(self._about(), id="about", markup=False)
        yield self._changes
        yield self.view

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Close  esc", False), ("peek", "Values  space", False)]

    def _about(self) -> Content:
        return sentence(
            "From $old, $then, to $new, $now.",
            old=self._old.commit.short, then=moment(self._old.time),
            new=self._new.commit.short, now=moment(self._new.time),
        )  # fmt: skip

    def on_mount(self) -> None:
        self.view.display = False
        self.do(self._read(), "changes")

    async def _read(self) -> None:
        try:
            found = await self.session.api.vaults.diff(self._vault, str(self._old.commit), str(self._new.commit))
        except PkError as error:
            self._changes.empty = shown(reason(error), 500, style="$text-error")
            self._changes.refresh()
            return
        rows = [Changed(one) for one in found if concerns(one, self._path)]
        self._changes.empty = Content("The two hold the same secrets.")
        self._changes.show_rows(rows)
        self.view.display = bool(rows)
        self.query_one("#dialog").border_subtitle = Content(counted(len(rows), "secret differs", "secrets differ"))

    @on(LineList.Moved)
    def _moved(self) -> None:
        self.wrong("")
        self.mask()

    @on(LineList.Chosen)
    def _chosen(self) -> None:
        self.action_peek()

    def chosen(self, button: str) -> None:
        self.action_peek()

    async def value(self) -> Seen | None:
        row = self._changes.current
        if row is None:
            return Seen(why_not="nothing differs")
        change = row.change
        was = None if change.change is Change.ADDED else await self._side(self._old.commit, change.path)
        became = None if change.change is Change.DELETED else await self._side(self._new.commit, change.path)
        for side in (was, became):
            if side is not None and side.why_not is not None:
                return side
        return Seen(compared(was.text if was else None, became.text if became else None))

    async def _side(self, commit: CommitId, path: SecretPath) -> Seen:
        found = await read_as_text(self.session.api, f"{self._vault}@{commit}", path)
        if not is_text(found):
            return Seen(why_not="binary: compared byte for byte, not shown")
        if not found.whole:
            return Seen(why_not=f"more than {size(SHOWN_AT_MOST)} is not shown")
        return Seen(found.value.reveal().decode())


def concerns(change: ChangeView, path: SecretPath | None) -> bool:
    """True for the secret at the path, and for all below it."""
    return path is None or change.path == path or change.path.is_under(path)
