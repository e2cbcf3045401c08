"""Signatures of files: the node's key over a digest of the content, for the purpose `file` and no other.

The digest is BLAKE2b-512, taken piece by piece, so a file may have any size. As text a signature is multibase: `u`, and its 64
bytes in base64url without padding. The name of the file is not covered; only what is in it.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress

from pk_tui.crypto.base64url import spelled, unspelled
from pk_tui.crypto.keys import SIGNATURE_SIZE, SigningKey, verifies
from pk_tui.errors import Malformed, Misuse
from pk_tui.terms import NodeId

TEXT_SIZE = 87

_PURPOSE = "file"


class FileDigest:
    """Takes the content in pieces; then either signs it or says whether somebody has."""

    __slots__ = ("_hash",)

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=64)

    def feed(self, piece: bytes | memoryview) -> None:
        self._hash.update(piece)

    def signed_by(self, signing: SigningKey) -> str:
        """The signature of all that was fed, as text."""
        return "u" + spelled(signing.sign(_PURPOSE, self._hash.digest()))

    def is_signed(self, signature: bytes, node: NodeId) -> bool:
        """True if the signature is this node's, over all that was fed."""
        return verifies(node.raw, _PURPOSE, self._hash.digest(), signature)


def read_signature(text: str) -> bytes:
    """The bytes of a signature. Raises Misuse for anything but the one way to write one."""
    text = text.strip()
    if len(text) == TEXT_SIZE and text[0] == "u":
        with suppress(Malformed):
            raw = unspelled(text[1:])
            if len(raw) == SIGNATURE_SIZE:
                return raw
    raise Misuse(
        f"That is not a signature of a file: one is `u` and {TEXT_SIZE - 1} letters, digits, `-` and `_`, as `pk-tui keys sign` "
        "prints it."
    )
