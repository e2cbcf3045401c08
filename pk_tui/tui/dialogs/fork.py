"""Make a copy of a clone that can be written in: what that means, and what it is to be called. Also asked where something was
to be changed in a clone, and then says first why that was not done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, Static

from pk_tui.api.views import VaultView
from pk_tui.terms import VaultId, vault_name
from pk_tui.tui.dialogs.clone import free_name, name_fault
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.text import counted, sentence, shown


@dataclass(frozen=True, slots=True)
class MakeFork:
    """A yes: under this name."""

    name: str


@dataclass(frozen=True, slots=True)
class GoTo:
    """There is such a copy already, and that one is meant."""

    vault_id: VaultId


class ForkDialog(Dialog[MakeFork | GoTo]):
    """`refused`: why a change was not made in the clone; then the focus is on Cancel, since a name was not what was typed."""

    CSS_PATH = ["dialog.tcss", "form.tcss"]  # noqa: RUF012 - so declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "fork", "Make the copy", id="fork.fork", tooltip="Make the copy under this name"),
        Binding("ctrl+g", "go", "Go there", id="fork.go", tooltip="Go to the copy that there is already"),
    ]

    def __init__(
        self,
        vault: VaultView,
        who: str,
        taken: Callable[[], Collection[str]],
        there_is: Sequence[VaultView] = (),
        refused: Content | None = None,
    ) -> None:
        """`taken`: the names that are in use here; `there_is`: forks of the same vault."""
        super().__init__()
        name = shown(vault.name, 50)
        self.heading = sentence("$name is read only here" if refused else "A copy of $name to write in", name=name)
        self.first = "name" if refused is None else "go" if there_is else "cancel"
        self._vault, self._who, self._taken = vault, who, taken
        self._there_is, self._refused = there_is, refused

    def body(self) -> ComposeResult:
        if self._refused is not None:
            yield Static(self._refused, classes="lead", markup=False)
        if self._there_is:
            named = Content(", ").join(shown(one.name, 40, style="bold") for one in self._there_is[:3])
            yield Static(
                sentence("You have a copy to write in already: $named.", named=named), classes="lead", markup=False
            )
        secrets = counted(self._vault.secrets, "secret")
        rows: list[tuple[str, Content]] = [
            ("You get", Content(f"a vault of your own with all {secrets} and all versions, and nothing is sent.")),
            ("Then", sentence("you change it as you like; $who sees none of that. p merges in what is changed there, and ! lets "
                              "you decide where both changed the same secret.", who=self._who)),
            ("Clone", sentence("$name stays as it is.", name=shown(self._vault.name, 60))),
        ]  # fmt: skip
        for label, text in rows:
            with Horizontal(classes="row"):
                yield Static(label, classes="label", markup=False)
                yield Static(text, markup=False)
        with Horizontal(classes="row -apart"):
            yield Static("Name", classes="label", markup=False)
            name = free_name(f"{self._vault.name}-mine", self._taken())
            yield Input(name, id="name", compact=True, max_length=255, select_on_focus=False)

    def buttons(self) -> list[tuple[str, str, bool]]:
        go = [("go", "Go there  ctrl+g", False)] if self._there_is else []
        return [("cancel", "Cancel  esc", False), *go, ("fork", "Make it  ctrl+s", False)]

    def on_mount(self) -> None:
        self._check()

    def _check(self) -> Content | None:
        """What is wrong with the name."""
        fault = name_fault(self.query_one("#name", Input).value, self._taken())
        self.query_one("#fork", Button).disabled = fault is not None
        return fault

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.wrong(self._check() or "")

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_fork()

    def chosen(self, button: str) -> None:
        if button == "go":
            self.action_go()
        else:
            self.action_fork()

    def action_go(self) -> None:
        if self._there_is:
            self.dismiss(GoTo(self._there_is[0].vault_id))

    def action_fork(self) -> None:
        fault = self._check()
        if fault is not None:
            self.wrong(fault)
        else:
            self.dismiss(MakeFork(vault_name(self.query_one("#name", Input).value)))
