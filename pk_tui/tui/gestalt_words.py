"""What is said of one row of the gestalt tree, in sentences. Rules alone; texts from outside go in through `tui.text`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from textual.content import Content

from pk_tui.api.views import GestaltView, SharedView, StatusView, VaultView
from pk_tui.clock import Instant
from pk_tui.terms import Action
from pk_tui.tui.node_rows import NodeRow
from pk_tui.tui.node_words import grouped, lines_about, own_lines, trust_sentence, vaults_sentence
from pk_tui.tui.text import ago, counted, sentence
from pk_tui.tui.told import BLANK, Line, labelled, said

RIGHTS: tuple[tuple[Action, str], ...] = (
    (Action.NOTIFY, "its notices reach your inbox; this is what trusting means"),
    (Action.SCAN, "it may ask which vaults are shared with it"),
    (Action.CLAIM, "it may ask this node to sign that both belong together"),
)


def changes(before: Collection[Action], after: Collection[Action]) -> list[tuple[Action, bool]]:
    """What has to be allowed (True) and disallowed (False), in the order of the table."""
    return [(action, action in after) for action, _ in RIGHTS if (action in before) != (action in after)]


def rights_line(actions: Collection[Action]) -> Content:
    """`notify [x]  scan [ ]  claim [ ]`."""
    return Content("  ".join(f"{action.value} [{'x' if action in actions else ' '}]" for action, _ in RIGHTS))


def me_lines(status: StatusView, own_vaults: int) -> list[Line]:
    return [
        *own_lines(status),
        BLANK,
        labelled(
            "Vaults",
            f"{counted(own_vaults, 'vault')} of your own on this node." if own_vaults else "None of your own yet.",
        ),
        labelled("Give", "Whoever is to share with you needs this id. c copies it; read it aloud to have it compared."),
    ]


def gestalt_lines(gestalt: GestaltView, clones: Sequence[VaultView]) -> list[Line]:
    """Trust, rights with what each means, and what goes to and fro."""
    lines = [
        labelled("Trust", trust_sentence(True, gestalt.trusted)),
        labelled("Why", why(gestalt)),
        labelled("Can", Content.styled(rights_line(gestalt.actions).plain, "bold")),
    ]
    lines += [labelled("", Content.styled(f"{action.value}: {means}", "dim")) for action, means in RIGHTS]
    if gestalt.shared:
        lines.append(labelled("", Content.styled("It may scan as long as a vault is shared with it.", "dim")))
    lines += [BLANK, labelled("Vaults", vaults_sentence(gestalt.shared, clones))]
    if len(gestalt.nodes) == 1:
        lines.append(labelled("Id", grouped(gestalt.nodes[0])))
    return lines


def why(gestalt: GestaltView) -> Content:
    """How the trust came about: until nodes can vouch for one another, always by hand and directly."""
    if gestalt.trusted:
        return Content("You trusted it on this node, by hand; me > it, with nobody in between.")
    return Content("You know its node, but have not trusted it (or took that back).")


def node_lines(row: NodeRow, gestalt: GestaltView, clones: Sequence[VaultView], now: Instant) -> list[Line]:
    return [
        *lines_about(row, gestalt.shared, clones, now),
        BLANK,
        said("enter shows it among the nodes (2).", "dim"),
    ]


def shared_lines(shared: SharedView, who: str) -> list[Line]:
    """`who` is safe to show."""
    return [
        labelled("Shared", sentence("$vault, with $who.", vault=shared.name, who=who)),
        labelled("Rights", ", ".join(action.value for action in shared.actions)),
        labelled("Means", sentence("$who can read every secret in it, and all old versions.", who=who)),
        BLANK,
        said("U ends the share; what was copied until then stays copied. enter shows the vault (1).", "dim"),
    ]


def clone_lines(clone: VaultView, who: str, now: Instant) -> list[Line]:
    behind = "not known while it is not connected" if clone.behind is None else (
        "up to date" if clone.behind == 0 else f"{counted(clone.behind, 'version')} behind; p in the vaults pane pulls"
    )  # fmt: skip
    return [
        labelled("Cloned", sentence("$vault, from $who. It can be read here, not changed.", vault=clone.name, who=who)),
        labelled("Holds", counted(clone.secrets, "secret") + f", last changed here {ago(clone.updated, now)} ago."),
        labelled("State", Content(behind[0].upper() + behind[1:] + ".")),
        BLANK,
        said("enter shows the vault (1).", "dim"),
    ]


def nobody_lines() -> list[Line]:
    """Below what is said of oneself, as long as nobody else is known."""
    return [
        BLANK,
        said("Nobody else is known here yet.", "bold"),
        said("A gestalt is everything that is shown to be one party: a person's nodes, and later also their accounts."),
        said("2 goes to the nodes, where a adds somebody's node; then it stands here, to be trusted and shared with."),
    ]
