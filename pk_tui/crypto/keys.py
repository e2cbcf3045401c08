"""A node's identity key and its owner's recovery key: Ed25519, with every signature bound to a purpose.

Here is the one Ed25519 verifier of the program: libraries disagree on edge cases, and a signature must mean the same everywhere.
It is libsodium's, held to the strictest rules there are: no second form of a key, a point or a number, and no key with a part of
small order, with which a signature may be good here and bad elsewhere, or good for every message.
"""

from __future__ import annotations

from functools import lru_cache

import nacl.bindings
import nacl.exceptions

from pk_tui.crypto.noise import KeyPair
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import CannotOpen, Misuse
from pk_tui.terms import NodeId

SIGNATURE_SIZE = 64

_FIELD = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of the group that keys and the points of signatures lie in."""


def _covered(purpose: str, body: bytes) -> bytes:
    prefix = f"pk-tui {purpose}".encode()
    return bytes((len(prefix),)) + prefix + body


class SigningKey:
    """An Ed25519 key pair from a 32-byte seed; repr shows the public half only."""

    __slots__ = ("_secret", "node_id")

    def __init__(self, seed: SealKey) -> None:
        public, self._secret = nacl.bindings.crypto_sign_seed_keypair(seed.reveal())
        self.node_id = NodeId(public)

    def sign(self, purpose: str, body: bytes) -> bytes:
        """A 64-byte signature over `body` for `purpose`; verifies for no other purpose."""
        return nacl.bindings.crypto_sign(_covered(purpose, body), self._secret)[:SIGNATURE_SIZE]

    def agreement(self) -> KeyPair:
        """The same key in its X25519 form, of which `agreement_key` gives the public half to everybody who knows the node."""
        return KeyPair(nacl.bindings.crypto_sign_ed25519_sk_to_curve25519(self._secret))

    def __repr__(self) -> str:
        return f"SigningKey({self.node_id.short})"


def verifies(signer: bytes, purpose: str, body: bytes, signature: bytes) -> bool:
    """True if `signature` is the signer's (32-byte public key) over `body` for `purpose`."""
    return _holds(signer, _covered(purpose, body), signature)


def _holds(signer: bytes, message: bytes, signature: bytes) -> bool:
    """The rule itself: the key is a point of the large group in its one form and not the neutral one, and so is R; S is below the
    group's order; S·B = R + k·A, without the cofactor."""
    if len(signer) != 32 or len(signature) != SIGNATURE_SIZE or not is_key(signer):
        return False
    # That R lies in the large group follows from the equation, as the key does.
    if not _in_one_form(signature[:32]) or int.from_bytes(signature[32:], "little") >= _ORDER:
        return False
    try:
        nacl.bindings.crypto_sign_open(signature + message, signer)
    except (nacl.exceptions.BadSignatureError, ValueError):
        return False
    return True


@lru_cache(maxsize=1024)  # as dear as a signature, and a chain of claims asks for one key a thousand times
def is_key(public: bytes) -> bool:
    """True if these bytes can be somebody's Ed25519 public key: the one form of a point of the large group, not the neutral."""
    return len(public) == 32 and _in_one_form(public) and nacl.bindings.crypto_core_ed25519_is_valid_point(public)


def agreement_key(node: NodeId) -> bytes:
    """The X25519 public key that belongs to a node's id. Raises Misuse if nobody can hold such an id's key."""
    if not is_key(node.raw):
        raise Misuse(f"{node} is not the id of a node: nobody can hold a key that belongs to it.")
    return nacl.bindings.crypto_sign_ed25519_pk_to_curve25519(node.raw)


def _in_one_form(point: bytes) -> bool:
    """True unless the number in it is too large, or it is a form of the neutral point."""
    number = int.from_bytes(point, "little") & ((1 << 255) - 1)
    return number < _FIELD and number != 1


class RecoveryKey:
    """What the 24 words stand for: a signing key (its public half is committed to by the node's first claim) and a sealing
    key pair, so that a new root key can be sealed for the words without them being there."""

    __slots__ = ("_box_secret", "box_public", "signing")

    def __init__(self, entropy: bytes) -> None:
        root = SealKey(entropy)
        self.signing = SigningKey(root.subkey("pk recovery sign"))
        self.box_public, self._box_secret = nacl.bindings.crypto_box_seed_keypair(
            root.subkey("pk recovery seal").reveal()
        )

    @property
    def public(self) -> bytes:
        """The 32-byte Ed25519 public key that claims name as the recovery key."""
        return self.signing.node_id.raw

    def open_box(self, sealed: bytes) -> bytes:
        try:
            return nacl.bindings.crypto_box_seal_open(sealed, self.box_public, self._box_secret)
        except (nacl.exceptions.CryptoError, ValueError, TypeError) as error:
            raise CannotOpen("The recovery words do not belong to this node.") from error

    def __repr__(self) -> str:
        return "RecoveryKey(‹hidden›)"


def seal_for(box_public: bytes, plaintext: bytes) -> bytes:
    """Seal `plaintext` so that only the holder of the recovery words opens it (X25519 sealed box). 48 bytes longer."""
    return nacl.bindings.crypto_box_seal(plaintext, box_public)
