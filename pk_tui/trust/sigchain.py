"""A node's sigchain: its first claim and every claim behind it, each naming the one before.

Pure rules: a chain grows by one valid claim after the other or not at all. What two chains of one node are to one another is
`fork`'s question, what a chain says `standing`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from itertools import islice

from pk_tui.clock import Instant
from pk_tui.errors import Malformed
from pk_tui.terms import ClaimId, NodeId
from pk_tui.trust.claim import (
    Body,
    Expelled,
    Identified,
    Link,
    Paired,
    Retracted,
    Reworded,
    Succeeded,
    UnverifiedLink,
    claim_id,
    names,
    read_body,
    statement_in,
    verify_body,
)
from pk_tui.trust.genesis import GenesisClaim, UnverifiedClaim
from pk_tui.trust.statement import NotSigned
from pk_tui.trust.succession import Succession as FirstSuccession
from pk_tui.trust.succession import UnverifiedSuccession
from pk_tui.trust.successor import Succession

MAX_CLAIMS = 4_096

First = GenesisClaim | FirstSuccession


class Fault(Enum):
    """What is wrong with a chain. The sentence is for people; `{at}` is the claim's place."""

    GAP = "gap"
    FORK = "fork"
    ROLLBACK = "rollback"
    WRONG_DIGEST = "wrong_digest"
    WRONG_SIGNER = "wrong_signer"
    WRONG_NODE = "wrong_node"
    MALFORMED = "malformed"
    NOT_NAMED = "not_named"
    NOTHING_TO_RETRACT = "nothing_to_retract"
    TOO_LONG = "too_long"
    BAD_STATEMENT = "bad_statement"


_SENTENCES = {
    Fault.GAP: "Where claim {at} of the chain belongs a later one stands: one or more are missing.",
    Fault.FORK: "The node signed two different claims for place {at} of its chain: the chain is forked.",
    Fault.ROLLBACK: "Where claim {at} of the chain belongs an older one stands again.",
    Fault.WRONG_DIGEST: "Claim {at} of the chain does not follow from the one before it.",
    Fault.WRONG_SIGNER: "Claim {at} of the chain does not carry the signature it must have.",
    Fault.WRONG_NODE: "Claim {at} of the chain is another node's.",
    Fault.MALFORMED: "Claim {at} of the chain cannot be read.",
    Fault.NOT_NAMED: "Claim {at} of the chain carries a statement that does not name the chain's node.",
    Fault.NOTHING_TO_RETRACT: "Claim {at} of the chain takes back what does not stand in it.",
    Fault.TOO_LONG: f"A chain has at most {MAX_CLAIMS:,} claims, and this one would have more.",
    Fault.BAD_STATEMENT: "Claim {at} of the chain carries a statement that does not hold.",
}


class ChainFault(Malformed):
    """A chain that does not hold. `at`: the place where that shows, counted from 0."""

    def __init__(self, fault: Fault, at: int) -> None:
        super().__init__(_SENTENCES[fault].format(at=at))
        self.fault = fault
        self.at = at


