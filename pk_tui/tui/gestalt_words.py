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


def me_lines(status: StatusView, own_vaults: int, linked: Sequence[Line] = ()) -> list[Line]:
    """`linked`: why other nodes are taken for one's own."""
    return [
        *own_lines(status),
        *([BLANK, *linked] if linked else []),
        BLANK,
        labelled(
            "Vaults",
            f"{counted(own_vaults, 'vault')} of your own on this node." if own_vaults else "None of your own yet.",
        ),
        labelled("Give", "Whoever is to share with you needs this id. c copies it; read it aloud to have it compared."),
    ]


def gestalt_lines(
    gestalt: GestaltView, clones: Sequence[VaultView], linked: Sequence[Line] = (), marked: Sequence[Line] = ()
) -> list[Line]:
    """Trust, rights with what each means, and what goes to and fro. `linked`: why its nodes are taken for one party; `marked`:
    what is to be said before all else."""
    lines = [
        *([*marked, BLANK] if marked else []),
        labelled("Trust", trust_sentence(True, gestalt.trusted)),
        labelled("Why", why(gestalt)),
        *linked,
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
    """How the trust came about: always by hand and directly, for the nodes that were in it then."""
    if gestalt.trusted:
        return Content("You trusted it on this node, by hand; me > it, with nobody in between.")
    nodes = "its node" if len(gestalt.nodes) == 1 else "its nodes"
    return Content(f"You know {nodes}, but have not trusted it (or took that back).")


def node_lines(
    row: NodeRow,
    gestalt: GestaltView,
    clones: Sequence[VaultView],
    now: Instant,
    linked: Sequence[Line] = (),
    marked: Sequence[Line] = (),
) -> list[Line]:
    return [
        *([*marked, BLANK] if marked else []),
        *lines_about(row, gestalt.shared, clones, now),
        *linked,
        BLANK,
        said("enter shows it among the nodes (2).", "dim"),
    ]


def shared_lines(shared: SharedView, who: str, granted: Sequence[Line] = ()) -> list[Line]:
    """`who` is safe to show; `granted`: through which members it was given, and who has it."""
    return [
        labelled("Shared", sentence("$vault, with $who.", vault=shared.name, who=who)),
        labelled("Rights", ", ".join(action.value for action in shared.actions)),
        *granted,
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
        said(
            "A gestalt is everything that is shown to be one party: a person's nodes, joined by what each of them has "
            "signed."
        ),
        said("2 goes to the nodes, where a adds somebody's node; then it stands here, to be trusted and shared with."),
    ]
