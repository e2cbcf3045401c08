"""The one place that builds a real agent and opens a face."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from pk_tui.agent.agent import Agent
from pk_tui.agent.desk import ThreadDesk
from pk_tui.agent.lifecycle import as_password, entropy_of
from pk_tui.api.facade import AgentApi
from pk_tui.api.views import StatusView
from pk_tui.clock import SystemClock
from pk_tui.crypto.entropy import random_bytes
from pk_tui.crypto.keys import RecoveryKey, SigningKey
from pk_tui.crypto.passphrase import Cost
from pk_tui.crypto.seal import SealKey
from pk_tui.crypto.words import new_recovery_entropy, to_words
from pk_tui.crypto.wrap import unwrap_with_password, wrap_for_password, wrap_for_recovery
from pk_tui.errors import AlreadyExists, NotFound
from pk_tui.home import Home
from pk_tui.net.websocket import WebSocketTransport
from pk_tui.plaintext import Plaintext
from pk_tui.store.database import Database
from pk_tui.store.node import NodeStore
from pk_tui.store.witness import FileWitness
from pk_tui.terms import Address, NodeId
from pk_tui.trust.claim import make_genesis


def main(argv: list[str]) -> int:
    """Run one command in this process; what the console script falls back to when no agent holds the node."""
    from pk_tui.cli.main import main_direct

    return main_direct(argv)


def throw_away_password() -> str:
    """A password for a node that is made to be removed again."""
    return random_bytes(16).hex()


async def create_node(home: Home, password: Plaintext, words: Plaintext | None = None) -> tuple[NodeId, Plaintext]:
    """A new node in an empty directory: its id and the 24 recovery words. Raises AlreadyExists if something is there.

    With the `words` of an earlier node this is a new node, with a new key, of the same person: its first claim is signed by
    the same recovery key, which is what shows the succession.

    The database is made under another name and renamed when it is whole, so a broken-off bootstrap leaves nothing that
    looks like a node.
    """
    secret = as_password(password)
    if words is not None:
        entropy_of(words)  # refused before anything is made
    home.create()
    with home.lock():
        if not home.is_empty():
            raise AlreadyExists(
                f"There is already something in {home.shown}. Nothing was changed; choose another --node-path."
            )
        recovery_entropy = new_recovery_entropy() if words is None else entropy_of(words)
        recovery, root, seed = RecoveryKey(recovery_entropy), SealKey.generate(), SealKey(random_bytes(32))
        signing = SigningKey(seed)
        slot = await asyncio.to_thread(wrap_for_password, root, secret, Cost())
        now = SystemClock().now()
        home.discard_unfinished()
        database = Database.create(home.unfinished_database)
        try:
            store = NodeStore.create(
                database,
                FileWitness(home.witness),
                genesis=make_genesis(signing, recovery, now),
                node_id=signing.node_id,
                seed=seed,
                password_slot=slot,
                root=root,
                recovery_wrapped=wrap_for_recovery(root, recovery.box_public),
                recovery_box=recovery.box_public,
                now=now,
            )
            store.lock()
        finally:
            database.close()
        home.finish_database()
        return signing.node_id, to_words(recovery_entropy)


@asynccontextmanager
async def _opened(home: Home, listen: Address | None, stays: bool) -> AsyncIterator[Agent]:
    """The node's agent, locked, holding the node's lock for as long as the block runs."""
    if not home.has_node():
        raise NotFound(f"There is no node in {home.shown}. Create one with `pk-tui bootstrap`.")
    # Without a handler Python prints warnings to standard error, which belongs to the command or the screen.
    logging.getLogger("pk_tui").addHandler(logging.NullHandler())
    clock = SystemClock()
    with home.lock():
        desk = ThreadDesk(clock)
        database = await desk.do(lambda: Database.open(home.database))
        try:
            store = await desk.do(lambda: NodeStore.open(database, FileWitness(home.witness)))
            async with Agent(store, desk, clock, WebSocketTransport(), listen=listen, stays=stays) as agent:
                yield agent
        finally:
            await desk.do(database.close)
            await desk.close()


async def _unlock(agent: Agent, password: Plaintext, accept_state: bool) -> None:
    slot = agent.store.password_slot
    root = await asyncio.to_thread(unwrap_with_password, slot, as_password(password))
    await agent.unlock(root, accept_state)


async def run_agent(
    home: Home,
    password: Plaintext,
    listen: Address,
    accept_state: bool,
    ready: Callable[[StatusView], None],
) -> int:
    """A headless agent in this process: unlocked, listening, serving its control socket, until it is asked to stop."""
    from pk_tui.cli.main import run
    from pk_tui.control.server import ControlServer

    async with _opened(home, listen, stays=True) as agent:
        await _unlock(agent, password, accept_state)
        async with ControlServer(home, lambda invocation: run(invocation, agent)):
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, agent.stop_requested.set)
            ready(await agent.lifecycle.status())
            with suppress(asyncio.CancelledError):
                await agent.stop_requested.wait()
    return 0


async def with_agent(
    home: Home,
    password: Plaintext | None,
    use: Callable[[AgentApi], Awaitable[int]],
    accept_state: bool = False,
) -> int:
    """Open the node for one command; without a password it stays locked. It listens on no port, and is closed afterwards."""
    async with _opened(home, None, stays=False) as agent:
        if password is not None:
            await _unlock(agent, password, accept_state)
        return await use(agent)
