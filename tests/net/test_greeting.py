from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pk_tui.errors import PeerMisbehaved, Unreachable
from pk_tui.net.link import Link
from pk_tui.wire.handshake import Role
from pk_tui.wire.messages import Hello, Scan, encode_message

both = pytest.mark.parametrize("kind", ["memory", "websocket"])


async def fails_to_establish(net: Any, pipe: Any, role: Role, expected: Any = None) -> Exception:
    with pytest.raises((PeerMisbehaved, Unreachable)) as caught:
        await Link.establish(pipe, role, net.listener if role is Role.RESPONDER else net.dialler, expected, net.clock)
    return caught.value


@both
def test_another_node_than_the_dialled_one_is_refused_by_both(net: Any, kind: str) -> None:
    async def main() -> None:
        async with net.pipes(kind) as (one, other), asyncio.TaskGroup() as group:
            dialling = group.create_task(fails_to_establish(net, one, Role.INITIATOR, net.stranger.node_id))
            answering = group.create_task(fails_to_establish(net, other, Role.RESPONDER))
        assert isinstance(dialling.result(), PeerMisbehaved)
        assert isinstance(answering.result(), Unreachable)

    net.run(main())


def test_dialling_oneself_is_refused(net: Any) -> None:
    async def main() -> None:
        one, other = net.memory_pair()
        async with asyncio.TaskGroup() as group:
            group.create_task(fails_to_establish(net, other, Role.RESPONDER))
            with pytest.raises(PeerMisbehaved):
                await Link.establish(one, Role.INITIATOR, net.listener, net.listener.node_id, net.clock)

    net.run(main())


@pytest.mark.parametrize("garbage", [b"", b"x", b"x" * 31, b"x" * 33, b"x" * 65_535, bytes(32)], ids=len)
@both
def test_garbage_instead_of_a_handshake_is_refused_and_the_pipe_closed(net: Any, kind: str, garbage: bytes) -> None:
    async def main() -> None:
        async with net.pipes(kind) as (one, other), asyncio.TaskGroup() as group:
            failing = group.create_task(fails_to_establish(net, other, Role.RESPONDER))
            await one.send(garbage)
            await failing
            await one.close()

    net.run(main())


@pytest.mark.parametrize("stalls_after", [0, 1, 2])
def test_a_greeting_that_stalls_anywhere_is_given_up_in_time(net: Any, stalls_after: int) -> None:
    async def main() -> None:
        one, other = net.memory_pair()

        async def stall() -> None:
            if stalls_after == 1:
                await one.send(b"x" * 32)
            if stalls_after == 2:
                await net.RawPeer.shake(one, Role.INITIATOR, net.stranger, net.listener)

        async with asyncio.TaskGroup() as group:
            failing = group.create_task(fails_to_establish(net, other, Role.RESPONDER))
            await stall()
            error = await failing
        assert isinstance(error, Unreachable | PeerMisbehaved)
        assert asyncio.get_running_loop().time() < 11

    net.run_virtual(main())


@pytest.mark.parametrize(
    "first",
    [encode_message(Scan()), b"\xc1", encode_message(Hello(1, "x" * 64)) + b"\0"],
    ids=["a request", "garbage", "trailing byte"],
)
def test_whatever_comes_before_hello_is_refused(net: Any, first: bytes) -> None:
    async def main() -> None:
        one, other = net.memory_pair()
        async with asyncio.TaskGroup() as group:
            failing = group.create_task(fails_to_establish(net, other, Role.RESPONDER))
            peer = await net.RawPeer.shake(one, Role.INITIATOR, net.stranger, net.listener)
            stream = peer.session.open()
            peer.session.send(stream, first)
            await peer.flush()
            assert isinstance(await failing, PeerMisbehaved)

    net.run(main())


def test_a_second_stream_before_hello_is_refused(net: Any) -> None:
    async def main() -> None:
        one, other = net.memory_pair()
        async with asyncio.TaskGroup() as group:
            failing = group.create_task(fails_to_establish(net, other, Role.RESPONDER))
            peer = await net.RawPeer.shake(one, Role.INITIATOR, net.stranger, net.listener)
            peer.session.open()
            peer.session.open()
            await peer.flush()
            assert isinstance(await failing, PeerMisbehaved)

    net.run(main())
