"""The warning that a node has shown two histories of itself: both claims, what that means, and what to do. Shows; the evidence
cannot be undone."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from pk_tui.api.trust import ClaimView, ForkView
from pk_tui.tui.claim_words import kind, says, signers
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.link_words import NameOf
from pk_tui.tui.text import moment, sentence
from pk_tui.tui.told import BLANK, Line, labelled, said
from pk_tui.tui.widgets.telling import Telling


def warning_lines(fork: ForkView, name_of: NameOf, *, is_own: bool) -> list[Line]:
    who = name_of(fork.node_id)
    if is_own:
        means = (
            "The key of this node was used on two machines: a copy of its database was opened elsewhere, or an old copy was put "
            "back. Or somebody else has its key."
        )
        then = (
            "If it was a copy of yours, end one of the two and go on with a new node in its place. If it was not, expel this "
            "node from another of yours: 3, then E."
        )
    else:
        means = (
            "Its key is in two places: its owner runs a copy of it, or put an old copy back, or somebody else has the key. Or it "
            "lies to you, or to somebody else."
        )
        then = (
            "Ask its owner, by telephone or face to face, which of the two claims is right. What was built on it before they "
            "part stands; no link or right is added from here on. If the key was stolen, its owner expels it; what it can "
            "still read you end with U."
        )
    return [
        said(sentence("[bold $text-error]$who has signed two different claims in the same place.[/]", who=who)),
        said(
            "Each says that it is the only one. Both signatures are right, so this is proof, and no mistake on the way."
        ),
        BLANK,
        *_side("One", fork.one, name_of),
        BLANK,
        *_side("Other", fork.other, name_of),
        BLANK,
        labelled("Means", means),
        labelled("Do", then),
    ]


def _side(label: str, claim: ClaimView, name_of: NameOf) -> list[Line]:
    first = Content.assemble(
        Content.styled(f"claim {claim.sequence}: ", "bold"), Content.styled(kind(claim).plain, "bold")
    )
    return [
        labelled(label, first),
        labelled("", says(claim, name_of)),
        labelled(
            "",
            sentence(
                "Signed by $signers, $when.", signers=signers(claim, name_of), when=moment(claim.time, seconds=True)
            ),
        ),
        said(str(claim.claim_id), "dim"),
    ]


class NodeForkDialog(Dialog[bool]):
    """Answers True if the chain of the node is to be shown."""

    CSS_PATH = ["dialog.tcss", "sigchain.tcss"]  # noqa: RUF012 - so declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("H", "chain", "Sigchain", show=False, id="fork.chain", tooltip="Show the claims of the node"),
    ]
    first = "warning"

    def __init__(self, fork: ForkView, name_of: NameOf, *, is_own: bool = False) -> None:
        super().__init__()
        self.heading = sentence("WARNING: two histories of $who", who=name_of(fork.node_id))
        self._lines = warning_lines(fork, name_of, is_own=is_own)

    def body(self) -> ComposeResult:
        yield Telling("warning")

    def on_mount(self) -> None:
        self.query_one("#warning", Telling).tell(Content(""), self._lines)

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Close  esc", False), ("chain", "Its chain  H", False)]

    def chosen(self, button: str) -> None:
        self.action_chain()

    def action_chain(self) -> None:
        self.dismiss(True)
