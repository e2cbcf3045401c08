"""Answering a peer: read the request, ask the rule, act, and say as little as possible.

"Not there" and "not allowed" are answered alike. The right to a transfer is asked for again before every batch of it, and
whenever the vault changes, so what is unshared while it runs stops there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Literal
from weakref import WeakValueDictionary

from pk_tui.agent.auditing import CLONED, PULLED, REFUSED_TOPIC, SCANNED
from pk_tui.agent.chain_answers import answer_claims, answer_fork
from pk_tui.agent.chains import Exchange
from pk_tui.agent.commits import head_facts
from pk_tui.agent.core import Core, Gate
from pk_tui.agent.directory import vault_with_id
from pk_tui.agent.linking import LinkingService
from pk_tui.agent.notifications import keep_grant
from pk_tui.agent.overlap import both, unless
from pk_tui.agent.payloads import read_body
from pk_tui.agent.rights import allows, grant_for, is_trusted, lineage_of
from pk_tui.api.events import EventsLost, NotificationsChanged, VaultChanged, VaultRemoved
from pk_tui.errors import Malformed, NotFound, PeerMisbehaved, PkError
from pk_tui.net.link import Link, Stream
from pk_tui.store.notifications import Box, Note
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import Action, CommitId, NodeId, VaultId
from pk_tui.trust.admission import Admission, admit
from pk_tui.trust.grant import Grant
from pk_tui.trust.rights import Refused
from pk_tui.vault.outgoing import outgoing
from pk_tui.wire.messages import (
    REFUSED,
    Ack,
    Failure,
    Moved,
    Notify,
    Offer,
    Scan,
    Transfer,
    TransferBegin,
    TransferEnd,
    decode_message,
    encode_message,
    encode_piece,
    pages,
)
from pk_tui.wire.trust_messages import AskClaims, AskFork, Heads, Propose

log = logging.getLogger("pk_tui.serving")

MALFORMED = Failure("malformed", "The request could not be read.")
BUSY = Failure("busy", "Try again later.")
TRANSFER_ACTIONS: tuple[Literal["clone", "pull"], ...] = ("clone", "pull")
PIECES_AT_ONCE = 8
"""Pieces (of about 60,000 bytes) between two looks at the right: twice what the peer's credit lets be under way. Fewer keep the
desk busy with looking."""
TRANSFERS_AT_ONCE = 4
"""To one peer; others of it wait for their turn. Each holds up to a MiB of pieces, however slowly they are taken."""

BREATH = 0.05
"""Seconds between two of a peer's notes that a vault has moved, which it sends one after the other: a flood of them is its own
wait, and neither the desk's nor the windows'."""


class Serving:
    def __init__(self, gate: Gate, exchange: Exchange, linking: LinkingService) -> None:
        self._gate = gate
        self._exchange, self._linking = exchange, linking
        self._turns: WeakValueDictionary[NodeId, asyncio.Semaphore] = WeakValueDictionary()
        """Of the peers to which a transfer is under way."""
        self._hearing: WeakValueDictionary[NodeId, asyncio.Lock] = WeakValueDictionary()
        """Of the peers that say that a vault has moved."""

    async def answer(self, link: Link, stream: Stream) -> None:
        """One request from its first message to its end. Raises PeerMisbehaved only for what no honest peer sends."""
        first = await stream.receive()
        if first is None:
            return
        try:
            request = decode_message(first, Scan, Transfer, Moved, Notify, Heads, AskClaims, AskFork, Propose)
        except Malformed as error:
            raise PeerMisbehaved("The peer sent a request that cannot be read.") from error
        core = self._gate.core()
        match request:
            case Scan():
                await self._scan(core, link.peer, stream)
            case Transfer():
                turns = self._turns.setdefault(link.peer, asyncio.Semaphore(TRANSFERS_AT_ONCE))
                async with turns:
                    await self._transfer(core, link.peer, stream, request)
            case Moved():
                one_at_a_time = self._hearing.setdefault(link.peer, asyncio.Lock())
                async with one_at_a_time:
                    await core.watching.hear(core, link.peer, [(request.vault_id, request.head)])
                    await asyncio.sleep(BREATH)
            case Notify():
                await stream.send(encode_message(await self._notify(core, link.peer, request)))
            case Heads():
                await self._exchange.answer_heads(core, link, stream, request)
            case AskClaims():
                await answer_claims(core, link, stream, request)
            case AskFork():
                await answer_fork(core, link, stream, request)
            case Propose():
                await self._linking.answer(core, link, stream, request)
        await stream.close()

    # Scan

    async def _scan(self, core: Core, peer: NodeId, stream: Stream) -> None:
        offers = await core.desk.steps(_offers(core, peer))
        if offers is None:
            await stream.send(encode_message(REFUSED))
            await core.auditing.note_aside(core, REFUSED_TOPIC, node_id=str(peer), action="scan")
            return
        for page in pages(offers):
            await stream.send(encode_message(page))
        await core.auditing.note_aside(core, SCANNED, node_id=str(peer), vaults=len(offers))

    # Clone and pull

    async def _transfer(self, core: Core, peer: NodeId, stream: Stream, request: Transfer) -> None:
        action = Action(request.action)
        vault_id = VaultId(request.vault_id)

        def begin() -> tuple[VaultFrames, TransferBegin, Iterator[bytes]] | None:
            frames = _permitted(core, peer, vault_id, action)
            if frames is None:
                return None
            record = frames.record
            facts = frames.facts(record.commit)
            begun = TransferBegin(record.head, len(frames), facts.size, record.creator, record.nonce)
            pieces = outgoing(frames, record.commit, [bytes(name) for name in request.have])
            old = next((name for name in request.have if name in frames), None)
            grant_for(core, record, peer)  # any contact renews it, so that only who stays away loses it
            if old != record.commit:
                # Recorded before the first byte leaves: what someone may have seen cannot be reconstructed later.
                with core.store.transaction():
                    core.store.served.append(
                        peer,
                        vault_id,
                        lineage_of(record).id,
                        None if old is None else CommitId(old),
                        CommitId(record.commit),
                        core.clock.now(),
                    )
                    core.auditing.note_seldom(
                        core.store,
                        CLONED if action is Action.CLONE else PULLED,
                        node_id=str(peer),
                        vault_id=str(vault_id),
                        vault_name=record.name,
                        commit=str(CommitId(record.commit)),
                    )
            return frames, begun, pieces

        begun = await core.desk.do(begin)
        if begun is None:
            await stream.send(encode_message(REFUSED))
            # Of a vault that is not there as of one that is: nobody is to tell them apart, not even by what it takes.
            refused = {"node_id": str(peer), "action": action.value, "vault_id": str(vault_id)}
            await core.auditing.note_aside(core, REFUSED_TOPIC, ("node_id", "action"), **refused)
            return
        frames, beginning, pieces = begun
        await stream.send(encode_message(beginning))

        async def permitted() -> bool:
            return await core.desk.do(partial(_permitted, core, peer, vault_id, action)) is frames

        def some() -> Generator[None, None, list[bytes]]:
            made: list[bytes] = []
            for piece in islice(pieces, PIECES_AT_ONCE):
                made.append(piece)
                yield  # one of small secrets takes a hundred times as long as one of a large one
            return made

        async def send_all() -> int | None:
            sent = 0
            ready = await core.desk.steps(some())
            while ready:
                if not await permitted():
                    return None
                # The next pieces are made while these travel; they wait for the next look at the right.
                size, ready = await both(_send(stream, ready), core.desk.steps(some()))
                sent += size
            return sent

        sent = await unless(send_all(), _right_is_gone(core, vault_id, permitted))
        await stream.send(encode_message(REFUSED if sent is None else TransferEnd(beginning.objects, sent)))

    # Notifications

    async def _notify(self, core: Core, peer: NodeId, request: Notify) -> Ack | Failure:
        try:
            read_body(request.type, request.body)
        except Malformed:
            return MALFORMED
        note = Note(
            id=request.id, node=peer.raw, type=request.type, body=request.body, time=core.clock.now(), read=False
        )

        def job() -> Ack | Failure:
            box = core.store.notifications
            trusted = is_trusted(core, peer)
            goal = Box.INBOX if trusted else Box.REQUESTS
            where = admit(trusted, box.count(goal, peer, unread=True), box.count(goal))
            match where:
                case Admission.INBOX:
                    with core.store.transaction():
                        if box.put(Box.INBOX, note):
                            keep_grant(core.store, note)
                case Admission.REQUESTS:
                    box.put(Box.REQUESTS, note)
                case Admission.REFUSED:
                    return BUSY
            return Ack()

        answer = await core.desk.do(job)
        if isinstance(answer, Ack):
            core.bus.say(NotificationsChanged())
        return answer


async def _send(stream: Stream, pieces: list[bytes]) -> int:
    """Send pieces as far as the peer takes them; their bytes."""
    for piece in filter(None, pieces):  # an empty one is only a place to stop at
        await stream.send(encode_piece(piece))
    return sum(map(len, pieces))


async def _right_is_gone(core: Core, vault_id: VaultId, permitted: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a change to the vault has taken the right away. A peer that takes nothing keeps pieces waiting that were
    allowed when they were made: they are not to go out later."""
    async with core.bus.listen() as events:
        async for event in events:
            concerns = event in (VaultChanged(vault_id), VaultRemoved(vault_id), EventsLost())
            if concerns and not await permitted():
                return


