import asyncio

import pytest
from agent.actors import at, everything, noise, read, write
from simulator import eventually, simulate

from pk_tui.errors import Busy, Conflict, Misuse, NotFound, ReadOnly
from pk_tui.terms import NodeId
from pk_tui.trust.head import Verdict, compare, read_head
from pk_tui.trust.lineage import Lineage

MARKER = b"the value that is to be forgotten, and in no other secret"


def frames_of(world, name, vault="v"):
    store = world._stores[name]
    return next(frames for frames in store.vaults.list() if frames.record.name == vault)


def opened(world, name):
    """Everything that opens under any key that there still is: frames and index rows of all vaults."""
    store = world._stores[name]
    found = []
    for vault in store.vaults.list():
        frames = vault.frame_store
        for number, _ in frames.rows.sizes():
            found.append(frames.opened(number))
    return b"".join(found)


async def filled(world):
    """A vault with a secret that was written twice, moved about with others, and taken away."""
    a = await world.add("a")
    await a.vaults.create("v")
    await write(a, "v:keep", b"one")
    await write(a, "v:d/token", MARKER)
    await write(a, "v:d/other", b"two")
    await write(a, "v:d/token", MARKER + b" again")
    await a.secrets.remove([("v", at("d/token"))], False)
    await write(a, "v:keep", b"three")
    return a


def test_no_version_holds_it_any_more_and_all_else_is_there():
    async def scenario(world):
        a = await filled(world)
        before = await a.vaults.log("v")
        view = await a.vaults.forget("v", at("d/token"))
        log = await a.vaults.log("v")
        assert [row.time for row in log] == [row.time for row in before]
        assert await everything(a, "v") == {"keep": b"three", "d/other": b"two"}
        assert all(row.path != at("d/token") for entry in log for row in entry.changes)
        assert not any("token" in entry.message for entry in log)
        assert (view.versions, view.head, view.seen_by) == (5, log[0].commit, ())
        assert view.objects > 5
        old = str(before[0].commit)
        with pytest.raises(NotFound):
            await a.vaults.log(f"v@{old}")
        assert (await a.lifecycle.check()).ok
        await write(a, "v:keep", b"four")
        assert await read(a, "v:keep") == b"four"

    simulate(scenario)


def test_nothing_that_opens_holds_it_and_the_old_key_is_gone():
    async def scenario(world):
        a = await filled(world)
        assert MARKER in opened(world, "a")
        vault = frames_of(world, "a")
        await a.vaults.forget("v", at("d/token"))
        assert MARKER not in opened(world, "a")
        assert vault.epochs == (2,)
        db = vault.frame_store.db
        assert db.rows("SELECT DISTINCT epoch FROM vault_key") == [(2,)]
        assert db.rows("SELECT DISTINCT epoch FROM frame") == [(2,)]
        assert db.rows("SELECT DISTINCT epoch FROM findex") == [(2,)]
        await world.stop("a")
        a = await world.start("a")
        assert await everything(a, "v") == {"keep": b"three", "d/other": b"two"}

    simulate(scenario)


def test_a_directory_is_forgotten_with_all_below_it():
    async def scenario(world):
        a = await filled(world)
        await a.vaults.forget("v", at("d"))
        assert await everything(a, "v") == {"keep": b"three"}
        assert MARKER not in opened(world, "a")

    simulate(scenario)


def test_a_large_secret_leaves_no_chunk():
    async def scenario(world):
        a = await world.add("a")
        await a.vaults.create("v")
        await write(a, "v:big", *(noise(256 * 1024, seed) for seed in range(6)))
        await write(a, "v:small", b"1")
        view = await a.vaults.forget("v", at("big"))
        assert view.objects > 6
        assert len(opened(world, "a")) < 10_000

    simulate(scenario)


def test_what_was_never_there_is_said_and_nothing_changes():
    async def scenario(world):
        a = await filled(world)
        record = frames_of(world, "a").record
        with pytest.raises(NotFound, match="any version"):
            await a.vaults.forget("v", at("d/never"))
        assert frames_of(world, "a").record == record
        assert frames_of(world, "a").epochs == (1,)

    simulate(scenario)


