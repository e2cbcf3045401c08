from __future__ import annotations

import asyncio

import pytest
from agent.actors import Liar, everything, fill, left_behind, noise, read, refused, shared, tried, write
from simulator import World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.api.events import VaultChanged
from pk_tui.api.views import Progress
from pk_tui.errors import AlreadyExists, Corrupt, Misuse, NotFound, ReadOnly
from pk_tui.store.vault import VaultFrames
from pk_tui.trust.head import read_head
from pk_tui.trust.lineage import Lineage
from pk_tui.vault.objects import blob


def frames_of(w: World, name: str, vault: str) -> VaultFrames:
    return next(frames for frames in w._stores[name].vaults.list() if frames.record.name == vault)


async def forked(w: World, secrets: int = 3, size: int = 8) -> tuple[Agent, Agent]:
    """Alice's vault “work”, Bob's clone of it, and “mine”, which he forked from that."""
    alice, bob = await shared(w, secrets, size)
    await bob.vaults.clone("work", "alice")
    await bob.vaults.fork("work", "mine")
    return alice, bob


def test_a_fork_is_a_vault_of_our_own_with_all_history_and_says_where_it_is_from() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 3)
        await write(alice, "work:big", noise(3 * 1024 * 1024))
        await bob.vaults.clone("work", "alice")
        view = await bob.vaults.fork("work", "mine")
        clone = await bob.vaults.get("work")
        assert (view.name, view.read_only, view.fork, view.secrets) == ("mine", False, True, 4)
        assert view.origin == clone.origin
        assert view.vault_id != clone.vault_id
        assert (clone.fork, clone.read_only) == (False, True)
        assert await bob.vaults.get("mine") == view
        assert await everything(bob, "mine") == await everything(bob, "work")
        assert await bob.vaults.log("mine") == await bob.vaults.log("work")
        record, origin = frames_of(w, "bob", "mine").record, frames_of(w, "bob", "work").record
        assert (record.creator, record.nonce) != (origin.creator, origin.nonce)
        head = read_head(record.head, Lineage(w.ids["bob"], record.nonce))
        assert (head.commit.raw, head.digest, head.sequence) == (origin.commit, origin.digest, 1)
        assert record.upstream is not None
        assert (record.upstream.creator, record.upstream.nonce) == (origin.creator, origin.nonce)
        assert (record.upstream.head, record.upstream.commit) == (origin.head, origin.commit)
        assert (await bob.lifecycle.check()).ok

    simulate(scenario)


def test_a_fork_is_written_and_the_clone_stays_as_it_was() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        await write(bob, "mine:s0", b"changed")
        await write(bob, "mine:new", b"new")
        assert await read(bob, "mine:s0") == b"changed"
        assert await everything(bob, "work") == await everything(alice, "work")
        with refused(ReadOnly, "vaults fork"):
            await write(bob, "work:s0", b"changed")

    simulate(scenario)


def test_a_fork_outlives_the_clone_it_was_made_of() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        await bob.vaults.delete("work")
        assert await everything(bob, "mine") == await everything(alice, "work")
        await write(alice, "work:new", b"1")
        await bob.vaults.pull("mine")
        assert await read(bob, "mine:new") == b"1"

    simulate(scenario)


def test_a_name_that_is_taken_or_is_none_is_refused_and_nothing_is_made() -> None:
    async def scenario(w: World) -> None:
        _, bob = await forked(w)
        before = left_behind(w, "bob")
        for name, kind in (("mine", AlreadyExists), ("work", AlreadyExists), ("a:b", Misuse), ("", Misuse)):
            with refused(kind):
                await bob.vaults.fork("work", name)
        with refused(NotFound):
            await bob.vaults.fork("nothing", "new")
        assert left_behind(w, "bob") == before

    simulate(scenario)


def test_a_vault_of_our_own_is_not_forked_nor_is_a_fork() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        with refused(Misuse, "made of clones"):
            await alice.vaults.fork("work", "other")
        with refused(Misuse, "made of clones"):
            await bob.vaults.fork("mine", "other")

    simulate(scenario)


