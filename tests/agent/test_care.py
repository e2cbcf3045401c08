import asyncio

import pytest
from agent.actors import at, everything, fill, noise, read, shared, write
from simulator import eventually, simulate

from pk_tui.agent.care import IDLE, LOOK_EVERY, roots_of
from pk_tui.errors import Corrupt, Locked, Misuse
from pk_tui.store.conflicts import OpenConflict
from pk_tui.terms import VaultId


def vault_of(world, name, vault="v"):
    return next(frames for frames in world._stores[name].vaults.list() if frames.record.name == vault)


def frame_count(world, name, vault="v"):
    return vault_of(world, name, vault).frame_store.rows.measure()[0]


async def two_vaults(world, secrets=30):
    a = await world.add("a")
    for vault in ("v", "w"):
        await a.vaults.create(vault)
        await fill(a, vault, secrets, 50)
    return a


def test_tidying_gathers_every_vault_and_says_what_it_came_to():
    async def scenario(world):
        a = await two_vaults(world)
        before = [await everything(a, vault) for vault in ("v", "w")]
        view = await a.lifecycle.tidy()
        assert view.vaults == 2
        assert view.objects == sum(len(vault_of(world, "a", vault)) for vault in ("v", "w"))
        assert view.after <= view.before
        assert max(frame_count(world, "a", vault) for vault in ("v", "w")) <= 2
        assert [await everything(a, vault) for vault in ("v", "w")] == before
        assert all(vault_of(world, "a", vault).epochs == (1,) for vault in ("v", "w"))
        assert (await a.lifecycle.check()).ok

    simulate(scenario)


def test_with_new_keys_every_vault_has_one_and_the_old_ones_are_gone():
    async def scenario(world):
        a = await two_vaults(world)
        before = await everything(a, "v")
        assert (await a.lifecycle.tidy(new_keys=True)).vaults == 2
        db = vault_of(world, "a").frame_store.db
        assert db.rows("SELECT epoch FROM vault_key") == [(2,), (2,)]
        assert db.rows("SELECT DISTINCT epoch FROM frame") == [(2,)]
        await world.stop("a")
        a = await world.start("a")
        assert await everything(a, "v") == before

    simulate(scenario)


def test_it_tells_how_far_it_is():
    async def scenario(world):
        a = await world.add("a")
        await a.vaults.create("v")
        await write(a, "v:big", *(noise(256 * 1024, seed) for seed in range(20)))
        told = []
        await a.lifecycle.tidy(True, told.append)
        assert len(told) > 5
        assert told[-1].bytes == told[-1].bytes_total > 5 * 1024 * 1024

    simulate(scenario)


def test_a_clone_is_tidied_and_can_be_pulled_into_afterwards():
    async def scenario(world):
        alice, bob = await shared(world)
        await bob.vaults.clone("work", "alice")
        await bob.lifecycle.tidy(new_keys=True)
        await write(alice, "work:later", b"new")
        await bob.vaults.pull("work")
        assert await read(bob, "work:later") == b"new"
        assert (await bob.lifecycle.check()).ok

    simulate(scenario)


def test_a_transfer_under_way_while_keys_are_renewed_arrives_whole():
    async def scenario(world):
        alice, bob = await shared(world)
        await write(alice, "work:big", *(noise(256 * 1024, seed) for seed in range(12)))
        cloning = asyncio.ensure_future(bob.vaults.clone("work", "alice", "copy"))
        for _ in range(3):
            await asyncio.sleep(0.05)
            await alice.lifecycle.tidy(new_keys=True)
        await cloning
        assert await everything(bob, "copy") == await everything(alice, "work")

    simulate(scenario)


def test_a_damaged_vault_keeps_no_other_from_being_tidied():
    async def scenario(world):
        a = await two_vaults(world)
        broken = vault_of(world, "a", "v")
        del broken.frame_store.index[broken.record.commit]
        with pytest.raises(Corrupt, match="other vaults are tidied: 1"):
            await a.lifecycle.tidy()
        assert frame_count(world, "a", "w") <= 2

    simulate(scenario)


