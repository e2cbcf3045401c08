from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from agent.actors import EPOCH, Answer, Liar, Stranger, at, fill, new_store, shared, write
from simulator import World, eventually, simulate

from pk_tui.agent.agent import Agent
from pk_tui.agent.chain_requests import WITHIN
from pk_tui.agent.commits import create_vault
from pk_tui.agent.serving import BREATH
from pk_tui.agent.watching import SCAN_WITHIN, Watching, believable
from pk_tui.api.events import AgentEvent, VaultChanged
from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.seal import SealKey
from pk_tui.net.link import Link, Stream
from pk_tui.records import replace
from pk_tui.store.node import NodeStore
from pk_tui.store.vaultrecord import VaultRecord
from pk_tui.terms import CommitId, NodeId, VaultId
from pk_tui.trust.head import sign_head
from pk_tui.trust.lineage import Lineage, new_lineage
from pk_tui.wire.messages import Moved, Offer, Offers, Scan, encode_message

OWNER = SigningKey(SealKey(b"o" * 32))
MIRROR = NodeId(b"m" * 32)


async def behind(agent: Agent, vault: str = "work") -> int | None:
    (view,) = [view for view in await agent.vaults.list() if view.name == vault]
    assert await agent.vaults.get(vault) == view
    return view.behind


async def becomes(agent: Agent, number: int | None, vault: str = "work") -> None:
    async def so() -> bool:
        return await behind(agent, vault) == number

    await eventually(so)


@asynccontextmanager
async def overheard(agent: Agent) -> AsyncIterator[list[AgentEvent]]:
    """What an agent says of vaults on its bus meanwhile."""
    said: list[AgentEvent] = []

    async def listen() -> None:
        async with agent.events() as events:
            async for event in events:
                if isinstance(event, VaultChanged):
                    said.append(event)

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.01)
    try:
        yield said
    finally:
        listening.cancel()


def remembered(agent: Agent) -> int:
    return len(agent._gate.core().watching._seen)


# Two honest nodes


def test_a_clone_learns_of_every_version_while_connected_and_is_level_after_a_pull() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        assert await behind(bob) == 0
        await write(alice, "work:new", b"1")
        await becomes(bob, 1)
        await fill(alice, "work", 3, 10, seed=5)
        await becomes(bob, 4)
        assert await behind(alice) is None, "there is nothing that a vault of our own could be behind"
        await bob.vaults.pull("work")
        assert await behind(bob) == 0
        await alice.secrets.remove([("work", at("new"))])
        await becomes(bob, 1)

    simulate(scenario)


def test_each_commit_of_whatever_kind_is_one_version() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 2)
        await bob.vaults.clone("work", "alice")
        first = len(await alice.vaults.log("work"))
        await alice.secrets.make_directories([("work", at("d"))])
        await alice.secrets.move(("work", at("s0")), ("work", at("d")))
        await alice.secrets.copy(("work", at("s1")), ("work", at("d/s2")))
        assert await write(alice, "work:s1", b"") is not None
        assert await write(alice, "work:s1", b"") is None, "no change, no version"
        await becomes(bob, len(await alice.vaults.log("work")) - first)
        assert await behind(bob) == 4

    simulate(scenario)


def test_what_happened_while_it_was_away_is_learned_when_it_connects() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        await w.stop("bob")
        await fill(alice, "work", 2, 10, seed=1)
        bob = await w.start("bob")
        await becomes(bob, 2)
        await w.stop("alice")
        assert await behind(bob) == 2, "what was shown stays known while the origin is away"
        alice = await w.start("alice")
        await write(alice, "work:new", b"1")
        await becomes(bob, 3)
        await w.network.drop_connections()
        await write(alice, "work:newer", b"1")
        await becomes(bob, 4)

    simulate(scenario)


