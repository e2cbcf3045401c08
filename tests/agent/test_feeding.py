"""A large secret is received, named and stored at the same time; a small one takes one job."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from agent.actors import alone, at, everything, left_behind, noise, read, write
from simulator import World

from pk_tui.agent import feeding
from pk_tui.agent.agent import Agent
from pk_tui.agent.desk import ThreadDesk
from pk_tui.agent.feeding import AT_ONCE, SMALL, WAITING, feed
from pk_tui.clock import SystemClock
from pk_tui.errors import Misuse
from pk_tui.vault import chunks
from pk_tui.vault.chunks import CHUNK


class Kept:
    """A batch that only keeps what is added, and in which thread."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.threads: set[int] = set()
        self.pending_bytes = 0

    def add(self, oid: bytes, facts: object, body: bytes) -> None:
        self.bodies.append(body)
        self.threads.add(threading.get_ident())


class Around:
    def __init__(self) -> None:
        self.desk = ThreadDesk(SystemClock())


async def given(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def fed(*pieces: bytes) -> Kept:
    kept, core = Kept(), Around()

    async def main() -> None:
        async with asyncio.timeout(100):
            finish = await feed(core, kept, given(*pieces))  # type: ignore[arg-type]
            await core.desk.do(finish)
            await core.desk.close()

    asyncio.run(main())
    return kept


@pytest.mark.parametrize("size", [0, 1, SMALL, SMALL + 1, AT_ONCE, AT_ONCE + 1, 5 * AT_ONCE + 7])
@pytest.mark.parametrize("step", [100_003, CHUNK, 3_000_000])
def test_everything_arrives_in_order_and_only_at_the_desk(size: int, step: int) -> None:
    value = noise(size)
    kept = fed(*(value[start : start + step] for start in range(0, size, step)))
    parts = kept.bodies[:-1] if len(kept.bodies) > 1 else kept.bodies  # the last of several is the tree
    assert b"".join(parts) == value
    assert len(kept.threads) == 1
    assert threading.get_ident() not in kept.threads


def test_a_source_that_is_fast_is_not_taken_far_ahead_of_the_desk() -> None:
    """What waits in memory is bounded however slow the disk is."""
    kept, core = Kept(), Around()
    go_on = threading.Event()
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += CHUNK
            yield bytes(CHUNK)

    async def main() -> None:
        held = asyncio.create_task(core.desk.do(go_on.wait))
        await asyncio.sleep(0)
        feeding_it = asyncio.create_task(feed(core, kept, endless()))  # type: ignore[arg-type]
        seen = -1
        while seen != taken:  # until it stands still
            seen = taken
            for _ in range(50):
                await core.desk.aside(lambda: None)
        feeding_it.cancel()
        await asyncio.gather(feeding_it, return_exceptions=True)
        go_on.set()
        await held
        await core.desk.close()

    asyncio.run(main())
    assert AT_ONCE < taken <= (2 * WAITING + 4) * (AT_ONCE + CHUNK)


def test_a_value_beyond_the_limit_is_refused_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MAX_CHUNKS", 8)

    async def scenario(w: World, alice: Agent) -> None:
        before = left_behind(w, "alice")
        with pytest.raises(Misuse, match="at most"):
            await alice.secrets.write("work", at("a"), given(*[bytes(CHUNK)] * 30))
        assert left_behind(w, "alice") == before
        assert await everything(alice, "work") == {}

    alone(scenario)


@pytest.mark.parametrize("where", ["aside", "do"])
def test_what_fails_on_the_way_is_raised_as_it_is_and_leaves_nothing(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(w: World, alice: Agent) -> None:
        before = left_behind(w, "alice")
        calls = 0

        def fails(*_: Any) -> None:
            nonlocal calls
            calls += 1
            if calls > 3:
                raise ZeroDivisionError

        if where == "do":
            monkeypatch.setattr(feeding, "flush_large", fails)
        else:
            monkeypatch.setattr(feeding.ChunkWriter, "feed", fails)
        with pytest.raises(ZeroDivisionError):
            await alice.secrets.write("work", at("a"), given(*[bytes(CHUNK)] * 60))
        monkeypatch.undo()
        assert left_behind(w, "alice") == before
        await write(alice, "work:a", b"1")
        assert await read(alice, "work:a") == b"1"

    alone(scenario)
