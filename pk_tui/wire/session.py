"""The streams of one connection: opening, messages, credit, closing; and the sealing of it all. Sans I/O.

Messages of the transport go into `receive`, which says what happened as a list of events; what is to be sent comes out of
`outgoing`. In between, each side opens streams (the initiator odd ids, the responder even ones, each counting up by two),
sends messages on them as far as the other side's credit reaches, and closes or resets them.

Everything the peer can make grow has a bound that honest peers never reach; going past it, like anything else the protocol
forbids, raises PeerMisbehaved and ends the session for good:
- streams: 64 that the peer opened. A stream counts until it is gone and the last frame of it has left here, and one that we
  reset until the peer has confirmed; so a peer that does not read cannot fill our queue with answers.
- data that waits here, in either direction: 256 KiB of credit for each stream. A message costs its size and 64 bytes, so
  that tiny ones are not free. Credit counts as given when it has left.
- pings to answer: 32 that have not left.

How streams end. CLOSE ends one direction; a stream is gone when both are ended. RESET ends both at once; frames sent
before the other side learns of it are still on their way, so whoever resets drops what comes until a RESET comes back (or,
if both directions were closing anyway, the CLOSE). Frames leave in the order in which they were asked for, except that
CREDIT, PING and PONG go first; so no id is free on the side that opened it and in use on the other.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from pk_tui.crypto.noise import MAX_MESSAGE, CipherState
from pk_tui.errors import Busy, CannotOpen, Misuse, PeerMisbehaved, Unreachable
from pk_tui.wire.events import Closed, Event, Opened, Ponged, Received, WasReset, WentAway, Writable
from pk_tui.wire.frames import MAX_DATA, MAX_FRAMES, MAX_U32, Frame, Type, header, numbered, parse
from pk_tui.wire.handshake import Established, Role

MAX_STREAMS = 64
"""Streams opened by one side at once."""
WINDOW = 256 * 1024
"""Credit of one direction of one stream. Measured: more slows small requests beside a bulk transfer, less slows the transfer."""
MESSAGE_COST = 64
"""Credit that a message takes besides its size: about what holding it takes."""
REKEY_EVERY = 1 << 20
"""Messages of one direction under one key. Both sides count, so nothing is sent for it."""

_GRANT_FROM = WINDOW // 4
"""Credit is given back in pieces of at least this much. Below WINDOW less the cost of the largest message, so nobody starves."""
_MAX_PINGS = 32


@dataclass(slots=True, eq=False)
class _Stream:
    lowest_bit: int
    send_credit: int = WINDOW
    receive_credit: int = WINDOW
    parked: int = 0
    """Cost of the messages that came and were not consumed."""
    taken: int = 0
    """Cost of the messages consumed since credit was last given."""
    unsent: int = 0
    """Frames of it in the queue."""
    sent_close: bool = False
    got_close: bool = False
    sent_reset: bool = False
    gone: bool = False


class Session:
    """One side of an established session. Not to be shared between threads; one caller of `outgoing`, one of `receive`.

    `close`, `reset` and `consumed` do nothing on a stream that is gone: the peer may reset it at any moment.
    """

    def __init__(self, role: Role, established: Established, *, rekey_every: int = REKEY_EVERY) -> None:
        self._sender = established.send
        self._receiver = established.receive
        self._rekey_every = rekey_every
        self._own_bit = 1 if role is Role.INITIATOR else 0
        self._streams: dict[int, _Stream] = {}
        self._next_id = [2, 1]
        """The id of the next stream to be opened, by its lowest bit; `_counting` is indexed likewise."""
        self._counting = [0, 0]
        self._queue: deque[tuple[bytes, bytes, _Stream | None]] = deque()
        """Frames to send in order: header, data, and the stream they belong to."""
        self._first: deque[bytes] = deque()
        """Whole PING and PONG frames, sent before the queue."""
        self._granting: dict[int, _Stream] = {}
        self._pings: set[int] = set()
        self._went_away = False
        self._ended = False

    # What comes in

    def receive(self, message: bytes) -> list[Event]:
        """Open the transport's next message and take in its frames; what happened, in order.

        Raises PeerMisbehaved if it does not open or breaks the protocol: the session is over, and every later call raises too.
        """
        if self._ended:
            raise PeerMisbehaved("The session ended because the peer broke the protocol.")
        events: list[Event] = []
        try:
            for frame in parse(self._open(message)):
                event = self._take(frame)
                if event is not None:
                    events.append(event)
        except PeerMisbehaved:
            self._end()
            raise
        return events

    def _open(self, message: bytes) -> bytes:
        if len(message) > MAX_MESSAGE:
            raise PeerMisbehaved("The peer sent a message that is too long.")
        try:
            plaintext = self._receiver.decrypt(message)
        except CannotOpen as error:
            raise PeerMisbehaved("A message of the session was altered or lost on its way.") from error
        self._rekey(self._receiver)
        return plaintext

    def _take(self, frame: Frame) -> Event | None:
        type_, number = frame.type, frame.number
        if type_ is Type.DATA:
            return self._take_data(frame)
        if type_ is Type.CREDIT:
            return self._take_credit(frame)
        if type_ is Type.OPEN:
            return self._take_open(frame.stream)
        if type_ is Type.CLOSE:
            return self._take_close(frame.stream)
        if type_ is Type.RESET:
            return self._take_reset(frame)
        if type_ is Type.PING:
            if len(self._first) >= _MAX_PINGS:
                raise PeerMisbehaved("The peer sends pings and does not take the answers.")
            self._first.append(numbered(Type.PONG, 0, number))
            return None
        if type_ is Type.PONG:
            if number not in self._pings:
                raise PeerMisbehaved("The peer answered a ping that was not sent.")
            self._pings.remove(number)
            return Ponged(number)
        self._went_away = True
        return WentAway(number)

    def _take_open(self, stream: int) -> Event:
        peers_bit = 1 - self._own_bit
        if stream != self._next_id[peers_bit]:
            raise PeerMisbehaved("The peer opened a stream out of order.")
        if self._counting[peers_bit] >= MAX_STREAMS:
            raise PeerMisbehaved("The peer opened too many streams.")
        self._add(stream)
        return Opened(stream)

    def _take_data(self, frame: Frame) -> Event | None:
        state = self._streams.get(frame.stream)
        if state is None or state.got_close:
            raise PeerMisbehaved("The peer sent on a stream that is not open.")
        cost = len(frame.data) + MESSAGE_COST
        if cost > state.receive_credit:
            raise PeerMisbehaved("The peer sent more than it had credit for.")
        state.receive_credit -= cost
        if state.sent_reset:
            return None
        state.parked += cost
        return Received(frame.stream, frame.data)

    def _take_credit(self, frame: Frame) -> Event | None:
        state = self._find(frame.stream)
        if state is None or state.sent_reset:
            return None  # it was on its way when the stream ended
        if not 1 <= frame.number <= WINDOW - state.send_credit:
            raise PeerMisbehaved("The peer gave credit for more than it was sent.")
        state.send_credit += frame.number
        return None if state.sent_close else Writable(frame.stream)

    def _take_close(self, stream: int) -> Event | None:
        state = self._streams.get(stream)
        if state is None or state.got_close:
            raise PeerMisbehaved("The peer closed a stream that is not open.")
        state.got_close = True
        if state.sent_close:
            self._drop(stream, state)
        return None if state.sent_reset else Closed(stream)

    def _take_reset(self, frame: Frame) -> Event | None:
        state = self._find(frame.stream)
        if state is None:
            return None  # both sides had closed it, which the peer did not know yet
        if not state.sent_reset:
            self._enqueue(numbered(Type.RESET, frame.stream, frame.number), b"", state)
        self._drop(frame.stream, state)
        if state.sent_reset:
            return None
        return WasReset(frame.stream, frame.number)

    def _find(self, stream: int) -> _Stream | None:
        """The stream, or None if it is gone. One that never was is the peer's lie."""
        state = self._streams.get(stream)
        if state is None and stream >= self._next_id[stream & 1]:
            raise PeerMisbehaved("The peer spoke of a stream that was never opened.")
        return state

    # What goes out

    def outgoing(self) -> bytes | None:
        """The next message for the transport, at most 65,535 bytes; None if there is nothing to send, or the session is over.

        It is sealed here and now: every message must be sent, once, in the order of the calls.
        """
        if self._ended:
            return None
        parts = self._frames_that_go_first()
        room = MAX_FRAMES - sum(map(len, parts))
        queue = self._queue
        while queue:
            head, data, state = queue[0]
            size = len(head) + len(data)
            if size > room:
                break
            queue.popleft()
            room -= size
            parts.append(head)
            if data:
                parts.append(data)
            if state is not None:
                self._left(state)
        if not parts:
            return None
        message = self._sender.encrypt(b"".join(parts))
        self._rekey(self._sender)
        return message

    def _frames_that_go_first(self) -> list[bytes]:
        """CREDIT for every stream that is due it, and the pings and pongs: together never more than a few KiB."""
        parts: list[bytes] = []
        for stream, state in self._granting.items():
            parts.append(numbered(Type.CREDIT, stream, state.taken))
            state.receive_credit += state.taken
            state.taken = 0
        self._granting.clear()
        parts.extend(self._first)
        self._first.clear()
        return parts

    def open(self) -> int:
        """Open a stream; its id. Raises Busy if 64 of ours are in use, Unreachable if the session ends or has ended."""
        if self._ended or self._went_away:
            raise Unreachable("The connection is being closed. Try again.")
        if self._counting[self._own_bit] >= MAX_STREAMS or self._next_id[self._own_bit] > MAX_U32:
            raise Busy("Too much is going on with this node at once. Try again in a moment.")
        stream = self._next_id[self._own_bit]
        state = self._add(stream)
        self._enqueue(header(Type.OPEN, stream, 0), b"", state)
        return stream

    def send(self, stream: int, data: bytes) -> bool:
        """Send one message of 1 to 65,000 bytes, which arrives as one. False, and nothing sent, if the credit does not reach:
        try again after `Writable`.

        Raises Misuse if the stream is not open for sending.
        """
        if not 1 <= len(data) <= MAX_DATA:
            raise ValueError("a message of a stream has 1 to 65,000 bytes")
        state = self._streams.get(stream)
        if state is None or state.sent_close or state.sent_reset:
            raise Misuse("This stream is closed: nothing more can be sent on it.")
        cost = len(data) + MESSAGE_COST
        if cost > state.send_credit:
            return False
        state.send_credit -= cost
        self._enqueue(header(Type.DATA, stream, len(data)), data, state)
        return True

    def consumed(self, stream: int, size: int) -> None:
        """One message of `size` bytes that was `Received` on `stream` is no longer held here: the peer may send as much anew.

        Call it once for each message, with that message's size. More than was received is a ValueError.
        """
        state = self._streams.get(stream)
        if state is None or state.sent_reset:
            return
        cost = size + MESSAGE_COST
        if size < 1 or cost > state.parked:
            raise ValueError("more was consumed than was received")
        state.parked -= cost
        if state.got_close:
            return
        state.taken += cost
        if state.taken >= _GRANT_FROM:
            self._granting[stream] = state

    def close(self, stream: int) -> None:
        """Nothing more comes from us on `stream`; what was sent before still goes out. A second time does nothing."""
        state = self._streams.get(stream)
        if state is None or state.sent_close or state.sent_reset:
            return
        state.sent_close = True
        self._enqueue(header(Type.CLOSE, stream, 0), b"", state)
        if state.got_close:
            self._drop(stream, state)

    def reset(self, stream: int, code: int = 0) -> None:
        """Give `stream` up in both directions: no more events come of it. `code` (u32) tells the peer why."""
        frame = numbered(Type.RESET, stream, code)
        state = self._streams.get(stream)
        if state is None or state.sent_reset:
            return
        state.sent_reset = True
        self._granting.pop(stream, None)
        self._enqueue(frame, b"", state)

    def ping(self, token: int) -> None:
        """Ask for a sign of life: `Ponged(token)`. A token (u64) is used once."""
        self._first.append(numbered(Type.PING, 0, token))
        self._pings.add(token)

    def goaway(self, code: int = 0) -> None:
        """Tell the peer, after all that was sent before, that this session is ending; `code` (u32) says why. Streams go on."""
        self._enqueue(numbered(Type.GOAWAY, 0, code), b"", None)

    # Bookkeeping

    def _add(self, stream: int) -> _Stream:
        state = self._streams[stream] = _Stream(stream & 1)
        self._next_id[stream & 1] += 2
        self._counting[stream & 1] += 1
        return state

    def _enqueue(self, head: bytes, data: bytes, state: _Stream | None) -> None:
        if self._ended:
            return
        if state is not None:
            state.unsent += 1
        self._queue.append((head, data, state))

    def _drop(self, stream: int, state: _Stream) -> None:
        """The stream is gone; its place is free once all frames of it have left."""
        del self._streams[stream]
        self._granting.pop(stream, None)
        state.gone = True
        if not state.unsent:
            self._counting[state.lowest_bit] -= 1

    def _left(self, state: _Stream) -> None:
        state.unsent -= 1
        if state.gone and not state.unsent:
            self._counting[state.lowest_bit] -= 1

    def _end(self) -> None:
        self._ended = True
        self._streams.clear()
        self._granting.clear()
        self._queue.clear()
        self._first.clear()

    def _rekey(self, cipher: CipherState) -> None:
        if cipher.messages % self._rekey_every == 0:
            cipher.rekey()
