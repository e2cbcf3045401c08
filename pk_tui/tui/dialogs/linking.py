"""Questions about which nodes belong together: what a yes does, for whom, and what it cannot take back.

Each shows the whole id of the node it is about wherever a mistake would give somebody else something. Names are as they may be
shown.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from pk_tui.api.trust import PendingView
from pk_tui.terms import NodeId
from pk_tui.tui.dialogs.deed import CarryOut, DeedDialog
from pk_tui.tui.dialogs.trust import id_lines
from pk_tui.tui.link_words import gain_lines
from pk_tui.tui.text import sentence
from pk_tui.tui.told import said
from pk_tui.tui.widgets.telling import Telling


class WaitingDialog(DeedDialog):
    """What a node that was linked later would get: exactly that, below its whole id."""

    CSS_PATH = ["dialog.tcss", "linking.tcss"]  # noqa: RUF012 - so declared by Textual

    def __init__(
        self, heading: Content, effect: Content, yes: str, carry_out: CarryOut, doing: Content, view: PendingView, after: str,
        *, dangerous: bool,
    ) -> None:  # fmt: skip
        super().__init__(heading, effect, yes, carry_out, doing, dangerous=dangerous)
        self._view = view
        self._after = after

    def body(self) -> ComposeResult:
        yield Static(self._effect, markup=False)
        yield Telling("gains")
        yield Static(self._after, markup=False)
        yield Static("", id="doing", markup=False)

    def on_mount(self) -> None:
        self.query_one("#gains", Telling).tell(Content(""), [said(one) for one in gain_lines(self._view.would_gain)])


def confirm_question(view: PendingView, name: str, who: str, carry_out: CarryOut, *, is_linked: bool) -> WaitingDialog:
    """`name` of the node, `who` it says it belongs to: by a link, else as what follows a node that is out."""
    why = (
        "$name and a node of $who have both signed that they are one party."
        if is_linked
        else "The recovery words of a node that is out say that $name goes on in its place."
    )
    return WaitingDialog(
        sentence("Confirm $name", name=name),
        Content.assemble(
            sentence(
                f"{why} Compare this id with its owner, by telephone or face to face, not over the channel it came by:\n\n",
                name=name,
                who=who,
            ),
            id_lines(view.node_id),
            "\n\nIt would get exactly this, and nothing that is not confirmed:",
        ),
        "They match: confirm",
        carry_out,
        sentence("Confirming $name", name=name),
        view,
        "If a character differs, it is somebody else's: esc, then x rejects it.",
        dangerous=False,
    )


def reject_question(view: PendingView, name: str, who: str, carry_out: CarryOut) -> WaitingDialog:
    return WaitingDialog(
        sentence("Reject $name", name=name),
        Content.assemble(
            sentence(
                "$name gets nothing of what $who was given, and is not asked about again:\n\n", name=name, who=who
            ),
            id_lines(view.node_id),
            "\n\nIt does not get:",
        ),
        "Reject",
        carry_out,
        sentence("Rejecting $name", name=name),
        view,
        "It stays linked, the other nodes keep what they have, and nobody is told. A on it asks once more.",
        dangerous=True,
    )


def invite_question(node: NodeId, name: str, carry_out: CarryOut) -> DeedDialog:
    return DeedDialog(
        sentence("Let $name claim this node", name=name),
        Content.assemble(
            "Only for a node of your own. Compare this id with what its own screen shows (3 there, at the top):\n\n",
            id_lines(node),
            sentence(
                "\n\n$name is told, and may claim this node once. Then both have signed that they are one party: whoever trusts "
                "one of them is asked whether the other is to get the same. Its words can then expel this node, and yours that "
                "one.\n\nUntil it has done so, p takes the invitation back.",
                name=name,
            ),
        ),
        "It is mine: invite it",
        carry_out,
        sentence("Inviting $name", name=name),
        dangerous=False,
    )


def claim_question(node: NodeId, name: str, carry_out: CarryOut) -> DeedDialog:
    return DeedDialog(
        sentence("Claim $name", name=name),
        Content.assemble(
            "Only for a node of your own. Compare this id with what its own screen shows (3 there, at the top):\n\n",
            id_lines(node),
            sentence(
                "\n\nBoth sign that they are one party, for everybody who knows them to see. It is asked now, and has to have "
                "invited this node: there, 3, then I.\n\n"
                "Nothing is shared between the two by that. Its words can expel this node, and yours that one. X takes the claim "
                "back; that it was made stays in the chain.",
                name=name,
            ),
        ),
        "It is mine: claim it",
        carry_out,
        sentence("Asking $name to sign", name=name),
        dangerous=False,
    )


def unclaim_question(name: str, carry_out: CarryOut) -> DeedDialog:
    return DeedDialog(
        sentence("Unclaim $name", name=name),
        sentence(
            "[b]$name[/] and this node are one party no longer, wherever this is learnt. Each keeps only what was granted to "
            "itself, or was confirmed for it and named it.\n\n"
            "It is a claim too: that they belonged together, and that it ended, stays in the chain. To join them again, one has "
            "to invite the other anew.\n\n"
            "A node that was lost or stolen is to be expelled instead (E): only the recovery words shut it out for ever.",
            name=name,
        ),
        "Unclaim",
        carry_out,
        sentence("Taking the claim on $name back", name=name),
    )
