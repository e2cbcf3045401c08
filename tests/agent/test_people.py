"""Rights are given to a person and held by that person's nodes: what links, partings and losses of nodes do to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence

import pytest
from agent.actors import fill, pieces_in, read, refused, tried, write
from simulator import World, eventually, simulate

from pk_tui.agent.agent import Agent
from pk_tui.agent.core import Core
from pk_tui.agent.gestalts import tell
from pk_tui.errors import PermissionDenied
from pk_tui.net.link import Stream
from pk_tui.terms import VAULT_ACTIONS, Action, Address, IdentityId, NodeId
from pk_tui.trust import sharing
from pk_tui.trust.appending import make_expelled, make_identified, make_paired, make_retracted
from pk_tui.trust.belief import Proof
from pk_tui.trust.claim import Paired
from pk_tui.trust.entitlement import Change, Entitlement
from pk_tui.trust.expulsion import make_expulsion
from pk_tui.trust.identity import make_identity
from pk_tui.trust.pair import Party, countersign, make_half
from pk_tui.trust.sigchain import Chain, extend
from pk_tui.trust.statement import digest_of
from pk_tui.wire.messages import Failure, Transfer, decode_message, encode_message

GIVEN = (Action.CLONE, Action.PULL, Action.SCAN)


def core_of(w: World, name: str) -> Core:
    return w.agents[name]._gate.core()


def chain_of(w: World, name: str) -> Chain:
    return core_of(w, name).beliefs.chains[w.ids[name]]


def take(w: World, who: str, chain: Chain) -> None:
    core = core_of(w, who)
    tell(core, core.beliefs.take_chain(core.store, chain, core.clock.now()))


def say(w: World, who: str, raw: bytes) -> None:
    """One claim more in one's own chain."""
    take(w, who, extend(chain_of(w, who), raw))


def hear(w: World, who: str, *whose: str) -> None:
    """`who` learns the chains of these."""
    for name in whose:
        take(w, who, chain_of(w, name))


def link(w: World, one: str, other: str, said_by: Sequence[str] | None = None) -> None:
    """Two nodes agree that they belong together, and both say so in their chains, or only these."""
    here, there = core_of(w, one), core_of(w, other)
    keys = w.words[one].public, w.words[other].public
    half = make_half(here.signing, keys[0], Party(there.node_id, keys[1]), here.clock.now())
    statement = countersign(there.signing, keys[1], half, Party(here.node_id, keys[0]))
    for name in (one, other) if said_by is None else said_by:
        core = core_of(w, name)
        say(w, name, make_paired(core.signing, chain_of(w, name), statement, core.clock.now()))


def part(w: World, who: str) -> None:
    """`who` takes all its pairs back, which needs nobody else."""
    core = core_of(w, who)
    for claim in chain_of(w, who).claims:
        if isinstance(claim.said, Paired):
            raw = make_retracted(core.signing, chain_of(w, who), claim.sequence, core.clock.now())
            say(w, who, raw)


def expel(w: World, lost: str, by: str) -> None:
    """The words of the node `by` say of `lost` that it is lost."""
    core = core_of(w, by)
    word = make_expulsion(w.words[by], w.ids[lost], core.clock.now())
    say(w, by, make_expelled(core.signing, chain_of(w, by), word, core.clock.now()))


async def know(w: World, name: str) -> Agent:
    """A new node that trusts Alice, and that she knows by name alone."""
    agent = await w.add(name)
    alice = w.agents["alice"]
    await agent.nodes.add(w.ids["alice"], Address("alice", 1), ping=False)
    await agent.nodes.name(str(w.ids["alice"]), "alice")
    await agent.gestalts.trust("alice")
    await alice.nodes.add(w.ids[name], Address(name, 1), ping=False)
    await alice.nodes.name(str(w.ids[name]), name)
    return agent


async def people(w: World) -> tuple[Agent, Agent, Agent]:
    """Alice with her vault “work”, and Bob with a laptop and a phone, which belong together and of which she trusts the first."""
    alice = await w.add("alice")
    laptop, phone = await know(w, "laptop"), await know(w, "phone")
    link(w, "laptop", "phone")
    hear(w, "alice", "laptop", "phone")
    await alice.gestalts.trust("laptop")
    await alice.vaults.create("work")
    await write(alice, "work:a", b"1")
    return alice, laptop, phone


async def holders(agent: Agent, vault: str = "work") -> set[NodeId]:
    return {row.node_id for row in await agent.vaults.permissions(vault)}


async def rest_of(stream: Stream) -> AsyncIterator[bytes]:
    while (raw := await stream.receive()) is not None:
        yield raw


