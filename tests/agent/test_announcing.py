from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from agent.actors import Stranger, fill, shared, write
from simulator import World, eventually, simulate

from pk_tui.agent import announcing as module
from pk_tui.agent.agent import Agent
from pk_tui.agent.announcing import HEARD_WITHIN, TRIES, TRY_AGAIN
from pk_tui.agent.rights import lineage_of
from pk_tui.api.events import EventsLost, NodeChanged
from pk_tui.clock import DAY
from pk_tui.errors import Corrupt
from pk_tui.net.link import Link, Stream
from pk_tui.records import replace
from pk_tui.terms import Action, NodeId, VaultId
from pk_tui.trust.head import read_head
from pk_tui.wire.messages import Ack, Moved, Notify, Scan, decode_message, encode_message


@dataclass
class Note:
    vault_id: bytes
    head: bytes
    begun: float
    ended: float | None = None


class Reader(Stranger):
    """A node that vaults are shared with and that listens, `slowness` seconds to each note; None: for ever."""

    def __init__(self, w: World, name: str = "mallory") -> None:
        super().__init__(w, name)
        self.notes: list[Note] = []
        self.slowness: float | None = 0.0
        self.reply: bytes | None = None
        self.answer = self.hear

    async def hear(self, link: Link, stream: Stream) -> None:
        first = await stream.receive()
        assert first is not None
        message = decode_message(first, Moved, Notify, Scan)
        if isinstance(message, Notify):
            await stream.send(encode_message(Ack()))
        if isinstance(message, Moved):
            assert await stream.receive() is None, "a note is one message"
            loop = asyncio.get_running_loop()
            note = Note(message.vault_id, message.head, loop.time())
            self.notes.append(note)
            if self.slowness is None:
                await asyncio.Event().wait()
            await asyncio.sleep(self.slowness or 0)
            note.ended = loop.time()
            if self.reply is not None:
                await stream.send(self.reply)
                await asyncio.Event().wait()

    def sequences(self, w: World, owner: str = "alice") -> list[int]:
        """The numbers that were told, each by a head that its owner signed."""
        vaults = w._stores[owner].vaults
        return [
            read_head(note.head, lineage_of(vaults.get(VaultId(note.vault_id)).record)).sequence for note in self.notes
        ]


async def reader(w: World, name: str = "mallory") -> tuple[Agent, Reader]:
    """Alice shares “work”, at its first version, with a reader who is connected."""
    alice, mallory = await w.add("alice"), Reader(w, name)
    await mallory.meet("alice")
    await alice.vaults.create("work")
    await alice.vaults.share("work", name)
    await asyncio.sleep(2)
    mallory.notes.clear()  # a share is told as well
    return alice, mallory


def test_a_commit_is_told_by_its_signed_head_to_who_holds_a_grant_and_is_connected() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await reader(w)
        await write(alice, "work:a", b"1")
        await asyncio.sleep(1)
        record = w._stores["alice"].vaults.list()[0].record
        assert [(note.vault_id, note.head) for note in mallory.notes] == [(record.vault_id, record.head)]
        await write(alice, "work:a", b"1")
        await asyncio.sleep(1)
        assert len(mallory.notes) == 1, "nothing was changed, so there is no new version"
        await write(alice, "work:a", b"2")
        await asyncio.sleep(1)
        assert mallory.sequences(w) == [2, 3]

    simulate(scenario)


def test_nothing_is_told_to_who_holds_no_live_grant_for_this_vault() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await reader(w)
        eve = Reader(w, "eve")
        await eve.meet("alice")
        await alice.gestalts.allow("eve", Action.SCAN)
        await alice.vaults.create("other")
        await fill(alice, "other", 2, 10)
        await fill(alice, "work", 1, 10)
        await asyncio.sleep(60)
        assert eve.notes == []
        assert len(mallory.notes) == 1
        await alice.vaults.unshare("work", "mallory")
        await fill(alice, "work", 2, 10, seed=2)
        await asyncio.sleep(60)
        await alice.vaults.share("work", "mallory", w.clocks["alice"].now() + DAY)
        await asyncio.sleep(1)
        mallory.notes.clear()
        w.clocks["alice"].skew += 2 * DAY
        await fill(alice, "work", 2, 10, seed=3)
        await asyncio.sleep(60)
        assert mallory.notes == []

    simulate(scenario)


def test_what_was_to_be_told_before_an_unshare_is_not_told_after_it() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await reader(w)
        mallory.slowness = 5
        await write(alice, "work:a", b"1")
        await asyncio.sleep(1)
        await write(alice, "work:a", b"2")
        await alice.vaults.unshare("work", "mallory")
        await asyncio.sleep(60)
        assert mallory.sequences(w) == [2]

    simulate(scenario)


