"""What two lines of claims of one node are to one another: the same, one further on, or a fork.

Two different claims of one node for one place are a fork, which only a holder of its key can make. The two claims alone prove it,
to anybody, whoever shows them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pk_tui.terms import NodeId
from pk_tui.trust.claim import Link
from pk_tui.trust.sigchain import MAX_CLAIMS, Chain, ChainFault, Fault, First, extend_all, extend_while, read_signed


@dataclass(frozen=True, slots=True)
class Fork:
    """Proof that a node's key signed two claims for one place. `since`: the earliest place at which the two branches are proven
    to differ (one before, if they do not even name the same claim before). `one` is the lesser of both as bytes."""

    node: NodeId
    sequence: int
    since: int
    one: bytes
    other: bytes


def verify_fork(one: bytes, other: bytes) -> Fork:
    """Whoever shows it, and whatever else is known of the node. Raises ChainFault if the two are no proof of a fork."""
    first, second = read_signed(one, 0), read_signed(other, 0)
    at, previous = _place(first)
    if second.node != first.node:
        raise ChainFault(Fault.WRONG_NODE, at)
    if _place(second)[0] != at:
        raise ChainFault(Fault.GAP, at)
    if one == other or (first == second and not isinstance(first, Link)):
        # A first claim bears a second signature, whose signer could make another valid one over the same words.
        raise ChainFault(Fault.ROLLBACK, at)
    since = at if _place(second)[1] == previous else at - 1
    low, high = sorted((one, other))
    return Fork(first.node, at, since, low, high)


def _place(claim: First | Link) -> tuple[int, bytes]:
    """Its sequence, and what it says came before."""
    return (claim.sequence, claim.previous) if isinstance(claim, Link) else (0, b"")


@dataclass(frozen=True, slots=True)
class Same:
    """Nothing that is not known, and everything up to the head."""


@dataclass(frozen=True, slots=True)
class Behind:
    """Nothing that is not known, and not everything."""


@dataclass(frozen=True, slots=True)
class Extended:
    chain: Chain


@dataclass(frozen=True, slots=True)
class Forked:
    """`branch`: the other branch from its first claim on, as far as it holds; None if it parts before the first claim offered,
    which is then to be asked for. Both branches are evidence and are kept."""

    fork: Fork
    branch: Chain | None


Comparison = Same | Behind | Extended | Forked


def compare(chain: Chain, first: int, raws: Sequence[bytes]) -> Comparison:
    """What claims offered for the places from `first` on are to who knows `chain`.

    Raises ChainFault if they are no claims of this node, leave a gap, or do not hold; nothing has changed then. WRONG_DIGEST at
    the place right behind our head says that the branch offered parts before `first`: ask from further back.
    """
    known = chain.claims
    if not 0 <= first <= len(known):
        raise ChainFault(Fault.GAP, len(known))
    if first + len(raws) > MAX_CLAIMS:
        raise ChainFault(Fault.TOO_LONG, MAX_CLAIMS)
    overlap = min(len(known) - first, len(raws))
    for offset in range(overlap):
        at, raw = first + offset, raws[offset]
        if raw != known[at].raw:
            if at == 0 and overlap > 1 and _says_the_same(raw, known[0].raw):
                # Whoever made the other signature of it made what goes on behind each another: that is the proof.
                return Forked(verify_fork(known[1].raw, raws[1]), None)
            return _forked(chain, at, raws[offset:])
    if first + len(raws) < len(known):
        return Behind()
    if overlap == len(raws):
        return Same()
    return Extended(extend_all(chain, raws[overlap:]))


def _says_the_same(one: bytes, other: bytes) -> bool:
    first, second = read_signed(one, 0), read_signed(other, 0)
    return first == second and not isinstance(first, Link)


def _forked(chain: Chain, at: int, raws: Sequence[bytes]) -> Forked:
    offered = read_signed(raws[0], at)
    if offered.node != chain.node:
        raise ChainFault(Fault.WRONG_NODE, at)
    sequence = _place(offered)[0]
    if sequence != at:
        raise ChainFault(Fault.GAP if sequence > at else Fault.ROLLBACK, at)
    fork = verify_fork(chain.claims[at].raw, raws[0])
    if fork.since < at:
        return Forked(fork, None)
    return Forked(fork, extend_while(chain.claims[:at], raws))
