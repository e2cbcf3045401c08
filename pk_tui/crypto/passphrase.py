"""A password to a key: Argon2id, with costs that are kept beside the slot, authenticated, and bounded in both directions."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import nacl.bindings
import nacl.exceptions

from pk_tui.crypto.entropy import random_bytes
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Corrupt, Misuse, StorageFailed
from pk_tui.plaintext import Plaintext

SALT_SIZE = 16
MIB = 1024 * 1024
MAX_PASSWORD_BYTES = 4096

MIN_PASSES, MAX_PASSES = 3, 10
MIN_MEMORY, MAX_MEMORY = 64 * MIB, 1024 * MIB
"""What is accepted when opening. Below is too weak to have been written by us, above is an attack on memory."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Argon2id passes and memory in bytes."""

    passes: int = 3
    memory: int = 256 * MIB

    def check(self) -> None:
        """Raises Corrupt before anything is computed if the costs are out of bounds."""
        if not (MIN_PASSES <= self.passes <= MAX_PASSES and MIN_MEMORY <= self.memory <= MAX_MEMORY):
            raise Corrupt(
                "The key slot asks for password costs that this program never writes: it was altered or damaged."
            )


def password_bytes(text: str) -> Plaintext:
    """The bytes a password stands for: its NFKC form in UTF-8, so that two keyboards give the same. Misuse if empty or huge."""
    try:
        raw = unicodedata.normalize("NFKC", text).encode()
    except UnicodeEncodeError as error:
        raise Misuse("The password is not valid UTF-8 text.") from error
    if not raw.strip():
        raise Misuse("The password is empty. Choose one that only you know.")
    if len(raw) > MAX_PASSWORD_BYTES:
        raise Misuse(f"The password is longer than {MAX_PASSWORD_BYTES} bytes.")
    return Plaintext(raw)


def new_salt() -> bytes:
    return random_bytes(SALT_SIZE)


def password_key(password: Plaintext, salt: bytes, cost: Cost) -> SealKey:
    """The key-encryption key of a password. Takes about half a second and `cost.memory` bytes; releases the GIL.

    Raises StorageFailed if the machine has not that much memory.
    """
    cost.check()
    try:
        raw = nacl.bindings.crypto_pwhash_alg(
            32, password.reveal(), salt, cost.passes, cost.memory, nacl.bindings.crypto_pwhash_ALG_ARGON2ID13
        )
    except (nacl.exceptions.RuntimeError, MemoryError) as error:
        raise StorageFailed(
            f"Checking the password needs {cost.memory // MIB} MiB of memory, which this machine does not have free."
        ) from error
    return SealKey(raw)
