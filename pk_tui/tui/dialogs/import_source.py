"""Import, from where and as what; then what that would do, in full; and only then the import itself.

Nothing is written before its preview was on the screen. A password of a sealed source is asked for when the agent says that it
takes one, stays in its field, and goes when the dialog does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Button, Static
from textual.worker import Worker, WorkerState

from pk_tui.api.views import ImportKind, ImportPlanView, Progress
from pk_tui.errors import PkError, WrongPassword
from pk_tui.plaintext import Plaintext
from pk_tui.tui import disk
from pk_tui.tui.dialogs.import_preview import READ_AS, Line, PreviewList, amount, explained, lines, summary
from pk_tui.tui.dialogs.long_work import LongWorkDialog
from pk_tui.tui.remedies import reason
from pk_tui.tui.session import Session
from pk_tui.tui.text import counted, sentence, shown, size
from pk_tui.tui.transfers import State, Transfer
from pk_tui.tui.widgets.line_list import LineList
from pk_tui.tui.widgets.one_of import OneOf
from pk_tui.tui.widgets.password_field import PasswordField
from pk_tui.tui.widgets.path_line import PathLine

STILL = 0.15
"""Seconds without a key before it is counted what lies at a path."""
KINDS = tuple(ImportKind)
HOW = "enter shows what would be written and what not; nothing is written by that."
NOTHING = "Nothing of it would be written, so there is nothing to import."
PASSPHRASE = "The passphrase of your gpg key, if gpg asks for one that it does not know yet:"  # noqa: S105 - a sentence


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be imported."""

    path: Path
    kind: ImportKind = ImportKind.AUTO
    password: Plaintext | None = None
    key_file: Path | None = None


Plan = Callable[[Source, Callable[[Progress], None]], Awaitable[ImportPlanView]]
"""How far it has come is told from any thread."""
Start = Callable[[Source, ImportPlanView], Transfer]


