from __future__ import annotations

from collections.abc import Callable

import pytest
from agent.actors import refused
from simulator import EPOCH, World, simulate
from trust.chains import ADA, BEN, CYD, Person, agreed

from pk_tui.agent.core import Core
from pk_tui.agent.members import describe_member, find_member, gestalt_name, in_order
from pk_tui.errors import Misuse, UnknownNode
from pk_tui.store.contacts import Contact
from pk_tui.terms import IdentityId, NodeId
from pk_tui.trust.belief import Proof
from pk_tui.trust.claim import ExpelledRecord, IdentifiedRecord, PairedRecord, RetractedRecord
from pk_tui.trust.expulsion import make_expulsion
from pk_tui.trust.gestalt import Gestalt
from pk_tui.trust.sigchain import Chain, extend
from pk_tui.trust.statement import digest_of

GITHUB = IdentityId("github", "583231")


def named(core: Core, person: Person, petname: str | None) -> None:
    core.store.contacts.put(Contact(person.node.raw, petname, (), EPOCH))


def learn(core: Core, chain: Chain) -> None:
    core.beliefs.take_chain(core.store, chain, EPOCH)


def prove(core: Core, person: Person, account: str, name: str) -> None:
    """The provider shows the person's statement, under this name."""
    identity = IdentityId("github", account)
    proof = Proof(identity, person.node, digest_of(person.identity(account)), name, "https://gist.example/1", EPOCH)
    core.beliefs.take_proofs(core.store, person.node, [proof], EPOCH)


def identified(person: Person, account: str = "583231") -> Chain:
    return person.chain(IdentifiedRecord(person.identity(account), ""))


def at_alice(scenario: Callable[[Core], None]) -> None:
    async def whole(w: World) -> None:
        scenario((await w.add("alice"))._gate.core())

    simulate(whole)


def test_a_node_is_found_by_petname_and_id_and_a_part_of_its_id_grants_nothing() -> None:
    def scenario(core: Core) -> None:
        named(core, ADA, "ada")
        for reference in ("ada", str(ADA.node), str(ADA.node).upper()):
            assert find_member(core, reference, exact=True) == ADA.node
        assert find_member(core, str(ADA.node)[:20]) == ADA.node
        with refused(Misuse, "only part"):
            find_member(core, str(ADA.node)[:20], exact=True)

    at_alice(scenario)


def test_who_is_not_in_the_list_of_nodes_is_not_found_though_its_chain_is_known() -> None:
    def scenario(core: Core) -> None:
        learn(core, ADA.chain())
        for reference in ("ada", str(ADA.node), str(core.node_id), ""):
            with refused(UnknownNode):
                find_member(core, reference)

    at_alice(scenario)


def test_an_identity_is_found_by_name_and_account_once_it_was_verified() -> None:
    def scenario(core: Core) -> None:
        learn(core, identified(ADA))
        references = ("github:ada", "github:583231")
        for reference in references:
            with refused(UnknownNode, "verified"):
                find_member(core, reference)
        prove(core, ADA, "583231", "ada")
        for reference in references:
            for exact in (False, True):
                assert find_member(core, reference, exact=exact) == GITHUB
        for other in ("github:ad", "github:ada2", "web:ada", "github:", ":ada", ":", "GITHUB:ada"):
            with refused(UnknownNode, "verified"):
                find_member(core, other)

    at_alice(scenario)


def test_an_identity_that_no_link_is_believed_to_any_more_is_not_found() -> None:
    def scenario(core: Core) -> None:
        taken_back = identified(ADA)
        learn(core, taken_back)
        prove(core, ADA, "583231", "ada")
        assert find_member(core, "github:ada") == GITHUB
        learn(core, extend(taken_back, ADA.after(taken_back, RetractedRecord(1))))
        with refused(UnknownNode):
            find_member(core, "github:ada")
        learn(core, BEN.chain(IdentifiedRecord(BEN.identity("7"), "")))
        prove(core, BEN, "7", "ben")
        assert find_member(core, "github:ben") == IdentityId("github", "7")
        ben = core.beliefs.chains[BEN.node]
        learn(core, extend(ben, BEN.after(ben, ExpelledRecord(make_expulsion(BEN.words, BEN.node, EPOCH)))))
        with refused(UnknownNode):
            find_member(core, "github:ben")

    at_alice(scenario)


def test_a_name_that_two_accounts_go_by_names_neither() -> None:
    def scenario(core: Core) -> None:
        learn(core, identified(ADA))
        prove(core, ADA, "583231", "ada")
        learn(core, identified(BEN, "9"))
        prove(core, BEN, "9", "ada")
        with refused(Misuse, "several accounts: github:583231, github:9"):
            find_member(core, "github:ada", exact=True)
        assert find_member(core, "github:9", exact=True) == IdentityId("github", "9")
        prove(core, BEN, "9", "583231")  # a name that is another's number
        with refused(Misuse, "several accounts"):
            find_member(core, "github:583231", exact=True)
        assert find_member(core, "github:ada", exact=True) == GITHUB
        core.beliefs.take_proofs(core.store, BEN.node, [], EPOCH)
        assert find_member(core, "github:583231", exact=True) == GITHUB

    at_alice(scenario)


def test_what_was_typed_and_names_from_outside_are_made_safe() -> None:
    def scenario(core: Core) -> None:
        for reference in ("github:\x1b[2J", "github:\u202ex"):
            with pytest.raises(UnknownNode) as caught:
                find_member(core, reference)
            assert not {"\x1b", "\u202e"} & set(caught.value.message)
        learn(core, identified(ADA))
        prove(core, ADA, "583231", "a\x1bd\u202ea")
        shown = describe_member(core, GITHUB)
        assert "\x1b" not in shown
        assert "\u202e" not in shown

    at_alice(scenario)


def test_a_member_is_described_by_what_people_know_it_by() -> None:
    def scenario(core: Core) -> None:
        named(core, ADA, "ada")
        assert describe_member(core, ADA.node).startswith("ada (")
        assert describe_member(core, BEN.node) == f"{BEN.node.short}…"
        assert describe_member(core, GITHUB) == "github:583231"
        learn(core, identified(ADA))
        prove(core, ADA, "583231", "ada-l")
        assert describe_member(core, GITHUB) == "github:ada-l"

    at_alice(scenario)


def test_a_gestalt_goes_by_the_lowest_id_of_its_nodes_whatever_they_are_called() -> None:
    nodes = [NodeId(bytes((number,)) * 32) for number in (3, 1, 2)]
    assert gestalt_name(Gestalt.of(nodes)) == str(nodes[1])
    assert gestalt_name(Gestalt.of([*nodes, GITHUB])) == str(nodes[1])
    assert gestalt_name(Gestalt.of([GITHUB, IdentityId("github", "1")])) == "github:1"


def test_the_nodes_of_a_gestalt_come_by_name_and_then_by_id() -> None:
    def scenario(core: Core) -> None:
        first, second = agreed(ADA, BEN), agreed(BEN, CYD)
        learn(core, ADA.chain(PairedRecord(first)))
        learn(core, BEN.chain(PairedRecord(first), PairedRecord(second)))
        learn(core, CYD.chain(PairedRecord(second)))
        gestalt = core.beliefs.graph.of(ADA.node)
        assert in_order(core, gestalt) == tuple(sorted(person.node for person in (ADA, BEN, CYD)))
        named(core, CYD, "b")
        named(core, BEN, "a")
        named(core, ADA, None)
        assert in_order(core, gestalt) == (BEN.node, CYD.node, ADA.node)

    at_alice(scenario)