def test_a_clone_is_not_rewritten_and_the_owner_learns_who_has_it():
    async def scenario(world):
        a = await filled(world)
        b = await world.add("b")
        c = await world.add("c")
        for name in ("b", "c"):
            await world.introduce("a", name)
        await a.vaults.share("v", "b")
        await b.vaults.clone("v", "a")
        known = frames_of(world, "b").record
        with pytest.raises(ReadOnly):
            await b.vaults.forget("v", at("d/token"))
        view = await a.vaults.forget("v", at("d/token"))
        assert view.seen_by == (world.ids["b"],)
        assert MARKER in opened(world, "b")
        await a.vaults.share("v", "c")
        await c.vaults.clone("v", "a")
        assert MARKER not in opened(world, "c")
        # To who knows the old head the new one is a history written anew, and no second one of its number.
        lineage = Lineage(NodeId(known.creator), known.nonce)
        new = read_head(frames_of(world, "a").record.head, lineage)
        assert compare(read_head(known.head, lineage), new) is Verdict.NEWER
        assert new.sequence == known.sequence + 2
        assert not new.parents
        again = await a.vaults.forget("v", at("keep"))
        assert again.seen_by == tuple(sorted((world.ids["b"], world.ids["c"])))

    simulate(scenario)


def test_what_came_from_a_forks_origin_is_forgotten_only_if_the_fork_leaves_it():
    async def scenario(world):
        await filled(world)
        b = await world.add("b")
        await world.introduce("a", "b")
        await world.agents["a"].vaults.share("v", "b")
        await b.vaults.clone("v", "a")
        await b.vaults.fork("v", "mine")
        await write(b, "mine:own", b"only here")
        before = frames_of(world, "b", "mine").record
        with pytest.raises(Conflict, match="--leave-origin"):
            await b.vaults.forget("mine", at("d/token"))
        assert frames_of(world, "b", "mine").record == before
        await b.vaults.forget("mine", at("own"))
        assert frames_of(world, "b", "mine").record.upstream == before.upstream
        await b.vaults.forget("mine", at("d/token"), None, True)
        record = frames_of(world, "b", "mine").record
        assert (record.upstream, record.origin_node, record.origin_vault) == (None, None, None)
        assert await everything(b, "mine") == {"keep": b"three", "d/other": b"two"}
        await write(b, "mine:more", b"still writable")
        assert (await b.lifecycle.check()).ok

    simulate(scenario)


def test_what_was_seen_of_the_rest_is_still_known():
    async def scenario(world):
        a = await filled(world)
        b = await world.add("b")
        await world.introduce("a", "b")
        await a.vaults.share("v", "b")
        await b.vaults.clone("v", "a")
        await a.vaults.forget("v", at("d/token"))
        exposed = await a.vaults.unshare("v", "b")
        assert {str(row.path) for row in exposed} == {"keep", "d/other"}

    simulate(scenario)


def test_a_write_that_was_under_way_is_told_to_begin_again():
    async def scenario(world):
        a = await filled(world)
        halfway, on = asyncio.Event(), asyncio.Event()

        async def content():
            yield b"half"
            halfway.set()
            await on.wait()
            yield b"rest"

        writing = asyncio.ensure_future(a.secrets.write("v", at("late"), content()))
        await halfway.wait()
        await a.vaults.forget("v", at("d/token"))
        on.set()
        with pytest.raises(Busy):
            await writing
        await write(a, "v:late", b"now")
        assert (await a.lifecycle.check()).ok

    simulate(scenario)


def test_a_write_that_begins_when_the_head_has_moved_brings_nothing_back():
    async def scenario(world):
        a = await filled(world)
        vault = frames_of(world, "a")
        forgetting = asyncio.ensure_future(a.vaults.forget("v", at("d/token")))
        await steps_until(world, forgetting, lambda: len(vault.epochs) == 2)
        halfway, on = asyncio.Event(), asyncio.Event()

        async def content():
            yield MARKER
            halfway.set()
            await on.wait()

        writing = asyncio.ensure_future(a.secrets.write("v", at("late"), content()))
        await halfway.wait()
        assert not forgetting.done()
        await forgetting
        on.set()
        with pytest.raises(Busy):
            await writing
        assert MARKER not in opened(world, "a")
        await write(a, "v:late", MARKER)
        assert await read(a, "v:late") == MARKER

    simulate(scenario)


