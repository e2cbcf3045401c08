"""Verbs on whom we trust: trust, untrust, and what a gestalt may do here.

Every way to trust leads through the one dialog that shows the id; every way out through the one that names the shares that stay.
"""

from __future__ import annotations

from textual.content import Content

from pk_tui.terms import Action, NodeId
from pk_tui.tui.dialogs.permissions import PermissionsDialog
from pk_tui.tui.dialogs.trust import TrustDialog, UntrustDialog
from pk_tui.tui.gestalt_rows import Marks, share_reaches
from pk_tui.tui.gestalt_words import changes
from pk_tui.tui.link_words import names_of
from pk_tui.tui.live import Noun
from pk_tui.tui.node_rows import gestalt_of
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import sentence


def is_trusted(pane: Pane, node: NodeId) -> bool:
    known = pane.live.node(node)
    return known is not None and known.trusted


async def trust(pane: Pane, node: NodeId) -> bool:
    """True if it is trusted afterwards."""
    live, who = pane.live, pane.live.name_of(node)
    if is_trusted(pane, node):
        pane.say(sentence("$who is trusted already. u takes the trust back.", who=who))
        return True
    own = live.status.node_id if live.status is not None else None
    reached = share_reaches(node, own, live.gestalts, Marks.of(live.pending, live.rejected, live.forks))
    linked = [one for one in reached if one != node]
    others = names_of(linked, live.name_of) if linked else None
    if not await pane.ask(TrustDialog(node, who, known=live.node(node) is not None, others=others)):
        return False
    async with pane.busy(sentence("Trusting $who", who=who)):
        await pane.api.gestalts.trust(str(node))
        await live.read(Noun.NODES, Noun.CONNECTIONS)
    pane.say(
        sentence("$who is trusted: it may send you notices, and s shares a vault with it.", who=live.name_of(node))
    )
    return True


async def untrust(pane: Pane, node: NodeId) -> bool:
    """True if it is not trusted afterwards."""
    live, who = pane.live, pane.live.name_of(node)
    if not is_trusted(pane, node):
        pane.say(sentence("$who is not trusted, so there is nothing to take back.", who=who))
        return True
    gestalt = gestalt_of(node, live.gestalts)
    shared = [one.name for one in gestalt.shared] if gestalt is not None else []
    if not await pane.ask(UntrustDialog(who, shared)):
        return False
    async with pane.busy(sentence("Taking trust back from $who", who=who)):
        await pane.api.gestalts.untrust(str(node))
        await live.read(Noun.NODES)
    follows = "What is shared with it stays shared until you unshare it." if shared else "Nothing is shared with it."
    pane.say(sentence("$who is not trusted any more. $follows", who=who, follows=follows))
    return True


async def permissions(pane: Pane, node: NodeId) -> None:
    """Ask what it may do, and see to it. Trust is given and taken with the questions that belong to it."""
    live, who = pane.live, pane.live.name_of(node)
    gestalt = gestalt_of(node, live.gestalts)
    if gestalt is None:
        pane.say(sentence("$who is not among your nodes: a adds it in the nodes pane (2), t trusts it.", who=who))
        return
    wanted = await pane.ask(PermissionsDialog(who, gestalt.actions, len(gestalt.shared)))
    if wanted is None:
        return
    done: list[Content] = []
    for action, allowed in changes(gestalt.actions, wanted):
        if action is Action.NOTIFY:
            await (trust if allowed else untrust)(pane, node)
            continue
        change = pane.api.gestalts.allow if allowed else pane.api.gestalts.disallow
        await change(str(node), action)
        done.append(Content(f"{action.value} {'allowed' if allowed else 'disallowed'}"))
    await live.read(Noun.NODES)
    if done:
        pane.say(Content.assemble(sentence("$who: ", who=who), Content(", ").join(done), "."))
