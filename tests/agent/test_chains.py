"""Chains between nodes: who is behind catches up, nobody learns of a node it did not know, a liar changes nothing, and evidence
goes round."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from agent.actors import EPOCH, Stranger, refused, shared, tried
from agent.linked import (
    REFUSED,
    Said,
    Teller,
    acquainted,
    beliefs,
    fork_of,
    forked_by,
    gestalt,
    join,
    know,
    learn,
    length,
    somebody,
)
from simulator import World, eventually, simulate
from trust.chains import Person, agreed

from pk_tui.agent import chain_requests
from pk_tui.agent.agent import Agent
from pk_tui.agent.chain_heads import tag_of
from pk_tui.errors import PermissionDenied
from pk_tui.net.link import Link
from pk_tui.terms import Action, Address, NodeId
from pk_tui.trust.claim import ExpelledRecord, IdentifiedRecord, PairedRecord, RetractedRecord
from pk_tui.trust.expulsion import make_expulsion
from pk_tui.trust.pair import make_half
from pk_tui.trust.sigchain import Chain, extend, read_chain
from pk_tui.wire.messages import Message, Scan, decode_message, encode_message
from pk_tui.wire.trust_messages import AskClaims, AskFork, Claims, ForkShown, Heads, KnownBranch, Propose


def identified(person: Person, account: str) -> IdentifiedRecord:
    return IdentifiedRecord(person.identity(account, EPOCH), "")


def person_chain(person: Person, *accounts: str) -> Chain:
    return person.chain(*(identified(person, account) for account in accounts))


# ---- catching up ----


def test_of_two_that_know_a_third_the_one_behind_catches_up() -> None:
    async def scenario(w: World) -> None:
        alice, bob, _ = await acquainted(w, "alice", "bob", "carol")
        w.network.cut("bob", "carol")
        await asyncio.sleep(60)
        await w.add("dave")
        await w.introduce("carol", "dave")
        await join(w, "carol", "dave")
        carol = w.ids["carol"]
        await eventually(lambda: same(length(alice, carol), 2), 10)
        await eventually(lambda: same(length(bob, carol), 2), 10)
        assert [claim.raw for claim in beliefs(bob).chains[carol].claims] == [
            claim.raw for claim in beliefs(alice).chains[carol].claims
        ]
        # Dave belongs to Carol, so both know him by her word and his.
        for agent in (alice, bob):
            await eventually(lambda agent=agent: same(gestalt(agent, carol), {carol, w.ids["dave"]}), 10)

    simulate(scenario)


async def same(one: object, other: object) -> bool:
    return one == other


def test_the_chain_of_a_contact_that_was_never_met_is_learned_from_who_has_it() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await acquainted(w, "alice", "bob")
        vic = somebody()
        learn(alice, person_chain(vic, "1", "2"))
        await know(bob, "vic", vic)
        await eventually(lambda: same(length(bob, vic.node), 3), 5)
        zoe = somebody()  # and the other way: Bob waits for it, and then Alice learns it
        await know(bob, "zoe", zoe)
        await asyncio.sleep(2)
        learn(alice, person_chain(zoe, "1"))
        alice._exchange.spread({zoe.node})
        await eventually(lambda: same(length(bob, zoe.node), 2), 5)

    simulate(scenario)


def test_who_becomes_a_contact_while_it_is_connected_is_compared_with_then() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await w.add("alice"), await w.add("bob")
        vic = somebody()
        learn(bob, person_chain(vic, "1"))
        await know(alice, "vic", vic)
        await alice.nodes.add(w.ids["bob"], Address("bob", 1), ping=False)
        await asyncio.sleep(20)
        assert (length(alice, vic.node), length(alice, w.ids["bob"]), length(bob, w.ids["alice"])) == (0, 0, 0)
        await bob.nodes.add(w.ids["alice"], Address("alice", 1), ping=False)
        await eventually(lambda: same(length(alice, vic.node), 2), 5)
        await eventually(lambda: same((length(alice, w.ids["bob"]), length(bob, w.ids["alice"])), (1, 1)), 5)

    simulate(scenario)


def test_more_chains_than_fit_into_one_message_are_compared() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await w.add("alice"), await w.add("bob")
        people = [somebody() for _ in range(450)]
        for person in people:
            short = person.chain()
            learn(bob, short)
            learn(alice, extend(short, person.after(short, identified(person, "1"))))
        await w.introduce("alice", "bob")

        async def caught_up() -> bool:
            return all(length(bob, person.node) == 2 for person in people)

        await eventually(caught_up, 60)

    simulate(scenario)


def test_a_gestalt_is_found_with_each_chain_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = counted(monkeypatch)

    async def scenario(w: World) -> None:
        alice, bob = await acquainted(w, "alice", "bob")
        line = crowd(50)
        learn(alice, *line)
        asked.clear()
        before = w.network.bytes
        people = [chain.node for chain in line]
        core = bob._gate.core()
        await bob.nodes.add(people[0], Address("nowhere", 1), ping=False)
        await eventually(lambda: same(len(gestalt(bob, people[0])), 50), 30)
        size = sum(len(claim.raw) for chain in line for claim in chain.claims)
        assert sorted(node for node, _ in asked) == sorted(people)
        assert w.network.bytes - before < 1.25 * size + 20_000
        assert core.beliefs.graph.of(people[0]) == beliefs(alice).graph.of(people[0])

    simulate(scenario)


def crowd(size: int) -> list[Chain]:
    """Nodes of one party, each paired with the next."""
    people = [somebody() for _ in range(size)]
    pairs = [agreed(one, other, EPOCH) for one, other in pairwise(people)]
    said: list[list[PairedRecord]] = [[] for _ in people]
    for at, statement in enumerate(pairs):
        said[at].append(PairedRecord(statement))
        said[at + 1].append(PairedRecord(statement))
    return [person.chain(*bodies) for person, bodies in zip(people, said, strict=True)]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[NodeId, int]]:
    """Every question for claims that is asked from now on."""
    asked: list[tuple[NodeId, int]] = []
    ask = chain_requests.ask_claims

    async def noted(link: Link, node: NodeId, first: int) -> list[bytes]:
        asked.append((node, first))
        return await ask(link, node, first)

    monkeypatch.setattr("pk_tui.agent.chains.ask_claims", noted)
    return asked


def test_a_party_larger_than_is_followed_is_not_followed_further() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await acquainted(w, "alice", "bob")
        line = crowd(300)
        learn(alice, *line)
        await bob.nodes.add(line[0].node, Address("nowhere", 1), ping=False)
        await asyncio.sleep(60)
        assert 200 < len(gestalt(bob, line[0].node)) <= 260
        await bob.nodes.add(
            line[-1].node, Address("nowhere", 2), ping=False
        )  # a contact is asked for whatever else there is
        await eventually(lambda: same(length(bob, line[-1].node), 2), 10)

    simulate(scenario)


@pytest.mark.parametrize("fault", ["partition", "drop", "restart"])
def test_claims_of_a_new_device_reach_all_who_know_both_whatever_the_network_did_meanwhile(fault: str) -> None:
    async def scenario(w: World) -> None:
        await acquainted(w, "alice", "bob", "carol", "dave")
        for name in ("phone",):
            await w.add(name)
            for other in ("alice", "bob", "carol"):
                await w.introduce(name, other)
        await asyncio.sleep(5)
        party = {w.ids["alice"], w.ids["phone"]}
        match fault:
            case "partition":
                for one in ("bob", "carol"):
                    for other in ("alice", "phone", "dave"):
                        w.network.cut(one, other)
                await asyncio.sleep(5)
                await join(w, "phone", "alice")
                await asyncio.sleep(200)
                assert [gestalt(w.agents[name], w.ids["phone"]) == party for name in ("bob", "carol")] == [False, False]
                w.network.heal()
            case "drop":
                await w.network.drop_connections()
                await asyncio.sleep(10)
                await join(w, "phone", "alice")
                await w.network.drop_connections()
            case "restart":
                await w.stop("bob")
                await join(w, "phone", "alice")
                await w.stop("alice")
                await w.stop("phone")
                await w.start("bob")  # those who made the claims are gone: Carol and Dave tell

        async def all_know() -> bool:
            return all(gestalt(agent, w.ids["phone"]) == party for name, agent in w.agents.items() if name != "dave")

        await eventually(all_know, 400 if fault == "partition" else 60)

    simulate(scenario)


# ---- saying nothing of others ----


def test_a_peer_hears_nothing_of_nodes_that_it_does_not_know() -> None:
    async def scenario(w: World) -> None:
        await acquainted(w, "alice", "bob", "carol")
        mallory = Teller(w)
        others = [w.ids["bob"], w.ids["carol"]]
        echo: list[int] = []

        def lie(link: Link, question: Message) -> Sequence[Said] | None:
            if not isinstance(question, Heads):
                return None
            echo.append(len(question.heads))
            longer = tuple(  # it says everything back, as if it knew whom that means, and more of it
                type(head)(head.tag, head.length + 1, b"l" * 32, True, KnownBranch(9, b"b" * 32))
                for head in question.heads
            )
            return [encode_message(Heads(longer))]

        mallory.lie = lie
        await mallory.meet("alice")
        await eventually(lambda: same(bool(mallory.links), True))
        (link,) = mallory.links
        await asyncio.sleep(5)
        assert max(echo) >= 3  # Alice has spoken of all three, and of Mallory
        heard = b"".join(mallory.requests)
        (request,) = [one for one in mallory.was_asked(Heads) if len(one.heads) >= 3][:1]
        for answer in await mallory.ask(link, Heads(request.heads)):  # and back as a question of its own
            heard += answer
            assert decode_message(answer, Heads) == Heads(())
        await asyncio.sleep(40)
        heard += b"".join(mallory.requests)
        for node in others:
            assert node.raw not in heard
            assert str(node).encode() not in heard
            for digest in (hashlib.blake2b, hashlib.sha256, hashlib.sha512, hashlib.blake2s):
                assert digest(node.raw).digest()[:16] not in heard
            assert hashlib.blake2b(node.raw, digest_size=16).digest() not in heard
        assert {NodeId(one.node) for one in mallory.was_asked(AskClaims)} <= {mallory.node_id, w.ids["alice"]}
        assert mallory.was_asked(AskFork) == []

    simulate(scenario)


def test_the_tags_of_two_sessions_and_of_two_speakers_have_nothing_in_common() -> None:
    async def scenario(w: World) -> None:
        await acquainted(w, "alice", "bob")
        mallory = Teller(w)
        await mallory.meet("alice")
        await eventually(lambda: same(len(mallory.was_asked(Heads)), 1))
        await mallory.links[0].close("again")
        await eventually(lambda: same(len(mallory.was_asked(Heads)), 2))
        first, second = mallory.was_asked(Heads)
        assert len(first.heads) == len(second.heads) >= 3
        assert not {head.tag for head in first.heads} & {head.tag for head in second.heads}

    simulate(scenario)


def test_a_stranger_is_refused_alike_whatever_it_asks() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await acquainted(w, "alice", "bob")
        fay = somebody()
        one, other = forked_by(fay, (), [identified(fay, "1")], [identified(fay, "2")])
        learn(alice, one)
        core = alice._gate.core()
        core.beliefs.take_fork(core.store, fork_of(one, other), other, EPOCH)
        eve = Teller(w, "eve")
        link = await eve.dial("alice")
        half = make_half(eve.signing, eve.person.words.public, Person(core.signing, w.words["alice"]).party, EPOCH)
        nodes = (w.ids["alice"], w.ids["bob"], fay.node, eve.node_id, NodeId(b"n" * 32))
        questions: list[Message] = [Heads(()), Propose(half), Propose(b"x")]
        questions += [
            Heads((eve.head(link, eve.node_id, tag=tag_of(node, link.binding, eve.node_id)),)) for node in nodes
        ]
        questions += [AskClaims(node.raw, first) for node in nodes for first in (0, 1, 2**32 - 1)]
        questions += [AskFork(node.raw) for node in nodes]
        answers = [await eve.ask(link, question) for question in questions]
        assert answers == [[encode_message(REFUSED)]] * len(questions)
        await asyncio.sleep(40)
        assert not [one for one in eve.asked if not isinstance(one, Scan)]

    simulate(scenario)


# ---- liars ----


def page(*raws: bytes) -> bytes:
    return encode_message(Claims(raws))


VIC, OTHER = somebody(), somebody()
TRUE = person_chain(VIC, "1", "2", "3")
NEW = [claim.raw for claim in TRUE.claims[2:]]
FOREIGN = [claim.raw for claim in person_chain(OTHER, "1", "2", "3").claims]
_misfit = VIC.link(2, TRUE.claims[0].id, identified(VIC, "9"))
SHORT = read_chain(VIC.node, [claim.raw for claim in TRUE.claims[:2]])
_stranger = VIC.after(SHORT, PairedRecord(agreed(OTHER, somebody())))
LIES: dict[str, Sequence[Said]] = {
    "nothing": [],
    "an empty page": [encode_message(Claims(()))],
    "an empty page behind a good one": [page(NEW[0]), encode_message(Claims(()))],
    "a page again and again": [page(NEW[0])] * 40,
    "pages without end": [page(*NEW)] * 5_000,
    "too many bytes": [page(*[b"x" * 4_000] * 12)] * 80,
    "garbage": [b"\xff\x00garbage"],
    "garbage in a page": [page(b"garbage")],
    "a longer page than there may be": [encode_message(Claims(tuple([b"x"] * 256))), page(*[b"x"] * 200)],
    "another answer": [encode_message(Heads(()))],
    "a refusal": [encode_message(REFUSED)],
    "a refusal in the middle": [page(NEW[0]), encode_message(REFUSED)],
    "another node's claims": [page(*FOREIGN[2:])],
    "another node's chain": [page(*FOREIGN)],
    "a claim of another node behind a good one": [page(NEW[0], FOREIGN[3])],
    "a gap": [page(NEW[1])],
    "an older claim": [page(TRUE.claims[1].raw)],
    "a claim that follows another": [page(_misfit)],
    "a claim that names others": [page(_stranger)],
    "a bad signature": [page(NEW[0][:-1] + bytes((NEW[0][-1] ^ 1,)))],
    "a bad claim behind a good one": [page(NEW[0], NEW[1][:-1] + bytes((NEW[1][-1] ^ 1,)))],
    "bytes behind a claim": [page(NEW[0] + b"\0")],
    "silence": [1_000.0],
    "silence in the middle": [page(NEW[0]), 1_000.0],
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_liar_changes_nothing_and_is_believed_when_it_tells_the_truth(lie: Sequence[Said]) -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        learn(alice, SHORT)
        mallory = Teller(w)
        mallory.knows_of(TRUE)
        lied: list[Message] = []

        def tell(link: Link, question: Message) -> Sequence[Said] | None:
            if isinstance(question, AskClaims) and NodeId(question.node) == VIC.node:
                lied.append(question)
                return lie
            return None

        mallory.lie = tell
        await mallory.meet("alice")
        await asyncio.sleep(100)
        assert lied
        assert (length(alice, VIC.node), length(alice, OTHER.node)) == (2, 0)
        assert w._stores["alice"].chains.get(VIC.node) == [claim.raw for claim in TRUE.claims[:2]]
        assert not beliefs(alice).forks
        assert length(alice, mallory.node_id) == 1, "of another chain it told the truth"
        # The link goes on, and so does what else is done on it.
        (link,) = mallory.links
        assert link.closed is None
        assert await mallory.ask(link, Scan()) == [encode_message(REFUSED)]
        assert (await alice.nodes.ping("mallory")).node_id == mallory.node_id
        mallory.lie = lambda link, question: None
        (answer,) = await mallory.ask(link, mallory.heads(link))
        assert len(decode_message(answer, Heads).heads) == 2
        await eventually(lambda: same(length(alice, VIC.node), 4 if honest_end(lied, lie) else 2), 10)

    simulate(scenario)


def honest_end(lied: Sequence[Message], lie: Sequence[Said]) -> bool:
    """False where the peer's answer was whole and led nowhere: the same end of a line is not fetched from it again."""
    return list(lie) not in ([], [page(TRUE.claims[1].raw)])


