"""An agent in another process is the same API: every method, with streams, progress, errors and cancellation, and with an
end that is noticed."""

from __future__ import annotations

import asyncio
import os
import socket
import time
import traceback
from contextlib import asynccontextmanager

import pytest
from agent.actors import at, content, everything, left_behind, noise, read, shared, write
from agent.linked import acquainted
from control.windows import PATH, SECRET, Gate, Recorder, attached, values_of
from hypothesis import given, settings
from hypothesis import strategies as st
from simulator import World, eventually, simulate

from pk_tui.agent.bus import Bus
from pk_tui.api.events import EventsLost, NotificationsChanged, VaultChanged
from pk_tui.api.facade import AgentApi
from pk_tui.api.views import EntryView, ImportView, Progress
from pk_tui.control import attachment, client, remote
from pk_tui.control.calls import CALLS, Shape
from pk_tui.control.remote import RemoteApi, attach
from pk_tui.control.server import ControlServer
from pk_tui.errors import (
    Busy,
    Cancelled,
    CannotOpen,
    Conflict,
    Locked,
    Misuse,
    NotFound,
    PermissionDenied,
    PkError,
    WrongPassword,
    kinds,
)
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.terms import VaultId


def method(window: RemoteApi, key: str):
    noun, _, name = key.rpartition(".")
    return getattr(getattr(window, noun) if noun else window, name)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def as_an_agent(window: RemoteApi) -> AgentApi:
    """mypy holds a RemoteApi to the whole facade here."""
    return window


# ---- every method ----


@settings(max_examples=5, deadline=None)
@given(st.data())
def test_every_method_of_every_noun_is_called_and_answered_over_a_socket(data):
    import tempfile
    from pathlib import Path

    recorder = Recorder()
    sent, answers = {}, {}
    for key, call in CALLS.items():
        if call.shape is Shape.ANSWER:
            sent[key] = {
                name: data.draw(values_of(kind)) for name, kind in call.values.items() if name != call.progress
            }
            answers[key] = data.draw(values_of(call._returned))

    def answering(key):
        async def answer(**_):
            return answers[key]

        return answer

    recorder.methods = {key: answering(key) for key in answers}

    async def story(home):
        async with asyncio.timeout(100):
            async with attached(home, recorder.api) as window:
                for key, arguments in sent.items():
                    more = {"content": content(b"x")} if CALLS[key].content else {}
                    assert await method(window, key)(**arguments, **more) == answers[key]
                    key_called, got = recorder.calls.pop()
                    assert key_called == key
                    got.pop(CALLS[key].content or "", None)
                    assert got.pop(CALLS[key].progress or "", None) is None
                    assert got == arguments
                    positional = [arguments.get(name) for name in CALLS[key].values]  # nobody listens to progress
                    if not more:
                        assert await method(window, key)(*positional) == answers[key]

    with tempfile.TemporaryDirectory() as place:
        home = Home(Path(place) / "n")
        home.create()
        asyncio.run(story(home))


def test_a_window_has_every_noun_and_every_method(run_async):
    async def story():
        window = RemoteApi()
        for key in CALLS:
            assert callable(method(window, key))

    run_async(story())


def test_defaults_are_those_of_the_promise(home, run_async):
    async def story():
        recorder = Recorder()
        async with attached(home, recorder.api) as window:
            await window.notifications.inbox(limit=5)
            with pytest.raises(TypeError):
                await window.vaults.get()
            return recorder.calls

    assert run_async(story()) == [
        ("notifications.inbox", {"unread": False, "limit": 5, "newest_first": True, "mark_read": True})
    ]


def test_a_notice_is_given_without_waiting(home, run_async):
    async def story():
        stopped = asyncio.Event()
        async with attached(home, Recorder(lifecycle__request_stop=stopped.set).api) as window:
            assert window.lifecycle.request_stop() is None
            await stopped.wait()

    run_async(story())


