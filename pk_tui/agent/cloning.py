"""Scan, clone, and pull into a clone: which vault is asked for, and what becomes of what came. How it comes is `receiving`'s; a
pull into a fork is `merging`'s."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pk_tui.agent.core import Core
from pk_tui.agent.directory import describe_node, find_node, find_vault, vault_named
from pk_tui.agent.receiving import Received, receive, refusal, requesting
from pk_tui.agent.rights import keep_received, lineage_of
from pk_tui.api.events import VaultChanged
from pk_tui.api.facade import OnProgress
from pk_tui.api.views import CloneView, OfferView, PullView
from pk_tui.crypto.entropy import random_bytes
from pk_tui.errors import Busy, Malformed, Misuse, NameTaken, PeerMisbehaved, PermissionDenied
from pk_tui.net.link import Link
from pk_tui.records import replace
from pk_tui.safe_text import safe_text
from pk_tui.store.vault import VaultFrames
from pk_tui.store.vaultrecord import MAX_KEPT, VaultRecord
from pk_tui.terms import Action, CommitId, NodeId, VaultId, vault_name
from pk_tui.trust.head import read_head
from pk_tui.trust.lineage import Lineage
from pk_tui.wire.messages import Offer, Offers, Scan, decode_answer, encode_message

MAX_OFFERS = 1000


async def scan(core: Core, node: str) -> tuple[NodeId, list[Offer]]:
    """What the node says it shares with us."""
    node_id = await core.desk.do(lambda: find_node(core.store, node))
    return node_id, await scan_over(core, await core.peers.link_to(node_id))


async def scan_over(core: Core, link: Link) -> list[Offer]:
    """The same over a link that is there. What it shows of our clones is kept."""
    shown = await core.desk.do(lambda: describe_node(core.store, link.peer))
    offers: list[Offer] = []
    async with requesting(link, encode_message(Scan())) as stream:
        while (raw := await stream.receive()) is not None:
            with refusal(shown, "it does not let this node scan it, or shares nothing with it"):
                page = decode_answer(raw, Offers).offers
            offers += page
            if not page:  # so that pages without end have an end
                raise PeerMisbehaved("The peer sent an empty page of offers.")
            if len(offers) > MAX_OFFERS:
                raise PeerMisbehaved(f"The peer offers more than {MAX_OFFERS} vaults.")
    await core.watching.hear(core, link.peer, [(offer.vault_id, offer.head) for offer in offers])
    return offers


def offer_views(offers: Sequence[Offer]) -> Generator[None, None, list[OfferView]]:
    """A signature is verified for each: desk work."""
    views: list[OfferView] = []
    for offer in offers:
        views.append(_offer_view(offer))
        yield
    return views


def _offer_view(offer: Offer) -> OfferView:
    try:
        versions = read_head(offer.head, Lineage(NodeId(offer.creator), offer.nonce)).sequence
    except Malformed:  # no version yet, or none that the owner has signed
        versions = 0
    actions = tuple(sorted(Action(action) for action in offer.actions))
    return OfferView(VaultId(offer.vault_id), offer.name, actions, offer.secrets, offer.size, versions)


async def clone(core: Core, vault: str, node: str, name: str | None, progress: OnProgress) -> CloneView:
    """A first copy of a vault that `node` shares with us."""
    node_id, offers = await scan(core, node)
    wanted = VaultId.parse_or_none(vault)
    found = [row for row in offers if (row.vault_id == wanted.raw if wanted else row.name == vault)]
    if not found:
        shown = await core.desk.do(lambda: describe_node(core.store, node_id))
        raise PermissionDenied(
            f"{shown} shares no vault “{safe_text(vault, 80)}” with this node (whether it exists is not said). "
            "`pk-tui vaults scan` shows what is shared."
        )
    offer = found[0]
    local_name = _local_name(offer, name)

    def require_free() -> None:
        if vault_named(core.store, local_name) is not None:
            raise NameTaken(
                f"There is already a vault “{safe_text(local_name, 80)}” on this node. Give the clone another name (--name)."
            )

    await core.desk.do(require_free)
    lineage = Lineage(NodeId(offer.creator), offer.nonce)
    frames = await core.desk.do(core.store.vaults.begin)
    is_whole = False

    def undo() -> None:
        if not is_whole:  # called off at the very end, it may be there
            frames.abandon()

    try:
        received = await receive(core, node_id, VaultId(offer.vault_id), "clone", frames, lineage, None, progress)
        now = core.clock.now()
        record = VaultRecord(
            vault_id=random_bytes(16),
            name=local_name,
            creator=offer.creator,
            nonce=offer.nonce,
            origin_node=node_id.raw,
            origin_vault=offer.vault_id,
            read_only=True,
            head=received.raw_head,
            commit=received.head.commit.raw,
            digest=received.head.digest,
            sequence=received.head.sequence,
            created=now,
            updated=now,
        )

        def commit() -> Generator[None, None, None]:
            nonlocal is_whole
            yield from received.batch.getting_ready()
            require_free()
            with core.store.transaction():
                frames.commit(received.batch, record)
                keep_received(core.store, node_id, offer.vault_id, offer.name, lineage, offer.grant)
            is_whole = True
            core.watching.took(record)

        await core.desk.steps(commit())
    except BaseException:
        await core.desk.do(undo)
        raise
    vault_id = VaultId(record.vault_id)
    core.bus.say(VaultChanged(vault_id))
    core.peers.want(node_id)
    return CloneView(vault_id, local_name, received.objects, received.bytes)


def _local_name(offer: Offer, name: str | None) -> str:
    if name is not None:
        return vault_name(name)
    try:
        return vault_name(offer.name)
    except Misuse as error:
        raise Misuse(
            f"The vault's name there, “{safe_text(offer.name, 80)}”, cannot be used here. Give it another (--name)."
        ) from error


def origin_of(core: Core, record: VaultRecord, node: str | None, from_vault: VaultId | None) -> tuple[NodeId, VaultId]:
    """Which vault of which node is pulled from: where it came from, unless another is named. Desk work."""
    is_own = record.creator == core.node_id.raw and record.upstream is None
    if is_own or (node is None and record.origin_node is None):
        raise Misuse(
            f"“{safe_text(record.name, 80)}” is a vault of this node itself, so there is nothing to pull: it has no origin."
        )
    origin = NodeId(record.origin_node) if node is None and record.origin_node else None
    source = origin or find_node(core.store, node or "")
    there = from_vault or (
        VaultId(record.origin_vault) if record.origin_vault and source.raw == record.origin_node else None
    )
    if there is None:
        raise Misuse(
            "Say which vault of that node to pull from: `--from VAULT_ID` (`pk-tui vaults scan NODE` shows the ids)."
        )
    return source, there


async def pull(
    core: Core,
    vault: str,
    node: str | None,
    from_vault: VaultId | None,
    progress: OnProgress,
    accept_rewritten: bool = False,
) -> PullView:
    """Bring a clone up to date with its origin, or with `node`'s copy of the same lineage, which becomes the origin.

    A history that was written anew is refused as Rewritten, unless that is accepted: then the version before stays readable."""

    def begin() -> tuple[VaultFrames, NodeId, VaultId]:
        frames = find_vault(core.store, vault)
        return frames, *origin_of(core, frames.record, node, from_vault)

    frames, source, there = await core.desk.do(begin)
    record = frames.record
    lineage = lineage_of(record)
    known = read_head(record.head, lineage)
    received = await receive(core, source, there, "pull", frames, lineage, known, progress, accept_rewritten)

    def commit() -> Generator[None, None, tuple[CommitId, bool]]:
        yield from received.batch.getting_ready()
        now_record = frames.record
        if now_record.commit != known.commit.raw:
            if now_record.commit == received.head.commit.raw:  # another pull was faster, and brought the same
                return received.head.commit, False
            raise Busy("The vault changed here while it was being pulled. Nothing was lost; pull again.")
        moved = replace(now_record, origin_node=source.raw, origin_vault=there.raw)
        if received.head.commit != known.commit or received.head.sequence != known.sequence:
            moved = replace(
                moved,
                head=received.raw_head,
                commit=received.head.commit.raw,
                digest=received.head.digest,
                sequence=received.head.sequence,
                updated=core.clock.now(),
                kept=_kept(now_record, received),
            )
        behind = core.watching.behind(now_record)
        if moved != now_record:
            frames.commit(received.batch, moved)
        core.watching.took(moved)
        return received.head.commit, core.watching.behind(moved) != behind

    try:
        new, is_nearer = await core.desk.steps(commit())
    finally:
        await core.desk.do(received.batch.discard)
    if new != known.commit or is_nearer:
        core.bus.say(VaultChanged(VaultId(record.vault_id)))
    core.peers.want(source)
    return PullView(VaultId(record.vault_id), known.commit, new, received.objects, received.bytes)


def _kept(record: VaultRecord, received: Received) -> tuple[bytes, ...]:
    """The versions that stay readable beside the head; of very many the oldest goes."""
    if not received.rewritten:
        return record.kept
    kept = dict.fromkeys((*record.kept, record.commit))
    kept.pop(received.head.commit.raw, None)
    return tuple(kept)[-MAX_KEPT:]