async def offered(agent: Agent) -> list[str] | None:
    """The names that a scan of Alice shows; None if it is refused."""
    try:
        return [row.name for row in await agent.vaults.scan("alice")]
    except PermissionDenied:
        return None


async def require_refused(*deeds: Awaitable[object]) -> None:
    for deed in deeds:
        with refused(PermissionDenied):
            await deed


async def restarted(w: World) -> Agent:
    """Alice anew, when the others have noticed."""
    await w.stop("alice")
    alice = await w.start("alice")
    await asyncio.sleep(60)
    return alice


def waiting(w: World) -> set[NodeId]:
    core = core_of(w, "alice")
    return {one.node for one in sharing.pending(core.beliefs.held, core.beliefs.graph, core.clock.now())}


def test_a_vault_that_is_shared_with_one_node_is_shared_with_its_person_and_stays_so() -> None:
    async def scenario(w: World) -> None:
        alice, laptop, phone = await people(w)
        both = {w.ids["laptop"], w.ids["phone"]}
        shown = await alice.vaults.share("work", "phone")
        assert (set(shown.nodes), shown.actions, shown.not_after) == (both, GIVEN, None)
        assert await holders(alice) == both
        assert (await alice.vaults.get("work")).shared_with == 2
        for agent in (laptop, phone):

            async def told(agent: Agent = agent) -> bool:
                return [note.type for note in await agent.notifications.inbox(mark_read=False)] == ["VaultShare"]

            await eventually(told)
            assert await offered(agent) == ["work"]
            await agent.vaults.clone("work", "alice")
            assert await read(agent, "work:a") == b"1"
        view = await alice.gestalts.get("laptop")
        assert view == await alice.gestalts.get("phone")
        assert (set(view.nodes), view.trusted, [row.name for row in view.shared]) == (both, True, ["work"])
        assert await alice.gestalts.list() == [view]
        alice = await restarted(w)
        assert await holders(alice) == both
        await write(alice, "work:a", b"2")
        for agent in (laptop, phone):
            await agent.vaults.pull("work")
            assert await read(agent, "work:a") == b"2"

    simulate(scenario)


def test_a_node_that_comes_later_gets_nothing_until_somebody_says_yes() -> None:
    async def scenario(w: World) -> None:
        alice, laptop, _ = await people(w)
        await alice.vaults.share("work", "laptop")
        tablet = await know(w, "tablet")
        link(w, "phone", "tablet")
        hear(w, "alice", "phone", "tablet")
        assert set((await alice.gestalts.get("tablet")).nodes) == {
            w.ids[name] for name in ("laptop", "phone", "tablet")
        }
        assert await holders(alice) == {w.ids["laptop"], w.ids["phone"]}
        await require_refused(tablet.vaults.scan("alice"), tablet.vaults.clone("work", "alice"))
        assert not core_of(w, "alice").beliefs.is_trusted(w.ids["tablet"], w.clocks["alice"].now())
        await asyncio.sleep(5)
        assert await tablet.notifications.inbox() == []
        assert waiting(w) == {w.ids["tablet"]}
        core = core_of(w, "alice")
        gains = sharing.would_gain(core.beliefs.held, core.beliefs.graph, w.ids["tablet"], core.clock.now())
        change = sharing.confirm(core.beliefs.held, core.beliefs.graph, w.ids["tablet"], gains)
        tell(core, core.beliefs.grant(core.store, change, core.clock.now()))
        await tablet.vaults.clone("work", "alice")
        assert await offered(laptop) == ["work"]

    simulate(scenario)


def test_a_link_that_one_side_does_not_claim_gives_nothing() -> None:
    async def scenario(w: World) -> None:
        alice, _, _ = await people(w)
        mallory = await know(w, "mallory")
        link(w, "laptop", "mallory", said_by=("mallory",))
        hear(w, "alice", "laptop", "mallory")
        assert w.ids["mallory"] not in (await alice.vaults.share("work", "laptop")).nodes
        await require_refused(mallory.vaults.scan("alice"), mallory.vaults.clone("work", "alice"))
        assert waiting(w) == set()
        with refused(PermissionDenied, "not trusted"):
            await alice.vaults.share("work", "mallory")

    simulate(scenario)


