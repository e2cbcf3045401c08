"""Sharing a vault of ours, and ending that. Taking what others share is in `receiving`; both are called from here."""

from __future__ import annotations

from pk_tui.api.views import VaultView
from pk_tui.clock import rfc3339
from pk_tui.errors import PermissionDenied, UnknownNode, Unreachable
from pk_tui.terms import NodeId
from pk_tui.tui.deeds.receiving import clone_offer, clone_share, pull
from pk_tui.tui.dialogs.pick import PickDialog
from pk_tui.tui.dialogs.share import ShareDialog, own_vaults
from pk_tui.tui.dialogs.unshare import ExposedDialog, unshare_question
from pk_tui.tui.link_words import names_of, reached
from pk_tui.tui.node_rows import gestalt_of
from pk_tui.tui.notes import connected_nodes
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import counted, sentence, shown
from pk_tui.tui.widgets.chooser import Choice

__all__ = ["clone_offer", "clone_share", "pull", "share", "unshare"]


async def share(pane: Pane, vault: VaultView | None, node: NodeId | None = None) -> None:
    """Ask for what is not given, share, and say what follows; on failure, why."""
    live = pane.live
    if vault is not None and vault.read_only and vault.origin is not None:
        owner = live.name_of(vault.origin.node_id)
        pane.say(sentence("$vault is a clone: only its owner $owner can share it.", vault=vault.name, owner=owner))
        return
    if node is None and not live.nodes:
        pane.say("There is nobody to share with yet: no other node is known. 2 shows the nodes, a adds one.")
        return
    if vault is None and not own_vaults(live.vaults):
        pane.say("There is no vault of your own to share yet. 1 shows the vaults, N makes one.")
        return
    if vault is None and node is None:
        pane.say("Choose the vault to share, or the node to share with, first.")
        return
    known = None if node is None else live.node(node)
    if node is not None and (known is None or not known.trusted):
        refusal = sentence("$who is not trusted, so nothing can be shared with it.", who=live.name_of(node))
        await pane.explain(PermissionDenied(refusal.plain), str(node), str(vault.vault_id) if vault else None)
        return
    answer = await pane.ask(
        ShareDialog(live, vault.vault_id if vault else None, node, pane.session.glyphs, pane.session.clock.now)
    )
    if answer is None:
        return
    who = live.name_of(answer.node_id)
    name = next((row.name for row in live.vaults if row.vault_id == answer.vault_id), "the vault")
    try:
        async with pane.busy(sentence("Sharing $vault with $who", vault=name, who=who), waits=True):
            given = await pane.api.vaults.share(str(answer.vault_id), str(answer.node_id), answer.not_after)
    except (UnknownNode, PermissionDenied, Unreachable) as error:
        await pane.explain(error, str(answer.node_id), str(answer.vault_id))
        return
    until = "until you end it" if given.not_after is None else f"until {rfc3339(given.not_after)[:10]}"
    if answer.node_id in connected_nodes(live):
        follows = sentence("$who is being told.", who=who)
    else:
        follows = sentence("$who is not connected now and is told as soon as it is.", who=who)
    own = live.status.node_id if live.status is not None else None
    whom = reached([one for one in given.nodes if one != own], live.person(answer.node_id), live.name_of)
    pane.say(sentence("Shared $vault with $whom $until. $follows", vault=name, whom=whom, until=until, follows=follows))


async def unshare(pane: Pane, vault: VaultView, node: NodeId | None = None) -> None:
    """Ask with whom to end it and whether, end it, and show what the other side has seen."""
    live = pane.live
    if vault.read_only:
        pane.say(sentence("$vault is a clone: it is not shared from here.", vault=vault.name))
        return
    held = await _held(pane, vault)
    if not held:
        pane.say(sentence("$vault is shared with nobody.", vault=vault.name))
        return
    nodes = await _whose(pane, vault, held, node)
    if nodes is None:
        return
    node = next((one for one in nodes if live.node(one) is not None), nodes[0])
    who = live.person(node)
    if not await pane.ask(unshare_question(vault, who, reached(nodes, who, live.name_of), len(nodes))):
        return
    async with pane.busy(sentence("Ending the share of $vault with $who", vault=vault.name, who=who)):
        exposed = await pane.api.vaults.unshare(str(vault.vault_id), str(node))
    if exposed:
        pane.say(
            sentence(
                "$vault is not shared with $who any more, which has seen $secrets.",
                vault=vault.name,
                who=who,
                secrets=counted(len(exposed), "secret"),
            )
        )
        await pane.ask(ExposedDialog(vault, who, exposed))
    else:
        pane.say(
            sentence(
                "$vault is not shared with $who any more. It has seen nothing that is in it now.",
                vault=vault.name,
                who=who,
            )
        )


async def _held(pane: Pane, vault: VaultView) -> list[list[NodeId]]:
    """Of each party that may have the vault, the nodes that do."""
    own = pane.live.status.node_id if pane.live.status is not None else None
    held: dict[str, list[NodeId]] = {}
    for row in await pane.api.vaults.permissions(str(vault.vault_id)):
        if row.node_id != own:
            held.setdefault(row.gestalt, []).append(row.node_id)
    return list(held.values())


async def _whose(pane: Pane, vault: VaultView, held: list[list[NodeId]], node: NodeId | None) -> list[NodeId] | None:
    """The nodes of the party whose share is to end: that of `node`, the only one, or the one that is picked."""
    live = pane.live
    if node is not None:
        party = gestalt_of(node, live.gestalts)
        members = {node} if party is None else set(party.nodes)
        found = next((nodes for nodes in held if not members.isdisjoint(nodes)), None)
        if found is None:
            pane.say(sentence("$vault is not shared with $who.", vault=vault.name, who=live.name_of(node)))
        return found
    if len(held) == 1:
        return held[0]
    choices = [
        Choice(str(nodes[0]), name, f"{nodes[0].short}…" if len(nodes) == 1 else names_of(nodes, live.name_of).plain)
        for name, nodes in sorted((live.person(nodes[0]), nodes) for nodes in held)
    ]
    picked = await pane.ask(
        PickDialog(
            sentence("Unshare $vault", vault=shown(vault.name, 50)),
            sentence(
                "$vault is shared with $many. Whose share ends?",
                vault=vault.name,
                many=counted(sum(map(len, held)), "node"),
            ),
            choices,
            pane.session.glyphs,
        )
    )
    return next((nodes for nodes in held if str(nodes[0]) == picked), None)
