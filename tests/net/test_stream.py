from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from pk_tui.errors import Busy, Cancelled, Unreachable
from pk_tui.net.link import Link
from pk_tui.net.stream import CANCELLED, FAILED, Stream
from pk_tui.wire.events import Closed, Received, WasReset
from pk_tui.wire.handshake import Role
from pk_tui.wire.session import WINDOW

both = pytest.mark.parametrize("kind", ["memory", "websocket"])


async def wait_forever(stream: Stream) -> None:
    await asyncio.Event().wait()


async def ask(link: Link, message: bytes) -> bytes | None:
    stream = await link.request(message)
    answer = await stream.receive()
    await stream.close()
    return answer


@both
def test_a_cancelled_request_leaves_the_link_sound(net: Any, kind: str) -> None:
    async def main() -> None:
        reset: asyncio.Queue[type[Exception]] = asyncio.Queue()

        async def answer(stream: Stream) -> None:
            try:
                if await stream.receive() == b"wait":
                    await stream.receive()
                await stream.send(b"fine")
            except Cancelled as error:
                reset.put_nowait(type(error))
                raise

        async with net.linked(kind, answer) as (ours, _):
            for _ in range(100):  # more than streams there are: each must be given back
                stream = await ours.request(b"wait")
                waiting = asyncio.ensure_future(stream.receive())
                await asyncio.sleep(0)
                waiting.cancel()
                await asyncio.wait([waiting])
                stream.reset()
                assert await reset.get() is Cancelled
            assert await ask(ours, b"x") == b"fine"
            with pytest.raises(Cancelled):
                await stream.receive()

    net.run(main())


@both
def test_a_send_cancelled_at_any_moment_leaves_the_link_sound(net: Any, kind: str) -> None:
    async def answer(stream: Stream) -> None:
        if await stream.receive() == b"small":
            return await stream.send(b"fine")
        await stream.receive()
        return await wait_forever(stream)

    async def flood(link: Link) -> None:
        stream = await link.request(b"flood")
        try:
            while True:
                await stream.send(b"x" * 50_000)
        except BaseException:
            stream.reset()
            raise

    async def main() -> None:
        async with net.linked(kind, answer) as (ours, _):
            for turns in range(25):
                flooding = asyncio.ensure_future(flood(ours))
                for _ in range(turns):
                    await asyncio.sleep(0)
                flooding.cancel()
                await asyncio.wait([flooding])
            assert await ask(ours, b"small") == b"fine"
            await ours.idle()

    net.run(main())


def test_an_answer_that_was_complete_survives_a_reset_behind_it(net: Any) -> None:
    async def main() -> None:
        one, other = net.memory_pair()
        async with asyncio.TaskGroup() as group:
            linking = group.create_task(Link.establish(other, Role.RESPONDER, net.listener, None, net.clock))
            peer = await net.RawPeer.shake(one, Role.INITIATOR, net.stranger, net.listener)
            await peer.say_hello()
            link = await linking
            group.create_task(link.run(wait_forever))
            stream = await link.request(b"question")
            await peer.hear_until(Received, 4)
            peer.session.send(4, b"answer")
            peer.session.close(4)
            peer.session.reset(4)
            await peer.flush()
            await link.idle()
            assert await stream.receive() == b"answer"
            assert await stream.receive() is None
            with pytest.raises(Busy):
                await stream.send(b"more")
            await link.close()

    net.run(main())


def test_a_stream_closed_by_us_can_still_be_received_from(net: Any) -> None:
    async def answer(stream: Stream) -> None:
        heard = []
        while (message := await stream.receive()) is not None:
            heard.append(message)
        await stream.send(b"".join(heard))

    async def main() -> None:
        async with net.linked("memory", answer) as (ours, _):
            stream = await ours.request(b"a")
            await stream.send(b"b")
            await stream.close()
            await stream.close()
            assert await stream.receive() == b"ab"
            assert await stream.receive() is None

    net.run(main())


def test_a_peer_that_takes_nothing_is_sent_no_more_than_its_credit(net: Any) -> None:
    async def main() -> None:
        sent = 0

        async def answer(stream: Stream) -> None:
            nonlocal sent
            await stream.receive()
            while True:
                await stream.send(b"x" * 60_000)
                sent += 60_000

        async with net.against(answer) as (peer, link):
            stream = peer.session.open()
            peer.session.send(stream, b"bulk")
            await peer.flush()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(30):
                    while True:
                        await peer.hear()  # reads, but gives no credit
            assert sent <= WINDOW
            event = await peer.hear_until(WasReset, stream)  # after a minute the handler gives up
            assert event.code != 0
            assert link.closed is None

    net.run_virtual(main())


def test_silence_on_a_stream_ends_the_waiting_but_not_the_link(net: Any) -> None:
    async def main() -> None:
        async with net.linked("memory", wait_forever) as (ours, _):
            stream = await ours.request(b"x")
            with pytest.raises(Unreachable, match="60 seconds"):
                await stream.receive()
            assert ours.closed is None

    net.run_virtual(main())


def test_sending_on_a_stream_that_was_answered_resets_only_that_stream(net: Any) -> None:
    async def answer(stream: Stream) -> None:
        await stream.receive()
        await stream.send(b"answer")

    async def main() -> None:
        async with net.against(answer) as (peer, link):
            stream = peer.session.open()
            peer.session.send(stream, b"question")
            await peer.flush()
            await peer.hear_until(Closed, stream)
            peer.session.send(stream, b"and another thing")
            await peer.flush()
            await peer.hear_until(WasReset, stream)
            assert link.closed is None

    net.run(main())


def test_a_reset_says_whether_the_question_or_the_answer_was_given_up(net: Any) -> None:
    async def give_up(stream: Stream) -> None:
        await stream.receive()
        stream.reset()
        stream.reset()
        await stream.close()
        with pytest.raises(Cancelled):
            await stream.send(b"x")

    async def main() -> None:
        async with net.against(give_up) as (peer, link):
            stream = peer.session.open()
            peer.session.send(stream, b"question")
            await peer.flush()
            assert (await peer.hear_until(WasReset, stream)).code == FAILED
            (await link.request(b"x")).reset()
            assert (await peer.hear_until(WasReset)).code == CANCELLED

    net.run(main())


@pytest.mark.parametrize("size", [0, 65_001])
def test_a_message_that_is_empty_or_too_long_is_our_own_mistake(net: Any, size: int) -> None:
    async def main() -> None:
        async with net.linked("memory", wait_forever) as (ours, _):
            with pytest.raises(ValueError, match="65,000"):
                await ours.request(b"x" * size)
            await ours.idle()
            assert ours.closed is None

    net.run(main())
