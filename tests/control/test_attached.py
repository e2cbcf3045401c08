"""The holder's end of a window, told frame by frame what no window of ours would say."""

from __future__ import annotations

import asyncio
import tracemalloc
from contextlib import asynccontextmanager

import msgspec
import pytest
from control.windows import SECRET, Gate, RawWindow, Recorder, serving
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.agent.bus import Bus
from pk_tui.api.events import NotificationsChanged
from pk_tui.control import attachment, client
from pk_tui.control.attached import MAX_CALLS, passes_refusal
from pk_tui.control.attachment import (
    ATTACH,
    CALL,
    CANCEL,
    CONTENT,
    CONTENT_END,
    EVENT,
    FAILED,
    MAX_CALL,
    MAX_WINDOWS,
    OPENED,
    PART,
    PIECE,
    RESULT,
    TAKEN,
    WELCOME,
    call_frame,
    frame,
)
from pk_tui.control.calls import CALLS
from pk_tui.errors import Busy, Cancelled, Conflict, Locked, Malformed, Misuse, NotFound, PkError
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext


def test_every_call_is_carried_out_but_what_the_lock_forbids():
    assert {call.noun for call in CALLS.values() if passes_refusal(call)} == {"lifecycle"}
    assert all(passes_refusal(call) for call in CALLS.values() if call.noun == "lifecycle")


# ---- the greeting ----


@pytest.mark.parametrize(
    "greeting", [b"", client.PROTOCOL, b"0\x000.0.0", client.PROTOCOL + b"\x000.0.0", b"\xff" * 100]
)
def test_a_window_of_another_version_is_refused_in_words(home, run_async, greeting):
    async def story():
        async with serving(home, Recorder().api):
            window = await RawWindow.greeting(home, greeting)
            error = await window.failure()
            assert await window.is_cut()
            return error

    error = run_async(story())
    assert type(error) is Conflict
    assert "different versions" in error.message


def test_who_takes_no_windows_says_so(home, run_async):
    async def story():
        async with serving(home, None):
            window = await RawWindow.greeting(home)
            error = await window.failure()
            assert await window.is_cut()
            return error

    assert isinstance(run_async(story()), Busy)


def test_no_more_windows_than_agreed_and_commands_do_not_count(home, shell, run_async):
    async def story():
        async with serving(home, Recorder().api):
            windows = [await RawWindow.attach(home) for _ in range(MAX_WINDOWS)]
            error = await (await RawWindow.greeting(home)).failure()
            command = await shell.type("vaults", "list")
            windows.pop().close()
            while True:  # until the server has seen the end of that one
                again = await RawWindow.greeting(home)
                if (await again.hear())[0] == WELCOME:
                    break
            return error, command.code

    error, code = run_async(story())
    assert isinstance(error, Busy)
    assert str(MAX_WINDOWS) in error.message
    assert code == 0


def test_windows_do_not_take_the_place_of_commands(home, run_async, monkeypatch):
    monkeypatch.setattr("pk_tui.control.server.MAX_COMMANDS", 1)

    async def story():
        async with serving(home, Recorder().api):
            for _ in range(3):
                await RawWindow.attach(home)
            reader, writer = await asyncio.open_unix_connection(home.path / "control.sock")
            writer.write(frame(client.COMMAND, client.command(client.hoist(["vaults", "list"]))))
            said = await reader.read()
            writer.close()
            return said

    assert run_async(story()).endswith(frame(client.EXIT, b"0"))


# ---- what breaks the rules ends this window, and this one only ----