HEAD_LIES: dict[str, Callable[[Teller, Link, Heads], list[bytes]]] = {
    "a node it was not asked about": lambda m, link, q: [
        encode_message(Heads((m.head(link, m.node_id, tag=tag_of(OTHER.node, link.binding, m.node_id)),)))
    ],
    "a node twice": lambda m, link, q: [
        encode_message(Heads((m.head(link, VIC.node), m.head(link, VIC.node, length=9))))
    ],
    "its own tags": lambda m, link, q: [encode_message(q)],
    "nothing": lambda m, link, q: [],
    "garbage": lambda m, link, q: [b"\xff"],
    "claims": lambda m, link, q: [page(*NEW)],
}


@pytest.mark.parametrize("lie", HEAD_LIES.values(), ids=HEAD_LIES)
def test_who_lies_about_heads_is_asked_nothing_more_of_them(lie: Callable[[Teller, Link, Heads], list[bytes]]) -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        learn(alice, SHORT)
        mallory = Teller(w)
        mallory.knows_of(TRUE)
        mallory.lie = lambda link, q: lie(mallory, link, q) if isinstance(q, Heads) else None
        await mallory.meet("alice")
        await asyncio.sleep(60)
        assert not [one for one in mallory.was_asked(AskClaims) if NodeId(one.node) == VIC.node]
        assert length(alice, VIC.node) == 2
        assert mallory.links[0].closed is None
        assert (await alice.nodes.ping("mallory")).node_id == mallory.node_id

    simulate(scenario)


