"""The Noise protocol framework: XX, IK and XXpsk3 with 25519, ChaChaPoly and SHA256, BLAKE2s or BLAKE2b.

It runs the patterns and gives the two cipher states of a session. Who the other side is, what the payloads mean and when
to change keys is left to the caller. Source: The Noise Protocol Framework, revision 34 (noiseprotocol.org); the names below
are its names where it has one.

Everything that is wrong with received bytes raises CannotOpen, always with the same words. A state that failed once is
not used again: nonces are implicit, so there is no second try.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Callable
from typing import TypeVar

import nacl.bindings
import nacl.exceptions

from pk_tui.crypto.entropy import random_bytes
from pk_tui.errors import CannotOpen

_T = TypeVar("_T")

KEY_SIZE = 32
TAG_SIZE = 16
MAX_MESSAGE = 65_535
"""Bytes of one Noise message, handshake or transport, tag included."""
NONCE_LIMIT = (1 << 64) - 1
"""Messages under one cipher state at most; the last nonce is kept for `rekey`."""

_encrypt = nacl.bindings.crypto_aead_chacha20poly1305_ietf_encrypt
_decrypt = nacl.bindings.crypto_aead_chacha20poly1305_ietf_decrypt
_nonce = struct.Struct("<4xQ").pack
_CANNOT_OPEN = "A message of a session does not open: it was altered, lost its place, or was made with another key."

# Per message the words that Noise calls tokens; in a key agreement the initiator's letter stands first.
_PATTERNS: dict[str, tuple[str, ...]] = {
    "XX": ("e", "e ee s es", "s se"),
    "XXpsk3": ("e", "e ee s es", "s se psk"),
    "IK": ("e es s ss", "e ee se"),
}
_HASHES = {"SHA256": "sha256", "BLAKE2s": "blake2s", "BLAKE2b": "blake2b"}


class KeyPair:
    """An X25519 key pair; repr shows nothing of the secret half."""

    __slots__ = ("_secret", "public")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_SIZE:
            raise ValueError("an X25519 key is 32 bytes")
        self._secret = secret
        self.public = nacl.bindings.crypto_scalarmult_base(secret)

    @classmethod
    def generate(cls) -> KeyPair:
        return cls(random_bytes(KEY_SIZE))

    def agree(self, public: bytes) -> bytes:
        """The 32 bytes shared with the holder of `public`. Raises CannotOpen for a low-order point, which would share nothing."""
        if len(public) != KEY_SIZE:  # the binding reads 32 bytes from whatever it is given
            raise CannotOpen(_CANNOT_OPEN)
        try:
            return nacl.bindings.crypto_scalarmult(self._secret, public)
        except nacl.exceptions.RuntimeError as error:
            raise CannotOpen(_CANNOT_OPEN) from error

    def __repr__(self) -> str:
        return "KeyPair(‹hidden›)"


class CipherState:
    """One direction of a session: a key and the number of messages it has carried, which is the nonce. One user only."""

    __slots__ = ("_key", "messages")

    def __init__(self, key: bytes, messages: int = 0) -> None:
        self._key = key
        self.messages = messages

    def encrypt(self, plaintext: bytes, associated: bytes = b"") -> bytes:
        """16 bytes longer than `plaintext`. Raises CannotOpen once the nonces are used up."""
        if self.messages >= NONCE_LIMIT:
            raise CannotOpen(_CANNOT_OPEN)
        ciphertext = _encrypt(plaintext, associated, _nonce(self.messages), self._key)
        self.messages += 1
        return ciphertext

    def decrypt(self, ciphertext: bytes, associated: bytes = b"") -> bytes:
        """The plaintext of exactly the next message. Raises CannotOpen."""
        # Shorter than a tag the binding raises a bare ValueError, so lengths are looked at first.
        if len(ciphertext) < TAG_SIZE or self.messages >= NONCE_LIMIT:
            raise CannotOpen(_CANNOT_OPEN)
        try:
            plaintext = _decrypt(ciphertext, associated, _nonce(self.messages), self._key)
        except nacl.exceptions.CryptoError as error:
            raise CannotOpen(_CANNOT_OPEN) from error
        self.messages += 1
        return plaintext

    def rekey(self) -> None:
        """Replace the key by one that does not lead back to it. The count goes on, as Noise has it."""
        self._key = _encrypt(bytes(KEY_SIZE), b"", _nonce(NONCE_LIMIT), self._key)[:KEY_SIZE]

    def __repr__(self) -> str:
        return f"CipherState(‹hidden›, messages={self.messages})"


class _Symmetric:
    """Noise's SymmetricState: the chaining key and the hash of everything said so far."""

    __slots__ = ("_chain", "_cipher", "_name", "hash")

    def __init__(self, protocol: bytes, hash_name: str) -> None:
        self._name = hash_name
        size = hashlib.new(hash_name).digest_size
        self.hash = protocol.ljust(size, b"\0") if len(protocol) <= size else self._digest(protocol)
        self._chain = self.hash
        self._cipher: CipherState | None = None

    def _digest(self, data: bytes) -> bytes:
        return hashlib.new(self._name, data).digest()

    def _derive(self, material: bytes, count: int) -> list[bytes]:
        """Noise's HKDF: `count` outputs of the hash's size from the chaining key and `material`."""
        key = hmac.digest(self._chain, material, self._name)
        outputs = [b""]
        for number in range(1, count + 1):
            outputs.append(hmac.digest(key, outputs[-1] + bytes((number,)), self._name))
        return outputs[1:]

    def mix_hash(self, data: bytes) -> None:
        self.hash = self._digest(self.hash + data)

    def mix_key(self, material: bytes) -> None:
        self._chain, key = self._derive(material, 2)
        self._cipher = CipherState(key[:KEY_SIZE])

    def mix_key_and_hash(self, material: bytes) -> None:
        self._chain, mixed, key = self._derive(material, 3)
        self.mix_hash(mixed)
        self._cipher = CipherState(key[:KEY_SIZE])

    @property
    def overhead(self) -> int:
        """Bytes that `encrypt` adds now."""
        return TAG_SIZE if self._cipher else 0

    def encrypt(self, plaintext: bytes) -> bytes:
        out = self._cipher.encrypt(plaintext, self.hash) if self._cipher else plaintext
        self.mix_hash(out)
        return out

    def decrypt(self, ciphertext: bytes) -> bytes:
        plaintext = self._cipher.decrypt(ciphertext, self.hash) if self._cipher else ciphertext
        self.mix_hash(ciphertext)
        return plaintext

    def split(self) -> tuple[CipherState, CipherState]:
        first, second = self._derive(b"", 2)
        return CipherState(first[:KEY_SIZE]), CipherState(second[:KEY_SIZE])


