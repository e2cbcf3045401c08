"""A new node: its password, twice, with how long that would hold out. The words that come of it are `words`' affair."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Label, Static

from pk_tui.errors import PkError
from pk_tui.plaintext import Plaintext
from pk_tui.tui.remedies import reason
from pk_tui.tui.screens.boxed import BoxedScreen
from pk_tui.tui.text import sentence
from pk_tui.tui.widgets.key_bar import hints
from pk_tui.tui.widgets.password_field import PasswordField
from pk_tui.tui.widgets.strength import Strength


def refusal(first: Plaintext, second: Plaintext) -> str:
    """Why these two are not taken; empty if they are. A weak one is: its owner was told, and decides."""
    if not len(first):
        return "Enter a password. Without one, whoever has this disk has what is on it."
    if not len(second):
        return "Enter it a second time."
    if first != second:
        return "The two differ. Nothing was made; ctrl+r shows for 3 s what you typed."
    return ""


class NewNodeScreen(BoxedScreen):
    CSS_PATH = "first_run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False, id="new.back", tooltip="Back; nothing is made"),
        Binding("down", "app.focus_next", "Next", show=False, id="new.next", tooltip="To the next field"),
        Binding("up", "app.focus_previous", "Previous", show=False, id="new.previous", tooltip="To the field before"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._creating = False

    def compose(self) -> ComposeResult:
        with Vertical(id="box", classes="box") as box:
            box.border_title = Content("Create a node: 1 of 3, a password")
            yield Static(
                sentence(
                    "It locks everything the node keeps in “$place”. Nobody can tell you what it was: several words that "
                    "do not belong together are easy to keep in mind and hard to guess.",
                    place=self.pk.situation.place,
                ),
                markup=False,
            )
            yield Label("Password", classes="label", markup=False)
            yield PasswordField(id="first", peekable=True)
            yield Label("The same again", classes="label", markup=False)
            yield PasswordField(id="second", peekable=True)
            yield Strength(self.pk.glyphs)
            yield Static("", id="state", markup=False)
            yield Static(hints("enter Create   ctrl+r Show for 3 s   esc Back"), id="keys", markup=False)

    def on_mount(self) -> None:
        self.first.focus()

    @property
    def first(self) -> PasswordField:
        return self.query_one("#first", PasswordField)

    @property
    def second(self) -> PasswordField:
        return self.query_one("#second", PasswordField)

    @on(PasswordField.Typed)
    def _typed(self, event: PasswordField.Typed) -> None:
        event.stop()
        if event.field is self.first:
            self.query_one(Strength).weigh(self.first.typed)
        if not self._creating and not event.is_empty:
            self.state("", wrong=False)

    @on(PasswordField.Refused)
    def _refused(self, event: PasswordField.Refused) -> None:
        event.stop()
        self.state(event.why, wrong=True)

    @on(PasswordField.Entered)
    def _entered(self, event: PasswordField.Entered) -> None:
        event.stop()
        if self._creating:
            return
        if event.field is self.first and not self.first.is_empty and self.second.is_empty:
            self.second.focus()
            return
        why = refusal(self.first.typed, self.second.typed)
        if why:
            self.state(why, wrong=True)
            (self.first if self.first.is_empty else self.second).focus()
            return
        self._creating = True
        # The app's own worker: this screen is gone before the words are shown.
        self.pk.run_worker(self._create(), name="create", group="opening", description="create")

    async def _create(self) -> None:
        from pk_tui.tui.screens.words import WordsScreen

        password = self.first.typed
        try:
            words = await self.pk.front.create(password)
        except PkError as error:
            self._creating = False
            if self.is_attached:
                self.state(reason(error), wrong=True)
            return
        except BaseException:
            self._creating = False
            raise
        self.first.clear()
        self.second.clear()
        await self.pk.show(WordsScreen(words, password))

    def draw(self) -> None:
        if self._creating:
            self.state(self.turning("Making the node…"), wrong=False)

    def action_back(self) -> None:
        from pk_tui.tui.screens.first_run import FirstRunScreen

        if self._creating:
            return  # a second; stopping it half-way would leave the question whether there is a node
        self.first.clear()
        self.second.clear()
        self.pk.call_later(self.pk.show, FirstRunScreen())