def test_a_chain_that_two_hold_with_other_signatures_keeps_nobody_from_comparing_the_rest() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        mallory = Teller(w)
        early, late = sorted((somebody(), somebody()), key=lambda one: one.node)
        for person in (early, late):
            short = person.chain()
            learn(alice, short)
            mallory.knows_of(extend(short, person.after(short, identified(person, "1"))))
        mallory.lie = lambda link, q: (
            [page(b"no claim")] if isinstance(q, AskClaims) and NodeId(q.node) == early.node else None
        )
        await mallory.meet("alice")
        await eventually(lambda: same(length(alice, late.node), 2), 10)
        assert length(alice, early.node) == 1

    simulate(scenario)


# ---- forks ----


class Forker:
    """Fay's chain has two branches. In the first she belongs to Gus, in the second she has taken that back."""

    def __init__(self) -> None:
        self.fay, self.gus = somebody(), somebody()
        statement = PairedRecord(agreed(self.fay, self.gus, EPOCH))
        self.gus_chain = self.gus.chain(statement)
        self.one, self.other = forked_by(
            self.fay, [statement], [identified(self.fay, "1")], [RetractedRecord(1), identified(self.fay, "2")]
        )


async def shown_to_two(w: World, fork: Forker) -> tuple[Agent, Agent]:
    """Alice was shown one branch, Bob the other, and they have met."""
    alice, bob = await w.add("alice"), await w.add("bob")
    for agent, branch in ((alice, fork.one), (bob, fork.other)):
        learn(agent, branch, fork.gus_chain)
        await know(agent, "fay", fork.fay)
    return alice, bob