def test_a_damaged_clone_is_not_forked_and_leaves_nothing() -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w, 30, 9000)
        await bob.vaults.clone("work", "alice")
        store = w._stores["bob"]
        db = store.vaults.db
        db.execute("UPDATE frame SET sealed = zeroblob(length(sealed)) WHERE id = (SELECT min(id) FROM frame)")
        store.vaults.cache.clear()
        before = left_behind(w, "bob")
        with refused(Corrupt):
            await bob.vaults.fork("work", "mine")
        assert left_behind(w, "bob") == before

    simulate(scenario)


@pytest.mark.parametrize("after", [0, 1, 2, 5, 10, 40])
def test_a_fork_that_is_called_off_leaves_nothing(after: int) -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w, 40, 40_000)
        await bob.vaults.clone("work", "alice")
        before = left_behind(w, "bob")
        forking = asyncio.create_task(bob.vaults.fork("work", "mine"))
        for _ in range(after):
            await asyncio.sleep(0)
        assert not forking.done()
        forking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await forking
        assert left_behind(w, "bob") == before
        assert (await bob.vaults.fork("work", "mine")).secrets == 40

    simulate(scenario)


def test_locking_ends_a_fork_that_is_being_made_and_the_next_try_succeeds() -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w, 40, 40_000)
        await bob.vaults.clone("work", "alice")
        forking = asyncio.create_task(tried(bob.vaults.fork("work", "mine")))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not forking.done()
        await bob.lifecycle.lock()
        assert await forking is not None
        await bob.unlock(w._roots["bob"])
        assert [view.name for view in await bob.vaults.list()] == ["work"]
        assert left_behind(w, "bob")[:2] == (1, 1)
        assert (await bob.vaults.fork("work", "mine")).secrets == 40

    simulate(scenario)


def test_a_name_that_is_taken_while_the_fork_is_made_is_refused_and_leaves_nothing() -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w, 20, 40_000)
        await bob.vaults.clone("work", "alice")
        forking = asyncio.create_task(bob.vaults.fork("work", "mine"))
        await asyncio.sleep(0)
        assert not forking.done()
        await bob.vaults.create("mine")
        before = left_behind(w, "bob")
        with refused(AlreadyExists):
            await forking
        assert left_behind(w, "bob")[0] < before[0]
        assert not (await bob.vaults.get("mine")).fork

    simulate(scenario)


def test_progress_and_the_new_vault_are_told() -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w, 20, 20_000)
        await bob.vaults.clone("work", "alice")
        seen: list[Progress] = []
        async with bob.events() as events:
            view = await bob.vaults.fork("work", "mine", progress=seen.append)
            assert await anext(events) == VaultChanged(view.vault_id)
        assert len(seen) > 3
        assert seen == sorted(seen, key=lambda step: step.objects)
        assert seen[-1].objects == seen[-1].objects_total

    simulate(scenario)


def test_only_what_the_clones_version_leads_to_comes_along() -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        mallory.put("a", b"1")
        await mallory.meet("bob")
        await bob.vaults.clone("work", "mallory")
        source = frames_of(w, "bob", "work")
        batch = source.batch()
        oid, facts = blob(b"of a version that is no longer reached")
        batch.add(oid, facts, b"of a version that is no longer reached")
        source.commit(batch, source.record)
        await bob.vaults.fork("work", "mine")
        assert oid in source
        assert oid not in frames_of(w, "bob", "mine")
        assert len(frames_of(w, "bob", "mine")) == len(source) - 1

    simulate(scenario)


def test_a_fork_of_a_clone_of_a_fork_pulls_from_the_fork() -> None:
    async def scenario(w: World) -> None:
        _, bob = await forked(w)
        carol = await w.add("carol")
        await w.introduce("bob", "carol")
        await bob.vaults.share("mine", "carol")
        await carol.vaults.clone("mine", "bob")
        view = await carol.vaults.fork("mine", "hers")
        assert view.origin is not None
        assert view.origin.node_id == w.ids["bob"]
        await fill(bob, "mine", 2, 10, seed=7)
        await carol.vaults.pull("hers")
        assert await everything(carol, "hers") == await everything(bob, "mine")

    simulate(scenario)
