"""Scan, clone and pull: the receiver's side. Nothing received is visible before its signed head and every object verified."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Literal

from pk_tui.agent.commits import FLUSH_AT
from pk_tui.agent.core import Core
from pk_tui.agent.directory import describe_node, find_node, find_vault, vault_named
from pk_tui.agent.overlap import both
from pk_tui.agent.rights import keep_received, lineage_of
from pk_tui.api.events import VaultChanged
from pk_tui.api.facade import OnProgress
from pk_tui.api.views import CloneView, OfferView, Progress, PullView
from pk_tui.crypto.entropy import random_bytes
from pk_tui.errors import Busy, Conflict, Malformed, Misuse, NameTaken, PeerMisbehaved, PermissionDenied
from pk_tui.net.link import Link, Stream
from pk_tui.records import replace
from pk_tui.safe_text import safe_text
from pk_tui.store.frames import Batch
from pk_tui.store.vaults import VaultFrames, VaultRecord
from pk_tui.terms import Action, CommitId, NodeId, VaultId, vault_name
from pk_tui.trust.head import Head, Verdict, compare, read_head
from pk_tui.trust.lineage import Lineage
from pk_tui.vault import transfer
from pk_tui.wire.messages import (
    Offer,
    Offers,
    Scan,
    Transfer,
    TransferBegin,
    TransferEnd,
    decode_answer,
    encode_message,
    piece_of,
)

MAX_OFFERS = 1000
FEED_AT = 256 * 1024
"""Bytes of received pieces handed to the desk at once."""


async def scan(core: Core, node: str) -> tuple[NodeId, list[Offer]]:
    """What the node says it shares with us."""
    node_id = await core.desk.do(lambda: find_node(core.store, node))
    return node_id, await scan_over(core, await core.peers.link_to(node_id))


async def scan_over(core: Core, link: Link) -> list[Offer]:
    """The same over a link that is there. What it shows of our clones is kept."""
    shown = await core.desk.do(lambda: describe_node(core.store, link.peer))
    offers: list[Offer] = []
    async with _request(link, encode_message(Scan())) as stream:
        while (raw := await stream.receive()) is not None:
            with _refusal(shown, "it does not let this node scan it, or shares nothing with it"):
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
                f"There is already a vault “{safe_text(local_name, 80)}” on this node. Give the clone another name with --name."
            )

    await core.desk.do(require_free)
    lineage = Lineage(NodeId(offer.creator), offer.nonce)
    frames = await core.desk.do(core.store.vaults.begin)
    is_whole = False

    def undo() -> None:
        if not is_whole:  # called off at the very end, it may be there
            frames.abandon()

    try:
        received = await _receive(core, node_id, VaultId(offer.vault_id), "clone", frames, lineage, None, progress)
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

        def commit() -> None:
            nonlocal is_whole
            require_free()
            with core.store.transaction():
                frames.commit(received.batch, record)
                keep_received(core.store, node_id, offer.vault_id, offer.name, lineage, offer.grant)
            is_whole = True
            core.watching.took(record)

        await core.desk.do(commit)
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
            f"The vault's name there, “{safe_text(offer.name, 80)}”, cannot be used here. Give it another with --name."
        ) from error


async def pull(core: Core, vault: str, node: str | None, from_vault: VaultId | None, progress: OnProgress) -> PullView:
    """Bring a clone up to date with its origin, or with `node`'s copy of the same lineage, which becomes the origin."""

    def begin() -> tuple[VaultFrames, NodeId, VaultId]:
        frames = find_vault(core.store, vault)
        record = frames.record
        if record.creator == core.node_id.raw:
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
        return frames, source, there

    frames, source, there = await core.desk.do(begin)
    record = frames.record
    lineage = lineage_of(record)
    known = read_head(record.head, lineage)
    received = await _receive(core, source, there, "pull", frames, lineage, known, progress)

    def commit() -> tuple[CommitId, bool]:
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
            )
        behind = core.watching.behind(now_record)
        if moved != now_record:
            frames.commit(received.batch, moved)
        core.watching.took(moved)
        return received.head.commit, core.watching.behind(moved) != behind

    try:
        new, is_nearer = await core.desk.do(commit)
    finally:
        await core.desk.do(received.batch.discard)
    if new != known.commit or is_nearer:
        core.bus.say(VaultChanged(VaultId(record.vault_id)))
    core.peers.want(source)
    return PullView(VaultId(record.vault_id), known.commit, new, received.objects, received.bytes)


class _Received:
    """A verified transfer, staged in a batch that nobody sees yet."""

    def __init__(self, batch: Batch, head: Head, raw_head: bytes, objects: int, size: int) -> None:
        self.batch = batch
        self.head = head
        self.raw_head = raw_head
        self.objects = objects
        self.bytes = size