def test_a_fork_shown_to_two_is_found_when_they_meet_and_trust_grows_no_more() -> None:
    async def scenario(w: World) -> None:
        fork = Forker()
        alice, bob = await shown_to_two(w, fork)
        fay, gus = fork.fay.node, fork.gus.node
        await alice.vaults.create("work")
        assert gestalt(alice, fay) == {fay, gus}
        assert gestalt(bob, fay) == {fay}
        await w.introduce("alice", "bob")
        await asyncio.sleep(5)
        for agent, own, theirs in ((alice, fork.one, fork.other), (bob, fork.other, fork.one)):
            (view,) = await agent.linking.forks()
            assert view.node_id == fay
            assert {view.one.type, view.other.type} == {"identity", "retraction"}
            known = beliefs(agent)
            assert (known.chains[fay].claims, known.branches[fay].claims) == (own.claims, theirs.claims)
            assert gestalt(agent, fay) == {fay}, "what either branch takes back is taken back"
            assert [row.data["learned"] for row in await agent.audit.list() if "learned" in row.data] == ["fork"]
        with refused(PermissionDenied, "two different histories"):
            await alice.vaults.share("work", "fay")
        assert await alice.linking.pending() == []
        # It is kept over a restart.
        await w.stop("alice")
        alice = await w.start("alice")
        assert beliefs(alice).branches[fay].claims == fork.other.claims
        assert gestalt(alice, fay) == {fay}

    simulate(scenario)


