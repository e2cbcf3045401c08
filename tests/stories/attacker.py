"""A peer that keeps to no rule: a socket, a WebSocket and a session of which every byte can be chosen.

Blocking, and without the rooms whose manners are tried: only the Noise state and the shapes of frames and records are ours.
"""

from __future__ import annotations

import base64
import contextlib
import os
import socket
import struct
from collections.abc import Callable
from typing import Self

from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.noise import CipherState, HandshakeState, KeyPair
from pk_tui.crypto.seal import SealKey
from pk_tui.records import encode
from pk_tui.wire.frames import Frame, Type, header, numbered, parse
from pk_tui.wire.handshake import PROLOGUE, PROTOCOL, VERSION, Proof
from pk_tui.wire.messages import Hello

PATIENCE = 60.0
"""Seconds an answer, or the end of a connection, may take on a machine that has much else to do."""
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
OPENING = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"


class Gone(Exception):
    """The other side ended the connection."""


class Wire:
    """One TCP connection to an agent, with as much of a WebSocket on it as is asked for."""

    def __init__(self, port: int, patience: float = PATIENCE) -> None:
        try:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        except ConnectionError as error:
            raise Gone from error
        self._buffer = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def raw(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except (ConnectionError, BrokenPipeError) as error:
            raise Gone from error

    def _more(self) -> None:
        try:
            got = self.socket.recv(65536)
        except TimeoutError:
            raise AssertionError("neither an answer nor the end of the connection came in time") from None
        except ConnectionError as error:
            raise Gone from error
        if not got:
            raise Gone
        self._buffer += got

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._more()
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def ended(self) -> None:
        """The other side ends the connection, whatever it says before."""
        try:
            while True:
                self.receive()
        except Gone:
            return

    # HTTP

    def http(self, request: bytes) -> bytes:
        """Everything that is answered until the other side closes."""
        with contextlib.suppress(Gone):  # what was answered before can still be read
            self.raw(request)
        try:
            while True:
                self._more()
        except Gone:
            return bytes(self._buffer)

    def upgrade(self, *more: str, protocol: str | None = "pk-tui.v1", opening: str = OPENING) -> Self:
        """The WebSocket's opening, which the other side must accept."""
        assert self.status(*more, protocol=protocol, opening=opening) == 101
        return self

    def status(self, *more: str, protocol: str | None = "pk-tui.v1", opening: str = OPENING) -> int:
        """The number with which a WebSocket's opening is answered; 0 if the connection ends without one."""
        lines = [f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}", *more]
        if protocol is not None:
            lines.append(f"Sec-WebSocket-Protocol: {protocol}")
        try:
            self.raw((opening + "\r\n".join(lines) + "\r\n\r\n").encode())
            while b"\r\n\r\n" not in self._buffer:
                self._more()
        except Gone:
            return 0
        answer = self._take(self._buffer.index(b"\r\n\r\n") + 4)
        self.says_nothing_of_itself(answer)
        return int(answer.split()[1])

    @staticmethod
    def says_nothing_of_itself(answer: bytes) -> None:
        for word in (b"server:", b"python", b"websockets", b"traceback", b"pk_tui"):
            assert word not in answer.lower()

    # WebSocket frames

    def send(self, message: bytes, opcode: int = BINARY, *, first: int | None = None, masked: bool = True) -> None:
        """One frame, whole unless `first` (the first byte: FIN, reserved bits, opcode) says otherwise."""
        size = len(message)
        mark = 0x80 if masked else 0
        if size < 126:
            head = struct.pack(">B", mark | size)
        elif size < 65536:
            head = struct.pack(">BH", mark | 126, size)
        else:
            head = struct.pack(">BQ", mark | 127, size)
        # A mask of zeros changes nothing, and is allowed.
        self.raw(bytes((0x80 | opcode if first is None else first,)) + head + (bytes(4) if masked else b"") + message)

    def receive(self) -> bytes:
        """The next binary message. Raises Gone when the connection ends; the goodbye is answered."""
        while True:
            first, second = self._take(2)
            size = second & 0x7F
            if size == 126:
                size = int.from_bytes(self._take(2), "big")
            elif size == 127:
                size = int.from_bytes(self._take(8), "big")
            payload = self._take(size)
            if first & 15 == BINARY:
                return payload
            if first & 15 == CLOSE:
                self.send(payload, CLOSE)


# The handshake

Prove = Callable[[SigningKey, bytes, bytes], bytes]


def new_key() -> SigningKey:
    return SigningKey(SealKey.generate())


def proof(key: SigningKey, static: bytes, bound: bytes) -> bytes:
    """What an honest dialler proves itself with."""
    return encode(Proof(VERSION, key.node_id.raw, key.sign("session initiator", static + bound)))


class Dialler:
    """The dialling side of a handshake, step by step."""

    def __init__(self, wire: Wire, key: SigningKey, *, prologue: bytes = PROLOGUE, prove: Prove = proof) -> None:
        self.wire = wire
        self.key = key
        self._prove = prove
        self._static = KeyPair.generate()
        self.noise = HandshakeState(PROTOCOL, initiator=True, prologue=prologue, static=self._static)

    def first(self) -> bytes:
        return self.noise.write(lambda _: b"")

    def third(self, second: bytes) -> bytes:
        """The third message, for the second one."""
        self.noise.read(second)
        return self.noise.write(lambda bound: self._prove(self.key, self._static.public, bound))

    def up_to_third(self) -> bytes:
        """Say the first, hear the second; the third message, not yet sent."""
        self.wire.send(self.first())
        return self.third(self.wire.receive())


class Talk:
    """A session that stands, of which single frames can be sent and seen."""

    def __init__(self, wire: Wire, send: CipherState, receive: CipherState) -> None:
        self.wire = wire
        self.cipher = send
        self._receive = receive
        self._next = 3
        self.seen: list[Frame] = []

    def frames(self, *parts: bytes) -> None:
        """One message that holds these frames."""
        self.wire.send(self.cipher.encrypt(b"".join(parts)))

    def read(self) -> list[Frame]:
        return parse(self._receive.decrypt(self.wire.receive()))

    def hello(self) -> Self:
        self.frames(*request(1, encode(Hello(1, "attacker"))))
        while not any(frame.type is Type.DATA and frame.stream == 2 for frame in self.read()):
            pass
        self.frames(header(Type.CLOSE, 2, 0))
        return self

    def stream(self) -> int:
        """A stream id not used before."""
        self._next += 2
        return self._next - 2

    def ask(self, message: bytes) -> bytes:
        """The first answer to a request; b"" if its stream is closed or reset without one."""
        stream = self.stream()
        self.frames(*request(stream, message))
        while True:
            for frame in self.read():
                if frame.stream == stream:
                    if frame.type is Type.DATA:
                        return frame.data
                    if frame.type in (Type.CLOSE, Type.RESET):
                        return b""

    def is_alive(self) -> bool:
        """True if a ping is answered, after everything that was sent before."""
        token = int.from_bytes(os.urandom(7), "big")
        try:
            self.frames(numbered(Type.PING, 0, token))
            while not any(frame.type is Type.PONG and frame.number == token for frame in self.read()):
                pass
        except Gone:
            return False
        return True


def request(stream: int, message: bytes) -> tuple[bytes, ...]:
    """The frames of a whole request."""
    return (
        header(Type.OPEN, stream, 0),
        header(Type.DATA, stream, len(message)) + message,
        header(Type.CLOSE, stream, 0),
    )


def connect(port: int, key: SigningKey | None = None, *, hello: bool = True) -> Talk:
    """An established session, as an honest dialler sets it up."""
    wire = Wire(port).upgrade()
    dialler = Dialler(wire, key or new_key())
    wire.send(dialler.up_to_third())
    talk = Talk(wire, *dialler.noise.split())
    return talk.hello() if hello else talk
