"""A node held open in this process under a screen: one task that opens it, serves its control socket and closes it again.

Which screen asks, and what happens after a refusal, is `front`'s affair. This file loads the agent: `front` imports it in a
thread, when a password has been given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from pk_tui.agent.agent import Agent
from pk_tui.bootstrap.node import create_node, make_node, opened, root_from_password
from pk_tui.cli.main import run
from pk_tui.control.server import ControlServer
from pk_tui.crypto.seal import SealKey
from pk_tui.crypto.wrap import PasswordSlot
from pk_tui.errors import Locked, PkError
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.store.database import Database
from pk_tui.store.node import NodeStore
from pk_tui.store.witness import Witness
from pk_tui.terms import Address

__all__ = ["HandoverStore", "HeldNode", "by_password", "by_root", "create_node", "make_node"]

BREATH = 0.01
"""Seconds that long work rests when the screen is at work too."""

GetRoot = Callable[[Agent], Awaitable[SealKey]]


class HandoverStore(NodeStore):
    """A store that keeps its root key while it is unlocked, so that another process of ours can go on with the node.

    The key that wraps everything is in memory then anyway; the root key opens nothing more than that.
    """

    root: SealKey | None = None

    def unlock(self, root: SealKey, accept: bool = False) -> None:
        was_locked = not self.unlocked
        super().unlock(root, accept)
        if was_locked:
            self.root = root

    def lock(self) -> None:
        self.root = None
        super().lock()

    def rekey(self, old_root: SealKey, new_root: SealKey, password_slot: PasswordSlot, recovery_wrapped: bytes) -> None:
        super().rekey(old_root, new_root, password_slot, recovery_wrapped)
        if self.unlocked:
            self.root = new_root


def by_password(password: Plaintext) -> GetRoot:
    return lambda agent: root_from_password(agent, password)


def by_root(root: SealKey) -> GetRoot:
    async def given(_: Agent) -> SealKey:
        return root

    return given


class HeldNode:
    """One holding of a node, from `start` until it is let go of, stopped from the command line, or fails."""

    def __init__(
        self,
        home: Home,
        listen: Address | None,
        refuses: Callable[[], PkError | None],
        report: Callable[[BaseException], Path | None],
    ) -> None:
        """`refuses`: why the control socket takes nothing just now. `report` is told of a failure that is our mistake."""
        self._home = home
        self._listen = listen
        self._refuses = refuses
        self._report = report
        self._store: HandoverStore | None = None
        self._agent: Agent | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def home(self) -> Home:
        return self._home

    @property
    def is_over(self) -> bool:
        return self._task is None or self._task.done()

    @property
    def agent(self) -> Agent:
        assert self._agent is not None
        return self._agent

    @property
    def root_key(self) -> Plaintext:
        """For the process that goes on with the node. Raises Locked."""
        root = None if self._store is None else self._store.root
        if root is None:
            raise Locked("The node is locked: its keys are not in memory. Unlock it first.")
        return Plaintext(root.reveal())

    async def start(self, tasks: asyncio.TaskGroup, get_root: GetRoot, accept_state: bool) -> Agent:
        """Open, unlock and serve, in a task of its own. If anything is refused, or the caller gives up, all is closed again
        by the time this raises."""
        ready: asyncio.Future[Agent] = asyncio.get_running_loop().create_future()
        self._task = tasks.create_task(self._live(get_root, accept_state, ready), name="held node")
        try:
            return await ready
        except BaseException:
            self._task.cancel()
            await asyncio.wait([self._task])
            raise

    async def unlock(self, get_root: GetRoot, accept_state: bool) -> Agent:
        """Open it again after a full lock. Raises WrongPassword, also if it is open."""
        await self.agent.unlock(await get_root(self.agent), accept_state)
        return self.agent

    async def let_go(self) -> None:
        """Close the node; returns when it is closed and its lock is free."""
        if self._task is None or self._task.done():
            return
        if self._agent is None:
            self._task.cancel()
        else:
            self._agent.stop_requested.set()
        await asyncio.wait([self._task])

    async def _live(self, get_root: GetRoot, accept_state: bool, ready: asyncio.Future[Agent]) -> None:
        try:
            async with opened(self._home, self._listen, True, self._open_store, BREATH) as agent:
                await agent.unlock(await get_root(agent), accept_state)
                async with self._serving(agent):
                    self._agent = agent
                    ready.set_result(agent)
                    await agent.stop_requested.wait()
        except Exception as error:
            # Never out of this task: it would take the screen with it. Everything is closed here, so what is refused
            # can be tried again.
            if not ready.done():
                ready.set_exception(error)
            elif self._agent is not None:
                self._report(error)
        finally:
            ready.cancel()

    def _serving(self, agent: Agent) -> ControlServer:
        return ControlServer(self._home, lambda one: run(one, agent), lambda: agent, self._refuses, self._report)

    def _open_store(self, database: Database, witness: Witness) -> NodeStore:
        store = HandoverStore.open(database, witness)
        assert isinstance(store, HandoverStore)
        self._store = store
        return store