def test_nodes_that_part_keep_each_what_was_granted_to_itself() -> None:
    async def scenario(w: World) -> None:
        alice, laptop, phone = await people(w)
        await alice.vaults.create("home")
        await alice.vaults.share("work", "laptop")
        await alice.vaults.share("home", "phone")
        for agent in (laptop, phone):
            assert await offered(agent) == ["home", "work"]
            await agent.vaults.clone("work", "alice")
        part(w, "phone")
        hear(w, "alice", "phone")
        assert await offered(laptop) == ["work"]
        assert await offered(phone) == ["home"]
        await laptop.vaults.pull("work")
        await require_refused(phone.vaults.pull("work"), laptop.vaults.clone("home", "alice"))
        assert (await holders(alice), await holders(alice, "home")) == ({w.ids["laptop"]}, {w.ids["phone"]})
        assert waiting(w) == set()
        link(w, "laptop", "phone")
        hear(w, "alice", "laptop", "phone")
        assert await offered(phone) == ["home"], "together again they are asked about again"
        assert waiting(w) == {w.ids["laptop"], w.ids["phone"]}

    simulate(scenario)


def test_who_is_expelled_gets_nothing_any_more_and_what_runs_stops() -> None:
    async def scenario(w: World) -> None:
        alice, laptop, phone = await people(w)
        await fill(alice, "work", 30, 55_000)
        await alice.vaults.share("work", "phone")
        cloning = asyncio.create_task(tried(phone.vaults.clone("work", "alice")))
        await asyncio.sleep(0.2)
        assert not cloning.done()
        expel(w, "phone", by="laptop")
        hear(w, "alice", "laptop")
        assert isinstance(await cloning, PermissionDenied)
        assert await phone.vaults.list() == []
        await require_refused(phone.vaults.scan("alice"), phone.vaults.clone("work", "alice"))
        with refused(PermissionDenied, "was expelled by its owner"):
            await alice.vaults.share("work", "phone")
        assert await holders(alice) == set(), "the phone was named, so it ends with the phone"
        assert await offered(laptop) is None
        await alice.vaults.share("work", "laptop")
        await laptop.vaults.clone("work", "alice")
        assert await holders(alice) == {w.ids["laptop"]}
        await restarted(w)
        await require_refused(phone.vaults.clone("work", "alice"))

    simulate(scenario)


def test_who_is_expelled_takes_nothing_from_the_one_that_was_named() -> None:
    async def scenario(w: World) -> None:
        alice, laptop, phone = await people(w)
        await alice.vaults.share("work", "laptop")
        await phone.vaults.clone("work", "alice")
        expel(w, "phone", by="laptop")
        hear(w, "alice", "laptop")
        await require_refused(phone.vaults.pull("work"))
        assert await offered(laptop) == ["work"]
        assert await holders(alice) == {w.ids["laptop"]}

    simulate(scenario)


def test_a_link_that_ends_stops_what_the_parted_node_is_being_sent() -> None:
    async def scenario(w: World) -> None:
        alice, _, phone = await people(w)
        await fill(alice, "work", 30, 55_000)
        await alice.vaults.share("work", "laptop")
        cloning = asyncio.create_task(tried(phone.vaults.clone("work", "alice")))
        await asyncio.sleep(0.2)
        assert not cloning.done()
        part(w, "laptop")
        hear(w, "alice", "laptop")
        assert isinstance(await cloning, PermissionDenied)
        assert await phone.vaults.list() == []

    simulate(scenario)


@pytest.mark.parametrize("lost", [True, False])
def test_who_takes_nothing_gets_nothing_more_once_it_is_lost_or_has_parted(lost: bool) -> None:
    async def scenario(w: World) -> None:
        alice, _, _ = await people(w)
        await fill(alice, "work", 40, 55_000)
        await alice.vaults.share("work", "laptop")
        way = await core_of(w, "phone").peers.link_to(w.ids["alice"])
        vault = (await alice.vaults.get("work")).vault_id
        stream = await way.request(encode_message(Transfer(vault.raw, "clone", ())))
        await asyncio.sleep(30)
        waiting_there = len(stream.inbox)
        assert waiting_there > 1
        if lost:
            expel(w, "phone", by="laptop")
        else:
            part(w, "laptop")
        hear(w, "alice", "laptop")
        await asyncio.sleep(1)
        got = [await stream.receive() for _ in range(waiting_there)]
        assert len(pieces_in([raw for raw in got if raw])) == waiting_there - 1
        (end,) = [raw async for raw in rest_of(stream)]
        assert decode_message(end, Failure).reason == "refused"

    simulate(scenario)


def test_a_vault_made_anew_under_the_same_name_is_shared_with_no_node_of_a_person() -> None:
    async def scenario(w: World) -> None:
        alice, laptop, phone = await people(w)
        await alice.vaults.share("work", "laptop")
        await phone.vaults.clone("work", "alice")
        await alice.vaults.delete("work")
        await alice.vaults.create("work")
        await write(alice, "work:a", b"for nobody")
        assert await holders(alice) == set()
        assert waiting(w) == set()
        for agent in (laptop, phone):
            await require_refused(agent.vaults.scan("alice"), agent.vaults.clone("work", "alice", "anew"))
        await require_refused(phone.vaults.pull("work"))
        assert list(core_of(w, "alice").beliefs.held.on(None)), "trust does not hang on a vault"

    simulate(scenario)


