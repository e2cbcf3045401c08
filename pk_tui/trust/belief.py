"""Which claims are believed, one at a time: who is out by whose words, who follows whom, and what joins two vertices, or why not.

Each rule looks at two standings at most and at what others say of a node; `gestalt` keeps the whole and asks here. No rule
compares times or depends on what was heard first: more evidence puts more nodes out and takes more links apart, in any order
to the same end.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from pk_tui.clock import Instant
from pk_tui.terms import IdentityId, NodeId, Vertex
from pk_tui.trust.standing import Expulsion, Named, Standing, Succession

NOTHING: frozenset[bytes] = frozenset()

Spoken = Expulsion | Succession
"""What a recovery key has said of a node."""


@dataclass(frozen=True, slots=True, order=True)
class Proof:
    """A provider's copy of an identity statement, fetched from `url` and verified on this node. `statement`: its BLAKE2b-256;
    `node`: who signed it; `checked`: when it was last seen there. `name` is for people and proves nothing."""

    identity: IdentityId
    node: NodeId
    statement: bytes
    name: str
    url: str
    checked: Instant


@dataclass(frozen=True, slots=True)
class Link:
    """What joins two vertices, and why that is believed. Between nodes, of which `node` has the lower id: `statements`, the
    digests of the pair statements that stand in both chains. To an identity: the one statement that stands in the node's chain,
    and the provider's copy of it."""

    node: NodeId
    other: Vertex
    statements: tuple[bytes, ...]
    proof: Proof | None = None


class Reason(Enum):
    """Why a claimed link is not believed."""

    EXPELLED = "one of them was expelled"
    ENDED = "it was taken back"
    UNKNOWN = "the other side's chain is not known here"
    FORKED = "the other side's chain has two branches, and it does not stand before they part"
    UNANSWERED = "the other side does not claim it"
    NO_PROOF = "no copy of it was found at the provider"
    OTHER_PROOF = "the copy at the provider is of another statement"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A link that `node` claims and that is not believed."""

    node: NodeId
    other: Vertex
    reason: Reason


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a node is out for ever: what was said of it, and whose recovery words said it (its own, or those of a partner)."""

    said: Spoken
    words_of: NodeId


def words_over(node: NodeId, own: Standing | None, speakers: Iterable[Standing]) -> dict[bytes, NodeId]:
    """The recovery keys that may expel `node`, and whose words each is: its own, and those of every node that it signed a pair
    statement with. `speakers`: the standings that speak of it.

    Of partners only the keys in statements that `node` itself has signed, in whichever chain these are found: a thief with a
    partner's device can give that another first claim, with words of his own, and `node` never agreed to those. A pair that was
    taken back counts on, since taking it back needs no more than the device. And whether the speaking node is expelled itself
    makes no difference: the words speak, not the node. Two that expel one another are both out.
    """
    keys = dict.fromkeys(NOTHING if own is None else own.recoveries, node)
    partners: list[tuple[NodeId, frozenset[bytes]]] = [] if own is None else list(own.partners.items())
    partners += [(one.node, one.agreed[node]) for one in speakers if node in one.agreed]
    for partner, named in sorted(partners, key=lambda pair: pair[0]):
        for key in named:
            keys.setdefault(key, partner)
    return keys


def exclusions(
    node: NodeId, own: Standing | None, speakers: Iterable[Standing], said: Iterable[Spoken]
) -> tuple[Exclusion, ...]:
    """Why `node` is out, or nothing if it is not. `said`: every expulsion and succession that speaks of it."""
    keys: Mapping[bytes, NodeId] | None = None
    counted = set()
    for one in said:
        if isinstance(one, Succession):  # only the node's own words name who follows it
            if own is not None and one.recovery in own.recoveries and one.successor != node:
                counted.add(Exclusion(one, node))
            continue
        if keys is None:
            keys = words_over(node, own, speakers)
        if one.recovery in keys:
            counted.add(Exclusion(one, keys[one.recovery]))
    return tuple(sorted(counted, key=_place_of))


def _place_of(one: Exclusion) -> tuple[bool, bytes, int, bytes]:
    successor = one.said.successor.raw if isinstance(one.said, Succession) else b""
    return isinstance(one.said, Succession), one.said.recovery, one.said.time, successor


def successors(node: NodeId, own: Standing | None, said: Iterable[Spoken]) -> frozenset[NodeId]:
    """The nodes that `node`'s own words name to follow it. More than one is possible, and is for people to choose from.

    Nobody follows a node with two first claims. Each names a recovery key, and whoever holds the device can make one: it is not
    known whose words are the owner's.
    """
    if own is None or own.forked_at == 0:
        return frozenset()
    named = (one for one in said if isinstance(one, Succession) and one.recovery in own.recoveries)
    return frozenset(one.successor for one in named if one.successor != node)


def pair_link(one: Standing | None, other: Standing | None, out: Container[NodeId]) -> Link | None:
    """The link between two nodes, if a statement that both have signed stands in both chains and none has taken it back."""
    if one is None or other is None or one.node == other.node or one.node in out or other.node in out:
        return None
    both = one.pairs.get(other.node, NOTHING) & other.pairs.get(one.node, NOTHING)
    both -= one.ended | other.ended
    if not both:
        return None
    low, high = sorted((one.node, other.node))
    return Link(low, high, tuple(sorted(both)))


def pair_doubt(one: Standing, node: NodeId, other: Standing | None, out: Container[NodeId]) -> Doubt | None:
    """Why `one`'s claim of a pair with `node`, of which no statement makes a link, is not believed; None if it claims none."""
    claimed = one.pairs.get(node)
    if not claimed or node == one.node:
        return None
    if one.node in out or node in out:
        reason = Reason.EXPELLED
    elif not claimed - one.ended - (NOTHING if other is None else other.ended):
        reason = Reason.ENDED
    elif other is None:
        reason = Reason.UNKNOWN
    else:
        reason = Reason.UNANSWERED if other.forked_at is None else Reason.FORKED
    return Doubt(one.node, node, reason)


def identity_link(
    node: NodeId, identity: IdentityId, named: Iterable[Named], proofs: Iterable[Proof], out: Container[NodeId]
) -> Link | Doubt | None:
    """What the claims of `node` to one identity come to; None if it makes none. `named`, `proofs`: at least those of both; others
    among them count for nothing. Of several copies the one last seen is the evidence."""
    claimed = {one.statement for one in named if one.identity == identity}
    if not claimed:
        return None
    if node in out:
        return Doubt(node, identity, Reason.EXPELLED)
    fetched = [one for one in proofs if one.node == node and one.identity == identity]
    good = [one for one in fetched if one.statement in claimed]
    if not good:
        return Doubt(node, identity, Reason.OTHER_PROOF if fetched else Reason.NO_PROOF)
    proof = max(good, key=lambda one: (one.checked, one))
    return Link(node, identity, (proof.statement,), proof)
