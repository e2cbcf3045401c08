"""The frames of a session: `type u8 | flags u8 | stream u32 | length u16 | data`, big-endian, one or more to a message.

It says what one frame may look like by itself; what a frame means after those before it is decided in `session`.

    type     stream   data
    OPEN     theirs   none                  a new stream; the sender's next id
    DATA     yes      1 to 65,000 bytes     one message of the stream
    CREDIT   yes      amount u32, not 0     so much more may be sent on the stream
    CLOSE    yes      none                  nothing more comes from the sender
    RESET    yes      code u32              the stream is given up, in both directions
    PING     0        token u64             answer with PONG and the token
    PONG     0        token u64
    GOAWAY   0        code u32              no more streams will be opened by the sender
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from pk_tui.crypto.noise import MAX_MESSAGE, TAG_SIZE
from pk_tui.errors import PeerMisbehaved

MAX_DATA = 65_000
"""Bytes of one message of a stream. With its frame it fits one Noise message, and leaves some room for credit beside it."""
MAX_FRAMES = MAX_MESSAGE - TAG_SIZE
"""Bytes of frames in one Noise message."""
MAX_U32 = 0xFFFF_FFFF

_header = struct.Struct(">BBIH")
HEADER_SIZE = _header.size
_u32 = struct.Struct(">I")
_u64 = struct.Struct(">Q")


class Type(IntEnum):
    OPEN = 1
    DATA = 2
    CREDIT = 3
    CLOSE = 4
    RESET = 5
    PING = 6
    PONG = 7
    GOAWAY = 8


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame whose shape is right. `number` is the amount, code or token; 0 where the type has none."""

    type: Type
    stream: int
    data: bytes
    number: int = 0


_SIZES = {
    Type.OPEN: 0,
    Type.CREDIT: _u32.size,
    Type.CLOSE: 0,
    Type.RESET: _u32.size,
    Type.PING: _u64.size,
    Type.PONG: _u64.size,
    Type.GOAWAY: _u32.size,
}
_OF_THE_SESSION = frozenset({Type.PING, Type.PONG, Type.GOAWAY})
_TYPES = {int(kind): kind for kind in Type}


def header(type_: Type, stream: int, size: int) -> bytes:
    """The 8 bytes before `size` bytes of data."""
    return _header.pack(type_, 0, stream, size)


def numbered(type_: Type, stream: int, number: int) -> bytes:
    """A whole CREDIT, RESET, PING, PONG or GOAWAY frame."""
    packer = _u64 if _SIZES[type_] == _u64.size else _u32
    return _header.pack(type_, 0, stream, packer.size) + packer.pack(number)


def parse(message: bytes) -> list[Frame]:
    """The frames of one opened message. Raises PeerMisbehaved unless it is whole frames, at least one, each of a known type
    and the right size."""
    frames: list[Frame] = []
    at, end = 0, len(message)
    while at < end:
        if end - at < HEADER_SIZE:
            raise PeerMisbehaved("The peer sent a frame that ends within its header.")
        code, flags, stream, size = _header.unpack_from(message, at)
        at += HEADER_SIZE
        type_ = _TYPES.get(code)
        if type_ is None or flags:
            raise PeerMisbehaved("The peer sent a frame of a type that does not exist.")
        if size > end - at:
            raise PeerMisbehaved("The peer sent a frame that is longer than its message.")
        if (stream == 0) != (type_ in _OF_THE_SESSION):
            raise PeerMisbehaved(
                "The peer sent a frame that names a stream where none belongs, or none where one does."
            )
        frames.append(_read(type_, stream, message[at : at + size]))
        at += size
    if not frames:
        raise PeerMisbehaved("The peer sent a message without a frame.")
    return frames


def _read(type_: Type, stream: int, data: bytes) -> Frame:
    if type_ is Type.DATA:
        if not 1 <= len(data) <= MAX_DATA:
            raise PeerMisbehaved("The peer sent a stream message that is empty or too long.")
        return Frame(type_, stream, data)
    if len(data) != _SIZES[type_]:
        raise PeerMisbehaved("The peer sent a frame whose size is not that of its type.")
    return Frame(type_, stream, b"", int.from_bytes(data, "big"))
