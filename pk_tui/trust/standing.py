"""What a node's sigchain says now: whom it is paired with, which identities it names, whom its recovery words speak of.

Everything that was taken back is left out. Whether it is believed is `gestalt`'s question, which asks both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from pk_tui.clock import Instant
from pk_tui.errors import Malformed
from pk_tui.terms import ClaimId, IdentityId, NodeId
from pk_tui.trust.claim import (
    Body,
    Expelled,
    Identified,
    Link,
    Paired,
    Retracted,
    Reworded,
    Succeeded,
    names,
    read_body,
    verify_body,
)
from pk_tui.trust.expulsion import Expulsion
from pk_tui.trust.fork import Fork
from pk_tui.trust.genesis import GenesisClaim
from pk_tui.trust.sigchain import Chain, Claim, First, read_signed
from pk_tui.trust.successor import Succession

__all__ = ["Expulsion", "Named", "Standing", "Succession", "standing"]


@dataclass(frozen=True, slots=True)
class Named:
    """An identity that a chain claims. `statement`: BLAKE2b-256 of the signed statement that the provider is to show;
    `locator`: where it is said to lie there, which is only a hint."""

    identity: IdentityId
    name: str
    statement: bytes
    locator: str
    claim: ClaimId
    since: Instant


@dataclass(frozen=True, slots=True)
class Standing:
    """`pairs`: by the other node, the BLAKE2b-256 of every pair statement that stands in this chain. `ended`: of those that were
    taken back in any known branch. `partners`: by the other node, the recovery keys that pair statements of this chain, standing
    or ended, name for it; `agreed`: those that the same statements name for this node, which the other has agreed to.
    `recoveries`: every proven recovery key that this node has had. `forked_at`: where two branches of the chain begin to differ;
    what is claimed from there on counts for nothing here, what is taken back does.

    What stands alone counts from every known branch: `partners`, `agreed`, `expulsions`, `successions` and `recoveries`, those of
    every known first claim too. Or a thief who holds the device, but no words, would fork its chain and undo what they said."""

    node: NodeId
    pairs: Mapping[NodeId, frozenset[bytes]]
    ended: frozenset[bytes]
    partners: Mapping[NodeId, frozenset[bytes]]
    identities: tuple[Named, ...]
    expulsions: tuple[Expulsion, ...]
    successions: tuple[Succession, ...]
    recoveries: frozenset[bytes]
    forked_at: int | None = None
    agreed: Mapping[NodeId, frozenset[bytes]] = field(default_factory=dict)


def standing(chain: Chain, forks: Iterable[Fork] = (), branches: Iterable[Chain] = ()) -> Standing:
    """What `chain` says, given every proof that it is forked and what is known of its other branches.

    Raises ValueError for a fork or branch of another node.
    """
    forks, lines = tuple(forks), (chain, *branches)
    if {fork.node for fork in forks} | {line.node for line in lines} != {chain.node}:
        raise ValueError("a fork or a branch of another node says nothing of this one")
    told = [claim.said for line in lines for claim in line.claims]
    told += [said for fork in forks for raw in (fork.one, fork.other) for said in _told_by(raw)]
    partings = [fork.since for fork in forks] + [_parting(chain, line) for line in lines[1:]]
    forked_at = min((at for at in partings if at is not None), default=None)
    ended = _ended(lines, told)
    counted = [claim for claim in chain.claims[:forked_at] if claim.statement not in ended]
    agreed = [(said.pair.other(chain.node), said.pair.own(chain.node)) for said in told if isinstance(said, Paired)]
    return Standing(
        node=chain.node,
        pairs=_by_node(
            (claim.said.pair.other(chain.node).node, claim.said.pair.digest)
            for claim in counted
            if isinstance(claim.said, Paired)
        ),
        ended=ended,
        partners=_by_node((other.node, other.recovery) for other, _ in agreed),
        identities=tuple(_named(claim, claim.said) for claim in counted if isinstance(claim.said, Identified)),
        expulsions=tuple(dict.fromkeys(said.expulsion for said in told if isinstance(said, Expelled))),
        successions=tuple(dict.fromkeys(said.succession for said in told if isinstance(said, Succeeded))),
        recoveries=_recoveries(lines, told),
        forked_at=forked_at,
        agreed=_by_node((other.node, own.recovery) for other, own in agreed),
    )


def _by_node(rows: Iterable[tuple[NodeId, bytes]]) -> dict[NodeId, frozenset[bytes]]:
    found: dict[NodeId, set[bytes]] = {}
    for node, value in rows:
        found.setdefault(node, set()).add(value)
    return {node: frozenset(values) for node, values in found.items()}


def _named(claim: Claim, said: Identified) -> Named:
    statement = said.statement
    return Named(statement.identity, statement.name, statement.digest, said.locator, claim.id, claim.time)


def _told_by(raw: bytes) -> Iterator[First | Body]:
    """What one claim of a fork says. It is signed, but not shown to fit into a chain: what does not name its node is left out."""
    with suppress(Malformed):
        signed = read_signed(raw, 0)
        if not isinstance(signed, Link):
            yield signed
            return
        said = verify_body(read_body(signed.body))
        if names(said, signed.node):
            yield said


def _parting(chain: Chain, branch: Chain) -> int | None:
    """Where two branches begin to differ, or None if one is the beginning of the other."""
    for one, other in zip(chain.claims, branch.claims, strict=False):
        if one.id != other.id:
            return one.sequence
    return None


def _ended(lines: Iterable[Chain], told: Iterable[First | Body]) -> frozenset[bytes]:
    """The statements at all places that any claim takes back, in whichever branch it stands."""
    places = {said.sequence for said in told if isinstance(said, Retracted)}
    return frozenset(
        claim.statement
        for line in lines
        for claim in line.claims
        if claim.statement is not None and isinstance(claim.said, Paired | Identified) and claim.sequence in places
    )


def _recoveries(lines: Iterable[Chain], told: Iterable[First | Body]) -> frozenset[bytes]:
    found = {key for line in lines for key in line.recoveries}
    found |= {said.recovery for said in told if isinstance(said, GenesisClaim)}
    for said in told:
        if isinstance(said, Reworded) and said.rewording.old in found:
            found.add(said.rewording.new)
    return frozenset(found)