@pytest.mark.parametrize("value", ["\ud800", "x" * (attachment.MAX_CALL + 1)], ids=["no UTF-8", "too long"])
def test_what_cannot_be_sent_is_misuse_and_nothing_is_sent(home, run_async, value):
    async def story():
        recorder = Recorder()
        async with attached(home, recorder.api) as window:
            with pytest.raises(Misuse):
                await window.vaults.create(value)
            await window.vaults.delete("good")
            return recorder.calls

    assert run_async(story()) == [("vaults.delete", {"vault": "good"})]


# ---- a real agent at the other end ----


def with_agent(home, scenario):
    """Run `scenario(world, window, agent)` in virtual time, on real sockets and with a real agent."""

    async def run(w: World):
        agent = await w.add("alice")
        async with attached(home, agent) as window:
            return await scenario(w, window, agent)

    return simulate(run)


def test_secrets_are_written_listed_read_moved_and_removed_as_with_an_agent_in_this_process(home):
    async def scenario(w, window, agent):
        await window.vaults.create("work")
        for name, value in (("a/one", b"1"), ("a/empty", b""), ("large", noise(3_000_000))):
            assert await write(window, f"work:{name}", value) is not None
        assert await window.secrets.write("work", at("a/one"), content(b"1")) is None
        assert await everything(window, "work") == await everything(agent, "work")
        assert await read(window, "work:large") == noise(3_000_000)
        for method, arguments in (
            ("list", ("work", None, True)),
            ("stat", ("work", at("large"))),
        ):
            ours, theirs = getattr(window.secrets, method), getattr(agent.secrets, method)
            assert await ours(*arguments) == await theirs(*arguments)
        assert list(await window.vaults.log("work")) == list(await agent.vaults.log("work"))
        assert list(await window.vaults.list()) == list(await agent.vaults.list())
        assert await window.lifecycle.status() == await agent.lifecycle.status()
        await window.secrets.move(("work", at("a/one")), ("work", at("b")))
        await window.secrets.remove([("work", at("b")), ("work", at("a"))], recursive=True)
        assert [row.path for row in await window.secrets.list("work")] == ["large"]

    with_agent(home, scenario)


def test_errors_of_the_agent_arrive_as_they_are_raised_there(home):
    async def scenario(w, window, agent):
        await window.vaults.create("work")
        await write(window, "work:a", b"x")
        for attempt in (
            lambda api: api.vaults.create("work"),
            lambda api: api.vaults.get("nowhere"),
            lambda api: api.vaults.create("a:b"),
            lambda api: api.secrets.stat("work", at("nothing")),
            lambda api: api.nodes.ping("nobody"),
            lambda api: write(api, "work:a", b"y", create_only=True),
            lambda api: read(api, "work:nothing"),
            lambda api: api.lifecycle.change_password(None, Plaintext(b"new")),
        ):
            with pytest.raises(PkError) as here:
                await attempt(agent)
            with pytest.raises(PkError) as there:
                await attempt(window)
            assert type(there.value) is type(here.value)
            assert there.value.message == here.value.message
        await agent.lifecycle.lock()
        with pytest.raises(Locked):
            await window.vaults.list()
        assert (await window.lifecycle.status()).locked

    with_agent(home, scenario)


def test_sharing_and_cloning_between_two_nodes_works_with_progress(home):
    async def run(w: World):
        alice, bob = await shared(w, secrets=40, size=100_000)
        news = []
        async with attached(home, bob) as window:
            offers = await window.vaults.scan("alice")
            assert [offer.name for offer in offers] == ["work"]
            view = await window.vaults.clone("work", "alice", progress=news.append)
            assert view.name == "work"
            await write(alice, "work:more", b"x")
            pulled = await window.vaults.pull("work", progress=None)
            assert pulled.new_head != pulled.old_head
            assert await everything(window, "work") == await everything(alice, "work")
        assert len(news) > 3
        assert all(isinstance(one, Progress) for one in news)
        assert 0 < news[-1].objects <= news[-1].objects_total
        assert [one.bytes for one in news] == sorted(one.bytes for one in news)

    simulate(run)


