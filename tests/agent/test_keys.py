from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from agent.actors import alone, content, noise, pair, refused, tried
from simulator import World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.agent.keys import STEP
from pk_tui.errors import CannotOpen, Locked, Misuse, UnknownNode

SIZES = [0, 1, 65_536, STEP, STEP + 1, 3_000_000]


def pieces(raw: bytes, step: int = 100_000) -> AsyncIterator[bytes]:
    return content(*(raw[at : at + step] for at in range(0, len(raw), step)))


async def sealed(agent: Agent, raw: bytes, node: str) -> bytes:
    return b"".join([piece async for piece in agent.keys.encrypt(pieces(raw), node)])


async def opened(agent: Agent, *raw: bytes) -> bytes:
    return b"".join([piece.reveal() async for piece in agent.keys.decrypt(content(*raw))])


@pytest.mark.parametrize("size", SIZES)
def test_a_signature_is_good_for_its_content_and_its_node_alone(size: int) -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        file = noise(size)
        signature = await alice.keys.sign(pieces(file))
        assert await bob.keys.verify(pieces(file, 7_777), signature, "alice")
        assert await bob.keys.verify(content(file), signature, str(alice.node_id))
        assert not await bob.keys.verify(content(file, b"x"), signature, "alice")
        assert not await alice.keys.verify(content(file), signature, "bob")
        assert await alice.keys.verify(content(file), signature, str(alice.node_id))

    simulate(scenario)


def test_what_is_no_signature_or_no_node_is_said_before_the_file_is_read() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)

        async def unread() -> AsyncIterator[bytes]:
            raise AssertionError
            yield b""

        signature = await alice.keys.sign(content(b"x"))
        with refused(Misuse, "not a signature"):
            await alice.keys.verify(unread(), signature[:-1], "bob")
        with refused(UnknownNode):
            await alice.keys.verify(unread(), signature, "nobody")
        with refused(UnknownNode):
            [piece async for piece in alice.keys.encrypt(unread(), "nobody")]

    simulate(scenario)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_sealed_for_a_node_opens_there_and_nowhere_else(size: int) -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        file = noise(size)
        there = await sealed(alice, file, "bob")
        assert await opened(bob, there) == file
        assert await opened(bob, *(there[at : at + 1_000_000] for at in range(0, len(there), 1_000_000))) == file
        with refused(CannotOpen, "not sealed for this node"):
            await opened(alice, there)

    simulate(scenario)


def test_what_comes_out_before_the_end_turns_out_to_be_missing_is_the_beginning() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        file = noise(1_000_000)
        there = await sealed(alice, file, str(alice.node_id))
        out = bytearray()

        async def take() -> None:
            async for piece in alice.keys.decrypt(pieces(there[:-1])):
                out.extend(piece.reveal())

        assert isinstance(await tried(take()), CannotOpen)
        assert 0 < len(out) < len(file)
        assert file.startswith(out)

    alone(scenario)


def test_nothing_of_a_file_is_held_longer_than_it_takes_to_work_on_it() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        ahead = 0

        async def source() -> AsyncIterator[bytes]:
            nonlocal ahead
            for _ in range(40):
                ahead += STEP
                assert ahead <= 3 * STEP
                yield bytes(STEP)

        async for piece in alice.keys.encrypt(source(), str(alice.node_id)):
            ahead -= len(piece)

    alone(scenario)


def test_others_get_their_turn_within_one_large_piece() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async with asyncio.TaskGroup() as tasks:
            counting = tasks.create_task(count())
            await alice.keys.sign(content(bytes(10 * STEP)))
            counting.cancel()
        assert turns >= 10

    alone(scenario)


@pytest.mark.parametrize("deed", ["sign", "verify", "encrypt", "decrypt"])
def test_a_locked_agent_does_none_of_it_and_goes_on_with_none(deed: str) -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        me = str(alice.node_id)
        signature, there = await alice.keys.sign(content(b"x")), await sealed(alice, noise(500_000), me)

        async def source(lock: bool) -> AsyncIterator[bytes]:
            yield there[:200_000]
            if lock:
                await alice.lock()
            yield there[200_000:]

        async def carry_out(lock: bool) -> None:
            match deed:
                case "sign":
                    await alice.keys.sign(source(lock))
                case "verify":
                    await alice.keys.verify(source(lock), signature, me)
                case "encrypt":
                    [piece async for piece in alice.keys.encrypt(source(lock), me)]
                case _:
                    [piece async for piece in alice.keys.decrypt(source(lock))]

        assert await tried(carry_out(lock=False)) is None
        assert type(await tried(carry_out(lock=True))) is Locked
        assert type(await tried(carry_out(lock=False))) is Locked

    simulate(scenario)
