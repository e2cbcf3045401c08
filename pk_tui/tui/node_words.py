"""How a node is told of: its id in groups, the sign of its state, and the sentences about one node. Rules alone.

What comes from outside (names, addresses, errors) goes in through `tui.text`; what comes out is ready for a widget.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from pk_tui.api.views import ConnectionView, SharedView, StatusView, VaultView
from pk_tui.clock import SECOND, Instant
from pk_tui.terms import NodeId
from pk_tui.tui.glyphs import Glyphs
from pk_tui.tui.node_rows import NodeRow, Sorting, State, spread
from pk_tui.tui.text import ago, counted, milliseconds, sentence, shown, size
from pk_tui.tui.told import BLANK, Line, labelled, said

GROUP = 5
"""Characters of an id that are read out in one breath."""
NAMED_AT_MOST = 8
"""Vaults named in a sentence before it says how many more there are."""


def groups(node: NodeId) -> list[str]:
    text = str(node)
    return [text[at : at + GROUP] for at in range(0, len(text), GROUP)]


def grouped(node: NodeId) -> str:
    """The whole id, for reading: `v4c11 qv5fp 2fm3r …`."""
    return " ".join(groups(node))


def name_or_short(node: NodeId, name: str | None) -> Content:
    return shown(name, 40) if name else Content(f"{node.short}…")


def sign_of(state: State, glyphs: Glyphs) -> str:
    """The glyph that stands before a state's word."""
    return {
        State.CONNECTED: glyphs.up,
        State.CONNECTING: glyphs.trying,
        State.WAITING: glyphs.trying,
        State.FAILED: glyphs.failed,
        State.OFFLINE: glyphs.down,
        State.UNKNOWN: glyphs.warning,
    }[state]


def style_of(state: State) -> str:
    return {
        State.CONNECTED: "$text-success",
        State.CONNECTING: "$text-warning",
        State.WAITING: "$text-warning",
        State.FAILED: "$text-error",
        State.OFFLINE: "dim",
        State.UNKNOWN: "bold $text-warning",
    }[state]


def lines_about(row: NodeRow, shared: Sequence[SharedView], clones: Sequence[VaultView], now: Instant) -> list[Line]:
    """All there is to say of a node, the most important first."""
    return [
        labelled("Id", grouped(row.node_id)),
        labelled("Trust", trust_sentence(row.known, row.trusted)),
        labelled("Link", link_sentence(row, now)),
        labelled("Vaults", vaults_sentence(shared, clones)),
    ]


def trust_sentence(known: bool, trusted: bool) -> Content:
    if trusted:
        return Content.assemble(
            Content.styled("Trusted", "bold $text-success"),
            ": its notices reach the inbox, vaults can be shared with it.",
        )
    warning = Content.styled("NOT trusted" if known else "UNKNOWN and NOT trusted", "bold $text-warning")
    if known:
        return Content.assemble(
            warning, ": nothing can be shared with it, and its notices wait among the requests. t compares and trusts."
        )
    return Content.assemble(
        warning, ": it connected by itself and sees nothing of this node. a adds it; t compares and trusts."
    )


def link_sentence(row: NodeRow, now: Instant) -> Content:
    link = row.connection
    if link is not None and link.state == State.CONNECTED:
        return _connected_sentence(row, link, now)
    seen = "It was never seen." if row.seen is None else f"Last seen {_past(row.seen, now)}."
    if link is None:
        return Content(f"Offline, and nobody tries to connect. {seen} p tries now.")
    failure = (
        sentence(" The last try failed: $why", why=shown(link.last_error, 300)) if link.last_error else Content("")
    )
    if link.state == State.CONNECTING:
        return Content.assemble("Connecting …", failure, f" {seen}")
    return Content.assemble("Not connected.", failure, f" {next_try(link, now)} {seen}")


def next_try(link: ConnectionView, now: Instant) -> str:
    """When the node is tried again by itself."""
    if link.next_try is None:
        return "It is tried again by itself."
    seconds = max(0, link.next_try - now) // SECOND
    return f"Next try in {seconds} s." if seconds < 120 else f"Next try in {seconds // 60} min."


