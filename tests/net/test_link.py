from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref
from typing import Any

import pytest

from pk_tui.errors import Busy, Cancelled, PeerMisbehaved, PermissionDenied, Unreachable
from pk_tui.net.link import CLOSE_WITHIN, MAX_HANDLERS, PARKED, UNSENT, Link
from pk_tui.net.pipe import PipeClosed
from pk_tui.net.stream import Stream
from pk_tui.net.websocket import WebSocketTransport
from pk_tui.terms import Address
from pk_tui.wire.events import Ponged, Received, WasReset, WentAway
from pk_tui.wire.frames import Type, header, numbered
from pk_tui.wire.handshake import Role
from pk_tui.wire.messages import Hello, encode_message
from pk_tui.wire.session import MAX_STREAMS, WINDOW

both = pytest.mark.parametrize("kind", ["memory", "websocket"])


async def echo(stream: Stream) -> None:
    while (message := await stream.receive()) is not None:
        await stream.send(message)


async def ask(link: Link, message: bytes) -> bytes | None:
    stream = await link.request(message)
    answer = await stream.receive()
    await stream.close()
    return answer


async def wait_forever(stream: Stream) -> None:
    await asyncio.Event().wait()


# Establishing


@both
def test_both_sides_know_who_is_there(net: Any, kind: str) -> None:
    async def main() -> None:
        async with net.linked(kind, echo) as (ours, theirs):
            assert ours.peer == net.listener.node_id
            assert theirs.peer == net.dialler.node_id
            assert (ours.direction, theirs.direction) == ("out", "in")
            assert ours.binding == theirs.binding
            assert len(ours.binding) == 32
            assert ours.software.startswith("pk-tui ")
            assert ours.since == net.clock.now()
            assert ours.closed is None
            assert await ours.ping() >= 0
            assert ours.rtt is not None

    net.run(main())


def test_the_pipe_is_told_when_the_stranger_has_proved_who_it_is(net: Any) -> None:
    async def main() -> None:
        one, other = net.memory_pair()
        ours, theirs = await net.establish(one, other)
        assert other.is_admitted
        await ours.close()
        await theirs.close()

    net.run(main())


def test_requests_that_come_right_behind_the_hello_are_answered(net: Any) -> None:
    async def main() -> None:
        one, other = net.memory_pair()
        async with asyncio.TaskGroup() as group:
            linking = group.create_task(
                Link.establish(other, Role.RESPONDER, net.listener, None, net.clock), name="link"
            )
            peer = await net.RawPeer.shake(one, Role.INITIATOR, net.stranger, net.listener)
            hello = peer.session.open()
            peer.session.send(hello, encode_message(Hello(7, "of the future")))
            peer.session.close(hello)
            stream = peer.session.open()
            peer.session.send(stream, b"early")
            await peer.flush()
            link = await linking
            assert link.software == "of the future"
            group.create_task(link.run(echo))
            event = await peer.hear_until(Received, stream)
            assert event.data == b"early"
            await link.close()

    net.run(main())


def test_a_cancelled_establish_closes_the_pipe(net: Any) -> None:
    async def main() -> None:
        one, other = net.memory_pair()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await Link.establish(other, Role.RESPONDER, net.listener, None, net.clock)
        with pytest.raises(Exception, match="closed"):
            await one.receive()

    net.run_virtual(main())


# Requests


@both
def test_requests_are_answered_both_ways_at_once(net: Any, kind: str) -> None:
    async def main() -> None:
        async with net.linked(kind, echo, echo) as (ours, theirs):
            asked = [ask(link, b"%d" % number * 1000) for number in range(40) for link in (ours, theirs)]
            answers = await asyncio.gather(*asked)
            assert answers == [b"%d" % number * 1000 for number in range(40) for _ in range(2)]
            assert ours.bytes_out > 40_000
            assert theirs.bytes_in <= ours.bytes_out

    net.run(main())


