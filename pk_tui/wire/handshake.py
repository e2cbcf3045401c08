"""Who is at the other end: three messages of Noise XX, in which both sides prove their node ids.

The Noise keys are made for one handshake and forgotten with the session. What ties them to a node is a `Proof` in the
encrypted payloads of messages 2 and 3: the node's signature over the Noise key and the handshake hash as it stands there,
for the signer's role. So a proof is good for this handshake, in this direction, and nothing else; and a stolen Noise key
is worth one session. The dialler shows its own id only after it has seen that the right node answered.

Known and accepted: whoever dials learns the id of the node that answers.

This room decides only whether the other side is who it says. Whether one talks to it at all is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pk_tui.crypto.keys import SigningKey, verifies
from pk_tui.crypto.noise import CipherState, HandshakeState, KeyPair
from pk_tui.errors import CannotOpen, Malformed, PeerMisbehaved
from pk_tui.records import U8, Bytes32, Bytes64, Record, decode, encode
from pk_tui.terms import NodeId

PROTOCOL = "Noise_XX_25519_ChaChaPoly_SHA256"
PROLOGUE = b"pk-tui/noise/1"
VERSION = 1
"""Of the proof and of everything said after it. Another version is refused."""

_MAX_MESSAGE = 512
"""Bytes; the longest honest handshake message has about 210."""
_MAX_PROOF = 256
_REFUSED = "The session was not set up: the other side did not prove to be a node that may answer here."


class Role(Enum):
    """The initiator is the side that dialled."""

    INITIATOR = "initiator"
    RESPONDER = "responder"

    @property
    def other(self) -> Role:
        return Role.RESPONDER if self is Role.INITIATOR else Role.INITIATOR


class Proof(Record, frozen=True, tag="session1"):
    """The payload of messages 2 and 3. `signature` is the node's, for the purpose `session <role>`."""

    version: U8
    node: Bytes32
    signature: Bytes64


@dataclass(frozen=True, slots=True)
class Established:
    """What a finished handshake leaves: the proven peer, the two directions' cipher states, and 32 bytes that both sides
    hold and that name this session alone (to be signed by whatever must not be carried into another one)."""

    peer: NodeId
    send: CipherState
    receive: CipherState
    binding: bytes


class Handshake:
    """One side of one handshake.

    The dialler (INITIATOR) sends `start()`; then both sides hand every message that arrives to `receive` and send what it
    returns, until `established` is there. Messages that arrive after that belong to a `Session`. At most 512 bytes each.

    role: which side this is; signing: our node's key; expected: the node that must be at the other end. A dialler always
    knows it (ValueError if not); for a responder None means anyone.
    """

    def __init__(self, role: Role, signing: SigningKey, expected: NodeId | None = None) -> None:
        if role is Role.INITIATOR and expected is None:
            raise ValueError("a dialler knows whom it dials")
        self._role = role
        self._signing = signing
        self._expected = expected
        self._static = KeyPair.generate()
        self._noise = HandshakeState(PROTOCOL, initiator=role is Role.INITIATOR, prologue=PROLOGUE, static=self._static)
        self._peer: NodeId | None = None
        self._failed = False
        self._established: Established | None = None

    @property
    def established(self) -> Established | None:
        """The result, or None while messages are still awaited."""
        return self._established

    def start(self) -> bytes:
        """The dialler's first message, 32 bytes. Once, and for the INITIATOR only."""
        return self._noise.write(lambda _: b"")

    def receive(self, message: bytes) -> bytes | None:
        """Take the other side's next message; what to send back, if anything.

        Raises PeerMisbehaved, with the same words whatever was wrong; nothing is to be sent then, and every later call
        raises it again.
        """
        if self._failed:
            raise PeerMisbehaved(_REFUSED)
        try:
            return self._step(message)
        except (CannotOpen, Malformed) as error:
            self._failed = True
            raise PeerMisbehaved(_REFUSED) from error

    def _step(self, message: bytes) -> bytes | None:
        if len(message) > _MAX_MESSAGE:
            raise Malformed("A handshake message is too long.")
        payload, bound = self._noise.read(message)
        if self._role is Role.RESPONDER and self._noise.remote_static is None:
            # Message 1: whatever it carried would be unprotected, so it carries nothing.
            if payload:
                raise Malformed("The first handshake message is longer than it should be.")
            return self._noise.write(self._prove)
        self._peer = self._check(payload, bound)
        reply = None if self._noise.finished else self._noise.write(self._prove)
        send, receive = self._noise.split()
        self._established = Established(self._peer, send, receive, self._noise.hash)
        return reply

    def _prove(self, bound: bytes) -> bytes:
        signature = self._signing.sign(_purpose(self._role), self._static.public + bound)
        return encode(Proof(VERSION, self._signing.node_id.raw, signature))

    def _check(self, payload: bytes, bound: bytes) -> NodeId:
        """The node that made the proof. Raises Malformed if it proves nothing, or not the node that is expected."""
        proof = decode(Proof, payload, _MAX_PROOF)
        if proof.version != VERSION:
            raise Malformed("The proof is of another version.")
        node = NodeId(proof.node)
        if node == self._signing.node_id or (self._expected is not None and node != self._expected):
            raise Malformed("The proof is of another node.")  # our own id: a reflection, or we dialled ourselves
        static = self._noise.remote_static
        if static is None or not verifies(node.raw, _purpose(self._role.other), static + bound, proof.signature):
            raise Malformed("The proof does not verify.")
        return node


def _purpose(role: Role) -> str:
    return f"session {role.value}"
