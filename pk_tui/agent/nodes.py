"""Nodes: add, name, ping, list, and the state of the connections to them."""

from __future__ import annotations

from collections.abc import Sequence

from pk_tui.agent import diagnosis
from pk_tui.agent.core import Gate
from pk_tui.agent.directory import find_node, known_contact
from pk_tui.agent.gestalts import contact_or_new
from pk_tui.agent.views import node_view
from pk_tui.api.events import NodeChanged
from pk_tui.api.views import ConnectionView, NodeView, PingView, StepView
from pk_tui.clock import MINUTE, Instant
from pk_tui.errors import AlreadyExists, Misuse
from pk_tui.records import replace
from pk_tui.safe_text import safe_text
from pk_tui.store.contacts import Contact
from pk_tui.store.node import NodeStore
from pk_tui.terms import Address, NodeId, petname

MAX_ADDRESSES = 5
"""Addresses kept for one node; the one that worked last comes first."""


def with_address(contact: Contact, address: Address) -> Contact:
    """The contact with this address first among those known."""
    others = [row for row in contact.addresses if tuple(row) != (address.host, address.port)]
    return replace(contact, addresses=((address.host, address.port), *others)[:MAX_ADDRESSES])


def note_seen(store: NodeStore, node: NodeId, now: Instant, address: Address | None = None) -> None:
    """A known node is here now, or was until now; `address`: where it was reached, which goes first. Desk work."""
    contact = store.contacts.get(node)
    if contact is None:
        return
    seen = contact if address is None else with_address(contact, address)
    if seen != contact or contact.last_seen is None or now - contact.last_seen > MINUTE:
        store.contacts.put(replace(seen, last_seen=now))


class NodeService:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def add(self, node_id: NodeId, address: Address, ping: bool = True) -> NodeView:
        core = self._gate.core()
        if node_id == core.node_id:
            raise Misuse("That is this node itself; it needs no address here.")
        if ping:
            await core.peers.reach(node_id, address)

        def job() -> NodeView:
            contact = with_address(contact_or_new(core.store, node_id, core.clock.now()), address)
            core.store.contacts.put(contact)
            return node_view(core, contact)

        view = await core.desk.do(job)
        core.bus.say(NodeChanged(node_id))
        core.peers.want(node_id)
        return view

    async def name(self, node: str, name: str) -> None:
        core = self._gate.core()
        name = petname(name)

        def job() -> NodeId:
            contact = known_contact(core.store, node)
            for other in core.store.contacts.list():
                if other.petname == name and other.node != contact.node:
                    raise AlreadyExists(
                        f"Another node is already called “{safe_text(name, 80)}”: {NodeId(other.node)}."
                    )
            core.store.contacts.put(replace(contact, petname=name))
            return NodeId(contact.node)

        core.bus.say(NodeChanged(await core.desk.do(job)))

    async def ping(self, node: str) -> PingView:
        core = self._gate.core()
        node_id = await core.desk.do(lambda: find_node(core.store, node))
        link = await core.peers.link_to(node_id)
        return PingView(node_id, await link.ping() * 1000, "direct")

    async def list(self) -> Sequence[NodeView]:
        core = self._gate.core()
        views = await core.desk.do(lambda: [node_view(core, contact) for contact in core.store.contacts.list()])
        return sorted(views, key=lambda view: (view.petname is None, view.petname or "", view.node_id))

    async def connections(self) -> Sequence[ConnectionView]:
        core = self._gate.core()
        names = await core.desk.do(
            lambda: {NodeId(contact.node): contact.petname for contact in core.store.contacts.list()}
        )
        return core.peers.connections(names)

    async def disconnect(self, node: str) -> None:
        core = self._gate.core()
        await core.peers.disconnect(await core.desk.do(lambda: find_node(core.store, node)))

    async def diagnose(self, node: str, vault: str | None = None) -> Sequence[StepView]:
        return await diagnosis.diagnose(self._gate.core(), node, vault)