NONSENSE = {
    "a frame larger than any": b"\x21\xff\xff\xff\xff",
    "too short for a number": frame(CALL, b"abc"),
    "of a call never made": call_frame(CANCEL, 5),
    "a number used before": call_frame(CALL, 1, b"lifecycle.status\0\x90") * 2,
    "the number nought": call_frame(CALL, 0, b"lifecycle.status\0\x90"),
    "content nobody wants": call_frame(CALL, 1, b"vaults.list\0\x90") + call_frame(CONTENT, 1, b"x"),
    "taken before it was given": call_frame(CALL, 1, b"vaults.list\0\x90") + call_frame(TAKEN, 1),
    "an unknown kind": call_frame(CALL, 1, b"vaults.list\0\x90") + call_frame(99, 1),
    "a second greeting": call_frame(CALL, 1, b"vaults.list\0\x90") + frame(ATTACH, attachment.greeting()),
}


@pytest.mark.parametrize("raw", NONSENSE.values(), ids=NONSENSE)
def test_what_breaks_the_rules_ends_that_window_alone(home, run_async, raw):
    async def story():
        gate = Gate()
        async with serving(home, Recorder(vaults__list=gate, lifecycle__status=gate).api):
            good, bad = await RawWindow.attach(home), await RawWindow.attach(home)
            bad.writer.write(raw)
            assert await bad.is_cut()
            good.call(1, "gestalts.list")
            assert await good.hear() == (RESULT, 1, b"\x90")
            return gate.at_once

    assert run_async(story()) == 0


frames_of_a_window = st.builds(
    call_frame,
    st.sampled_from([CALL, CANCEL, CONTENT, CONTENT_END, TAKEN, 0, 99]),
    st.integers(0, 4),
    st.binary(max_size=8)
    | st.builds(lambda key, rest: key.encode() + b"\0" + rest, st.sampled_from(list(CALLS)), st.binary(max_size=12)),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(frames_of_a_window | st.binary(max_size=30), max_size=8))
def test_nothing_a_window_says_harms_the_server(sent):
    import tempfile
    from pathlib import Path

    reports = []

    async def story(home):
        async with asyncio.timeout(100):
            async with serving(home, Recorder().api, report=lambda error: reports.append(error)):
                window = await RawWindow.attach(home)
                window.writer.write(b"".join(sent))
                window.writer.write_eof()
                assert await window.is_cut()
                other = await RawWindow.attach(home)
                other.call(1, "gestalts.list")
                assert (await other.hear())[0] == RESULT
                other.close()
                window.close()

    with tempfile.TemporaryDirectory() as place:
        home = Home(Path(place) / "n")
        home.create()
        asyncio.run(story(home))
    # The double returns None where streams are promised: that is reported, and nothing else is.
    assert {type(error) for error in reports} <= {TypeError, AttributeError}


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"vaults.paint\0\x90", Conflict),
        (b"vaults.list", Malformed),
        (b"", Conflict),
        (b"\xff\xfe\0\x90", Conflict),
        (b"vaults._method\0\x90", Conflict),
        (b"vaults.get\0\x90", Malformed),
        (b"vaults.get\0\x91\x01", Malformed),
        (b"vaults.get\0\x91\xa1a ", Malformed),
        (b"__class__\0\x90", Conflict),
    ],
)
def test_a_call_that_makes_no_sense_fails_alone(home, run_async, payload, kind):
    async def story():
        recorder = Recorder()
        async with serving(home, recorder.api):
            window = await RawWindow.attach(home)
            window.say(CALL, 1, payload)
            window.call(2, "gestalts.list")
            error = await window.failure()
            assert (await window.hear())[:2] == (RESULT, 2)
            return error, recorder.calls

    error, calls = run_async(story())
    assert type(error) is kind
    assert calls == [("gestalts.list", {})]


# ---- bounds ----


def test_no_more_calls_at_once_than_agreed(home, run_async):
    async def story():
        gate = Gate()
        async with serving(home, Recorder(vaults__list=gate).api):
            window = await RawWindow.attach(home)
            for number in range(1, MAX_CALLS + 2):
                window.call(number, "vaults.list")
            error = await window.failure()
            assert gate.most_at_once == MAX_CALLS
            gate.open.set()
            ended = {(await window.hear())[1] for _ in range(MAX_CALLS)}
            window.call(1000, "vaults.list")
            assert (await window.hear())[:2] == (RESULT, 1000)
            return error, ended

    error, ended = run_async(story())
    assert isinstance(error, Busy)
    assert ended == set(range(1, MAX_CALLS + 1))


