"""One transfer, from the request to a verified batch that nobody sees yet: the receiver's side of clone and pull.

The head is verified before the first object is taken, the whole before `receive` returns. What becomes of it (a clone's newest
version, or something to merge into a fork) is left to who asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal

from pk_tui.agent.commits import FLUSH_AT, flush_large
from pk_tui.agent.core import Core
from pk_tui.agent.directory import describe_node
from pk_tui.agent.overlap import both
from pk_tui.api.facade import OnProgress
from pk_tui.api.views import Progress
from pk_tui.errors import Conflict, Malformed, PeerMisbehaved, PermissionDenied, Rewritten
from pk_tui.net.link import Link, Stream
from pk_tui.store.frames import Batch
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import NodeId, VaultId
from pk_tui.trust.head import Head, Verdict, compare, read_head
from pk_tui.trust.lineage import Lineage
from pk_tui.vault import transfer
from pk_tui.wire.messages import Transfer, TransferBegin, TransferEnd, decode_answer, encode_message, piece_of
from pk_tui.wire.session import MESSAGE_COST

FEED_AT = 256 * 1024
"""Bytes of received pieces handed on at once, with what holding each takes: they may be tiny."""
FEED_LARGE_AT = 1024 * 1024
"""The same amid a large secret, of which each handing on costs two threads' attention."""
CUT_AHEAD = 2
"""Times as much of a large secret that is named and waits to be stored, while the desk waits for the disk."""
WAITING = 8
"""So many times as much may wait to be checked, 2 or 8 MiB: the peer is to go on while the desk writes."""
ANOTHER_WAY = (
    "The other side's history went another way than the one that is here. Nothing was changed; ask the owner what "
    "happened."
)
HOW_TO_ACCEPT = (
    " To take the other side's history all the same, pull with `--accept-rewritten`. The version that is here stays readable "
    "then."
)


@dataclass(frozen=True, slots=True)
class Received:
    """A verified transfer, staged in a batch. `rewritten`: it is a history that does not hold the version known before."""

    batch: Batch
    head: Head
    raw_head: bytes
    objects: int
    bytes: int
    rewritten: bool


async def receive(
    core: Core,
    node: NodeId,
    vault_id: VaultId,
    action: Literal["clone", "pull"],
    frames: VaultFrames,
    lineage: Lineage,
    known: Head | None,
    progress: OnProgress,
    accept_rewritten: bool = False,
) -> Received:
    """Ask `node` for its vault of this lineage and take it in, from the version `known` on. The batch is the caller's to commit
    or discard; if this raises, there is none.

    Rewritten if the other side's history does not hold `known`, unless that is accepted.
    """
    # Only what follows our own version is taken, so that is all there is to tell.
    have = () if known is None else (known.commit.raw,)
    shown = await core.desk.do(lambda: describe_node(core.store, node))
    floor = await core.desk.do(lambda: core.store.head_floor(lineage.id))
    batch = await core.desk.do(frames.batch)
    try:
        request = encode_message(Transfer(vault_id.raw, action, have))
        async with requesting(await core.peers.link_to(node), request) as stream:
            raw = await stream.receive()
            if raw is None:
                raise PeerMisbehaved("The peer closed the transfer before it began.")
            with refusal(shown, "the vault is not shared with this node, or not there"):
                beginning = decode_answer(raw, TransferBegin)
            head = _believable_head(beginning, lineage, known, floor, accept_rewritten)
            limits = transfer.Limits(objects=min(beginning.objects, transfer.DEFAULT_LIMITS.objects))
            incoming = transfer.Incoming(
                batch, None if known is None else known.commit.raw, limits, anew=accept_rewritten
            )
            with refusal(shown, "the vault is no longer shared with this node, so the transfer was ended"):
                try:
                    size = await _take_in(core, stream, incoming, batch, beginning, progress)
                except Conflict as error:  # the only one there is while objects come: the history begins anew
                    raise Rewritten(error.message + HOW_TO_ACCEPT) from error
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
    return Received(batch, head, beginning.head, incoming.objects, size, incoming.rewritten)


@dataclass(slots=True)
class _Some:
    """Pieces that came together, and the message that ended the transfer, if one did."""

    pieces: list[bytes]
    end: bytes | None = None


