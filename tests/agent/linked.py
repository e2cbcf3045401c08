"""Who tests of chains between nodes need: agents that belong together, people whose chains are told by others, and a peer that
tells of chains what it likes, on a real link."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence

from agent.actors import EPOCH, Stranger
from simulator import World
from trust.chains import Person

from pk_tui.agent.agent import Agent
from pk_tui.agent.beliefs import Beliefs
from pk_tui.agent.chain_heads import tag_of
from pk_tui.crypto import entropy
from pk_tui.crypto.keys import RecoveryKey, SigningKey
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Malformed
from pk_tui.net.link import Link, Stream
from pk_tui.terms import Address, NodeId
from pk_tui.trust.claim import BodyRecord, claim_id
from pk_tui.trust.fork import Fork, verify_fork
from pk_tui.trust.sigchain import Chain, read_chain
from pk_tui.wire.messages import Ack, Failure, Message, Notify, Offers, Scan, decode_message, encode_message
from pk_tui.wire.trust_messages import AskClaims, AskFork, Heads, KnownHead, Propose, claim_pages

REFUSED = Failure("refused", "Not permitted, or not there.")
QUESTIONS = (Scan, Notify, Heads, AskClaims, AskFork, Propose)
Said = bytes | float | None
"""What a peer says: bytes are sent, numbers are seconds to wait, None closes the stream."""


def beliefs(agent: Agent) -> Beliefs:
    return agent._gate.core().beliefs


def length(agent: Agent, node: NodeId) -> int:
    """Of a node's chain, as far as it is here."""
    chain = beliefs(agent).chains.get(node)
    return 0 if chain is None else len(chain.claims)


def gestalt(agent: Agent, node: NodeId) -> frozenset[NodeId]:
    return beliefs(agent).graph.of(node).nodes


def learn(agent: Agent, *chains: Chain) -> None:
    """As if a peer had told."""
    core = agent._gate.core()
    for chain in chains:
        core.beliefs.take_chain(core.store, chain, core.clock.now())


async def acquainted(w: World, *names: str) -> list[Agent]:
    """Agents of which each knows every other."""
    made = [await w.add(name) for name in names]
    for at, one in enumerate(names):
        for other in names[at + 1 :]:
            await w.introduce(one, other)
    await asyncio.sleep(5)
    return made


async def join(w: World, one: str, other: str) -> None:
    """The two agree that they belong together."""
    await w.agents[other].linking.invite(one)
    await w.agents[one].linking.claim(other)
    await asyncio.sleep(2)


async def know(agent: Agent, name: str, person: Person, address: Address | None = None) -> None:
    """As a contact that is trusted."""
    await agent.nodes.add(person.node, address or Address(f"nowhere-{name}", 1), ping=False)
    await agent.nodes.name(str(person.node), name)
    await agent.gestalts.trust(name)


def somebody() -> Person:
    return Person(SigningKey(SealKey.generate()), RecoveryKey(entropy.random_bytes(32)))


def forked_by(
    person: Person, common: Sequence[BodyRecord], one: Sequence[BodyRecord], other: Sequence[BodyRecord]
) -> tuple[Chain, Chain]:
    """Two branches of a chain, with the same claims at the beginning."""
    lines = []
    for now, rest in ((EPOCH, one), (EPOCH + 1, other)):
        raws = [person.genesis(EPOCH)]
        for sequence, body in enumerate([*common, *rest], 1):
            at = EPOCH if sequence <= len(common) else now
            raws.append(person.link(sequence, claim_id(raws[-1]), body, at))
        lines.append(read_chain(person.node, raws))
    return lines[0], lines[1]


def fork_of(one: Chain, other: Chain) -> Fork:
    parting = next(at for at, claim in enumerate(one.claims) if claim.raw != other.claims[at].raw)
    return verify_fork(one.claims[parting].raw, other.claims[parting].raw)


class Teller(Stranger):
    """A node that tells of the chains in `knows`. `lie` is shown each question and says what is answered instead, or gives None
    for the honest answer."""

    def __init__(self, w: World, name: str = "mallory") -> None:
        super().__init__(w, name)
        self.person = somebody()
        self.signing = self.person.signing
        self.knows: dict[NodeId, list[bytes]] = {self.node_id: [self.person.genesis(EPOCH)]}
        self.lie: Callable[[Link, Message], Sequence[Said] | None] = lambda link, question: None
        self.asked: list[Message] = []
        self.answer = self.tell

    def knows_of(self, *chains: Chain) -> None:
        for chain in chains:
            self.knows[chain.node] = [claim.raw for claim in chain.claims]

    def head(self, link: Link, node: NodeId, **said: object) -> KnownHead:
        """What it says of a chain; `said` in place of what is true."""
        raws = self.knows[node]
        tag = tag_of(node, link.binding, self.node_id)
        true = {"tag": tag, "length": len(raws), "last": claim_id(raws[-1]).raw, "forked": False, "branch": None}
        return KnownHead(**{**true, **said})  # type: ignore[arg-type]

    def heads(self, link: Link, nodes: Collection[NodeId] | None = None) -> Heads:
        return Heads(tuple(self.head(link, node) for node in (self.knows if nodes is None else nodes)))

    async def tell(self, link: Link, stream: Stream) -> None:
        raw = await stream.receive()
        if raw is None:
            return
        self.requests.append(raw)
        try:
            question: Message = decode_message(raw, *QUESTIONS)
        except Malformed:
            return
        self.asked.append(question)
        said = self.lie(link, question)
        for one in self.truth(link, question) if said is None else said:
            if one is None:
                return
            if isinstance(one, bytes):
                await stream.send(one)
            else:
                await asyncio.sleep(one)

    def truth(self, link: Link, question: Message) -> Sequence[Said]:
        match question:
            case Heads(heads):
                tags = {head.tag for head in heads}
                common = [node for node in self.knows if tag_of(node, link.binding, link.peer) in tags]
                return [encode_message(self.heads(link, common))]
            case AskClaims(node, first) if NodeId(node) in self.knows:
                return [encode_message(page) for page in claim_pages(self.knows[NodeId(node)][first:])]
            case Notify():
                return [encode_message(Ack())]
            case Scan():
                return [encode_message(Offers(()))]
            case _:
                return [encode_message(REFUSED)]

    def was_asked(self, kind: type[Message]) -> list[Message]:
        return [one for one in self.asked if isinstance(one, kind)]
