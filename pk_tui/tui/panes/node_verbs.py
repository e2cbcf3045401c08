"""The keys of the nodes and gestalt panes, and which deed carries out which verb. What a verb does is done by `deeds`."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from textual.binding import Binding, BindingType

from pk_tui.api.views import VaultView
from pk_tui.terms import NodeId
from pk_tui.tui.node_rows import NodeRow

if TYPE_CHECKING:
    from pk_tui.tui.panes.pane import Pane


def _key(pane: str, key: str, action: str, text: str, name: str, says: str, show: bool = False) -> Binding:
    return Binding(key, action, text, show=show, id=f"{pane}.{name}", tooltip=says)


NODES_KEYS: list[BindingType] = [
    _key("nodes", "a", "add", "Add", "add", "Add a node by its id and address", True),
    _key("nodes", "p", "verb('ping')", "Ping", "ping", "Ask the node for a sign of life; if none comes, why", True),
    _key("nodes", "t", "verb('trust')", "Trust", "trust", "Compare the node's id and trust it", True),
    _key("nodes", "s", "verb('share')", "Share", "share", "Share a vault with the node", True),
    _key(
        "nodes", "S", "verb('scan')", "Scan", "scan", "See which vaults the node shares with you, and clone one", True
    ),
    _key("nodes", "slash", "filter", "Filter", "filter", "Show only nodes with these words", True),
    _key("nodes", "u", "verb('untrust')", "Untrust", "untrust", "Take trust back"),
    _key("nodes", "r,N", "verb('name')", "Name", "name", "Give the node a name of yours"),
    _key("nodes", "m", "verb('message')", "Message", "message", "Send the node a message"),
    _key("nodes", "x", "verb('disconnect')", "Disconnect", "disconnect", "End the connection, or stop trying"),
    _key("nodes", "c", "copy", "Copy id", "copy", "Copy the node's whole id"),
    _key("nodes", "o", "sort", "Sort", "sort", "Sort by state, name, round trip or last seen"),
    _key("nodes", "O", "reverse", "Reverse", "reverse", "Sort the other way round"),
    _key("nodes", "space", "pause", "Pause", "pause", "Hold the table still, or let it go on"),
    _key("nodes", "escape", "back", "Back", "back", "Close the details, or clear the filter"),
    _key("nodes", "enter", "back", "Close", "close", "Close the details (in the table: open them)"),
]

GESTALT_KEYS: list[BindingType] = [
    _key("gestalt", "t", "verb('trust')", "Trust", "trust", "Compare its id and trust it", True),
    _key("gestalt", "u", "verb('untrust')", "Untrust", "untrust", "Take trust back", True),
    _key(
        "gestalt",
        "p",
        "verb('permissions')",
        "Permissions",
        "permissions",
        "Allow or disallow what it may do here",
        True,
    ),
    _key("gestalt", "s", "verb('share')", "Share", "share", "Share a vault with it", True),
    _key("gestalt", "U", "unshare", "Unshare", "unshare", "End the share that the cursor is on", True),
    _key("gestalt", "slash", "filter", "Filter", "filter", "Show only gestalts with these words", True),
    _key(
        "gestalt",
        "A",
        "verb('confirm')",
        "Confirm",
        "confirm",
        "Compare a node that waits and give it what its gestalt has",
    ),
    _key("gestalt", "x", "verb('reject')", "Reject", "reject", "Say no to a node that waits"),
    _key("gestalt", "I", "verb('invite')", "Invite", "invite", "Let a node of yours claim this one, once"),
    _key(
        "gestalt", "C", "verb('claim')", "Claim", "claim", "Sign, both, that a node of yours and this one are one party"
    ),
    _key("gestalt", "X", "verb('unclaim')", "Unclaim", "unclaim", "Take back that a node and this one are one party"),
    _key("gestalt", "E", "verb('expel')", "Expel", "expel", "Shut out a lost node for ever, with its recovery words"),
    _key("gestalt", "H", "verb('sigchain')", "Sigchain", "sigchain", "Show the claims that a node has signed"),
    _key(
        "gestalt",
        "exclamation_mark",
        "verb('fork')",
        "Fork",
        "fork",
        "Show the two histories of a node that has forked",
    ),
    _key("gestalt", "a", "verb('permissions')", "Allow", "allow", "Allow it something"),
    _key("gestalt", "d", "verb('permissions')", "Disallow", "disallow", "Disallow it something"),
    _key("gestalt", "r,N", "verb('name')", "Name", "name", "Give it a name of yours"),
    _key("gestalt", "m", "verb('message')", "Message", "message", "Send it a message"),
    _key("gestalt", "c", "copy", "Copy id", "copy", "Copy the whole id of the node"),
    _key("gestalt", "i", "details", "Details", "details", "Go to what is said of it, to read on"),
    _key("gestalt", "escape", "back", "Back", "back", "Back to the tree, or clear the filter"),
]


def deed(verb: str, pane: Pane, node: NodeId) -> Coroutine[Any, Any, Any] | None:
    """What carries a verb out; None if there is no such verb."""
    from pk_tui.tui.deeds import linking, nodes, trusting  # when they are needed: they bring their dialogs along

    match verb:
        case "ping":
            return nodes.ping(pane, node)
        case "trust":
            return trusting.trust(pane, node)
        case "untrust":
            return trusting.untrust(pane, node)
        case "permissions":
            return trusting.permissions(pane, node)
        case "scan":
            return nodes.scan(pane, node)
        case "name":
            return nodes.name(pane, node)
        case "disconnect":
            return nodes.disconnect(pane, node)
        case "message":
            return nodes.message(pane, node)
        case "copy":
            return nodes.copy_id(pane, node)
        case "confirm":
            return linking.confirm(pane, node)
        case "reject":
            return linking.reject(pane, node)
        case "invite":
            return linking.invite(pane, node)
        case "claim":
            return linking.claim(pane, node)
        case "unclaim":
            return linking.unclaim(pane, node)
        case "expel":
            return linking.expel(pane, node)
        case "sigchain":
            return linking.sigchain(pane, node)
        case "fork":
            return linking.fork(pane, node)
        case "share":
            from pk_tui.tui.deeds import sharing

            return sharing.share(pane, None, node)
    return None


async def add(pane: Pane, stranger: NodeRow | None) -> NodeId | None:
    from pk_tui.tui.deeds import nodes

    return await nodes.add(pane, stranger)


async def unshare(pane: Pane, vault: VaultView, node: NodeId) -> None:
    from pk_tui.tui.deeds import sharing

    await sharing.unshare(pane, vault, node)
