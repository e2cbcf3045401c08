"""Export a vault, or one version of it, in clear: where to, in which form, and what that means for whoever can read there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from pk_tui.api.views import CommitView, ExportForm, VaultView
from pk_tui.errors import PkError
from pk_tui.safe_text import safe_text
from pk_tui.tui import disk
from pk_tui.tui.dialogs.long_work import LongWorkDialog
from pk_tui.tui.remedies import reason
from pk_tui.tui.session import Session
from pk_tui.tui.text import counted, moment, sentence, shown
from pk_tui.tui.transfers import State, Transfer
from pk_tui.tui.widgets.one_of import OneOf
from pk_tui.tui.widgets.path_line import PathLine

FORMS = (ExportForm.DIRECTORY, ExportForm.GIT)
NAMES = ("a file for each secret", "a git repository")
EFFECTS = {
    ExportForm.DIRECTORY: "Each secret becomes a file, as it is in this version; an import takes the directory back.",
    ExportForm.GIT: "The whole history up to this version, for git to read. A secret of more than 1 MiB is a directory of its "
    "pieces there; an import puts them together.",
}
WARNING = (
    "What is written is IN CLEAR: whoever can read these files, backups of that disk or a synchronised folder reads every "
    "secret. The directory is made for you alone; remove it when it has served."
)

Start = Callable[[Path, ExportForm], Transfer]


def proposed(name: str) -> str:
    """Where to: a directory beside the others of the user, if the vault's name can be one's."""
    plain = safe_text(name, 60) == name and "/" not in name and not name.startswith((".", "~"))
    return f"~/{name}-in-clear" if plain else "~/"


class ExportDialog(LongWorkDialog):
    CSS_PATH = ["dialog.tcss", "form.tcss", "export.tcss"]  # noqa: RUF012 - so declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "export", "Export", id="export.export", tooltip="Write it there, in clear"),
    ]
    first = "path"

    def __init__(self, session: Session, vault: VaultView, version: CommitView | None, start: Start) -> None:
        """`version`: an old one; None for the newest."""
        super().__init__(session)
        self.heading = sentence("Export $vault, in clear", vault=shown(vault.name, 50))
        self._vault, self._version, self._start = vault, version, start

    def body(self) -> ComposeResult:
        with Vertical(id="form", classes="-form"):
            with Horizontal(classes="row"):
                yield Static("Version", classes="label", markup=False)
                yield Static(self._which(), markup=False)
            with Horizontal(classes="row"):
                yield Static("Into", classes="label", markup=False)
                yield PathLine(proposed(self._vault.name), "path", files=False)
            with Horizontal(classes="row"):
                yield Static("", classes="label", markup=False)
                yield Static(Content.styled("a directory that is new or empty; tab completes", "dim"), markup=False)
            with Horizontal(classes="row"):
                yield Static("As", classes="label", markup=False)
                yield OneOf(NAMES, 0, name="form-of-it")
            with Horizontal(classes="row"):
                yield Static("", classes="label", markup=False)
                yield Static(EFFECTS[FORMS[0]], id="effect", markup=False)
            warning = Content.styled(f"{self.session.glyphs.warning} {WARNING}", "bold $text-warning")
            yield Static(warning, id="warning", markup=False)
        yield from self.progress()

    def _which(self) -> Content:
        if self._version is None:
            return Content(f"the newest, {counted(self._vault.secrets, 'secret')}")
        return sentence("$id, as of $time", id=self._version.commit.short, time=moment(self._version.time))

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Cancel  esc", False), ("export", "Export  ctrl+s", True), *self.more_buttons()]

    @on(PathLine.Changed)
    def _typed(self) -> None:
        self.wrong("")
        self.say("")

    @on(OneOf.Changed)
    def _other_form(self) -> None:
        self.query_one("#effect", Static).update(EFFECTS[FORMS[self.query_one(OneOf).at]])

    @on(PathLine.Entered)
    def _entered(self) -> None:
        """To the next field: what goes out in clear is not written by an enter too many."""
        self.query_one(OneOf).focus()

    def chosen(self, button: str) -> None:
        if button == "export":
            self.action_export()
        else:
            super().chosen(button)

    def action_export(self) -> None:
        if self.at_work or self._is_done:
            return
        try:
            path = disk.target(self.query_one(PathLine).value)
        except PkError as error:
            self.wrong(shown(reason(error), 500))
            return
        self.query_one("#export", Button).disabled = True
        self.follow(self._start(path, FORMS[self.query_one(OneOf).at]))

    @property
    def _is_done(self) -> bool:
        return self.transfer is not None and self.transfer.state is State.DONE

    def ended(self, transfer: Transfer) -> None:
        if self._is_done:
            self.query_one("#form").display = self.query_one("#export").display = False
            self.query_one("#cancel", Button).label = "Close  esc"
        else:
            self.query_one("#export", Button).disabled = False
            self.query_one("#path").focus()
