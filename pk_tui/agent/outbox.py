"""What waits to be told to other nodes. It survives restarts and goes out, oldest first, whenever a node is connected."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from weakref import WeakValueDictionary

from pk_tui.agent.core import Gate
from pk_tui.agent.payloads import Body
from pk_tui.api.events import NotificationsChanged
from pk_tui.crypto.entropy import random_bytes
from pk_tui.errors import Busy, PeerMisbehaved, PkError, Unreachable
from pk_tui.net.link import Link
from pk_tui.records import encode
from pk_tui.store.notifications import Box, Note
from pk_tui.terms import NodeId, NotificationId
from pk_tui.wire.messages import Ack, Notify, decode_answer, encode_message

MAX_WAITING = 2000
"""Notifications waiting in all. Only our own user fills this box."""
ANSWER_WITHIN = 15.0
"""Seconds a peer has to acknowledge one notification."""


class Outbox:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._delivering: WeakValueDictionary[NodeId, asyncio.Lock] = WeakValueDictionary()
        """Of the nodes to which something is being delivered: strangers come by any number of ids, and leave nothing here."""

    async def post(self, node: NodeId, kind: str, body: Body) -> NotificationId:
        """Queue a notification and start an attempt to deliver it. Raises Busy if too much is waiting."""
        core = self._gate.core()
        note = Note(id=random_bytes(16), node=node.raw, type=kind, body=encode(body), time=core.clock.now(), read=False)

        def job() -> None:
            if core.store.notifications.count(Box.OUTBOX) >= MAX_WAITING:
                raise Busy(
                    "The outbox is full. Remove what is no longer needed with `pk-tui notifications outbox clear`."
                )
            core.store.notifications.put(Box.OUTBOX, note)

        await core.desk.do(job)
        core.bus.say(NotificationsChanged())
        core.peers.want(node)
        core.spawn(self._attempt(node), "deliver notifications")
        return NotificationId(note.id)

    async def _attempt(self, node: NodeId) -> None:
        with contextlib.suppress(Unreachable):  # it stays in the outbox, and goes out when the node connects
            await self.deliver(node)

    async def deliver(self, node: NodeId, link: Link | None = None) -> int:
        """Send everything that waits for `node`; how many arrived. Raises Unreachable if it cannot be connected."""
        core = self._gate.core()
        sent = 0
        one_at_a_time = self._delivering.setdefault(node, asyncio.Lock())
        async with one_at_a_time:
            waiting = await core.desk.do(lambda: self._waiting(node))
            if not waiting:
                return 0
            link = link or await core.peers.link_to(node)
            for note in waiting:
                if not await self._send(link, note):
                    break
                await core.desk.do(partial(core.store.notifications.remove, Box.OUTBOX, node, NotificationId(note.id)))
                core.bus.say(NotificationsChanged())
                sent += 1
        return sent

    def _waiting(self, node: NodeId) -> list[Note]:
        return self._gate.core().store.notifications.list(Box.OUTBOX, node)

    async def _send(self, link: Link, note: Note) -> bool:
        """True if the peer has it (or has refused it for good: keeping it would only block the ones behind it)."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                stream = await link.request(encode_message(Notify(note.id, note.type, note.body, note.time)))
                try:
                    answer = await stream.receive()
                    await stream.close()
                except BaseException:  # a stream that is only closed here stays open for an answer that may never come
                    stream.reset()
                    raise
        except TimeoutError:
            return False
        except PkError:
            return False
        if answer is None:
            return False
        try:
            decode_answer(answer, Ack)
        except PeerMisbehaved:  # it could not read the notification, or answers with nonsense: it never will
            return True
        except PkError:
            return False
        return True
