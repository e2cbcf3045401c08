"""The locked screen: a password to enter, and nothing that tells whose node this is or what is in it.

Two locks look alike here. With a session the screen alone is locked, and the password is only compared; without one the node
is opened with it. Both go through the app, which also counts wrong passwords.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from pk_tui.errors import PkError, RolledBack, WrongPassword
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.remedies import reason
from pk_tui.tui.screens.boxed import BoxedScreen
from pk_tui.tui.text import sentence, shown
from pk_tui.tui.widgets.key_bar import hints
from pk_tui.tui.widgets.password_field import PasswordField

if TYPE_CHECKING:
    from pk_tui.tui.session import Session

SERVING = "The screen is locked. The node goes on serving; its keys are in memory."
SERVING_ELSEWHERE = (
    "The screen is locked. The node goes on serving: a headless agent holds it, with its keys in memory."
)
OPENING = "Enter the password to open the node."
FORGOTTEN = (
    "Forgotten? The 24 recovery words set a new one: quit, then run "
    "`pk-tui keys password --recovery-code-file FILE` with a file that holds them."
)
OLDER = (
    "That is so after a backup or a snapshot was put back; it is also so if somebody put back an old copy to undo what you "
    "changed.\n\n"
    "If you go on, the database is taken as it is: what was changed since is gone here, what was unshared or distrusted since "
    "may be shared or trusted again, and others who saw the newer state are told of the contradiction.\n\n"
    "Go on only if you know why."
)
"""Follows on the sentence that says what does not agree."""


def what_is_older(message: str) -> str:
    """The error's first sentence: the rest of it speaks of the command line."""
    return message.split(" Nothing was changed", 1)[0]


def waiting(wait: float, failures: int) -> str:
    """What is said after wrong passwords, with a countdown while none is taken."""
    times = "" if failures < 2 else f", {failures} times in a row"
    return f"Wrong password{times}. " + ("Try again." if wait <= 0 else f"The next is taken in {ceil(wait)} s.")


class AcceptDialog(ConfirmDialog):
    mistyped = "That is not “accept”. Nothing was done."

    def __init__(self, what: str) -> None:
        effect = Content.assemble(Content.styled(what, "bold"), "\n\n", OLDER)
        super().__init__(Content("Is this an older copy?"), effect, "Open it as it is", typed="accept")


class LockScreen(BoxedScreen):
    """`says`: why it is locked, made safe here; only where there is no session."""

    CSS_PATH = "lock.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "app.leave", "Quit", show=False, id="locked.quit", tooltip="End pk-tui"),
    ]

    def __init__(self, session: Session | None = None, says: str = "") -> None:
        super().__init__()
        self.session = session
        self.says = says
        self._checking = False
        self._complaint = Content("")

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = Content("pk-tui: locked")
            yield Static(self._which(), id="which", markup=False)
            if self.pk.playground is not None:
                hint = sentence("Playground: the password is “$it”.", it=self.pk.playground.password)
                yield Static(hint, id="hint", markup=False)
            yield PasswordField("Password", id="password")
            yield Static("", id="state", markup=False)
            if self.pk.playground is None:
                yield Static(FORGOTTEN, id="forgotten", markup=False)
            yield Static(hints("enter Unlock   ctrl+q Quit"), id="keys", markup=False)

    def _which(self) -> Content:
        if self.session is not None:
            return Content(SERVING if self.session.situation.holder is None else SERVING_ELSEWHERE)
        lines = [shown(self.says, 400)] if self.says else []
        lines.append(Content(OPENING))
        if self.pk.playground is None:
            lines.append(sentence("[dim]Node: $place[/dim]", place=shown(self.pk.situation.place, 120)))
        return Content("\n").join(lines)

    def on_mount(self) -> None:
        self.query_one(PasswordField).focus()
        self.draw()

    def draw(self) -> None:
        """The line under the field: what is being done, what went wrong, how long to wait."""
        attempts, glyphs = self.pk.attempts, self.pk.glyphs
        state, wrong = self._complaint, True
        if self._checking:
            state, wrong = Content(self.turning("Checking the password…")), False
        elif not state and attempts.failures:
            state = Content(f"{glyphs.warning} {waiting(attempts.wait, attempts.failures)}")
        self.state(state, wrong=wrong)

    @on(PasswordField.Typed)
    def _typed(self, event: PasswordField.Typed) -> None:
        event.stop()
        if self._complaint and not event.is_empty:
            self._complain("")

    @on(PasswordField.Refused)
    def _refused(self, event: PasswordField.Refused) -> None:
        event.stop()
        self._complain(event.why)

    @on(PasswordField.Entered)
    def _entered(self, event: PasswordField.Entered) -> None:
        """What was typed stays in the field as long as no password is taken."""
        event.stop()
        if self._checking or event.field.is_empty or self.pk.attempts.wait > 0:
            return
        self._complain("")
        self._checking = True
        # The app's own worker: this screen, and every worker of its own, is gone before unlocking is done.
        self.pk.run_worker(
            self._unlock(event.field.take()), name="unlock", group="unlock", description="unlock", exclusive=True
        )
        self.draw()

    async def _unlock(self, password: Plaintext) -> None:
        try:
            await self._try(password, accept_state=False)
        except RolledBack as error:
            what = what_is_older(reason(error))
            self._checking = False
            self._complain(f"{what} Nothing was changed.")
            if await self.pk.push_screen_wait(AcceptDialog(safe_text(what, 400))):
                self._checking = True
                self._complain("")
                try:
                    await self._try(password, accept_state=True)
                except PkError as other:
                    self._complain(other.message)
        except WrongPassword:
            self.pk.attempts.failed()
        except PkError as error:
            self._complain(reason(error))
            if self.is_attached:  # not the password's fault
                self.query_one(PasswordField).put(password)
        finally:
            self._checking = False
            if self.is_attached:
                self.draw()

    async def _try(self, password: Plaintext, *, accept_state: bool) -> None:
        if self.session is not None:
            await self.pk.unlock_screen(password)
        else:
            await self.pk.open_node(password, accept_state)
        self.pk.attempts.passed()

    def _complain(self, why: str) -> None:
        self._complaint = shown(why, 500)
        if self.is_attached:
            self.draw()