def test_calling_it_off_leaves_everything_readable():
    async def scenario(world):
        a = await two_vaults(world)
        before = await everything(a, "v")
        tidying = asyncio.ensure_future(a.lifecycle.tidy(new_keys=True))
        for _ in range(8):
            await asyncio.sleep(0)
        tidying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await tidying
        assert await everything(a, "v") == before
        await a.lifecycle.tidy()
        assert len(vault_of(world, "a").epochs) == 1

    simulate(scenario)


def test_while_locked_it_is_refused():
    async def scenario(world):
        a = await world.add("a")
        await a.lock()
        with pytest.raises(Locked):
            await a.lifecycle.tidy()

    simulate(scenario)


# By itself


def test_an_idle_node_tidies_what_is_worth_it():
    async def scenario(world):
        a = await world.add("a")
        await a.vaults.create("v")
        await a.vaults.create("w")
        await fill(a, "v", 300, 20)
        await fill(a, "w", 5, 20)
        small = frame_count(world, "a", "w")
        assert frame_count(world, "a") > 300
        before = await everything(a, "v")
        await asyncio.sleep(IDLE / 2)
        assert frame_count(world, "a") > 300
        await asyncio.sleep(IDLE + 2 * LOOK_EVERY)
        assert frame_count(world, "a") < 10
        assert frame_count(world, "a", "w") == small
        assert await everything(a, "v") == before

    simulate(scenario)


def test_a_node_at_work_is_left_in_peace():
    async def scenario(world):
        a = await world.add("a")
        await a.vaults.create("v")
        await fill(a, "v", 300, 20)
        for number in range(20):
            await asyncio.sleep(LOOK_EVERY)
            await write(a, "v:busy", b"%d" % number)
        assert frame_count(world, "a") > 300

    simulate(scenario)


def test_what_was_broken_off_is_finished_after_the_next_unlock():
    async def scenario(world):
        await two_vaults(world)
        vault = vault_of(world, "a")
        vault.commit(None, vault.record, new_key=True)
        await world.stop("a")
        await world.start("a")

        async def is_done():
            return vault_of(world, "a").epochs == (2,)

        await eventually(is_done, LOOK_EVERY)
        assert len(await everything(world.agents["a"], "v")) == 30

    simulate(scenario)


def test_a_vault_that_cannot_be_finished_is_tried_once_and_said_in_the_log(caplog):
    async def scenario(world):
        a = await two_vaults(world)
        vault = vault_of(world, "a")
        del vault.frame_store.index[vault.record.commit]
        vault.commit(None, vault.record, new_key=True)
        await asyncio.sleep(3 * IDLE)
        for number in range(3):
            await write(a, "w:x", b"%d" % number)
            await asyncio.sleep(2 * IDLE)
        assert caplog.text.count("could not be tidied") == 1

    simulate(scenario)


def test_locking_ends_it_at_once():
    async def scenario(world):
        a = await world.add("a")
        await a.vaults.create("v")
        await fill(a, "v", 300, 20)
        vault = vault_of(world, "a")
        vault.commit(None, vault.record, new_key=True)
        care = asyncio.ensure_future(world.agents["a"].lifecycle.tidy())
        await asyncio.sleep(0)
        await a.lock()
        with pytest.raises((Locked, asyncio.CancelledError)):
            await care
        await world.stop("a")
        await world.start("a")

        async def is_done():
            return vault_of(world, "a").epochs == (2,)

        await eventually(is_done)

    simulate(scenario)


def test_what_conflicts_compare_stays():
    async def scenario(world):
        a = await world.add("a")
        await a.vaults.create("v")
        await write(a, "v:x", b"theirs")
        vault = vault_of(world, "a")
        other = vault.record.commit
        await write(a, "v:x", b"ours")
        store = world._stores["a"]
        missing = bytes(20)
        row = OpenConflict("x", None, missing, other, bytes(32), 0)
        store.conflicts.change(VaultId(vault.record.vault_id), (), (row,))
        assert roots_of(store, vault)() == {vault.record.commit, other}
        with pytest.raises(Misuse):
            await a.vaults.forget("v@1234", at("x"))
        await a.vaults.forget("v", at("x"))
        assert store.conflicts.list(VaultId(vault.record.vault_id)) == []

    simulate(scenario)
