"""Why something with another node does not work: each check with its result, and for the one that failed what to do."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from pk_tui.api.views import StepView
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.glyphs import Glyphs
from pk_tui.tui.remedies import in_keys
from pk_tui.tui.text import shown


def check_rows(steps: Sequence[StepView], glyphs: Glyphs) -> list[tuple[Content, Content]]:
    """Of each check sign and word, and what was found."""
    rows: list[tuple[Content, Content]] = []
    for step in steps:
        sign, style = {
            True: (glyphs.passed, "$text-success"),
            False: (glyphs.failed, "bold $text-error"),
            None: (glyphs.untried, "dim"),
        }[step.passed]
        question = Content.styled(f"{sign} {step.step}?", style)
        rows.append((question, shown(in_keys(step.says), 400, style="dim" if step.passed is None else "")))
    return rows


class ChecksDialog(Dialog[None]):
    """Shows; there is nothing to decide."""

    CSS_PATH = ["dialog.tcss", "form.tcss", "checks.tcss"]  # noqa: RUF012 - so declared by Textual

    def __init__(self, heading: Content, steps: Sequence[StepView], glyphs: Glyphs) -> None:
        super().__init__()
        self.heading = Content("That did not work")
        self._what = heading
        self._steps = steps
        self._glyphs = glyphs

    def body(self) -> ComposeResult:
        yield Static(self._what, markup=False)
        yield Static("")
        for question, found in check_rows(self._steps, self._glyphs):
            with Horizontal(classes="row"):
                yield Static(question, classes="label", markup=False)
                yield Static(found, markup=False)

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Close  esc", False)]
