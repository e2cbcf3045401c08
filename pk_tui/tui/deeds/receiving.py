"""Taking what others share: cloning an offer, and pulling what changed since. Both run on as transfers across panes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from textual.content import Content

from pk_tui.api.facade import AgentApi
from pk_tui.api.views import CommitView, NotificationView, OfferView, Progress, PullView, VaultView
from pk_tui.errors import PermissionDenied, PkError, ReadOnly, Rewritten, UnknownNode, Unreachable
from pk_tui.safe_text import safe_text
from pk_tui.terms import Change, CommitId, NodeId, SecretPath, VaultId
from pk_tui.tui.deeds.merging import merged_words, not_taken, rewritten_question, taken_words
from pk_tui.tui.dialogs.clone import CloneAnswer, CloneDialog, NotOffered
from pk_tui.tui.live import Noun
from pk_tui.tui.notes import share_in
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import counted, sentence, shown
from pk_tui.tui.transfers import Transfer, Work

ANSWER_WITHIN = 20.0
"""Seconds for a node to say what it shares: a person waits for this."""
LOOKS = (20, 200, 2000)
"""Versions looked at, one after the other, until the one before a pull is among them: most pulls bring few."""

Step = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Changes:
    """How many secrets differ between two versions, and how many versions lie between; None if they are too far apart."""

    added: int
    changed: int
    removed: int
    versions: int


def changes_since(commits: Sequence[CommitView], old: CommitId | None) -> Changes | None:
    """What the newest of `commits` (newest first) has changed since `old`, taken together: what came and went is nothing."""
    newer: list[CommitView] = []
    for commit in commits:
        if commit.commit == old:
            break
        newer.append(commit)
    else:
        if old is not None:
            return None
    net: dict[SecretPath, Change] = {}
    for commit in reversed(newer):
        for one in commit.changes:
            both = _together(net.pop(one.path, None), one.change)
            if both is not None:
                net[one.path] = both
    counts = list(net.values())
    return Changes(counts.count(Change.ADDED), counts.count(Change.MODIFIED), counts.count(Change.DELETED), len(newer))


def _together(first: Change | None, then: Change) -> Change | None:
    match first, then:
        case Change.ADDED, Change.DELETED:
            return None
        case Change.ADDED, _:
            return Change.ADDED
        case Change.DELETED, Change.ADDED:
            return Change.MODIFIED
        case _:
            return then


def change_words(changes: Changes) -> str:
    """`2 added, 1 changed, in 3 versions`."""
    parts = [
        f"{number:,} {word}"
        for number, word in ((changes.added, "added"), (changes.changed, "changed"), (changes.removed, "removed"))
        if number
    ]
    return ", ".join(parts or ["no secret differs"]) + f", in {counted(changes.versions, 'version')}"


def worth_checks(error: PkError) -> bool:
    """True for what the checks between two nodes can explain; anything else its own sentence explains best."""
    return isinstance(error, Unreachable | UnknownNode | PermissionDenied) and not isinstance(error, ReadOnly)


async def clone_offer(pane: Pane, node: NodeId, offer: OfferView) -> VaultId | None:
    """Clone what a scan has shown; the vault here, or None if nothing came of it."""
    return await _clone(pane, node, offer.vault_id, offer.name)


async def clone_share(pane: Pane, note: NotificationView) -> VaultId | None:
    """Clone what a notification offers; the vault here, or None if nothing came of it."""
    share = share_in(note)
    if share is None:
        pane.say("This notification offers no vault, so there is nothing to clone.")
        return None
    return await _clone(pane, note.sender, share.vault_id, share.name)


async def _clone(pane: Pane, node: NodeId, vault: VaultId, offered: str) -> VaultId | None:
    live, who = pane.live, pane.live.name_of(node)

    def taken() -> Collection[str]:
        return {row.name for row in live.vaults}

    async def look() -> OfferView:
        return await _offered(pane.api, node, vault, who, offered)

    known = live.node(node)
    answer = await pane.ask(
        CloneDialog(offered, who, known is not None and known.trusted, taken, look, pane.session.glyphs)
    )
    match answer:
        case NotOffered(error):
            await _explain(pane, error, node, None)
            return None
        case CloneAnswer(offer, name):
            cloned: list[VaultId] = []

            async def work(step: Step) -> Content:
                view = await pane.api.vaults.clone(str(offer.vault_id), str(node), name, step)
                cloned.append(view.vault_id)
                return sentence(
                    "Cloned $name from $who. It is a copy to read, among your vaults (1).", name=view.name, who=who
                )

            title = sentence("Cloning $name from $who", name=shown(name, 60), who=who)
            transfer = await _see(pane, title, work)
            if transfer is None:
                return None
            if transfer.error is not None and worth_checks(transfer.error):
                await _explain(pane, transfer.error, node, None)
            if cloned:
                await live.read(Noun.VAULTS)  # so that whoever goes there finds it
            return cloned[0] if cloned else None
        case _:
            return None


async def _offered(api: AgentApi, node: NodeId, vault: VaultId, who: str, name: str) -> OfferView:
    """What the node says of this vault now. Raises PermissionDenied if it does not offer it (any more)."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            offers = await api.vaults.scan(str(node))
    except TimeoutError:
        raise Unreachable(f"{who} did not answer within {ANSWER_WITHIN:g} seconds.") from None
    for offer in offers:
        if offer.vault_id == vault:
            return offer
    raise PermissionDenied(
        f"{who} does not share “{safe_text(name, 80)}” with this node any more. Ask its owner to share it again."
    )