def test_what_is_no_new_version_is_not_told_so_that_readers_do_not_learn_of_one_another() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await reader(w)
        eve = Reader(w, "eve")
        await eve.meet("alice")
        await alice.vaults.share("work", "eve")
        await alice.vaults.rename("work", "play")
        await alice.vaults.unshare("play", "eve")
        await asyncio.sleep(60)
        assert mallory.notes == []
        await alice.lock()
        await alice.unlock(w._roots["alice"])
        await asyncio.sleep(60)
        await alice.vaults.share("play", "eve")
        await alice.vaults.rename("play", "work")
        await asyncio.sleep(60)
        assert mallory.notes == []

    simulate(scenario)


def test_a_burst_is_told_as_few_versions_one_at_a_time_with_the_newest_at_the_end() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await reader(w)
        await alice.vaults.create("second")
        await alice.vaults.share("second", "mallory")
        await asyncio.sleep(1)
        mallory.notes.clear()
        mallory.slowness = 3
        for number in range(50):
            await write(alice, "work:a", b"%d" % number)
            await write(alice, "second:a", b"%d" % number)
            await asyncio.sleep(0.1)
        await asyncio.sleep(30)
        assert len(mallory.notes) <= 6
        for vault in w._stores["alice"].vaults.list():
            told = [note.head for note in mallory.notes if note.vault_id == vault.record.vault_id]
            assert told[-1] == vault.record.head
            assert len(told) == len(set(told))
        for one, other in zip(mallory.notes, mallory.notes[1:], strict=False):
            assert one.ended is not None
            assert one.ended <= other.begun
        assert alice._gate.core().announcing._waiting == {}

    simulate(scenario)


def test_a_commit_waits_for_nobody_and_one_who_does_not_hear_holds_up_no_other() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await reader(w)
        eve = Reader(w, "eve")
        await eve.meet("alice")
        await alice.vaults.share("work", "eve")
        await asyncio.sleep(1)
        eve.notes.clear()
        mallory.slowness = None
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for number in range(20):
            await write(alice, "work:a", b"%d" % number)
        assert loop.time() - begun < 0.01
        await asyncio.sleep(1)
        assert eve.sequences(w) == [21]
        assert mallory.sequences(w) == [21]
        await write(alice, "work:a", b"last")
        await asyncio.sleep(1)
        assert eve.sequences(w) == [21, 22]
        assert len(mallory.notes) == 1

    simulate(scenario)


def test_who_does_not_hear_is_told_a_few_times_and_again_of_the_next_version() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await reader(w)
        mallory.slowness = None
        await write(alice, "work:a", b"1")
        await asyncio.sleep(TRIES * (HEARD_WITHIN + TRY_AGAIN) + 60)
        assert mallory.sequences(w) == [2] * TRIES
        assert mallory.links[0].closed is None
        mallory.slowness = 0
        await asyncio.sleep(600)
        assert mallory.sequences(w) == [2] * TRIES
        await write(alice, "work:a", b"2")
        await asyncio.sleep(1)
        assert mallory.sequences(w) == [2] * TRIES + [3]
        core = alice._gate.core()
        assert core.announcing._waiting == {}
        link = core.peers.linked(mallory.node_id)
        assert link is not None
        assert link._under_way == set(), "no stream is left open"

    simulate(scenario)


@pytest.mark.parametrize("reply", [b"\xc1", b"x" * 1000, encode_message(Scan())])
def test_an_answer_is_not_listened_to_and_leaves_no_stream_open(reply: bytes) -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await reader(w)
        mallory.reply = reply
        for number in range(50):
            await write(alice, "work:a", b"%d" % number)
            await asyncio.sleep(1)
        assert mallory.sequences(w)[-1] == 51
        link = alice._gate.core().peers.linked(mallory.node_id)
        assert link is not None
        assert link._under_way == set()

    simulate(scenario)


def test_who_is_not_connected_is_neither_told_nor_dialled_for_it() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await reader(w)
        await alice.nodes.disconnect("mallory")
        await asyncio.sleep(1)
        dials = w.network.dials
        await fill(alice, "work", 3, 10)
        await asyncio.sleep(60)
        assert (mallory.notes, w.network.dials) == ([], dials)
        await mallory.dial("alice")
        await asyncio.sleep(5)
        assert mallory.notes == [], "it has the scan for that"
        await fill(alice, "work", 1, 10, seed=9)
        await asyncio.sleep(1)
        assert mallory.sequences(w) == [5]

    simulate(scenario)


def test_a_connection_that_breaks_in_the_middle_is_made_up_for_over_the_next() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await reader(w)
        mallory.slowness = None
        await write(alice, "work:a", b"1")
        await asyncio.sleep(1)
        mallory.slowness = 0
        await mallory.links[0].close()
        await mallory.dial("alice")
        await asyncio.sleep(TRY_AGAIN + 1)
        assert mallory.sequences(w) == [2, 2]

    simulate(scenario)


