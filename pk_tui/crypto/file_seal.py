"""Files sealed for one node, piece by piece, in bounded memory: whoever knows a node's id can seal, and that node alone opens.

    header   "pk-tui sealed 1" and a line feed (16 bytes) | ephemeral X25519 public key (32) | check (32)
    chunks   each of 64 KiB sealed with XChaCha20-Poly1305 (16 bytes more); the last one has what is left

The secret is agreed on by the ephemeral key and the X25519 form of the node's key. Key and check are one BLAKE2b over it, the
ephemeral key and the node's id, so a header opens for that node alone, and a file opens under one key alone. The chunks are
STREAM (Hoang, Reyhanitabar, Rogaway, Vizár, 2015): the nonce is zeros, the chunk's number and whether it is the last, so that a
chunk which is missing, moved, added or taken from elsewhere does not open. The last chunk is empty only if all is.

Nothing in it says who sealed it, or for whom. Each chunk can be used as soon as it is open; that nothing was cut off is known
at the end alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

import nacl.bindings
import nacl.exceptions

from pk_tui.crypto.keys import SigningKey, agreement_key
from pk_tui.crypto.noise import KeyPair
from pk_tui.errors import CannotOpen
from pk_tui.terms import NodeId

MAGIC: Final = b"pk-tui sealed 1\n"
CHUNK: Final = 64 * 1024
TAG: Final = 16
HEADER_SIZE: Final = len(MAGIC) + 32 + 32

_encrypt = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt
_decrypt = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt


def _keys(shared: bytes, ephemeral: bytes, node: NodeId) -> tuple[bytes, bytes]:
    """The key of the chunks, and the check that stands in the header. All parts have a fixed size."""
    both = hashlib.blake2b(MAGIC + shared + ephemeral + node.raw, digest_size=64, person=b"pk-tui sealed 1").digest()
    return both[:32], both[32:]


def _nonce(number: int, is_last: bool) -> bytes:
    return bytes(15) + number.to_bytes(8, "big") + bytes((is_last,))


class FileSealer:
    """Seals for one node what is fed to it. Send what `feed` gives, then what `finish` gives."""

    __slots__ = ("_buffer", "_header", "_key", "_number")

    def __init__(self, node: NodeId) -> None:
        """Raises Misuse if nobody can hold the key of this id."""
        ephemeral = KeyPair.generate()
        self._key, check = _keys(ephemeral.agree(agreement_key(node)), ephemeral.public, node)
        self._header = MAGIC + ephemeral.public + check
        self._buffer = bytearray()
        self._number = 0

    def feed(self, piece: bytes | memoryview) -> bytes:
        self._buffer += piece
        out = [self._take_header()]
        whole = max(0, len(self._buffer) - 1) // CHUNK  # a full chunk may be the last: that is known when more comes
        for number in range(whole):
            out.append(self._sealed(bytes(self._buffer[number * CHUNK : (number + 1) * CHUNK]), is_last=False))
        del self._buffer[: whole * CHUNK]
        return b"".join(out)

    def finish(self) -> bytes:
        last = bytes(self._buffer)
        self._buffer.clear()
        return self._take_header() + self._sealed(last, is_last=True)

    def _take_header(self) -> bytes:
        header, self._header = self._header, b""
        return header

    def _sealed(self, chunk: bytes, *, is_last: bool) -> bytes:
        sealed = _encrypt(chunk, b"", _nonce(self._number, is_last), self._key)
        self._number += 1
        return sealed

    def __repr__(self) -> str:
        return "FileSealer(‹hidden›)"


class FileOpener:
    """Opens what was sealed for the holder of `signing`. What `feed` yields is authentic and in its place; only when `finish` has
    come back is it known to be all."""

    __slots__ = ("_buffer", "_key", "_node", "_number", "_pair")

    def __init__(self, signing: SigningKey) -> None:
        self._node = signing.node_id
        self._pair = signing.agreement()
        self._key: bytes | None = None
        self._buffer = bytearray()
        self._number = 0

    def feed(self, piece: bytes | memoryview) -> Iterator[bytes]:
        """Raises CannotOpen, for good: what follows does not open either."""
        self._buffer += piece
        if self._key is None:
            self._read_header()
        while self._key is not None and len(self._buffer) > CHUNK + TAG:
            chunk = self._opened(bytes(self._buffer[: CHUNK + TAG]), is_last=False)
            del self._buffer[: CHUNK + TAG]
            yield chunk

    def finish(self) -> bytes:
        """The last bytes. Raises CannotOpen if there ought to be more, or others."""
        if self._key is None:
            raise CannotOpen("This is not a file sealed by pk-tui: it is too short to be one.")
        last = self._opened(bytes(self._buffer), is_last=True)
        if not last and self._number > 1:  # then the chunk before was the last: one content has one form
            raise CannotOpen(_DAMAGED)
        self._buffer.clear()
        return last

    def _read_header(self) -> None:
        known = min(len(MAGIC), len(self._buffer))
        if self._buffer[:known] != MAGIC[:known]:
            raise CannotOpen(
                "This is not a file sealed by pk-tui, or one of a version that this program does not know."
            )
        if len(self._buffer) < HEADER_SIZE:
            return
        ephemeral = bytes(self._buffer[len(MAGIC) : len(MAGIC) + 32])
        try:
            key, check = _keys(self._pair.agree(ephemeral), ephemeral, self._node)
        except CannotOpen:  # a point that shares nothing: anybody would know the key
            check = b""
        if check != self._buffer[len(MAGIC) + 32 : HEADER_SIZE]:
            raise CannotOpen(
                "The file was not sealed for this node, or its beginning was altered. Only the node it was sealed for opens it."
            )
        self._key = key
        del self._buffer[:HEADER_SIZE]

    def _opened(self, sealed: bytes, *, is_last: bool) -> bytes:
        assert self._key is not None
        if len(sealed) < TAG:
            raise CannotOpen(_DAMAGED)
        try:
            chunk = _decrypt(sealed, b"", _nonce(self._number, is_last), self._key)
        except nacl.exceptions.CryptoError as error:
            raise CannotOpen(_DAMAGED) from error
        self._number += 1
        return chunk

    def __repr__(self) -> str:
        return "FileOpener(‹hidden›)"


_DAMAGED = (
    "The sealed file is damaged, or something was cut off, moved or added. What came out of it so far is as it was sealed, but "
    "it is not all: do not use it as if it were."
)
