"""What this node holds to be true of others, and what was granted here: chains, forks, proofs, their graph, entitlements.

In memory as it lies in the store, so that a question of a peer is answered without reading. Everything here is desk work: a
change is one transaction, and only when that is through does memory follow. Verifying what comes from outside is done before, by
whoever brings it; deciding what follows is done in `trust`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from pk_tui.clock import Instant
from pk_tui.errors import Malformed, NotFound
from pk_tui.records import replace
from pk_tui.store.grants import IssuedGrant
from pk_tui.store.node import NodeStore
from pk_tui.terms import GESTALT_ACTIONS, VAULT_ACTIONS, Action, IdentityId, NodeId, VaultId, Vertex
from pk_tui.trust import rights, sharing
from pk_tui.trust.belief import Proof
from pk_tui.trust.entitlement import Change, Entitlement, Entitlements
from pk_tui.trust.fork import Fork, verify_fork
from pk_tui.trust.gestalt import Graph
from pk_tui.trust.grant import DEFAULT_TERM, read_grant
from pk_tui.trust.lineage import Lineage
from pk_tui.trust.rights import Decision
from pk_tui.trust.sigchain import Chain, extend_while, read_chain
from pk_tui.trust.standing import Standing, standing

_MOVED = "rights are entitlements"
"""The setting that says that what older versions kept in contacts and grants was taken over."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Whom a change concerns: nodes of which something else is believed now, and vaults that somebody lost."""

    nodes: frozenset[NodeId] = frozenset()
    vaults: frozenset[VaultId] = frozenset()


@dataclass(slots=True)
class Beliefs:
    chains: dict[NodeId, Chain] = field(default_factory=dict)
    forks: dict[NodeId, Fork] = field(default_factory=dict)
    branches: dict[NodeId, Chain] = field(default_factory=dict)
    """Of forked chains the other branch, from its first claim on, where it is known."""
    proofs: dict[NodeId, dict[IdentityId, Proof]] = field(default_factory=dict)
    graph: Graph = field(default_factory=Graph)
    held: Entitlements = field(default_factory=Entitlements)

    # ---- from the store ----

    def load(self, store: NodeStore, now: Instant) -> Generator[None, None, None]:
        """Everything that is kept, in steps. What no longer holds is left out, and so is all that rests on it."""
        _found_own_chain(store)
        for node, raws in store.chains.list():
            try:
                self.chains[node] = read_chain(node, raws)
            except Malformed:  # of a version whose rules were other ones: it is asked for anew
                continue
            yield
        for node, known in store.chains.forks():
            with suppress(Malformed):  # as above
                self.forks[node] = verify_fork(known.one, known.other)
            if known.branch and node in self.chains:
                common = self.chains[node].claims[: known.first]
                self.branches[node] = extend_while(common, known.branch)
        for proof in store.proofs.list():
            self.proofs.setdefault(proof.node, {})[proof.identity] = proof
        self.graph, _ = Graph().changed(
            [self._standing(chain) for chain in self.chains.values()],
            {node: some.values() for node, some in self.proofs.items()},
        )
        yield
        _take_over_older_rights(store, now)
        self.held = Entitlements(store.entitlements.list())
        yield

    # ---- what is asked ----

    def may(self, node: NodeId, action: Action, vault: VaultId | None, now: Instant) -> Decision:
        """The one rule, with what is known here."""
        return rights.decide(action, asker=node, vault=vault, held=self.held, graph=self.graph, now=now)

    def is_trusted(self, node: NodeId, now: Instant) -> bool:
        """Trusting a node is allowing it to notify us."""
        return bool(self.may(node, Action.NOTIFY, None, now))

    def standing(self, node: NodeId) -> Standing | None:
        """What a node's chain says now, if it is known."""
        chain = self.chains.get(node)
        return None if chain is None else self._standing(chain)

    # ---- what changes ----

    def take_chain(self, store: NodeStore, chain: Chain, now: Instant, also: Callable[[], None] | None = None) -> Moved:
        """Keep a chain that goes on where the one that is known ends, or is new; in the same transaction what `also` writes."""
        known = self.chains.get(chain.node)
        start = 0 if known is None else len(known.claims)
        graph, moved = self.graph.changed([self._standing(chain)])
        change = sharing.settle(self.held, graph, moved)
        with store.transaction():
            for claim in chain.claims[start:]:
                store.chains.append(chain.node, claim.sequence, claim.raw)
            self._keep(store, change, graph, now)
            if also is not None:
                also()
        self.chains[chain.node] = chain
        return self._follow(change, graph, moved)

    def take_fork(self, store: NodeStore, fork: Fork, branch: Chain | None, now: Instant) -> Moved:
        """Keep the evidence that a node's chain is forked, and the other branch; of one that is known, what it has grown by. Whom
        it concerns is empty if nothing of it is news: the first evidence is as good as any, and two branches are kept."""
        chain = self.chains.get(fork.node)
        if chain is None or not self._is_news(fork, branch):
            return Moved()
        graph, moved = self.graph.changed([standing(chain, (fork,), () if branch is None else (branch,))])
        change = sharing.settle(self.held, graph, moved)
        first = fork.sequence
        with store.transaction():
            raws = () if branch is None else tuple(claim.raw for claim in branch.claims[first:])
            store.chains.replace_fork(fork.node, fork.one, fork.other, first, raws)
            self._keep(store, change, graph, now)
        self.forks[fork.node] = fork
        if branch is not None:
            self.branches[fork.node] = branch
        return self._follow(change, graph, moved | {fork.node})

    def _is_news(self, fork: Fork, branch: Chain | None) -> bool:
        shown, known = self.forks.get(fork.node), self.branches.get(fork.node)
        if shown is None:
            return True
        if branch is None or fork.since > shown.since:  # a later parting would let claims count that do not
            return False
        return known is None or (
            len(branch.claims) > len(known.claims) and branch.claims[len(known.claims) - 1].id == known.claims[-1].id
        )

    def take_proofs(self, store: NodeStore, node: NodeId, proofs: Iterable[Proof], now: Instant) -> Moved:
        """Keep these proofs of a node's identities in place of those that are known."""
        new = {one.identity: one for one in proofs}
        old = self.proofs.get(node, {})
        graph, moved = self.graph.changed((), {node: new.values()})
        change = sharing.settle(self.held, graph, moved)
        with store.transaction():
            for identity in old.keys() - new.keys():
                store.proofs.remove(node, identity)
            for proof in new.values():
                store.proofs.put(proof)
            self._keep(store, change, graph, now)
        self.proofs[node] = new
        return self._follow(change, graph, moved)

    def grant(self, store: NodeStore, change: Change, now: Instant, also: Callable[[], None] | None = None) -> Moved:
        """Carry out what the granter decided, and in the same transaction what `also` writes."""
        with store.transaction():
            self._keep(store, change, self.graph, now)
            if also is not None:
                also()
        return self._follow(change, self.graph, ())

    # ---- the rest ----

    def _standing(self, chain: Chain) -> Standing:
        fork, branch = self.forks.get(chain.node), self.branches.get(chain.node)
        return standing(chain, () if fork is None else (fork,), () if branch is None else (branch,))

    def _keep(self, store: NodeStore, change: Change, graph: Graph, now: Instant) -> None:
        """Within a transaction: the entitlements, and the end of the grants that followed from those that go."""
        store.entitlements.apply(change)
        for vault, nodes in self._lost(change, graph, now).items():
            for node in nodes:
                row = store.grants.issued.get(vault, node)
                if row is not None and row.revoked is None:  # the row stays, so that its serial is never used again
                    store.grants.issued.put(replace(row, revoked=now))

    def _lost(self, change: Change, graph: Graph, now: Instant) -> dict[VaultId, frozenset[NodeId]]:
        """By vault, the nodes that what goes had confirmed and that nothing else gives the vault to."""
        lost: dict[VaultId, frozenset[NodeId]] = {}
        for vault in {one.vault for one in change.gone if one.vault is not None}:
            left = Entitlements((frozenset(self.held.on(vault)) - change.gone) | change.come)
            had = frozenset().union(*(one.confirmed for one in change.gone if one.vault == vault))
            nodes = had - rights.holders(vault, left, graph, now).keys()
            if nodes:
                lost[vault] = nodes
        return lost

    def _follow(self, change: Change, graph: Graph, moved: Iterable[Vertex]) -> Moved:
        """Let memory follow what was written."""
        nodes = {one for one in moved if isinstance(one, NodeId)}
        for one in change.gone | change.come:
            nodes |= one.confirmed
            nodes |= {one.anchor} if isinstance(one.anchor, NodeId) else set()
        self.graph = graph
        self.held.apply(change)
        vaults = frozenset(one.vault for one in change.gone | change.come if one.vault is not None)
        return Moved(frozenset(nodes), vaults)