def test_what_was_shown_is_forgotten_at_locking_and_shown_again_at_the_next_connection() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        await write(alice, "work:new", b"1")
        await becomes(bob, 1)
        await bob.lock()
        w.network.cut("alice", "bob")
        await bob.unlock(w._roots["bob"])
        assert await behind(bob) is None
        w.network.heal()
        await asyncio.sleep(400)
        assert await behind(bob) == 1

    simulate(scenario)


def test_two_clones_of_one_vault_each_know_how_far_they_are_behind() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        await write(alice, "work:new", b"1")
        await bob.vaults.clone("work", "alice", "copy")
        assert (await behind(bob), await behind(bob, "copy")) == (1, 0)
        await write(alice, "work:newer", b"1")
        await becomes(bob, 2)
        await becomes(bob, 1, "copy")

    simulate(scenario)


def test_a_change_of_the_number_is_said_once_and_its_staying_the_same_never() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        clone = await bob.vaults.clone("work", "alice")
        await asyncio.sleep(1)
        async with overheard(bob) as said:
            await write(alice, "work:new", b"1")
            await asyncio.sleep(1)
            assert said == [VaultChanged(clone.vault_id)]
            await bob.vaults.scan("alice")
            await w.network.drop_connections()
            await asyncio.sleep(60)
            await alice.vaults.rename("work", "play")
            await alice.vaults.share("play", "bob")
            await asyncio.sleep(60)
            assert said == [VaultChanged(clone.vault_id)]
            await bob.vaults.pull("work")
            await asyncio.sleep(1)
            assert said == [VaultChanged(clone.vault_id)] * 2

    simulate(scenario)


def test_a_scan_by_hand_teaches_as_well_and_deleting_the_clone_forgets() -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        await mallory.meet("bob")
        await bob.vaults.clone("work", "mallory")
        mallory.put("a", b"1")
        assert await behind(bob) == 0
        await bob.vaults.scan("mallory")
        assert await behind(bob) == 1
        assert remembered(bob) == 1
        await bob.vaults.delete("work")
        assert remembered(bob) == 0

    simulate(scenario)


def test_unsharing_leaves_what_was_known_and_a_new_share_brings_what_came_since() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        await alice.vaults.unshare("work", "bob")
        await fill(alice, "work", 2, 10, seed=1)
        await asyncio.sleep(60)
        assert await behind(bob) == 0
        await alice.vaults.share("work", "bob")
        await becomes(bob, 2)

    simulate(scenario)


def test_a_pull_tells_that_the_clone_is_level_where_nothing_was_known() -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        await mallory.meet("bob")
        clone = await bob.vaults.clone("work", "mallory")
        mallory.offers = lambda offer: []
        await bob.lock()
        await bob.unlock(w._roots["bob"])
        await asyncio.sleep(60)
        assert await behind(bob) is None
        async with overheard(bob) as said:
            await bob.vaults.pull("work")
            await asyncio.sleep(1)
            assert said == [VaultChanged(clone.vault_id)], "there was no new version, but the number is known now"
            await bob.vaults.pull("work")
            await asyncio.sleep(1)
            assert len(said) == 1
        assert await behind(bob) == 0

    simulate(scenario)


# Those who lie


def test_what_a_stranger_says_of_a_vault_changes_nothing_even_if_its_owner_signed_it() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        origin = (await alice.vaults.get("work")).vault_id
        here = (await bob.vaults.get("work")).vault_id
        w.network.cut("alice", "bob")
        await write(alice, "work:new", b"1")
        head = w._stores["alice"].vaults.get(origin).record.head
        mallory = Stranger(w)
        await mallory.meet("bob")
        link = await mallory.dial("bob")
        async with overheard(bob) as said:
            for vault_id in (origin, here, VaultId(bytes(16))):
                assert await mallory.ask(link, Moved(vault_id.raw, head)) == []
            await asyncio.sleep(1)
            assert said == []
        assert await behind(bob) == 0
        assert remembered(bob) == 1
        assert link.closed is None

    simulate(scenario)