def test_parameters_of_all_calls_together_are_bounded(home, run_async):
    large = msgspec.msgpack.encode(["x" * (MAX_CALL - 10)])

    async def story():
        gate = Gate()
        async with serving(home, Recorder(vaults__get=gate).api):
            window = await RawWindow.attach(home)
            for number in (1, 2, 3):
                window.call(number, "vaults.get", large)
            error = await window.failure()
            return error, gate.most_at_once

    error, most = run_async(story())
    assert isinstance(error, Busy)
    assert most == 2


def test_stopping_the_agent_is_heard_however_busy_it_is(home, run_async):
    async def story():
        gate, stopped = Gate(), asyncio.Event()
        recorder = Recorder(vaults__list=gate, lifecycle__request_stop=stopped.set)
        async with serving(home, recorder.api):
            window = await RawWindow.attach(home)
            for number in range(1, MAX_CALLS + 1):
                window.call(number, "vaults.list")
            window.call(1000, "lifecycle.request_stop")
            await stopped.wait()

    run_async(story())


def test_a_window_that_does_not_read_costs_little_memory_and_holds_up_no_other(home, run_async):
    answer = [{"x": "y" * 100}] * 20_000

    async def many(**_):
        return answer

    async def story():
        async with serving(home, Recorder(vaults__list=many, vaults__scan=many).api):
            deaf, other = await RawWindow.attach(home), await RawWindow.attach(home)
            tracemalloc.start()
            for number in range(1, 2000):
                deaf.call(number, "vaults.list")
            for number in (1, 2, 3):
                other.call(number, "gestalts.list")
                assert (await other.hear())[0] == RESULT
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            deaf.close()
            return peak

    assert run_async(story()) < 40 * 1024 * 1024


def test_refusals_that_nobody_reads_do_not_pile_up(home, run_async):
    """A window that floods and never reads is no longer read either."""

    async def story():
        async with serving(home, Recorder().api):
            window = await RawWindow.attach(home)
            window.writer.transport.set_write_buffer_limits(high=1)
            number, sent = 1, 0
            try:
                while sent < 64 << 20:
                    batch = b"".join(call_frame(CALL, number + at, b"no.such\0") for at in range(5000))
                    number += 5000
                    sent += len(batch)
                    window.writer.write(batch)
                    async with asyncio.timeout(0.5):
                        await window.writer.drain()
            except TimeoutError:
                pass
            window.close()
            return sent

    assert run_async(story()) < 16 << 20


def test_an_answer_larger_than_a_frame_comes_in_parts(home, run_async):
    async def large(**_):
        return ["x" * 100] * 50_000

    async def story():
        async with serving(home, Recorder(vaults__list=large).api):
            window = await RawWindow.attach(home)
            window.call(1, "vaults.list")
            kinds, raw = [], b""
            while kinds[-1:] != [RESULT]:
                kind, _, part = await window.hear()
                kinds.append(kind)
                raw += part
            return kinds, raw

    kinds, raw = run_async(story())
    assert set(kinds[:-1]) == {PART}
    assert len(kinds) == 5
    assert msgspec.msgpack.decode(raw) == ["x" * 100] * 50_000


def test_an_answer_that_is_too_large_is_refused_in_words(home, run_async, monkeypatch):
    monkeypatch.setattr("pk_tui.control.attached.MAX_RESULT", 1000)

    async def large(**_):
        return ["x"] * 1000

    async def story():
        async with serving(home, Recorder(vaults__list=large).api):
            window = await RawWindow.attach(home)
            window.call(1, "vaults.list")
            return await window.failure()

    error = run_async(story())
    assert type(error) is Misuse
    assert "Ask for less" in error.message


