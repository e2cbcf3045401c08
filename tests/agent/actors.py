"""Who and what the tests of the hall need: short ways to write and read, and peers that lie on a real link."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from new_node import new_node
from simulator import EPOCH, VirtualClock, World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.agent.commits import commit_edits, create_vault
from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import PkError
from pk_tui.net.link import Link, Stream
from pk_tui.store.database import Database
from pk_tui.store.node import NodeStore
from pk_tui.store.vault import VaultFrames
from pk_tui.store.witness import MemoryWitness
from pk_tui.terms import VAULT_ACTIONS, Address, NodeId, SecretPath
from pk_tui.trust.grant import sign_grant
from pk_tui.trust.lineage import Lineage
from pk_tui.vault import chunks, tree
from pk_tui.vault.outgoing import outgoing
from pk_tui.wire.handshake import Role
from pk_tui.wire.messages import (
    Message,
    Offer,
    Offers,
    Scan,
    Transfer,
    TransferBegin,
    TransferEnd,
    decode_message,
    encode_message,
    encode_piece,
    piece_of,
)

Answer = Callable[[Link, Stream], Awaitable[None]]


async def content(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def at(path: str) -> SecretPath:
    return SecretPath.parse(path)


async def write(agent: Agent, place: str, *pieces: bytes, create_only: bool = False) -> Any:
    vault, _, path = place.partition(":")
    return await agent.secrets.write(vault, at(path), content(*pieces), create_only)


async def read(agent: Agent, place: str) -> bytes:
    vault, _, path = place.partition(":")
    return b"".join([piece.reveal() async for piece in agent.secrets.read(vault, at(path))])


async def everything(agent: Agent, vault: str) -> dict[str, bytes]:
    rows = await agent.secrets.list(vault, None, True)
    return {row.path: await read(agent, f"{vault}:{row.path}") for row in rows if not row.is_directory}


def noise(size: int, seed: int = 0) -> bytes:
    """Bytes that do not get smaller, other ones for each seed."""
    return b"".join((seed * 1_000_003 + at).to_bytes(8, "big") for at in range(size // 8 + 1))[:size]


async def fill(agent: Agent, vault: str, secrets: int, size: int, seed: int = 0) -> None:
    """Secrets `s0`, `s1` … of so many bytes, one commit each."""
    for number in range(secrets):
        await write(agent, f"{vault}:s{number}", noise(size, seed * 1000 + number))


async def pair(w: World) -> tuple[Agent, Agent]:
    """Alice and Bob, who know and trust each other."""
    alice, bob = await w.add("alice"), await w.add("bob")
    await w.introduce("alice", "bob")
    return alice, bob


async def shared(w: World, secrets: int = 1, size: int = 8) -> tuple[Agent, Agent]:
    """Alice shares her vault “work” with Bob."""
    alice, bob = await pair(w)
    await alice.vaults.create("work")
    await fill(alice, "work", secrets, size)
    await alice.vaults.share("work", "bob")
    return alice, bob


def alone(scenario: Callable[[World, Agent], Any]) -> None:
    """Alice with two vaults, “work” and “home”. What she did must still be there after a restart, when nothing is remembered, and
    nothing of it be damaged."""
    vaults = ("work", "home")

    async def whole(w: World) -> None:
        alice = await w.add("alice")
        for name in vaults:
            await alice.vaults.create(name)
        await scenario(w, alice)
        there = {name: await everything(alice, name) for name in vaults}
        await w.stop("alice")
        alice = await w.start("alice")
        assert {name: await everything(alice, name) for name in vaults} == there
        assert (await alice.lifecycle.check()).problems == ()

    simulate(whole)


@contextmanager
def refused(kind: type[PkError], words: str | None = None) -> Iterator[None]:
    """Exactly this kind (no subclass), in a sentence that says these words."""
    with pytest.raises(kind, match=words) as caught:
        yield
    assert type(caught.value) is kind, caught.value
    assert caught.value.message.strip()
    assert "\n" not in caught.value.message


async def tried(work: Awaitable[Any]) -> PkError | None:
    """Why it could not be done, or None if it was."""
    try:
        await work
    except PkError as error:
        return error
    return None


def rows(w: World, name: str, table: str) -> int:
    """Rows of a table in a node's database."""
    found = w._stores[name]._db.one(f"SELECT count(*) FROM {table}")
    assert found is not None
    return int(found[0])


def left_behind(w: World, name: str) -> tuple[int, int, int]:
    """How many rows a node's database holds of vaults, keys and frames."""
    return rows(w, name, "vault"), rows(w, name, "vault_key"), rows(w, name, "frame")


def new_store(now: int = EPOCH) -> tuple[NodeStore, SigningKey]:
    """An unlocked store of a new node, in memory."""
    made = new_node(Database.create(None), MemoryWitness(), now)
    made.store.unlock(made.root)
    return made.store, made.signing


def kept_store(directory: Path) -> tuple[NodeStore, SealKey]:
    """A locked store of a new node, on disk, and its root key. To be made where it is used: SQLite minds its thread."""
    made = new_node(Database.create(directory / "node.db"), MemoryWitness(), EPOCH)
    return made.store, made.root