def test_a_share_is_told_so_that_a_clone_of_an_earlier_share_catches_up() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await reader(w)
        await alice.vaults.unshare("work", "mallory")
        await fill(alice, "work", 2, 10)
        await alice.vaults.share("work", "mallory")
        await asyncio.sleep(1)
        assert mallory.sequences(w) == [3]

    simulate(scenario)


def test_a_version_among_more_changes_than_the_bus_holds_is_told_all_the_same() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await reader(w)
        await write(alice, "work:a", b"1")
        async with alice.events() as events:
            for _ in range(300):
                alice._bus.say(NodeChanged(mallory.node_id))
            assert await anext(events) == EventsLost()
        await asyncio.sleep(1)
        assert mallory.sequences(w) == [2]

    simulate(scenario)


def test_a_right_that_cannot_be_looked_at_ends_the_telling_of_that_version_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await reader(w)

        def damaged(*given: object) -> None:
            raise Corrupt("A stored record was damaged.")

        with monkeypatch.context() as patch:
            patch.setattr(module, "allows", damaged)
            await write(alice, "work:a", b"1")
            await asyncio.sleep(1)
        assert mallory.notes == []
        await write(alice, "work:a", b"2")
        await asyncio.sleep(1)
        assert mallory.sequences(w) == [3]

    simulate(scenario)


def test_who_holds_no_grant_is_not_even_considered_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await reader(w)
        eve = Reader(w, "eve")
        await eve.meet("alice")
        await asyncio.sleep(1)
        considered: list[NodeId] = []
        announcing = alice._gate.core().announcing
        monkeypatch.setattr(announcing, "tell", lambda node, vault_id: considered.append(node))
        await write(alice, "work:a", b"1")
        await asyncio.sleep(1)
        assert considered == [mallory.node_id]

    simulate(scenario)


def test_a_vault_is_ours_if_we_made_it_and_write_it_though_it_may_be_a_fork() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        (ours,), (clone,) = w._stores["alice"].vaults.list(), w._stores["bob"].vaults.list()
        core, their_core = alice._gate.core(), bob._gate.core()
        assert module._own_heads(core) == {ours.vault_id: ours.record.sequence}
        assert module._own_heads(core, [ours.vault_id, VaultId(bytes(16))]) == module._own_heads(core)
        assert module._own_heads(their_core) == {}
        clone.commit(None, replace(clone.record, origin_node=None, origin_vault=None))
        assert module._own_heads(their_core) == {}, "without an origin, but another node's"
        ours.commit(None, replace(ours.record, origin_node=w.ids["bob"].raw, origin_vault=bytes(16)))
        assert set(module._own_heads(core)) == {ours.vault_id}, "a fork"
        ours.commit(None, replace(ours.record, read_only=True))
        assert module._own_heads(core) == {}, "our own, got back as a clone"

    simulate(scenario)


def test_what_a_clone_takes_in_is_told_to_nobody() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        eve = Reader(w, "eve")
        await eve.meet("bob")
        await bob.vaults.clone("work", "alice")
        await write(alice, "work:new", b"1")
        await bob.vaults.pull("work")
        await asyncio.sleep(60)
        assert eve.notes == []
        assert bob._gate.core().announcing._heads == {}

    simulate(scenario)


def test_a_deleted_vault_is_told_of_no_more_and_forgotten() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await reader(w)
        await write(alice, "work:a", b"1")
        await alice.vaults.delete("work")
        await asyncio.sleep(60)
        assert [note for note in mallory.notes if note.ended is None] == []
        assert alice._gate.core().announcing._heads == {}

    simulate(scenario)


@pytest.mark.parametrize("seed", range(10))
def test_however_links_fail_a_connected_clone_ends_up_knowing_the_newest_version(seed: int) -> None:
    async def scenario(w: World) -> None:
        w.network.latency = (0.0, 1.0)
        alice, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        for number in range(30):
            await write(alice, f"work:{w.random.randrange(5)}", b"%d" % number)
            await asyncio.sleep(w.random.expovariate(1))
            match w.random.randrange(6):
                case 0:
                    await w.network.drop_connections()
                case 1:
                    w.network.cut("alice", "bob")
                case 2:
                    w.network.heal()
                case 3:
                    await alice.vaults.unshare("work", "bob")
                case 4:
                    await alice.vaults.share("work", "bob")
        await alice.vaults.share("work", "bob")
        w.network.heal()

        async def knows() -> bool:
            return (await bob.vaults.get("work")).behind == 30

        await eventually(knows, within=600)

    simulate(scenario, seed)