def test_evidence_goes_round_and_then_nobody_asks_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = counted(monkeypatch)

    async def scenario(w: World) -> None:
        fork = Forker()
        alice, bob = await shown_to_two(w, fork)
        carol, dave = await w.add("carol"), await w.add("dave")
        learn(carol, fork.one, fork.gus_chain)
        learn(dave, fork.other, fork.gus_chain)
        for pair in (("alice", "carol"), ("bob", "dave"), ("alice", "bob")):
            await w.introduce(*pair)
        await asyncio.sleep(10)
        fay = fork.fay.node
        for agent in (alice, bob, carol, dave):
            assert fay in beliefs(agent).branches
            assert gestalt(agent, fay) == {fay}
        settled = len(asked)
        await w.network.drop_connections()  # they meet anew, with nothing to say
        await asyncio.sleep(120)
        assert len(asked) == settled

    simulate(scenario)


def test_a_branch_goes_on_and_what_it_says_of_others_is_heard_by_those_who_hold_the_other_one() -> None:
    async def scenario(w: World) -> None:
        fork = Forker()
        fay, lost = fork.fay, somebody()
        statement = PairedRecord(agreed(fay, lost, EPOCH))
        one, other = forked_by(fay, [statement], [identified(fay, "1")], [identified(fay, "2")])
        alice, bob = await w.add("alice"), await w.add("bob")
        for agent, branch in ((alice, one), (bob, other)):
            learn(agent, branch, lost.chain(statement))
            await know(agent, "fay", fay)
            await know(agent, "lost", lost)
        await w.introduce("alice", "bob")
        await asyncio.sleep(5)
        assert beliefs(alice).branches[fay.node].claims == other.claims
        for agent in (alice, bob):
            assert gestalt(agent, fay.node) == {fay.node, lost.node}
        # Her machine, which is on Bob's branch, goes on.
        longer = extend(other, fay.after(other, ExpelledRecord(make_expulsion(fay.words, lost.node, EPOCH)), EPOCH + 9))
        learn(bob, longer)
        bob._exchange.spread({fay.node})
        await eventually(lambda: same(lost.node in beliefs(alice).graph.expelled, True), 10)
        assert beliefs(alice).chains[fay.node].claims == one.claims
        assert beliefs(alice).branches[fay.node].claims == longer.claims
        await w.stop("alice")
        assert lost.node in beliefs(await w.start("alice")).graph.expelled

    simulate(scenario)


