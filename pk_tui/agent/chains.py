"""Sigchains between nodes: when two meet they compare how far each knows the chains that both know, and fetch what they lack.

Nobody tells whom he knows: a node is named by a hash that only who knows it can make, under the binding of this one session and
for one direction, so that it cannot be said back by who does not know whom it names. Who is behind asks; who learns something
tells those he is connected to, so that it goes round. A chain is taken in only as far as it holds; two branches of one are
evidence, which is kept and goes round as well.

Besides the chains of contacts those of nodes are kept that belong to them, as far as their chains say so.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from weakref import WeakKeyDictionary

from pk_tui.agent.auditing import TRUST_CHANGED
from pk_tui.agent.beliefs import Moved
from pk_tui.agent.chain_heads import (
    MAX_CHAINS,
    chainless,
    head_for,
    heads_for,
    is_known,
    lacking,
    tag_of,
    unknown_members,
)
from pk_tui.agent.chain_requests import ask_claims, ask_fork, ask_heads
from pk_tui.agent.core import Core, Gate
from pk_tui.agent.gestalts import tell
from pk_tui.api.events import EventsLost, NodeChanged
from pk_tui.errors import PeerMisbehaved, PkError
from pk_tui.net.link import Link, Stream
from pk_tui.terms import NodeId
from pk_tui.trust.fork import Behind, Comparison, Extended, Forked, Same, compare, verify_fork
from pk_tui.trust.sigchain import Chain, ChainFault, Fault, read_chain
from pk_tui.wire.messages import REFUSED, encode_message
from pk_tui.wire.trust_messages import MAX_HEADS, Heads, KnownHead

FETCHES_AT_ONCE = 4
"""From one peer. Each may hold a whole chain's bytes."""
PATIENCE = 2.0
"""Seconds that one peer's chain waits for another peer who is telling the same."""
OWN_WITHIN = 5.0
"""Seconds that this node waits, before it signs, for what peers know of its own chain."""
_MAX_USELESS = 4_096


@dataclass(slots=True)
class _Talk:
    """What is under way with a peer while it is connected. Dicts are sets that keep their order."""

    to_tell: dict[NodeId, None] = field(default_factory=dict)
    to_look: dict[NodeId, KnownHead | None] = field(default_factory=dict)
    """What the peer says it knows; None where it has not been asked, and may know nothing."""
    busy: set[NodeId] = field(default_factory=set)
    workers: int = 0
    is_telling: bool = False
    is_greeting: bool = False
    is_owed: bool = False
    """They have not compared, since one of them was a stranger to the other."""
    useless: set[bytes] = field(default_factory=set)
    """Ends of lines that were fetched from this peer, and of which nothing was to be learned."""
    called: dict[bytes, NodeId] = field(default_factory=dict)
    """By the peer's tags, the nodes whose chains are here."""

    def remember(self, last: bytes) -> None:
        if len(self.useless) >= _MAX_USELESS:
            self.useless.clear()
        self.useless.add(last)