def test_nodes_are_claimed_and_looked_at_through_a_window(home):
    async def run(w: World):
        laptop, server = await acquainted(w, "laptop", "server")
        async with attached(home, laptop) as window:
            with pytest.raises(PermissionDenied, match="not invited"):
                await window.linking.claim("server")
            await server.linking.invite("laptop")
            claim_id = await window.linking.claim("server")
            assert (await window.linking.sigchain())[-1].claim_id == claim_id
            for method in ("sigchain", "pending", "forks"):
                assert list(await getattr(window.linking, method)()) == list(await getattr(laptop.linking, method)())
            taken_back = await window.linking.unclaim("server")
            expelled = await window.linking.expel("server", w.typed["server"])
            assert [row.claim_id for row in await window.linking.sigchain()][1:] == [claim_id, taken_back, expelled]
            for deed in (window.linking.confirm, window.linking.reject, window.linking.unclaim):
                with pytest.raises(NotFound):
                    await deed("server")

    simulate(run)


def test_what_a_window_changes_is_told_to_every_window(home):
    async def scenario(w, window, agent):
        async with await attach(str(home.path)) as other, window.events() as here, other.events() as there:
            vault = await other.vaults.create("work")
            await write(window, "work:a", b"x")
            for told in (here, there):
                assert await anext(told) == VaultChanged(vault.vault_id)
                assert await anext(told) == VaultChanged(vault.vault_id)

    with_agent(home, scenario)


def test_a_directory_is_imported_with_progress_from_the_desk_thread(home, run_async, tmp_path):
    async def import_from(vault, source, kind, password, progress, key_file):
        for number in range(5):
            await asyncio.to_thread(progress, Progress("Importing", number))
        return ImportView(5, 5, None)

    async def story():
        news = []
        recorder = Recorder(vaults__import_from=import_from)
        async with attached(home, recorder.api) as window:
            await window.vaults.import_from("work", tmp_path, progress=news.append)
        return news, recorder.calls[0][1]["source"]

    news, directory = run_async(story())
    assert news[-1] == Progress("Importing", 4)
    assert directory == tmp_path


def test_the_last_progress_comes_before_the_answer(home, run_async):
    async def import_from(vault, source, kind, password, progress, key_file):
        for number in range(100):
            progress(Progress("Importing", number))
        return ImportView(100, 100, None)

    async def story():
        news = []
        async with attached(home, Recorder(vaults__import_from=import_from).api) as window:
            await window.vaults.import_from("work", home.path, progress=news.append)
            return news

    news = run_async(story())
    assert news[-1] == Progress("Importing", 99)
    assert len(news) < 5


# ---- calling off ----


def test_a_cancelled_call_is_cancelled_at_the_agent_and_waited_for(home, run_async):
    async def story():
        entered, left = asyncio.Event(), []

        async def slow(**_):
            entered.set()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0.02)
                left.append(True)

        async with attached(home, Recorder(vaults__list=slow).api) as window, asyncio.TaskGroup() as tasks:
            task = tasks.create_task(window.vaults.list())
            await entered.wait()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            assert left
            assert await window.gestalts.list() == []

    run_async(story())


def test_a_deadline_works_as_on_any_call(home, run_async):
    async def story():
        gate = Gate()
        async with attached(home, Recorder(vaults__list=gate).api) as window:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await window.vaults.list()
            return gate.cancelled

    assert run_async(story()) == 1


def test_a_cancelled_write_leaves_nothing_behind(home):
    async def scenario(w, window, agent):
        await window.vaults.create("work")
        before = left_behind(w, "alice")
        given = asyncio.Event()

        async def endless():
            for number in range(1_000_000):
                if number == 40:
                    given.set()
                yield noise(100_000, number)

        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(window.secrets.write("work", at("big"), endless()))
            await given.wait()
            writing.cancel()
        assert await everything(agent, "work") == {}
        assert left_behind(w, "alice") == before
        assert await write(window, "work:big", b"small") is not None

    with_agent(home, scenario)


