"""When two nodes may agree, what an invitation is good for, and whose words speak of a node."""

from __future__ import annotations

import pytest
from agent.actors import EPOCH, new_store, refused
from trust.chains import ADA, BEN, CYD, EVE, Person, agreed

from pk_tui.agent import agreeing
from pk_tui.agent.beliefs import Beliefs
from pk_tui.agent.core import Core
from pk_tui.errors import AlreadyExists, PeerMisbehaved, PermissionDenied
from pk_tui.terms import Action
from pk_tui.trust import sharing
from pk_tui.trust.claim import BodyRecord, ExpelledRecord, IdentifiedRecord, PairedRecord, RetractedRecord
from pk_tui.trust.expulsion import make_expulsion
from pk_tui.trust.fork import verify_fork
from pk_tui.trust.pair import countersign, make_half, read_pair
from pk_tui.trust.sigchain import extend

NOTIFY = frozenset({Action.NOTIFY})


class Stub:
    """As much of a core as the rules look at: a real store, real beliefs, a clock that stands."""

    def __init__(self) -> None:
        self.store, self.signing = new_store()
        self.beliefs = Beliefs()
        self.clock = self
        for _ in self.beliefs.load(self.store, EPOCH):
            pass

    def now(self) -> int:
        return EPOCH

    @property
    def node_id(self):  # type: ignore[no-untyped-def]
        return self.signing.node_id

    def says(self, *bodies: BodyRecord) -> None:
        """In our own chain."""
        for body in bodies:
            chain = self.beliefs.chains[self.node_id]
            raw = Person(self.signing, ADA.words).after(chain, body, EPOCH)
            self.beliefs.take_chain(self.store, extend(chain, raw), EPOCH)

    def hears(self, person: Person, *bodies: BodyRecord) -> None:
        self.beliefs.take_chain(self.store, person.chain(*bodies), EPOCH)

    @property
    def me(self) -> Person:
        """With the recovery key that our own chain names, of which only the public half is here."""
        return Person(self.signing, Said(self.beliefs.chains[self.node_id].recovery))  # type: ignore[arg-type]

    def agrees(self, person: Person) -> bytes:
        half = make_half(person.signing, person.words.public, self.me.party, EPOCH)
        return countersign(self.signing, self.me.words.public, half, person.party)


class Said:
    def __init__(self, public: bytes | None) -> None:
        self.public = public


def core_of(stub: Stub) -> Core:
    return stub  # type: ignore[return-value]


@pytest.fixture
def stub() -> Stub:
    return Stub()


def invite(stub: Stub, person: Person) -> None:
    beliefs = stub.beliefs
    change = sharing.allow(beliefs.held, beliefs.graph, person.node, agreeing.CLAIM)
    beliefs.grant(stub.store, agreeing.to_it_alone(person.node, change), EPOCH)


def test_an_invitation_is_for_one_node_and_its_end_for_that_one_alone(stub: Stub) -> None:
    core, beliefs = core_of(stub), stub.beliefs
    statement = PairedRecord(agreed(BEN, CYD))
    stub.hears(BEN, statement)
    stub.hears(CYD, statement)
    beliefs.grant(stub.store, sharing.allow(beliefs.held, beliefs.graph, BEN.node, NOTIFY), EPOCH)
    invite(stub, BEN)
    assert agreeing.may_propose(core, BEN.node)
    assert not agreeing.may_propose(core, CYD.node)
    assert not agreeing.may_propose(core, EVE.node)
    invite(stub, CYD)
    beliefs.grant(stub.store, agreeing.used_up(core, BEN.node), EPOCH)
    assert not agreeing.may_propose(core, BEN.node)
    assert agreeing.may_propose(core, CYD.node)
    for person in (BEN, CYD):
        assert beliefs.is_trusted(person.node, EPOCH), "what else was given stays"
    assert not agreeing.used_up(core, EVE.node)


def test_a_right_given_with_others_is_used_up_alone(stub: Stub) -> None:
    core, beliefs = core_of(stub), stub.beliefs
    stub.hears(BEN)
    both = NOTIFY | agreeing.CLAIM
    beliefs.grant(stub.store, sharing.allow(beliefs.held, beliefs.graph, BEN.node, both), EPOCH)
    beliefs.grant(stub.store, agreeing.used_up(core, BEN.node), EPOCH)
    assert not agreeing.may_propose(core, BEN.node)
    assert beliefs.is_trusted(BEN.node, EPOCH)