class Stranger:
    """A node with a real key that answers requests as it likes, on real links."""

    def __init__(self, w: World, name: str = "mallory") -> None:
        self.world = w
        self.name = name
        self.store, self.signing = new_store()
        self.clock = VirtualClock()
        self.requests: list[bytes] = []
        self.links: list[Link] = []
        self.answer: Answer = self.ignore

    @property
    def node_id(self) -> NodeId:
        return self.signing.node_id

    async def ignore(self, link: Link, stream: Stream) -> None:
        await asyncio.Event().wait()

    async def listen(self) -> None:
        await self.world.network.transport(self.name).listen(Address(self.name, 1), self._accept)

    async def _accept(self, pipe: Any) -> None:
        try:
            link = await Link.establish(pipe, Role.RESPONDER, self.signing, None, self.clock)
        except PkError:
            return
        await self._live(link)

    async def _live(self, link: Link) -> None:
        self.links.append(link)
        await link.run(lambda stream: self.answer(link, stream))

    async def dial(self, name: str) -> Link:
        """A link to an agent, running."""
        pipe = await self.world.network.transport(self.name).dial(Address(name, 1), 10)
        link = await Link.establish(pipe, Role.INITIATOR, self.signing, self.world.ids[name], self.clock)
        assert self.world.network.tasks is not None
        self.world.network.tasks.create_task(self._live(link))
        return link

    async def ask(self, link: Link, request: Message) -> list[bytes]:
        """All answers to a request."""
        stream = await link.request(encode_message(request))
        await stream.close()
        answers = []
        while (raw := await stream.receive()) is not None:
            answers.append(raw)
        return answers

    async def meet(self, name: str) -> None:
        """Listen, and be known and trusted by an agent under our name."""
        await self.listen()
        agent = self.world.agents[name]
        await agent.nodes.add(self.node_id, Address(self.name, 1), ping=False)
        await agent.nodes.name(str(self.node_id), self.name)
        await agent.gestalts.trust(self.name)


class Liar(Stranger):
    """An owner of a vault who lies in one answer. `lie(begin, pieces, end)` makes of the honest messages what is sent:
    bytes are sent, None closes the stream, numbers are seconds to wait."""

    def __init__(self, w: World, name: str = "mallory") -> None:
        super().__init__(w, name)
        self.frames: VaultFrames = create_vault(self.store, "work", EPOCH)
        self.answer = self.serve
        self.lie: Callable[[TransferBegin, list[bytes], TransferEnd], Sequence[bytes | float | None]] = honest
        self.offers: Callable[[Offer], Sequence[bytes]] = lambda offer: [encode_message(Offers((offer,)))]

    @property
    def lineage(self) -> Lineage:
        return Lineage(NodeId(self.frames.record.creator), self.frames.record.nonce)

    def put(self, path: str, value: bytes, now: int = EPOCH) -> None:
        batch = self.frames.batch()
        writer = chunks.ChunkWriter(batch)
        writer.feed(value)
        commit_edits(self.store, self.frames, batch, [(at(path), tree.Put(writer.finish()[0]))], None, now)

    def offer(self, to: NodeId) -> Offer:
        record = self.frames.record
        grant = sign_grant(self.signing, self.lineage, to, VAULT_ACTIONS, not_after=EPOCH + 10**15, serial=1, now=EPOCH)
        return Offer(
            record.vault_id, record.name, ("clone", "pull"), record.creator, record.nonce, grant, record.head, 0, 0
        )

    async def serve(self, link: Link, stream: Stream) -> None:
        first = await stream.receive()
        assert first is not None
        match decode_message(first, Scan, Transfer):
            case Scan():
                for raw in self.offers(self.offer(link.peer)):
                    await stream.send(raw)
            case Transfer(have=have):
                record = self.frames.record
                pieces = list(outgoing(self.frames, record.commit, list(have)))
                begin = TransferBegin(record.head, len(self.frames), 0, record.creator, record.nonce)
                end = TransferEnd(len(self.frames), sum(map(len, pieces)))
                for raw in self.lie(begin, [piece for piece in pieces if piece], end):
                    if raw is None:
                        return
                    if isinstance(raw, bytes):
                        await stream.send(raw)
                    else:
                        await asyncio.sleep(raw)


def honest(begin: TransferBegin, pieces: list[bytes], end: TransferEnd) -> list[bytes | float | None]:
    return [encode_message(begin), *map(encode_piece, pieces), encode_message(end)]


def records(pieces: Sequence[bytes]) -> list[bytes]:
    """The records of a transfer's stream, each by itself."""
    stream, found = b"".join(pieces), []
    while stream:
        size = 5 + int.from_bytes(stream[1:5], "big")
        found.append(stream[:size])
        stream = stream[size:]
    return found


def pieces_in(answers: Sequence[bytes]) -> list[bytes]:
    return [piece for raw in answers if (piece := piece_of(raw)) is not None]
