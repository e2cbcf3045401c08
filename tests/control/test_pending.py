"""What arrives for a call at the window's end, and what is refused."""

from __future__ import annotations

import asyncio

import pytest

from pk_tui.control import attachment
from pk_tui.control.attachment import EVENT, EVENTS_AHEAD, OPENED, PART, PIECE, PIECES_AHEAD, WANTED
from pk_tui.control.calls import CALLS
from pk_tui.control.pending import PendingCall
from pk_tui.errors import Locked, Malformed, NotFound


def pending(key: str) -> PendingCall:
    return PendingCall(1, CALLS[key], None)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("vaults.list", PIECE),
        ("vaults.list", EVENT),
        ("vaults.list", OPENED),
        ("vaults.list", WANTED),
        ("vaults.list", 99),
        ("secrets.read", PART),
        ("secrets.read", EVENT),
        ("events", PIECE),
        ("secrets.write", WANTED),
    ],
)
def test_a_frame_that_belongs_to_another_kind_of_call_is_refused(run_async, key, kind):
    async def story():
        with pytest.raises(Malformed):
            pending(key).take(kind, b"x")

    run_async(story())


@pytest.mark.parametrize(
    ("key", "kind", "ahead"), [("secrets.read", PIECE, PIECES_AHEAD), ("events", EVENT, EVENTS_AHEAD)]
)
def test_no_more_arrives_than_was_agreed(run_async, key, kind, ahead):
    async def story():
        call = pending(key)
        for _ in range(ahead):
            call.take(kind, b"x")
        with pytest.raises(Malformed):
            call.take(kind, b"x")
        await call.arrived()
        call.take(kind, b"x")

    run_async(story())


def test_an_answer_is_gathered_up_to_its_limit(run_async, monkeypatch):
    monkeypatch.setattr("pk_tui.control.pending.MAX_RESULT", 5)

    async def story():
        call = pending("vaults.list")
        call.take(PART, b"abc")
        call.add_answer(b"de")
        with pytest.raises(Malformed, match="larger"):
            call.take(PART, b"f")
        return bytes(call.answer)

    assert run_async(story()) == b"abcde"


def test_pieces_that_came_before_the_end_are_handed_over_first(run_async):
    async def story():
        call = pending("secrets.read")
        call.take(PIECE, b"a")
        call.failure = NotFound("gone")
        call.finish()
        assert await call.arrived() == b"a"
        assert await call.arrived() is None
        with pytest.raises(NotFound):
            call.raise_failure()

    run_async(story())


def test_content_is_wanted_piece_by_piece(run_async):
    async def story():
        call = pending("secrets.write")
        for _ in range(PIECES_AHEAD):
            assert await call.is_wanted()
        waiting = asyncio.ensure_future(call.is_wanted())
        await asyncio.sleep(0)
        assert not waiting.done()
        call.take(WANTED, b"")
        assert await waiting
        last = asyncio.ensure_future(call.is_wanted())
        await asyncio.sleep(0)
        call.finish()
        return await last

    assert run_async(story()) is False


def test_whoever_listens_hears_when_it_begins_or_why_it_does_not(run_async):
    async def story():
        call = pending("events")
        call.take(OPENED, b"")
        await call.opened()
        refused = pending("events")
        refused.failure = Locked("The screen is locked.")
        refused.finish()
        with pytest.raises(Locked):
            await refused.opened()

    run_async(story())


def test_the_limits_leave_room_for_what_is_promised():
    assert attachment.MAX_CALL < attachment.MAX_FRAME
    assert attachment.MAX_PIECE < attachment.MAX_FRAME