def heads(liar: Liar) -> dict[str, bytes]:
    """What an origin may show besides its true head."""
    ours = liar.frames.record
    eve = Stranger(liar.world, "eve").signing
    head = {
        "sequence": ours.sequence + 5,
        "parents": (),
        "commit": CommitId(b"c" * 20),
        "digest": bytes(32),
        "now": EPOCH,
    }

    def signed(signing: SigningKey, lineage: Lineage, **changed: object) -> bytes:
        return sign_head(signing, lineage, **{**head, **changed})  # type: ignore[arg-type]

    good = signed(liar.signing, liar.lineage)
    return {
        "another signature": good[:-1] + bytes((good[-1] ^ 1,)),
        "another lineage of his": signed(liar.signing, new_lineage(liar.node_id)),
        "another writer": signed(eve, Lineage(eve.node_id, liar.lineage.nonce)),
        "an older one": signed(liar.signing, liar.lineage, sequence=1),
        "another of the same number": signed(liar.signing, liar.lineage, sequence=ours.sequence),
        "cut off": good[:-10],
        "noise": b"\xc1" * 200,
    }


KINDS = (
    "another signature",
    "another lineage of his",
    "another writer",
    "an older one",
    "another of the same number",
    "cut off",
    "noise",
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("by_scan", [False, True])
def test_a_head_that_is_forged_or_leads_nowhere_changes_nothing_and_a_true_one_afterwards_does(
    kind: str, by_scan: bool
) -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        mallory.put("a", b"1")
        mallory.put("b", b"1")
        await mallory.meet("bob")
        await bob.vaults.clone("work", "mallory")
        false = heads(mallory)[kind]
        (link, *_) = mallory.links
        vault_id = mallory.frames.record.vault_id
        async with overheard(bob) as said:
            if by_scan:
                mallory.offers = lambda offer: [encode_message(Offers((replace(offer, head=false),)))]
                (view,) = await bob.vaults.scan("mallory")
                assert (view.versions == 0) == (kind not in ("an older one", "another of the same number"))
            else:
                assert await mallory.ask(link, Moved(vault_id, false)) == []
            await asyncio.sleep(1)
            assert said == []
        assert await behind(bob) == 0
        mallory.put("c", b"1")
        assert await mallory.ask(link, Moved(vault_id, mallory.frames.record.head)) == []
        assert await behind(bob) == 1

    simulate(scenario)


def test_a_flood_of_notes_leaves_one_number_for_each_clone_and_few_events() -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        await mallory.meet("bob")
        await bob.vaults.clone("work", "mallory")
        record = mallory.frames.record
        (link, *_) = mallory.links

        def head(sequence: int) -> bytes:
            return sign_head(
                mallory.signing, mallory.lineage, sequence, (), CommitId(b"c" * 20), bytes(32), EPOCH + sequence
            )

        async def pester(number: int) -> None:
            for turn in range(20):
                await mallory.ask(link, Moved(record.vault_id, head(2 + turn * 50 + number)))
                await mallory.ask(link, Moved(bytes((turn, number)) * 8, head(5000)))

        begun = asyncio.get_running_loop().time()
        async with overheard(bob) as said:
            await asyncio.gather(*(pester(number) for number in range(50)))
            took = asyncio.get_running_loop().time() - begun
            assert 0 < len(said) <= took / BREATH + 1
        assert took >= 2000 * BREATH
        assert link.closed is None
        assert remembered(bob) == 1
        assert await behind(bob) == 1000

    simulate(scenario)


def test_notes_of_one_peer_that_run_wild_do_not_hold_up_another() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        mallory = Stranger(w)
        await mallory.meet("bob")
        link = await mallory.dial("bob")
        flood = [asyncio.create_task(mallory.ask(link, Moved(bytes(16), b"x"))) for _ in range(60)]
        await asyncio.sleep(0.2)
        await write(alice, "work:new", b"1")
        await asyncio.sleep(0.3)
        assert await behind(bob) == 1
        assert not all(task.done() for task in flood)
        await asyncio.gather(*flood)

    simulate(scenario)


@pytest.mark.parametrize(
    "answers",
    [
        lambda offer: [],
        lambda offer: [b"\xc1"],
        lambda offer: [encode_message(Scan())],
        lambda offer: [encode_message(Offers(()))] * 3,
        lambda offer: [encode_message(Offers((offer,) * 50))] * 30,
    ],
    ids=["nothing", "noise", "a question", "empty pages", "too much"],
)
def test_an_origin_that_answers_the_scan_at_connecting_with_nonsense_is_none_the_wiser(
    answers: Callable[[object], list[bytes]],
) -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        await mallory.meet("bob")
        await bob.vaults.clone("work", "mallory")
        mallory.put("a", b"1")
        honest, mallory.offers = mallory.offers, answers
        await bob.lock()
        await bob.unlock(w._roots["bob"])
        await asyncio.sleep(SCAN_WITHIN + 60)
        assert await behind(bob) is None
        mallory.offers = honest
        await bob.vaults.scan("mallory")
        assert await behind(bob) == 1

    simulate(scenario)


def test_a_node_that_is_no_origin_is_not_scanned_and_an_origin_that_never_answers_is_let_go() -> None:
    async def scenario(w: World) -> None:
        bob, mallory, eve = await w.add("bob"), Liar(w), Stranger(w, "eve")
        asked: dict[NodeId, list[bytes]] = {mallory.node_id: [], eve.node_id: []}

        def mute(who: Stranger) -> Answer:
            async def answer(link: Link, stream: Stream) -> None:
                assert link.peer == w.ids["bob"]
                asked[who.node_id].append(await stream.receive() or b"")
                await asyncio.Event().wait()

            return answer

        await mallory.meet("bob")
        await eve.meet("bob")
        await bob.vaults.clone("work", "mallory")
        mallory.answer, eve.answer = mute(mallory), mute(eve)
        await w.network.drop_connections()
        await asyncio.sleep(10)
        scan = encode_message(Scan())
        assert asked[mallory.node_id].count(scan) == 1
        assert scan not in asked[eve.node_id]
        core = bob._gate.core()
        under_way = core.peers.linked(mallory.node_id)._under_way  # type: ignore[union-attr]
        assert len(under_way) == len(asked[mallory.node_id])
        await asyncio.sleep(max(SCAN_WITHIN, WITHIN))
        assert len(under_way) == 0

    simulate(scenario)


def test_a_node_opened_for_one_command_scans_nobody_on_its_own_account() -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        await mallory.meet("bob")
        await bob.vaults.clone("work", "mallory")
        scans = 0
        honest = mallory.offers

        def counting(offer: Offer) -> Sequence[bytes]:
            nonlocal scans
            scans += 1
            return honest(offer)

        mallory.offers = counting
        for stays in (True, False):
            bob._stays = stays
            await mallory.links[-1].close()
            await asyncio.sleep(5)
            await bob.nodes.ping("mallory")
            await asyncio.sleep(5)
            assert scans == 1

    simulate(scenario)


# The rules, without a network


def clone_record(store: NodeStore) -> VaultRecord:
    """A clone at number 3 of a vault of OWNER."""
    made = create_vault(store, "work", EPOCH)
    lineage = Lineage(OWNER.node_id, b"n" * 32)
    record = replace(
        made.record,
        creator=OWNER.node_id.raw,
        nonce=lineage.nonce,
        origin_node=OWNER.node_id.raw,
        origin_vault=b"v" * 16,
        read_only=True,
        sequence=3,
        head=sign_head(OWNER, lineage, 3, (), CommitId(made.record.commit), made.record.digest, EPOCH),
    )
    made.commit(None, record)
    return record


def head_of(record: VaultRecord, sequence: int, commit: bytes = b"c" * 20) -> bytes:
    lineage = Lineage(OWNER.node_id, record.nonce)
    return sign_head(OWNER, lineage, sequence, (), CommitId(commit), bytes(32), EPOCH)


def test_only_a_signed_head_that_is_not_older_is_believed() -> None:
    record = clone_record(new_store()[0])
    assert believable(record, record.head) == 3
    assert believable(record, head_of(record, 3, record.commit)) == 3
    assert believable(record, head_of(record, 4)) == 4
    assert believable(record, head_of(record, 900)) == 900
    assert believable(record, head_of(record, 2)) is None
    assert believable(record, head_of(record, 3)) is None
    assert believable(record, b"") is None
    assert believable(replace(record, nonce=b"x" * 32), head_of(record, 4)) is None


def learn(watching: Watching, store: NodeStore, node: NodeId, there: bytes, raw: bytes) -> list[VaultId]:
    changed: list[VaultId] = []
    for _ in watching.learn(store, node, [(there, raw)], changed):
        pass
    return changed


def test_only_the_vault_and_node_that_a_clone_pulls_from_say_how_far_it_is_behind() -> None:
    store, _ = new_store()
    record, watching = clone_record(store), Watching()
    vault_id = VaultId(record.vault_id)
    assert watching.behind(record) is None
    assert learn(watching, store, MIRROR, b"v" * 16, head_of(record, 5)) == []
    assert learn(watching, store, OWNER.node_id, b"w" * 16, head_of(record, 5)) == []
    assert watching.behind(record) is None
    assert learn(watching, store, OWNER.node_id, b"v" * 16, head_of(record, 3, record.commit)) == [vault_id]
    assert watching.behind(record) == 0
    assert learn(watching, store, OWNER.node_id, b"v" * 16, head_of(record, 5)) == [vault_id]
    assert learn(watching, store, OWNER.node_id, b"v" * 16, head_of(record, 5)) == []
    assert learn(watching, store, OWNER.node_id, b"v" * 16, head_of(record, 4)) == []
    assert watching.behind(record) == 2


def test_another_origin_begins_anew_and_the_old_one_counts_no_more() -> None:
    store, _ = new_store()
    record, watching = clone_record(store), Watching()
    learn(watching, store, OWNER.node_id, b"v" * 16, head_of(record, 9))
    moved = replace(record, origin_node=MIRROR.raw, origin_vault=b"w" * 16, sequence=5)
    assert watching.behind(moved) is None
    store.vaults.get(VaultId(record.vault_id)).commit(None, moved)
    watching.took(moved)
    assert watching.behind(moved) == 0
    assert learn(watching, store, OWNER.node_id, b"v" * 16, head_of(record, 20)) == []
    assert learn(watching, store, MIRROR, b"w" * 16, head_of(record, 7)) == [VaultId(record.vault_id)]
    assert watching.behind(moved) == 2


def test_a_head_that_we_have_by_another_way_is_no_change_of_the_number() -> None:
    store, _ = new_store()
    record, watching = clone_record(store), Watching()
    learn(watching, store, OWNER.node_id, b"v" * 16, record.head)
    newer = head_of(record, 5, record.commit)
    store.vaults.get(VaultId(record.vault_id)).commit(None, replace(record, sequence=5, head=newer))
    assert learn(watching, store, OWNER.node_id, b"v" * 16, newer) == []


def test_a_pull_of_less_than_was_shown_leaves_the_rest_to_be_pulled() -> None:
    store, _ = new_store()
    record, watching = clone_record(store), Watching()
    learn(watching, store, OWNER.node_id, b"v" * 16, head_of(record, 9))
    watching.took(replace(record, sequence=7))
    assert watching.behind(replace(record, sequence=7)) == 2
    watching.took(replace(record, sequence=12))
    assert watching.behind(replace(record, sequence=12)) == 0
