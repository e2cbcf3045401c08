from __future__ import annotations

import asyncio
import contextlib
import typing
from pathlib import Path
from typing import Any

import pytest
from agent.actors import (
    Stranger,
    at,
    content,
    everything,
    fill,
    kept_store,
    pair,
    refused,
    rows,
    shared,
    tried,
    write,
)
from simulator import HostTransport, VirtualClock, World, eventually, simulate, world

from pk_tui.agent.agent import IDLE_CHECKPOINT, WITNESS_EVERY, Agent
from pk_tui.agent.desk import InlineDesk, ThreadDesk
from pk_tui.api import facade
from pk_tui.api.events import LockChanged
from pk_tui.api.items import Recipe
from pk_tui.api.views import Take
from pk_tui.clock import SystemClock
from pk_tui.errors import CannotOpen, Locked, NotFound, Unreachable
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Action, Address, NodeId, NotificationId

NOTE = NotificationId(bytes(16))
NODE = NodeId(b"n" * 32)


async def drain(agent: Agent) -> None:
    async for _ in agent.secrets.read("work", at("a")):
        pass


async def take_all(pieces: Any) -> None:
    async for _ in pieces:
        pass


async def follow(agent: Agent) -> None:
    async with agent.audit.follow():
        pass


EVERYTHING: dict[str, Any] = {
    "lifecycle.check": lambda a: a.lifecycle.check(),
    "lifecycle.backup": lambda a: a.lifecycle.backup(Path("/nowhere/x")),
    "lifecycle.tidy": lambda a: a.lifecycle.tidy(),
    "vaults.create": lambda a: a.vaults.create("x"),
    "vaults.list": lambda a: a.vaults.list(),
    "vaults.get": lambda a: a.vaults.get("work"),
    "vaults.rename": lambda a: a.vaults.rename("work", "x"),
    "vaults.delete": lambda a: a.vaults.delete("work"),
    "vaults.log": lambda a: a.vaults.log("work"),
    "vaults.diff": lambda a: a.vaults.diff("work", "v1", "v2"),
    "vaults.restore": lambda a: a.vaults.restore("work", "v1"),
    "vaults.revert": lambda a: a.vaults.revert("work", "v1"),
    "vaults.fork": lambda a: a.vaults.fork("work", "x"),
    "vaults.conflicts": lambda a: a.vaults.conflicts("work"),
    "vaults.resolve": lambda a: a.vaults.resolve("work", at("a"), Take.OURS),
    "vaults.resolve_all": lambda a: a.vaults.resolve_all("work", Take.OURS),
    "vaults.reopen": lambda a: a.vaults.reopen("work", []),
    "vaults.forget": lambda a: a.vaults.forget("work", at("x")),
    "vaults.exposure": lambda a: a.vaults.exposure(),
    "vaults.share": lambda a: a.vaults.share("work", "bob"),
    "vaults.unshare": lambda a: a.vaults.unshare("work", "bob"),
    "vaults.permissions": lambda a: a.vaults.permissions("work"),
    "vaults.scan": lambda a: a.vaults.scan("bob"),
    "vaults.clone": lambda a: a.vaults.clone("work", "bob"),
    "vaults.pull": lambda a: a.vaults.pull("work"),
    "vaults.import_from": lambda a: a.vaults.import_from("work", Path("/")),
    "vaults.plan_import": lambda a: a.vaults.plan_import("work", Path("/")),
    "vaults.export": lambda a: a.vaults.export("work", Path("/nowhere/x")),
    "secrets.read": drain,
    "secrets.write": lambda a: a.secrets.write("work", at("a"), content(b"x")),
    "secrets.list": lambda a: a.secrets.list("work"),
    "secrets.find": lambda a: a.secrets.find("a"),
    "secrets.stat": lambda a: a.secrets.stat("work", at("a")),
    "secrets.make_directories": lambda a: a.secrets.make_directories([("work", at("d"))]),
    "secrets.remove": lambda a: a.secrets.remove([("work", at("a"))]),
    "secrets.move": lambda a: a.secrets.move(("work", at("a")), ("work", at("b"))),
    "secrets.copy": lambda a: a.secrets.copy(("work", at("a")), ("work", at("b"))),
    "items.templates": lambda a: a.items.templates("work"),
    "items.create": lambda a: a.items.create("work", at("i"), "note", "x", ()),
    "items.get": lambda a: a.items.get("work", at("a")),
    "items.change": lambda a: a.items.change("work", at("a")),
    "items.code": lambda a: a.items.code("work", at("a")),
    "items.check": lambda a: a.items.check("text", Plaintext(b"x")),
    "items.suggest": lambda a: a.items.suggest(Recipe()),
    "items.generate": lambda a: a.items.generate("work", at("a"), Recipe()),
    "items.new_ssh_key": lambda a: a.items.new_ssh_key("work", at("k"), "x"),
    "nodes.add": lambda a: a.nodes.add(NODE, Address("x", 1)),
    "nodes.name": lambda a: a.nodes.name("bob", "x"),
    "nodes.ping": lambda a: a.nodes.ping("bob"),
    "nodes.list": lambda a: a.nodes.list(),
    "nodes.connections": lambda a: a.nodes.connections(),
    "nodes.disconnect": lambda a: a.nodes.disconnect("bob"),
    "nodes.diagnose": lambda a: a.nodes.diagnose("bob", "work"),
    "gestalts.trust": lambda a: a.gestalts.trust("bob"),
    "gestalts.untrust": lambda a: a.gestalts.untrust("bob"),
    "gestalts.allow": lambda a: a.gestalts.allow("bob", Action.SCAN),
    "gestalts.disallow": lambda a: a.gestalts.disallow("bob", Action.SCAN),
    "gestalts.get": lambda a: a.gestalts.get("bob"),
    "gestalts.list": lambda a: a.gestalts.list(),
    "linking.sigchain": lambda a: a.linking.sigchain(),
    "linking.invite": lambda a: a.linking.invite("bob"),
    "linking.claim": lambda a: a.linking.claim("bob"),
    "linking.unclaim": lambda a: a.linking.unclaim("bob"),
    "linking.expel": lambda a: a.linking.expel("bob", Plaintext(b"x")),
    "linking.pending": lambda a: a.linking.pending(),
    "linking.rejected": lambda a: a.linking.rejected(),
    "linking.confirm": lambda a: a.linking.confirm("bob"),
    "linking.reject": lambda a: a.linking.reject("bob"),
    "linking.forks": lambda a: a.linking.forks(),
    "notifications.send": lambda a: a.notifications.send("bob", "x"),
    "notifications.inbox": lambda a: a.notifications.inbox(),
    "notifications.mark_read": lambda a: a.notifications.mark_read(),
    "notifications.remove": lambda a: a.notifications.remove(NOTE),
    "notifications.clear": lambda a: a.notifications.clear(),
    "notifications.outbox": lambda a: a.notifications.outbox(),
    "notifications.outbox_remove": lambda a: a.notifications.outbox_remove(NOTE),
    "notifications.outbox_clear": lambda a: a.notifications.outbox_clear(),
    "notifications.requests": lambda a: a.notifications.requests(),
    "notifications.accept": lambda a: a.notifications.accept(NOTE),
    "notifications.decline": lambda a: a.notifications.decline(NOTE),
    "keys.sign": lambda a: a.keys.sign(content(b"x")),
    "keys.verify": lambda a: a.keys.verify(content(b"x"), "u", str(NODE)),
    "keys.encrypt": lambda a: take_all(a.keys.encrypt(content(b"x"), str(NODE))),
    "keys.decrypt": lambda a: take_all(a.keys.decrypt(content(b"x"))),
    "audit.list": lambda a: a.audit.list(),
    "audit.follow": follow,
}


