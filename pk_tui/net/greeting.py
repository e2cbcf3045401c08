"""What is said over a fresh pipe before anything else: the handshake, which proves who both sides are, and a hello from each.

Within which time, and who is let in, is the caller's to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pk_tui import __version__
from pk_tui.crypto.keys import SigningKey
from pk_tui.errors import Malformed, PeerMisbehaved, Unreachable
from pk_tui.net.pipe import Pipe
from pk_tui.terms import NodeId
from pk_tui.wire.events import Event, Opened, Received, WentAway
from pk_tui.wire.handshake import Established, Handshake, Role
from pk_tui.wire.messages import VERSION, Hello, decode_message, encode_message
from pk_tui.wire.session import Session

HELLO_STREAMS = {Role.INITIATOR: 1, Role.RESPONDER: 2}
"""The first stream each side opens."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """A session that has begun. `early` is what happened in it right behind the hello; `bytes_in` and `bytes_out` are what its
    messages have taken so far; `software` is what the peer says it runs."""

    role: Role
    established: Established
    session: Session
    software: str
    early: Sequence[Event]
    bytes_in: int
    bytes_out: int


async def greet(pipe: Pipe, role: Role, signing: SigningKey, expected: NodeId | None) -> Greeting:
    """Shake hands, say hello and hear it: each on the first stream that its side opens, before anything else.

    Raises PeerMisbehaved if the other side does not prove to be `expected` (None: anyone) or breaks the protocol, Unreachable
    if it takes nobody now, and PipeClosed.
    """
    established = await _shake_hands(pipe, Handshake(role, signing, expected), role)
    session = Session(role, established)
    own = session.open()
    session.send(own, encode_message(Hello(VERSION, f"pk-tui {__version__}")))
    session.close(own)
    bytes_in, bytes_out = 0, await flush(session, pipe)
    theirs = HELLO_STREAMS[role.other]
    events: list[Event] = []
    while len(events) < 2:
        message = await pipe.receive()
        bytes_in += len(message)
        events += session.receive(message)
    match events:
        case [Opened(stream=opened), Received(stream=heard, data=data), *early] if opened == heard == theirs:
            software = _read_hello(data).software
        case [WentAway(), *_]:
            raise Unreachable("The other side does not take another connection now.")
        case _:
            raise PeerMisbehaved("The peer asked for something before it said hello.")
    session.consumed(theirs, len(data))
    session.close(theirs)
    return Greeting(role, established, session, software, early, bytes_in, bytes_out)


async def flush(session: Session, pipe: Pipe) -> int:
    """Send what is in line, while nobody else does; how many bytes it was."""
    size = 0
    while (message := session.outgoing()) is not None:
        await pipe.send(message)
        size += len(message)
    return size


async def _shake_hands(pipe: Pipe, handshake: Handshake, role: Role) -> Established:
    if role is Role.INITIATOR:
        await pipe.send(handshake.start())
    while handshake.established is None:
        reply = handshake.receive(await pipe.receive())
        if reply is not None:
            await pipe.send(reply)
    return handshake.established


def _read_hello(data: bytes) -> Hello:
    try:
        return decode_message(data, Hello)
    except Malformed as error:
        raise PeerMisbehaved("The peer said something else where it should have said hello.") from error
