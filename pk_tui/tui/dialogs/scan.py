"""What a node shares with this one, as it says itself; enter on a vault goes on to clone it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from pk_tui.api.views import OfferView
from pk_tui.terms import VaultId
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.text import counted, sentence, shown, size
from pk_tui.tui.widgets.line_list import LineList


@dataclass(frozen=True, slots=True)
class Offered:
    """`clone`: what the vault is called here, if it was cloned."""

    offer: OfferView
    clone: str | None

    @property
    def key(self) -> str:
        return str(self.offer.vault_id)


def offered_line(row: Offered, width: int) -> Content:
    """Name, how much is in it, what may be done, and whether it is here already."""
    offer = row.offer
    facts = f"{counted(offer.secrets, 'secret'):>14}  {size(offer.bytes):>10}  "
    actions = ", ".join(sorted(offer.actions))
    room = max(10, width - len(facts) - 18)
    name = shown(offer.name, 80, style="bold").truncate(room - 1, ellipsis=True).truncate(room, pad=True)
    if row.clone is None:
        note = Content.styled(actions, "dim")
    else:
        note = Content.assemble(Content.styled("here: ", "dim"), shown(row.clone, 40))
    return Content.assemble(name, facts, note)


class _Offers(LineList[Offered]):
    def draw(self, row: Offered, width: int) -> Content:
        return offered_line(row, width)


class ScanDialog(Dialog[OfferView]):
    CSS_PATH = ["dialog.tcss", "scan.tcss"]  # noqa: RUF012 - so declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "clone", "Clone", id="scan.clone", tooltip="Clone the vault with the cursor"),
    ]

    def __init__(
        self, who: str, offers: Sequence[OfferView], clones: Mapping[VaultId, str], refused: Content | None = None
    ) -> None:
        """`clones`: of the offered vaults those that are here, with their names here. `refused`: why it showed nothing."""
        super().__init__()
        self.heading = sentence("What $who shares with this node", who=who)
        self.first = "offers" if offers else "cancel"
        self._who = who
        self._offers = [Offered(one, clones.get(one.vault_id)) for one in offers]
        self._refused = refused

    def body(self) -> ComposeResult:
        if not self._offers:
            yield Static(self._nothing(), markup=False)
            return
        yield Static(
            sentence(
                "$count. How much each holds is what $who says.",
                count=counted(len(self._offers), "vault"),
                who=self._who,
            ),
            markup=False,
        )
        yield _Offers("offers")

    def _nothing(self) -> Content:
        found = self._refused or sentence("$who shares nothing with this node.", who=self._who)
        return Content.assemble(
            found,
            "\n\nIf its owner wants to share a vault with you: they trust your node, for which they need its id (the gestalt "
            "pane, 3, shows it under “me”), and share the vault. A notice then comes to your inbox (4).",
        )

    def on_mount(self) -> None:
        for offers in self.query(_Offers):
            offers.show_rows(self._offers)

    def buttons(self) -> list[tuple[str, str, bool]]:
        close = ("cancel", "Close  esc", False)
        return [close, ("clone", "Clone  enter", False)] if self._offers else [close]

    def chosen(self, button: str) -> None:
        self.action_clone()

    @on(LineList.Chosen)
    def action_clone(self) -> None:
        for offers in self.query(_Offers):
            if offers.current is not None:
                self.dismiss(offers.current.offer)
