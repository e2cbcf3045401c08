"""Whom we know and trust, and what they may do here: rights are set for one member of a gestalt and hold for all that are in it
then."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from pk_tui.agent.auditing import PERMISSION_CHANGED, TRUST_CHANGED
from pk_tui.agent.beliefs import Moved
from pk_tui.agent.core import Core, Gate
from pk_tui.agent.directory import find_node
from pk_tui.agent.members import find_member
from pk_tui.agent.views import gestalt_view
from pk_tui.api.events import NodeChanged, VaultChanged
from pk_tui.api.views import GestaltView
from pk_tui.errors import Misuse
from pk_tui.store.contacts import Contact
from pk_tui.store.node import NodeStore
from pk_tui.terms import GESTALT_ACTIONS, Action, NodeId, Vertex
from pk_tui.trust import sharing
from pk_tui.trust.entitlement import Change


def contact_or_new(store: NodeStore, node: NodeId, now: int) -> Contact:
    """The contact for a node, or a new one that holds nothing yet (not stored)."""
    if node == store.signing.node_id:
        raise Misuse("That is this node itself.")
    return store.contacts.get(node) or Contact(node=node.raw, petname=None, addresses=(), known_since=now)


def tell(core: Core, moved: Moved) -> None:
    """Say whom a change of what is believed or granted concerns: windows look again, and transfers ask again for their right."""
    for node in moved.nodes:
        core.bus.say(NodeChanged(node))
    for vault in moved.vaults:
        core.bus.say(VaultChanged(vault))


class GestaltService:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def trust(self, gestalt: str) -> GestaltView:
        core = self._gate.core()

        def find() -> tuple[Vertex, Contact | None]:
            if ":" in gestalt:
                return find_member(core, gestalt, exact=True), None
            node = find_node(core.store, gestalt, exact=True)
            return node, contact_or_new(core.store, node, core.clock.now())

        view = await self._allow(core, find, Action.NOTIFY)
        for node in view.nodes:
            if node != core.node_id:
                core.peers.want(node)
        return view

    async def untrust(self, gestalt: str) -> GestaltView:
        return await self._disallow(gestalt, Action.NOTIFY)

    async def allow(self, gestalt: str, action: Action) -> GestaltView:
        _require_gestalt_action(action)
        core = self._gate.core()
        return await self._allow(core, lambda: (find_member(core, gestalt, exact=True), None), action)

    async def disallow(self, gestalt: str, action: Action) -> GestaltView:
        _require_gestalt_action(action)
        return await self._disallow(gestalt, action)

    async def get(self, gestalt: str) -> GestaltView:
        core = self._gate.core()
        return await core.desk.do(lambda: _view(core, find_member(core, gestalt)))

    async def list(self) -> Sequence[GestaltView]:
        core = self._gate.core()

        def work() -> Generator[None, None, Sequence[GestaltView]]:
            views: list[GestaltView] = []
            seen: set[Vertex] = set()
            for contact in core.store.contacts.list():
                node = NodeId(contact.node)
                if node not in seen:
                    gestalt = core.beliefs.graph.of(node)
                    seen |= gestalt.nodes
                    views.append(gestalt_view(core, gestalt))
                yield
            return views

        return await core.desk.steps(work())

    async def _allow(
        self, core: Core, find: Callable[[], tuple[Vertex, Contact | None]], action: Action
    ) -> GestaltView:
        """The contact that `find` gives, if any, is put with it."""

        def job() -> tuple[GestaltView, Moved]:
            member, contact = find()
            beliefs = core.beliefs
            if _is_allowed(core, member, action):
                change = Change()  # nothing that was granted before is replaced by saying it again
            else:
                change = sharing.allow(beliefs.held, beliefs.graph, member, frozenset({action}))

            def also() -> None:
                if contact is not None:
                    core.store.contacts.put(contact)
                if change:
                    _note(core, member, allowed=[action])

            moved = beliefs.grant(core.store, change, core.clock.now(), also)
            return _view(core, member), moved

        return await self._changed(core, job)

    async def _disallow(self, gestalt: str, action: Action) -> GestaltView:
        core = self._gate.core()

        def job() -> tuple[GestaltView, Moved]:
            member = find_member(core, gestalt, exact=True)
            beliefs = core.beliefs
            change = sharing.disallow(beliefs.held, beliefs.graph, member, frozenset({action}))

            def also() -> None:
                if change:
                    _note(core, member, disallowed=[action])

            moved = beliefs.grant(core.store, change, core.clock.now(), also)
            return _view(core, member), moved

        return await self._changed(core, job)

    async def _changed(self, core: Core, job: Callable[[], tuple[GestaltView, Moved]]) -> GestaltView:
        view, moved = await core.desk.do(job)
        tell(core, Moved(moved.nodes | set(view.nodes), moved.vaults))
        return view


def _is_allowed(core: Core, member: Vertex, action: Action) -> bool:
    """True if every node of the member's gestalt may do it already."""
    nodes, now = core.beliefs.graph.of(member).nodes, core.clock.now()
    return bool(nodes) and all(core.beliefs.may(node, action, None, now) for node in nodes)


def _note(core: Core, member: Vertex, allowed: Sequence[Action] = (), disallowed: Sequence[Action] = ()) -> None:
    """Into the audit. To be trusted is to be allowed to notify."""
    topic = TRUST_CHANGED if Action.NOTIFY in (*allowed, *disallowed) else PERMISSION_CHANGED
    whom = {"node_id" if isinstance(member, NodeId) else "identity": str(member)}
    core.auditing.note(
        core.store, topic, **whom, allowed=[one.value for one in allowed], disallowed=[one.value for one in disallowed]
    )


def _view(core: Core, member: Vertex) -> GestaltView:
    return gestalt_view(core, core.beliefs.graph.of(member))


def _require_gestalt_action(action: Action) -> None:
    if action not in GESTALT_ACTIONS:
        raise Misuse(
            f"“{action}” is a right on a vault, not on a gestalt. Rights on vaults are given with `pk-tui vaults share`; "
            "here notify, scan and claim can be allowed."
        )