FORK_LIES: dict[str, Callable[[Forker, Forker], list[bytes]]] = {
    "another node's": lambda f, g: [encode_message(ForkShown(g.one.claims[2].raw, g.other.claims[2].raw))],
    "the same claim twice": lambda f, g: [encode_message(ForkShown(f.one.claims[2].raw, f.one.claims[2].raw))],
    "claims of two places": lambda f, g: [encode_message(ForkShown(f.one.claims[1].raw, f.one.claims[2].raw))],
    "claims of two nodes": lambda f, g: [encode_message(ForkShown(f.one.claims[2].raw, g.one.claims[2].raw))],
    "garbage": lambda f, g: [encode_message(ForkShown(b"x", b"y"))],
    "nothing": lambda f, g: [],
    "a refusal": lambda f, g: [encode_message(REFUSED)],
    "no message": lambda f, g: [b"\xff"],
    "a bad branch behind it": lambda f, g: [
        encode_message(ForkShown(f.one.claims[2].raw, f.other.claims[2].raw)),
        page(*(claim.raw for claim in g.other.claims)),
    ],
    "an empty page behind it": lambda f, g: [
        encode_message(ForkShown(f.one.claims[2].raw, f.other.claims[2].raw)),
        encode_message(Claims(())),
    ],
}


