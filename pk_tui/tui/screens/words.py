"""The 24 recovery words of a node that was just made: shown once, three asked back, then the node is opened.

They are here and nowhere else; when the screen goes, so do they.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Label, Static

from pk_tui.errors import PkError
from pk_tui.plaintext import Plaintext
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.remedies import reason
from pk_tui.tui.screens.boxed import BoxedScreen
from pk_tui.tui.widgets.key_bar import hints
from pk_tui.tui.widgets.password_field import PasswordField

COLUMNS = 4
ASKED = 3
SHOW = (
    "The node is made. Write these 24 words down, in this order, on paper. They are shown this once. They prove who you are, "
    "and with them you can set a new password on this database. They hold no secrets: without this database or a backup of it "
    "they bring nothing back."
)
ASK = "Three of the words, to be sure that what you wrote down is right."
MADE = "The node is made already, so there is no way back to before it. Go on, or look at the words again."
NOT_SHOWN = "The words are hidden while nobody looks. Press space to show them."
SKIPPING = (
    "If what you wrote down is wrong or gone, a forgotten password cannot be replaced, and nobody can prove to others that a "
    "later node is yours. The words are not shown again."
)
UNCONFIRMED = "The 24 words are not confirmed yet, and they are not shown again. The node itself stays."

Choose = Callable[[Plaintext, int], Sequence[int]]


def asked_for(words: Plaintext, attempt: int) -> list[int]:
    """Three positions from 1 to 24, in order, that nobody foresees: from a hash of the words, others for each attempt."""
    digest = hashlib.blake2b(words.reveal(), person=b"asked back", salt=attempt.to_bytes(8, "big")).digest()
    positions: list[int] = []
    for byte in digest:
        position = byte % 24 + 1
        if position not in positions:
            positions.append(position)
        if len(positions) == ASKED:
            break
    return sorted(positions)


def grid(words: Sequence[str]) -> str:
    """Numbered, down the columns, four beside each other."""
    rows = -(-len(words) // COLUMNS)
    lines = []
    for row in range(rows):
        cells = [f"{at + 1:>2} {words[at]:<8}" for at in range(row, len(words), rows)]
        lines.append("   ".join(cells).rstrip())
    return "\n".join(lines)


def mistakes(words: Sequence[str], answers: dict[int, str]) -> str:
    """Which positions are wrong, in a sentence; empty if none is."""
    wrong = [position for position, answer in answers.items() if answer.strip().lower() != words[position - 1]]
    if not wrong:
        return ""
    if len(wrong) == 1:
        return f"Word {wrong[0]} is another one. esc shows the words again."
    first = ", ".join(str(position) for position in wrong[:-1])
    return f"Words {first} and {wrong[-1]} are others. esc shows the words again."


class WordsScreen(BoxedScreen):
    """`choose` gives the positions to ask for, from the words and the number of the attempt."""

    CSS_PATH = "first_run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "on", "Next", show=False, id="words.next", tooltip="I have written them down"),
        Binding("space", "uncover", "Show", show=False, id="words.show", tooltip="Show the words"),
        Binding("escape", "back", "Look again", show=False, id="words.back", tooltip="Look at the words again"),
        Binding(
            "ctrl+k", "skip", "Skip", show=False, id="words.skip", tooltip="Go on without confirming", priority=True
        ),
        Binding("down", "app.focus_next", "Next", show=False, id="words.down", tooltip="To the next field"),
        Binding("up", "app.focus_previous", "Previous", show=False, id="words.up", tooltip="To the field before"),
    ]

    def __init__(self, words: Plaintext, password: Plaintext, choose: Choose = asked_for) -> None:
        super().__init__()
        self._words: Plaintext | None = words
        self._password: Plaintext | None = password
        self._choose = choose
        self._attempt = 0
        self._positions: Sequence[int] = choose(words, 0)
        self._opening = False

    @property
    def before_leaving(self) -> str:
        """What speaks against ending the program now."""
        return UNCONFIRMED if self._words is not None else ""

    def compose(self) -> ComposeResult:
        with Vertical(id="box", classes="box") as box:
            box.border_title = Content("Create a node: 2 of 3, the recovery words")
            yield Static(SHOW, id="says", markup=False)
            yield Static("", id="grid", markup=False)
            with Vertical(id="asked"):
                for number in range(ASKED):
                    yield Label("", id=f"label-{number}", classes="label", markup=False)
                    yield PasswordField(id=f"word-{number}", hidden=False)
            yield Static("", id="state", markup=False)
            yield Static("", id="keys", markup=False)

    def on_mount(self) -> None:
        self.watch(self.app, "app_focus", self._window_focus, init=False)  # the event itself reaches the app alone
        self.pk.app_suspend_signal.subscribe(self, self._went_outside, immediate=True)
        self._show_words()

    @property
    def fields(self) -> list[PasswordField]:
        return list(self.query(PasswordField))

    def _list(self) -> list[str]:
        return self._words.reveal().decode().split() if self._words is not None else []

    # Shown

    def _show_words(self) -> None:
        self.remove_class("-asking")
        self.set_focus(None)
        self.query_one("#box", Vertical).border_title = Content("Create a node: 2 of 3, the recovery words")
        self.query_one("#says", Static).update(SHOW)
        self.query_one("#keys", Static).update(hints("enter I have written them down   ctrl+k Skip…"))
        self.action_uncover()

    def action_uncover(self) -> None:
        if not self.has_class("-asking"):
            self.query_one("#grid", Static).update(Content(grid(self._list())))

    def cover(self) -> None:
        """Hide the words until somebody asks for them."""
        self.query_one("#grid", Static).update(NOT_SHOWN)

    def _window_focus(self, focus: bool) -> None:
        if not focus:
            self.cover()

    def _went_outside(self, app: App[int]) -> None:
        self.cover()

    # Asked back

    def action_on(self) -> None:
        """From the words to the questions."""
        if self.has_class("-asking") or self._words is None:
            return
        self.query_one("#grid", Static).update("")
        self.add_class("-asking")
        self.query_one("#box", Vertical).border_title = Content("Create a node: 3 of 3, three words back")
        self.query_one("#says", Static).update(ASK)
        self.query_one("#keys", Static).update(hints("enter Check   esc Look again   ctrl+k Skip…"))
        self.state("", wrong=False)
        for number, position in enumerate(self._positions):
            self.query_one(f"#label-{number}", Label).update(f"Word {position}")
        self.fields[0].focus()

    @on(PasswordField.Typed)
    def _typed(self, event: PasswordField.Typed) -> None:
        event.stop()

    @on(PasswordField.Refused)
    def _refused(self, event: PasswordField.Refused) -> None:
        event.stop()
        self.state(event.why, wrong=True)

    @on(PasswordField.Entered)
    def _entered(self, event: PasswordField.Entered) -> None:
        event.stop()
        empty = next((field for field in self.fields if field.is_empty), None)
        if empty is not None:
            empty.focus()
            return
        answers = {
            position: field.typed.reveal().decode()
            for position, field in zip(self._positions, self.fields, strict=True)
        }
        why = mistakes(self._list(), answers)
        if why:
            self.state(why, wrong=True)
        else:
            self._open()

    def action_back(self) -> None:
        """Look again; after that, other words are asked for."""
        if self._opening:
            return
        if not self.has_class("-asking"):
            self.state(MADE, wrong=False)
            return
        assert self._words is not None
        self._attempt += 1
        self._positions = self._choose(self._words, self._attempt)
        for field in self.fields:
            field.clear()
        self.state("", wrong=False)
        self._show_words()

    def action_skip(self) -> None:
        if not self._opening and self.pk.screen is self:
            self.pk.run_worker(self._skip(), name="skip", group="leave", description="skip")

    async def _skip(self) -> None:
        dialog = ConfirmDialog(Content("Go on without confirming the words?"), Content(SKIPPING), "Skip")
        if await self.pk.push_screen_wait(dialog):
            self._open()

    # Opened

    def _open(self) -> None:
        self._words = None
        self.query_one("#grid", Static).update("")
        for field in self.fields:
            field.clear()
        self._opening = True
        self.pk.run_worker(self._see_open(), name="open", group="opening", description="open")

    async def _see_open(self) -> None:
        from pk_tui.tui.screens.lock import LockScreen

        password, self._password = self._password, None
        assert password is not None
        try:
            await self.pk.open_node(password)
        except PkError as error:
            self.pk.situation = await self.pk.front.look()
            await self.pk.show(LockScreen(says=f"The node is made, but could not be opened: {reason(error)}"))

    def draw(self) -> None:
        if self._opening:
            self.state(self.turning("Opening the node…"), wrong=False)