def _permitted(core: Core, peer: NodeId, vault_id: VaultId, action: Action) -> VaultFrames | None:
    """The vault, if `peer` may do `action` with it now; None otherwise, whatever the reason. Desk work."""
    decision = core.beliefs.may(peer, action, vault_id, core.clock.now())
    if isinstance(decision, Refused):
        log.info("refused %s to a peer: %s", action.value, decision.reason)
        return None
    return vault_with_id(core.store, vault_id)


def _offers(core: Core, peer: NodeId) -> Generator[None, None, list[Offer] | None]:
    """What a scan by `peer` shows: the vaults it may have now. None if it may not scan at all. Desk work."""
    offers: list[Offer] = []
    for frames in core.store.vaults.list():
        yield
        with suppress(NotFound):  # deleted between two steps
            found = grant_for(core, frames.record, peer)
            if found is not None:
                offers.append(_offer(frames, *found))
    if not offers and not allows(core, peer, Action.SCAN):
        return None
    return sorted(offers, key=lambda offer: offer.name)


def _offer(frames: VaultFrames, grant: Grant, raw: bytes) -> Offer:
    record, facts = frames.record, head_facts(frames)
    secrets, size = (0, 0) if isinstance(facts, str) else (facts.secrets, facts.size)
    actions = tuple(name for name in TRANSFER_ACTIONS if name in grant.actions)
    return Offer(record.vault_id, record.name, actions, record.creator, record.nonce, raw, record.head, secrets, size)


def log_failure(error: BaseException) -> None:
    """Into our own log, kinds only: a peer's words never get there."""
    log.warning("answering a peer failed: %s", error.kind if isinstance(error, PkError) else type(error).__name__)
