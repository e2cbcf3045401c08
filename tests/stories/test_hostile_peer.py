"""Whatever a peer sends, it harms nobody but itself: others are answered, nothing changes, nothing grows, nothing is told.

One real agent is attacked with everything below, while another, honest one stays connected to it. After each attack the
honest one is still served over the connection it had all along, and the state is as it was before.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import socket
import ssl
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from stories.attacker import BINARY, CLOSE, PING, TEXT, Dialler, Gone, Talk, Wire, connect, new_key, proof, request
from stories.harness import Node, introduce
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as honest_websocket

from pk_tui.agent.payloads import GeneralBody
from pk_tui.control import client
from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.noise import KeyPair
from pk_tui.net.doorstep import MAX_STRANGERS_PER_HOST
from pk_tui.records import encode
from pk_tui.terms import NodeId, VaultId
from pk_tui.trust.admission import INBOX_PER_SENDER, REQUESTS_PER_SENDER
from pk_tui.wire.frames import MAX_U32, Type, header, numbered
from pk_tui.wire.handshake import Proof
from pk_tui.wire.messages import Ack, Failure, Hello, Notify, Offers, Scan, Transfer, TransferBegin, decode_message
from pk_tui.wire.session import MAX_STREAMS, WINDOW

pytestmark = pytest.mark.timeout(120)

MAY_GROW = 30 * 1024
"""KiB of resident memory that all attacks together may leave behind."""
CANARY = "canary-4711"
"""In everything that is sent: it may not come up in the log."""
LOG_LINE = re.compile(
    r"(answering a peer failed|[a-z ]+ (ended|failed)): [A-Za-z_]+|refused [a-z]+ to a peer: [\w ,.]+"
)
LOW_ORDER = [
    bytes(32),
    (1).to_bytes(32, "little"),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    (2**255 - 20).to_bytes(32, "little"),
    (2**255 - 19).to_bytes(32, "little"),
    (2**255 - 18).to_bytes(32, "little"),
]
"""The points of X25519 with which every key agrees on zero."""


def answer_to(node: Node, *arguments: str) -> bytes:
    """The output of a command, asked for at the agent's control socket as the command line does; there are a thousand of them."""
    bare = client.connect(str(node.path))
    assert bare is not None
    line = socket.socket(fileno=bare.detach())
    first = client.command(client.hoist(["--format", "json", *arguments]))
    with line, line.makefile("rb") as frames:
        line.sendall(bytes((client.COMMAND,)) + len(first).to_bytes(4, "big") + first)
        said = {client.OUT: b"", client.ERR: b"", client.EXIT: b""}
        while not said[client.EXIT]:
            head = frames.read(5)
            said[head[0]] += frames.read(int.from_bytes(head[1:], "big"))
    assert said[client.EXIT] == b"0", (arguments, said)
    return said[client.OUT]


def asked(node: Node, *arguments: str) -> Any:
    return json.loads(answer_to(node, *arguments))


