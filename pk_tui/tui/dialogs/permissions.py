"""What a gestalt may do here: each right with what it means, on or off. The answer is what is wanted; nothing is changed here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from pk_tui.terms import Action
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.gestalt_words import RIGHTS, changes
from pk_tui.tui.text import sentence
from pk_tui.tui.widgets.line_list import LineList


@dataclass(frozen=True, slots=True)
class _Right:
    action: Action
    is_on: bool
    means: str

    @property
    def key(self) -> str:
        return self.action.value


class _Rights(LineList[_Right]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "choose", "On or off", show=False, id="permissions.toggle", tooltip="Switch this right"),
    ]

    def draw(self, row: _Right, width: int) -> Content:
        box = "[x]" if row.is_on else "[ ]"
        return Content.assemble(Content.styled(f"{box} {row.action:<8}", "bold"), Content.styled(row.means, "dim"))


class PermissionsDialog(Dialog[frozenset[Action]]):
    CSS_PATH = ["dialog.tcss", "permissions.tcss"]  # noqa: RUF012 - so declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", id="permissions.save", tooltip="Give it these rights"),
    ]

    def __init__(self, name: str, actions: Collection[Action], shared: int) -> None:
        """`shared`: how many vaults are shared with it, which lets it scan whatever is chosen here."""
        super().__init__()
        self.heading = sentence("What $name may do", name=name)
        self.first = "rights"
        self._name = name
        self._before = frozenset(actions)
        self._after = set(actions)
        self._shared = shared

    def body(self) -> ComposeResult:
        yield Static("Enter or space switches a right on or off.")
        yield _Rights("rights")
        yield Static("", id="effect", markup=False)

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        rows = [_Right(action, action in self._after, means) for action, means in RIGHTS]
        self.query_one(_Rights).show_rows(rows)
        self.query_one("#effect", Static).update(Content("\n").join(self._effects()))

    def _effects(self) -> list[Content]:
        wanted = changes(self._before, self._after)
        lines = [
            sentence("Will be $done: $action.", done="allowed" if allowed else "disallowed", action=action.value)
            for action, allowed in wanted
        ]
        if (Action.NOTIFY, True) in wanted:
            lines.append(Content("Before that you are asked to compare its id."))
        if self._shared and Action.SCAN not in self._after:
            shared = "a vault is" if self._shared == 1 else f"{self._shared:,} vaults are"
            lines.append(Content(f"It may scan all the same, for {shared} shared with it."))
        return lines or [Content("Nothing is changed yet.")]  # fmt: skip

    @on(LineList.Chosen)
    def _switch(self) -> None:
        row = self.query_one(_Rights).current
        if row is not None:
            self._after ^= {row.action}
            self._show()

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Cancel  esc", False), ("save", "Save  ctrl+s", False)]

    def chosen(self, button: str) -> None:
        self.action_save()

    def action_save(self) -> None:
        self.dismiss(frozenset(self._after))