@both
def test_large_transfers_both_ways_at_once_do_not_lock_up(net: Any, kind: str) -> None:
    pieces = 200

    async def give(stream: Stream) -> None:
        await stream.receive()
        for number in range(pieces):
            await stream.send(number.to_bytes(4, "big") * 15_000)

    async def take(link: Link) -> None:
        stream = await link.request(b"all")
        for number in range(pieces):
            assert await stream.receive() == number.to_bytes(4, "big") * 15_000
        assert await stream.receive() is None
        assert await stream.receive() is None
        await stream.close()

    async def main() -> None:
        async with net.linked(kind, give, give) as (ours, theirs):
            await asyncio.gather(*(take(link) for link in (ours, theirs) for _ in range(2)))

    net.run(main())


@both
def test_small_requests_are_answered_while_a_transfer_runs(net: Any, kind: str) -> None:
    async def answer(stream: Stream) -> None:
        if await stream.receive() == b"bulk":
            for _ in range(10_000):
                await stream.send(b"x" * 60_000)
        else:
            await stream.send(b"small")

    async def main() -> None:
        async with net.linked(kind, answer) as (ours, _):
            bulk = await ours.request(b"bulk")
            taken = 0

            async def take() -> None:
                nonlocal taken
                while True:
                    message = await bulk.receive()
                    assert message is not None
                    taken += len(message)

            async with asyncio.TaskGroup() as group:
                taking = group.create_task(take())
                for _ in range(20):
                    before = taken
                    assert await ask(ours, b"small") == b"small"
                    assert taken - before < 4 * (WINDOW + UNSENT + 2 * 65_535)
                taking.cancel()
            bulk.reset()

    net.run(main())


@both
def test_what_goes_wrong_in_one_stream_ends_only_that_stream(net: Any, kind: str) -> None:
    async def answer(stream: Stream) -> None:
        match await stream.receive():
            case b"bug":
                raise RuntimeError("a mistake of ours")
            case b"refusal":
                raise PermissionDenied("no")
            case b"timeout":
                raise TimeoutError
            case _:
                await stream.send(b"fine")

    async def main() -> None:
        async with net.linked(kind, answer) as (ours, _):
            for first in (b"bug", b"refusal", b"timeout"):
                with pytest.raises(Busy):
                    await ask(ours, first)
            assert await ask(ours, b"x") == b"fine"

    net.run(main())


@both
def test_a_breach_of_the_protocol_seen_by_a_handler_ends_the_link(net: Any, kind: str) -> None:
    async def answer(stream: Stream) -> None:
        raise PeerMisbehaved("The peer sent nonsense.")

    async def main() -> None:
        async with net.linked(kind, answer) as (ours, theirs):
            with pytest.raises(Unreachable):
                await ask(ours, b"x")
            await ours.close()
            assert theirs.closed == "The peer sent nonsense."
            assert ours.closed is not None
            with pytest.raises(Unreachable):
                await ours.request(b"x")
            with pytest.raises(Unreachable):
                await ours.ping()

    net.run(main())


def test_a_breach_found_in_a_stream_that_the_peer_called_off_does_not_end_the_link(net: Any) -> None:
    async def answer(stream: Stream) -> None:
        if await stream.receive() == b"x":
            return await stream.send(b"fine")
        try:
            await stream.receive()
        except Cancelled as error:
            raise PeerMisbehaved("The transfer is not complete.") from error

    async def main() -> None:
        async with net.linked("memory", answer) as (ours, theirs):
            (await ours.request(b"half")).reset()
            assert await ask(ours, b"x") == b"fine"
            assert theirs.closed is None

    net.run(main())


def test_the_65th_request_of_our_own_is_told_to_wait(net: Any) -> None:
    async def main() -> None:
        async with net.linked("memory", wait_forever) as (ours, _):
            await ours.ping()  # by now the hellos are over and have given their streams back
            streams = [await ours.request(b"x") for _ in range(MAX_STREAMS)]
            with pytest.raises(Busy):
                await ours.request(b"x")
            streams[0].reset()
            await ours.ping()
            await ours.request(b"x")

    net.run(main())


# What a hostile peer does


