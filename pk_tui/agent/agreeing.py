"""When two nodes may agree that they belong together, by what both chains say; and which words may expel one. Desk work, reads
only.

An invitation is what lets one node claim this one, once. Of an agreement whose answer was lost on the way the same is given
again, and no second one is made.
"""

from __future__ import annotations

from dataclasses import replace

from pk_tui.agent.core import Core
from pk_tui.agent.directory import describe_node
from pk_tui.agent.rights import allows
from pk_tui.errors import AlreadyExists, Malformed, PeerMisbehaved, PermissionDenied
from pk_tui.terms import Action, NodeId
from pk_tui.trust.belief import words_over as keys_over
from pk_tui.trust.claim import Link, Paired, PairedRecord, read_body
from pk_tui.trust.entitlement import Change
from pk_tui.trust.pair import parties_of, read_pair
from pk_tui.trust.sigchain import Chain, Claim, read_signed
from pk_tui.trust.standing import Standing

CLAIM = frozenset({Action.CLAIM})
"""All that an invitation allows."""


def own_standing(core: Core) -> Standing:
    standing = core.beliefs.standing(core.node_id)
    assert standing is not None
    return standing


def own_chain(core: Core) -> Chain:
    return core.beliefs.chains[core.node_id]


def recovery_of(chain: Chain) -> bytes:
    """The recovery key that this chain may name in a pair: the proven one, else the one that is said."""
    return chain.recovery or min(chain.named)


def standing_pairs(chain: Chain, other: NodeId) -> list[Claim]:
    return [
        claim
        for claim in chain.claims
        if isinstance(claim.said, Paired) and claim.said.pair.names(other) and claim.sequence not in chain.retracted
    ]


def is_lost(core: Core, node: NodeId) -> bool:
    return node in core.beliefs.graph.expelled or node in core.beliefs.graph.forked


def refuse_lost(core: Core, node: NodeId, shown: str) -> None:
    if node in core.beliefs.graph.expelled:
        raise PermissionDenied(f"{shown} was expelled by its owner's recovery words; it belongs to nobody any more.")
    if node in core.beliefs.graph.forked:
        raise PermissionDenied(
            f"{shown} has shown two histories of itself: its key is in two places, or it lies. Nothing is built on it."
        )


def refuse_linked(core: Core, other: NodeId) -> None:
    """By a claim of the two; that both belong to a third leaves room for one."""
    if any(other in (link.node, link.other) for link in core.beliefs.graph.links(core.node_id)):
        raise AlreadyExists(f"{describe_node(core.store, other)} and this node belong together already.")


def to_it_alone(whom: NodeId, change: Change) -> Change:
    """An invitation is for the node that was named, not for what else belongs to it."""
    alone = (
        replace(one, confirmed=frozenset({whom}), rejected=frozenset()) if one.actions == CLAIM else one
        for one in change.come
    )
    return Change(change.gone, frozenset(alone))


def used_up(core: Core, node: NodeId) -> Change:
    """What lets this node claim ends; other nodes keep their own invitations."""
    old = [one for one in core.beliefs.held.naming_on(node, None) if Action.CLAIM in one.actions]
    left = (replace(one, actions=one.actions - CLAIM) for one in old if one.actions != CLAIM)
    return Change.of(old, left)


def may_propose(core: Core, node: NodeId) -> bool:
    return allows(core, node, Action.CLAIM) or bool(standing_pairs(own_chain(core), node))


def unheard(core: Core, node: NodeId, proposed: bytes) -> bytes | None:
    """The statement that was made with this node when it was invited, and that never reached it, since the line broke in between:
    the same once more, and no second one."""
    wanted, chain = read_pair(proposed), core.beliefs.chains[node]
    heard = {claim.statement for claim in chain.claims}
    for claim in standing_pairs(own_chain(core), node):
        if isinstance(claim.said, Paired) and claim.statement not in heard:
            pair = claim.said.pair
            if (pair.low, pair.high) == (wanted.low, wanted.high):
                return _statement_in(claim)
    return None


def _statement_in(claim: Claim) -> bytes:
    signed = read_signed(claim.raw, claim.sequence)
    assert isinstance(signed, Link)
    said = read_body(signed.body)
    assert isinstance(said, PairedRecord)
    return said.statement


def require_answer(statement: bytes, half: bytes) -> None:
    """Raises PeerMisbehaved unless this node has proposed it: now, or before, when the answer was lost.

    It names the two nodes and their recovery keys as they are proposed now; that this node has proposed it its signature shows.
    """
    try:
        pair = read_pair(statement)
    except Malformed as error:
        raise PeerMisbehaved("The peer answered with something that is no agreement.") from error
    if (pair.low, pair.high) != parties_of(half):
        raise PeerMisbehaved("The peer answered with another agreement than was proposed.")


def words_over(core: Core, node: NodeId) -> dict[bytes, NodeId]:
    """The recovery keys that may speak of a node, as far as its own chain, ours and those of its partners show."""
    own = core.beliefs.standing(node)
    about = {core.node_id, *(() if own is None else own.partners)}
    speakers = [one for speaker in about if (one := core.beliefs.standing(speaker)) is not None]
    return keys_over(node, own, speakers)