@dataclass(frozen=True, slots=True)
class Claim:
    """A verified claim at its place. `statement`: the digest of the statement it carries, if it carries one."""

    sequence: int
    id: ClaimId
    time: Instant
    said: First | Body
    statement: bytes | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """How long a chain is, and the ClaimId of its last claim: two that have the same head are the same chain."""

    length: int
    digest: ClaimId


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain that holds. `recovery`: the recovery key of now (Ed25519 public key), None while it is only said and not proven;
    `recoveries`: every proven one so far; `named`: those that the node may name in a pair, proven or only said.
    `retracted`: the places of claims that were taken back."""

    node: NodeId
    claims: tuple[Claim, ...]
    recovery: bytes | None
    recoveries: frozenset[bytes]
    named: frozenset[bytes]
    retracted: frozenset[int]

    @property
    def head(self) -> Head:
        return Head(len(self.claims), self.claims[-1].id)

    @property
    def first(self) -> First:
        said = self.claims[0].said
        assert isinstance(said, GenesisClaim | FirstSuccession)
        return said


# ---- reading ----


def read_first(raw: bytes) -> Chain:
    """The chain of one claim. Raises ChainFault if the bytes are no first claim that its keys signed."""
    return _read((raw,))


def read_chain(node: NodeId, raws: Iterable[bytes]) -> Chain:
    """The whole chain of `node`, from its first claim on. Raises ChainFault; an empty one has a GAP at 0."""
    rest = iter(raws)
    chain = _read(islice(rest, 1))
    if chain.node != node:
        raise ChainFault(Fault.WRONG_NODE, 0)
    return extend_all(chain, rest)


def extend(chain: Chain, raw: bytes) -> Chain:
    """The chain with one claim more. Raises ChainFault if it is not its next."""
    return extend_all(chain, (raw,))


def extend_all(chain: Chain, raws: Iterable[bytes]) -> Chain:
    """The chain with all of these behind it. Raises ChainFault at the first that does not fit; then none counts."""
    return _read(raws, chain.claims)


def extend_while(claims: Iterable[Claim], raws: Iterable[bytes]) -> Chain:
    """The chain of these verified claims, from the first on, with as many of `raws` behind it as fit."""
    growing = _Growing(claims)
    with suppress(ChainFault):
        for raw in raws:
            growing.add(raw)
    return growing.chain()


def _read(raws: Iterable[bytes], behind: Iterable[Claim] = ()) -> Chain:
    growing = _Growing(behind)
    for raw in raws:
        growing.add(raw)
    return growing.chain()


# ---- one claim after the other ----


class _Growing:
    """A chain in the making: what `Chain` says, and what it takes to check the next claim."""

    def __init__(self, claims: Iterable[Claim] = ()) -> None:
        """claims: verified ones, from the first on."""
        self._claims: list[Claim] = []
        self._recovery: bytes | None = None
        self._recoveries: set[bytes] = set()
        self._named: set[bytes] = set()
        self._retracted: set[int] = set()
        self._statements: set[bytes] = set()
        self._nonces: set[bytes] = set()
        self._followed = self._follows = False
        for claim in claims:
            self._take(claim)

    def chain(self) -> Chain:
        if not self._claims:
            raise ChainFault(Fault.GAP, 0)
        return Chain(
            self._node,
            tuple(self._claims),
            self._recovery,
            frozenset(self._recoveries),
            frozenset(self._named),
            frozenset(self._retracted),
        )

    def add(self, raw: bytes) -> None:
        """Raises ChainFault if it is not the next claim; then nothing has changed."""
        at = len(self._claims)
        if at >= MAX_CLAIMS:
            raise ChainFault(Fault.TOO_LONG, at)
        signed = read_signed(raw, at)
        if at == 0:
            if isinstance(signed, Link):
                raise ChainFault(Fault.GAP, 0)
            self._take(Claim(0, claim_id(raw), signed.time, signed, None, raw))
            return
        if signed.node != self._node:
            raise ChainFault(Fault.WRONG_NODE, at)
        sequence = signed.sequence if isinstance(signed, Link) else 0
        if sequence > at:
            raise ChainFault(Fault.GAP, at)
        if sequence < at:
            again = raw == self._claims[sequence].raw or signed == self._claims[sequence].said
            raise ChainFault(Fault.ROLLBACK, at) if again else ChainFault(Fault.FORK, sequence)
        assert isinstance(signed, Link)
        if signed.previous != self._claims[-1].id.raw:
            raise ChainFault(Fault.WRONG_DIGEST, at)
        try:
            body = read_body(signed.body)
        except Malformed:
            raise ChainFault(Fault.MALFORMED, at) from None
        statement = statement_in(body)
        try:
            said = verify_body(body)
        except Malformed:
            raise ChainFault(Fault.BAD_STATEMENT, at) from None
        fault = Fault.BAD_STATEMENT if statement in self._statements else self._fault(said)
        if fault is not None:
            raise ChainFault(fault, at)
        self._take(Claim(at, claim_id(raw), signed.time, said, statement, raw))

    @property
    def _node(self) -> NodeId:
        said = self._claims[0].said
        assert isinstance(said, GenesisClaim | FirstSuccession)
        return said.node

    def _fault(self, said: Body) -> Fault | None:
        """What forbids that this chain says so now."""
        if not names(said, self._node):
            return Fault.NOT_NAMED
        fits = True
        match said:
            case Paired(pair):
                # The nonce too: the other could sign the same words once more, for a statement with another digest.
                fits = pair.own(self._node).recovery in self._named and pair.nonce not in self._nonces
            case Retracted(sequence):
                stands = sequence < len(self._claims) and sequence not in self._retracted
                if not stands or not isinstance(self._claims[sequence].said, Paired | Identified):
                    return Fault.NOTHING_TO_RETRACT
            case Succeeded(succession):
                fits = self._succeeds(succession)
            case Reworded(rewording):
                fits = rewording.old == self._recovery and rewording.new not in self._named
            case Identified() | Expelled():
                pass
        return None if fits else Fault.BAD_STATEMENT

    def _succeeds(self, said: Succession) -> bool:
        """One predecessor and one successor at most; the one that the first claim names, if it names one."""
        if said.predecessor == self._node:
            return said.recovery in self._recoveries and not self._followed
        first = self._claims[0].said
        if isinstance(first, FirstSuccession) and (said.predecessor, said.recovery) != (
            first.predecessor,
            first.recovery,
        ):
            return False
        return not self._follows

    def _take(self, claim: Claim) -> None:
        """What a verified claim that fits changes."""
        self._claims.append(claim)
        if claim.statement is not None:
            self._statements.add(claim.statement)
        match claim.said:
            case GenesisClaim():
                self._prove(claim.said.recovery)
            case FirstSuccession():
                self._named.add(claim.said.recovery)
            case Paired(pair):
                self._nonces.add(pair.nonce)
            case Retracted(sequence):
                self._retracted.add(sequence)
            case Reworded(rewording):
                self._prove(rewording.new)
            case Succeeded(succession) if succession.predecessor == self._node:
                self._followed = True
            case Succeeded(succession):
                self._follows = True
                if self._recovery is None:  # the very key that the first claim names has spoken for this node
                    self._prove(succession.recovery)
            case _:
                pass

    def _prove(self, recovery: bytes) -> None:
        self._recovery = recovery
        self._recoveries.add(recovery)
        self._named.add(recovery)


def read_signed(raw: bytes, at: int) -> First | Link:
    """Any claim, the first or a later one, with the signatures it must have. `at`: its place, for the ChainFault."""
    for kind in (UnverifiedLink, UnverifiedClaim, UnverifiedSuccession):
        try:
            return kind(raw).verify()
        except NotSigned:
            raise ChainFault(Fault.WRONG_SIGNER, at) from None
        except Malformed:
            continue
    raise ChainFault(Fault.MALFORMED, at)