def test_a_flood_of_65_streams_ends_the_link(net: Any) -> None:
    async def main() -> None:
        async with net.against(wait_forever) as (peer, link):
            opens = b"".join(header(Type.OPEN, 3 + 2 * number, 0) for number in range(MAX_STREAMS + 1))
            await peer.send_frames(opens)
            await link._over.wait()
            assert "too many streams" in link.closed

    net.run(main())


def test_opening_and_resetting_at_once_starts_no_more_handlers_than_allowed(net: Any) -> None:
    async def main() -> None:
        running = most = 0

        async def answer(stream: Stream) -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            try:
                await asyncio.Event().wait()  # does not notice the reset: it waits for something else
            finally:
                running -= 1

        async with net.against(answer) as (peer, link):
            for token in range(5):
                opened = [peer.session.open() for _ in range(MAX_STREAMS // 2)]
                for stream in opened:
                    peer.session.send(stream, b"work")
                    peer.session.reset(stream)
                await peer.flush()
                peer.session.ping(token)
                await peer.flush()
                await peer.hear_until(Ponged)
            assert most <= MAX_HANDLERS
            assert link.closed is None

    net.run(main())


def test_what_a_peer_parks_on_streams_nobody_reads_is_bounded(net: Any) -> None:
    async def main() -> None:
        async with net.against(wait_forever) as (peer, link):
            codes = []
            for _ in range(40):
                stream = peer.session.open()
                for _ in range(4):
                    peer.session.send(stream, b"x" * 60_000)
                await peer.flush()
            assert link._parked <= PARKED
            while len(codes) < 40 - PARKED // 240_000:
                codes += [event.code for event in await peer.hear() if isinstance(event, WasReset)]
            assert link.closed is None

    net.run(main())


def test_a_peer_that_does_not_read_at_all_costs_little_and_is_left(net: Any) -> None:
    async def main() -> None:
        sent = 0

        async def answer(stream: Stream) -> None:
            nonlocal sent
            await stream.receive()
            while True:
                await stream.send(b"x" * 60_000)
                sent += 60_000

        async with net.against(answer) as (peer, link):
            for _ in range(50):
                stream = peer.session.open()
                peer.session.send(stream, b"bulk")
            await peer.flush()
            async with asyncio.timeout(100):
                await link._over.wait()
            assert sent <= UNSENT + 6 * 65_535  # what lies in the queue between the two, and a little
            assert "not been heard" in link.closed

    net.run_virtual(main())


def test_a_peer_that_vanishes_without_a_word_is_noticed(net: Any) -> None:
    async def main() -> None:
        one, other = net.memory_pair()
        ours, theirs = await net.establish(one, other)
        async with asyncio.TaskGroup() as group:
            group.create_task(ours.run(echo))
            group.create_task(theirs.run(echo))
            assert await ask(ours, b"x") == b"x"
            waiting = asyncio.ensure_future(ours.request(b"y"))
            one.is_mute = other.is_mute = True
            begun = asyncio.get_running_loop().time()
            await ours._over.wait()
            await theirs._over.wait()
            assert asyncio.get_running_loop().time() - begun <= 61
            assert "not been heard for 40 seconds" in ours.closed
            stream = await waiting
            with pytest.raises(Unreachable):
                await stream.receive()

    net.run_virtual(main())


def test_a_quiet_but_living_link_lives_on_for_a_day(net: Any) -> None:
    async def main() -> None:
        async with net.linked("memory", echo) as (ours, theirs):
            await asyncio.sleep(24 * 3600)
            assert ours.closed is None
            assert theirs.closed is None
            assert await ask(ours, b"x") == b"x"

    net.run_virtual(main())


def test_a_websocket_peer_behind_a_pulled_cable_is_noticed(net: Any) -> None:
    async def main() -> None:
        links: list[Link] = []

        async def accept(pipe: Any) -> None:
            link = await Link.establish(pipe, Role.RESPONDER, net.listener, None, net.clock, ping_every=0.05)
            links.append(link)
            await link.run(echo)

        listening = await WebSocketTransport().listen(Address("127.0.0.1", 0), accept)
        pipe = await WebSocketTransport().dial(listening.address, 60)
        ours = await Link.establish(pipe, Role.INITIATOR, net.dialler, net.listener.node_id, net.clock)
        pipe._connection.transport.pause_reading()  # ours never runs and never reads: to the other side it is gone
        while not links:
            await asyncio.sleep(0)
        async with asyncio.timeout(60):
            await links[0]._over.wait()
        assert "not been heard" in links[0].closed
        await pipe.close()
        await ours.close()
        await listening.close()

    net.run(main())


@pytest.mark.parametrize(
    "frames",
    [
        b"",
        b"\x09\0\0\0\0\x03\0\0",
        header(Type.DATA, 99, 1) + b"x",
        header(Type.OPEN, 2, 0),
        header(Type.CLOSE, 99, 0),
        header(Type.OPEN, 3, 0) + numbered(Type.CREDIT, 3, 1 << 31),
        numbered(Type.PONG, 0, 77),
        b"".join(numbered(Type.PING, 0, number) for number in range(3000)),
        header(Type.DATA, 2, 5) + b"hello",  # on our hello's stream
    ],
    ids=["empty", "type", "unknown", "parity", "close", "credit", "pong", "pings", "hello"],
)
def test_frames_that_break_the_protocol_end_the_link(net: Any, frames: bytes) -> None:
    async def main() -> None:
        async with net.against(echo) as (peer, link):
            await peer.send_frames(frames)
            await link._over.wait()
            assert link.closed.startswith("The peer")

    net.run(main())


@pytest.mark.parametrize("change", ["altered", "repeated", "dropped", "cut", "not sealed"])
def test_a_message_changed_on_its_way_ends_the_link(net: Any, change: str) -> None:
    async def main() -> None:
        async with net.against(echo) as (peer, link):
            peer.session.ping(5)
            message = peer.session.outgoing()
            match change:
                case "altered":
                    sent = [message[:-1] + bytes([message[-1] ^ 1])]
                case "repeated":
                    sent = [message, message]
                case "dropped":
                    peer.session.ping(6)
                    sent = [peer.session.outgoing()]
                case "cut":
                    sent = [message[:10]]
                case _:
                    sent = [b"x" * 40]
            for one in sent:
                await peer.pipe.send(one)
            await link._over.wait()
            assert "altered or lost" in link.closed

    net.run(main())


# The end


@both
def test_closing_sends_what_is_in_line_and_ends_both_sides(net: Any, kind: str) -> None:
    async def main() -> None:
        sent = asyncio.Event()

        async def answer(stream: Stream) -> None:
            await stream.receive()
            for _ in range(4):
                await stream.send(b"x" * 40_000)
            sent.set()

        async with net.linked(kind, answer) as (ours, theirs):
            stream = await ours.request(b"x")
            await sent.wait()
            await theirs.close("enough")
            assert theirs.closed == "enough"
            for _ in range(4):
                assert await stream.receive() == b"x" * 40_000
            await ours.close()
            assert ours.closed == "The other side ended the connection."

    net.run(main())


def test_a_peer_is_told_before_the_pipe_ends(net: Any) -> None:
    async def main() -> None:
        async with net.against(echo) as (peer, link), asyncio.TaskGroup() as group:
            group.create_task(link.close())
            await peer.hear_until(WentAway)

    net.run(main())


def test_a_peer_that_says_goodbye_and_stays_is_left_soon(net: Any) -> None:
    async def main() -> None:
        async with net.against(echo) as (peer, link):
            peer.session.goaway()
            await peer.flush()
            begun = asyncio.get_running_loop().time()
            async with asyncio.TaskGroup() as group:
                chatting = group.create_task(_ping_without_end(peer))
                await link.idle()
                while link.closed is None:
                    await asyncio.sleep(0.01)
                await link._over.wait()
                chatting.cancel()
            assert asyncio.get_running_loop().time() - begun < CLOSE_WITHIN + 1

    net.run_virtual(main())


async def _ping_without_end(peer: Any) -> None:
    """Bytes keep coming, so silence is not what ends the link."""
    with contextlib.suppress(PipeClosed):
        for token in range(1000):
            await peer.send_frames(numbered(Type.PING, 0, token))
            await asyncio.sleep(0.2)


def test_a_mistake_of_ours_is_logged_by_its_kind_and_never_with_its_text(
    net: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(stream: Stream) -> None:
        raise RuntimeError("holds s3cret")

    async def main() -> None:
        async with net.linked("memory", answer) as (ours, _):
            with pytest.raises(Busy):
                await ask(ours, b"x")

    net.run(main())
    assert "RuntimeError" in caplog.text
    assert "s3cret" not in caplog.text


def test_closing_does_not_wait_long_for_a_peer_that_takes_nothing(net: Any) -> None:
    async def main() -> None:
        async def answer(stream: Stream) -> None:
            await stream.receive()
            while True:
                await stream.send(b"x" * 60_000)

        async with net.against(answer) as (peer, link):
            for _ in range(10):
                peer.session.send(peer.session.open(), b"bulk")
            await peer.flush()
            await asyncio.sleep(1)
            begun = asyncio.get_running_loop().time()
            await link.close()
            assert asyncio.get_running_loop().time() - begun < 5

    net.run_virtual(main())


def test_a_link_that_never_ran_can_be_closed(net: Any) -> None:
    async def main() -> None:
        one, other = net.memory_pair()
        ours, theirs = await net.establish(one, other)
        await ours.close("busy")
        await ours.close()
        await ours.run(echo)
        assert ours.closed == "busy"
        await theirs.run(echo)
        assert theirs.closed is not None

    net.run(main())


def test_a_cancelled_run_closes_the_pipe_and_leaves_no_task(net: Any) -> None:
    async def main() -> None:
        one, other = net.memory_pair()
        ours, theirs = await net.establish(one, other)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(ours.run(wait_forever))
            group.create_task(theirs.run(wait_forever))
            stream = await theirs.request(b"x")
            own = await ours.request(b"x")
            await asyncio.sleep(1)
            running.cancel()
            await asyncio.wait([running])
            for broken in (stream, own):
                with pytest.raises(Unreachable):
                    await broken.receive()
            assert "stopped here" in ours.closed

    net.run_virtual(main())


def test_a_handler_may_close_its_own_link(net: Any) -> None:
    async def main() -> None:
        one, other = net.memory_pair()
        ours, theirs = await net.establish(one, other)

        async def answer(stream: Stream) -> None:
            await theirs.close("on request")

        async with asyncio.TaskGroup() as group:
            group.create_task(ours.run(echo))
            group.create_task(theirs.run(answer))
            with pytest.raises(Unreachable):
                await ask(ours, b"x")
        assert theirs.closed == "on request"

    net.run(main())


def test_idle_waits_for_requests_of_both_directions(net: Any) -> None:
    async def main() -> None:
        go = asyncio.Event()

        async def answer(stream: Stream) -> None:
            await go.wait()

        async with net.linked("memory", answer) as (ours, theirs):
            await ours.idle()
            await theirs.idle()
            stream = await ours.request(b"x")
            await ours.ping()
            for link in (ours, theirs):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(10):
                        await link.idle()
            go.set()
            assert await stream.receive() is None
            await stream.close()
            await theirs.idle()
            await ours.idle()

    net.run_virtual(main())


def test_a_link_that_is_over_leaves_nothing_in_memory(net: Any) -> None:
    async def main() -> weakref.ref[Link]:
        async with net.linked("memory", echo) as (ours, _):
            await ask(ours, b"x" * 1000)
            seen = weakref.ref(ours)
        return seen

    seen = net.run(main())
    gc.collect()
    assert seen() is None


def test_a_thousand_requests_leave_no_stream_behind(net: Any) -> None:
    async def main() -> None:
        async with net.linked("memory", echo) as (ours, theirs):
            for _ in range(1000):
                await ask(ours, b"x")
            await ours.ping()
            await theirs.ping()
            for link in (ours, theirs):
                assert not link._streams
                assert not link._under_way
                assert link._handlers == 0
                assert link._parked == 0

    net.run(main())