@dataclass
class Town:
    """The attacked agent, the honest one, and an insider: trusted by the attacked, with a vault shared to it, and hostile."""

    victim: Node
    honest: Node
    insider: SigningKey
    private: VaultId
    shared: VaultId
    before: dict[str, Any] = field(default_factory=dict)
    resident_before: int = 0

    @property
    def port(self) -> int:
        return self.victim.port

    def wire(self) -> Wire:
        return Wire(self.port)

    def socket(self) -> Wire:
        """A WebSocket on which nothing was said yet."""
        return Wire(self.port).upgrade()

    def talk(self, key: SigningKey | None = None) -> Talk:
        return connect(self.port, key)

    # What must hold after every attack

    def state(self) -> dict[str, Any]:
        """What an attack may not change."""
        victim, honest = self.victim, self.honest
        assert asked(honest, "nodes", "ping", victim.node_id)["rtt_ms"] < 5000
        return {
            "vaults": asked(victim, "vaults", "list"),
            "nodes": [(row["node_id"], row["trusted"]) for row in asked(victim, "nodes", "list")],
            "inbox": [
                (row["notification_id"], row["type"], row["data"])
                for row in asked(victim, "notifications", "inbox", "read")
                if row["from"] == honest.node_id
            ],
            "scan": asked(honest, "vaults", "scan", victim.node_id),
            # Not even for a moment was the honest one cut off: it is the same connection still.
            "connections": [
                row["since"] for row in asked(honest, "nodes", "connections") if row["node_id"] == victim.node_id
            ],
        }

    def resident(self) -> int:
        lines = Path(f"/proc/{self.victim.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

    def still_stands(self) -> None:
        assert answer_to(self.victim, "secrets", "cat", "private:a") == b"a secret"
        assert self.state() == self.before
        assert self.resident() - self.resident_before < MAY_GROW
        log = (self.victim.path / "agent.log").read_bytes()
        assert CANARY.encode() not in log
        for line in log.decode("ascii").splitlines():
            assert LOG_LINE.fullmatch(line), line

    def count(self, box: str, sender: NodeId) -> int:
        return sum(row["from"] == str(sender) for row in asked(self.victim, "notifications", box, "read"))


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    base = Path(tempfile.mkdtemp(prefix="pk-"))
    nodes = [Node(base / name).bootstrap().start() for name in ("victim", "honest")]
    try:
        yield _settled(*nodes)
    finally:
        for node in nodes:
            node.kill()
        shutil.rmtree(base, ignore_errors=True)


def _settled(victim: Node, honest: Node) -> Town:
    introduce(victim, honest)
    insider = new_key()
    victim.json("identities", "trust", str(insider.node_id))
    ids = {}
    for name in ("private", "shared", "open"):
        ids[name] = VaultId.parse(victim.json("vaults", "create", name)["vault_id"])
    victim.write("private:a", b"a secret")
    victim.write("shared:large", os.urandom(4 * 1024 * 1024))
    victim.json("vaults", "share", "shared", str(insider.node_id))
    victim.json("vaults", "share", "open", honest.node_id)
    honest.json("notifications", "send", victim.node_id, "hello")
    end = time.monotonic() + 60
    while not victim.json("notifications", "inbox", "read") and time.monotonic() < end:
        time.sleep(0.05)  # the delivery is another process's doing
    town = Town(victim, honest, insider, ids["private"], ids["shared"])
    # Once what every kind of service costs at its first use, so that only growth is measured.
    assert town.talk(insider).ask(encode(Transfer(town.shared.raw, "clone", ())))
    assert town.talk().ask(encode(Scan()))
    honest.json("vaults", "scan", victim.node_id)
    end = time.monotonic() + 60
    while len(honest.json("nodes", "connections")) != 1 and time.monotonic() < end:
        time.sleep(0.05)
    town.before = town.state()
    assert len(town.before["scan"]) == len(town.before["inbox"]) == len(town.before["connections"]) == 1
    town.resident_before = town.resident()
    return town


Attack = Callable[[Town], None]
ATTACKS: dict[str, Attack] = {}


def attack(work: Attack) -> Attack:
    ATTACKS[work.__name__.strip("_")] = work
    return work


def each(values: dict[str, Any]) -> Callable[[Callable[[Town, Any], None]], None]:
    """One attack for each value."""

    def add(work: Callable[[Town, Any], None]) -> None:
        for name, value in values.items():
            ATTACKS[f"{work.__name__.strip('_')}: {name}"] = lambda town, value=value: work(town, value)

    return add


# On the socket


@each(
    {
        "noise": os.urandom(4096),
        "nothing but newlines": b"\r\n" * 4096,
        "a request without an upgrade": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "another method, and a body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /",
        "two lengths": b"GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        "an older version": b"GET / HTTP/1.0\r\n\r\n",
        "a header without an end": b"GET / HTTP/1.1\r\nX: " + b"x" * 1_000_000,
        "a request line without an end": b"GET /" + b"x" * 1_000_000,
        "500 headers": b"GET / HTTP/1.1\r\n" + b"X: canary-4711\r\n" * 500 + b"\r\n",
        "zero bytes in a header": b"GET / HTTP/1.1\r\nX: \0\0\r\n\r\n",
        "a greeting of ssh": b"SSH-2.0-canary-4711\r\n",
    }
)
def _http_that_is_none(town: Town, said: bytes) -> None:
    with town.wire() as wire:
        answer = wire.http(said)
        assert b" 101 " not in answer
        wire.says_nothing_of_itself(answer)


@attack
def _a_tls_hello(town: Town) -> None:
    context = ssl.create_default_context()
    with pytest.raises((ssl.SSLError, ConnectionError)), town.wire() as wire:
        context.wrap_socket(wire.socket, server_hostname="localhost")


@each(
    {
        "from a web page": (403, ["Origin: https://example.org"], {}),
        "from a page without an origin": (403, ["Origin: null"], {}),
        "for no protocol": (400, [], {"protocol": None}),
        "for another protocol": (400, [], {"protocol": "chat, superchat"}),
        "for another path": (404, [], {"opening": "GET /canary-4711 HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                      "Sec-WebSocket-Version: 13\r\nHost: x\r\n"}),
        "with 200 headers": (431, [f"X-{number}: {CANARY}" for number in range(200)], {}),
        "with one header of 9 KiB": (431, [f"X: {'x' * 9216}"], {}),
    }
)  # fmt: skip
def _an_opening(town: Town, given: tuple[int, list[str], dict[str, Any]]) -> None:
    number, headers, options = given
    with town.wire() as wire:
        assert wire.status(*headers, **options) == number


@attack
def _compression_that_nobody_agreed_to(town: Town) -> None:
    with town.wire() as wire:
        wire.upgrade("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
        wire.send(b"\xca\xbd" * 100, first=0x80 | 0x40 | BINARY)
        wire.ended()


@each(
    {
        "one longer than allowed": lambda wire: wire.send(bytes(65_536)),
        "a length of 2^62": lambda wire: wire.raw(b"\x82\xff" + struct.pack(">Q", 1 << 62) + bytes(4) + bytes(1000)),
        "a length of 2^64 - 1": lambda wire: wire.raw(b"\x82\xff" + b"\xff" * 8 + bytes(4)),
        "one that is not masked": lambda wire: wire.send(bytes(32), masked=False),
        "one of an unknown kind": lambda wire: wire.send(bytes(32), opcode=5),
        "reserved bits": lambda wire: wire.send(bytes(32), first=0x80 | 0x30 | BINARY),
        "a continuation of nothing": lambda wire: wire.send(bytes(32), opcode=0),
        "a ping too long": lambda wire: wire.send(bytes(200), opcode=PING),
        "a goodbye of one byte": lambda wire: wire.send(b"x", opcode=CLOSE),
        "a goodbye in bad UTF-8": lambda wire: wire.send(b"\x03\xe8\xff\xfe", opcode=CLOSE),
        "a message within a message": lambda wire: (wire.send(b"x", first=BINARY), wire.send(b"x")),
        "text in bad UTF-8": lambda wire: wire.send(b"\xff\xfe" + CANARY.encode(), opcode=TEXT),
        "an endless message": lambda wire: [wire.send(b"x" * 1000, first=0 if n else BINARY) for n in range(80)],
        "a message of 5,000 empty pieces": lambda wire: [wire.send(b"", first=0 if n else BINARY) for n in range(5000)],
    }
)
def _a_frame_of_the_websocket(town: Town, send: Callable[[Wire], object]) -> None:
    with town.socket() as wire:
        try:
            send(wire)
        except Gone:
            return
        wire.ended()


@attack
def _text_from_an_honest_websocket(town: Town) -> None:
    with (
        honest_websocket(f"ws://127.0.0.1:{town.port}/", subprotocols=["pk-tui.v1"], compression=None) as line,  # type: ignore[list-item]
    ):
        line.send(f"hello {CANARY}")
        with pytest.raises(ConnectionClosed):
            line.recv(timeout=60)


@attack
def _a_flood_of_websocket_pings_whose_answers_are_not_read(town: Town) -> None:
    with town.socket() as wire:
        ping = b"\x89\xfd" + bytes(4) + bytes(125)
        try:
            wire.socket.settimeout(1)
            for _ in range(300):
                wire.raw(ping * 1000)
        except (Gone, TimeoutError):
            pass  # cut off, or no longer read
        town.still_stands()


@attack
def _connections_that_come_and_go(town: Town) -> None:
    for number in range(300):
        with town.wire() as wire:
            if number % 3 == 1:
                wire.raw(b"GET / HT")
            elif number % 3 == 2 and wire.status() == 101:
                wire.send(os.urandom(32))


@attack
def _hundreds_of_half_open_connections(town: Town) -> None:
    with ExitStack() as stack:
        open_ones = {stack.enter_context(town.wire()).socket for _ in range(300)}
        # All but the few that are let stand on the doorstep are cut off at once.
        while len(open_ones) > MAX_STRANGERS_PER_HOST:
            cut = select.select(list(open_ones), (), (), 5)[0]
            assert cut, f"{len(open_ones)} are kept"
            for one in cut:
                with contextlib.suppress(ConnectionError):
                    assert one.recv(1) == b""
            open_ones.difference_update(cut)
        town.still_stands()


@attack
def _stalling_at_every_step(town: Town) -> None:
    """Each is given some seconds, all of them at once here; and meanwhile the honest one is served."""
    with ExitStack() as stack:
        silent, half, upgraded, first, second = (stack.enter_context(Wire(town.port)) for _ in range(5))
        half.raw(b"GET / HTTP/1.1\r\nHost: x\r\n")
        upgraded.upgrade()
        first.upgrade()
        first.send(Dialler(first, new_key()).first())
        second.upgrade()
        Dialler(second, new_key()).up_to_third()
        no_hello = connect(town.port, hello=False).wire
        stack.enter_context(no_hello)
        no_hello.socket.settimeout(60.0)
        town.still_stands()
        begun = time.monotonic()
        for wire in (silent, half, upgraded, first, second, no_hello):
            wire.ended()
        assert time.monotonic() - begun < 60.0


# In the handshake


def _refused(wire: Wire) -> None:
    """The connection ends without one more message."""
    with pytest.raises(Gone):
        wire.receive()


@each({f"{size} bytes": os.urandom(size) for size in (0, 1, 31, 33, 96, 512, 513, 65_535)})
def _a_first_message_of(town: Town, said: bytes) -> None:
    with town.socket() as wire:
        wire.send(said)
        _refused(wire)


@each({f"number {number}": point for number, point in enumerate(LOW_ORDER)})
def _a_key_that_shares_nothing(town: Town, point: bytes) -> None:
    with town.socket() as wire:
        wire.send(point)
        _refused(wire)


@each(
    {
        "noise": lambda third: os.urandom(len(third)),
        "nothing": lambda _: b"",
        "noise of 65,535 bytes": lambda _: os.urandom(65_535),
        "its first half": lambda third: third[: len(third) // 2],
        "all but its last byte": lambda third: third[:-1],
        "one byte more": lambda third: third + b"\0",
        "its own key only": lambda third: third[:48],
    }
)
def _a_third_message_of(town: Town, altered: Callable[[bytes], bytes]) -> None:
    with town.socket() as wire:
        wire.send(altered(Dialler(wire, new_key()).up_to_third()))
        _refused(wire)


@attack
def _a_third_message_with_any_bit_turned(town: Town) -> None:
    length = len(Dialler(wire := town.socket(), new_key()).up_to_third())
    wire.socket.close()
    for at in range(0, length, 7):
        with town.socket() as wire:
            third = bytearray(Dialler(wire, new_key()).up_to_third())
            third[at] ^= 1 << at % 8
            wire.send(bytes(third))
            _refused(wire)


@attack
def _a_second_message_sent_back(town: Town) -> None:
    with town.socket() as wire:
        wire.send(Dialler(wire, new_key()).first())
        wire.send(wire.receive())
        _refused(wire)


@attack
def _its_own_third_message_played_back_at_it(town: Town) -> None:
    """Two connections, each fed with what the other says: a node that answers itself proves nothing."""
    with town.socket() as one, town.socket() as other:
        one.send(Dialler(one, new_key()).first())
        second = one.receive()
        other.send(second[:32])
        other.receive()
        other.send(second)
        _refused(other)


@attack
def _a_whole_recorded_handshake_again(town: Town) -> None:
    with town.socket() as wire:
        dialler = Dialler(wire, town.insider)
        first = dialler.first()
        wire.send(first)
        third = dialler.third(wire.receive())
        wire.send(third)
        assert Talk(wire, *dialler.noise.split()).hello().is_alive()
    with town.socket() as wire:
        wire.send(first)
        wire.receive()
        wire.send(third)
        _refused(wire)


def _claimed(node: bytes, signature: bytes, version: int = 1) -> bytes:
    return msgspec.msgpack.encode(["session1", version, node, signature])


def _signed(key: SigningKey, purpose: str, node: bytes | None = None, version: int = 1) -> Callable[..., bytes]:
    return lambda _, static, bound: _claimed(node or key.node_id.raw, key.sign(purpose, static + bound), version)


OTHER = new_key()


@each(
    {
        "made with another key": _signed(OTHER, "session initiator", new_key().node_id.raw),
        "for the other role": _signed(OTHER, "session responder"),
        "for another purpose": _signed(OTHER, "head"),
        "of another handshake": lambda key, static, bound: proof(key, static, os.urandom(32)),
        "of another session key": lambda key, static, bound: proof(key, KeyPair.generate().public, bound),
        "of version 0": _signed(OTHER, "session initiator", version=0),
        "of version 2": _signed(OTHER, "session initiator", version=2),
        "of version true": _signed(OTHER, "session initiator", version=True),
        "of an id of 31 bytes": _signed(OTHER, "session initiator", OTHER.node_id.raw[:31]),
        "of a node of low order": lambda key, static, bound: _claimed(b"\1" + bytes(31), b"\1" + bytes(63)),
        "of a node that is zero": lambda key, static, bound: _claimed(bytes(32), bytes(64)),
        "with bytes after it": lambda key, static, bound: proof(key, static, bound) + b"\0",
        "with another field": lambda key, static, bound: b"\x95" + proof(key, static, bound)[1:] + b"\0",
        "with 60,000 bytes after it": lambda key, static, bound: proof(key, static, bound) + bytes(60_000),
        "as a map": lambda key, static, bound: msgspec.msgpack.encode({"node": key.node_id.raw}),
        "left out": lambda key, static, bound: b"",
    }
)
def _a_proof(town: Town, prove: Callable[[SigningKey, bytes, bytes], bytes]) -> None:
    with town.socket() as wire:
        dialler = Dialler(wire, new_key(), prove=prove)
        wire.send(dialler.up_to_third())
        _refused(wire)


@attack
def _a_proof_of_the_agents_own_id(town: Town) -> None:
    """The signature that the agent itself made in message 2 is what comes nearest."""
    with town.socket() as wire:
        dialler = Dialler(wire, new_key())
        wire.send(dialler.first())
        payload, _ = dialler.noise.read(wire.receive())
        theirs = msgspec.msgpack.decode(payload)
        assert theirs[2] == NodeId.parse(town.victim.node_id).raw
        wire.send(dialler.noise.write(lambda _: payload))
        _refused(wire)


@attack
def _another_prologue(town: Town) -> None:
    with town.socket() as wire:
        dialler = Dialler(wire, new_key(), prologue=b"pk-tui/noise/0")
        wire.send(dialler.first())
        wire.receive()
        wire.send(os.urandom(196))
        _refused(wire)


# Once the session stands


@each(
    {
        "a scan": encode(Scan()),
        "a notification": encode(Notify(bytes(16), "General", encode(GeneralBody(CANARY)), 1)),
        "nothing that is a record": CANARY.encode(),
        "a hello of version 0": msgspec.msgpack.encode(["hello1", 0, CANARY]),
        "a hello of 65 letters": msgspec.msgpack.encode(["hello1", 1, "x" * 65]),
    }
)
def _before_the_hello(town: Town, said: bytes) -> None:
    talk = connect(town.port, hello=False)
    talk.frames(*request(1, said))
    talk.wire.ended()


@attack
def _a_first_stream_with_another_number(town: Town) -> None:
    talk = connect(town.port, hello=False)
    talk.frames(*request(3, encode(Hello(1, CANARY))))
    talk.wire.ended()


@each(
    {
        "a type that does not exist": [struct.pack(">BBIH", 9, 0, 3, 0)],
        "type 0": [bytes(8)],
        "flags": [struct.pack(">BBIH", 1, 1, 3, 0)],
        "a frame cut in its header": [header(Type.OPEN, 3, 0)[:5]],
        "a frame longer than its message": [header(Type.OPEN, 3, 0), header(Type.DATA, 3, 65_535) + b"x"],
        "a message without a frame": [b""],
        "an OPEN with data": [header(Type.OPEN, 3, 4) + bytes(4)],
        "DATA before OPEN": [header(Type.DATA, 3, 4) + bytes(4)],
        "DATA on no stream": [header(Type.DATA, 0, 4) + bytes(4)],
        "empty DATA": [header(Type.OPEN, 3, 0), header(Type.DATA, 3, 0)],
        "DATA on the stream of the hello": [header(Type.DATA, 1, 4) + bytes(4)],
        "DATA on a stream of the other side's": [header(Type.DATA, 2, 4) + bytes(4)],
        "DATA after CLOSE": [header(Type.OPEN, 3, 0), header(Type.CLOSE, 3, 0), header(Type.DATA, 3, 1) + b"x"],
        "CLOSE twice": [header(Type.OPEN, 3, 0), header(Type.CLOSE, 3, 0), header(Type.CLOSE, 3, 0)],
        "CLOSE of nothing": [header(Type.CLOSE, 9, 0)],
        "OPEN twice": [header(Type.OPEN, 3, 0), header(Type.OPEN, 3, 0)],
        "OPEN out of order": [header(Type.OPEN, 5, 0)],
        "OPEN with the other side's number": [header(Type.OPEN, 4, 0)],
        "OPEN of the last number there is": [header(Type.OPEN, MAX_U32, 0)],
        "OPEN of no stream": [header(Type.OPEN, 0, 0)],
        "65 streams": [header(Type.OPEN, 3 + 2 * number, 0) for number in range(MAX_STREAMS + 1)],
        "10,000 streams": [header(Type.OPEN, 3 + 2 * number, 0) for number in range(8_000)],
        "RESET of nothing": [numbered(Type.RESET, 99, 0)],
        "credit for a stream that never was": [numbered(Type.CREDIT, 99, 1)],
        "credit of nothing": [header(Type.OPEN, 3, 0), numbered(Type.CREDIT, 3, 0)],
        "credit where none was used": [header(Type.OPEN, 3, 0), numbered(Type.CREDIT, 3, 1)],
        "credit that would run over": [header(Type.OPEN, 3, 0), numbered(Type.CREDIT, 3, MAX_U32)],
        "credit of 5 bytes": [header(Type.OPEN, 3, 0), header(Type.CREDIT, 3, 5) + bytes(5)],
        "a ping on a stream": [header(Type.PING, 3, 8) + bytes(8)],
        "an answer to no ping": [numbered(Type.PONG, 0, 4711)],
        "8,000 pings in one message": [numbered(Type.PING, 0, 1)] * 4_000,
    }
)
def _frames(town: Town, parts: list[bytes]) -> None:
    talk = town.talk()
    talk.frames(*parts)
    talk.wire.ended()


@attack
def _more_than_there_is_credit_for(town: Town) -> None:
    talk = town.talk(town.insider)
    stream = talk.stream()
    talk.frames(header(Type.OPEN, stream, 0))
    talk.frames(header(Type.DATA, stream, 40) + encode(Transfer(town.shared.raw, "clone", ())).ljust(40, b"\0")[:40])
    with contextlib.suppress(Gone):
        for _ in range(2 * WINDOW // 60_000):
            talk.frames(header(Type.DATA, stream, 60_000) + bytes(60_000))
    talk.wire.ended()


@attack
def _parking_as_much_as_credit_lets(town: Town) -> None:
    """64 streams, each filled up behind a request that is being answered and not read."""
    talk = town.talk(town.insider)
    asked = encode(Transfer(town.shared.raw, "clone", ()))
    for _ in range(MAX_STREAMS):
        stream = talk.stream()
        try:
            talk.frames(header(Type.OPEN, stream, 0), header(Type.DATA, stream, len(asked)) + asked)
            for _ in range(4):
                talk.frames(header(Type.DATA, stream, 65_000) + bytes(65_000))
        except Gone:
            break
    town.still_stands()


@each(
    {
        "again": lambda one, two: [one, one],
        "in another order": lambda one, two: [two, one],
        "with one left out": lambda one, two: [two],
        "with a bit turned": lambda one, two: [bytes((one[0] ^ 1,)) + one[1:]],
        "cut": lambda one, two: [one[:-1]],
        "cut to nothing": lambda one, two: [b""],
        "cut below a seal": lambda one, two: [one[:15]],
        "with another after it": lambda one, two: [one + two],
        "replaced by noise": lambda one, two: [os.urandom(65_535)],
    }
)
def _sealed_messages(town: Town, sent: Callable[[bytes, bytes], list[bytes]]) -> None:
    talk = town.talk()
    one, two = (talk.cipher.encrypt(numbered(Type.PING, 0, number)) for number in (1, 2))
    for message in sent(one, two):
        talk.wire.send(message)
    talk.wire.ended()


@attack
def _a_message_of_another_session(town: Town) -> None:
    one, other = town.talk(), town.talk()
    one.wire.send(other.cipher.encrypt(numbered(Type.PING, 0, 1)))
    other.cipher.messages -= 1
    one.wire.ended()
    assert other.is_alive()


def _array(tag: str, *fields: object) -> bytes:
    return msgspec.msgpack.encode([tag, *fields])


@each(
    {
        "an unknown tag": _array("scan2"),
        "the tag of an answer": encode(Ack()),
        "a failure": encode(Failure("busy", CANARY)),
        "a hello once more": encode(Hello(1, CANARY)),
        "offers": encode(Offers(())),
        "a piece of a transfer": b"\0" + CANARY.encode(),
        "no tag": msgspec.msgpack.encode([]),
        "a number": b"\x01",
        "a map": msgspec.msgpack.encode({"type": "scan1"}),
        "a map with a key twice": b"\x82\xa4type\xa5scan1\xa4type\xa5scan1",
        "bytes after it": encode(Scan()) + b"\0",
        "a field too many": _array("scan1", CANARY),
        "60,000 arrays in one another": b"\x91" * 60_000,
        "60,000 maps in one another": b"\x81\x01" * 30_000,
        "an array said to have 2^32 - 1 fields": b"\xdd\xff\xff\xff\xff\xa5scan1",
        "a map said to have 2^32 - 1 entries": b"\xdf\xff\xff\xff\xff",
        "a text said to have 2^32 - 1 letters": b"\x91\xdb\xff\xff\xff\xffscan1",
        "bytes said to be 2^32 - 1": b"\x94\xa9transfer1\xc6\xff\xff\xff\xff",
        "an extension": b"\x91\xc7\x04\x63evil",
        "a time stamp of msgpack": b"\x91\xd6\xff\0\0\0\0",
        "bad UTF-8": b"\x91\xa5\xff\xfe\xfd\xfc\xfb",
        "a lone surrogate": b"\x95\xa7notify1\xc4\x10" + bytes(16) + b"\xa3\xed\xa0\x80\xc4\x00\x01",
        "a byte that is never used": b"\xc1",
        "cut": encode(Notify(bytes(16), "General", encode(GeneralBody(CANARY)), 1))[:-3],
        "a transfer of a number": _array("transfer1", 7, "clone", []),
        "a transfer of 17 bytes": _array("transfer1", bytes(17), "clone", []),
        "a transfer of another word": _array("transfer1", bytes(16), "scan", []),
        "a transfer of the word claim": _array("transfer1", bytes(16), "claim", []),
        "a transfer with 65 haves": _array("transfer1", bytes(16), "pull", [bytes(20)] * 65),
        "a transfer with a have of 19 bytes": _array("transfer1", bytes(16), "pull", [bytes(19)]),
        "a notification of 4,097 bytes": _array("notify1", bytes(16), "General", bytes(4097), 1),
        "a notification of no type": _array("notify1", bytes(16), "", b"", 1),
        "a notification of a type of 65 letters": _array("notify1", bytes(16), "x" * 65, b"", 1),
        "a notification from before 1970": _array("notify1", bytes(16), "General", b"", -1),
        "a notification from after all time": _array("notify1", bytes(16), "General", b"", 2**64 - 1),
        "a notification at no number": _array("notify1", bytes(16), "General", b"", float("nan")),
        "a notification at true": _array("notify1", bytes(16), "General", b"", True),
        "more than a record may have": _array("notify1", bytes(16), "General", bytes(61_000), 1),
    }
)
def _a_request_of(town: Town, said: bytes) -> None:
    talk = town.talk()
    talk.frames(*request(talk.stream(), said))
    talk.wire.ended()


@each({"clone": "clone", "pull": "pull"})
def _a_transfer_that_is_not_permitted(town: Town, action: Any) -> None:
    """What is not there, what is not shared, and what is shared with others: the same words, byte for byte."""
    haves = ((), (bytes(20),) * 64)
    asked = [encode(Transfer(vault, action, have)) for vault in (bytes(16), town.private.raw) for have in haves]
    answers = {talk.ask(message) for talk in (town.talk(), town.talk(town.insider)) for message in asked}
    answers.add(town.talk().ask(encode(Transfer(town.shared.raw, action, ()))))
    assert len(answers) == 1
    assert decode_message(answers.pop(), Failure).reason == "refused"


@attack
def _a_scan_that_is_not_permitted(town: Town) -> None:
    assert decode_message(town.talk().ask(encode(Scan())), Failure).reason == "refused"


@each(
    {
        "of an unknown type": ("\x1b]0;canary-4711\x07", encode(GeneralBody("x"))),
        "with the body of another type": ("VaultShare", encode(GeneralBody(CANARY))),
        "without a body": ("General", b""),
        "with a body that is no record": ("General", b"\xff" * 4096),
        "with a bomb as its body": ("VaultShare", b"\x91" * 4096),
        "with a message too long": ("General", msgspec.msgpack.encode(["general1", "x" * 3001])),
        "with a body and bytes after it": ("General", encode(GeneralBody(CANARY)) + b"\0"),
    }
)
def _a_notification(town: Town, given: tuple[str, bytes]) -> None:
    for key in (new_key(), town.insider):
        talk = town.talk(key)
        answer = talk.ask(encode(Notify(os.urandom(16), *given, 1)))
        assert decode_message(answer, Failure).reason == "malformed"
        assert talk.is_alive()
        assert town.count("inbox", key.node_id) == town.count("requests", key.node_id) == 0


# Too much of what is allowed


def _flood(talk: Talk, messages: Iterator[bytes]) -> int:
    """Ask as fast as 60 at a time allow; how many were answered."""
    under_way: set[int] = set()
    answered = 0
    more = True
    while more or under_way:
        parts: list[bytes] = []
        while more and len(under_way) < 60 and len(parts) < 100:
            message = next(messages, None)
            if message is None:
                more = False
                break
            stream = talk.stream()
            under_way.add(stream)
            parts += request(stream, message)
        for at in range(0, len(parts), 60):  # of 20 requests, which fit into one message
            talk.frames(*parts[at : at + 60])
        if under_way:
            for frame in talk.read():
                if frame.type in (Type.CLOSE, Type.RESET) and frame.stream in under_way:
                    under_way.discard(frame.stream)
                    answered += 1
    return answered


def _notes(count: int, same: bytes | None = None) -> Iterator[bytes]:
    body = encode(GeneralBody(CANARY + "x" * 2000))
    for _ in range(count):
        yield encode(Notify(same or os.urandom(16), "General", body, 1))


@attack
def _ten_thousand_notifications_of_a_stranger(town: Town) -> None:
    key = new_key()
    assert _flood(town.talk(key), _notes(10_000)) == 10_000
    assert town.count("requests", key.node_id) == REQUESTS_PER_SENDER


@attack
def _ten_thousand_notifications_of_one_who_is_trusted(town: Town) -> None:
    assert _flood(town.talk(town.insider), _notes(10_000)) == 10_000
    assert town.count("inbox", town.insider.node_id) == INBOX_PER_SENDER


@attack
def _one_notification_a_thousand_times(town: Town) -> None:
    key = new_key()
    assert _flood(town.talk(key), _notes(1000, same=os.urandom(16))) == 1000
    assert town.count("requests", key.node_id) == 1


@attack
def _five_thousand_scans(town: Town) -> None:
    assert _flood(town.talk(town.insider), (encode(Scan()) for _ in range(5000))) == 5000


@attack
def _scans_whose_answers_are_not_read(town: Town) -> None:
    talk = town.talk(town.insider)
    for _ in range(MAX_STREAMS):
        talk.frames(*request(talk.stream(), encode(Scan())))
    town.still_stands()


@attack
def _a_storm_of_resets(town: Town) -> None:
    """Transfers asked for and given up at once, as many as may be under way, again and again."""
    talk = town.talk(town.insider)
    asked = encode(Transfer(town.shared.raw, "clone", ()))
    for _ in range(50):
        for _ in range(MAX_STREAMS):
            stream = talk.stream()
            begin = header(Type.OPEN, stream, 0), header(Type.DATA, stream, len(asked)) + asked
            talk.frames(*begin, numbered(Type.RESET, stream, MAX_U32))
        confirmed = 0
        while confirmed < MAX_STREAMS:
            confirmed += sum(frame.type is Type.RESET for frame in talk.read())
    assert talk.is_alive()
    town.still_stands()


@attack
def _resets_without_waiting_for_their_confirmation(town: Town) -> None:
    talk = town.talk()
    with contextlib.suppress(Gone):
        for _ in range(3000):
            stream = talk.stream()
            talk.frames(header(Type.OPEN, stream, 0), numbered(Type.RESET, stream, 0))
    town.still_stands()


@attack
def _streams_opened_and_closed_without_a_word(town: Town) -> None:
    talk = town.talk()
    for _ in range(100):
        streams = [talk.stream() for _ in range(50)]
        talk.frames(*(header(Type.OPEN, stream, 0) + header(Type.CLOSE, stream, 0) for stream in streams))
        closed = 0
        while closed < 50:
            closed += sum(frame.type is Type.CLOSE for frame in talk.read())
    assert talk.is_alive()


@attack
def _ten_thousand_pings(town: Town) -> None:
    talk = town.talk()
    answered = 0
    for _ in range(500):
        talk.frames(*(numbered(Type.PING, 0, 7) for _ in range(20)))
        while answered % 20 or not answered:
            answered += sum(frame.type is Type.PONG for frame in talk.read())
        assert answered == 20
        answered = 0
    assert talk.is_alive()


@attack
def _pings_whose_answers_are_not_read(town: Town) -> None:
    talk = town.talk()
    talk.wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    talk.wire.socket.settimeout(1)
    try:
        for _ in range(20_000):
            talk.frames(*(numbered(Type.PING, 0, 7) for _ in range(30)))
    except (Gone, TimeoutError):
        pass  # ended, or no longer read
    town.still_stands()


@attack
def _transfers_that_are_asked_for_and_never_given_credit(town: Town) -> None:
    with ExitStack() as stack:
        talk = town.talk(town.insider)
        stack.callback(talk.wire.socket.close)
        asked = encode(Transfer(town.shared.raw, "clone", ()))
        for _ in range(MAX_STREAMS):
            talk.frames(*request(talk.stream(), asked))
        began = 0
        while began < WINDOW // 2:
            began += sum(len(frame.data) for frame in talk.read())
        town.still_stands()


@attack
def _a_transfer_that_is_read_one_byte_at_a_time(town: Town) -> None:
    talk = town.talk(town.insider)
    talk.wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    talk.frames(*request(talk.stream(), encode(Transfer(town.shared.raw, "clone", ()))))
    for _ in range(1000):
        assert talk.wire.socket.recv(1)
    town.still_stands()
    talk.wire.socket.close()


@attack
def _a_transfer_left_in_the_middle(town: Town) -> None:
    for _ in range(20):
        talk = town.talk(town.insider)
        answer = talk.ask(encode(Transfer(town.shared.raw, "clone", ())))
        assert decode_message(answer, TransferBegin)
        talk.wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        talk.wire.socket.close()  # without a goodbye, and with unread data: TCP itself resets


@attack
def _hundreds_of_connections_of_one_node(town: Town) -> None:
    """Each with a request that never comes: none of them may be kept only because it seems to be busy."""
    key = new_key()
    with ExitStack() as stack:
        talks = []
        for _ in range(300):
            talk = town.talk(key)
            stack.callback(talk.wire.socket.close)
            talk.frames(header(Type.OPEN, talk.stream(), 0))
            talks.append(talk)
        town.still_stands()
        kept = 0
        for talk in talks[:-1]:
            talk.wire.socket.settimeout(0.05)
            try:
                talk.wire.ended()
            except AssertionError:
                kept += 1
        assert kept <= 8
        assert talks[-1].is_alive()


def _hundreds_that_prove_who_they_are_and_say_no_hello(town: Town) -> None:
    """Ids cost nothing: as long as nothing was said, whoever it is still stands on the doorstep."""
    with ExitStack() as stack:
        kept = 0
        for _ in range(100):
            try:
                talk = connect(town.port, hello=False)
            except (Gone, AssertionError):
                continue
            stack.callback(talk.wire.socket.close)
            kept += 1
        town.still_stands()
        assert kept <= MAX_STRANGERS_PER_HOST


@attack
def _a_crowd_of_strangers(town: Town) -> None:
    """As many nodes as are let in, and more: ids cost nothing."""
    with ExitStack() as stack:
        turned_away = 0
        for _ in range(300):
            try:
                talk = town.talk()
            except Gone:
                turned_away += 1
                continue
            stack.callback(talk.wire.socket.close)
        assert turned_away <= 60
        town.still_stands()


@pytest.mark.parametrize("name", ATTACKS)
def test_this_harms_nobody(town: Town, name: str) -> None:
    ATTACKS[name](town)
    town.still_stands()
    print("RSS", town.resident() - town.resident_before)


def test_enough_is_tried() -> None:
    assert len(ATTACKS) >= 40
    assert Proof.__struct_fields__ == ("version", "node", "signature")  # what the forged proofs above are shaped after


def test_who_proves_an_id_and_says_no_hello_still_stands_on_the_doorstep(town: Town) -> None:
    _hundreds_that_prove_who_they_are_and_say_no_hello(town)