# ---- cancelling, and going away ----


def test_a_call_that_is_cancelled_at_once_still_has_its_end(home, run_async):
    async def story():
        gate = Gate()
        async with serving(home, Recorder(vaults__list=gate).api):
            window = await RawWindow.attach(home)
            window.call(1, "vaults.list")
            window.say(CANCEL, 1)
            window.say(CANCEL, 1)
            error = await window.failure()
            window.say(CANCEL, 1)
            window.call(2, "gestalts.list")
            assert (await window.hear())[:2] == (RESULT, 2)
            return error, gate.entered.is_set()

    error, entered = run_async(story())
    assert type(error) is Cancelled
    assert not entered


def test_a_window_that_goes_away_takes_its_calls_with_it(home, run_async):
    async def story():
        gates = [Gate() for _ in range(3)]
        events_left = asyncio.Event()

        @asynccontextmanager
        async def events():
            try:
                async with Bus().listen() as told:
                    yield told
            finally:
                events_left.set()

        recorder = Recorder(vaults__list=gates[0], nodes__ping=gates[1], vaults__scan=gates[2], events=events)
        async with serving(home, recorder.api):
            leaving, staying = await RawWindow.attach(home), await RawWindow.attach(home)
            leaving.call(1, "vaults.list")
            leaving.call(2, "nodes.ping", msgspec.msgpack.encode(["bob"]))
            leaving.call(3, "events")
            staying.call(1, "vaults.scan", msgspec.msgpack.encode(["bob"]))
            for gate in gates:
                await gate.entered.wait()
            leaving.close()
            for gone in (gates[0].left, gates[1].left, events_left):
                await gone.wait()
            return [gate.cancelled for gate in gates]

    assert run_async(story()) == [1, 1, 0]


def test_the_end_of_the_server_waits_until_calls_have_tidied_up_and_does_not_cancel_twice(home, run_async):
    async def story():
        entered, tidied = asyncio.Event(), []

        async def slow(**_):
            entered.set()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0.05)
                tidied.append(True)

        async with serving(home, Recorder(vaults__list=slow).api):
            window = await RawWindow.attach(home)
            window.call(1, "vaults.list")
            await entered.wait()
            window.say(CANCEL, 1)
            for _ in range(10):
                await asyncio.sleep(0)
        return tidied

    assert run_async(story()) == [True]


def test_a_window_that_stops_reading_does_not_hold_up_the_end(home, run_async):
    async def story():
        asked = asyncio.Event()

        async def large(**_):
            asked.set()
            return ["x" * 1000] * 20_000

        async with serving(home, Recorder(vaults__list=large).api):
            window = await RawWindow.attach(home)
            for number in range(1, 5):
                window.call(number, "vaults.list")
            await asked.wait()
            window.say(CANCEL, 2)

    run_async(story())


# ---- failures ----


@pytest.mark.parametrize("key", ["vaults.list", "lifecycle.status"])
def test_our_own_mistake_is_reported_and_its_text_stays_here(home, run_async, key, tmp_path):
    reported = []

    def report(error):
        reported.append(error)
        return tmp_path / "report.txt"

    async def broken(**_):
        raise ValueError(SECRET.decode())

    async def story():
        async with serving(home, Recorder(**{key.replace(".", "__"): broken}).api, report=report):
            window = await RawWindow.attach(home)
            window.call(1, key)
            kind, _, payload = await window.hear()
            assert kind == FAILED
            return payload

    payload = run_async(story())
    error = attachment.failure_of(payload)
    assert type(error) is PkError
    assert "our mistake" in error.message
    assert "ValueError" in error.message
    assert "report.txt" in error.message
    assert SECRET not in payload
    assert [str(one) for one in reported] == [SECRET.decode()]