def _found_own_chain(store: NodeStore) -> None:
    """The first claim was made with the node, before there were chains."""
    store.chains.append(store.signing.node_id, 0, store.genesis)


def _take_over_older_rights(store: NodeStore, now: Instant) -> None:
    """Rights once lay in contacts, and in the signed grants themselves. Once, each becomes an entitlement of that one node."""
    if store.settings.get(_MOVED) is not None:
        return
    come = []
    with store.transaction():
        for node, names in store.contacts.take_older_actions():
            actions = frozenset(Action(name) for name in names) & GESTALT_ACTIONS
            if actions:
                come.append(Entitlement(node, None, actions, None, frozenset({node})))
        for row in store.grants.issued.list():
            shared = None if row.revoked is not None else _older_share(store, row, now)
            if shared is not None:
                come.append(shared)
        store.entitlements.apply(Change(come=frozenset(come)))
        store.settings.put(_MOVED, b"1")


def _older_share(store: NodeStore, row: IssuedGrant, now: Instant) -> Entitlement | None:
    try:
        record = store.vaults.get(VaultId(row.vault_id)).record
        grant = read_grant(row.grant, Lineage(NodeId(record.creator), record.nonce))
    except (NotFound, Malformed):  # the vault was deleted, or does not open: nobody reads it
        return None
    if not grant.is_live(now):
        return None
    lasts = (
        grant.not_after - grant.time == DEFAULT_TERM
    )  # no end was asked for: such a grant was renewed at every contact
    return Entitlement(
        grant.grantee,
        VaultId(row.vault_id),
        grant.actions & VAULT_ACTIONS,
        None if lasts else grant.not_after,
        frozenset({grant.grantee}),
    )
