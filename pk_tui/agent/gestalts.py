"""Whom we know and trust, and what they may do here. A gestalt is one node until several can be linked."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from pk_tui.agent.core import Core, Gate
from pk_tui.agent.directory import find_node, known_contact
from pk_tui.agent.rights import live_shares
from pk_tui.agent.views import gestalt_view
from pk_tui.api.events import NodeChanged
from pk_tui.api.views import GestaltView
from pk_tui.errors import Misuse
from pk_tui.records import replace
from pk_tui.store.contacts import Contact
from pk_tui.store.node import NodeStore
from pk_tui.store.vaultrecord import VaultRecord
from pk_tui.terms import GESTALT_ACTIONS, Action, NodeId
from pk_tui.trust.grant import Grant


def contact_or_new(store: NodeStore, node: NodeId, now: int) -> Contact:
    """The contact for a node, or a new one that holds nothing yet (not stored)."""
    if node == store.signing.node_id:
        raise Misuse("That is this node itself.")
    return store.contacts.get(node) or Contact(node=node.raw, petname=None, addresses=(), actions=(), known_since=now)


class GestaltService:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def trust(self, gestalt: str) -> GestaltView:
        core = self._gate.core()

        def job() -> GestaltView:
            node = find_node(core.store, gestalt, exact=True)
            contact = contact_or_new(core.store, node, core.clock.now())
            return _set(core, contact, {*contact.actions, Action.NOTIFY.value})

        view = await self._changed(core, job)
        core.peers.want(view.nodes[0])
        return view

    async def untrust(self, gestalt: str) -> GestaltView:
        return await self._change(gestalt, lambda actions: actions - {Action.NOTIFY.value})

    async def allow(self, gestalt: str, action: Action) -> GestaltView:
        _require_gestalt_action(action)
        return await self._change(gestalt, lambda actions: actions | {action.value})

    async def disallow(self, gestalt: str, action: Action) -> GestaltView:
        _require_gestalt_action(action)
        return await self._change(gestalt, lambda actions: actions - {action.value})

    async def get(self, gestalt: str) -> GestaltView:
        core = self._gate.core()
        return await core.desk.do(lambda: _view(core, known_contact(core.store, gestalt)))

    async def list(self) -> Sequence[GestaltView]:
        core = self._gate.core()

        def work() -> Generator[None, None, Sequence[GestaltView]]:
            """One look at all grants, however many gestalts there are; reading one is a signature to verify."""
            store = core.store
            held: dict[NodeId, list[tuple[VaultRecord, Grant]]] = {}
            for share in live_shares(store, store.grants.issued.list(), core.clock.now()):
                if share is not None:
                    held.setdefault(share[1].grantee, []).append(share)
                yield
            return [gestalt_view(contact, held.get(NodeId(contact.node), ())) for contact in store.contacts.list()]

        return await core.desk.steps(work())

    async def _change(self, gestalt: str, change: Callable[[set[str]], set[str]]) -> GestaltView:
        core = self._gate.core()

        def job() -> GestaltView:
            contact = known_contact(core.store, gestalt, exact=True)
            return _set(core, contact, change(set(contact.actions)))

        return await self._changed(core, job)

    async def _changed(self, core: Core, job: Callable[[], GestaltView]) -> GestaltView:
        view = await core.desk.do(job)
        core.bus.say(NodeChanged(view.nodes[0]))
        return view


def _set(core: Core, contact: Contact, actions: set[str]) -> GestaltView:
    changed = replace(contact, actions=tuple(sorted(actions)))
    core.store.contacts.put(changed)
    return _view(core, changed)


def _view(core: Core, contact: Contact) -> GestaltView:
    rows = core.store.grants.issued.to_node(NodeId(contact.node))
    return gestalt_view(contact, filter(None, live_shares(core.store, rows, core.clock.now())))


def _require_gestalt_action(action: Action) -> None:
    if action not in GESTALT_ACTIONS:
        raise Misuse(
            f"“{action}” is a right on a vault, not on a gestalt. Rights on vaults are given with `pk-tui vaults share`; "
            "here notify, scan and claim can be allowed."
        )