def test_a_window_that_goes_away_in_the_middle_of_a_write_leaves_nothing_behind(home):
    async def scenario(w, window, agent):
        await window.vaults.create("work")
        before = left_behind(w, "alice")
        leaving = await attach(str(home.path))
        given = asyncio.Event()

        async def endless():
            for number in range(1_000_000):
                if number == 40:
                    given.set()
                yield noise(100_000, number)

        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(tried(leaving.secrets.write("work", at("big"), endless())))
            await given.wait()
            await leaving.aclose()
            assert type(await writing) is Busy

        async def is_tidy() -> bool:
            return left_behind(w, "alice") == before

        await eventually(is_tidy)
        assert await everything(agent, "work") == {}

    with_agent(home, scenario)


async def tried(work) -> Exception | None:
    try:
        await work
    except PkError as error:
        return error
    return None


def test_content_that_fails_calls_the_write_off_and_raises_its_own_error(home):
    async def scenario(w, window, agent):
        await window.vaults.create("work")

        async def breaking():
            yield b"half"
            raise RuntimeError("the source broke")

        with pytest.raises(RuntimeError, match="the source broke"):
            await window.secrets.write("work", at("a"), breaking())

        async def cancelled():
            yield b"half"
            raise asyncio.CancelledError

        with pytest.raises(Cancelled):
            await window.secrets.write("work", at("a"), cancelled())
        assert await everything(agent, "work") == {}

    with_agent(home, scenario)


def test_progress_that_fails_calls_the_work_off_and_raises_its_own_error(home, run_async):
    async def story():
        gate = Gate()

        async def clone(progress, **_):
            progress(Progress("Receiving", 1))
            return await gate()

        def broken(_):
            raise RuntimeError("no room on the screen")

        async with attached(home, Recorder(vaults__clone=clone).api) as window:
            with pytest.raises(RuntimeError, match="no room"):
                await window.vaults.clone("work", "bob", progress=broken)
            assert await window.gestalts.list() == []
        return gate.cancelled

    assert run_async(story()) == 1


# ---- streams ----


def test_no_more_content_is_asked_of_its_source_than_is_wanted(home, run_async):
    async def story():
        gate, given, got = asyncio.Event(), 0, []

        async def slow_write(content, **_):
            await gate.wait()
            got.extend([len(piece) async for piece in content])

        async def pieces():
            nonlocal given
            for _ in range(100):
                given += 1
                yield bytes(10_000)

        async with attached(home, Recorder(secrets__write=slow_write).api) as window:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(window.secrets.write("work", PATH, pieces()))
                await window.gestalts.list()
                await settle()
                ahead = given
                gate.set()
            return ahead, got

    ahead, got = run_async(story())
    assert ahead <= attachment.PIECES_AHEAD + 1
    assert got == [10_000] * 100


class Endless:
    """Content without an end; counts the pieces that were asked for."""

    def __init__(self, size):
        self.size = size
        self.given = 0

    async def pieces(self):
        while True:
            self.given += 1
            yield bytes(self.size)


def test_a_write_that_is_refused_asks_for_no_more_content(home):
    async def scenario(w, window, agent):
        content = Endless(1000)
        with pytest.raises(NotFound):
            await window.secrets.write("nowhere", PATH, content.pieces())
        return content.given

    assert with_agent(home, scenario) <= attachment.PIECES_AHEAD + 1


