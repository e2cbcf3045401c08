"""Trust a node, or trust it no more: what that means, and the whole id to be compared before a yes."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from pk_tui.terms import NodeId
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.node_words import groups, names
from pk_tui.tui.text import sentence

GROUPS_A_LINE = 6


def id_lines(node: NodeId) -> Content:
    """The id in groups, some to a line, so that two people can read it to each other."""
    parts = groups(node)
    lines = [" ".join(parts[at : at + GROUPS_A_LINE]) for at in range(0, len(parts), GROUPS_A_LINE)]
    return Content("\n").join(Content.assemble("    ", Content.styled(line, "bold $text-accent")) for line in lines)


class TrustDialog(ConfirmDialog):
    def __init__(self, node: NodeId, name: str, *, known: bool, others: Content | None = None) -> None:
        """`name` is as it may be shown; `others`: the nodes that are one party with it, and are trusted with it."""
        stranger = Content("") if known else Content("This node is not among yours; trusting it adds it.\n")
        super().__init__(
            sentence("Trust $name", name=name),
            Content.assemble(
                stranger,
                "Compare this id with its owner, by telephone or face to face, not over the channel it came by:\n\n",
                id_lines(node),
                sentence(
                    "\n\nIf a single character differs, it is somebody else: do not trust it.\n\n"
                    "Trusting lets $name put notices into your inbox, and lets you share vaults with it. It sees nothing of "
                    "yours until you share it. u takes the trust back.",
                    name=name,
                ),
                ""
                if others is None
                else sentence(" It holds for what is linked with it now too: $others.", others=others),
            ),
            "They match: trust it",
            dangerous=False,
        )


class UntrustDialog(ConfirmDialog):
    def __init__(self, name: str, shared: Sequence[str]) -> None:
        """`shared`: the names of vaults it may clone, as they came."""
        stay = "share with it stays" if len(shared) == 1 else "shares with it stay"
        lasting = Content("Nothing is shared with it.")
        if shared:
            lasting = Content.assemble(
                Content.styled(f"{len(shared):,} {stay} in force", "bold"),
                " until ended: ",
                names(shared),
                ". U on the vault in the gestalt pane (3) does that.",
            )
        super().__init__(
            sentence("Untrust $name", name=name),
            Content.assemble(
                sentence(
                    "What $name sends from now on waits among the requests, and nothing new can be shared with it. It stays "
                    "among your nodes and is told nothing.",
                    name=name,
                ),
                "\n\n",
                lasting,
            ),
            "Untrust",
        )
