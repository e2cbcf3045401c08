"""Verbs on nodes: add, name, ping, scan, disconnect, message, copy the id. Trust and rights are in `deeds.trusting`.

Nodes are named to the agent by their whole id, never by a name that could have come to mean another one meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from textual.content import Content

from pk_tui.api.views import OfferView, VaultView
from pk_tui.errors import AlreadyExists, Misuse, PermissionDenied, PkError
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.terms import NodeId, VaultId, petname
from pk_tui.tui.dialogs.add_node import AddNodeDialog
from pk_tui.tui.dialogs.ask_text import AskTextDialog
from pk_tui.tui.dialogs.scan import ScanDialog
from pk_tui.tui.live import Live, Noun
from pk_tui.tui.node_draft import Draft, Typed
from pk_tui.tui.node_rows import NodeRow, State, clones_from
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.remedies import reason
from pk_tui.tui.text import milliseconds, sentence, shown

MESSAGE_LONGEST = 4000
"""Bytes; the agent takes no more."""


async def add(pane: Pane, stranger: NodeRow | None = None) -> NodeId | None:
    """Ask for a node and add it; who it is, or None. `stranger`: one that connected by itself, to begin with."""
    live = pane.live

    async def carry_out(draft: Draft, ping: bool) -> None:
        await pane.api.nodes.add(draft.node_id, draft.address, ping)
        if draft.name is not None:
            await pane.api.nodes.name(str(draft.node_id), draft.name)

    begin = Typed()
    if stranger is not None and not stranger.known:  # the port it called from is not the one it listens at
        begin = Typed(str(stranger.node_id), stranger.address.host if stranger.address else "")
    own = live.status.node_id if live.status is not None else None
    dialog = AddNodeDialog(
        carry_out,
        own,
        known=lambda: {row.node_id for row in live.nodes},
        names=lambda: names_in_use(live),
        begin=begin,
    )
    added = await pane.ask(dialog)
    if added is None:
        return None
    await live.read(Noun.NODES, Noun.CONNECTIONS)
    pane.say(
        sentence("Added $name. It is not trusted by that: t compares its id and trusts it.", name=live.name_of(added))
    )
    return added


def names_in_use(live: Live, but: NodeId | None = None) -> set[str]:
    return {row.petname for row in live.nodes if row.petname is not None and row.node_id != but}


def petname_of(typed: str, taken: Collection[str]) -> str:
    """The petname that was typed. Raises Misuse if a node cannot be called that, or AlreadyExists if another one is."""
    if not typed.strip():
        raise Misuse("Give it a name.")
    name = petname(typed.strip())
    if name in taken:
        raise AlreadyExists(f"Another node is called “{safe_text(name, 80)}” already.")
    return name


async def name(pane: Pane, node: NodeId) -> None:
    live = pane.live
    known = live.node(node)
    if known is None:
        pane.say(sentence("$name is not among your nodes: a adds it, then it can be named.", name=live.name_of(node)))
        return
    old, taken = live.name_of(node), names_in_use(live, but=node)

    async def carry_out(new: str) -> None:
        await pane.api.nodes.name(str(node), new)

    new = await pane.ask(
        AskTextDialog(
            sentence("Name $name", name=old),
            Content("What you want to call it; nobody else sees this name:"),
            lambda typed: petname_of(typed, taken),
            value=known.petname or "",
            yes="Name it",
            carry_out=carry_out,
        )
    )
    if new is None:
        return
    await live.read(Noun.NODES)
    pane.say(sentence("$old is called $new now.", old=old, new=new))


async def ping(pane: Pane, node: NodeId) -> None:
    who = pane.live.name_of(node)
    try:
        async with pane.busy(sentence("Pinging $who", who=who), waits=True):
            answer = await pane.api.nodes.ping(str(node))
    except PkError as error:
        await pane.explain(error, str(node))
        return
    await pane.live.read(Noun.CONNECTIONS)
    pane.say(sentence("$who answered in $trip, $via.", who=who, trip=milliseconds(answer.rtt_ms), via=answer.via))


async def scan(pane: Pane, node: NodeId) -> None:
    """Show what it offers, and clone what is chosen."""
    live, who = pane.live, pane.live.name_of(node)
    refused: Content | None = None
    offers: list[OfferView] = []
    try:
        async with pane.busy(sentence("Asking $who what it shares", who=who), waits=True):
            offers = list(await pane.api.vaults.scan(str(node)))
    except PermissionDenied as error:
        refused = shown(reason(error), 300)
    except PkError as error:
        await pane.explain(error, str(node))
        return
    chosen = await pane.ask(ScanDialog(who, offers, clones_by_origin(node, live.vaults), refused))
    if chosen is not None:
        from pk_tui.tui.deeds.receiving import clone_offer

        await clone_offer(pane, node, chosen)


def clones_by_origin(node: NodeId, vaults: Iterable[VaultView]) -> dict[VaultId, str]:
    """Our clones of a node's vaults: the vault's id there, and its name here."""
    return {vault.origin.vault_id: vault.name for vault in clones_from(node, vaults) if vault.origin is not None}


async def disconnect(pane: Pane, node: NodeId) -> None:
    live, who = pane.live, pane.live.name_of(node)
    link = next((row for row in live.connections if row.node_id == node), None)
    if link is None:
        pane.say(sentence("There is no connection to $who, and none is being tried.", who=who))
        return
    async with pane.busy(sentence("Disconnecting from $who", who=who), waits=True):
        await pane.api.nodes.disconnect(str(node))
    await live.read(Noun.CONNECTIONS)
    done = "Disconnected from $who." if link.state == State.CONNECTED else "$who is not tried any more."
    pane.say(sentence(done + " It may call again by itself; p connects again.", who=who))


def message_of(typed: str) -> str:
    """Raises Misuse if this cannot be sent."""
    text = typed.strip()
    if not text:
        raise Misuse("Write something first.")
    size = len(text.encode("utf-8", "replace"))
    if size > MESSAGE_LONGEST:
        raise Misuse(f"A message has at most {MESSAGE_LONGEST:,} bytes; this one has {size:,}.")
    return text


async def message(pane: Pane, node: NodeId) -> None:
    who = pane.live.name_of(node)
    if pane.live.node(node) is None:
        pane.say(sentence("$who is not among your nodes: a adds it, then it can be written to.", who=who))
        return

    async def carry_out(text: str) -> None:
        await pane.api.notifications.send(str(node), text)

    sent = await pane.ask(
        AskTextDialog(
            sentence("Message to $who", who=who),
            Content("It goes to the other side's inbox, if they trust you, and else to their requests:"),
            message_of,
            yes="Send",
            carry_out=carry_out,
        )
    )
    if sent is not None:
        pane.say(
            sentence("On its way to $who. While it cannot be reached, the message waits in the outbox (4).", who=who)
        )


async def copy_id(pane: Pane, node: NodeId) -> None:
    live = pane.live
    is_own = live.status is not None and live.status.node_id == node
    who = "this node" if is_own else live.name_of(node)
    what = f"the id of {who}"
    await pane.session.clipboard.copy(Plaintext.of_text(str(node)), what, pane.session.settings.clipboard_seconds)
    pane.say(sentence("Copied $what.", what=what))