async def _receive_some(stream: Stream, enough: int) -> _Some:
    """The next bytes of pieces, as many or a little more, or what there is before the transfer's end."""
    some, held = _Some([]), 0
    while held < enough:
        raw = await stream.receive()
        if raw is None:
            raise PeerMisbehaved("The peer ended the transfer in the middle. Nothing was changed; try again.")
        piece = piece_of(raw)
        if piece is None:
            some.end = raw
            break
        some.pieces.append(piece)
        held += len(piece) + MESSAGE_COST
    return some


async def _take_in(
    core: Core,
    stream: Stream,
    incoming: transfer.Incoming,
    batch: Batch,
    beginning: TransferBegin,
    progress: OnProgress,
) -> int:
    """Feed pieces to the checker until the peer says it is done; how many bytes came. While some are checked the next come, and
    of large secrets those between are named: neither waits for the disk, as the desk does."""

    def check(some: list[bytes]) -> Generator[None, None, None]:
        for piece in some:
            yield from incoming.steps(piece)
        flush_large(batch)

    def check_cut(records: Sequence[transfer.Record]) -> Generator[None, None, None]:
        yield from incoming.taking(records)
        flush_large(batch)

    received: asyncio.Queue[_Some] = asyncio.Queue(WAITING)

    async def receive_all() -> None:
        is_more = True
        while is_more:
            some = await _receive_some(stream, FEED_LARGE_AT if incoming.is_amid_large else FEED_AT)
            await received.put(some)
            is_more = some.end is None

    to_take: asyncio.Queue[Sequence[transfer.Record] | None] = asyncio.Queue(CUT_AHEAD)

    async def cut_all() -> bytes:
        while True:
            some = await received.get()
            while some.end is None and not received.empty() and sum(map(len, some.pieces)) < FLUSH_AT:
                more = received.get_nowait()
                some = _Some([*some.pieces, *more.pieces], more.end)
            if incoming.is_amid_large:
                await to_take.put(await core.desk.aside(partial(incoming.cut, some.pieces)))
            else:
                await to_take.join()
                await core.desk.steps(check(some.pieces))
            if progress:
                progress(Progress("Receiving", incoming.objects, beginning.objects, incoming.size, beginning.size))
            if some.end is not None:
                await to_take.put(None)
                return some.end

    async def take_all() -> None:
        while (records := await to_take.get()) is not None:
            await core.desk.steps(check_cut(records))
            to_take.task_done()

    async def check_all() -> bytes:
        end, _ = await both(cut_all(), take_all())
        return end

    _, end = await both(receive_all(), check_all())
    if decode_answer(end, TransferEnd).size != incoming.size:
        raise PeerMisbehaved("The peer's transfer is shorter or longer than it says.")
    return incoming.size


def _believable_head(
    beginning: TransferBegin, lineage: Lineage, known: Head | None, floor: int, accept_rewritten: bool
) -> Head:
    """The head the peer serves, if its lineage's writer signed it and it goes forward from what we know. `floor`: the highest
    number seen here of this lineage, perhaps in a clone that is deleted by now.

    Raises PeerMisbehaved for a head that does not verify, Conflict for one that is older than or beside ours. One beside ours
    of no lower number may be accepted (Rewritten); an older one never is, or whoever serves it could take us back.
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
                    f"The other side has an older version (number {head.sequence}) than this one (number {known.sequence}). "
                    "Nothing was changed."
                )
            case Verdict.FORK:
                can_be_accepted = head.sequence >= known.sequence and head.commit != known.commit
                if not can_be_accepted:
                    raise Conflict(ANOTHER_WAY)
                if not accept_rewritten:
                    raise Rewritten(ANOTHER_WAY + HOW_TO_ACCEPT)
            case _:
                pass
    if head.sequence < floor:
        raise Conflict(
            f"The other side has an older version (number {head.sequence}) than was here before (number {floor}). "
            "Nothing was changed."
        )
    return head


@contextmanager
def refusal(shown: str, meaning: str) -> Iterator[None]:
    """Turn a peer's refusal into a sentence that says what it means here."""
    try:
        yield
    except PermissionDenied as error:
        raise PermissionDenied(
            f"{shown} refused: {meaning}. Its owner can share one with `pk-tui vaults share`."
        ) from error


@asynccontextmanager
async def requesting(link: Link, request: bytes) -> AsyncIterator[Stream]:
    """A stream with `request` sent; closed at the end, reset if the work is broken off."""
    stream = await link.request(request)
    try:
        yield stream
    except BaseException:
        stream.reset()
        raise
    else:
        await stream.close()
