"""What is said of nodes that belong together, and of one that would: the marks, why a link is believed, what a node would get.

Rules alone. `NameOf` gives names that are safe to show; other texts from outside go in through `tui.text`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from textual.content import Content

from pk_tui.api.trust import GainView, PendingView
from pk_tui.api.views import GestaltView, SharedView
from pk_tui.clock import rfc3339
from pk_tui.errors import PkError
from pk_tui.terms import Action, NodeId
from pk_tui.tui.gestalt_rows import Mark
from pk_tui.tui.node_words import NAMED_AT_MOST, grouped
from pk_tui.tui.text import counted, sentence, shown
from pk_tui.tui.told import Line, labelled

NameOf = Callable[[NodeId], str]

SECURING = (Mark.EXPELLED, Mark.FORKED)
"""Marks that are no question but a warning."""
_ON_GESTALT = {
    Action.NOTIFY: "put notices into your inbox",
    Action.SCAN: "ask which vaults are shared with it",
    Action.CLAIM: "claim this node as one of its own",
}


def names_of(nodes: Sequence[NodeId], name_of: NameOf) -> Content:
    """`laptop, server`, cut where it gets long."""
    some = [Content(name_of(node)) for node in nodes[:NAMED_AT_MOST]]
    if len(nodes) > len(some):
        some.append(Content(f"{len(nodes) - len(some):,} more"))
    return Content(", ").join(some)


def reached(nodes: Sequence[NodeId], who: str, name_of: NameOf) -> Content:
    """Whom a share reaches or leaves: `bob`, and of several nodes each, those with a name first: `bob (2 nodes: laptop,
    server)`."""
    nodes = sorted(nodes, key=lambda node: (name_of(node) == f"{node.short}…", name_of(node)))
    if len(nodes) == 1 and name_of(nodes[0]) == who:
        return Content.styled(who, "bold")
    return Content.assemble(
        Content.styled(who, "bold"), f" ({counted(len(nodes), 'node')}: ", names_of(nodes, name_of), ")"
    )


# What a node would get


def in_short(gains: Iterable[GainView]) -> Content:
    """`read work, notes; notify`, for a row."""
    rows = list(gains)
    vaults = [shown(_vault(one), 40) for one in rows if one.vault_id is not None]
    actions = sorted({action.value for one in rows if one.vault_id is None for action in one.actions})
    parts = [Content.assemble("read ", Content(", ").join(vaults))] if vaults else []
    return Content("; ").join([*parts, *([Content(", ".join(actions))] if actions else [])])


def gain_lines(gains: Iterable[GainView]) -> list[Content]:
    """Exactly what it would get, a line for each."""
    lines = []
    for one in gains:
        if one.vault_id is not None:
            rights = " and ".join(action.value for action in one.actions)
            lines.append(
                sentence("  [b]$vault[/]: $rights, so every secret in it and all old versions",
                         vault=_vault(one), rights=rights)
            )  # fmt: skip
        else:
            lines += [Content(f"  {action.value}: {_ON_GESTALT.get(action, 'a right')}") for action in one.actions]
    return lines


def _vault(one: GainView) -> str:
    return one.vault_name or str(one.vault_id)


# Marks


def mark_words(mark: Mark, gains: PendingView | None) -> Content:
    """What stands in the row of a node."""
    match mark:
        case Mark.EXPELLED:
            return Content.styled("EXPELLED", "bold $text-error")
        case Mark.FORKED:
            return Content.styled("FORKED, ! shows how", "bold $text-error")
        case Mark.WAITS:
            would = in_short(gains.would_gain) if gains is not None else Content("")
            return Content.styled("waits", "bold $text-warning") + Content.assemble(": would ", would)
        case Mark.REJECTED:
            return Content.styled("rejected, gets nothing", "dim")


def mark_of_party(mark: Mark) -> Content:
    """What stands in the row of the gestalt that such a node is in."""
    match mark:
        case Mark.EXPELLED:
            return mark_words(mark, None)
        case Mark.FORKED:
            return Content.styled("a node is FORKED", "bold $text-error")
        case _:
            return Content.styled("a node waits", "bold $text-warning")


def mark_lines(mark: Mark | None, gains: PendingView | None) -> list[Line]:
    """Of a node that is marked, what that means and which key does something about it."""
    match mark:
        case Mark.EXPELLED:
            return [
                labelled(
                    "Expelled",
                    "Its owner's recovery words have expelled it: it is lost, and belongs to nobody any more. It gets nothing "
                    "new from here; what it has read it keeps. H shows the claims.",
                )
            ]
        case Mark.FORKED:
            return [
                labelled(
                    "Forked",
                    Content.styled(
                        "It has shown two histories of itself: its key is in two places, or it lies.", "bold"
                    ),
                    " What was built on it before stands; nothing more is. ! shows both claims.",
                )
            ]
        case Mark.WAITS if gains is not None:
            return [
                labelled(
                    "Waits",
                    "It was linked after rights were given, or follows a node that is out, and has none of them. It would get:",
                ),
                *(labelled("", line) for line in gain_lines(gains.would_gain)),
                labelled("", "A compares its id and confirms it; x says no, and it is not asked again."),
            ]
        case Mark.REJECTED:
            return [
                labelled("Rejected", "You said no: it gets nothing of what its gestalt was given. A asks once more.")
            ]
        case _:
            return []


# Why nodes are taken for one party


def link_lines(gestalt: GestaltView, name_of: NameOf, node: NodeId | None = None) -> list[Line]:
    """A sentence for each link, or for those of one node."""
    links = [one for one in gestalt.links if node is None or node in (one.one, one.other)]
    lines = []
    for link in links[:NAMED_AT_MOST]:
        first, second = (link.other, link.one) if link.other == node else (link.one, link.other)
        lines.append(
            sentence(
                "$one and $other have both signed that they belong together, on $day.",
                one=name_of(first),
                other=name_of(second),
                day=rfc3339(link.since)[:10],
            )
        )
    if len(links) > len(lines):
        lines.append(Content(f"{counted(len(links) - len(lines), 'more link')}; H on a node shows its claims."))
    return [labelled("" if at else "Linked", line) for at, line in enumerate(lines)]


def granted_lines(shared: SharedView, nodes: Collection[NodeId], name_of: NameOf) -> list[Line]:
    """Through which members a share was given, who has it, and who of the gestalt has not."""
    lines = []
    if shared.through:
        given = [_member(text, name_of) for text in dict.fromkeys(shared.through)]
        lines.append(
            labelled("Given", "through ", Content(", ").join(given), ", to all that was one party with it then.")
        )
    if len(nodes) > 1 and shared.nodes:
        have = [node for node in nodes if node in shared.nodes]
        without = [node for node in nodes if node not in shared.nodes]
        but = Content.assemble("; not ", names_of(without, name_of)) if without else Content("")
        lines.append(labelled("Have it", names_of(have, name_of), but))
    return lines


def _member(text: str, name_of: NameOf) -> Content:
    node = node_in(text)
    return shown(text, 80) if node is None else Content(name_of(node))


def node_in(text: str) -> NodeId | None:
    """The node whose whole id this is."""
    try:
        return NodeId.parse(text)
    except PkError:
        return None


def stranger_lines(node: NodeId, who: str) -> list[Line]:
    """Of a node that is known by others' claims alone. `who` is safe to show."""
    return [
        labelled("Id", grouped(node)),
        labelled(
            "Known", sentence("only by the claims of $who. It is not among your nodes: 2, then a, adds it.", who=who)
        ),
    ]