def test_a_notice_that_fails_is_reported_and_ends_nothing(home, run_async):
    reported = []

    def broken():
        raise ValueError

    async def story():
        async with serving(home, Recorder(lifecycle__request_stop=broken).api, report=reported.append):
            window = await RawWindow.attach(home)
            window.call(1, "lifecycle.request_stop")
            window.call(2, "gestalts.list")
            while (heard := await window.hear())[1] != 2:
                assert heard[0] == FAILED
            return heard[0]

    assert run_async(story()) == RESULT
    assert len(reported) == 1


def test_a_refused_call_is_not_carried_out_but_those_of_the_lock_are(home, run_async):
    refusal = [Locked("The screen is locked.")]

    async def story():
        recorder = Recorder()
        async with serving(home, recorder.api, refuses=lambda: refusal[0]):
            window = await RawWindow.attach(home)
            window.call(1, "vaults.list")
            first = await window.failure()
            window.call(2, "events")
            second = await window.failure()
            window.call(3, "lifecycle.status")
            assert (await window.hear())[:2] == (RESULT, 3)
            refusal[0] = None
            window.call(4, "vaults.list")
            assert (await window.hear())[:2] == (RESULT, 4)
            return first, second, [key for key, _ in recorder.calls]

    first, second, calls = run_async(story())
    assert (type(first), type(second)) == (Locked, Locked)
    assert first.message == "The screen is locked."
    assert calls == ["lifecycle.status", "vaults.list"]


# ---- streams ----


def test_a_secret_is_read_no_further_than_the_window_takes_it(home, run_async):
    async def story():
        given = 0

        async def read(**_):
            nonlocal given
            for _ in range(100):
                given += 1
                yield Plaintext(bytes(1000))
            raise NotFound("The rest is gone.")

        async with serving(home, Recorder(secrets__read=read).api):
            window = await RawWindow.attach(home)
            window.call(1, "secrets.read", msgspec.msgpack.encode(["work", {"parts": ["a"]}]))
            for _ in range(attachment.PIECES_AHEAD):
                assert (await window.hear())[0] == PIECE
            window.call(2, "gestalts.list")
            assert (await window.hear())[:2] == (RESULT, 2)
            ahead = given
            for _ in range(attachment.PIECES_AHEAD):
                window.say(TAKEN, 1)
            got = attachment.PIECES_AHEAD
            while (heard := await window.hear())[0] == PIECE:
                got += 1
                window.say(TAKEN, 1)
            return ahead, got, attachment.failure_of(heard[2])

    ahead, got, error = run_async(story())
    assert ahead <= attachment.PIECES_AHEAD + 1
    assert got == 100
    assert type(error) is NotFound


def test_reading_is_tidied_up_before_its_end_is_told(home, run_async):
    async def story():
        tidied = False

        async def read(**_):
            nonlocal tidied
            try:
                while True:
                    yield Plaintext(b"x")
            finally:
                await asyncio.sleep(0.02)
                tidied = True

        async with serving(home, Recorder(secrets__read=read).api):
            window = await RawWindow.attach(home)
            window.call(1, "secrets.read", msgspec.msgpack.encode(["work", {"parts": ["a"]}]))
            for _ in range(attachment.PIECES_AHEAD):
                await window.hear()
            window.say(CANCEL, 1)
            assert type(await window.failure()) is Cancelled
            return tidied

    assert run_async(story())


def test_a_slow_listener_is_told_that_events_were_lost_and_costs_nothing(home, run_async):
    async def story():
        bus = Bus()
        async with serving(home, Recorder(events=bus.listen).api):
            window = await RawWindow.attach(home)
            window.call(1, "events")
            assert (await window.hear())[0] == OPENED
            for _ in range(5000):
                bus.say(NotificationsChanged())
            told = []
            while b"EventsLost\0\x80" not in told:
                kind, _, event = await window.hear()
                assert kind == EVENT
                told.append(event)
                window.say(TAKEN, 1)
            return len(told)

    assert run_async(story()) < 400
