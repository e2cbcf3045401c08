"""Telling those who may pull a vault of ours that it has a new version, as far as they are connected.

A commit never waits for this: the bus says that a vault changed, and what is told is looked up when it is sent. So a burst of
commits is told as one, the newest, and after an unshare nothing more goes out. Each node is told one thing at a time. Who is not
connected is told nothing: he scans when he connects. What comes of it over there is `watching`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from pk_tui.agent.core import Core, Gate
from pk_tui.agent.directory import vault_with_id
from pk_tui.agent.rights import allows
from pk_tui.api.events import AgentEvent, EventsLost, VaultChanged, VaultRemoved
from pk_tui.errors import PkError
from pk_tui.net.link import Link
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import Action, NodeId, VaultId
from pk_tui.wire.messages import Moved, encode_message

log = logging.getLogger("pk_tui.announcing")

HEARD_WITHIN = 15.0
"""Seconds a peer has to close the stream on which it was told."""
TRIES = 3
"""In a row that a connected peer may leave unheard. Then it learns of the version with the next one, or when it scans."""
TRY_AGAIN = 20.0
"""Seconds before a peer that did not hear is told again."""


class Announcing:
    """One for each time the node is unlocked: begins when `run` does."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._heads: dict[VaultId, int] = {}
        """The newest number of each vault of ours. A change that brings no new one, such as a share with somebody else, is not
        told: readers do not learn of one another."""
        self._waiting: dict[NodeId, dict[VaultId, None]] = {}
        """What is yet to be told to whom, in order; a node is here while a task tells it."""
        self.ready = asyncio.Event()
        """Set when no new version goes unnoticed any more."""

    async def run(self) -> None:
        """Notice new versions for as long as the keys are in memory."""
        core = self._gate.core()
        async with core.bus.listen() as events:
            try:
                await core.desk.do(lambda: self._heads.update(_own_heads(core)))
            finally:
                self.ready.set()
            async for event in events:
                try:
                    await self._take(core, event)
                except PkError as error:  # one damaged row must not end this for every vault
                    log.warning("a new version could not be told: %s", error.kind)

    async def _take(self, core: Core, event: AgentEvent) -> None:
        match event:
            case VaultChanged(vault_id=vault_id):
                await self._look(core, [vault_id])
            case VaultRemoved(vault_id=vault_id):
                self._heads.pop(vault_id, None)
            case EventsLost():
                await self._look(core, None)
            case _:
                pass

    async def _look(self, core: Core, vault_ids: Sequence[VaultId] | None) -> None:
        """Tell of those of these vaults (None: of all) that have a new version."""
        linked = [link.peer for link in core.peers.live()]

        def job() -> list[tuple[NodeId, VaultId]]:
            own = _own_heads(core, vault_ids)
            moved = [vault_id for vault_id, sequence in own.items() if sequence > self._heads.get(vault_id, 0)]
            self._heads.update(own)
            return [(node, vault_id) for vault_id in moved for node in linked if _head_for(core, node, vault_id)]

        for node, vault_id in await core.desk.do(job, urgent=False):
            self.tell(node, vault_id)

    def tell(self, node: NodeId, vault_id: VaultId) -> None:
        """Show `node` the vault's newest head soon, if it is connected and may pull it then."""
        if node in self._waiting:
            self._waiting[node][vault_id] = None
        else:
            self._waiting[node] = {vault_id: None}
            self._gate.core().spawn(self._tell_all(node), "tell of a version")

    async def _tell_all(self, node: NodeId) -> None:
        core, waiting = self._gate.core(), self._waiting[node]
        unheard = 0
        try:
            while waiting and (link := core.peers.linked(node)) is not None:
                vault_id = next(iter(waiting))
                del waiting[vault_id]
                head = await core.desk.do(partial(_head_for, core, node, vault_id), urgent=False)
                if head is None or await _send(link, Moved(vault_id.raw, head)):
                    unheard = 0
                    continue
                unheard += 1
                if unheard == TRIES:
                    return
                waiting[vault_id] = None
                await asyncio.sleep(TRY_AGAIN)
        finally:
            del self._waiting[node]


def _own_heads(core: Core, vault_ids: Sequence[VaultId] | None = None) -> dict[VaultId, int]:
    """The newest number of each of these vaults (None: of all) that is here and ours. Desk work."""
    found = core.store.vaults.list() if vault_ids is None else [vault_with_id(core.store, one) for one in vault_ids]
    return {
        VaultId(one.record.vault_id): one.record.sequence for one in found if one is not None and _is_ours(core, one)
    }


def _head_for(core: Core, node: NodeId, vault_id: VaultId) -> bytes | None:
    """The head to show to `node`; None if there is none, or if it may not pull this vault now. Desk work."""
    frames = vault_with_id(core.store, vault_id)
    if frames is None or not _is_ours(core, frames):
        return None
    return frames.record.head or None if allows(core, node, Action.PULL, vault_id) else None


def _is_ours(core: Core, frames: VaultFrames) -> bool:
    """A clone of a vault of ours is none: what it takes in is no news of ours. A fork is: its versions are signed here."""
    return frames.record.creator == core.node_id.raw and not frames.record.read_only


async def _send(link: Link, moved: Moved) -> bool:
    """True if the peer has taken it in, whatever it makes of it."""
    try:
        async with asyncio.timeout(HEARD_WITHIN):
            stream = await link.request(encode_message(moved))
            try:
                await stream.close()
                if await stream.receive() is not None:  # nothing is to be answered; who does is not listened to
                    stream.reset()
            except BaseException:
                stream.reset()
                raise
    except (PkError, TimeoutError):
        return False
    return True
