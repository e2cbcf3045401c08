"""A small world of chains for the tests of gestalts and rights, and what follows from it, worked out in the plainest way: by
going through everything that was ever claimed. It shares no code with the program but its nouns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pk_tui.terms import ClaimId, IdentityId, NodeId, Vertex
from pk_tui.trust.belief import Proof
from pk_tui.trust.standing import Expulsion, Named, Standing, Succession

NOW = 1_800_000_000_000_000


def node(number: int) -> NodeId:
    return NodeId(bytes((65 + number,)) * 32)


def words(of: NodeId) -> bytes:
    """The recovery key of a node."""
    return b"words of" + of.raw[:24]


@dataclass(frozen=True)
class PairClaim:
    one: NodeId
    other: NodeId
    number: int

    @property
    def digest(self) -> bytes:
        return b"pair" + self.number.to_bytes(28, "big")


@dataclass(frozen=True)
class IdentityClaim:
    identity: IdentityId
    number: int

    @property
    def digest(self) -> bytes:
        return b"self" + self.number.to_bytes(28, "big")


@dataclass(frozen=True)
class Back:
    """Takes back an earlier claim of the same chain."""

    claim: PairClaim | IdentityClaim


Claim = PairClaim | IdentityClaim | Back | Expulsion | Succession


@dataclass
class World:
    """`chains`: every claim of a node, in order; those of every branch. `forks`: the place where two branches part, if they do.
    `unheard`: nodes whose chains did not come here."""

    chains: dict[NodeId, list[Claim]] = field(default_factory=dict)
    forks: dict[NodeId, int] = field(default_factory=dict)
    unheard: set[NodeId] = field(default_factory=set)
    proofs: dict[NodeId, set[Proof]] = field(default_factory=dict)
    others: dict[NodeId, set[bytes]] = field(default_factory=dict)
    """Recovery keys that further first claims of a node name."""

    # ---- as the program gets it ----

    def standing(self, of: NodeId) -> Standing:
        claims = self.chains[of]
        branch = claims[: max(0, self.forks[of] - 1)] if of in self.forks else claims
        backs = {claim.claim for claim in claims if isinstance(claim, Back)}
        made = [claim for claim in claims if isinstance(claim, PairClaim)]
        standing = [claim for claim in branch if isinstance(claim, PairClaim) and claim not in backs]
        return Standing(
            node=of,
            pairs=_by_other(of, ((claim, claim.digest) for claim in standing)),
            ended=frozenset(claim.digest for claim in backs),
            partners=_by_other(of, ((claim, words(_far(of, claim))) for claim in made)),
            agreed=_by_other(of, ((claim, words(of)) for claim in made)),
            identities=tuple(
                Named(claim.identity, "name", claim.digest, "", ClaimId(bytes(32)), NOW)
                for claim in branch
                if isinstance(claim, IdentityClaim) and claim not in backs
            ),
            expulsions=tuple(claim for claim in claims if isinstance(claim, Expulsion)),
            successions=tuple(claim for claim in claims if isinstance(claim, Succession)),
            recoveries=frozenset({words(of), *self.others.get(of, ())}),
            forked_at=self.forks.get(of),
        )

    def standings(self) -> list[Standing]:
        return [self.standing(one) for one in self.chains if one not in self.unheard]

    def all_proofs(self) -> list[Proof]:
        return [proof for some in self.proofs.values() for proof in some]

    # ---- as it is ----

    def heard(self) -> Iterator[tuple[NodeId, Claim]]:
        for one, claims in self.chains.items():
            if one not in self.unheard:
                yield from ((one, claim) for claim in claims)

    def out(self) -> set[NodeId]:
        said = [claim for _, claim in self.heard() if isinstance(claim, Expulsion | Succession)]
        pairs = [claim for _, claim in self.heard() if isinstance(claim, PairClaim)]
        gone = set()
        for claim in said:
            if isinstance(claim, Succession):
                lost, partners = claim.predecessor, set()
                if claim.successor == lost:
                    continue
            else:
                lost = claim.expelled
                partners = {pair.other for pair in pairs if pair.one == lost}
                partners |= {pair.one for pair in pairs if pair.other == lost}
            own = lost in self.chains and lost not in self.unheard
            keys = {words(partner) for partner in partners}
            keys |= {words(lost), *self.others.get(lost, ())} if own else set()
            if claim.recovery in keys:
                gone.add(lost)
        return gone

    def heirs(self, of: NodeId) -> set[NodeId]:
        """Everyone at the end of a way of successions."""
        out = self.out()
        steps = {
            (claim.predecessor, claim.successor)
            for _, claim in self.heard()
            if isinstance(claim, Succession)
            and claim.predecessor in self.chains
            and claim.predecessor not in self.unheard
            and claim.recovery in {words(claim.predecessor), *self.others.get(claim.predecessor, ())}
            and claim.successor != claim.predecessor
            and self.forks.get(claim.predecessor) != 0
        }
        reached = {of} if of in out else set()
        for _ in steps:
            reached |= {after for before, after in steps if before in reached and before in out}
        return reached - out

    def joined(self) -> set[frozenset[Vertex]]:
        """Both ends of every link that is to be believed."""
        out = self.out()
        backs = {claim.claim for _, claim in self.heard() if isinstance(claim, Back)}
        good: dict[Claim, set[NodeId]] = {}
        links: set[frozenset[Vertex]] = set()
        for one, claims in self.chains.items():
            if one in self.unheard or one in out:
                continue
            for place, claim in enumerate(claims, start=1):  # place 0 is the first claim
                if claim in backs or (one in self.forks and place >= self.forks[one]):
                    continue
                if isinstance(claim, PairClaim) and one in (claim.one, claim.other) and claim.one != claim.other:
                    good.setdefault(claim, set()).add(one)
                if isinstance(claim, IdentityClaim) and any(
                    (proof.identity, proof.statement) == (claim.identity, claim.digest)
                    for proof in self.proofs.get(one, ())
                ):
                    links.add(frozenset({one, claim.identity}))
        links |= {frozenset(sides) for sides in good.values() if len(sides) == 2}
        return links

    def parties(self) -> dict[Vertex, frozenset[Vertex]]:
        """The gestalt of every vertex that is in a link."""
        parties: list[set[Vertex]] = []
        for link in self.joined():
            meeting = [party for party in parties if party & link]
            parties = [party for party in parties if not party & link] + [set(link).union(*meeting)]
        return {vertex: frozenset(party) for party in parties for vertex in party}


def _far(of: NodeId, claim: PairClaim) -> NodeId:
    return claim.other if claim.one == of else claim.one


def _by_other(of: NodeId, some: Iterable[tuple[PairClaim, bytes]]) -> dict[NodeId, frozenset[bytes]]:
    found: dict[NodeId, set[bytes]] = {}
    for claim, value in some:
        found.setdefault(_far(of, claim), set()).add(value)
    return {one: frozenset(values) for one, values in found.items()}
