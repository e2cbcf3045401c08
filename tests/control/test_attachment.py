"""Frames, limits, the greeting and failures: as bytes, without a socket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui import __version__
from pk_tui.control import attachment, client
from pk_tui.control.attachment import (
    MAX_FRAME,
    MAX_MESSAGE,
    MAX_PIECE,
    Frames,
    call_frame,
    check_greeting,
    failure,
    failure_of,
    frame,
    greeting,
    number_of,
    slices,
)
from pk_tui.errors import Conflict, Malformed, PkError, kinds


def test_no_two_kinds_of_frame_have_one_number() -> None:
    names = "ATTACH CALL CANCEL CONTENT CONTENT_END TAKEN WELCOME PART RESULT FAILED PIECE OPENED EVENT PROGRESS WANTED"
    ours = [getattr(attachment, name) for name in names.split()]
    theirs = [client.COMMAND, client.ANSWER, client.PIECE, client.OUT, client.ERR, client.ASK, client.EXIT]

    assert len({*ours, *theirs}) == len(ours) + len(theirs)


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), max_size=6), st.data())
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    sent: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    raw = b"".join(frame(kind, payload) for kind, payload in sent)
    frames, got = Frames(), []
    while raw:
        size = data.draw(st.integers(1, len(raw)))
        got += frames.feed(raw[:size])
        raw = raw[size:]

    assert got == sent


def test_a_frame_that_promises_too_much_is_refused_before_it_comes() -> None:
    largest = MAX_FRAME.to_bytes(4, "big")
    assert list(Frames().feed(b"\x20" + largest)) == []
    with pytest.raises(Malformed, match="larger"):
        list(Frames().feed(b"\x20" + (MAX_FRAME + 1).to_bytes(4, "big")))


def test_frames_before_a_bad_one_are_not_lost() -> None:
    frames = Frames().feed(frame(1, b"good") + b"\x20\xff\xff\xff\xff")

    assert next(frames) == (1, b"good")
    with pytest.raises(Malformed):
        next(frames)


def test_nothing_of_a_frame_is_kept_once_it_is_out() -> None:
    frames = Frames()
    for _ in range(100):
        list(frames.feed(frame(1, b"x" * 1000)))

    assert len(frames._received) == 0


def test_a_frame_names_its_call() -> None:
    ((kind, payload),) = Frames().feed(call_frame(7, 0xFFFF_FFFF, b"rest"))

    assert (kind, number_of(payload), attachment.after_number(payload)) == (7, 0xFFFF_FFFF, b"rest")
    with pytest.raises(Malformed):
        number_of(b"abc")


@pytest.mark.parametrize("size", [0, 1, MAX_PIECE, MAX_PIECE + 1, 3 * MAX_PIECE])
def test_slices_are_all_of_it_in_pieces_that_a_frame_takes(size: int) -> None:
    parts = list(slices(bytes(size)))

    assert b"".join(parts) == bytes(size)
    assert len(parts) == max(1, -(-size // MAX_PIECE))
    assert max(map(len, parts)) <= MAX_PIECE


def test_a_window_of_this_version_is_welcome_and_no_other() -> None:
    check_greeting(greeting())
    for other in (b"", b"0\0" + __version__.encode(), client.PROTOCOL + b"\0" + b"0.0.0", greeting() + b"\0", b"\xff"):
        with pytest.raises(Conflict, match="different versions"):
            check_greeting(other)


@pytest.mark.parametrize("kind", kinds().values(), ids=kinds())
def test_a_failure_arrives_as_the_same_kind(kind: type[PkError]) -> None:
    arrived = failure_of(failure(kind("What happened: “ä”. What to do.")))

    assert type(arrived) is kind
    assert arrived.message == "What happened: “ä”. What to do."
    assert arrived.exit_code == kind.exit_code


def test_a_kind_that_is_not_known_here_is_a_plain_error() -> None:
    arrived = failure_of(b"moon_phase\0Wait a while.")

    assert type(arrived) is PkError
    assert arrived.message == "Wait a while."


@given(st.binary(max_size=60))
def test_any_bytes_are_some_failure(raw: bytes) -> None:
    assert isinstance(failure_of(raw), PkError)


def test_a_sentence_is_made_safe_and_short_on_its_way() -> None:
    assert failure_of(failure(PkError("\x1b[2J \ud800"))).message == "\\u{1b}[2J \\ud800"
    assert len(failure_of(failure(PkError("x" * 100_000))).message) <= MAX_MESSAGE
