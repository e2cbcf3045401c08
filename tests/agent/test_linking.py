"""Claiming nodes, taking it back, expelling the lost, and what is to be confirmed because of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from agent.actors import EPOCH, read, refused, tried, write
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
    learn,
    length,
    somebody,
)
from simulator import World, eventually, simulate
from trust.chains import Person, agreed

from pk_tui.agent import linking
from pk_tui.agent.agent import Agent
from pk_tui.api.trust import GainView
from pk_tui.errors import (
    AlreadyExists,
    Locked,
    Misuse,
    NotFound,
    PeerMisbehaved,
    PermissionDenied,
    PkError,
    UnknownNode,
    Unreachable,
)
from pk_tui.net.link import Link
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Action, Address
from pk_tui.trust.claim import ExpelledRecord, IdentifiedRecord, PairedRecord, RetractedRecord
from pk_tui.trust.expulsion import make_expulsion
from pk_tui.trust.pair import Party, countersign, make_half, read_pair
from pk_tui.trust.sigchain import extend, read_first
from pk_tui.wire.messages import Message, decode_message, encode_message
from pk_tui.wire.trust_messages import Agreed, Heads, Propose


def party(w: World, *names: str) -> frozenset[Any]:
    return frozenset(w.ids[name] for name in names)


async def noted(agent: Agent, topic: str) -> list[dict[str, object]]:
    """The details of what was noted under a topic, the oldest first."""
    return [dict(row.data) for row in reversed(await agent.audit.list()) if row.topic == topic]


async def everybody_sees(w: World, node: str, *others: str, but: str = "") -> None:
    """In time. `but`: who was expelled is told nothing, not even that."""
    for name in w.agents.keys() - {but}:
        agent = w.agents[name]
        await eventually(lambda agent=agent: equal(gestalt(agent, w.ids[node]), party(w, node, *others)), 10)


async def equal(one: object, other: object) -> bool:
    return one == other


# ---- inviting and claiming ----


def test_two_nodes_belong_together_when_one_has_invited_and_the_other_claimed() -> None:
    async def scenario(w: World) -> None:
        alice, laptop, server = await acquainted(w, "alice", "laptop", "server")
        assert await server.linking.invite("laptop") == w.ids["laptop"]
        await asyncio.sleep(2)
        (note,) = await laptop.notifications.inbox()
        assert note.type == "GestaltInvite"
        claim_id = await laptop.linking.claim("server")
        assert gestalt(laptop, w.ids["server"]) == party(w, "laptop", "server"), "seen at once by who claimed"
        await everybody_sees(w, "laptop", "server")
        own, theirs = await laptop.linking.sigchain(), await alice.linking.sigchain("server")
        assert [row.type for row in own] == [row.type for row in theirs] == ["genesis", "node"]
        assert own[1].claim_id == claim_id
        assert own[1].data == {"node_id": str(w.ids["server"])}
        assert set(own[1].signers) == {str(w.ids["server"]), str(w.ids["laptop"])}
        both = " ".join(str(node) for node in sorted(party(w, "laptop", "server")))
        claimed = {"claim": str(claim_id), "type": "node", "about": both}
        assert claimed in await noted(laptop, "trust.changed")
        assert [row["about"] for row in await noted(server, "trust.changed") if "about" in row] == [both]
        invited = {"node_id": str(w.ids["laptop"]), "allowed": ["claim"], "disallowed": []}
        assert invited in await noted(server, "permission.changed")

    simulate(scenario)


def test_who_was_not_invited_claims_nothing_and_is_told_what_to_do() -> None:
    async def scenario(w: World) -> None:
        laptop, server, _ = await acquainted(w, "laptop", "server", "phone")
        with refused(PermissionDenied, f"identities invite {w.ids['laptop']}"):
            await laptop.linking.claim("server")
        await server.linking.invite("phone")  # another one was
        with refused(PermissionDenied, "not invited"):
            await laptop.linking.claim("server")
        stranger = await w.add("stranger")  # who knows the server, and is not known there
        await stranger.nodes.add(w.ids["server"], Address("server", 1), ping=False)
        with refused(PermissionDenied, "not invited"):
            await stranger.linking.claim(str(w.ids["server"]))
        assert [length(agent, node) for agent in (laptop, server) for node in (w.ids["laptop"], w.ids["server"])] == [
            1
        ] * 4
        await w.agents["phone"].linking.claim("server")  # the invitation is still there for whom it was made

    simulate(scenario)


def test_an_invitation_is_used_up_by_one_claim() -> None:
    async def scenario(w: World) -> None:
        laptop, server = await acquainted(w, "laptop", "server")
        await join(w, "laptop", "server")
        assert Action.CLAIM not in (await server.gestalts.get("laptop")).actions
        await laptop.linking.unclaim("server")
        await asyncio.sleep(2)
        with refused(PermissionDenied, "not invited"):
            await laptop.linking.claim("server")
        assert length(server, w.ids["server"]) == 2
        await join(w, "laptop", "server")
        await everybody_sees(w, "laptop", "server")

    simulate(scenario)


def test_an_invitation_is_for_the_node_that_was_named_and_for_no_other_of_its_party() -> None:
    async def scenario(w: World) -> None:
        laptop, phone, server = await acquainted(w, "laptop", "phone", "server")
        await join(w, "phone", "laptop")
        await server.linking.invite("laptop")
        with refused(PermissionDenied, "not invited"):
            await phone.linking.claim("server")
        assert await server.linking.pending() == [], "an invitation is nothing that a later device is to be given"
        await server.linking.invite("phone")
        await laptop.linking.claim("server")
        await phone.linking.claim("server")  # each has its own, though the party is one by now
        await everybody_sees(w, "server", "phone", "laptop")

    simulate(scenario)


def test_who_belongs_to_a_third_may_still_claim_one_another() -> None:
    async def scenario(w: World) -> None:
        laptop, phone, server = await acquainted(w, "laptop", "phone", "server")
        await join(w, "laptop", "server")
        await join(w, "phone", "server")
        await join(w, "phone", "laptop")
        await server.linking.unclaim("laptop")
        await server.linking.unclaim("phone")
        for agent in (laptop, phone, server):
            await eventually(lambda agent=agent: equal(gestalt(agent, w.ids["phone"]), party(w, "phone", "laptop")), 10)

    simulate(scenario)


def test_what_belongs_together_is_neither_invited_nor_claimed_again() -> None:
    async def scenario(w: World) -> None:
        laptop, server = await acquainted(w, "laptop", "server")
        await join(w, "laptop", "server")
        for one, other in ((laptop, "server"), (server, "laptop")):
            with refused(AlreadyExists, "belong together already"):
                await one.linking.claim(other)
            with refused(AlreadyExists, "belong together already"):
                await one.linking.invite(other)

    simulate(scenario)


@pytest.mark.parametrize("deed", ["invite", "claim"])
def test_only_a_petname_or_a_full_id_that_is_known_is_taken(deed: str) -> None:
    async def scenario(w: World) -> None:
        laptop, _ = await acquainted(w, "laptop", "server")
        do = getattr(laptop.linking, deed)
        with refused(Misuse, "full id"):
            await do(str(w.ids["server"])[:12])
        for unknown in ("nobody", str(somebody().node), str(w.ids["laptop"]), "", "github:ada"):
            with refused(UnknownNode):
                await do(unknown)
        with refused(UnknownNode):
            await laptop.linking.unclaim("nobody")
        with refused(UnknownNode):
            await laptop.linking.sigchain("nobody")

    simulate(scenario)


def test_a_node_that_is_not_there_is_not_claimed() -> None:
    async def scenario(w: World) -> None:
        laptop, _ = await acquainted(w, "laptop", "server")
        await w.stop("server")
        with refused(Unreachable):
            await laptop.linking.claim("server")
        assert length(laptop, w.ids["laptop"]) == 1

    simulate(scenario)


def test_a_line_that_breaks_between_the_two_signatures_is_mended_by_claiming_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask = linking.ask_to_agree

    async def broken(link: Link, half: bytes) -> bytes:
        await ask(link, half)
        raise Unreachable("the line broke")

    async def scenario(w: World) -> None:
        laptop, server = await acquainted(w, "laptop", "server")
        await server.linking.invite("laptop")
        monkeypatch.setattr(linking, "ask_to_agree", broken)
        for _ in range(3):
            with refused(Unreachable):
                await laptop.linking.claim("server")
        assert gestalt(laptop, w.ids["server"]) == party(w, "server")
        assert length(server, w.ids["server"]) == 2, "the same agreement, however often it is lost"
        monkeypatch.setattr(linking, "ask_to_agree", ask)
        await laptop.linking.claim("server")
        await everybody_sees(w, "laptop", "server")
        assert (length(server, w.ids["server"]), length(laptop, w.ids["laptop"])) == (2, 2)

    simulate(scenario)


def test_what_the_server_has_taken_back_meanwhile_is_not_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = linking.ask_to_agree

    async def broken(link: Link, half: bytes) -> bytes:
        await ask(link, half)
        raise Unreachable("the line broke")

    async def scenario(w: World) -> None:
        laptop, server = await acquainted(w, "laptop", "server")
        await server.linking.invite("laptop")
        monkeypatch.setattr(linking, "ask_to_agree", broken)
        with refused(Unreachable):
            await laptop.linking.claim("server")
        monkeypatch.setattr(linking, "ask_to_agree", ask)
        await server.linking.unclaim("laptop")
        with refused(PermissionDenied, "not invited"):
            await laptop.linking.claim("server")

    simulate(scenario)


# ---- peers that cheat ----


async def acquainted_with(w: World, mallory: Teller) -> tuple[Agent, Link]:
    alice = await w.add("alice")
    await mallory.meet("alice")

    async def there() -> bool:
        return bool(mallory.links) and length(alice, mallory.node_id) == 1

    await eventually(there)
    return alice, mallory.links[0]


def own_party(w: World, name: str) -> Party:
    return Party(w.ids[name], w.words[name].public)


CHEATS: dict[str, Callable[[World, Teller, bytes], Sequence[Said]]] = {
    "garbage": lambda w, m, half: [encode_message(Agreed(b"garbage"))],
    "the half itself": lambda w, m, half: [encode_message(Agreed(half))],
    "no answer": lambda w, m, half: [],
    "another message": lambda w, m, half: [encode_message(Heads(()))],
    "what others agreed to": lambda w, m, half: [encode_message(Agreed(agreed(m.person, somebody(), EPOCH)))],
    "what two others agreed to": lambda w, m, half: [encode_message(Agreed(agreed(somebody(), somebody(), EPOCH)))],
    "bytes behind it": lambda w, m, half: [encode_message(Agreed(signed(w, m, half) + b"\0"))],
    "silence": lambda w, m, half: [100.0],
}


def signed(w: World, mallory: Teller, half: bytes) -> bytes:
    return countersign(mallory.signing, mallory.person.words.public, half, own_party(w, "alice"))


@pytest.mark.parametrize("cheat", CHEATS.values(), ids=CHEATS)
def test_another_agreement_than_was_proposed_is_not_taken(
    cheat: Callable[[World, Teller, bytes], Sequence[Said]],
) -> None:
    async def scenario(w: World) -> None:
        mallory = Teller(w)
        alice, link = await acquainted_with(w, mallory)
        mallory.lie = lambda link, q: cheat(w, mallory, q.half) if isinstance(q, Propose) else None
        error = await tried(alice.linking.claim("mallory"))
        assert isinstance(error, PeerMisbehaved | Unreachable), error
        assert (length(alice, w.ids["alice"]), gestalt(alice, mallory.node_id)) == (1, {mallory.node_id})
        assert link.closed is None
        mallory.lie = lambda link, q: (
            [encode_message(Agreed(signed(w, mallory, q.half)))] if isinstance(q, Propose) else None
        )
        await alice.linking.claim("mallory")  # its truth is taken
        assert length(alice, w.ids["alice"]) == 2
        assert gestalt(alice, mallory.node_id) == {mallory.node_id}, "and counts when it stands in both chains"

    simulate(scenario)


def test_an_agreement_that_was_taken_back_is_not_taken_again() -> None:
    async def scenario(w: World) -> None:
        mallory = Teller(w)
        alice, _ = await acquainted_with(w, mallory)
        first: list[bytes] = []

        def answer(link: Link, question: Message) -> Sequence[Said] | None:
            if not isinstance(question, Propose):
                return None
            first.append(signed(w, mallory, question.half))
            return [encode_message(Agreed(first[0]))]

        mallory.lie = answer
        await alice.linking.claim("mallory")
        await alice.linking.unclaim("mallory")
        with refused(PeerMisbehaved, "does not hold"):
            await alice.linking.claim("mallory")
        assert length(alice, w.ids["alice"]) == 3

    simulate(scenario)


def test_an_agreement_on_other_words_than_are_proposed_now_is_not_taken() -> None:
    async def scenario(w: World) -> None:
        mallory = Teller(w)
        alice, _ = await acquainted_with(w, mallory)
        core = alice._gate.core()
        old = make_half(core.signing, w.words["alice"].public, Party(mallory.node_id, b"w" * 32), EPOCH)
        statement = countersign(mallory.signing, b"w" * 32, old, own_party(w, "alice"))
        mallory.lie = lambda link, q: [encode_message(Agreed(statement))] if isinstance(q, Propose) else None
        with refused(PeerMisbehaved, "another agreement"):
            await alice.linking.claim("mallory")
        assert length(alice, w.ids["alice"]) == 1

    simulate(scenario)


def test_only_a_proposal_that_names_the_two_and_their_words_is_signed_and_only_once() -> None:
    async def scenario(w: World) -> None:
        mallory = Teller(w)
        alice, link = await acquainted_with(w, mallory)
        me, friend = mallory.person, somebody()
        hers = own_party(w, "alice")
        good = make_half(me.signing, me.words.public, hers, EPOCH)
        assert await mallory.ask(link, Propose(good)) == [encode_message(REFUSED)], "not invited"
        await alice.linking.invite("mallory")
        bad = [
            b"garbage",
            b"x",
            good + b"\0",
            make_half(me.signing, me.words.public, friend.party, EPOCH),
            make_half(friend.signing, friend.words.public, hers, EPOCH),
            make_half(me.signing, friend.words.public, hers, EPOCH),
            make_half(me.signing, me.words.public, Party(hers.node, friend.words.public), EPOCH),
            agreed(me, Person(alice._gate.core().signing, w.words["alice"]), EPOCH),
        ]
        for half in bad:
            assert await mallory.ask(link, Propose(half)) == [encode_message(REFUSED)]
        assert length(alice, w.ids["alice"]) == 1
        (answer,) = await mallory.ask(link, Propose(good))
        statement = decode_message(answer, Agreed).statement
        assert read_pair(statement).names(mallory.node_id)
        # It keeps that to itself, and proposes again and again: it is given the same, and Alice's chain grows no more.
        for _ in range(5):
            half = make_half(me.signing, me.words.public, hers, EPOCH)
            assert await mallory.ask(link, Propose(half)) == [encode_message(Agreed(statement))]
        assert length(alice, w.ids["alice"]) == 2
        # And when it has taken back what it has, it needs a new invitation.
        mallory.knows_of(me.chain(PairedRecord(statement), RetractedRecord(1)))
        assert await mallory.ask(link, Propose(good)) == [encode_message(REFUSED)]

    simulate(scenario)


# ---- taking it back ----


@pytest.mark.parametrize("who", ["laptop", "server"])
def test_either_side_takes_it_back_alone(who: str) -> None:
    async def scenario(w: World) -> None:
        await acquainted(w, "alice", "laptop", "server")
        await join(w, "laptop", "server")
        agent, other = w.agents[who], "server" if who == "laptop" else "laptop"
        claim_id = await agent.linking.unclaim(other)
        await everybody_sees(w, "laptop")
        last = (await agent.linking.sigchain())[-1]
        assert (last.claim_id, last.type, last.data) == (claim_id, "retraction", {"seq": 1})
        assert {"claim": str(claim_id), "type": "retraction", "about": ""} in await noted(agent, "trust.changed")
        with refused(NotFound, "nothing to take back"):
            await agent.linking.unclaim(other)
        await w.agents[other].linking.unclaim(agent_name(w, agent))  # what it has still claims, and nobody believes

    simulate(scenario)


def agent_name(w: World, agent: Agent) -> str:
    return next(name for name, one in w.agents.items() if one is agent)


def test_what_was_never_claimed_is_not_taken_back() -> None:
    async def scenario(w: World) -> None:
        laptop, _ = await acquainted(w, "laptop", "server")
        with refused(NotFound, "nothing to take back"):
            await laptop.linking.unclaim("server")

    simulate(scenario)


def test_each_keeps_only_what_was_granted_to_itself() -> None:
    async def scenario(w: World) -> None:
        alice, laptop, server = await acquainted(w, "alice", "laptop", "server")
        await join(w, "laptop", "server")
        await everybody_sees(w, "laptop", "server")
        await alice.vaults.create("work")
        await write(alice, "work:s", b"value")
        await alice.vaults.share("work", "laptop")
        for agent in (laptop, server):
            await agent.vaults.clone("work", "alice")
        await laptop.linking.unclaim("server")
        await everybody_sees(w, "laptop")
        assert (await laptop.vaults.pull("work")).objects == 0
        with refused(PermissionDenied):
            await server.vaults.pull("work")
        assert [row.node_id for row in await alice.vaults.permissions("work")] == [w.ids["laptop"]]

    simulate(scenario)


# ---- expelling ----


@pytest.mark.parametrize("whose", ["phone", "laptop"])
def test_a_lost_node_is_expelled_by_its_own_words_or_by_those_of_one_it_was_paired_with(whose: str) -> None:
    async def scenario(w: World) -> None:
        alice, laptop, phone = await acquainted(w, "alice", "laptop", "phone")
        await join(w, "phone", "laptop")
        await everybody_sees(w, "phone", "laptop")
        await alice.vaults.create("work")
        await write(alice, "work:s", b"value")
        await alice.vaults.share("work", "laptop")
        await phone.vaults.clone("work", "alice")
        claim_id = await laptop.linking.expel("phone", w.typed[whose])
        await everybody_sees(w, "laptop", but="phone")
        for agent in (alice, laptop):
            assert set(beliefs(agent).graph.expelled) == party(w, "phone")
        last = (await alice.linking.sigchain("laptop"))[-1]
        assert (last.claim_id, last.type, last.data) == (claim_id, "expulsion", {"node_id": str(w.ids["phone"])})
        assert set(last.signers) == {str(w.ids["laptop"]), "recovery"}
        assert {"claim": str(claim_id), "type": "expulsion", "about": str(w.ids["phone"])} in await noted(
            laptop, "trust.changed"
        )
        for work in (phone.vaults.pull("work"), phone.vaults.scan("alice")):
            with refused(PermissionDenied):
                await work
        assert await laptop.linking.pending() == await alice.linking.pending() == []
        with refused(AlreadyExists, "already"):
            await laptop.linking.expel("phone", w.typed[whose])

    simulate(scenario)


def test_words_that_do_not_speak_of_a_node_expel_nobody() -> None:
    async def scenario(w: World) -> None:
        laptop, phone, alice = await acquainted(w, "laptop", "phone", "alice")
        await join(w, "phone", "laptop")
        for words in (w.typed["alice"], Plaintext(b" ".join([b"abandon"] * 23 + [b"art"]))):
            with refused(PermissionDenied, "may not speak"):
                await laptop.linking.expel("phone", words)
        with refused(PermissionDenied, "may not speak"):
            await laptop.linking.expel("alice", w.typed["laptop"])  # its own words, of who was never its
        with refused(PermissionDenied, "this node itself"):
            await laptop.linking.expel(str(w.ids["laptop"]), w.typed["laptop"])
        for words in (b"three words only", b"\xff\xfe", b""):
            with refused(Misuse):
                await laptop.linking.expel("phone", Plaintext(words))
        with refused(Misuse, "full id"):
            await laptop.linking.expel(str(w.ids["phone"])[:12], w.typed["phone"])
        with refused(UnknownNode):
            await laptop.linking.expel("nobody", w.typed["phone"])
        for agent in (laptop, phone, alice):
            assert (length(agent, w.ids["laptop"]), dict(beliefs(agent).graph.expelled)) == (2, {})

    simulate(scenario)


def test_a_thief_who_holds_the_device_but_no_words_expels_nobody_and_is_expelled_whatever_he_does_first() -> None:
    async def scenario(w: World) -> None:
        alice, laptop, phone = await acquainted(w, "alice", "laptop", "phone")
        await join(w, "phone", "laptop")
        await everybody_sees(w, "phone", "laptop")
        thief = somebody()
        for lost in ("laptop", "alice"):
            with refused(PermissionDenied):
                await phone.linking.expel(lost, Plaintext(b" ".join([b"abandon"] * 23 + [b"art"])))
        # With the node's key he signs what the program would not: nobody believes it.
        core = phone._gate.core()
        chain = core.beliefs.chains[core.node_id]
        forged = ExpelledRecord(make_expulsion(thief.words, w.ids["laptop"], EPOCH))
        learn(phone, extend(chain, Person(core.signing, thief.words).after(chain, forged)))
        phone._exchange.spread({core.node_id})
        await asyncio.sleep(5)
        assert length(alice, w.ids["phone"]) == 3
        for agent in (alice, laptop):
            assert not beliefs(agent).graph.expelled
            assert gestalt(agent, w.ids["phone"]) == party(w, "phone", "laptop")
        # He takes back that it belongs to the laptop: the owner's words count all the same.
        await phone.linking.unclaim("laptop")
        await everybody_sees(w, "phone")
        await laptop.linking.expel("phone", w.typed["laptop"])
        for agent in (alice, laptop):
            await eventually(lambda agent=agent: equal(set(beliefs(agent).graph.expelled), party(w, "phone")), 10)
        assert gestalt(alice, w.ids["laptop"]) == party(w, "laptop")

    simulate(scenario)


def test_who_was_expelled_can_neither_claim_nor_be_claimed_nor_invited() -> None:
    async def scenario(w: World) -> None:
        alice, laptop, phone = await acquainted(w, "alice", "laptop", "phone")
        await join(w, "phone", "laptop")
        await alice.linking.invite("phone")
        await laptop.linking.expel("phone", w.typed["phone"])
        await everybody_sees(w, "laptop", but="phone")
        with refused(PermissionDenied, "expelled"):
            await alice.linking.invite("phone")
        with refused(PermissionDenied, "expelled"):
            await alice.linking.claim("phone")
        with refused(PermissionDenied, "not invited"):
            await phone.linking.claim("alice")
        core = phone._gate.core()
        (link,) = [link for link in core.peers.live() if link.peer == w.ids["alice"]]
        half = make_half(core.signing, w.words["phone"].public, own_party(w, "alice"), EPOCH)
        with refused(PermissionDenied):
            await linking.ask_to_agree(link, half)
        assert length(alice, w.ids["alice"]) == 1
        # And if it learns what has become of it, its own program refuses.
        learn(phone, beliefs(laptop).chains[w.ids["laptop"]])
        with refused(PermissionDenied, "This node was expelled"):
            await phone.linking.claim("alice")

    simulate(scenario)


def test_nothing_is_claimed_with_a_forked_chain_on_either_side() -> None:
    async def scenario(w: World) -> None:
        laptop = await w.add("laptop")
        fay = somebody()
        one, other = forked_by(
            fay, (), [IdentifiedRecord(fay.identity("1"), "")], [IdentifiedRecord(fay.identity("2"), "")]
        )
        mallory = Teller(w)
        mallory.person, mallory.signing = fay, fay.signing
        mallory.knows = {fay.node: [claim.raw for claim in one.claims]}
        await mallory.meet("laptop")
        await eventually(lambda: equal(length(laptop, fay.node), 2))
        await laptop.linking.invite("mallory")
        core = laptop._gate.core()
        core.beliefs.take_fork(core.store, fork_of(one, other), other, EPOCH)
        (view,) = await laptop.linking.forks()
        assert (view.node_id, view.one.sequence, view.one.type) == (fay.node, 1, "identity")
        with refused(PermissionDenied, "two histories"):
            await laptop.linking.claim("mallory")
        half = make_half(fay.signing, fay.words.public, own_party(w, "laptop"), EPOCH)
        assert await mallory.ask(mallory.links[0], Propose(half)) == [encode_message(REFUSED)]

    simulate(scenario)


def test_nothing_is_claimed_with_a_forked_chain_of_ones_own_but_things_are_ended() -> None:
    async def scenario(w: World) -> None:
        laptop, server, tablet = await acquainted(w, "laptop", "server", "tablet")
        await join(w, "laptop", "server")
        await laptop.linking.invite("tablet")
        await tablet.linking.invite("laptop")
        core = laptop._gate.core()
        me = Person(core.signing, w.words["laptop"])
        chain = core.beliefs.chains[core.node_id]
        again = me.link(1, chain.claims[0].id, IdentifiedRecord(me.identity("9"), ""), EPOCH)
        branch = extend(read_first(chain.claims[0].raw), again)
        core.beliefs.take_fork(core.store, fork_of(chain, branch), branch, EPOCH)
        with refused(PermissionDenied, "This node has shown two histories"):
            await laptop.linking.claim("tablet")
        with refused(PermissionDenied, "two histories"):
            await tablet.linking.claim("laptop")
        await laptop.linking.unclaim("server")
        await laptop.linking.expel("server", w.typed["server"])
        await eventually(lambda: equal(set(beliefs(tablet).graph.expelled), party(w, "server")), 10)
        assert gestalt(server, w.ids["laptop"]) == party(w, "laptop")

    simulate(scenario)


# ---- what waits for a word ----


async def a_phone_comes_later(w: World) -> tuple[Agent, Agent, Agent]:
    """Alice has shared “work” with the laptop and trusts it; a phone belongs to it since."""
    alice, laptop = await acquainted(w, "alice", "laptop")
    await alice.vaults.create("work")
    await write(alice, "work:s", b"value")
    await alice.vaults.share("work", "laptop")
    phone = await w.add("phone")
    await w.introduce("phone", "laptop")
    await phone.nodes.add(w.ids["alice"], Address("alice", 1), ping=False)
    await phone.nodes.name(str(w.ids["alice"]), "alice")
    await alice.nodes.add(w.ids["phone"], Address("phone", 1), ping=False)
    await asyncio.sleep(5)
    await join(w, "phone", "laptop")
    await everybody_sees(w, "phone", "laptop")
    return alice, laptop, phone


def test_a_node_that_comes_later_gets_nothing_until_it_is_confirmed() -> None:
    async def scenario(w: World) -> None:
        alice, _, phone = await a_phone_comes_later(w)
        vault = (await alice.vaults.get("work")).vault_id
        with refused(PermissionDenied):
            await phone.vaults.clone("work", "alice")
        (row,) = await alice.linking.pending()
        assert row.node_id == w.ids["phone"]
        assert row.gestalt == str(min(party(w, "phone", "laptop")))
        gains = {
            GainView(None, None, (Action.NOTIFY,)),
            GainView(vault, "work", (Action.CLONE, Action.PULL)),
        }
        assert set(row.would_gain) == gains
        assert await alice.linking.confirm(str(w.ids["phone"])) == row
        assert await alice.linking.pending() == []
        await phone.vaults.clone("work", "alice")
        assert await read(phone, "work:s") == b"value"
        decided = [row for row in await noted(alice, "permission.changed") if "decided" in row]
        assert decided == [
            {"node_id": str(w.ids["phone"]), "decided": "confirmed", "what": ["notify", "clone, pull on work"]}
        ]
        with refused(NotFound, "Nothing waits"):
            await alice.linking.confirm(str(w.ids["phone"]))

    simulate(scenario)


def test_who_was_rejected_waits_no_more_and_may_be_confirmed_later() -> None:
    async def scenario(w: World) -> None:
        alice, _, phone = await a_phone_comes_later(w)
        (row,) = await alice.linking.pending()
        assert await alice.linking.rejected() == []
        assert await alice.linking.reject(str(w.ids["phone"])) == row
        assert await alice.linking.pending() == []
        assert await alice.linking.rejected() == [row]
        with refused(PermissionDenied):
            await phone.vaults.clone("work", "alice")
        assert [row["decided"] for row in await noted(alice, "permission.changed") if "decided" in row] == ["rejected"]
        await alice.linking.confirm(str(w.ids["phone"]))
        assert await alice.linking.rejected() == []
        await phone.vaults.clone("work", "alice")

    simulate(scenario)


def test_who_left_and_came_back_is_asked_about_again() -> None:
    async def scenario(w: World) -> None:
        alice, laptop, _ = await a_phone_comes_later(w)
        await alice.linking.confirm(str(w.ids["phone"]))
        await laptop.linking.unclaim("phone")
        await everybody_sees(w, "phone")
        assert await alice.linking.pending() == []
        await join(w, "phone", "laptop")
        await everybody_sees(w, "phone", "laptop")
        assert [row.node_id for row in await alice.linking.pending()] == [w.ids["phone"]]

    simulate(scenario)


@pytest.mark.parametrize("word", ["confirm", "reject"])
def test_only_who_waits_is_decided_about(word: str) -> None:
    async def scenario(w: World) -> None:
        alice, laptop, _ = await a_phone_comes_later(w)
        decide = getattr(alice.linking, word)
        with refused(Misuse, "full id"):
            await decide(str(w.ids["phone"])[:12])
        with refused(UnknownNode):
            await decide("nobody")
        for other in ("laptop", str(somebody().node), str(w.ids["alice"])):
            with refused(NotFound, "Nothing waits"):
                await decide(other)
        await laptop.linking.expel("phone", w.typed["phone"])
        await everybody_sees(w, "laptop", but="phone")
        with refused(NotFound, "Nothing waits"):
            await decide(str(w.ids["phone"]))
        assert await alice.linking.pending() == []

    simulate(scenario)


# ---- locked ----


@pytest.mark.parametrize(
    "deed", ["sigchain", "invite", "claim", "unclaim", "expel", "pending", "rejected", "confirm", "reject", "forks"]
)
def test_a_locked_agent_refuses(deed: str) -> None:
    async def scenario(w: World) -> None:
        laptop, _ = await acquainted(w, "laptop", "server")
        await laptop.lock()
        do: Callable[..., Awaitable[object]] = getattr(laptop.linking, deed)
        needs: dict[str, tuple[Any, ...]] = {
            "sigchain": (),
            "pending": (),
            "rejected": (),
            "forks": (),
            "expel": ("server", w.typed["laptop"]),
        }
        with refused(Locked):
            await do(*needs.get(deed, ("server",)))

    simulate(scenario)


def test_what_a_peer_proposes_while_the_agent_is_locked_is_not_answered() -> None:
    async def scenario(w: World) -> None:
        laptop, server = await acquainted(w, "laptop", "server")
        await server.linking.invite("laptop")
        await server.lock()
        error = await tried(laptop.linking.claim("server"))
        assert isinstance(error, PkError)
        await server.unlock(w._roots["server"])
        await asyncio.sleep(30)
        assert length(server, w.ids["server"]) == 1
        await laptop.linking.claim("server")
        await everybody_sees(w, "laptop", "server")

    simulate(scenario)