async def _receive(
    core: Core,
    node: NodeId,
    vault_id: VaultId,
    action: Literal["clone", "pull"],
    frames: VaultFrames,
    lineage: Lineage,
    known: Head | None,
    progress: OnProgress,
) -> _Received:
    """Ask for a transfer and take it in. The head is verified before the first object, the whole before it returns."""
    # Only what follows our own version is taken, so that is all there is to tell.
    have = () if known is None else (known.commit.raw,)
    shown = await core.desk.do(lambda: describe_node(core.store, node))
    floor = await core.desk.do(lambda: core.store.head_floor(lineage.id))
    batch = await core.desk.do(frames.batch)
    try:
        request = encode_message(Transfer(vault_id.raw, action, have))
        async with _request(await core.peers.link_to(node), request) as stream:
            raw = await stream.receive()
            if raw is None:
                raise PeerMisbehaved("The peer closed the transfer before it began.")
            with _refusal(shown, "the vault is not shared with this node, or not there"):
                beginning = decode_answer(raw, TransferBegin)
            head = _believable_head(beginning, lineage, known, floor)
            limits = transfer.Limits(objects=min(beginning.objects, transfer.DEFAULT_LIMITS.objects))
            incoming = transfer.Incoming(batch, None if known is None else known.commit.raw, limits)
            with _refusal(shown, "the vault is no longer shared with this node, so the transfer was ended"):
                size = await _take_in(core, stream, incoming, batch, beginning, progress)
        if known is None or head.commit != known.commit:
            await core.desk.do(lambda: incoming.finish(head.commit.raw, head.digest))
        elif incoming.objects:
            raise PeerMisbehaved("The peer sent objects although nothing is new.")
    except Malformed as error:  # what the checkers find wrong with a peer's bytes is the peer's fault
        await core.desk.do(batch.discard)
        raise PeerMisbehaved(error.message) from error
    except BaseException:
        await core.desk.do(batch.discard)
        raise
    return _Received(batch, head, beginning.head, incoming.objects, size)


@dataclass(slots=True)
class _Some:
    """Pieces that came together, and the message that ended the transfer, if one did."""

    pieces: list[bytes]
    end: bytes | None = None


async def _receive_some(stream: Stream) -> _Some:
    """The next FEED_AT bytes of pieces, or what there is before the transfer's end."""
    some, held = _Some([]), 0
    while held < FEED_AT:
        raw = await stream.receive()
        if raw is None:
            raise PeerMisbehaved("The peer ended the transfer in the middle. Nothing was changed; try again.")
        piece = piece_of(raw)
        if piece is None:
            some.end = raw
            break
        some.pieces.append(piece)
        held += len(piece)
    return some


async def _take_in(
    core: Core,
    stream: Stream,
    incoming: transfer.Incoming,
    batch: Batch,
    beginning: TransferBegin,
    progress: OnProgress,
) -> int:
    """Feed pieces to the checker until the peer says it is done; how many bytes came. While some are checked the next come."""

    def check(pieces: list[bytes]) -> Generator[None, None, None]:
        for piece in pieces:
            yield from incoming.steps(piece)
        if batch.pending_bytes >= FLUSH_AT:
            batch.flush()

    some = await _receive_some(stream)
    while some.end is None:
        _, some = await both(core.desk.steps(check(some.pieces)), _receive_some(stream))
        if progress:
            progress(Progress("Receiving", incoming.objects, beginning.objects, incoming.size, beginning.size))
    await core.desk.steps(check(some.pieces))
    if decode_answer(some.end, TransferEnd).size != incoming.size:
        raise PeerMisbehaved("The peer's transfer is shorter or longer than it says.")
    return incoming.size


def _believable_head(beginning: TransferBegin, lineage: Lineage, known: Head | None, floor: int) -> Head:
    """The head the peer serves, if its lineage's writer signed it and it goes forward from what we know. `floor`: the highest
    number seen here of this lineage, perhaps in a clone that is deleted by now.

    Raises PeerMisbehaved for a head that does not verify, Conflict for one that is older than or beside ours.
    """
    if (beginning.creator, beginning.nonce) != (lineage.creator.raw, lineage.nonce):
        raise PeerMisbehaved("The peer serves a vault of another lineage than the one asked for.")
    try:
        head = read_head(beginning.head, lineage)
    except Malformed as error:
        raise PeerMisbehaved("The peer serves a version that its owner has not signed.") from error
    if known is not None:
        match compare(known, head):
            case Verdict.OLDER:
                raise Conflict(
                    f"The other side has an older version (number {head.sequence}) than this clone (number {known.sequence}). "
                    "Nothing was changed."
                )
            case Verdict.FORK:
                raise Conflict(
                    "The other side's history went another way than this clone's: the same version number stands for two "
                    "different contents. Nothing was changed; ask the owner what happened."
                )
            case _:
                pass
    if head.sequence < floor:
        raise Conflict(
            f"The other side has an older version (number {head.sequence}) than was here before (number {floor}). "
            "Nothing was changed."
        )
    return head


@contextmanager
def _refusal(shown: str, meaning: str) -> Iterator[None]:
    """Turn a peer's refusal into a sentence that says what it means here."""
    try:
        yield
    except PermissionDenied as error:
        raise PermissionDenied(
            f"{shown} refused: {meaning}. Its owner can share one with `pk-tui vaults share`."
        ) from error


@asynccontextmanager
async def _request(link: Link, request: bytes) -> AsyncIterator[Stream]:
    """A stream with `request` sent; closed at the end, reset if the work is broken off."""
    stream = await link.request(request)
    try:
        yield stream
    except BaseException:
        stream.reset()
        raise
    else:
        await stream.close()
