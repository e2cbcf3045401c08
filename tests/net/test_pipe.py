"""What `pipe` promises must hold for every kind of pipe."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pk_tui.net.pipe import PipeClosed

pytestmark = pytest.mark.parametrize("kind", ["memory", "websocket"])


def test_messages_arrive_whole_and_in_order(net: Any, kind: str) -> None:
    async def main() -> None:
        sent = [bytes([number]) * size for number, size in enumerate([1, 65_535, 17, 60_000, 1] * 4)]
        async with net.pipes(kind) as (one, other), asyncio.TaskGroup() as group:

            async def send() -> None:
                for message in sent:
                    await one.send(message)

            group.create_task(send())
            assert [await other.receive() for _ in sent] == sent

    net.run(main())


def test_a_cancelled_receive_loses_nothing(net: Any, kind: str) -> None:
    async def main() -> None:
        async with net.pipes(kind) as (one, other):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await other.receive()
            await one.send(b"kept")
            assert await other.receive() == b"kept"

    net.run(main())


def test_both_ends_learn_of_the_end_and_closing_twice_is_nothing(net: Any, kind: str) -> None:
    async def main() -> None:
        async with net.pipes(kind) as (one, other):
            await one.close()
            await one.close()
            with pytest.raises(PipeClosed):
                await other.receive()
            for end in (one, other):
                with pytest.raises(PipeClosed):
                    await end.send(b"x")
            await other.close()

    net.run(main())


def test_a_waiting_receive_ends_when_the_pipe_does(net: Any, kind: str) -> None:
    async def main() -> None:
        async with net.pipes(kind) as (one, other):
            asyncio.get_running_loop().call_later(0.01, lambda: closing.set())
            closing = asyncio.Event()
            async with asyncio.TaskGroup() as group:

                async def close() -> None:
                    await closing.wait()
                    await other.close()

                group.create_task(close())
                with pytest.raises(PipeClosed):
                    await one.receive()

    net.run(main())
