"""A real node's store: made whole or not at all, opened by its password, closed again. Who uses it, and how long, is `running`'s
and `held`'s affair."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from pk_tui.agent.agent import Agent
from pk_tui.agent.desk import ThreadDesk
from pk_tui.agent.lifecycle import as_password, entropy_of
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
from pk_tui.store.witness import FileWitness, Witness
from pk_tui.terms import Address, NodeId
from pk_tui.trust.genesis import make_genesis

OpenStore = Callable[[Database, Witness], NodeStore]


def throw_away_password() -> str:
    """A password for a node that is made to be removed again."""
    return random_bytes(16).hex()


@dataclass(frozen=True, slots=True)
class Made:
    """A node just made, closed. The root key opens it without the second or so that its password takes."""

    node_id: NodeId
    words: Plaintext
    root: SealKey


async def create_node(home: Home, password: Plaintext, words: Plaintext | None = None) -> tuple[NodeId, Plaintext]:
    """A new node in an empty directory: its id and the 24 recovery words. Raises AlreadyExists if something is there.

    With the `words` of an earlier node this is a new node, with a new key, of the same person: its first claim is signed by
    the same recovery key, which is what shows the succession.
    """
    made = await make_node(home, password, words)
    return made.node_id, made.words


async def make_node(home: Home, password: Plaintext, words: Plaintext | None = None) -> Made:
    """As `create_node`.

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
        return Made(signing.node_id, to_words(recovery_entropy), root)


@asynccontextmanager
async def opened(
    home: Home, listen: Address | None, stays: bool, open_store: OpenStore = NodeStore.open, breath: float = 0.0
) -> AsyncIterator[Agent]:
    """The node's agent, locked, holding the node's lock for as long as the block runs. `breath` is the desk's."""
    if not home.has_node():
        raise NotFound(f"There is no node in {home.shown}. Create one with `pk-tui bootstrap`.")
    clock = SystemClock()
    with home.lock(), _nothing_printed():
        desk = ThreadDesk(clock, breath=breath)
        database = await desk.do(lambda: Database.open(home.database))
        try:
            store = await desk.do(lambda: open_store(database, FileWitness(home.witness)))
            async with Agent(store, desk, clock, WebSocketTransport(), listen=listen, stays=stays) as agent:
                yield agent
        finally:
            await desk.do(database.close)
            await desk.close()


@contextmanager
def _nothing_printed() -> Iterator[None]:
    """Without a handler Python prints warnings to standard error, which belongs to the command or the screen."""
    logger, handler = logging.getLogger("pk_tui"), logging.NullHandler()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


async def root_from_password(agent: Agent, password: Plaintext) -> SealKey:
    """The node's root key, after about a second in a thread. Raises WrongPassword."""
    return await asyncio.to_thread(unwrap_with_password, agent.store.password_slot, as_password(password))