@pytest.mark.parametrize("sizes", [[], [0], [1], [5_000_000], [1_000_000] * 5], ids=str)
def test_a_file_goes_there_and_comes_back_in_pieces(home, sizes):
    """One piece of many frames too: what comes back is taken while the rest is still to be sent."""

    async def scenario(w, window, agent):
        me, file = str(agent.node_id), [noise(size) for size in sizes]
        sealed = [piece async for piece in window.keys.encrypt(content(*file), me)]
        assert all(type(piece) is bytes for piece in sealed)
        opened = [piece async for piece in window.keys.decrypt(content(b"".join(sealed)))]
        assert all(type(piece) is Plaintext for piece in opened)
        assert b"".join(piece.reveal() for piece in opened) == b"".join(file)
        signature = await window.keys.sign(content(*file))
        assert await agent.keys.verify(content(*file), signature, me)
        assert await window.keys.verify(content(*file), signature, me)
        assert not await window.keys.verify(content(*file, b"x"), signature, me)

    with_agent(home, scenario)


def test_whoever_takes_no_more_pieces_ends_the_call_and_the_agent_asks_for_no_more_content(home):
    async def scenario(w, window, agent):
        content = Endless(100_000)
        sealed = window.keys.encrypt(content.pieces(), str(agent.node_id))
        async for _ in sealed:
            break
        await sealed.aclose()
        before = content.given
        await window.gestalts.list()
        assert content.given == before <= attachment.PIECES_AHEAD + 2

    with_agent(home, scenario)


def test_content_that_fails_while_pieces_come_raises_its_own_error_and_one_that_does_not_open_the_agents(home):
    async def scenario(w, window, agent):
        async def breaking():
            yield bytes(300_000)
            raise RuntimeError("the source broke")

        with pytest.raises(RuntimeError, match="the source broke"):
            [piece async for piece in window.keys.encrypt(breaking(), str(agent.node_id))]
        with pytest.raises(CannotOpen, match="not a file sealed"):
            [piece async for piece in window.keys.decrypt(content(*[bytes(1000)] * 100))]
        assert await window.gestalts.list() == []

    with_agent(home, scenario)


def test_the_audit_is_followed_from_a_window(home):
    async def scenario(w, window, agent):
        seen = []
        async with window.audit.follow(0) as entries:
            async for entry in entries:
                seen.append(entry)
                if entry.topic == "vault.shared":
                    break
                await agent.desk.do(lambda: agent.auditing.note(agent.store, "vault.shared", vault_name="ä\x1b", at=[]))
        assert seen == list(await window.audit.list()) == list(await agent.audit.list())

    with_agent(home, scenario)


def test_a_large_piece_is_cut_into_frames(home):
    async def scenario(w, window, agent):
        await window.vaults.create("work")
        await write(window, "work:a", noise(5_000_000), b"", b"end")
        assert await read(agent, "work:a") == noise(5_000_000) + b"end"

    with_agent(home, scenario)


def test_reading_stops_where_the_reader_stops(home, run_async):
    async def story():
        closed = asyncio.Event()

        async def endless(**_):
            try:
                while True:
                    yield Plaintext(bytes(1000))
            finally:
                closed.set()

        async with attached(home, Recorder(secrets__read=endless).api) as window:
            pieces = window.secrets.read("work", PATH)
            assert len(await anext(pieces)) == 1000
            await pieces.aclose()
            await closed.wait()
            with pytest.raises(StopAsyncIteration):
                await anext(pieces)

    run_async(story())


def test_a_window_that_does_not_listen_is_told_that_events_were_lost(home, run_async):
    async def story():
        bus = Bus()
        async with attached(home, Recorder(events=bus.listen).api) as window:
            async with window.events() as told:
                for number in range(3000):
                    bus.say(VaultChanged(VaultId(number.to_bytes(16, "big"))))
                    if number % 100 == 0:
                        await window.gestalts.list()
                got = []
                while EventsLost() not in got:
                    got.append(await anext(told))
                bus.say(NotificationsChanged())
                while got[-1] != NotificationsChanged():
                    got.append(await anext(told))
            await window.gestalts.list()
            await settle()
            return len(got), len(bus._queues)

    got, listening = run_async(story())
    assert got < 700
    assert listening == 0


