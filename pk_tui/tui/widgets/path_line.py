"""A line for a path on this machine, completed by tab; between what there is a choice stands below it."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from pk_tui.tui import disk
from pk_tui.tui.text import shown

CHOICES_SHOWN = 12


class PathInput(Input):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", show=False, id="path.complete", tooltip="Complete the path"),
    ]

    class Tab(Message):
        """The path is to be completed."""

    def action_complete(self) -> None:
        self.post_message(self.Tab())


class PathLine(Vertical):
    """`files`: tab offers files too; where there is nothing to complete it leaves the field, which has the id that is given."""

    DEFAULT_CSS = """
    PathLine { height: auto; width: 1fr; }
    PathLine > .choices { height: auto; max-height: 3; color: $foreground 70%; display: none; }
    PathLine > .choices.-some { display: block; }
    """

    class Changed(Message):
        """Another path is typed; `value` of the sender says which."""

        def __init__(self, line: PathLine) -> None:
            super().__init__()
            self.line = line

    class Entered(Message):
        """Enter was pressed."""

    def __init__(self, value: str, name: str, *, files: bool, hint: str = "") -> None:
        """`hint` stands there while it is empty; it is our own words."""
        super().__init__()
        self._begins, self._field, self._files, self._hint = value, name, files, hint

    def compose(self) -> ComposeResult:
        yield PathInput(self._begins, self._hint, id=self._field, compact=True, max_length=4096, select_on_focus=False)
        yield Static("", classes="choices", markup=False)

    @property
    def value(self) -> str:
        return self.query_one(PathInput).value

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._show(())
        self.post_message(self.Changed(self))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Entered())

    def on_path_input_tab(self, event: PathInput.Tab) -> None:
        event.stop()
        self.run_worker(
            self._complete(self.value), name="complete", group="complete", description="complete", exclusive=True
        )

    async def _complete(self, typed: str) -> None:
        completion = await asyncio.to_thread(disk.complete, typed, self._files)
        line = self.query_one(PathInput)
        if line.value != typed:  # typed on meanwhile
            return
        if completion.typed != typed:
            with self.prevent(Input.Changed):
                line.value = completion.typed
            line.cursor_position = len(line.value)
            self.post_message(self.Changed(self))
        elif not completion.choices:
            self.screen.focus_next()
        self._show(completion.choices)

    def _show(self, names: tuple[str, ...]) -> None:
        more = f"  and {len(names) - CHOICES_SHOWN} more" if len(names) > CHOICES_SHOWN else ""
        listed = Content("  ").join(shown(name, 40) for name in names[:CHOICES_SHOWN])
        choices = self.query_one(".choices", Static)
        choices.update(Content.assemble(listed, more))
        choices.set_class(bool(names), "-some")
