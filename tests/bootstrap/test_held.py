"""A node held in this process: one task from opening to closing, whatever happens between."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pk_tui.bootstrap.held import HandoverStore, HeldNode, by_password, by_root
from pk_tui.bootstrap.node import opened
from pk_tui.crypto.passphrase import Cost
from pk_tui.crypto.seal import SealKey
from pk_tui.crypto.wrap import PasswordSlot, wrap_for_recovery
from pk_tui.errors import Locked, WrongPassword
from pk_tui.home import Home
from pk_tui.store.database import Database
from pk_tui.store.witness import FileWitness
from pk_tui.terms import Address

LOOPBACK = Address("127.0.0.1", 0)


class Holding:
    def __init__(self, home: Home) -> None:
        self.reported: list[BaseException] = []
        self.held = HeldNode(home, LOOPBACK, lambda: None, self._report)

    def _report(self, error: BaseException) -> None:
        self.reported.append(error)


def is_free(home: Home) -> bool:
    with home.lock():
        return True


def test_what_is_held_serves_until_it_is_let_go_of(made, home, program, run_async) -> None:
    async def scenario() -> None:
        holding = Holding(home)
        async with asyncio.TaskGroup() as group:
            agent = await holding.held.start(group, by_root(made.root), False)
            status = await agent.lifecycle.status()
            assert not status.locked
            assert status.listening is not None
            assert (await program.type("vaults", "create", "from outside")).code == 0
            assert [vault.name for vault in await agent.vaults.list()] == ["from outside"]
            await holding.held.let_go()
            assert holding.held.is_over
            assert is_free(home)
            await holding.held.let_go()
        assert holding.reported == []

    run_async(scenario())


def test_a_refused_start_leaves_nothing_open(made, home, run_async) -> None:
    async def scenario() -> None:
        async with asyncio.TaskGroup() as group:
            with pytest.raises(WrongPassword):
                await Holding(home).held.start(group, by_password(made.wrong), False)
            assert is_free(home)
            holding = Holding(home)
            await holding.held.start(group, by_password(made.password), False)
            await holding.held.let_go()

    run_async(scenario())


def test_a_caller_that_gives_up_leaves_nothing_open(home, run_async) -> None:
    async def scenario() -> None:
        asked = asyncio.Event()

        async def never(_: Any) -> SealKey:
            asked.set()
            return await asyncio.get_running_loop().create_future()

        async with asyncio.TaskGroup() as group:
            opening = group.create_task(Holding(home).held.start(group, never, False))
            await asked.wait()
            opening.cancel()
            await asyncio.wait([opening])
            assert is_free(home)

    run_async(scenario())


def test_agent_stop_ends_the_holding(made, home, program, run_async) -> None:
    async def scenario() -> None:
        holding = Holding(home)
        async with asyncio.TaskGroup() as group:
            await holding.held.start(group, by_root(made.root), False)
            assert (await program.type("agent", "stop")).code == 0
            assert is_free(home)
            assert holding.held.is_over

    run_async(scenario())


def test_a_mistake_of_ours_ends_the_holding_alone_and_is_reported(made, home, run_async) -> None:
    async def scenario() -> None:
        holding = Holding(home)
        async with asyncio.TaskGroup() as group:
            agent = await holding.held.start(group, by_root(made.root), False)

            async def fail() -> None:
                raise ZeroDivisionError

            agent._group.create_task(fail())
            while not holding.held.is_over:
                await asyncio.sleep(0)
                await asyncio.wait([holding.held._task])
            assert is_free(home)
        (error,) = holding.reported
        assert isinstance(error, ExceptionGroup)
        assert isinstance(error.exceptions[0], ZeroDivisionError)

    run_async(scenario())


def test_a_full_lock_drops_the_key_and_unlocking_brings_it_back(made, home, run_async) -> None:
    async def scenario() -> None:
        holding = Holding(home)
        held = holding.held
        async with asyncio.TaskGroup() as group:
            agent = await held.start(group, by_root(made.root), False)
            assert held.root_key.reveal() == made.root.reveal()
            await agent.lifecycle.lock()
            with pytest.raises(Locked):
                _ = held.root_key
            with pytest.raises(WrongPassword):
                await held.unlock(by_password(made.wrong), False)
            assert agent.is_locked
            assert await held.unlock(by_password(made.password), False) is agent
            assert held.root_key.reveal() == made.root.reveal()
            await held.let_go()
            with pytest.raises(Locked):
                _ = held.root_key

    run_async(scenario())


def test_a_new_root_key_is_the_one_that_is_kept(made, home) -> None:
    database = Database.open(home.database)
    store = HandoverStore.open(database, FileWitness(home.witness))
    assert isinstance(store, HandoverStore)
    new, newer = SealKey.generate(), SealKey.generate()
    slot = PasswordSlot(bytes(16), Cost(), bytes(72))
    store.rekey(made.root, new, slot, wrap_for_recovery(new, store.recovery_box))
    assert store.root is None  # it was locked, and is again
    store.unlock(new)
    store.rekey(new, newer, slot, wrap_for_recovery(newer, store.recovery_box))
    assert store.root is newer
    store.unlock(made.root)  # open already: nothing is looked at, and nothing else is believed
    assert store.root is newer
    store.close()
    assert store.root is None


def test_a_refused_root_key_is_not_kept(home, run_async) -> None:
    async def scenario() -> None:
        async with opened(home, None, True, HandoverStore.open) as agent:
            with pytest.raises(Exception, match="does not open"):
                await agent.unlock(SealKey.generate())
            assert isinstance(agent.store, HandoverStore)
            assert agent.store.root is None

    run_async(scenario())
