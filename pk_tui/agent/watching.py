"""What the origins of our clones and forks have shown: how many versions each is behind, known without pulling.

An origin shows its newest signed head when it is scanned (once whenever it connects), and says of itself when there is a
newer one. Only what the lineage's writer signed counts, and only from the node and vault that the clone pulls from. It is kept
in memory while the node is unlocked: one number for each clone, whatever is sent. The asking is `cloning`'s, the hearing of
peers `serving`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator, Iterable
from dataclasses import dataclass

from pk_tui.agent import cloning
from pk_tui.agent.core import Core
from pk_tui.api.events import VaultChanged
from pk_tui.errors import Malformed, NotFound, PkError
from pk_tui.net.link import Link
from pk_tui.store.node import NodeStore
from pk_tui.store.vault import VaultFrames
from pk_tui.store.vaultrecord import VaultRecord
from pk_tui.terms import NodeId, VaultId
from pk_tui.trust.head import read_head
from pk_tui.trust.lineage import Lineage

SCAN_WITHIN = 30.0
"""Seconds for a scan that nobody waits for."""

Shown = Iterable[tuple[bytes, bytes]]
"""Vault ids as the peer knows them, each with the head it shows."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """The highest number shown, and by which vault of which node: what another origin showed says nothing of this one."""

    origin: tuple[bytes | None, bytes | None]
    sequence: int


class Watching:
    """Its memory is touched by desk work alone."""

    def __init__(self) -> None:
        self._seen: dict[VaultId, _Seen] = {}

    def behind(self, record: VaultRecord) -> int | None:
        """Versions the clone's origin has shown and that are not here; None if it has shown nothing. Each commit takes the next
        number, except that an owner who goes on with an older database leaves some out: then this is too high until a pull."""
        seen = self._seen_of(record)
        return None if seen is None else max(0, seen.sequence - record.taken.sequence)

    def took(self, record: VaultRecord) -> None:
        """The clone has got the version that `record` names from the origin that `record` names. Desk work."""
        seen = self._seen_of(record)
        taken = record.taken.sequence
        sequence = taken if seen is None else max(taken, seen.sequence)
        self._seen[VaultId(record.vault_id)] = _Seen(_origin(record), sequence)

    def forget(self, vault_id: VaultId) -> None:
        """The clone was deleted. Desk work."""
        self._seen.pop(vault_id, None)

    async def hear(self, core: Core, node: NodeId, shown: Shown) -> None:
        """Learn from what `node` shows, and say which clones' numbers changed by it."""
        changed: list[VaultId] = []
        try:
            await core.desk.steps(self.learn(core.store, node, shown, changed))
        finally:
            for vault_id in changed:
                core.bus.say(VaultChanged(vault_id))

    def learn(
        self, store: NodeStore, node: NodeId, shown: Shown, changed: list[VaultId]
    ) -> Generator[None, None, None]:
        """The clones whose number is another one afterwards are added to `changed`. Desk work."""
        clones: dict[bytes | None, list[VaultFrames]] = {}
        for frames in store.vaults.list():
            clones.setdefault(frames.record.origin_vault, []).append(frames)
        for there, raw in shown:
            for frames in clones.get(there, ()):
                with contextlib.suppress(NotFound):  # deleted between two steps
                    if self._learn_one(frames.record, (node.raw, there), raw):
                        changed.append(VaultId(frames.record.vault_id))
                yield

    def _learn_one(self, record: VaultRecord, origin: tuple[bytes, bytes], raw: bytes) -> bool:
        """Whether the clone's number is another one now."""
        sequence = believable(record, raw)
        seen = self._seen_of(record)
        if origin != _origin(record) or sequence is None or (seen is not None and sequence <= seen.sequence):
            return False
        before = self.behind(record)
        self._seen[VaultId(record.vault_id)] = _Seen(origin, sequence)
        return self.behind(record) != before

    def _seen_of(self, record: VaultRecord) -> _Seen | None:
        seen = self._seen.get(VaultId(record.vault_id))
        return seen if seen is not None and seen.origin == _origin(record) else None


def believable(record: VaultRecord, raw: bytes) -> int | None:
    """The number of the head shown for this clone; None if its writer has not signed it, or if it is older than ours or another
    one of the same number: nothing to pull is learned from those."""
    taken = record.taken
    if raw == taken.head:
        return taken.sequence  # verified when it was taken
    try:
        head = read_head(raw, Lineage(NodeId(taken.creator), taken.nonce))
    except Malformed:
        return None
    if head.sequence < taken.sequence or (head.sequence == taken.sequence and head.commit.raw != taken.commit):
        return None
    return head.sequence


def _origin(record: VaultRecord) -> tuple[bytes | None, bytes | None]:
    return record.origin_node, record.origin_vault


async def watch(core: Core, link: Link) -> None:
    """A node has connected: if clones come from it, scan it, so that it is known how far it has gone meanwhile. It may fail
    unnoticed: nobody asked for it."""

    def is_origin() -> bool:
        return any(frames.record.origin_node == link.peer.raw for frames in core.store.vaults.list())

    if await core.desk.do(is_origin):
        with contextlib.suppress(PkError, TimeoutError):
            async with asyncio.timeout(SCAN_WITHIN):
                await cloning.scan_over(core, link)
