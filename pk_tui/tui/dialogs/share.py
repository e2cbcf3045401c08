"""Share a vault: with whom (or which), for how long, and what that means in words. Decides nothing about who may be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static

from pk_tui.api.views import NodeView, VaultView
from pk_tui.clock import DAY, Instant, rfc3339
from pk_tui.terms import NodeId, VaultId
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.gestalt_rows import Marks, share_reaches
from pk_tui.tui.glyphs import Glyphs
from pk_tui.tui.link_words import reached
from pk_tui.tui.live import Live, Noun
from pk_tui.tui.node_rows import gestalt_of
from pk_tui.tui.notes import connected_nodes
from pk_tui.tui.text import counted, sentence, shown
from pk_tui.tui.widgets.chooser import Choice, Chooser
from pk_tui.tui.widgets.one_of import OneOf


@dataclass(frozen=True, slots=True)
class Term:
    """How long a share lasts; `days` None: until it is unshared."""

    name: str
    days: int | None


TERMS = (Term("1 day", 1), Term("7 days", 7), Term("30 days", 30), Term("1 year", 365), Term("no end", None))
USUAL = 4
RIGHTS = ("scan", "pull", "clone")
"""What a share gives, always all of it."""


@dataclass(frozen=True, slots=True)
class ShareAnswer:
    vault_id: VaultId
    node_id: NodeId
    not_after: Instant | None


def until(term: Term, now: Instant) -> Instant | None:
    return None if term.days is None else now + term.days * DAY


def end_in_words(term: Term, now: Instant) -> Content:
    end = until(term, now)
    if end is None:
        return Content("When you end it, with U on the vault.")
    return sentence("On $day, whatever happens.", day=rfc3339(end)[:10])


def effect(vault: VaultView | None, who: Content | str | None) -> Content:
    """What sharing does, and what nobody can take back. `who`: whom it reaches, each of their nodes."""
    if vault is None or who is None:
        return Content.styled("Pick " + ("a vault" if vault is None else "a node") + " with enter first.", "dim")
    return sentence(
        "$who can read $secrets and all old versions. Unsharing later cannot take back copies.",
        who=who,
        secrets=counted(vault.secrets, "secret"),
    )


def whom(live: Live, node: NodeId) -> Content:
    """`bob (2 nodes: laptop, server)`."""
    own = live.status.node_id if live.status is not None else None
    nodes = share_reaches(node, own, live.gestalts, Marks.of(live.pending, live.rejected, live.forks))
    return reached(nodes, live.person(node), live.name_of)


def own_vaults(vaults: Sequence[VaultView]) -> list[VaultView]:
    """Those that can be shared from here: a clone is its owner's to share."""
    return [vault for vault in vaults if not vault.read_only]


def node_choices(live: Live, vault: VaultView | None) -> list[Choice]:
    """All nodes that are known, by name. Those not trusted can be seen and not picked."""
    connected = connected_nodes(live)
    have = {
        node
        for gestalt in live.gestalts
        if vault is not None and any(shared.vault_id == vault.vault_id for shared in gestalt.shared)
        for node in gestalt.nodes
    }
    choices = []
    for node in sorted(live.nodes, key=lambda row: (row.petname is None, row.petname or "", str(row.node_id))):
        name = live.name_of(node.node_id)
        gestalt = gestalt_of(node.node_id, live.gestalts)
        notes = ["trusted" if node.trusted else "NOT trusted"]
        if gestalt is not None and len(gestalt.nodes) > 1:
            notes.append(f"one of {live.person_of(gestalt)}")
        notes += ["has it"] if node.node_id in have else []
        notes += ["connected"] if node.node_id in connected else ["not connected"]
        choices.append(Choice(str(node.node_id), name, ", ".join(notes), None if node.trusted else _not_trusted(name)))
    return choices


def _not_trusted(name: str) -> Content:
    return sentence(
        "$who is not trusted, so nothing is shared with it. Compare its id with its owner, then trust it: esc, 2, and t on it.",
        who=name,
    )


def vault_choices(live: Live, node: NodeView) -> list[Choice]:
    """The vaults of this node itself."""
    have = {shared.vault_id for gestalt in live.gestalts if node.node_id in gestalt.nodes for shared in gestalt.shared}
    return [
        Choice(
            str(vault.vault_id),
            vault.name,
            counted(vault.secrets, "secret") + (", shared already" if vault.vault_id in have else ""),
        )
        for vault in own_vaults(live.vaults)
    ]