class HandshakeState:
    """One side of one handshake. Call `write` and `read` in turn, the initiator writing first, until `finished`; then `split`.

    protocol: the full Noise name; remote_static: the responder's public key, which an IK initiator must know before;
    psk: the 32-byte secret of XXpsk3. Calling out of turn is a ValueError: a mistake of ours, not of the peer.
    """

    __slots__ = (
        "_ephemeral",
        "_initiator",
        "_messages",
        "_psk",
        "_remote_ephemeral",
        "_static",
        "_symmetric",
        "_turn",
        "remote_static",
    )

    def __init__(
        self,
        protocol: str,
        *,
        initiator: bool,
        prologue: bytes,
        static: KeyPair,
        remote_static: bytes | None = None,
        psk: bytes | None = None,
    ) -> None:
        noise, pattern, curve, cipher, hash_name = protocol.split("_")
        if (noise, curve, cipher) != ("Noise", "25519", "ChaChaPoly"):
            raise ValueError("not a Noise protocol that is spoken here")
        if (psk is not None) != pattern.endswith("psk3") or (psk is not None and len(psk) != KEY_SIZE):
            raise ValueError("a psk of 32 bytes goes with a psk pattern, and only with one")
        self._messages = tuple(words.split() for words in _PATTERNS[pattern])
        self._symmetric = _Symmetric(protocol.encode(), _HASHES[hash_name])
        self._initiator = initiator
        self._static = static
        self._psk = psk
        self._ephemeral: KeyPair | None = None
        self._remote_ephemeral: bytes | None = None
        self.remote_static = remote_static
        self._turn = 0
        self._symmetric.mix_hash(prologue)
        if pattern == "IK":  # the one pattern here with a pre-message: the responder's static key
            self._symmetric.mix_hash(_known(remote_static) if initiator else static.public)

    @property
    def finished(self) -> bool:
        return self._turn == len(self._messages)

    @property
    def hash(self) -> bytes:
        """Noise's handshake hash `h`: of everything said so far. Once finished it names this session and no other."""
        return self._symmetric.hash

    def write(self, payload: Callable[[bytes], bytes]) -> bytes:
        """The next message. `payload` is called with the handshake hash as it stands after the message's keys, so that what it
        returns can sign them."""
        parts: list[bytes] = []
        for word in self._next(writing=True):
            if word == "e":
                self._ephemeral = KeyPair.generate()
                parts.append(self._ephemeral.public)
                self._mix_ephemeral(self._ephemeral.public)
            elif word == "s":
                parts.append(self._symmetric.encrypt(self._static.public))
            else:
                self._mix(word)
        parts.append(self._symmetric.encrypt(payload(self._symmetric.hash)))
        message = b"".join(parts)
        if len(message) > MAX_MESSAGE:
            raise ValueError("a Noise message is at most 65,535 bytes")
        return message

    def read(self, message: bytes) -> tuple[bytes, bytes]:
        """The payload of the other side's next message, and the handshake hash that its `write` gave the payload's maker.

        Raises CannotOpen. An unencrypted payload (XX's first message) proves nothing yet.
        """
        if len(message) > MAX_MESSAGE:
            raise CannotOpen(_CANNOT_OPEN)
        at = 0
        for word in self._next(writing=False):
            if word == "e":
                self._remote_ephemeral = _cut(message, at, KEY_SIZE)
                self._mix_ephemeral(self._remote_ephemeral)
                at += KEY_SIZE
            elif word == "s":
                size = KEY_SIZE + self._symmetric.overhead
                self.remote_static = self._symmetric.decrypt(_cut(message, at, size))
                at += size
            else:
                self._mix(word)
        bound = self._symmetric.hash
        return self._symmetric.decrypt(message[at:]), bound

    def split(self) -> tuple[CipherState, CipherState]:
        """The session's cipher states: what this side sends with, what it receives with."""
        if not self.finished:
            raise ValueError("the handshake is not finished")
        first, second = self._symmetric.split()
        return (first, second) if self._initiator else (second, first)

    def _next(self, *, writing: bool) -> list[str]:
        if self.finished or writing != (self._initiator == (self._turn % 2 == 0)):
            raise ValueError("it is not this side's turn")
        words = self._messages[self._turn]
        self._turn += 1
        return words

    def _mix_ephemeral(self, public: bytes) -> None:
        self._symmetric.mix_hash(public)
        if self._psk is not None:  # a psk pattern also mixes the ephemerals, so that a psk alone never repeats a key
            self._symmetric.mix_key(public)

    def _mix(self, word: str) -> None:
        """Mix in the psk, or a key agreement."""
        if word == "psk":
            self._symmetric.mix_key_and_hash(_known(self._psk))
            return
        mine, theirs = (word[0], word[1]) if self._initiator else (word[1], word[0])
        key = _known(self._ephemeral) if mine == "e" else self._static
        public = _known(self._remote_ephemeral if theirs == "e" else self.remote_static)
        self._symmetric.mix_key(key.agree(public))


def _known(value: _T | None) -> _T:
    """What the pattern says must be there by now. If it is not, the caller set the handshake up without it."""
    if value is None:
        raise ValueError("this pattern needs a key that was not given")
    return value


def _cut(message: bytes, start: int, size: int) -> bytes:
    if len(message) < start + size:
        raise CannotOpen(_CANNOT_OPEN)
    return message[start : start + size]
