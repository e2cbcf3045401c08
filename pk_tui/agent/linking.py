"""Which nodes belong together: this node's claims on others, theirs on it, and what is to be confirmed because of them.

Two nodes become one party only when both have signed it. One invites (it allows the other to `claim`), the other proposes, which
uses the invitation up. Taking it back needs one side alone. A lost node is expelled by recovery words.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from pk_tui.agent.agreeing import (
    CLAIM,
    is_lost,
    may_propose,
    own_chain,
    own_standing,
    recovery_of,
    refuse_linked,
    refuse_lost,
    require_answer,
    standing_pairs,
    to_it_alone,
    unheard,
    used_up,
    words_over,
)
from pk_tui.agent.auditing import PERMISSION_CHANGED, TRUST_CHANGED
from pk_tui.agent.beliefs import Moved
from pk_tui.agent.chain_requests import ask_to_agree
from pk_tui.agent.chains import Exchange
from pk_tui.agent.claim_views import claim_view, fork_view, gain_views, in_words
from pk_tui.agent.core import Core, Gate
from pk_tui.agent.directory import describe_node, find_node, known_contact
from pk_tui.agent.gestalts import tell
from pk_tui.agent.lifecycle import entropy_of
from pk_tui.agent.members import gestalt_name
from pk_tui.agent.payloads import GESTALT_INVITE, GestaltInviteBody
from pk_tui.agent.rights import allows
from pk_tui.api.trust import ClaimView, ForkView, PendingView
from pk_tui.crypto.keys import RecoveryKey
from pk_tui.errors import (
    AlreadyExists,
    Malformed,
    NotFound,
    PeerMisbehaved,
    PermissionDenied,
    PkError,
    UnknownNode,
)
from pk_tui.net.link import Link, Stream
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Action, ClaimId, NodeId
from pk_tui.trust import sharing
from pk_tui.trust.appending import make_expelled, make_paired, make_retracted
from pk_tui.trust.claim import Expelled, Paired
from pk_tui.trust.entitlement import Change
from pk_tui.trust.expulsion import make_expulsion
from pk_tui.trust.pair import Party, countersign, make_half
from pk_tui.trust.sigchain import Claim, extend
from pk_tui.wire.messages import REFUSED, encode_message
from pk_tui.wire.trust_messages import Agreed, Propose


class LinkingService:
    def __init__(self, gate: Gate, exchange: Exchange) -> None:
        self._gate = gate
        self._exchange = exchange

    # ---- claims ----

    async def sigchain(self, node: str | None = None) -> Sequence[ClaimView]:
        core = self._gate.core()

        def job() -> list[ClaimView]:
            whose = core.node_id if node is None else find_node(core.store, node)
            chain = core.beliefs.chains.get(whose)
            if chain is None:
                raise UnknownNode(
                    f"The chain of {describe_node(core.store, whose)} is not known here. It is fetched when that node is "
                    "connected and knows this one."
                )
            return [claim_view(chain, claim) for claim in chain.claims]

        return await core.desk.do(job)

    async def invite(self, node: str) -> NodeId:
        core = self._gate.core()

        def job() -> tuple[NodeId, Moved]:
            whom = NodeId(known_contact(core.store, node, exact=True).node)
            refuse_linked(core, whom)
            beliefs = core.beliefs
            change = to_it_alone(whom, sharing.allow(beliefs.held, beliefs.graph, whom, CLAIM))

            def also() -> None:
                core.auditing.note(core.store, PERMISSION_CHANGED, node_id=str(whom), allowed=["claim"], disallowed=[])

            return whom, beliefs.grant(core.store, change, core.clock.now(), also)

        whom, moved = await core.desk.do(job)
        tell(core, moved)
        await core.outbox.post(whom, GESTALT_INVITE, GestaltInviteBody())
        return whom

    async def claim(self, node: str) -> ClaimId:
        core = self._gate.core()
        other = await core.desk.do(lambda: NodeId(known_contact(core.store, node, exact=True).node))
        shown = await core.desk.do(lambda: describe_node(core.store, other))
        not_invited = _NOT_INVITED.format(shown=shown, own=core.node_id)
        link = await core.peers.link_to(other)
        await self._exchange.catch_up()
        with contextlib.suppress(PermissionDenied):  # who does not know us tells nothing, and has not invited us either
            await self._exchange.compare(link, (other,))

        def propose() -> bytes:
            chain = core.beliefs.chains.get(other)
            if chain is None:
                raise PermissionDenied(not_invited)
            refuse_lost(core, core.node_id, "This node")
            refuse_lost(core, other, shown)
            refuse_linked(core, other)
            party = Party(other, recovery_of(chain))
            return make_half(core.signing, recovery_of(own_chain(core)), party, core.clock.now())

        half = await core.desk.do(propose)
        try:
            statement = await ask_to_agree(link, half)
        except PermissionDenied:
            raise PermissionDenied(not_invited) from None

        def take() -> tuple[ClaimId, Moved]:
            require_answer(statement, half)
            try:
                raw = make_paired(core.signing, own_chain(core), statement, core.clock.now())
            except Malformed as error:  # one that was taken back already, say
                raise PeerMisbehaved("The peer answered with an agreement that does not hold.") from error
            return self._append(core, raw)

        claim_id, moved = await core.desk.do(take)
        self._told(core, moved)
        with contextlib.suppress(PkError):  # it is claimed, whether its own claim is seen now or later
            await self._exchange.compare(link, (other,))
        return claim_id

    async def answer(self, core: Core, link: Link, stream: Stream, request: Propose) -> None:
        """A node proposes that it belongs to this one. Only who was invited is answered, once."""
        if await core.desk.do(lambda: may_propose(core, link.peer)):
            await self._exchange.catch_up()
            await self._exchange.compare(link, (link.peer,))  # its newest claims, by which its recovery key is known

        def job() -> tuple[bytes, Moved] | None:
            chain = core.beliefs.chains.get(link.peer)
            if chain is None or is_lost(core, link.peer) or is_lost(core, core.node_id):
                return None
            own, proposer = own_chain(core), Party(link.peer, recovery_of(chain))
            try:
                statement = countersign(core.signing, recovery_of(own), request.half, proposer)
            except Malformed:
                return None
            if not allows(core, link.peer, Action.CLAIM):
                same = unheard(core, link.peer, statement)
                return None if same is None else (same, Moved())
            raw = make_paired(core.signing, own, statement, core.clock.now())
            # First the invitation goes: what is broken off in between was not claimed, and cannot be claimed twice.
            used = core.beliefs.grant(core.store, used_up(core, link.peer), core.clock.now())
            _, moved = self._append(core, raw)
            return statement, Moved(moved.nodes | used.nodes, moved.vaults | used.vaults)

        done = await core.desk.do(job)
        if done is None:
            await stream.send(encode_message(REFUSED))
            return
        statement, moved = done
        self._told(core, moved)
        await stream.send(encode_message(Agreed(statement)))

    async def unclaim(self, node: str) -> ClaimId:
        core = self._gate.core()
        await self._exchange.catch_up()

        def job() -> tuple[ClaimId, Moved]:
            other = find_node(core.store, node)
            stands = standing_pairs(own_chain(core), other)
            if not stands:
                raise NotFound(
                    f"{describe_node(core.store, other)} is not claimed by this node: there is nothing to take back."
                )
            moved = Moved()
            for claim in stands:
                raw = make_retracted(core.signing, own_chain(core), claim.sequence, core.clock.now())
                claim_id, one = self._append(core, raw)
                moved = Moved(moved.nodes | one.nodes, moved.vaults | one.vaults)
            return claim_id, moved

        claim_id, moved = await core.desk.do(job)
        self._told(core, moved)
        return claim_id

    async def expel(self, node: str, recovery_words: Plaintext) -> ClaimId:
        core = self._gate.core()
        recovery = RecoveryKey(entropy_of(recovery_words))
        await self._exchange.catch_up()

        def job() -> tuple[ClaimId, Moved]:
            lost = find_node(core.store, node, exact=True)
            shown = describe_node(core.store, lost)
            if lost == core.node_id:
                raise PermissionDenied("That is this node itself. Expel it from another of your nodes.")
            if recovery.public not in words_over(core, lost):
                raise PermissionDenied(
                    f"These words may not speak of {shown}. It is expelled by the words it was made with, or by those of a node "
                    "that it was paired with."
                )
            if any(one.expelled == lost for one in own_standing(core).expulsions):
                raise AlreadyExists(f"{shown} was expelled by this node already.")
            statement = make_expulsion(recovery, lost, core.clock.now())
            return self._append(core, make_expelled(core.signing, own_chain(core), statement, core.clock.now()))

        claim_id, moved = await core.desk.do(job)
        self._told(core, moved)
        return claim_id

    # ---- what waits for a word ----

    async def pending(self) -> Sequence[PendingView]:
        core = self._gate.core()

        def job() -> list[PendingView]:
            beliefs = core.beliefs
            waiting = sharing.pending(beliefs.held, beliefs.graph, core.clock.now())
            news = [(one.node, _news(core, one.node, one.gains)) for one in waiting if one.node != core.node_id]
            views = [_pending_view(core, node, gains) for node, gains in news]
            return [view for view in views if view.would_gain]

        return await core.desk.do(job)

    async def rejected(self) -> Sequence[PendingView]:
        core = self._gate.core()

        def job() -> list[PendingView]:
            beliefs, now = core.beliefs, core.clock.now()
            nodes = frozenset().union(*(one.rejected for one in beliefs.held)) - {core.node_id}
            views = [
                _pending_view(core, node, sharing.would_gain(beliefs.held, beliefs.graph, node, now))
                for node in sorted(nodes)
            ]
            return [view for view in views if view.would_gain]

        return await core.desk.do(job)

    async def confirm(self, node: str) -> PendingView:
        return await self._decide(node, sharing.confirm, "confirmed")

    async def reject(self, node: str) -> PendingView:
        return await self._decide(node, sharing.reject, "rejected")

    async def _decide(self, node: str, rule: Callable[..., Change], word: str) -> PendingView:
        core = self._gate.core()

        def job() -> tuple[PendingView, Moved]:
            whom = find_node(core.store, node, exact=True)
            beliefs, now = core.beliefs, core.clock.now()
            gains = _to_confirm(sharing.would_gain(beliefs.held, beliefs.graph, whom, now))
            if not gains:
                raise NotFound(f"Nothing waits to be confirmed for {describe_node(core.store, whom)}.")
            view = _pending_view(core, whom, _news(core, whom, gains) or gains)

            def also() -> None:
                what = [in_words(gain) for gain in view.would_gain]
                core.auditing.note(core.store, PERMISSION_CHANGED, node_id=str(whom), decided=word, what=what)

            change = rule(beliefs.held, beliefs.graph, whom, gains)
            return view, beliefs.grant(core.store, change, now, also)

        view, moved = await core.desk.do(job)
        tell(core, Moved(moved.nodes | {view.node_id}, moved.vaults))
        return view

    async def forks(self) -> Sequence[ForkView]:
        core = self._gate.core()
        return await core.desk.do(lambda: [fork_view(fork) for _, fork in sorted(core.beliefs.forks.items())])

    # ---- the rest ----

    def _append(self, core: Core, raw: bytes) -> tuple[ClaimId, Moved]:
        """One claim more of our own, kept before anybody sees it. Desk work."""
        chain = extend(own_chain(core), raw)
        claim = chain.claims[-1]

        def also() -> None:
            shown = claim_view(chain, claim)
            core.auditing.note(core.store, TRUST_CHANGED, claim=str(claim.id), type=shown.type, about=_about(claim))

        return claim.id, core.beliefs.take_chain(core.store, chain, core.clock.now(), also)

    def _told(self, core: Core, moved: Moved) -> None:
        tell(core, moved)
        self._exchange.spread({core.node_id})


_NOT_INVITED = (
    "{shown} has not invited this node, so nothing was claimed. On that node, run `pk-tui identities invite {own}`, then claim "
    "it again from here."
)


def _about(claim: Claim) -> str:
    match claim.said:
        case Paired(pair):
            return f"{pair.low.node} {pair.high.node}"
        case Expelled(expulsion):
            return str(expulsion.expelled)
        case _:
            return ""


def _news(core: Core, node: NodeId, gains: Sequence[sharing.Gain]) -> list[sharing.Gain]:
    """What the node would get that it has not already by another way."""
    return [
        gain
        for gain in _to_confirm(gains)
        if not all(allows(core, node, action, gain.vault) for action in gain.actions)
    ]


def _to_confirm(gains: Sequence[sharing.Gain]) -> list[sharing.Gain]:
    """Without invitations, which are for the node that was named."""
    return [gain for gain in gains if gain.actions != CLAIM]


def _pending_view(core: Core, node: NodeId, gains: Sequence[sharing.Gain]) -> PendingView:
    return PendingView(node, gestalt_name(core.beliefs.graph.of(node)), gain_views(core, gains))
