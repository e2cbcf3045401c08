"""What an import did not take, each with the reason. Shows; there is nothing to decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.text import counted, shown

SHOWN_AT_MOST = 200


def skipped_lines(skipped: Sequence[tuple[str, str]]) -> Content:
    lines = [
        Content.assemble(shown(name, 120), Content.styled("  ", "dim"), shown(reason, 300, style="dim"))
        for name, reason in skipped[:SHOWN_AT_MOST]
    ]
    if len(skipped) > SHOWN_AT_MOST:
        lines.append(Content(f"and {len(skipped) - SHOWN_AT_MOST:,} more"))
    return Content("\n").join(lines)


class SkippedDialog(Dialog[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll(1)", "Down", show=False, id="skipped.down", tooltip="One line down"),
        Binding("up,k", "scroll(-1)", "Up", show=False, id="skipped.up", tooltip="One line up"),
        Binding("pagedown,ctrl+d", "scroll(10)", show=False, id="skipped.page_down", tooltip="Ten lines down"),
        Binding("pageup,ctrl+u", "scroll(-10)", show=False, id="skipped.page_up", tooltip="Ten lines up"),
    ]

    def __init__(self, skipped: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.heading = Content(f"{counted(len(skipped), 'entry', 'entries')} not imported")
        self._skipped = skipped

    def body(self) -> ComposeResult:
        yield Static(skipped_lines(self._skipped), markup=False)

    def action_scroll(self, lines: int) -> None:
        self.query_one("#body", VerticalScroll).scroll_relative(y=lines, animate=False)

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Close  esc", False)]