class Exchange:
    """What is compared with peers while they are connected."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._talks: WeakKeyDictionary[Link, _Talk] = WeakKeyDictionary()
        self._missing: tuple[int, Collection[NodeId]] | None = None
        """Nodes whose chains are wanted, and the store's version when they were looked for."""
        self._wondered: set[NodeId] = set()
        self._under_way: dict[NodeId, asyncio.Event] = {}
        """Of nodes whose chains are fetched from some peer, what is set when that is over."""

    async def run(self, core: Core) -> None:
        """Greet who becomes a contact while it is connected: as a stranger it was told nothing, and told nothing itself. And ask
        the others for a new contact's chain."""
        async with core.bus.listen() as events:
            async for event in events:
                links = core.peers.live()
                if isinstance(event, NodeChanged):
                    node = event.node_id
                    links = [link for link in links if link.peer == node]
                    if await core.desk.do(partial(_is_chainless, core, node)):
                        self._ask_around([node])
                elif not isinstance(event, EventsLost):
                    continue
                for link in links:
                    if self._talk(link).is_owed and await core.desk.do(partial(is_known, core, link.peer)):
                        self.greet(link)

    # ---- asking ----

    def greet(self, link: Link) -> None:
        """A peer is there: compare all that both know, which may fail unnoticed. Who dialled begins; the other learns as much."""
        talk = self._talk(link)
        if not talk.is_greeting:
            talk.is_greeting = True
            self._gate.core().spawn(self._greet(link, talk), "compare chains")

    def spread(self, nodes: Collection[NodeId], but: Link | None = None) -> None:
        """Let those who are connected compare these chains with us, now that we know more."""
        core = self._gate.core()
        for link in core.peers.live():
            talk = self._talk(link)
            if link is not but:
                talk.to_tell.update(dict.fromkeys(nodes))
            if talk.to_tell and not talk.is_telling:
                talk.is_telling = True
                core.spawn(self._tell_all(link, talk), "compare chains")

    async def compare(self, link: Link, nodes: Collection[NodeId]) -> None:
        """Fetch at once what the peer knows more of these few. Raises PkError if that cannot be."""
        core, talk = self._gate.core(), self._talk(link)
        for node, theirs in await self._compared(core, link, nodes):
            await self._look(core, link, talk, node, theirs)
        unknown = await core.desk.do(lambda: link.peer in nodes and link.peer not in core.beliefs.chains)
        if unknown:
            await self._look(core, link, talk, link.peer, None)

    async def catch_up(self) -> None:
        """Learn from those who are connected what they know of our own chain: after this node was taken back to an older state,
        it is not to sign a second claim for a place."""
        core = self._gate.core()

        async def ask(link: Link) -> None:
            with contextlib.suppress(PkError):
                await self.compare(link, (core.node_id,))

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(OWN_WITHIN):
                await asyncio.gather(*map(ask, core.peers.live()))

    async def _greet(self, link: Link, talk: _Talk) -> None:
        try:
            with contextlib.suppress(PkError):
                core = self._gate.core()
                talk.is_owed = not await core.desk.do(lambda: is_known(core, link.peer))
                if talk.is_owed:
                    return
                self._consider(core, link, await self._compared(core, link, None))
                await self._want_peers_own(core, link)
        finally:
            talk.is_greeting = False

    async def _tell_all(self, link: Link, talk: _Talk) -> None:
        """What is learned while a comparison is under way goes into the next."""
        try:
            with contextlib.suppress(PkError):
                core = self._gate.core()
                while talk.to_tell:
                    nodes, talk.to_tell = list(talk.to_tell), {}
                    self._consider(core, link, await self._compared(core, link, nodes))
        finally:
            talk.is_telling = False

    async def _compared(
        self, core: Core, link: Link, nodes: Collection[NodeId] | None
    ) -> list[tuple[NodeId, KnownHead]]:
        """Of these nodes, or (None) of all that are known, those that the peer knows too, and how far."""
        ours = await core.desk.do(lambda: heads_for(core, link, nodes))
        found: dict[NodeId, KnownHead] = {}
        for start in range(0, len(ours), MAX_HEADS):
            some = dict(ours[start : start + MAX_HEADS])
            called = {tag_of(node, link.binding, link.peer): node for node in some}
            answer = await ask_heads(link, tuple(some.values()))
            if len({theirs.tag for theirs in answer}) != len(answer) or not all(one.tag in called for one in answer):
                raise PeerMisbehaved("The peer spoke of a node that it was not asked about.")
            found.update((called[theirs.tag], theirs) for theirs in answer)
        return list(found.items())

    # ---- fetching ----

    def _consider(self, core: Core, link: Link, found: Iterable[tuple[NodeId, KnownHead]]) -> None:
        """Fetch, in turn, what the peer knows more."""
        found = list(found)
        if found:
            core.spawn(self._sort_out(core, link, found), "compare chains")

    async def _sort_out(self, core: Core, link: Link, found: list[tuple[NodeId, KnownHead]]) -> None:
        talk = self._talk(link)

        def job() -> list[tuple[NodeId, KnownHead | None]]:
            rows: list[tuple[NodeId, KnownHead | None]] = []
            for node, theirs in found:
                first, asks_fork = lacking(core, talk.useless, node, theirs)
                if first is not None or asks_fork:
                    rows.append((node, theirs))
            return rows

        self._want(core, link, await core.desk.do(job))

    def _want(self, core: Core, link: Link, rows: Iterable[tuple[NodeId, KnownHead | None]]) -> None:
        talk = self._talk(link)
        for node, theirs in rows:
            if theirs is not None or node not in talk.to_look:
                talk.to_look[node] = theirs
        for _ in range(min(len(talk.to_look), FETCHES_AT_ONCE) - talk.workers):
            talk.workers += 1
            core.spawn(self._work(core, link, talk), "fetch chains")

    async def _want_peers_own(self, core: Core, link: Link) -> None:
        if await core.desk.do(lambda: link.peer not in core.beliefs.chains):
            self._want(core, link, ((link.peer, None),))

    async def _work(self, core: Core, link: Link, talk: _Talk) -> None:
        try:
            while link.closed is None:
                node = next((one for one in talk.to_look if one not in talk.busy), None)
                if node is None:
                    return
                theirs = talk.to_look.pop(node)
                talk.busy.add(node)
                try:
                    with contextlib.suppress(PkError):  # a lie, or a refusal: of other nodes it may tell the truth
                        await self._look_in_turn(core, link, talk, node, theirs)
                finally:
                    talk.busy.discard(node)
        finally:
            talk.workers -= 1

    async def _look_in_turn(self, core: Core, link: Link, talk: _Talk, node: NodeId, theirs: KnownHead | None) -> None:
        """What several peers tell at once is fetched from one of them, unless that one is slow."""
        first = self._under_way.get(node)
        if first is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await first.wait()
        over = self._under_way[node] = asyncio.Event()
        try:
            await self._look(core, link, talk, node, theirs)
        finally:
            over.set()
            if self._under_way.get(node) is over:
                del self._under_way[node]

    async def _look(self, core: Core, link: Link, talk: _Talk, node: NodeId, theirs: KnownHead | None) -> None:
        """Fetch what the peer knows of a chain if that is more, or another."""
        first, _ = await core.desk.do(lambda: lacking(core, talk.useless, node, theirs))
        if first is not None:
            raws = await ask_claims(link, node, first)
            learned = await self._learn(core, link, node, first, raws)
            if learned is None:  # the branches part before what was asked for
                learned = await self._learn(core, link, node, 0, await ask_claims(link, node, 0))
            if not learned and theirs is not None:
                talk.remember(theirs.last)
        _, asks_fork = await core.desk.do(lambda: lacking(core, talk.useless, node, theirs))
        if asks_fork:
            await self._fetch_fork(core, link, talk, node, theirs)

    async def _fetch_fork(self, core: Core, link: Link, talk: _Talk, node: NodeId, theirs: KnownHead | None) -> None:
        shown, raws = await ask_fork(link, node)
        fork = await core.desk.aside(lambda: verify_fork(shown.one, shown.other))
        if fork.node != node:
            raise PeerMisbehaved("The peer showed another node's fork than it was asked for.")
        if raws and await self._learn(core, link, node, 0, raws):
            return  # the branch itself, compared with ours, was the evidence
        moved = await core.desk.do(lambda: core.beliefs.take_fork(core.store, fork, None, core.clock.now()))
        if moved.nodes:
            await core.desk.do(lambda: _note(core, node, "fork"))
            self._learned(core, node, moved, None)
        elif theirs is not None and theirs.branch is not None:
            talk.remember(theirs.branch.last)

    async def _learn(self, core: Core, link: Link, node: NodeId, first: int, raws: list[bytes]) -> bool | None:
        """Verify beside the desk, then keep. None if the two branches part before `first`. Raises Malformed for a lie."""
        while True:
            known = await core.desk.do(lambda: core.beliefs.chains.get(node))
            if not raws or (known is None and first):
                return False
            try:
                found = await core.desk.aside(partial(_verify, known, node, first, raws))
            except ChainFault as fault:
                if first and fault.fault is Fault.WRONG_DIGEST and fault.at == first:
                    return None
                raise
            if isinstance(found, Same | Behind):
                return False
            if isinstance(found, Forked) and found.branch is None and first:
                return None
            moved = await core.desk.do(partial(_keep, core, known, node, found))
            if moved is not None:  # else somebody else has told something meanwhile: look again
                break
        if not moved.nodes:
            return False
        self._learned(core, node, moved, None if isinstance(found, Forked) else link)
        members = await core.desk.do(lambda: unknown_members(core, node))
        self._want(core, link, ((other, None) for other in members))  # who has that chain knows whom it names
        self._ask_around(members, but=link)
        return True

    def _ask_around(self, nodes: Iterable[NodeId], but: Link | None = None) -> None:
        """Ask those who are connected, once, for chains that are not here. Who comes later is asked when it is greeted."""
        new = [node for node in nodes if node not in self._wondered]
        if len(self._wondered) > MAX_CHAINS:
            self._wondered.clear()
        self._wondered.update(new)
        if new:
            self.spread(new, but)

    def _learned(self, core: Core, node: NodeId, moved: Moved, source: Link | None) -> None:
        tell(core, moved)
        self.spread({node}, but=source)

    def _chainless(self, core: Core) -> Collection[NodeId]:
        """As they were when the store last changed. Desk work."""
        if self._missing is None or self._missing[0] != core.store.version:
            self._missing = core.store.version, chainless(core)
        return self._missing[1]

    def _talk(self, link: Link) -> _Talk:
        return self._talks.setdefault(link, _Talk())

    # ---- answering ----

    async def answer_heads(self, core: Core, link: Link, stream: Stream, request: Heads) -> None:
        """Of the nodes that the peer shows to know, how far we know their chains; fetch what it knows more."""
        talk = self._talk(link)

        def job() -> list[tuple[NodeId, KnownHead, KnownHead]] | None:
            if not is_known(core, link.peer):
                return None
            chains = core.beliefs.chains
            called = talk.called
            for node in islice(chains, len(called), None):  # one that is here stays, and the later come behind it
                called[tag_of(node, link.binding, link.peer)] = node
            if any(head.tag not in called for head in request.heads):
                called = {tag_of(node, link.binding, link.peer): node for node in self._chainless(core)} | called
            shown = {called[head.tag]: head for head in request.heads if head.tag in called}
            return [(node, head_for(core, link, node), theirs) for node, theirs in shown.items()]

        found = await core.desk.do(job)
        talk.is_owed = found is None
        if found is None:
            await stream.send(encode_message(REFUSED))
            return
        await stream.send(encode_message(Heads(tuple(ours for _, ours, _ in found if ours.length))))
        self._consider(core, link, [(node, theirs) for node, _, theirs in found])
        await self._want_peers_own(core, link)


