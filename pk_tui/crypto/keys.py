"""A node's identity key and its owner's recovery key: Ed25519, with every signature bound to a purpose.

PyNaCl is the one Ed25519 verifier of the program: two libraries disagree on edge cases, and a signature must mean the same
everywhere.
"""

from __future__ import annotations

import nacl.bindings
import nacl.exceptions

from pk_tui.crypto.seal import SealKey
from pk_tui.errors import CannotOpen
from pk_tui.terms import NodeId

SIGNATURE_SIZE = 64


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

    def __repr__(self) -> str:
        return f"SigningKey({self.node_id.short})"


def verifies(signer: bytes, purpose: str, body: bytes, signature: bytes) -> bool:
    """True if `signature` is the signer's (32-byte public key) over `body` for `purpose`."""
    if len(signer) != 32 or len(signature) != SIGNATURE_SIZE:
        return False
    try:
        nacl.bindings.crypto_sign_open(signature + _covered(purpose, body), signer)
    except (nacl.exceptions.BadSignatureError, ValueError):
        return False
    return True


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