NOUNS = {
    name: typing.get_type_hints(member.fget)["return"]
    for name, member in vars(facade.AgentApi).items()
    if isinstance(member, property)
}

WORKS_LOCKED = {
    f"lifecycle.{name}" for name in ("status", "lock", "unlock", "verify_password", "change_password", "request_stop")
}


def test_whatever_takes_the_keys_is_refused_while_locked_and_changes_nothing() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await shared(w)
        before = await everything(alice, "work")
        await alice.lock()
        for call in EVERYTHING.values():
            with refused(Locked, "agent unlock"):
                await call(alice)
        status = await alice.lifecycle.status()
        assert (status.locked, status.listening, status.connections) == (True, None, 0)
        assert status.node_id == w.ids["alice"]
        await alice.unlock(w._roots["alice"])
        assert await everything(alice, "work") == before

    simulate(scenario)


def test_the_list_of_what_is_refused_while_locked_is_complete() -> None:
    promised = {f"{noun}.{name}" for noun, kind in NOUNS.items() for name in vars(kind) if not name.startswith("_")}
    assert promised - WORKS_LOCKED == set(EVERYTHING)


def test_locking_closes_links_tells_the_windows_and_forgets_the_keys() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await bob.vaults.scan("alice")
        async with alice.events() as events:
            await alice.lock()
            seen = [await anext(events)]
            while not isinstance(seen[-1], LockChanged):
                seen.append(await anext(events))
            assert seen[-1] == LockChanged(locked=True)
            assert not w._stores["alice"].unlocked
            await asyncio.sleep(3)
            assert (await bob.lifecycle.status()).connections == 0
            await alice.lock()
            await alice.unlock(w._roots["alice"])
            await alice.unlock(w._roots["alice"])
            assert await anext(events) == LockChanged(locked=False)
        assert await bob.vaults.scan("alice")

    simulate(scenario)


