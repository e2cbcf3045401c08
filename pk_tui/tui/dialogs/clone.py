"""Clone a vault that somebody shares: what will arrive and from whom, and what it is to be called here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Button, Input, Static

from pk_tui.api.views import OfferView
from pk_tui.errors import Misuse, PkError
from pk_tui.terms import vault_name
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.glyphs import Glyphs
from pk_tui.tui.remedies import reason
from pk_tui.tui.text import counted, sentence, shown, size


@dataclass(frozen=True, slots=True)
class CloneAnswer:
    """A yes: which offer, under which name here."""

    offer: OfferView
    name: str


@dataclass(frozen=True, slots=True)
class NotOffered:
    """What is offered could not be found out."""

    error: PkError


def free_name(offered: str, taken: Collection[str]) -> str:
    """The name to propose: the offered one, or with the next free number; "" if it cannot be a name here at all."""
    try:
        name = vault_name(offered)
        number = 2
        while name in taken:
            name = vault_name(f"{offered}-{number}")
            number += 1
    except Misuse:
        return ""
    return name


def name_fault(typed: str, taken: Collection[str]) -> Content | None:
    """Why a clone cannot be called that here."""
    if not typed:
        return Content("Give it a name here.")
    try:
        name = vault_name(typed)
    except Misuse as error:
        return shown(reason(error), 300)
    return sentence("There is already a vault “$name” here.", name=name) if name in taken else None


def holds(offer: OfferView) -> Content:
    """How much will arrive."""
    return Content(
        f"{counted(offer.secrets, 'secret')}, {size(offer.bytes)}, {counted(offer.versions, 'version')}, as its node says"
    )


class CloneDialog(Dialog[CloneAnswer | NotOffered]):
    """`look` finds the offer out, while the dialog is open; if it fails, that is the answer."""

    CSS_PATH = ["dialog.tcss", "form.tcss"]  # noqa: RUF012 - so declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "clone", "Clone", id="clone.clone", tooltip="Clone it under this name"),
    ]

    def __init__(
        self,
        offered: str,
        who: str,
        trusted: bool,
        taken: Callable[[], Collection[str]],
        look: Callable[[], Awaitable[OfferView]],
        glyphs: Glyphs,
    ) -> None:
        """`offered`: the name there; `taken`: the names that are in use here."""
        super().__init__()
        self.heading = Content.assemble("Clone ", shown(offered, 50))
        self.first = "name"
        self._offered, self._who, self._trusted = offered, who, trusted
        self._taken, self._look, self._glyphs = taken, look, glyphs
        self._offer: OfferView | None = None
        self._spinning: Timer | None = None
        self._frame = 0

    def body(self) -> ComposeResult:
        standing = ("trusted", "") if self._trusted else ("NOT trusted", "bold $text-warning")
        rows: list[tuple[str, Content, str | None]] = [
            ("From", Content.assemble(shown(self._who, 60, style="bold"), ", ", Content.styled(*standing)), None),
            ("There", shown(self._offered, 120), None),
            ("Holds", Content(""), "holds"),
            ("You get", Content("a copy to read. It takes changes with p; you cannot change it."), None),
        ]
        for label, text, name in rows:
            with Horizontal(classes="row"):
                yield Static(label, classes="label", markup=False)
                yield Static(text, id=name, markup=False)
        with Horizontal(classes="row -apart"):
            yield Static("Name", classes="label", markup=False)
            name = free_name(self._offered, self._taken())
            yield Input(name, id="name", compact=True, max_length=255, select_on_focus=False)
        with Horizontal(classes="row"):
            yield Static("", classes="label", markup=False)
            yield Static("", id="where", markup=False)

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Cancel  esc", False), ("clone", "Clone  ctrl+s", False)]

    def on_mount(self) -> None:
        self._spinning = self.set_interval(0.1, self._spin)
        self._spin()
        self._check()
        if not free_name(self._offered, self._taken()):
            self.wrong("Its name there cannot be a name here. Give it one.")
        self.do(self._find_out(), "look")

    async def _find_out(self) -> None:
        try:
            offer = await self._look()
        except PkError as error:
            self.dismiss(NotOffered(error))
            return
        self._offer = offer
        if self._spinning is not None:
            self._spinning.stop()
        self.query_one("#holds", Static).update(holds(offer))
        self._check()

    def _spin(self) -> None:
        sign = self._glyphs.spinner[self._frame % len(self._glyphs.spinner)]
        self._frame += 1
        self.query_one("#holds", Static).update(sentence("$sign asking $who …", sign=sign, who=self._who))

    def _check(self) -> Content | None:
        """What is wrong with the name; the rest of the picture follows."""
        typed = self.query_one("#name", Input).value
        fault = name_fault(typed, self._taken())
        where = Content("") if fault else sentence("You find it among your vaults (1) as “$name”.", name=typed)
        self.query_one("#where", Static).update(Content.styled(where.plain, "dim"))
        self.query_one("#clone", Button).disabled = fault is not None or self._offer is None
        return fault

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.wrong(self._check() or "")

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_clone()

    def chosen(self, button: str) -> None:
        self.action_clone()

    def action_clone(self) -> None:
        fault = self._check()
        if fault is not None:
            self.wrong(fault)
        elif self._offer is None:
            self.wrong("What it holds is not known yet: wait for the answer, or call it off with esc.")
        else:
            self.dismiss(CloneAnswer(self._offer, vault_name(self.query_one("#name", Input).value)))