def _connected_sentence(row: NodeRow, link: ConnectionView, now: Instant) -> Content:
    since = "" if link.since is None else f" {_duration(link.since, now)}"
    address = shown(str(link.address), 80) if link.address is not None else Content("an unknown address")
    route = "this node called it at" if link.direction == "out" else "it called from"
    trips = spread(row.trips)
    answers = f", answers in {milliseconds(row.rtt)}" if row.rtt is not None else ""
    if trips is not None and len(row.trips) > 3:
        answers += f" (half within {milliseconds(trips[0])}, most within {milliseconds(trips[1])})"
    traffic = f"in {size(link.bytes_in)}, out {size(link.bytes_out)}"
    return Content.assemble(
        Content.styled("Connected", "bold"), f"{since}: {route} ", address, f", {link_via(link)}{answers}; {traffic}."
    )


def link_via(link: ConnectionView) -> str:
    """How the bytes travel: `direct` today. A word of ours, made safe all the same."""
    return shown(link.via, 20).plain


def vaults_sentence(shared: Sequence[SharedView], clones: Sequence[VaultView]) -> Content:
    if not shared and not clones:
        return Content("Nothing is shared with it, and nothing was cloned from it.")
    parts: list[Content | str] = []
    if shared:
        parts += ["Shared with it: ", names([one.name for one in shared]), ". "]
    if clones:
        parts += ["Cloned from it: ", names([one.name for one in clones]), "."]
    return Content.assemble(*parts)


def names(texts: Sequence[str]) -> Content:
    """Names from outside in one list, cut where it gets long."""
    some = [shown(text, 40) for text in texts[:NAMED_AT_MOST]]
    more = len(texts) - len(some)
    if more > 0:
        some.append(Content(f"{counted(more, 'more one', 'more')}"))
    return Content(", ").join(some)


def own_lines(status: StatusView) -> list[Line]:
    """This node, as it is told to somebody who is to add it."""
    listening = (
        sentence("It listens at $where. Others need the host name or IP under which they reach this machine.",
                 where=shown(str(status.listening), 80))
        if status.listening is not None
        else Content("It does not listen: others cannot call it, but it can call them.")
    )  # fmt: skip
    return [labelled("Id", Content.styled(grouped(status.node_id), "bold")), labelled("Address", listening)]


def why_no_nodes(known: int, words: str, status: StatusView | None) -> list[Line]:
    """What stands where the nodes would: what a node is, how the first one gets here, or that the filter hides all."""
    if known:
        return [
            said(sentence("No node has “$words” in its name, id, address or state.", words=words)),
            said("esc shows all of them again.", "dim"),
        ]
    if status is None:
        return [said("Asking the agent …")]
    return [
        said("No other node is known here yet.", "bold"),
        BLANK,
        said(
            "A node is one person's pk-tui, running somewhere. To share a vault, two nodes have to know each other: you send "
            "each other your ids; each adds the other's (a), compares it, and trusts it (t)."
        ),
        BLANK,
        said("This is yours, to send or to read aloud; c copies the id:"),
        *own_lines(status),
    ]


def nodes_title(shown_rows: int, known: int, sorting: Sorting, is_paused: bool) -> Content:
    count = f"{shown_rows}" if shown_rows == known else f"{shown_rows} of {known}"
    order = f"by {sorting.by}{', reversed' if sorting.reverse else ''}"
    paused = Content.styled("PAUSED, space goes on", "bold $text-warning")
    return Content.assemble(f"Nodes  {count}  {order}  ", paused if is_paused else Content.styled("live", "dim"))


def _past(then: Instant, now: Instant) -> str:
    past = ago(then, now)
    return "just now" if past == "now" else f"{past} ago"


def _duration(since: Instant, now: Instant) -> str:
    past = ago(since, now)
    return "just now" if past == "now" else f"for {past}"
