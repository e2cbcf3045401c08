"""A new password or passphrase: what it is to be like, how much chance is in it, another one, use it.

Made by the agent, anew with every change. It stays hidden until it is asked for: it is to be somebody's password.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from pk_tui.api.items import Items, Recipe, SuggestionView
from pk_tui.errors import PkError
from pk_tui.plaintext import Plaintext
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.glyphs import Glyphs
from pk_tui.tui.item_words import STRONG, strength
from pk_tui.tui.remedies import reason
from pk_tui.tui.text import shown
from pk_tui.tui.widgets.one_of import OneOf
from pk_tui.tui.widgets.tick import Tick
from pk_tui.tui.widgets.value_text import ValueText

SORTS = (("lower", "a-z lower case"), ("upper", "A-Z upper case"), ("digits", "0-9 digits"), ("symbols", "!?& symbols"))
EASY = "no look-alikes (0 O, 1 l I)"
LENGTH, WORDS = 20, 6
BAR = 20
MASK = 12


def entropy_line(bits: float, glyphs: Glyphs) -> Content:
    """`████░░  117 bits, strong`: a bar, a number and a word."""
    word = strength(bits)
    full = min(BAR, max(1, int(bits * BAR / STRONG)))
    style = {"weak": "$text-error", "fair": "$text-warning"}.get(word, "$text-success")
    bar = Content.styled(glyphs.bar_full * full + glyphs.bar_empty * (BAR - full), style)
    return Content.assemble(bar, f"  {int(bits)} bits, ", Content.styled(word, "bold"))


class GenerateDialog(Dialog[Plaintext]):
    """Answers with the value that was chosen."""

    CSS_PATH = ["form.tcss", "generate.tcss"]  # noqa: RUF012 - so declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "use", "Use", show=False, id="generate.use", tooltip="Take this one"),
        Binding("ctrl+g", "again", "Another", show=False, id="generate.again", tooltip="Make another one"),
        Binding("ctrl+r", "reveal", "Show", show=False, id="generate.reveal", tooltip="Show it, or hide it again"),
        Binding("up", "app.focus_previous", show=False, id="generate.up", tooltip="To the one before"),
        Binding("down", "app.focus_next", show=False, id="generate.down", tooltip="To the next"),
    ]

    def __init__(self, items: Items, glyphs: Glyphs, heading: Content | None = None, yes: str = "Use") -> None:
        super().__init__()
        self.heading = heading or Content("Generate")
        self.first = "size"
        self._items = items
        self._glyphs = glyphs
        self._yes = yes
        self._made: SuggestionView | None = None
        self._revealed = False
        self._sizes = [str(LENGTH), str(WORDS)]

    def body(self) -> ComposeResult:
        with Horizontal(classes="row"):
            yield Static("Kind", classes="label", markup=False)
            yield OneOf(("password", "passphrase"), 0, name="kind")
        with Horizontal(classes="row"):
            yield Static("Length", id="size-label", classes="label", markup=False)
            yield Input(str(LENGTH), id="size", type="integer", max_length=4, compact=True)
        with Vertical(id="sorts"):
            for name, text in SORTS:
                yield Tick(text, True, name)
            yield Tick(EASY, False, "easy")
        yield Static("", id="masked", markup=False)
        yield ValueText()
        yield Static("", id="bits", markup=False)

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [
            ("cancel", "Cancel  esc", False),
            ("show", "Show  ctrl+r", False),
            ("again", "Again  ctrl+g", False),
            ("use", f"{self._yes}  ctrl+s", False),
        ]

    def on_mount(self) -> None:
        self.watch(self.app, "app_focus", self._looked_away, init=False)
        self.action_again()

    def on_unmount(self) -> None:
        self._made = None

    @property
    def recipe(self) -> Recipe:
        """What the fields say. An empty number is 0, which the agent refuses in words."""
        typed = self.query_one("#size", Input).value
        number = int(typed) if typed.isascii() and typed.isdigit() else 0
        if self._is_phrase:
            # 0 words would be read as a password.
            return Recipe(words=number or -1)
        on = {tick.id: tick.is_on for tick in self.query(Tick)}
        return Recipe(
            length=number,
            lower=on["lower"],
            upper=on["upper"],
            digits=on["digits"],
            symbols=on["symbols"],
            easy=on["easy"],
        )

    @property
    def _is_phrase(self) -> bool:
        return self.query_one(OneOf).at == 1

    # Making

    def action_again(self) -> None:
        self.run_worker(self._make(), name="generate", group="generate", description="generate", exclusive=True)

    async def _make(self) -> None:
        try:
            self._made = await self._items.suggest(self.recipe)
        except PkError as error:
            self._made = None
            self.wrong(shown(reason(error), 300))
        else:
            self.wrong("")
        self._draw()

    def on_one_of_changed(self, event: OneOf.Changed) -> None:
        event.stop()
        field = self.query_one("#size", Input)
        self._sizes[0 if self._is_phrase else 1] = field.value
        self.query_one("#sorts").display = not self._is_phrase
        self.query_one("#size-label", Static).update("Words" if self._is_phrase else "Length")
        with field.prevent(Input.Changed):
            field.value = self._sizes[1 if self._is_phrase else 0]
        self.action_again()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.action_again()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()

    def on_tick_turned(self, event: Tick.Turned) -> None:
        event.stop()
        self.action_again()

    # Showing

    def _looked_away(self, focused: bool) -> None:
        if not focused:
            self._revealed = False
            self._draw()

    def action_reveal(self) -> None:
        self._revealed = not self._revealed
        self._draw()

    def _draw(self) -> None:
        made, masked, value = self._made, self.query_one("#masked", Static), self.query_one(ValueText)
        self.query_one("#bits", Static).update(entropy_line(made.entropy_bits, self._glyphs) if made else Content(""))
        masked.display = made is None or not self._revealed
        masked.update(Content(self._glyphs.mask * MASK if made else "-"))
        value.put(made.value.reveal().decode() if made and self._revealed else "")
        self.query_one("#show").label = "Hide  ctrl+r" if self._revealed else "Show  ctrl+r"  # type: ignore[attr-defined]

    # Answering

    def chosen(self, button: str) -> None:
        {"show": self.action_reveal, "again": self.action_again, "use": self.action_use}[button]()

    def action_use(self) -> None:
        if self._made is None:
            self.wrong("There is nothing to use yet: choose what it is to be like.")
        else:
            self.dismiss(self._made.value)