def test_a_wrong_root_key_unlocks_nothing_and_the_right_one_still_does() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await alice.lock()
        with refused(CannotOpen):
            await alice.unlock(w._roots["bob"])
        assert alice.is_locked
        await alice.unlock(w._roots["alice"])
        assert await alice.vaults.list() == []

    simulate(scenario)


def test_many_locks_and_unlocks_at_once_end_well() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        root = w._roots["alice"]
        for _ in range(5):
            await asyncio.gather(*(alice.lock() if turn % 2 else alice.unlock(root) for turn in range(10)))
        await alice.unlock(root)
        assert await bob.vaults.scan("alice")

    simulate(scenario)


class StubbornTransport(HostTransport):
    """Cannot listen, or takes its time."""

    fails = True
    waits = 0.0

    async def listen(self, address: Address, accept: Any) -> Any:
        await asyncio.sleep(self.waits)
        if self.fails:
            raise Unreachable(f"{address} is in use.")
        return await super().listen(address, accept)


def stubborn(w: World, agent: Agent) -> StubbornTransport:
    transport = StubbornTransport(w.network, "alice")
    agent._transport = transport
    return transport


def test_a_port_that_is_taken_leaves_the_agent_locked_and_alive() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await alice.lock()
        transport = stubborn(w, alice)
        for waits in (0.0, 1.0):
            transport.waits = waits
            with refused(Unreachable, "in use"):
                await alice.unlock(w._roots["alice"])
            assert alice.is_locked
            assert not w._stores["alice"].unlocked
            with refused(Locked):
                await alice.vaults.list()
        transport.fails = False
        await alice.unlock(w._roots["alice"])
        assert await bob.nodes.ping("alice")

    simulate(scenario)