def test_commits_made_while_history_is_written_anew_are_in_the_new_one():
    async def scenario(world):
        a = await filled(world)
        for number in range(20):
            await write(a, f"v:n{number}", b"x")
        forgetting = asyncio.ensure_future(a.vaults.forget("v", at("d/token")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not forgetting.done()
        await write(a, "v:meanwhile", b"here")
        await forgetting
        assert await read(a, "v:meanwhile") == b"here"
        assert MARKER not in opened(world, "a")
        assert (await a.lifecycle.check()).ok

    simulate(scenario)


def steps_until(world, task, condition):
    async def wait():
        while not condition():
            assert not task.done()
            await asyncio.sleep(0)

    return wait()


def test_called_off_before_the_head_moves_nothing_has_happened():
    async def scenario(world):
        a = await filled(world)
        vault = frames_of(world, "a")
        record, objects = vault.record, list(vault)
        forgetting = asyncio.ensure_future(a.vaults.forget("v", at("d/token")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        forgetting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await forgetting
        assert (vault.record, list(vault), vault.epochs) == (record, objects, (1,))
        await a.vaults.forget("v", at("d/token"))

    simulate(scenario)


def test_called_off_after_the_head_moved_it_is_seen_through():
    async def scenario(world):
        a = await filled(world)
        vault = frames_of(world, "a")
        forgetting = asyncio.ensure_future(a.vaults.forget("v", at("d/token")))
        await steps_until(world, forgetting, lambda: len(vault.epochs) == 2)
        forgetting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await forgetting

        async def is_gone():
            return vault.epochs == (2,)

        await eventually(is_gone)
        assert MARKER not in opened(world, "a")

    simulate(scenario)


def test_locked_after_the_head_moved_it_is_seen_through_after_the_next_unlock():
    async def scenario(world):
        a = await filled(world)
        vault = frames_of(world, "a")
        forgetting = asyncio.ensure_future(a.vaults.forget("v", at("d/token")))
        await steps_until(world, forgetting, lambda: len(vault.epochs) == 2)
        await world.stop("a")
        with pytest.raises(BaseException):  # noqa: B017, PT011 - however it ended
            await forgetting
        await world.start("a")

        async def is_gone():
            return frames_of(world, "a").epochs == (2,)

        await eventually(is_gone)
        assert MARKER not in opened(world, "a")

    simulate(scenario)


def test_one_old_value_is_forgotten_and_the_secret_stays():
    async def scenario(world):
        a = await world.add("a")
        await a.vaults.create("v")
        await write(a, "v:token", b"good")
        await write(a, "v:token", MARKER)
        slip = (await a.vaults.log("v"))[0].commit
        await write(a, "v:token", b"better")
        view = await a.vaults.forget("v", at("token"), None, False, str(slip))
        assert view.versions == 2
        assert MARKER not in opened(world, "a")
        assert await everything(a, "v") == {"token": b"better"}
        log = await a.vaults.log("v")
        assert await everything(a, f"v@{log[2].commit}") == {"token": b"good"}
        assert await everything(a, f"v@{log[1].commit}") == {}
        assert (await a.lifecycle.check()).ok

    simulate(scenario)


def test_the_value_of_now_a_directory_and_what_is_not_there_are_no_old_values():
    async def scenario(world):
        a = await world.add("a")
        await a.vaults.create("v")
        await write(a, "v:d/token", MARKER)
        first = str((await a.vaults.log("v"))[0].commit)
        before = (await a.vaults.get("v")).head
        for path, kind in (("d/token", Conflict), ("d", Misuse), ("nothing", NotFound)):
            with pytest.raises(kind):
                await a.vaults.forget("v", at(path), None, False, first)
        with pytest.raises(NotFound):
            await a.vaults.forget("v", at("d/token"), None, False, "abcdef123456")
        assert (await a.vaults.get("v")).head == before

    simulate(scenario)


def test_one_value_is_forgotten_at_every_path():
    async def scenario(world):
        a = await world.add("a")
        await a.vaults.create("v")
        await write(a, "v:token", MARKER)
        slip = (await a.vaults.log("v"))[0].commit
        await a.secrets.copy(("v", at("token")), ("v", at("d/copy")))
        await write(a, "v:token", b"better")
        view = await a.vaults.forget("v", at("token"), None, False, str(slip))
        assert view.still_held
        assert MARKER in opened(world, "a")

        slip = (await a.vaults.log("v", at("d/copy")))[-1].commit
        with pytest.raises(Conflict, match="d/copy"):
            await a.vaults.forget("v", at("d/copy"), None, False, str(slip), True)
        await write(a, "v:d/copy", b"better too")
        await write(a, "v:third", MARKER)
        with pytest.raises(Conflict, match="third"):
            await a.vaults.forget("v", at("d/copy"), None, False, str(slip), True)
        assert MARKER in opened(world, "a")
        await a.secrets.remove([("v", at("third"))], False)
        view = await a.vaults.forget("v", at("d/copy"), None, False, str(slip), True)
        assert not view.still_held
        assert MARKER not in opened(world, "a")
        assert await everything(a, "v") == {"token": b"better", "d/copy": b"better too"}
        assert (await a.lifecycle.check()).ok

    simulate(scenario)


def test_everywhere_takes_a_value():
    async def scenario(world):
        a = await filled(world)
        with pytest.raises(Misuse):
            await a.vaults.forget("v", at("keep"), everywhere=True)

    simulate(scenario)