class ImportDialog(LongWorkDialog):
    CSS_PATH = ["dialog.tcss", "form.tcss", "import.tcss"]  # noqa: RUF012 - so declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "confirm", "Import", id="import.confirm", tooltip="Import what the preview lists"),
    ]
    first = "path"

    def __init__(self, session: Session, vault: str, plan: Plan, start: Start) -> None:
        super().__init__(session)
        self.heading = sentence("Import into $vault", vault=shown(vault, 60))
        self._plan, self._start = plan, start
        self._planned: ImportPlanView | None = None
        """What was shown of the source as it is entered now."""
        self._source: Source | None = None
        self._planning: Worker[None] | None = None
        self._spinning: Timer | None = None
        self._step: Progress | None = None
        """How far the preview has come."""
        self._turn = 0
        self._looking = 0
        """Which look at the path is the newest; older ones stop."""

    # The picture

    def body(self) -> ComposeResult:
        with Vertical(id="form", classes="-form"):
            with Horizontal(classes="row"):
                yield Static("Source", classes="label", markup=False)
                yield PathLine("~/", "path", files=True)
            with Horizontal(classes="row"):
                yield Static("Kind", classes="label", markup=False)
                yield OneOf([kind.value for kind in KINDS], 0, name="kind")
            with Vertical(id="sealed"):
                yield Static("", id="asks", markup=False)
                with Horizontal(classes="row"):
                    yield Static("Password", classes="label", markup=False)
                    yield PasswordField(id="password")
                with Horizontal(classes="row", id="key-row"):
                    yield Static("Key file", classes="label", markup=False)
                    yield PathLine("", "key-file", files=True, hint="only if it takes one")
        yield Static("", id="found", markup=False)
        yield PreviewList("preview")
        yield Static("", id="what", markup=False)
        yield from self.progress()

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [
            ("cancel", "Cancel  esc", False),
            ("preview-it", "Preview  enter", False),
            ("import", "Import  ctrl+s", False),
            *self.more_buttons(),
        ]

    def on_mount(self) -> None:
        self._spinning = self.set_interval(0.1, self._spin, pause=True)
        self.query_one("#sealed").display = False
        self._forget()
        self._found(Content.styled(HOW, "dim"))

    def _found(self, text: Content | str) -> None:
        found = self.query_one("#found", Static)
        found.update(Content(text) if isinstance(text, str) else text)
        found.display = bool(text)

    def _forget(self) -> None:
        """What was shown is no longer what is entered."""
        self._planned = self._source = None
        if self._planning is not None:
            self._planning.cancel()
        if self._spinning is not None:
            self._spinning.pause()
        self.wrong("")
        self.say("")
        self._show()

    def _show(self, rows: Sequence[Line] = ()) -> None:
        shows = self._planned is not None
        preview = self.query_one(PreviewList)
        preview.show_rows(rows)
        preview.display = self.query_one("#what").display = shows
        self.query_one("#import", Button).disabled = not shows
        self.query_one("#preview-it", Button).display = not shows
        self.set_class(shows, "-previewed")

    # What lies there

    @on(PathLine.Changed)
    def _path_changed(self, event: PathLine.Changed) -> None:
        event.stop()
        self._forget()
        if event.line is self.query(PathLine).first():
            self._ask_password("")
            self._look(event.line.value)

    @on(OneOf.Changed)
    def _kind_changed(self) -> None:
        self._forget()
        kind = KINDS[self.query_one(OneOf).at]
        self._looking += 1  # what is being counted is no longer what is to stand there
        self._found(f"To be read as {READ_AS[kind]}. enter shows what would be written.")

    @on(PasswordField.Typed)
    def _password_typed(self) -> None:
        self._forget()
        self._looking += 1
        self._found("")

    @on(PasswordField.Refused)
    def _password_refused(self, event: PasswordField.Refused) -> None:
        self.wrong(event.why)

    def _look(self, typed: str) -> None:
        self._looking += 1
        self._found("")
        look = self._looking

        async def count() -> None:  # given as it is, uncalled: of fast keys most are called off before they begin
            await self._count(typed, look)

        _: Worker[None] = self.run_worker(count, name="count", group="count", description="count", exclusive=True)

    async def _count(self, typed: str, look: int) -> None:
        await asyncio.sleep(STILL)
        try:
            path = await asyncio.to_thread(disk.source, typed)
        except PkError as error:
            self._lies(shown(reason(error), 500, style="dim"), look)
            return
        amount = await asyncio.to_thread(disk.count, path, lambda: look != self._looking)
        what = f"{'' if amount.is_all else 'more than '}{counted(amount.files, 'file')}, {size(amount.bytes)}"
        self._lies(Content.assemble(f"{what}. ", Content.styled(HOW, "dim")), look)

    def _lies(self, text: Content, look: int) -> None:
        """Unless something newer stands there."""
        if look == self._looking and self._planned is None and not self._is_planning:
            self._found(text)

    # The preview

    @property
    def _is_planning(self) -> bool:
        return self._planning is not None and self._planning.state in (WorkerState.PENDING, WorkerState.RUNNING)

    @on(PathLine.Entered)
    @on(PasswordField.Entered)
    def _entered(self) -> None:
        self.action_preview()

    def action_preview(self) -> None:
        if self.at_work or self._is_planning:
            return
        self._forget()
        self._planning = self.run_worker(
            self._preview(), name="preview", group="preview", description="preview", exclusive=True
        )

    async def _preview(self) -> None:
        self._looking += 1
        self._step = None
        if self._spinning is not None:
            self._spinning.resume()
        self._spin()
        try:
            source = await self._entered_source()
            planned = await self._plan(source, self._stepped_to)
            rows = await asyncio.to_thread(lines, planned)  # there may be very many that are not taken
        except WrongPassword as error:
            self._is_sealed(error)
        except PkError as error:
            self._found("")
            self.wrong(shown(reason(error), 500))
        else:
            self._source, self._planned = source, planned
            self._shown(planned, rows)
        finally:
            if self._spinning is not None:
                self._spinning.pause()

    async def _entered_source(self) -> Source:
        first, key = self.query(PathLine)
        path = await asyncio.to_thread(disk.source, first.value)
        field = self.query_one(PasswordField)
        asked = self.query_one("#sealed").display
        has_key = asked and self.query_one("#key-row").display and key.value.strip()
        key_file = await asyncio.to_thread(disk.source, key.value) if has_key else None
        password = field.typed if asked and not field.is_empty else None
        return Source(path, KINDS[self.query_one(OneOf).at], password, key_file)

    def _spin(self) -> None:
        glyphs = self.session.glyphs
        sign = glyphs.spinner[self._turn % len(glyphs.spinner)]
        self._turn += 1
        self._found(f"{sign} Reading it, to see what would be written…{_so_far(self._step)}")

    def _stepped_to(self, step: Progress) -> None:
        self._step = step  # drawn with the next turn of the spinner

    def _shown(self, planned: ImportPlanView, rows: Sequence[Line]) -> None:
        self._found(summary(planned))
        self.query_one("#wrong").display = False  # the list has use for the room
        self._show(rows)
        if planned.kind is ImportKind.PASS and planned.skipped:
            self._ask_password(PASSPHRASE, key=False)
        preview = self.query_one(PreviewList)
        if preview.rows:
            preview.focus()
        self._moved()

    @on(LineList.Moved)
    def _moved(self) -> None:
        row = self.query_one(PreviewList).current
        self.query_one("#what", Static).update(explained(row) if row is not None else "")

    # A sealed source

    def _is_sealed(self, error: WrongPassword) -> None:
        field = self.query_one(PasswordField)
        given = not field.is_empty
        with self.prevent(PasswordField.Typed):
            field.clear()
        self._found("")
        self._ask_password("It is sealed. Its password is used for this import and kept nowhere.")
        if given:
            self.wrong(shown(reason(error), 500))
        field.focus()

    def _ask_password(self, why: str, key: bool = True) -> None:
        """With the reason; "" asks for none, and forgets what was typed."""
        self.query_one("#sealed").display = bool(why)
        self.query_one("#key-row").display = key
        self.query_one("#asks", Static).update(why)
        if not why:
            with self.prevent(PasswordField.Typed):
                self.query_one(PasswordField).clear()

    # The import

    def chosen(self, button: str) -> None:
        if button == "preview-it":
            self.action_preview()
        elif button == "import":
            self.action_confirm()
        else:
            super().chosen(button)

    def action_confirm(self) -> None:
        if self.at_work or self._is_planning:
            return
        if self._planned is None or self._source is None:
            self.action_preview()
        elif not amount(self._planned):
            self.wrong(NOTHING)
        else:
            self.follow(self._start(self._source, self._planned))

    def follow(self, transfer: Transfer) -> None:
        self.query_one("#import", Button).disabled = True
        super().follow(transfer)

    def ended(self, transfer: Transfer) -> None:
        if transfer.state is State.DONE:
            self._source = None
            self._ask_password("")
            for name in ("#form", "#found", "#import"):
                self.query_one(name).display = False
            self.query_one("#cancel", Button).label = "Close  esc"
        else:
            self.query_one("#import", Button).disabled = False

    def on_unmount(self) -> None:
        self._looking += 1  # a count that still runs in its thread stops


def _so_far(step: Progress | None) -> str:
    """` 12,500 of 20,000`; nothing before the first word of it."""
    if step is None or not step.objects:
        return ""
    return f" {step.objects:,}" + (f" of {step.objects_total:,}" if step.objects_total else "")
