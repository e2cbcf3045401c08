from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pk_tui.errors import Unreachable
from pk_tui.net.pings import PING_WITHIN, Pings, seconds
from pk_tui.wire.events import Ponged
from pk_tui.wire.handshake import Role


async def two_peers(net: Any) -> tuple[Any, Any]:
    one, other = net.memory_pair()
    async with asyncio.TaskGroup() as group:
        ours = group.create_task(net.RawPeer.shake(one, Role.INITIATOR, net.dialler, net.listener))
        theirs = group.create_task(net.RawPeer.shake(other, Role.RESPONDER, net.listener, net.dialler))
    return ours.result(), theirs.result()


def test_each_answer_goes_to_the_ping_that_asked_and_the_last_one_is_remembered(net: Any) -> None:
    async def main() -> None:
        ours, theirs = await two_peers(net)
        pings = Pings(ours.session, net.clock)
        assert pings.rtt is None
        first = pings.ask()
        await asyncio.sleep(3)
        second = pings.ask()
        await ours.flush()
        await theirs.hear()
        await theirs.flush()
        for event in await ours.hear():
            assert isinstance(event, Ponged)
            pings.answer(event.token)
        assert await seconds(first) == pytest.approx(3, abs=0.01)
        assert await seconds(second) == pings.rtt == pytest.approx(0, abs=0.01)

    net.run_virtual(main())


def test_an_answer_that_does_not_come_is_not_waited_for_without_end(net: Any) -> None:
    async def main() -> None:
        ours, _ = await two_peers(net)
        pings = Pings(ours.session, net.clock)
        with pytest.raises(Unreachable, match="within 10 seconds"):
            await seconds(pings.ask())
        assert asyncio.get_running_loop().time() == pytest.approx(PING_WITHIN, abs=0.01)

    net.run_virtual(main())


def test_who_gave_up_waiting_does_not_keep_the_answer_from_being_taken(net: Any) -> None:
    async def main() -> None:
        ours, _ = await two_peers(net)
        pings = Pings(ours.session, net.clock)
        pings.ask().cancel()
        pings.answer(1)
        assert pings.rtt == 0

    net.run_virtual(main())


def test_when_the_link_ends_whoever_waits_is_told_why(net: Any) -> None:
    async def main() -> None:
        ours, _ = await two_peers(net)
        pings = Pings(ours.session, net.clock)
        waiting = pings.ask()
        pings.ask()  # nobody waits for this one, and asyncio is not to complain of it
        pings.break_off("The cable was pulled.")
        with pytest.raises(Unreachable, match="cable"):
            await waiting

    net.run_virtual(main())
