"""A yes that is carried out while its dialog stays: what is done is said in it, and so is why it was refused. Nothing that had to
be read or typed for it is lost by that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Static

from pk_tui.tui.dialogs.confirm import ConfirmDialog

CarryOut = Callable[[], Awaitable[None]]


class DeedDialog(ConfirmDialog):
    """Answers True once it is done. `doing` stands there meanwhile; `esc` calls off what waits for another node."""

    def __init__(
        self,
        heading: Content,
        effect: Content,
        yes: str,
        carry_out: CarryOut,
        doing: Content,
        *,
        dangerous: bool = True,
    ) -> None:
        super().__init__(heading, effect, yes, dangerous=dangerous)
        self._carry_out = carry_out
        self._doing = doing
        self._working = False

    def body(self) -> ComposeResult:
        yield from super().body()
        yield Static("", id="doing", markup=False)

    def on_mount(self) -> None:
        self.query_one("#doing").display = False

    def action_yes(self) -> None:
        if not self._working:
            self._show(working=True)
            self.wrong("")
            self.do(self._finish(), "deed")

    async def _finish(self) -> None:
        try:
            await self._carry_out()
        except BaseException:  # cancelled too: then the dialog is on its way out, or the next yes begins anew
            if self.is_attached:
                self._show(working=False)
            raise
        self.dismiss(True)

    def _show(self, *, working: bool) -> None:
        self._working = working
        line = self.query_one("#doing", Static)
        line.update(Content.assemble(self._doing, Content.styled(" …   esc calls it off", "dim")))
        line.display = working
        self.query_one("#yes", Button).disabled = working
        if not working:
            self.query_one("#cancel", Button).focus()
