"""Expel a lost node: what that does first, then the words that alone can do it. They go to the agent and nowhere else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, Static

from pk_tui.plaintext import Plaintext
from pk_tui.terms import NodeId
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.dialogs.trust import id_lines
from pk_tui.tui.text import sentence
from pk_tui.tui.widgets.password_field import PasswordField


class ExpelDialog(Dialog[bool]):
    """Answers True once it is done. What speaks against it is said here, and the words stay in the field."""

    CSS_PATH = ["dialog.tcss", "expel.tcss"]  # noqa: RUF012 - so declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "expel", "Expel", show=False, id="expel.expel", tooltip="Expel the node, for ever"),
    ]
    first = "words"

    def __init__(self, node: NodeId, name: str, carry_out: Callable[[Plaintext], Awaitable[None]]) -> None:
        """`name` is as it may be shown."""
        super().__init__()
        self.heading = sentence("Expel $name", name=name)
        self._node, self._who, self._carry_out = node, name, carry_out
        self._working = False

    def body(self) -> ComposeResult:
        yield Static(
            Content.assemble(
                sentence(
                    "For a node that is lost or stolen. [b]$name[/] is out for ever, wherever this is learnt: its links and its "
                    "rights end, and no claim of it counts any more. What it has read it keeps: renew those secrets.\n",
                    name=self._who,
                ),
                Content.styled("Nobody can take this back.", "bold $text-error"),
                "\n\n",
                id_lines(self._node),
            ),
            markup=False,
        )
        yield Static(
            "The 24 recovery words of that node, or of one of yours that was linked with it, one after the other:",
            id="asks",
            markup=False,
        )
        yield PasswordField("ctrl+r shows them for 3 s", id="words", peekable=True)
        yield Static("", id="doing", markup=False)

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Cancel  esc", False), ("expel", "Expel for ever  ctrl+s", True)]

    def chosen(self, button: str) -> None:
        self.action_expel()

    @on(PasswordField.Typed)
    def _typed(self, event: PasswordField.Typed) -> None:
        event.stop()
        self.wrong("")

    @on(PasswordField.Refused)
    def _refused(self, event: PasswordField.Refused) -> None:
        event.stop()
        self.wrong(event.why)

    @on(PasswordField.Entered)
    def _entered(self, event: PasswordField.Entered) -> None:
        event.stop()
        self.action_expel()

    def action_expel(self) -> None:
        field = self.query_one(PasswordField)
        if field.is_empty:
            self.wrong("Type the 24 words first. Nothing was done.")
        elif not self._working:
            self._show(working=True)
            self.do(self._finish(field.typed), "expel")

    async def _finish(self, words: Plaintext) -> None:
        try:
            await self._carry_out(words)
        except BaseException:  # cancelled too: then the dialog is on its way out
            if self.is_attached:
                self._show(working=False)
            raise
        self.query_one(PasswordField).clear()
        self.dismiss(True)

    def _show(self, *, working: bool) -> None:
        self._working = working
        self.query_one("#doing", Static).update("Expelling …" if working else "")
        self.query_one("#expel", Button).disabled = working
