from __future__ import annotations

import asyncio

from pk_tui.agent.bus import QUEUE_LIMIT, Bus
from pk_tui.api.events import EventsLost, NotificationsChanged, VaultChanged
from pk_tui.terms import VaultId


def event(number: int) -> VaultChanged:
    return VaultChanged(VaultId(number.to_bytes(16, "big")))


def test_everyone_who_listens_is_told_in_order_and_nobody_who_came_later() -> None:
    async def main() -> None:
        bus = Bus()
        bus.say(event(0))
        async with bus.listen() as one, bus.listen() as other:
            bus.say(event(1))
            bus.say(event(2))
            for events in (one, other):
                assert [await anext(events), await anext(events)] == [event(1), event(2)]

    asyncio.run(main())


def test_who_is_too_slow_is_told_to_read_again_and_holds_up_nobody() -> None:
    async def main() -> None:
        bus = Bus()
        async with bus.listen() as slow, bus.listen() as fast:
            for number in range(QUEUE_LIMIT + 1):
                bus.say(event(number))
                assert await anext(fast) == event(number)
            bus.say(NotificationsChanged())
            assert await anext(slow) == EventsLost()
            assert await anext(slow) == NotificationsChanged()

    asyncio.run(main())


def test_who_stops_listening_is_forgotten() -> None:
    async def main() -> None:
        bus = Bus()
        async with bus.listen():
            pass
        assert bus._queues == set()
        bus.say(event(1))

    asyncio.run(main())


def test_a_listener_that_waits_is_woken() -> None:
    async def main() -> None:
        bus = Bus()
        async with bus.listen() as events:
            waiting = asyncio.create_task(anext(events))  # type: ignore[arg-type]
            await asyncio.sleep(0)
            bus.say(event(7))
            assert await waiting == event(7)

    asyncio.run(main())