def test_nothing_said_after_the_stream_began_is_missed(home, run_async):
    async def story():
        bus = Bus()
        async with attached(home, Recorder(events=bus.listen).api) as window, window.events() as told:
            bus.say(NotificationsChanged())
            return await anext(told)

    assert run_async(story()) == NotificationsChanged()


def test_a_stream_that_breaks_at_the_agent_does_not_end_as_if_it_were_whole(home, run_async):
    @asynccontextmanager
    async def events():
        async def told():
            yield NotificationsChanged()
            raise NotFound("The stream broke.")

        yield told()

    async def story():
        async with attached(home, Recorder(events=events).api) as window, window.events() as told:
            assert await anext(told) == NotificationsChanged()
            with pytest.raises(NotFound, match="broke"):
                await anext(told)

    run_async(story())


def test_a_stream_that_is_refused_is_never_entered(home, run_async):
    async def story():
        locked = Locked("The screen is locked.")
        async with attached(home, Recorder().api, refuses=lambda: locked) as window:
            with pytest.raises(Locked):
                async with window.events():
                    raise AssertionError("entered")
            with pytest.raises(Locked):
                await window.vaults.list()
            await window.lifecycle.lock()

    run_async(story())


# ---- many at once ----


def test_calls_do_not_wait_for_one_another(home, run_async):
    async def story():
        gate = Gate("late")
        async with attached(home, Recorder(vaults__rename=gate).api) as window, asyncio.TaskGroup() as tasks:
            tasks.create_task(tried(window.vaults.rename("a", "b")))
            await gate.entered.wait()
            assert await window.gestalts.list() == []
            gate.open.set()

    run_async(story())


def test_a_flood_of_calls_waits_its_turn_and_all_are_answered(home, run_async):
    async def story():
        most = now = 0

        async def create(name):
            nonlocal most, now
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1
            raise NotFound(name)

        async with attached(home, Recorder(vaults__get=lambda vault: create(vault)).api) as window:
            errors = await asyncio.gather(*(tried(window.vaults.get(str(number))) for number in range(1000)))
        return most, [error.message for error in errors]

    most, messages = run_async(story())
    assert 1 < most <= attachment.MAX_CALLS
    assert messages == [str(number) for number in range(1000)]


def test_calls_that_were_cancelled_while_they_waited_take_no_place(home, run_async):
    async def story():
        gate = Gate()
        async with attached(home, Recorder(vaults__list=gate).api) as window:
            async with asyncio.TaskGroup() as tasks:
                calls = [tasks.create_task(window.vaults.list()) for _ in range(3 * attachment.MAX_CALLS)]
                await gate.entered.wait()
                await settle()
                for call in calls:
                    call.cancel()
            assert gate.most_at_once <= attachment.MAX_CALLS
            for _ in range(2 * attachment.MAX_CALLS):
                await window.gestalts.list()

    run_async(story())


def test_a_hundred_thousand_entries_arrive_whole_and_soon(home, run_async):
    entries = [EntryView(f"directory/secret-number-{number:07d}.example", False, number) for number in range(100_000)]

    async def listing(**_):
        return entries

    async def story():
        async with attached(home, Recorder(secrets__list=listing).api) as window:
            begun = time.process_time()
            got = await window.secrets.list("work", None, True)
            return got == entries, time.process_time() - begun

    same, seconds = run_async(story())
    assert same
    assert (
        seconds < 5
    )  # 0.15 s on the machine it was written on; a frame that is copied again and again would take minutes


# ---- ends ----


@asynccontextmanager
async def a_server(home, api):
    """A server that can be ended before the window is."""

    async def run(_):
        return 0

    server = ControlServer(home, run, lambda: api)
    await server.__aenter__()
    ended = False

    async def end():
        nonlocal ended
        if not ended:
            ended = True
            await server.__aexit__()

    try:
        yield end
    finally:
        await end()


