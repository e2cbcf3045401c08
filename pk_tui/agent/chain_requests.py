"""Asking a peer for chains, on the line: one question each, and an answer that is held to its limits before anybody looks at it.

What is asked, and what becomes of it, is `chains`' matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pk_tui.agent.receiving import requesting
from pk_tui.errors import PeerMisbehaved, Unreachable
from pk_tui.net.link import Link, Stream
from pk_tui.terms import NodeId
from pk_tui.trust.sigchain import MAX_CLAIMS
from pk_tui.wire.messages import Message, decode_answer, encode_message
from pk_tui.wire.trust_messages import Agreed, AskClaims, AskFork, Claims, ForkShown, Heads, KnownHead, Propose

WITHIN = 30.0
"""Seconds for one question and everything that is answered to it."""
MAX_CHAIN_BYTES = 3 * 1024 * 1024
"""Of one chain; 4,096 pairs take half of it."""


async def ask_heads(link: Link, heads: tuple[KnownHead, ...]) -> tuple[KnownHead, ...]:
    async with _asking(link, Heads(heads)) as stream:
        return decode_answer(await _one(stream), Heads).heads


async def ask_claims(link: Link, node: NodeId, first: int) -> list[bytes]:
    """A node's claims from the place `first` on: none if the peer has no more."""
    async with _asking(link, AskClaims(node.raw, first)) as stream:
        return await _pages(stream)


async def ask_fork(link: Link, node: NodeId) -> tuple[ForkShown, list[bytes]]:
    """The evidence, and the branch that the peer has beside its chain, whole."""
    async with _asking(link, AskFork(node.raw)) as stream:
        return decode_answer(await _one(stream), ForkShown), await _pages(stream)


async def ask_to_agree(link: Link, half: bytes) -> bytes:
    """The pair statement that the peer answers to a half. PermissionDenied if it has not invited this node."""
    async with _asking(link, Propose(half)) as stream:
        return decode_answer(await _one(stream), Agreed).statement


@asynccontextmanager
async def _asking(link: Link, request: Message) -> AsyncIterator[Stream]:
    try:
        async with asyncio.timeout(WITHIN), requesting(link, encode_message(request)) as stream:
            yield stream
    except TimeoutError as error:
        raise Unreachable(f"The other node did not answer whole within {WITHIN:g} seconds.") from error


async def _one(stream: Stream) -> bytes:
    raw = await stream.receive()
    if raw is None:
        raise PeerMisbehaved("The peer answered nothing.")
    return raw


async def _pages(stream: Stream) -> list[bytes]:
    raws: list[bytes] = []
    size = 0
    while (raw := await stream.receive()) is not None:
        page = decode_answer(raw, Claims).claims
        raws += page
        size += sum(map(len, page))
        if not page or len(raws) > MAX_CLAIMS or size > MAX_CHAIN_BYTES:
            raise PeerMisbehaved("The peer sent more claims than a chain has, or a page of none.")
    return raws