def test_an_agreement_that_never_arrived_is_given_again_and_only_that(stub: Stub) -> None:
    core = core_of(stub)
    stub.hears(BEN)
    stub.hears(CYD)
    first = stub.agrees(BEN)
    assert not agreeing.may_propose(core, BEN.node)
    assert agreeing.unheard(core, BEN.node, stub.agrees(BEN)) is None
    stub.says(PairedRecord(first))
    assert agreeing.may_propose(core, BEN.node)
    assert agreeing.unheard(core, BEN.node, stub.agrees(BEN)) == first
    assert agreeing.unheard(core, CYD.node, stub.agrees(CYD)) is None
    assert agreeing.unheard(core, BEN.node, agreed(BEN, CYD)) is None, "other parties, or other words"
    assert [claim.sequence for claim in agreeing.standing_pairs(agreeing.own_chain(core), BEN.node)] == [1]
    stub.says(RetractedRecord(1))
    assert agreeing.standing_pairs(agreeing.own_chain(core), BEN.node) == []
    assert agreeing.unheard(core, BEN.node, stub.agrees(BEN)) is None
    assert not agreeing.may_propose(core, BEN.node)


@pytest.mark.parametrize("then", [(), (RetractedRecord(1),)], ids=["stands there", "was taken back there"])
def test_an_agreement_that_arrived_is_not_given_again(stub: Stub, then: tuple[BodyRecord, ...]) -> None:
    statement = stub.agrees(BEN)
    stub.says(PairedRecord(statement))
    stub.hears(BEN, PairedRecord(statement), *then)
    assert agreeing.unheard(core_of(stub), BEN.node, stub.agrees(BEN)) is None


def test_only_two_that_are_linked_directly_are_refused(stub: Stub) -> None:
    core = core_of(stub)
    with_ben, with_others = stub.agrees(BEN), agreed(BEN, CYD)
    stub.says(PairedRecord(with_ben))
    stub.hears(BEN, PairedRecord(with_ben), PairedRecord(with_others))
    stub.hears(CYD, PairedRecord(with_others))
    assert stub.beliefs.graph.of(stub.node_id).nodes == {stub.node_id, BEN.node, CYD.node}
    with refused(AlreadyExists, "already"):
        agreeing.refuse_linked(core, BEN.node)
    agreeing.refuse_linked(core, CYD.node)
    agreeing.refuse_linked(core, EVE.node)


def test_who_is_expelled_or_forked_is_lost(stub: Stub) -> None:
    core = core_of(stub)
    statement = PairedRecord(agreed(BEN, CYD))
    stub.hears(CYD, statement)
    for person in (BEN, CYD, EVE):
        agreeing.refuse_lost(core, person.node, "It")
        assert not agreeing.is_lost(core, person.node)
    stub.hears(BEN, statement, ExpelledRecord(make_expulsion(BEN.words, CYD.node, EPOCH)))
    with refused(PermissionDenied, "^It was expelled"):
        agreeing.refuse_lost(core, CYD.node, "It")
    one, other = (EVE.chain(IdentifiedRecord(EVE.identity(account), "")) for account in "12")
    stub.beliefs.take_chain(stub.store, one, EPOCH)
    stub.beliefs.take_fork(stub.store, verify_fork(one.claims[1].raw, other.claims[1].raw), other, EPOCH)
    with refused(PermissionDenied, "^It has shown two histories"):
        agreeing.refuse_lost(core, EVE.node, "It")
    assert agreeing.is_lost(core, CYD.node)
    assert agreeing.is_lost(core, EVE.node)
    assert not agreeing.is_lost(core, BEN.node)


def test_an_answer_is_what_was_proposed_or_nothing() -> None:
    half = make_half(ADA.signing, ADA.words.public, BEN.party, EPOCH)
    agreeing.require_answer(countersign(BEN.signing, BEN.words.public, half, ADA.party), half)
    earlier = agreed(ADA, BEN)
    assert read_pair(earlier).nonce != read_pair(countersign(BEN.signing, BEN.words.public, half, ADA.party)).nonce
    agreeing.require_answer(earlier, half)  # proposed before, and the answer was lost
    for wrong in (
        agreed(ADA, CYD),
        agreed(BEN, CYD),
        agreed(Person(ADA.signing, EVE.words), BEN),
        b"",
        half,
        earlier + b"\0",
    ):
        with refused(PeerMisbehaved):
            agreeing.require_answer(wrong, half)


def test_words_speak_of_their_own_node_and_of_those_it_was_paired_with(stub: Stub) -> None:
    core = core_of(stub)
    own = stub.me.words.public
    assert agreeing.words_over(core, BEN.node) == {}
    stub.hears(BEN)
    assert agreeing.words_over(core, BEN.node) == {BEN.words.public: BEN.node}
    statement = stub.agrees(BEN)
    stub.says(PairedRecord(statement))
    assert agreeing.words_over(core, BEN.node) == {BEN.words.public: BEN.node, own: stub.node_id}
    stub.says(RetractedRecord(1))
    assert own in agreeing.words_over(core, BEN.node), "taking it back does not take that away"
    assert agreeing.words_over(core, CYD.node) == {}
    assert agreeing.own_standing(core).partners == {BEN.node: frozenset({BEN.words.public})}
    assert agreeing.recovery_of(agreeing.own_chain(core)) == own
