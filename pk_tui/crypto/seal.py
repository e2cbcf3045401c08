"""Sealing bytes at rest: XChaCha20-Poly1305 bound to the place the bytes lie in.

Sealed form: nonce (24 bytes, random) then ciphertext and tag (16 bytes more than the plaintext). The associated data is
the `place`: a purpose and the parts that say where the bytes lie, each with its length before it, so no two places give
the same bytes. The nonce is random: 192 bits make a repeat under one key impossible in practice, and no counter has to
survive a crash or a restored backup.
"""

from __future__ import annotations

import hashlib
import struct

import nacl.bindings
import nacl.exceptions
from nacl._sodium import ffi, lib  # type: ignore[import-not-found] # what the bindings are made of, for what is large

from pk_tui.crypto.entropy import random_bytes
from pk_tui.errors import CannotOpen

KEY_SIZE = 32
NONCE_SIZE = 24
OVERHEAD = NONCE_SIZE + 16

_encrypt = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt
_decrypt = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt
_LARGE = 16 * 1024
"""Sealed bytes from which on moving them about costs as much as what the binding does besides."""
_CANNOT_OPEN = "A sealed piece of data does not open: it is damaged, was moved, or the key is another one."


class SealKey:
    """A 32-byte secret key whose repr hides it. Derive one per purpose with `subkey`."""

    __slots__ = ("_raw",)

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEY_SIZE:
            raise ValueError("a key is 32 bytes")
        self._raw = raw

    @classmethod
    def generate(cls) -> SealKey:
        return cls(random_bytes(KEY_SIZE))

    def reveal(self) -> bytes:
        return self._raw

    def subkey(self, purpose: str, number: int = 0) -> SealKey:
        """The key derived for `purpose` (at most 16 ASCII characters).

        The construction is libsodium's crypto_kdf_derive_from_key: BLAKE2b keyed with this key, subkey number as salt and
        purpose as personalisation (theirs has 8 characters of context, the rest zero; 16 are used here).
        """
        return SealKey(
            hashlib.blake2b(
                b"", digest_size=KEY_SIZE, key=self._raw, salt=struct.pack("<QQ", number, 0), person=purpose.encode()
            ).digest()
        )

    def tag(self, data: bytes, size: int = 16) -> bytes:
        """A keyed hash of `data` (BLAKE2b), for row keys that must not betray what they name."""
        return hashlib.blake2b(data, digest_size=size, key=self._raw).digest()

    def __repr__(self) -> str:
        return "SealKey(‹hidden›)"


def place(purpose: str, *parts: bytes | int) -> bytes:
    """Associated data for a seal: a purpose and the parts that say where the bytes lie."""
    out = [b"pk1", bytes((len(purpose),)), purpose.encode()]
    for part in parts:
        raw = part.to_bytes(8, "big", signed=True) if isinstance(part, int) else part
        out.append(len(raw).to_bytes(4, "big") + raw)
    return b"".join(out)


def seal(key: SealKey, plaintext: bytes, where: bytes) -> bytes:
    """Seal `plaintext` for the place `where`. 40 bytes longer than the plaintext."""
    nonce = random_bytes(NONCE_SIZE)
    return nonce + _encrypt(plaintext, where, nonce, key._raw)


def open_sealed(key: SealKey, sealed: bytes, where: bytes) -> bytes:
    """The plaintext. Raises CannotOpen, always with the same words, if key, place or bytes are not those of the sealing."""
    if len(sealed) < OVERHEAD:
        raise CannotOpen(_CANNOT_OPEN)
    try:
        return _decrypt(sealed[NONCE_SIZE:], where, sealed[:NONCE_SIZE], key._raw)
    except nacl.exceptions.CryptoError as error:
        raise CannotOpen(_CANNOT_OPEN) from error


def padded_size(size: int, floor: int) -> int:
    """The size `size` bytes are padded to: at least `floor`, beyond it rounded by Padmé, which betrays O(log log) bits.

    Source: Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", 2019.
    """
    if size <= floor:
        return floor
    exponent = size.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (size + mask) & ~mask


def seal_padded(key: SealKey, plaintext: bytes, where: bytes, floor: int) -> bytes:
    """Seal so that the length shows little: a 4-byte length, the plaintext, zeros up to `padded_size`."""
    body = len(plaintext).to_bytes(4, "big") + plaintext
    return seal(key, body.ljust(padded_size(len(body), floor), b"\0"), where)


def seal_padded_large(key: SealKey, plaintext: bytes | bytearray, where: bytes, floor: int) -> bytearray:
    """The same, sealed where it lies: for what is large. The binding fills a buffer of its own and copies that; with all that is
    put around it, moving the bytes takes longer than sealing them."""
    nonce = random_bytes(NONCE_SIZE)
    size = padded_size(4 + len(plaintext), floor)
    # The last zeros are the padding, and the place of the tag.
    rest = bytes(size - 4 - len(plaintext) + OVERHEAD - NONCE_SIZE)
    sealed = bytearray().join((nonce, len(plaintext).to_bytes(4, "big"), plaintext, rest))
    with ffi.from_buffer(sealed) as start:
        body = start + NONCE_SIZE
        lib.crypto_aead_xchacha20poly1305_ietf_encrypt(
            body, ffi.NULL, body, size, where, len(where), ffi.NULL, nonce, key._raw
        )
    return sealed


def open_padded(key: SealKey, sealed: bytes, where: bytes) -> bytes:
    if len(sealed) >= _LARGE:
        return _open_padded_large(key, sealed, where)
    return _unpadded(open_sealed(key, sealed, where))


def _open_padded_large(key: SealKey, sealed: bytes, where: bytes) -> bytes:
    """The same, opened where a copy lies; see `seal_padded_large`."""
    body = bytearray(len(sealed) - OVERHEAD)
    with ffi.from_buffer(sealed) as start, ffi.from_buffer(body) as to:
        failed = lib.crypto_aead_xchacha20poly1305_ietf_decrypt(
            to, ffi.NULL, ffi.NULL, start + NONCE_SIZE, len(sealed) - NONCE_SIZE, where, len(where), start, key._raw
        )
    if failed:
        raise CannotOpen(_CANNOT_OPEN)
    return _unpadded(body)


def _unpadded(body: bytes | bytearray) -> bytes:
    size = int.from_bytes(body[:4], "big")
    if len(body) < 4 or size > len(body) - 4:
        raise CannotOpen(_CANNOT_OPEN)
    with memoryview(body) as view:
        return bytes(view[4 : 4 + size])