def test_the_end_of_the_agent_is_noticed_by_everything_that_waits(home, run_async):
    async def story():
        gate, bus = Gate(), Bus()

        async def hang(**_):
            await gate()
            yield Plaintext(b"")

        async def swallow(content, **_):
            await gate()

        recorder = Recorder(vaults__list=gate, events=bus.listen, secrets__read=hang, secrets__write=swallow)

        async def read_all(window):
            return [piece async for piece in window.secrets.read("work", PATH)]

        async def listen(window, listening):
            async with window.events() as told:
                listening.set()
                return [event async for event in told]

        async def endless():
            while True:
                yield bytes(1000)

        async with a_server(home, recorder.api) as end, asyncio.TaskGroup() as tasks:
            window = await attach(str(home.path))
            listening = asyncio.Event()
            events = tasks.create_task(listen(window, listening))
            waiting = [
                tasks.create_task(tried(work))
                for work in (
                    window.vaults.list(),
                    read_all(window),
                    window.secrets.write("work", PATH, endless()),
                    *(window.vaults.list() for _ in range(2 * attachment.MAX_CALLS)),
                )
            ]
            await listening.wait()
            await gate.entered.wait()
            assert not window.closed.is_set()
            await end()
            await window.closed.wait()
            errors = [await one for one in waiting]
            assert await events == []
            errors.append(await tried(window.vaults.list()))
            errors.append(await tried(read_all(window)))
            with pytest.raises(Busy):
                window.lifecycle.request_stop()
            with pytest.raises(Busy):
                async with window.events():
                    raise AssertionError("entered")
            await window.aclose()
            return errors

    errors = run_async(story())
    assert {type(error) for error in errors} == {Busy}
    assert {error.message for error in errors} == {
        "The agent that held this node in the background has ended. Open the node with its password."
    }
    assert len({id(error) for error in errors}) == len(errors)


def test_a_window_that_let_go_says_so(home, run_async):
    async def story():
        async with attached(home, Recorder().api) as window:
            await window.aclose()
            await window.aclose()
            assert window.closed.is_set()
            return await tried(window.vaults.list())

    assert "let go" in run_async(story()).message


def test_an_agent_that_talks_nonsense_is_let_go_and_blamed(home, run_async):
    served = asyncio.Event()

    async def serve(reader, writer):
        await reader.read(100)
        writer.write(attachment.frame(attachment.WELCOME))
        await reader.read(100)
        writer.write(attachment.call_frame(attachment.RESULT, 77, b"unasked"))
        await reader.read()
        writer.close()
        await writer.wait_closed()
        served.set()

    async def story():
        async with await asyncio.start_unix_server(serve, home.path / "control.sock"):
            window = await attach(str(home.path))
            error = await tried(window.vaults.list())
            await window.closed.wait()
            await served.wait()
            return error

    error = run_async(story())
    assert type(error) is Busy
    assert "makes no sense" in error.message


def test_an_answer_of_another_type_is_malformed_and_harms_nothing_else(home, run_async):
    async def wrong(**_):
        return "text"

    async def story():
        async with attached(home, Recorder(vaults__list=wrong).api) as window:
            error = await tried(window.vaults.list())
            assert await window.gestalts.list() == []
            return error

    assert run_async(story()).kind == "malformed"


# ---- attaching ----


def test_without_a_holder_there_is_nothing_to_attach_to(home, run_async):
    with pytest.raises(Busy, match="No agent holds this node"):
        run_async(attach(str(home.path)))
    with pytest.raises(Busy):
        run_async(attach(str(home.path / "nowhere")))


def test_an_agent_of_another_version_is_a_conflict(home, run_async, monkeypatch):
    greetings = iter((b"1\x000.0.0", attachment.greeting()))
    monkeypatch.setattr(attachment, "greeting", lambda: next(greetings))  # the window's, then the agent's own

    async def story():
        async with attached(home, Recorder().api):
            raise AssertionError("attached")

    with pytest.raises(Conflict, match="different versions"):
        run_async(story())