class ShareDialog(Dialog[ShareAnswer]):
    """Either the vault is given and a node is picked, or the other way round, or both are given."""

    CSS_PATH = ["dialog.tcss", "form.tcss"]  # noqa: RUF012 - so declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "share", "Share", id="share.share", tooltip="Share it like this"),
    ]

    def __init__(
        self, live: Live, vault: VaultId | None, node: NodeId | None, glyphs: Glyphs, now: Callable[[], Instant]
    ) -> None:
        super().__init__()
        self._live = live
        self._vault_id = vault
        self._node_id = node
        self._glyphs = glyphs
        self._now = now
        self._picks_node, self._picks_vault = node is None, node is not None and vault is None
        given = self._vault
        self.heading = Content("Share a vault") if given is None else Content.assemble("Share ", shown(given.name, 50))
        self.first = "typed" if self._picks_node or self._picks_vault else "ends"

    # What is meant, as it is now

    @property
    def _vault(self) -> VaultView | None:
        return next((row for row in self._live.vaults if row.vault_id == self._vault_id), None)

    @property
    def _who(self) -> str | None:
        return None if self._node_id is None else self._live.name_of(self._node_id)

    def _choices(self) -> list[Choice]:
        if self._picks_node:
            return node_choices(self._live, self._vault)
        node = None if self._node_id is None else self._live.node(self._node_id)
        return [] if node is None else vault_choices(self._live, node)

    # The picture

    def body(self) -> ComposeResult:
        with Horizontal(classes="row"):
            yield Static("With", classes="label", markup=False)
            if self._picks_node:
                yield Chooser(self._choices(), self._glyphs, "type a part of a node's name")
            else:
                yield Static(shown(self._who or "", 60, style="bold"), markup=False)
        if self._picks_vault:
            with Horizontal(classes="row"):
                yield Static("Vault", classes="label", markup=False)
                yield Chooser(self._choices(), self._glyphs, "type a part of a vault's name")
        with Horizontal(classes="row"):
            yield Static("Rights", classes="label", markup=False)
            yield Static(self._rights(), markup=False)
        with Horizontal(classes="row"):
            yield Static("Ends", classes="label", markup=False)
            yield OneOf([term.name for term in TERMS], USUAL, name="ends")
        with Horizontal(classes="row"):
            yield Static("", classes="label", markup=False)
            yield Static("", id="end", markup=False)
        with Horizontal(classes="row -apart"):
            yield Static("Effect", classes="label", markup=False)
            yield Static("", id="effect", markup=False)

    def _rights(self) -> Content:
        rights = [Content.styled(f"{self._glyphs.passed} {right}", "bold") for right in RIGHTS]
        return Content.assemble(Content("  ").join(rights), Content.styled("   always together", "dim"))

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Cancel  esc", False), ("share", "Share  ctrl+s", False)]

    def on_mount(self) -> None:
        self._live.changed.subscribe(self, self._refreshed)
        self._show()

    def _refreshed(self, noun: Noun) -> None:
        if noun is Noun.NOTIFICATIONS:
            return
        for chooser in self.query(Chooser):
            chooser.show_choices(self._choices())
        self._show()

    def _show(self) -> None:
        term = TERMS[self.query_one(OneOf).at]
        self.query_one("#end", Static).update(end_in_words(term, self._now()))
        self.query_one("#effect", Static).update(
            effect(self._vault, None if self._node_id is None else whom(self._live, self._node_id))
        )
        self.query_one("#share", Button).disabled = self._answer() is None

    def _answer(self) -> ShareAnswer | None:
        """What a yes would mean; None as long as something is missing."""
        if self._vault is None or self._node_id is None:
            return None
        term = TERMS[self.query_one(OneOf).at]
        return ShareAnswer(self._vault.vault_id, self._node_id, until(term, self._now()))

    # What is done in it

    @on(Chooser.Picked)
    def _picked(self) -> None:
        picked = self.query_one(Chooser).picked
        if self._picks_node:
            self._node_id = None if picked is None else NodeId.parse(picked.key)
        else:
            self._vault_id = None if picked is None else VaultId.parse(picked.key)
        self.wrong("")
        self._show()
        if picked is not None:
            self.query_one(OneOf).focus()

    @on(Chooser.Refused)
    def _refused(self, event: Chooser.Refused) -> None:
        self.wrong(event.why)

    @on(OneOf.Changed)
    def _other_end(self) -> None:
        self._show()

    def chosen(self, button: str) -> None:
        self.action_share()

    def action_share(self) -> None:
        answer = self._answer()
        if answer is None:
            self.wrong(
                f"Nothing is picked yet: type a part of the {'node' if self._picks_node else 'vault'}'s name, then enter."
            )
        else:
            self.dismiss(answer)