@pytest.mark.parametrize("after", [0.0, 0.5, 1.5])
def test_an_unlock_that_is_called_off_leaves_it_locked_or_unlocked_and_never_between(after: float) -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await alice.lock()
        transport = stubborn(w, alice)
        transport.fails, transport.waits = False, 1.0
        unlocking = asyncio.create_task(alice.unlock(w._roots["alice"]))
        await asyncio.sleep(after)
        unlocking.cancel()
        await asyncio.wait([unlocking])
        await asyncio.sleep(5)
        assert alice.is_locked != w._stores["alice"].unlocked
        assert alice.is_locked == (after < 1)
        await alice.unlock(w._roots["alice"])
        assert await alice.vaults.create("work")

    simulate(scenario)


def test_stopping_ends_every_task_and_forgets_the_keys() -> None:
    async def scenario(w: World) -> None:
        before = asyncio.all_tasks()
        await shared(w)
        await asyncio.sleep(2)
        stores = [w._stores[name] for name in ("alice", "bob")]
        await w.stop("alice")
        await w.stop("bob")
        await asyncio.sleep(3)
        assert asyncio.all_tasks() == before
        assert not any(store.unlocked for store in stores)

    simulate(scenario)


def test_an_error_in_the_block_comes_out_as_it_is() -> None:
    async def scenario(w: World) -> None:
        await w.add("alice")
        await w.stop("alice")
        store = w._stores["alice"]
        with refused(NotFound, "mine"):
            async with Agent(store, InlineDesk(), VirtualClock(), w.network.transport("alice")) as agent:
                await agent.unlock(w._roots["alice"])
                raise NotFound("mine")
        assert not store.unlocked

    simulate(scenario)


def test_the_port_of_last_time_is_taken_again() -> None:
    async def scenario(w: World) -> None:
        await w.add("alice")
        await w.stop("alice")
        ports = []
        for _ in range(3):
            transport = w.network.transport("alice")
            agent = Agent(w._stores["alice"], InlineDesk(), VirtualClock(), transport, listen=Address("alice", 0))
            async with agent:
                await agent.unlock(w._roots["alice"])
                address = (await agent.lifecycle.status()).listening
                assert address is not None
                ports.append(address.port)
            w.network._ports += 10
        assert len(set(ports)) == 1

    simulate(scenario)


def test_the_witness_follows_soon_after_a_change_and_rests_when_nothing_changes() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        store = w._stores["alice"]
        await alice.vaults.create("work")
        await asyncio.sleep(WITNESS_EVERY * 2 + 0.1)
        assert store._witnessed == store.version
        before = store.version
        await asyncio.sleep(IDLE_CHECKPOINT * 3)
        assert store.version == before

    simulate(scenario)


def test_a_node_opened_for_one_command_delivers_before_it_closes_and_waits_for_nobody_long() -> None:
    async def scenario(w: World) -> None:
        _, bob = await pair(w)
        await w.stop("alice")
        for there in (True, False):
            if not there:
                await w.stop("bob")
            agent = Agent(w._stores["alice"], InlineDesk(), VirtualClock(), w.network.transport("alice"), stays=False)
            started = asyncio.get_running_loop().time()
            async with agent:
                await agent.unlock(w._roots["alice"])
                await agent.notifications.send("bob", "hello")
            assert asyncio.get_running_loop().time() - started < 12
            if there:
                assert [view.data for view in await bob.notifications.inbox()] == [{"message": "hello"}]
        assert rows(w, "alice", "shelf") > 0

    simulate(scenario)


def test_a_task_that_fails_ends_alone() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")

        async def broken() -> None:
            raise ZeroDivisionError

        alice._gate.core().spawn(broken(), "a broken task")
        await asyncio.sleep(1)
        await alice.vaults.create("work")

    simulate(scenario)


@pytest.mark.filterwarnings("error")
def test_what_is_started_after_the_end_of_the_span_does_not_run_and_is_no_error() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        core = alice._gate.core()
        await alice.lock()
        ran = []

        async def late() -> None:
            ran.append(1)

        core.spawn(late(), "too late")
        await asyncio.sleep(1)
        assert ran == []

    simulate(scenario)


