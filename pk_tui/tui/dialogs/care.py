"""Care of the whole node: check everything, tidy, back up to a file. Each says before what it does, then what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, Static

from pk_tui.api.care import CheckView
from pk_tui.clock import rfc3339
from pk_tui.errors import PkError
from pk_tui.tui import disk
from pk_tui.tui.dialogs.long_work import LongWorkDialog
from pk_tui.tui.dialogs.problems import ProblemList, explained, problem_rows
from pk_tui.tui.remedies import reason
from pk_tui.tui.session import Session
from pk_tui.tui.text import shown
from pk_tui.tui.transfers import State, Transfer
from pk_tui.tui.widgets.line_list import LineList
from pk_tui.tui.widgets.path_line import PathLine


class Care(Protocol):
    """What the dialog can have begun; each is a transfer of the app's."""

    checked: CheckView | None
    """What the last check found."""

    def check(self, repair: bool = False) -> Transfer: ...
    def tidy(self, new_keys: bool) -> Transfer: ...
    def back_up(self, file: Path) -> Transfer: ...


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of care; all words are ours. `key` is also the key that begins it."""

    key: str
    name: str
    means: str


CHECK = Work(
    "c",
    "Check everything",
    "Every stored byte is read and verified. Nothing is changed. What is damaged is named by vault and path; it keeps nothing "
    "else from being read.",
)
TIDY = Work(
    "t",
    "Tidy",
    "What many small changes left in small pieces is gathered, and what nothing needs any more is dropped: the database becomes "
    "smaller. No version is lost. An idle node does this by itself.",
)
NEW_KEYS = Work(
    "n",
    "Tidy under new keys",
    "As tidying, and every vault is sealed under a new key, the old one deleted: older copies of the database open nothing that "
    "is written from now on. Backups made before open with their own keys.",
)
BACK_UP = Work(
    "b",
    "Back up to a file",
    "Everything of this node as it is now, in one sealed file, read back and verified. It opens with the password of now, or "
    "with the 24 recovery words, and with no later password. `pk-tui restore FILE` makes a node of it.",
)
WORKS = (CHECK, TIDY, NEW_KEYS, BACK_UP)
REPAIR = (
    "Repair (r) makes indexes anew and removes what nothing names. What is altered or gone comes from elsewhere: an older "
    "version (H), the node it was cloned from, or a backup."
)


class _Works(LineList[Work]):
    def draw(self, row: Work, width: int) -> Content:
        return Content.assemble(Content.styled(f"{row.key}  ", "bold $accent"), row.name)


class CareDialog(LongWorkDialog):
    CSS_PATH = ["dialog.tcss", "form.tcss", "care.tcss"]  # noqa: RUF012 - so declared by Textual
    heading = Content("Care of this node")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "work('c')", "Check", show=False, id="care.check", tooltip="Read and verify everything"),
        Binding("t", "work('t')", "Tidy", show=False, id="care.tidy", tooltip="Gather pieces, drop what nothing needs"),
        Binding("n", "work('n')", "New keys", show=False, id="care.new_keys", tooltip="Tidy, under new keys"),
        Binding("b", "work('b')", "Back up", show=False, id="care.back_up", tooltip="Everything into one sealed file"),
        Binding(
            "r", "repair", "Repair", show=False, id="care.repair", tooltip="Put right what can be, and check again"
        ),
        Binding("ctrl+s", "begin", "Begin", show=False, id="care.begin", tooltip="Begin what the cursor is on"),
    ]
    first = "works"

    def __init__(self, session: Session, care: Care) -> None:
        super().__init__(session)
        self._care = care
        self._begun: Work | None = None
        self._about_work = CHECK

    def body(self) -> ComposeResult:
        works = _Works("works")
        works.add_class("-form")
        works.rows = WORKS
        yield works
        yield Static("", id="means", markup=False)
        line = PathLine(f"~/pk-tui-{rfc3339(self.session.clock.now())[:10]}.backup", "path", files=True)
        line.add_class("-form")
        yield line
        yield from self.progress()
        yield ProblemList("problems")
        yield Static("", id="problem", markup=False)
        yield Static(REPAIR, id="repairs", markup=False)

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [
            ("cancel", "Close  esc", False),
            ("repair", "Repair  r", False),
            ("begin", "Begin  enter", False),
            *self.more_buttons(),
        ]

    def on_mount(self) -> None:
        self._about()
        self._show_problems(None)

    # What to do

    @property
    def _work(self) -> Work:
        return self.query_one(_Works).current or CHECK

    @on(LineList.Moved)
    def _moved(self, event: LineList.Moved) -> None:
        self._about()
        row = self.query_one(ProblemList).current
        self.query_one("#problem", Static).update(explained(row) if row is not None else "")

    def _about(self) -> None:
        if self._work is not self._about_work and not self.at_work:
            self.wrong("")
            self.say("")  # what came of another one
        self._about_work = self._work
        self.query_one("#means", Static).update(self._work.means)
        self.query_one(PathLine).display = self._work is BACK_UP
        self.query_one("#begin", Button).label = "Begin  ctrl+s" if self._work is BACK_UP else "Begin  enter"

    @on(LineList.Chosen)
    def _chosen(self) -> None:
        if self.focused is self.query_one(_Works):
            self._enter()

    def action_work(self, key: str) -> None:
        if not self.at_work and self.query_one(_Works).put_cursor(key):
            self._about()
            self._enter()

    def _enter(self) -> None:
        """A backup takes a path first."""
        if self._work is BACK_UP:
            self.query_one("#path").focus()
        else:
            self.action_begin()

    @on(PathLine.Entered)
    def _path_entered(self) -> None:
        self.action_begin()

    @on(PathLine.Changed)
    def _path_typed(self) -> None:
        self.wrong("")

    def chosen(self, button: str) -> None:
        if button == "begin":
            self.action_begin()
        elif button == "repair":
            self.action_repair()
        else:
            super().chosen(button)

    # Doing it

    def action_begin(self) -> None:
        if self.at_work:
            return
        work = self._work
        if work is BACK_UP:
            try:
                file = disk.target(self.query_one(PathLine).value)
            except PkError as error:
                self.wrong(shown(reason(error), 500))
                return
            self._follow(work, self._care.back_up(file))
        elif work is CHECK:
            self._follow(work, self._care.check())
        else:
            self._follow(work, self._care.tidy(work is NEW_KEYS))

    def action_repair(self) -> None:
        if not self.at_work and self.query_one("#repair").display:
            self._follow(CHECK, self._care.check(repair=True))

    def _follow(self, work: Work, transfer: Transfer) -> None:
        self._begun = work
        self._show_problems(None)
        self.query_one("#begin", Button).disabled = True
        self.follow(transfer)

    def ended(self, transfer: Transfer) -> None:
        self.query_one("#begin", Button).disabled = False
        if self._begun is CHECK and transfer.state is State.DONE:
            self._show_problems(self._care.checked)
        if not self.query_one("#repair").display:
            self.query_one("#path" if self._begun is BACK_UP and transfer.error else _Works).focus()

    def _show_problems(self, found: CheckView | None) -> None:
        rows = problem_rows(found, self.session.live.vaults) if found is not None else []
        problems = self.query_one(ProblemList)
        problems.show_rows(rows)
        some = bool(rows)
        problems.display = some
        self.set_class(some, "-problems")
        for name in ("#problem", "#repairs", "#repair"):
            self.query_one(name).display = some
        for name in ("#works", "#means", "#begin"):
            self.query_one(name).display = not some
        if some:
            problems.focus()
            self.query_one("#problem", Static).update(explained(rows[0]))
            self.query_one(PathLine).display = False
        else:
            self._about()
