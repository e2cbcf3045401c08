"""What a check found wrong, by vault and path, with what it means. Shows; what to do about it is said below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from pk_tui.api.care import CheckView, ProblemView
from pk_tui.api.views import VaultView
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.text import counted, shown
from pk_tui.tui.widgets.line_list import LineList

WHOLE_NODE = "this node"
_KIND_WIDTH = 12
MEANS = {
    "missing": "something that is named is not there",
    "altered": "its bytes are not those that were stored",
    "extra": "something is there that nothing names",
    "dangling": "it names something that is not there",
    "moved": "it lies where something else belongs",
    "wrong kind": "it is of another kind than what names it says",
    "rolled back": "it is older than what was seen here before",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """`place`: vault and path as far as they are known. Text in it is raw."""

    key: str
    kind: str
    place: str
    message: str


def problem_rows(found: CheckView, vaults: Sequence[VaultView]) -> list[Problem]:
    names = {vault.vault_id: vault.name for vault in vaults}

    def place(one: ProblemView) -> str:
        if one.vault_id is None:
            return WHOLE_NODE
        name = names.get(one.vault_id, str(one.vault_id)[:12])
        return f"{name}:{one.path}" if one.path else name

    return [Problem(str(at), one.kind, place(one), one.message) for at, one in enumerate(found.problems)]


def explained(row: Problem) -> Content:
    means = MEANS.get(row.kind)
    kind = shown(row.kind, 40) if means is None else Content(f"{row.kind}: {means}")
    return Content.assemble(shown(row.place, 300, style="bold"), "  ", kind, ".\n", shown(row.message, 600))


class ProblemList(LineList[Problem]):
    def draw(self, row: Problem, width: int) -> Content:
        room = max(10, (width - _KIND_WIDTH) * 2 // 5)
        return Content.assemble(
            shown(row.kind, 40, style="bold $text-error").truncate(_KIND_WIDTH, ellipsis=True, pad=True),
            shown(row.place, 300).truncate(room - 2, ellipsis=True, pad=True),
            "  ",
            shown(row.message, 300, style="dim"),
        )


class ProblemsDialog(Dialog[None]):
    """For a check that was left to itself and has found something."""

    CSS_PATH = ["dialog.tcss", "care.tcss"]  # noqa: RUF012 - so declared by Textual
    first = "problems"

    def __init__(self, rows: Sequence[Problem]) -> None:
        super().__init__()
        self.heading = Content(f"The check found {counted(len(rows), 'problem')}")
        self._rows = rows

    def body(self) -> ComposeResult:
        yield ProblemList("problems")
        yield Static("", id="problem", markup=False)

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Close  esc", False)]

    def on_mount(self) -> None:
        self.query_one(ProblemList).show_rows(self._rows)
        self._moved()

    @on(LineList.Moved)
    def _moved(self) -> None:
        row = self.query_one(ProblemList).current
        self.query_one("#problem", Static).update(explained(row) if row is not None else "")
