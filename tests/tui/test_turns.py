from __future__ import annotations

import asyncio

from tui.closed import SetClock

from pk_tui.tui.turns import KEPT_FOR, Turns


def test_one_verb_at_a_time_has_the_turn() -> None:
    turns = Turns(SetClock())
    first = turns.begin()
    assert first is not None
    assert turns.begin() is None
    first.end()
    second = turns.begin()
    assert second is not None
    first.end()  # it has none any more: nothing is taken from the other
    assert turns.begin() is None


def test_keys_are_kept_for_a_verb_for_a_while_and_again_after_each_thing_it_asked() -> None:
    clock = SetClock()
    turns = Turns(clock)
    assert not turns.keeps_keys
    turn = turns.begin()
    assert turn is not None
    assert turns.keeps_keys
    clock.advance(KEPT_FOR)
    assert not turns.keeps_keys
    assert turns.begin() is None
    turn.goes_on()
    assert turns.keeps_keys
    turn.end()
    assert not turns.keeps_keys
    turn.goes_on()
    assert not turns.keeps_keys


def test_who_waits_for_somebody_else_lets_others_begin_and_asks_on_when_they_are_done() -> None:
    async def scenario() -> None:
        turns = Turns(SetClock())
        first = turns.begin()
        assert first is not None
        async with first.given_up():
            assert not turns.keeps_keys
            second = turns.begin()
            assert second is not None
        assert turns.begin() is None
        coming = asyncio.create_task(first.comes())
        await asyncio.sleep(0)
        assert not coming.done()
        second.end()
        await coming
        assert turns.begin() is None
        first.end()
        third = turns.begin()
        assert third is not None
        third.end()

    asyncio.run(scenario())


def test_after_waiting_the_turn_is_the_same_verbs_again_if_no_other_has_begun() -> None:
    async def scenario() -> None:
        turns = Turns(SetClock())
        turn = turns.begin()
        assert turn is not None
        async with turn.given_up():
            pass
        assert turns.begin() is None
        await turn.comes()
        assert turns.begin() is None

    asyncio.run(scenario())


def test_of_several_that_wait_one_at_a_time_has_the_turn() -> None:
    async def scenario() -> None:
        turns = Turns(SetClock())
        came: list[int] = []
        running = 0

        async def verb(number: int) -> None:
            nonlocal running
            turn = turns.begin() or type(holder)(turns)
            async with turn.given_up():
                await asyncio.sleep(0)
            await turn.comes()
            running += 1
            assert running == 1
            await asyncio.sleep(0)
            came.append(number)
            running -= 1
            turn.end()

        holder = turns.begin()
        assert holder is not None
        verbs = [asyncio.create_task(verb(number)) for number in range(5)]
        for _ in range(10):
            await asyncio.sleep(0)
        assert came == []
        holder.end()
        await asyncio.gather(*verbs)
        assert sorted(came) == [0, 1, 2, 3, 4]

    asyncio.run(scenario())
