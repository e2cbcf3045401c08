"""Which directory to import: a path, completed by tab, with how much lies there before anything is read."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static
from textual.worker import Worker

from pk_tui.errors import PkError
from pk_tui.tui import disk
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.text import counted, sentence, shown, size

CHOICES_SHOWN = 12
STILL = 0.15
"""Seconds without a key before a directory is counted."""


@dataclass(frozen=True, slots=True)
class Chosen:
    path: Path
    counted: disk.Counted


class PathInput(Input):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", show=False, id="path.complete", tooltip="Complete the path"),
    ]

    class Tab(Message):
        """The path is to be completed."""

    def action_complete(self) -> None:
        self.post_message(self.Tab())


class ImportDirectoryDialog(Dialog[Chosen]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "confirm", "Import", show=False, id="import.confirm", tooltip="Import this directory"),
    ]
    first = "path"

    def __init__(self, vault: str) -> None:
        super().__init__()
        self.heading = sentence("Import a directory into $vault", vault=shown(vault, 60))
        self._chosen: Chosen | None = None
        self._looking = 0
        """Which look at the path is the newest; older ones stop."""
        self._enter_waits = False

    def body(self) -> ComposeResult:
        yield Static("Directory, on this machine (tab completes)")
        yield PathInput("~/", id="path", compact=True, max_length=4096, select_on_focus=False)
        yield Static("", id="choices", markup=False)
        yield Static("", id="found", markup=False)
        yield Static(
            "Every file becomes a secret at the same path, in one version. Secrets already there are replaced."
        )

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Cancel  esc", False), ("yes", "Import  enter", False)]

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.wrong("")
        self._choices(())
        self._enter_waits = False
        self._look(event.value, STILL)

    def on_path_input_tab(self, event: PathInput.Tab) -> None:
        event.stop()
        self.do(self._complete(self.query_one("#path", Input).value), "complete")

    async def _complete(self, typed: str) -> None:
        completion = await asyncio.to_thread(disk.complete, typed)
        line = self.query_one("#path", Input)
        if line.value != typed:  # typed on meanwhile
            return
        if completion.typed != typed:
            with self.prevent(Input.Changed):
                line.value = completion.typed
            line.cursor_position = len(line.value)
            self._look(line.value, 0)
        self._choices(completion.choices)

    def _choices(self, names: tuple[str, ...]) -> None:
        more = f"  and {len(names) - CHOICES_SHOWN} more" if len(names) > CHOICES_SHOWN else ""
        listed = Content("  ").join(shown(name, 40) for name in names[:CHOICES_SHOWN])
        self.query_one("#choices", Static).update(Content.assemble(listed, more))

    # How much is there

    def _look(self, typed: str, after: float) -> None:
        self._chosen = None
        self._looking += 1
        self._found("")
        look = self._looking

        async def count() -> None:  # given as it is, uncalled: of fast keys most are called off before they begin
            await self._count(typed, look, after)

        _: Worker[None] = self.run_worker(count, name="count", group="count", description="count", exclusive=True)

    async def _count(self, typed: str, look: int, after: float) -> None:
        await asyncio.sleep(after)
        try:
            path = await asyncio.to_thread(disk.directory, typed)
        except PkError as error:
            if self._enter_waits:
                self._enter_waits = False
                self.wrong(shown(error.message, 500))
            else:
                self._found(shown(error.message, 500, style="dim"))
            return
        self._found("Counting …")
        amount = await asyncio.to_thread(disk.count, path, lambda: look != self._looking)
        if look == self._looking:
            self._chosen = Chosen(path, amount)
            least = "" if amount.is_all else "more than "
            self._found(f"{least}{counted(amount.files, 'file')}, {size(amount.bytes)}")
            if self._enter_waits:
                self._enter_waits = False
                self.action_confirm()

    def _found(self, text: Content | str) -> None:
        self.query_one("#found", Static).update(Content(text) if isinstance(text, str) else text)

    # Choosing

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_confirm()

    def chosen(self, button: str) -> None:
        self.action_confirm()

    def action_confirm(self) -> None:
        if self._chosen is None:  # not looked at yet: when it is, this goes on
            self._enter_waits = True
            self._look(self.query_one("#path", Input).value, 0)
        elif not self._chosen.counted.files:
            self.wrong("There are no files below this directory.")
        else:
            self.dismiss(self._chosen)

    def on_unmount(self) -> None:
        self._looking += 1  # a count that still runs in its thread stops