@pytest.mark.parametrize("lie", FORK_LIES.values(), ids=FORK_LIES)
def test_evidence_that_proves_nothing_is_not_kept(lie: Callable[[Forker, Forker], list[bytes]]) -> None:
    async def scenario(w: World) -> None:
        fork, another = Forker(), Forker()
        alice = await w.add("alice")
        learn(alice, fork.one, another.one)
        mallory = Teller(w)
        mallory.knows_of(fork.one)

        def tell(link: Link, question: Message) -> Sequence[Said] | None:
            if isinstance(question, Heads):
                said = mallory.head(link, fork.fay.node, forked=True, branch=KnownBranch(4, b"b" * 32))
                return [encode_message(Heads((said,)))]
            return lie(fork, another) if isinstance(question, AskFork) else None

        mallory.lie = tell
        await mallory.meet("alice")
        await asyncio.sleep(60)
        assert mallory.was_asked(AskFork)
        assert not beliefs(alice).forks
        assert mallory.links[0].closed is None
        # The evidence alone is enough, if it is some.
        shown = encode_message(ForkShown(fork.one.claims[2].raw, fork.other.claims[2].raw))
        mallory.lie = lambda link, q: [shown] if isinstance(q, AskFork) else None
        head = mallory.head(mallory.links[0], fork.fay.node, forked=True)
        await mallory.ask(mallory.links[0], Heads((head,)))
        await eventually(lambda: same(set(beliefs(alice).forks), {fork.fay.node}), 10)

    simulate(scenario)


# ---- our own chain ----


def test_after_a_rollback_a_node_learns_its_own_newer_claims_before_it_signs_again() -> None:
    async def scenario(w: World) -> None:
        alice, bob, carol = await acquainted(w, "alice", "bob", "carol")
        await join(w, "alice", "bob")
        mine = w.ids["alice"]
        claims = beliefs(alice).chains[mine].claims
        assert len(claims) == 2
        forget_claims(w, "alice", 1)
        await w.stop("alice")
        w.network.latency = (0.3, 0.5)
        alice = await w.start("alice")
        assert length(alice, mine) == 1
        await eventually(lambda: same(bool(alice._gate.core().peers.live()), True))
        await alice.linking.unclaim("bob")  # which takes back what it does not know of, unless a peer tells first
        assert beliefs(alice).chains[mine].claims[:2] == claims
        await asyncio.sleep(5)
        for agent in (alice, bob, carol):
            assert (length(agent, mine), dict(beliefs(agent).forks)) == (3, {})
            assert gestalt(agent, mine) == {mine}

    simulate(scenario)


def forget_claims(w: World, name: str, keep: int) -> None:
    """As an older database has it."""
    store, node = w._stores[name], w.ids[name]
    raws = store.chains.get(node)[:keep]
    store.chains.remove(node)
    for sequence, raw in enumerate(raws):
        store.chains.append(node, sequence, raw)


def test_a_peer_that_never_answers_keeps_nobody_from_signing() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await acquainted(w, "alice", "bob")
        await join(w, "alice", "bob")
        mallory = Teller(w)
        mallory.lie = lambda link, question: [10_000.0] if isinstance(question, Heads) else None
        await mallory.meet("alice")
        await asyncio.sleep(5)
        before = asyncio.get_running_loop().time()
        await alice.linking.unclaim("bob")
        assert asyncio.get_running_loop().time() - before < 6

    simulate(scenario)


# ---- expulsion ----


def test_an_expulsion_that_is_learned_ends_rights_and_a_running_transfer_at_once_and_goes_on() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, secrets=3, size=900_000)
        tablet = await w.add("tablet")
        for name in ("alice", "bob"):
            await w.introduce("tablet", name)
        carol = await w.add("carol")
        await w.introduce("carol", "alice")
        await w.introduce("carol", "bob")
        await asyncio.sleep(5)
        await join(w, "tablet", "bob")
        w.network.latency = (0.2, 0.3)
        cloning = asyncio.ensure_future(tried(bob.vaults.clone("work", "alice")))
        await asyncio.sleep(1.5)
        assert not cloning.done()
        await tablet.linking.expel("bob", w.typed["bob"])
        started = asyncio.get_running_loop().time()
        error = await cloning
        assert type(error) is PermissionDenied
        assert asyncio.get_running_loop().time() - started < 5
        for agent in (alice, carol, tablet):
            await eventually(lambda agent=agent: same(set(beliefs(agent).graph.expelled), {w.ids["bob"]}), 5)
        assert await bob.vaults.list() == []
        assert await alice.vaults.permissions("work") == []
        assert not beliefs(alice).may(w.ids["bob"], Action.NOTIFY, None, alice._gate.core().clock.now())
        learned = [row.data.get("learned") for row in await alice.audit.list()]
        assert "expulsion" in learned

    simulate(scenario)


