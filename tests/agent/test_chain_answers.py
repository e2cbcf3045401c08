"""Which chains are shown to whom."""

from __future__ import annotations

from agent.actors import EPOCH
from agent.linked import REFUSED, Teller, acquainted, beliefs, fork_of, forked_by, learn, length, somebody
from simulator import World, eventually, simulate

from pk_tui.terms import NodeId
from pk_tui.trust.claim import IdentifiedRecord
from pk_tui.wire.messages import decode_message, encode_message
from pk_tui.wire.trust_messages import AskClaims, AskFork, Claims, ForkShown


async def same(one: object, other: object) -> bool:
    return one == other


def test_a_contact_is_refused_alike_for_nodes_that_are_not_known_and_told_of_those_it_names() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await acquainted(w, "alice", "bob")
        mallory = Teller(w)
        await mallory.meet("alice")
        await eventually(lambda: same(bool(mallory.links), True))
        (link,) = mallory.links
        for node in (mallory.node_id, NodeId(b"n" * 32)):
            if node != mallory.node_id:
                assert await mallory.ask(link, AskClaims(node.raw, 0)) == [encode_message(REFUSED)]
            assert await mallory.ask(link, AskFork(node.raw)) == [encode_message(REFUSED)]
        assert await mallory.ask(link, AskFork(w.ids["bob"].raw)) == [encode_message(REFUSED)]
        for node in (w.ids["alice"], w.ids["bob"]):
            (answer,) = await mallory.ask(link, AskClaims(node.raw, 0))
            assert list(decode_message(answer, Claims).claims) == [
                claim.raw for claim in beliefs(alice).chains[node].claims
            ]
            assert await mallory.ask(link, AskClaims(node.raw, 1)) == []
            assert await mallory.ask(link, AskClaims(node.raw, 2**32 - 1)) == []

    simulate(scenario)


def test_a_fork_is_shown_with_its_evidence_and_the_other_branch_if_that_is_known() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        mallory = Teller(w)
        await mallory.meet("alice")
        await eventually(lambda: same(length(alice, mallory.node_id), 1))
        (link,) = mallory.links
        fay = somebody()
        accounts = [IdentifiedRecord(fay.identity(str(at)), "") for at in range(2)]
        one, other = forked_by(fay, [], accounts[:1], accounts[1:])
        fork = fork_of(one, other)
        learn(alice, one)
        assert await mallory.ask(link, AskFork(fay.node.raw)) == [encode_message(REFUSED)]
        core = alice._gate.core()
        core.beliefs.take_fork(core.store, fork, None, EPOCH)
        shown = encode_message(ForkShown(fork.one, fork.other))
        assert await mallory.ask(link, AskFork(fay.node.raw)) == [shown]
        core.beliefs.take_fork(core.store, fork, other, EPOCH)
        branch = encode_message(Claims(tuple(claim.raw for claim in other.claims)))
        assert await mallory.ask(link, AskFork(fay.node.raw)) == [shown, branch]

    simulate(scenario)


def test_a_long_chain_is_shown_in_pages_from_where_it_is_asked_for() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        mallory = Teller(w)
        await mallory.meet("alice")
        await eventually(lambda: same(length(alice, mallory.node_id), 1))
        (link,) = mallory.links
        fay = somebody()
        chain = fay.chain(*(IdentifiedRecord(fay.identity(str(at)), "") for at in range(300)))
        learn(alice, chain)
        for first in (0, 1, 299, 300):
            answers = [
                decode_message(raw, Claims).claims for raw in await mallory.ask(link, AskClaims(fay.node.raw, first))
            ]
            assert [claim for page in answers for claim in page] == [claim.raw for claim in chain.claims[first:]]
            assert len(answers) == (2 if first < 2 else 1)
        assert await mallory.ask(link, AskClaims(fay.node.raw, 301)) == []

    simulate(scenario)
