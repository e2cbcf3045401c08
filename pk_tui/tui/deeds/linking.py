"""Verbs on which nodes belong together: confirm or reject one that waits, invite, claim, unclaim, expel, look at chains.

Every one that changes something is asked first, and carried out while its dialog stays, so that a refusal is read where the yes
was given. Nodes are named to the agent by their whole id.
"""

from __future__ import annotations

from collections.abc import Iterable

from pk_tui.api.trust import PendingView
from pk_tui.plaintext import Plaintext
from pk_tui.terms import NodeId
from pk_tui.tui.dialogs.expel import ExpelDialog
from pk_tui.tui.dialogs.linking import (
    claim_question,
    confirm_question,
    invite_question,
    reject_question,
    unclaim_question,
)
from pk_tui.tui.dialogs.node_fork import NodeForkDialog
from pk_tui.tui.dialogs.sigchain import SigchainDialog
from pk_tui.tui.gestalt_rows import own_gestalt
from pk_tui.tui.live import Live, Noun
from pk_tui.tui.node_rows import gestalt_of
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import sentence

# A node that waits


async def confirm(pane: Pane, node: NodeId) -> None:
    """Give it what its gestalt was given, to one that was rejected too: a no may be taken back."""
    live, name = pane.live, pane.live.name_of(node)
    view = _view(live.pending, node) or _view(live.rejected, node)
    if view is None:
        pane.say(sentence("Nothing waits to be confirmed for $who.", who=name))
        return

    async def carry_out() -> None:
        await pane.api.linking.confirm(str(node))

    who, is_linked = _person(live, node)
    if not await pane.ask(confirm_question(view, name, who, carry_out, is_linked=is_linked)):
        return
    await live.read(Noun.NODES, Noun.VAULTS)
    pane.say(sentence("Confirmed: $name has what $who was given. U on a vault ends that share.", name=name, who=who))


async def reject(pane: Pane, node: NodeId) -> None:
    live, name = pane.live, pane.live.name_of(node)
    view = _view(live.pending, node)
    if view is None:
        said = (
            "$who was rejected already; A asks once more." if _view(live.rejected, node) else "$who waits for nothing."
        )
        pane.say(sentence(said, who=name))
        return

    async def carry_out() -> None:
        await pane.api.linking.reject(str(node))

    who, _ = _person(live, node)
    if not await pane.ask(reject_question(view, name, who, carry_out)):
        return
    await live.read(Noun.NODES)
    pane.say(
        sentence("Rejected: $name gets nothing of what $who was given. A on it asks once more.", name=name, who=who)
    )


def _view(views: Iterable[PendingView], node: NodeId) -> PendingView | None:
    return next((one for one in views if one.node_id == node), None)


def _person(live: Live, node: NodeId) -> tuple[str, bool]:
    """To whom a node belongs, as one calls them, and whether that is by a link; else it follows one that is out."""
    gestalt = gestalt_of(node, live.gestalts)
    if gestalt is None:
        return live.name_of(node), False
    return live.person_of(gestalt), any(node in (link.one, link.other) for link in gestalt.links)


# Nodes of one's own


async def invite(pane: Pane, node: NodeId) -> None:
    live, name = pane.live, pane.live.name_of(node)
    if _is_known(pane, node) and not _is_ours(pane, node):

        async def carry_out() -> None:
            await pane.api.linking.invite(str(node))

        if await pane.ask(invite_question(node, name, carry_out)):
            await live.read(Noun.NODES)
            pane.say(
                sentence("$name may claim this node now, once: there, 3, then C on this one. It is told.", name=name)
            )


async def claim(pane: Pane, node: NodeId) -> bool:
    """True if it belongs to this node afterwards."""
    live, name = pane.live, pane.live.name_of(node)
    if not _is_known(pane, node) or _is_ours(pane, node):
        return False

    async def carry_out() -> None:
        await pane.api.linking.claim(str(node))

    if not await pane.ask(claim_question(node, name, carry_out)):
        return False
    await live.read(Noun.NODES)
    pane.say(
        sentence("$name and this node are one party now. Who trusts one of them is asked about the other. X takes it back.",
                 name=name)
    )  # fmt: skip
    return True


async def unclaim(pane: Pane, node: NodeId) -> None:
    live, name = pane.live, pane.live.name_of(node)
    mine = None if live.status is None else own_gestalt(live.status.node_id, live.gestalts)
    if mine is None or node not in mine.nodes:
        pane.say(sentence("$who is not linked with this node, so there is nothing to take back.", who=name))
        return

    async def carry_out() -> None:
        await pane.api.linking.unclaim(str(node))

    if await pane.ask(unclaim_question(name, carry_out)):
        await live.read(Noun.NODES)
        pane.say(
            sentence("$name and this node are one party no longer. I and C, one on each, join them again.", name=name)
        )


async def expel(pane: Pane, node: NodeId) -> None:
    live, name = pane.live, pane.live.name_of(node)
    gestalt = gestalt_of(node, live.gestalts)
    if gestalt is not None and gestalt.expelled:
        pane.say(sentence("$who is expelled already.", who=name))
        return

    async def carry_out(words: Plaintext) -> None:
        await pane.api.linking.expel(str(node), words)

    if await pane.ask(ExpelDialog(node, name, carry_out)):
        await live.read(Noun.NODES, Noun.VAULTS)
        pane.say(
            sentence(
                "$name is expelled, and everybody who knows this node learns it. Renew what it has read.", name=name
            )
        )


def _is_known(pane: Pane, node: NodeId) -> bool:
    if pane.live.node(node) is None:
        name = pane.live.name_of(node)
        pane.say(sentence("$who is not among your nodes: 2, then a, adds it with its address.", who=name))
        return False
    return True


def _is_ours(pane: Pane, node: NodeId) -> bool:
    live = pane.live
    mine = None if live.status is None else own_gestalt(live.status.node_id, live.gestalts)
    if mine is None or node not in mine.nodes:
        return False
    pane.say(sentence("$who and this node are one party already. X takes that back.", who=live.name_of(node)))
    return True


# Chains


async def sigchain(pane: Pane, node: NodeId) -> None:
    await pane.ask(SigchainDialog(pane.session, node))


async def fork(pane: Pane, node: NodeId) -> None:
    """The evidence that a node has shown two histories, and from there its chain."""
    live = pane.live
    found = next((one for one in live.forks if one.node_id == node), None)
    if found is None:
        pane.say(sentence("$who has shown one history only, as far as is known here.", who=live.name_of(node)))
        return
    is_own = live.status is not None and live.status.node_id == node
    if await pane.ask(NodeForkDialog(found, live.name_of, is_own=is_own)):
        await sigchain(pane, node)
