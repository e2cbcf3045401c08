"""End a share: what that does and what it does not, and afterwards what the other side has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from pk_tui.api.views import ExposedView, VaultView
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.text import counted, sentence, shown
from pk_tui.tui.widgets.line_list import LineList


def unshare_question(vault: VaultView, who: str, whom: Content, nodes: int = 1) -> ConfirmDialog:
    """`whom`: `who` with those of its nodes that lose it, `nodes` of them."""
    they = "it can neither clone it nor pull" if nodes == 1 else "none of them can clone it or pull"
    return ConfirmDialog(
        Content.assemble("Unshare ", shown(vault.name, 50)),
        sentence(
            f"$whom gets nothing new from [b]$vault[/] from now on: {they}.\n\n"
            "What it has already it keeps: its copy, with all that was in it when it last pulled. Nobody can take that back. "
            "Afterwards you see which secrets those are, so that you can change them at their source.\n\n"
            "$who is told nothing.",
            who=who,
            whom=whom,
            vault=vault.name,
        ),
        "Unshare",
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    key: str


class _Exposed(LineList[_Seen]):
    def draw(self, row: _Seen, width: int) -> Content:
        return shown(row.key, 1100)


class ExposedDialog(Dialog[None]):
    """A list to read; nothing in it can be chosen, and its names are not copied anywhere."""

    CSS_PATH = ["dialog.tcss", "unshare.tcss"]  # noqa: RUF012 - so declared by Textual

    def __init__(self, vault: VaultView, who: str, exposed: Sequence[ExposedView]) -> None:
        super().__init__()
        self.heading = Content.assemble("Unshared ", shown(vault.name, 50))
        self.first = "exposed"
        self._who = who
        self._exposed = [str(one.path) for one in exposed]

    def body(self) -> ComposeResult:
        number = len(self._exposed)
        yield Static(
            sentence(
                "[b]$who[/] has seen $these, and $they not changed since. Change $them at the source, then here:",
                who=self._who,
                these="this secret" if number == 1 else f"these {counted(number, 'secret')}",
                they="it has" if number == 1 else "they have",
                them="it" if number == 1 else "them",
            ),
            markup=False,
        )
        yield _Exposed("exposed")

    def on_mount(self) -> None:
        self.query_one(_Exposed).show_rows([_Seen(path) for path in self._exposed])

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Close  esc", False)]