def test_who_was_expelled_is_told_nothing_any_more() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        mallory = Teller(w)
        owner = somebody()
        statement = PairedRecord(agreed(mallory.person, owner, EPOCH))
        mine, theirs = mallory.person.chain(statement), owner.chain(statement)
        mallory.knows_of(mine)
        await mallory.meet("alice")
        learn(alice, theirs)
        await eventually(lambda: same(gestalt(alice, owner.node), {owner.node, mallory.node_id}), 10)
        (link,) = mallory.links
        (answer,) = await mallory.ask(link, mallory.heads(link))
        decode_message(answer, Heads)
        learn(
            alice,
            extend(theirs, owner.after(theirs, ExpelledRecord(make_expulsion(owner.words, mallory.node_id, EPOCH)))),
        )
        for question in (mallory.heads(link), AskClaims(w.ids["alice"].raw, 0), AskFork(owner.node.raw), Scan()):
            assert await mallory.ask(link, question) == [encode_message(REFUSED)]

    simulate(scenario)


def test_who_meets_a_thief_only_now_hears_what_the_words_of_one_it_was_paired_with_have_said() -> None:
    async def scenario(w: World) -> None:
        _, laptop, phone = await acquainted(w, "alice", "laptop", "phone")
        await join(w, "phone", "laptop")
        await phone.linking.unclaim("laptop")
        await asyncio.sleep(5)
        await laptop.linking.expel("phone", w.typed["laptop"])
        await asyncio.sleep(5)
        carol = await w.add("carol")  # who does not know the laptop
        await w.introduce("carol", "phone")
        await asyncio.sleep(20)
        assert length(carol, w.ids["phone"]) == 3
        await w.introduce("carol", "alice")
        await eventually(lambda: same(set(beliefs(carol).graph.expelled), {w.ids["phone"]}), 10)

    simulate(scenario)


def test_what_several_tell_at_once_is_fetched_from_one_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = counted(monkeypatch)

    async def scenario(w: World) -> None:
        agents = await acquainted(w, "alice", "bob", "carol", "dave")
        line = crowd(20)
        for agent in agents[1:]:
            learn(agent, *line)
        await asyncio.sleep(5)
        asked.clear()
        await agents[0].nodes.add(line[0].node, Address("nowhere", 1), ping=False)
        await eventually(lambda: same(len(gestalt(agents[0], line[0].node)), 20), 30)
        assert len(asked) == 20

    simulate(scenario)


def test_a_peer_that_floods_with_heads_is_asked_one_thing_after_the_other() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        mallory = Teller(w)
        people = [somebody() for _ in range(60)]
        for person in people:
            learn(alice, person.chain())
            mallory.knows_of(person_chain(person, "1"))
        at_once = most = 0

        async def slow(link: Link, stream: object) -> None:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            try:
                await asyncio.sleep(3)
                await Teller.tell(mallory, link, stream)  # type: ignore[arg-type]
            finally:
                at_once -= 1

        mallory.answer = slow
        await mallory.meet("alice")
        await eventually(lambda: same(bool(mallory.links), True))
        for _ in range(20):
            await mallory.ask(mallory.links[0], mallory.heads(mallory.links[0]))
        await asyncio.sleep(1)
        assert most <= 8
        await eventually(lambda: same(all(length(alice, person.node) == 2 for person in people), True), 200)

    simulate(scenario)


def test_a_stranger_that_is_no_teller_changes_nothing() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        stranger = Stranger(w)
        await stranger.meet("alice")
        await asyncio.sleep(70)  # it never answers anything
        assert length(alice, stranger.node_id) == 0
        assert (await alice.nodes.ping("mallory")).node_id == stranger.node_id

    simulate(scenario)