def test_a_write_that_waits_for_its_content_while_the_agent_is_locked_writes_nothing() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        await alice.vaults.create("work")

        async def slow() -> Any:
            yield b"x" * 300_000
            await asyncio.sleep(10)
            yield b"y"

        for unlocks in (False, True):
            writing = asyncio.create_task(alice.secrets.write("work", at("a"), slow()))
            await asyncio.sleep(1)
            await alice.lock()
            if unlocks:
                await alice.unlock(w._roots["alice"])
            error = await tried(writing)
            assert isinstance(error, Locked), error
            if not unlocks:
                await alice.unlock(w._roots["alice"])
            assert await everything(alice, "work") == {}
            await write(alice, "work:b", b"1")
            await alice.secrets.remove([("work", at("b"))])

    simulate(scenario)


def test_many_restarts_keep_everything() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 3)
        await bob.vaults.clone("work", "alice")
        for number in range(5):
            await w.stop("alice")
            alice = await w.start("alice")
            await write(alice, f"work:later{number}", b"x")
            await w.stop("bob")
            bob = await w.start("bob")
            await bob.vaults.pull("work")
        assert await everything(bob, "work") == await everything(alice, "work")
        assert len(await everything(bob, "work")) == 8

    simulate(scenario)


def test_a_locked_agent_can_be_left_and_a_left_one_is_locked() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        await alice.lock()
        await w.stop("alice")
        alice = await w.start("alice")
        await alice.vaults.create("x")

    simulate(scenario)


def test_a_clone_on_a_desk_with_a_thread_can_be_called_off_at_any_moment(tmp_path: Path) -> None:
    """In real time and with a real thread: whenever it is called off, there is a whole vault or none."""

    async def scenario(w: World) -> None:
        alice, mallory = await w.add("alice"), Stranger(w, "bob")
        await alice.vaults.create("work")
        await fill(alice, "work", 6, 60_000)
        await alice.nodes.add(mallory.node_id, Address("bob", 1), ping=False)
        await alice.gestalts.trust(str(mallory.node_id))
        await alice.vaults.share("work", str(mallory.node_id))
        desk = ThreadDesk(SystemClock())
        store, root = await desk.do(lambda: kept_store(tmp_path))
        async with Agent(store, desk, SystemClock(), w.network.transport("bob")) as bob:
            await bob.unlock(root)
            await alice.gestalts.trust(str(store.node_id))
            await alice.vaults.share("work", str(store.node_id))
            await bob.nodes.add(w.ids["alice"], Address("alice", 1))
            for hops in range(40):
                cloning = asyncio.create_task(bob.vaults.clone("work", str(w.ids["alice"])))
                for _ in range(hops * 3):
                    await desk.do(lambda: None, urgent=False)
                    if cloning.done():
                        break
                cloning.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await cloning
                if await bob.vaults.list():
                    assert await everything(bob, "work") == await everything(alice, "work")
                    await bob.vaults.delete("work")
            whole = await bob.vaults.clone("work", str(w.ids["alice"]), "whole")
            assert whole.objects
            await bob.vaults.delete("whole")
            await bob.lock()
            await bob.unlock(root)
            assert await desk.do(lambda: store._db.one("SELECT count(*) FROM vault")) == (0,)
            assert await desk.do(lambda: store._db.one("SELECT count(*) FROM frame")) == (0,)
        await desk.do(store.close)
        await desk.close()

    async def really() -> None:
        async with world(1) as w:
            w.network.latency = (0.0, 0.001)
            await scenario(w)

    asyncio.run(really())


async def _inbox(agent: Agent) -> bool:
    return bool(await agent.notifications.inbox())


def test_notifications_wait_for_a_node_that_is_locked() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await bob.lock()
        await alice.notifications.send("bob", "hello")
        await asyncio.sleep(30)
        await bob.unlock(w._roots["bob"])
        await eventually(lambda: _inbox(bob))

    simulate(scenario)