def test_a_holder_that_takes_no_windows_is_busy(home, run_async):
    async def story():
        async def run(_):
            return 0

        async with ControlServer(home, run):
            await attach(str(home.path))

    with pytest.raises(Busy, match="takes no further windows"):
        run_async(story())


def test_a_holder_that_hangs_up_is_busy(home, run_async):
    """As an agent does that knows no windows yet."""

    served = asyncio.Event()

    async def serve(reader, writer):
        writer.close()
        await writer.wait_closed()
        served.set()

    async def story():
        async with await asyncio.start_unix_server(serve, home.path / "control.sock"):
            with pytest.raises(Busy):
                await attach(str(home.path))
            await served.wait()

    run_async(story())


def test_a_holder_that_never_answers_is_not_waited_for_for_ever(home, run_async, monkeypatch):
    monkeypatch.setattr(remote, "ATTACH_WITHIN", 0.05)

    async def story():
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(home.path / "control.sock"))
            listener.listen()
            await attach(str(home.path))

    with pytest.raises(Busy, match="does not answer"):
        run_async(story())


def test_a_socket_of_another_user_is_refused(home, run_async, monkeypatch):
    mine = os.getuid()

    async def story():
        async with attached(home, Recorder().api):
            monkeypatch.setattr(client, "peer_uid", lambda line: mine + 1)
            with pytest.raises(PermissionDenied, match="another user"):
                await attach(str(home.path))
            await settle()  # until the server has seen the end of that line

    run_async(story())


def test_a_window_of_another_user_is_not_served(home, run_async, monkeypatch):
    async def story():
        async with attached(home, Recorder().api):
            monkeypatch.setattr("pk_tui.control.server.is_same_user", lambda line: False)
            with pytest.raises(Busy):
                await attach(str(home.path))

    run_async(story())


def test_a_long_node_path_is_reached_by_its_pointer(tmp_path, run_async, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/tmp")
    home = Home(tmp_path / ("d" * 120))
    home.create()

    async def story():
        async with attached(home, Recorder().api) as window:
            return await window.gestalts.list()

    assert run_async(story()) == []


# ---- secrets stay secret ----


def test_a_secret_is_in_no_error_log_or_repr_of_either_side(home, run_async, caplog):
    shown = []

    async def unlock(password):
        shown.append(repr(password))
        raise WrongPassword("That is not the password of this node.")

    async def broken(**arguments):
        raise ValueError(arguments, SECRET.decode())

    async def story():
        loop = asyncio.get_running_loop()
        loop.set_debug(True)
        loop.slow_callback_duration = 0
        recorder = Recorder(lifecycle__unlock=unlock, lifecycle__verify_password=broken)
        async with attached(home, recorder.api) as window:
            for call in (window.lifecycle.unlock, window.lifecycle.verify_password):
                error = await tried(call(Plaintext(SECRET)))
                assert error is not None
                shown.extend(traceback.format_exception(error))
                shown.append(repr(error))
            shown.append(repr(window))
            shown.extend(repr(task) for task in asyncio.all_tasks())

    caplog.set_level("DEBUG")
    run_async(story())
    assert SECRET.decode() not in "".join(shown) + caplog.text
    assert "‹hidden›" in shown


def test_every_kind_of_error_crosses_with_its_exit_code(home, run_async):
    async def get(vault):
        raise kinds()[vault](f"The sentence of {vault}.")

    async def story():
        async with attached(home, Recorder(vaults__get=get).api) as window:
            return {kind: await tried(window.vaults.get(kind)) for kind in kinds()}

    for kind, error in run_async(story()).items():
        assert type(error) is kinds()[kind]
        assert error.exit_code == kinds()[kind].exit_code
        assert error.message == f"The sentence of {kind}."