async def pull(pane: Pane, vault: VaultView, accept_rewritten: bool = False) -> None:
    """Bring a clone up to date, or merge into a fork, and say what that changed; on failure, why. A history that was rewritten
    on the other side is taken only after a yes."""
    if vault.origin is None:
        pane.say(sentence("$vault is a vault of this node itself: there is nowhere to pull it from.", vault=vault.name))
        return
    node = vault.origin.node_id
    who = pane.live.name_of(node)
    rewritten = False

    async def work(step: Step) -> Content:
        nonlocal rewritten
        try:
            came = await pane.api.vaults.pull(str(vault.vault_id), progress=step, accept_rewritten=accept_rewritten)
        except Rewritten as error:
            rewritten = True
            raise not_taken(vault, who) from error
        if came.old_head == came.new_head:
            return sentence("Nothing new in $vault.", vault=vault.name)
        if came.merged:
            says = await merged_words(pane.api, came, who)
        else:
            says = sentence("Pulled $vault: $what.", vault=vault.name, what=await _what_came(pane.api, came))
        return taken_words(vault, came.old_head, says) if accept_rewritten else says

    title = sentence("Pulling $vault from $who", vault=shown(vault.name, 60), who=who)
    transfer = await _see(pane, title, work)
    if transfer is None or transfer.error is None:
        return
    if rewritten and not accept_rewritten:
        now = await pane.api.vaults.get(str(vault.vault_id))
        if await pane.ask(rewritten_question(now, who)):
            await pull(pane, now, accept_rewritten=True)
    elif worth_checks(transfer.error):
        await _explain(pane, transfer.error, node, vault.vault_id)


async def _what_came(api: AgentApi, came: PullView) -> str:
    for limit in LOOKS:
        try:
            commits = await api.vaults.log(str(came.vault_id), limit=limit)
        except PkError:  # it was pulled all the same
            break
        changes = changes_since(commits, came.old_head)
        if changes is not None:
            return change_words(changes)
        if len(commits) < limit:
            break
    return "a newer version is here"


async def _see(pane: Pane, title: Content, work: Work) -> Transfer | None:
    """Start it as a transfer, unless the same is running already, and wait for its end."""
    transfers = pane.session.transfers
    if any(one.title == title for one in transfers.running):
        pane.say(sentence("$title already; esc calls it off.", title=title))
        return None
    return await pane.see_through(transfers.start(title, work))


async def _explain(pane: Pane, error: PkError, node: NodeId, vault: VaultId | None) -> None:
    await pane.explain(error, str(node), str(vault) if vault is not None else None)