def test_unsharing_by_any_node_ends_it_for_the_person_and_tells_what_any_of_them_has_seen() -> None:
    async def scenario(w: World) -> None:
        alice, laptop, phone = await people(w)
        await alice.vaults.share("work", "laptop")
        await laptop.vaults.clone("work", "alice")
        await write(alice, "work:a", b"2")
        await write(alice, "work:b", b"3")
        await phone.vaults.clone("work", "alice")
        await write(alice, "work:b", b"4")
        await write(alice, "work:c", b"1")
        await write(alice, "work:unseen", b"5")
        exposed = await alice.vaults.unshare("work", "phone")
        assert [str(row.path) for row in exposed] == ["a", "c"], "what one saw as another secret counts too"
        assert await holders(alice) == set()
        for agent in (laptop, phone):
            assert await offered(agent) is None
            await require_refused(agent.vaults.pull("work"))
        assert (await alice.vaults.get("work")).shared_with == 0
        assert (await alice.gestalts.get("laptop")).shared == ()

    simulate(scenario)


def test_trust_and_its_end_hold_for_all_nodes_of_a_person() -> None:
    async def scenario(w: World) -> None:
        alice, laptop, phone = await people(w)
        for agent in (laptop, phone):
            await agent.notifications.send("alice", "hello")

        async def heard() -> bool:
            return len(await alice.notifications.inbox()) == 2

        await eventually(heard)
        assert not (await alice.gestalts.untrust("phone")).trusted
        for agent in (laptop, phone):
            await agent.notifications.send("alice", "again")

        async def asked() -> bool:
            return len(await alice.notifications.requests()) == 2

        await eventually(asked)
        with refused(PermissionDenied, "not trusted"):
            await alice.vaults.share("work", "laptop")

    simulate(scenario)


def identify(w: World, who: str, name: str) -> IdentityId:
    """`who` claims an account, and Alice has seen the statement there."""
    core, identity = core_of(w, who), IdentityId("github", "7")
    statement = make_identity(core.signing, identity, name, core.clock.now())
    say(w, who, make_identified(core.signing, chain_of(w, who), statement, "", core.clock.now()))
    hear(w, "alice", who)
    alice = core_of(w, "alice")
    proof = Proof(identity, core.node_id, digest_of(statement), name, "https://gist.example/1", core.clock.now())
    tell(alice, alice.beliefs.take_proofs(alice.store, core.node_id, [proof], core.clock.now()))
    return identity


def test_a_vault_is_shared_by_a_verified_identity_and_ends_with_what_proved_it() -> None:
    async def scenario(w: World) -> None:
        alice, laptop, phone = await people(w)
        identify(w, "phone", "bob")
        assert set((await alice.vaults.share("work", "github:bob")).nodes) == {w.ids["laptop"], w.ids["phone"]}
        assert (await alice.gestalts.get("laptop")).identities == ("github:bob",)
        await laptop.vaults.clone("work", "alice")
        core = core_of(w, "alice")
        tell(core, core.beliefs.take_proofs(core.store, w.ids["phone"], [], core.clock.now()))
        await require_refused(laptop.vaults.pull("work"), phone.vaults.clone("work", "alice"))
        assert await holders(alice) == set()

    simulate(scenario)


def test_an_identity_none_of_whose_nodes_is_let_in_is_shared_nothing_and_told_so() -> None:
    async def scenario(w: World) -> None:
        alice, _, phone = await people(w)
        identity = identify(w, "phone", "bob")
        part(w, "laptop")
        hear(w, "alice", "laptop")
        await alice.gestalts.trust("phone")
        home = (await alice.vaults.create("home")).vault_id
        no = Entitlement(identity, home, VAULT_ACTIONS, None, frozenset(), frozenset({w.ids["phone"]}))
        core = core_of(w, "alice")
        core.beliefs.grant(core.store, Change(come=frozenset({no})), core.clock.now())
        with refused(PermissionDenied, "Nothing was shared"):
            await alice.vaults.share("work", "github:bob")
        assert not core.beliefs.held.on((await alice.vaults.get("work")).vault_id)
        assert await offered(phone) is None
        await alice.vaults.share("work", "phone")
        assert await offered(phone) == ["work"], "who is named is let in"

    simulate(scenario)
