"""What two processes say on the line of an attached window: kinds of frames, limits, the greeting, failures. Touches no socket.

The frames are those of `client`: `kind u8 | length u32, big-endian | payload`. The window begins with ATTACH, the holder
answers WELCOME or a FAILED of call 0; in all frames after that the payload begins with the call's number, u32, which the
window counts upward from 1. What a call's values are, `calls` knows.

    the window says                                the holder says
    CALL      name, a zero byte, parameters        PART, RESULT   the next and the last bytes of what it returned
    CANCEL                                         FAILED         kind, a zero byte, sentence: the call's end as well
    CONTENT   bytes of what is being written       WANTED         one CONTENT was used, one more may come
    CONTENT_END                                    PIECE, EVENT   of what is being read or listened to (OPENED goes first)
    TAKEN     one PIECE, EVENT or PROGRESS was     PROGRESS       the newest
              used, one more may come

Every call but a notice (a method that returns nothing and is not awaited) ends with exactly one RESULT or FAILED, also
after CANCEL. So each side holds a bounded number of bounded frames, however slow the other is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from pk_tui import __version__
from pk_tui.control import client
from pk_tui.errors import Conflict, Malformed, PkError, kinds
from pk_tui.safe_text import safe_text

ATTACH, CALL, CANCEL, CONTENT, CONTENT_END, TAKEN = range(32, 38)
WELCOME, PART, RESULT, FAILED, PIECE, OPENED, EVENT, PROGRESS, WANTED = range(48, 57)

MAX_PIECE = 1024 * 1024
"""Bytes of one PART, PIECE or CONTENT: other calls' frames go between."""
MAX_CALL = 8 * 1024 * 1024
"""Bytes of a call's parameters: the paths of 100,000 secrets, say."""
MAX_RESULT = 64 * 1024 * 1024
"""Bytes of what a call returns: a listing of some 900,000 secrets."""
MAX_FRAME = MAX_CALL + 4096
"""Bytes of any frame's payload; nothing larger is taken in."""
MAX_WINDOWS = 8
"""Windows attached to one agent at once."""
MAX_CALLS = 64
"""Calls at once of one window. A window of ours lets further ones wait; another's are refused."""
MAX_PARAMETERS = 2 * MAX_CALL
"""Bytes of the parameters of all calls of a window that are under way."""
PIECES_AHEAD = 4
"""Pieces of a secret on their way before one has to be taken: enough to keep both sides busy."""
EVENTS_AHEAD = 32
"""Likewise of events. What comes while a window is slower than that waits in the agent, which sends EventsLost at last."""
MAX_MESSAGE = 4000
"""Characters of an error's sentence."""

_HEAD = struct.Struct(">BI")
_NUMBER = struct.Struct(">I")


def frame(kind: int, payload: bytes = b"") -> bytes:
    return _HEAD.pack(kind, len(payload)) + payload


def call_frame(kind: int, number: int, payload: bytes | memoryview = b"") -> bytes:
    """A frame of one call."""
    return b"".join((_HEAD.pack(kind, len(payload) + _NUMBER.size), _NUMBER.pack(number), payload))


def number_of(payload: bytes) -> int:
    """Of which call a frame is. Raises Malformed."""
    if len(payload) < _NUMBER.size:
        raise Malformed("A frame on the control socket is too short to name its call.")
    return int(_NUMBER.unpack_from(payload)[0])


def after_number(payload: bytes) -> bytes:
    return payload[_NUMBER.size :]


def slices(raw: bytes | memoryview) -> Iterator[memoryview]:
    """In pieces that a frame takes; one empty piece of nothing."""
    view = memoryview(raw)
    for at in range(0, max(1, len(view)), MAX_PIECE):
        yield view[at : at + MAX_PIECE]


class Frames:
    """Frames out of bytes as they come. Holds no more than one frame and what came with it."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, received: bytes) -> Iterator[tuple[int, bytes]]:
        """Kind and payload of each frame that is whole by now. Raises Malformed at one that says it is too large."""
        buffer = self._received
        buffer += received
        at = 0
        try:
            while len(buffer) - at >= _HEAD.size:
                kind, size = _HEAD.unpack_from(buffer, at)
                if size > MAX_FRAME:
                    raise Malformed(
                        f"A frame of {size} bytes on the control socket is larger than the {MAX_FRAME} allowed."
                    )
                end = at + _HEAD.size + size
                if len(buffer) < end:
                    break
                payload = bytes(memoryview(buffer)[at + _HEAD.size : end])
                at = end
                yield kind, payload
        finally:
            del buffer[:at]


def greeting() -> bytes:
    """ATTACH's payload: the protocol and version of the window."""
    return client.PROTOCOL + b"\0" + __version__.encode()


def check_greeting(payload: bytes) -> None:
    """Raises Conflict if the window is of another version than this agent: the two may not mean the same by one name."""
    if payload != greeting():
        raise Conflict(
            "This program and the running agent are of different versions. Restart the agent: stop it with the version "
            "that started it, then start it with this one."
        )


def failure(error: PkError, kind: str | None = None) -> bytes:
    """FAILED's payload without the number."""
    return b"\0".join(((kind or error.kind).encode(), error.message[:MAX_MESSAGE].encode(errors="backslashreplace")))


def failure_of(payload: bytes) -> PkError:
    """The error that `failure` wrote down, as the same kind. A kind not known here (our mistake at the other end is one)
    becomes a plain PkError."""
    kind, _, message = payload.partition(b"\0")
    return kinds().get(kind.decode(errors="replace"), PkError)(safe_text(message, MAX_MESSAGE))
