"""One call at the holder's end: nothing goes out or comes in beyond what was agreed, and it is cancelled once."""

from __future__ import annotations

import asyncio
import threading

import pytest

from pk_tui.api.views import Progress
from pk_tui.control.at_work import CallAtWork
from pk_tui.control.attachment import (
    CONTENT,
    CONTENT_END,
    EVENT,
    PIECE,
    PIECES_AHEAD,
    PROGRESS,
    TAKEN,
    WANTED,
    Frames,
    after_number,
    number_of,
)
from pk_tui.control.calls import CALLS, PROGRESS_CODEC
from pk_tui.errors import Malformed

FOUR = bytes(4)


class Said:
    """What a call sends."""

    def __init__(self, key: str) -> None:
        self.frames: list[tuple[int, bytes]] = []
        self.threads: set[int] = set()
        self.at_work = CallAtWork(7, CALLS[key], 0, self.say, self.send)

    def say(self, raw: bytes) -> None:
        self.threads.add(threading.get_ident())
        for kind, payload in Frames().feed(raw):
            assert number_of(payload) == 7
            self.frames.append((kind, after_number(payload)))

    async def send(self, raw: bytes) -> None:
        self.say(raw)

    def progress(self) -> list[int]:
        return [PROGRESS_CODEC.decode(payload).objects for kind, payload in self.frames if kind == PROGRESS]


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize(("key", "kind"), [("secrets.read", PIECE), ("events", EVENT)])
def test_pieces_go_out_only_as_they_are_taken(run_async, key, kind):
    async def story():
        said = Said(key)

        async def send_all() -> None:
            for number in range(100):
                await said.at_work.send_ahead(kind, b"%d" % number)

        sending = asyncio.ensure_future(send_all())
        await settle()
        ahead = len(said.frames)
        said.at_work.take(TAKEN, FOUR)
        await settle()
        assert len(said.frames) == ahead + 1
        while not sending.done():
            said.at_work.take(TAKEN, FOUR)
            await settle()
        assert [payload for _, payload in said.frames] == [b"%d" % number for number in range(100)]
        return ahead

    assert run_async(story()) == (PIECES_AHEAD if kind == PIECE else 32)


def test_of_progress_only_the_newest_waits(run_async):
    async def story():
        said = Said("vaults.clone")
        for number in range(50):
            said.at_work.progress(Progress("Receiving", number))
            await settle()
        assert said.progress() == [0]
        said.at_work.take(TAKEN, FOUR)
        assert said.progress() == [0, 49]
        said.at_work.take(TAKEN, FOUR)
        assert said.progress() == [0, 49]

    run_async(story())


def test_the_last_progress_is_told_before_the_answer_and_none_after_it(run_async):
    async def story():
        said = Said("vaults.clone")
        said.at_work.progress(Progress("Receiving", 1))
        await settle()
        said.at_work.progress(Progress("Receiving", 2))
        said.at_work.tell_last()
        assert said.at_work.end()
        said.at_work.progress(Progress("Receiving", 3))
        await settle()
        return said.progress()

    assert run_async(story()) == [1, 2]


def test_nothing_is_told_of_a_call_that_has_ended(run_async):
    async def story():
        said = Said("vaults.clone")
        said.at_work.end()
        said.at_work.progress(Progress("Receiving", 1))
        await settle()
        return said.frames

    assert run_async(story()) == []


def test_progress_may_be_told_on_another_thread(run_async):
    async def story():
        said = Said("vaults.import_from")
        await asyncio.to_thread(said.at_work.progress, Progress("Importing", 5))
        await settle()
        return said.progress(), said.threads

    assert run_async(story()) == ([5], {threading.get_ident()})


def test_content_comes_in_as_it_is_used_and_no_faster(run_async):
    async def story():
        said = Said("secrets.write")
        for number in range(PIECES_AHEAD):
            said.at_work.take(CONTENT, FOUR + b"%d" % number)
        with pytest.raises(Malformed):
            said.at_work.take(CONTENT, FOUR + b"one too many")
        content = said.at_work.content()
        assert await anext(content) == b"0"
        assert said.frames == [(WANTED, b"")]
        said.at_work.take(CONTENT, FOUR + b"last")
        said.at_work.take(CONTENT_END, FOUR)
        return [piece async for piece in content]

    assert run_async(story()) == [b"1", b"2", b"3", b"last"]


@pytest.mark.parametrize(
    ("key", "kinds"),
    [
        ("vaults.list", [TAKEN]),
        ("secrets.read", [TAKEN]),
        ("vaults.list", [CONTENT]),
        ("vaults.list", [CONTENT_END]),
        ("secrets.write", [CONTENT_END, CONTENT]),
        ("secrets.write", [CONTENT_END, CONTENT_END]),
        ("vaults.list", [99]),
    ],
)
def test_what_was_not_asked_for_is_refused(run_async, key, kinds):
    async def story():
        at_work = Said(key).at_work
        for kind in kinds[:-1]:
            at_work.take(kind, FOUR)
        with pytest.raises(Malformed):
            at_work.take(kinds[-1], FOUR)

    run_async(story())


def test_it_is_cancelled_once_so_that_tidying_up_is_not_broken_off(run_async):
    async def story():
        at_work = Said("vaults.clone").at_work
        tidied = False

        async def work() -> None:
            nonlocal tidied
            at_work.begin()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0.01)
                tidied = True

        at_work.task = asyncio.ensure_future(work())
        await settle()
        at_work.call_off()
        await settle()
        at_work.call_off()
        await asyncio.wait([at_work.task])
        return tidied

    assert run_async(story())


def test_called_off_before_it_began_it_still_begins_and_hears_of_it(run_async):
    async def story():
        at_work = Said("vaults.clone").at_work
        heard = False

        async def work() -> None:
            nonlocal heard
            try:
                at_work.begin()
            except asyncio.CancelledError:
                heard = True

        at_work.task = asyncio.ensure_future(work())
        at_work.call_off()
        await at_work.task
        return heard

    assert run_async(story())


def test_it_ends_once(run_async):
    async def story():
        at_work = Said("vaults.clone").at_work
        return at_work.end(), at_work.end()

    assert run_async(story()) == (True, False)
