"""The bytes of a secret on their way into a batch. Of a large one, some are received while those before are named and those
before these are stored: each takes about as long as the others. What becomes of the batch is left to the caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from pk_tui.agent.commits import flush_large
from pk_tui.agent.core import Core
from pk_tui.agent.overlap import both
from pk_tui.store.frames import Batch
from pk_tui.vault.chunks import ChunkWriter, Named
from pk_tui.vault.objects import Facts, Oid

SMALL = 256 * 1024
"""Bytes up to which a secret is written in one desk job."""
AT_ONCE = 1024 * 1024
"""Bytes of a larger one that are received, named or stored in one go."""
WAITING = 2
"""So many times as much may wait before it is named, and before it is stored: one of the three always stops now and then."""

_Objects = Sequence[tuple[Oid, Facts, bytes]]


async def feed(core: Core, batch: Batch, content: AsyncIterator[bytes]) -> Callable[[], Oid]:
    """Take all that comes. Returns what is left to do, to be called at the desk once: it gives the secret's name.

    Raises Misuse when it gets larger than a secret may be."""
    named = Named()
    writer = ChunkWriter(named)

    def name(pieces: list[bytes]) -> _Objects:
        for piece in pieces:
            writer.feed(piece)
        return named.taken()

    def store(objects: _Objects) -> None:
        for oid, facts, body in objects:
            batch.add(oid, facts, body)
        flush_large(batch)

    pieces, is_more = await _some(content, SMALL)
    if is_more:
        received: asyncio.Queue[list[bytes]] = asyncio.Queue(WAITING)
        to_store: asyncio.Queue[_Objects | None] = asyncio.Queue(WAITING)

        async def receive_all() -> list[bytes]:
            """All but what is less than a step of its own, which is returned."""
            some, is_more = pieces, True
            while is_more:
                await received.put(some)
                some, is_more = await _some(content, AT_ONCE)
            await received.put([])
            return some

        async def name_all() -> None:
            while some := await received.get():
                await to_store.put(await core.desk.aside(partial(name, some)))
            await to_store.put(None)

        async def store_all() -> None:
            while (objects := await to_store.get()) is not None:
                await core.desk.do(partial(store, objects), urgent=False)

        pieces, _ = await both(receive_all(), both(name_all(), store_all()))

    def finish() -> Oid:
        store(name(pieces))
        oid = writer.finish()[0]
        store(named.taken())
        return oid

    return finish


async def _some(content: AsyncIterator[bytes], enough: int) -> tuple[list[bytes], bool]:
    """The next pieces, of a little more than `enough` bytes, and True; or what is left, and False."""
    pieces: list[bytes] = []
    size = 0
    async for piece in content:
        pieces.append(piece)
        size += len(piece)
        if size > enough:
            return pieces, True
    return pieces, False