# ---- desk work ----


def _is_chainless(core: Core, node: NodeId) -> bool:
    return node not in core.beliefs.chains and core.store.contacts.get(node) is not None


def _verify(known: Chain | None, node: NodeId, first: int, raws: list[bytes]) -> Chain | Comparison:
    return read_chain(node, raws) if known is None else compare(known, first, raws)


def _keep(core: Core, known: Chain | None, node: NodeId, found: Chain | Comparison) -> Moved | None:
    """Whom it concerns: nobody if nothing of it is news; None if what is known is not what it was compared with."""
    beliefs, now = core.beliefs, core.clock.now()
    if beliefs.chains.get(node) is not known:
        return None
    out, was_forked = beliefs.graph.expelled.keys(), node in beliefs.forks
    match found:
        case Chain() | Extended():
            chain = found if isinstance(found, Chain) else found.chain
            moved = beliefs.take_chain(core.store, chain, now)
            moved = Moved(moved.nodes | {node}, moved.vaults)
        case Forked(fork, branch):
            moved = beliefs.take_fork(core.store, fork, branch, now)
        case _:
            return Moved()
    if node in beliefs.forks and not was_forked:
        _note(core, node, "fork")
    for lost in sorted(beliefs.graph.expelled.keys() - out):
        _note(core, lost, "expulsion")
    return moved


def _note(core: Core, node: NodeId, learned: str) -> None:
    """Into the audit: what others have shown of a node, and ends rights or keeps them from growing."""
    core.auditing.note_if_possible(core.store, TRUST_CHANGED, node_id=str(node), learned=learned)
