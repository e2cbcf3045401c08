"""The shape of frames: what is written is read back, and nothing else is taken."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.errors import PeerMisbehaved
from pk_tui.wire.frames import HEADER_SIZE, MAX_DATA, MAX_FRAMES, Frame, Type, header, numbered, parse

U32 = st.integers(1, 0xFFFF_FFFF)
U64 = st.integers(0, 0xFFFF_FFFF_FFFF_FFFF)
BARE = st.sampled_from([Type.OPEN, Type.CLOSE])

frames = st.one_of(
    st.builds(Frame, BARE, U32, st.just(b"")),
    st.builds(Frame, st.just(Type.DATA), U32, st.binary(min_size=1, max_size=300)),
    st.builds(Frame, st.sampled_from([Type.CREDIT, Type.RESET]), U32, st.just(b""), U32),
    st.builds(Frame, st.sampled_from([Type.PING, Type.PONG]), st.just(0), st.just(b""), U64),
    st.builds(Frame, st.just(Type.GOAWAY), st.just(0), st.just(b""), U32),
)


def written(frame: Frame) -> bytes:
    if frame.type in (Type.OPEN, Type.CLOSE, Type.DATA):
        return header(frame.type, frame.stream, len(frame.data)) + frame.data
    return numbered(frame.type, frame.stream, frame.number)


@given(st.lists(frames, min_size=1, max_size=8))
@settings(max_examples=60)
def test_what_is_written_is_read_back(sent: list[Frame]) -> None:
    assert parse(b"".join(map(written, sent))) == sent


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_any_bytes_are_frames_or_refused_with_the_one_kind_of_error(raw: bytes) -> None:
    try:
        read = parse(raw)
    except PeerMisbehaved:
        return
    assert b"".join(map(written, read)) == raw


@given(st.lists(frames, min_size=1, max_size=4), st.data())
@settings(max_examples=60)
def test_a_message_cut_inside_a_frame_is_refused(sent: list[Frame], data: st.DataObject) -> None:
    ends = [0]
    for frame in sent:
        ends.append(ends[-1] + len(written(frame)))
    cut = data.draw(st.integers(1, ends[-1] - 1).filter(lambda size: size not in ends))
    with pytest.raises(PeerMisbehaved):
        parse(b"".join(map(written, sent))[:cut])


def test_the_layout_is_type_flags_stream_length_data() -> None:
    assert header(Type.DATA, 0x01020304, 0x0506) == bytes((2, 0, 1, 2, 3, 4, 5, 6))
    assert numbered(Type.CREDIT, 1, 0x0A0B0C0D) == bytes((3, 0, 0, 0, 0, 1, 0, 4, 10, 11, 12, 13))
    assert numbered(Type.PING, 0, 7) == bytes((6, 0, 0, 0, 0, 0, 0, 8)) + bytes(7) + b"\x07"
    assert HEADER_SIZE == 8


def test_the_largest_message_of_a_stream_fits_one_message_of_the_session() -> None:
    assert HEADER_SIZE + MAX_DATA <= MAX_FRAMES
    raw = header(Type.DATA, 1, MAX_DATA) + bytes(MAX_DATA)
    assert parse(raw) == [Frame(Type.DATA, 1, bytes(MAX_DATA))]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x01",
        bytes(7),
        header(Type.OPEN, 1, 0)[:-1],
        header(Type.DATA, 1, 2) + b"x",
        header(Type.DATA, 1, 0xFFFF) + b"x" * 10,
        header(Type.OPEN, 1, 0) + b"x",
    ],
    ids=["empty", "one byte", "seven bytes", "cut header", "cut data", "length beyond", "surplus"],
)
def test_a_message_that_is_not_whole_frames_is_refused(raw: bytes) -> None:
    with pytest.raises(PeerMisbehaved):
        parse(raw)


@pytest.mark.parametrize("code", [0, *range(9, 256)])
def test_every_unknown_type_is_refused(code: int) -> None:
    with pytest.raises(PeerMisbehaved):
        parse(bytes((code, 0, 0, 0, 0, 1, 0, 0)))


@pytest.mark.parametrize("flags", [1, 2, 128, 255])
def test_flags_are_not_in_use(flags: int) -> None:
    with pytest.raises(PeerMisbehaved):
        parse(bytes((Type.OPEN, flags, 0, 0, 0, 1, 0, 0)))


@pytest.mark.parametrize("type_", list(Type))
def test_a_frame_names_a_stream_exactly_where_one_belongs(type_: Type) -> None:
    sizes = {Type.DATA: 1, Type.CREDIT: 4, Type.RESET: 4, Type.GOAWAY: 4, Type.PING: 8, Type.PONG: 8}
    body = bytes(sizes.get(type_, 0))
    of_session = type_ in (Type.PING, Type.PONG, Type.GOAWAY)
    parse(header(type_, 0 if of_session else 1, len(body)) + body)
    with pytest.raises(PeerMisbehaved):
        parse(header(type_, 1 if of_session else 0, len(body)) + body)


@pytest.mark.parametrize(
    ("type_", "size"),
    [
        (Type.OPEN, 1),
        (Type.CLOSE, 1),
        (Type.DATA, 0),
        (Type.DATA, MAX_DATA + 1),
        *((type_, size) for type_ in (Type.CREDIT, Type.RESET, Type.GOAWAY) for size in (0, 3, 5, 8)),
        *((type_, size) for type_ in (Type.PING, Type.PONG) for size in (0, 4, 7, 9)),
    ],
)
def test_a_frame_of_another_size_than_its_type_has_is_refused(type_: Type, size: int) -> None:
    stream = 0 if type_ in (Type.PING, Type.PONG, Type.GOAWAY) else 1
    with pytest.raises(PeerMisbehaved):
        parse(header(type_, stream, size) + bytes(size))
