"""Keys sealed under keys: password → root key → vault keys and node state key; and the root key sealed for the recovery words."""

from __future__ import annotations

from dataclasses import dataclass

from pk_tui.crypto.keys import RecoveryKey, seal_for
from pk_tui.crypto.passphrase import Cost, new_salt, password_key
from pk_tui.crypto.seal import SealKey, open_sealed, place, seal
from pk_tui.errors import CannotOpen, WrongPassword
from pk_tui.plaintext import Plaintext


@dataclass(frozen=True, slots=True)
class PasswordSlot:
    """The root key wrapped under a password. Salt and costs are bound into the seal, so lowering them breaks it."""

    salt: bytes
    cost: Cost
    wrapped: bytes


def _slot_place(salt: bytes, cost: Cost) -> bytes:
    return place("slot password", salt, cost.passes, cost.memory)


def wrap_for_password(root: SealKey, password: Plaintext, cost: Cost) -> PasswordSlot:
    salt = new_salt()
    key = password_key(password, salt, cost)
    return PasswordSlot(salt, cost, seal(key, root.reveal(), _slot_place(salt, cost)))


def unwrap_with_password(slot: PasswordSlot, password: Plaintext) -> SealKey:
    """The root key. Raises WrongPassword; a damaged slot cannot be told from a wrong password, and the sentence says so."""
    key = password_key(password, slot.salt, slot.cost)
    try:
        return SealKey(open_sealed(key, slot.wrapped, _slot_place(slot.salt, slot.cost)))
    except CannotOpen as error:
        raise WrongPassword("The password is wrong (or the stored key was damaged).") from error


def wrap_for_recovery(root: SealKey, box_public: bytes) -> bytes:
    """The root key sealed to the recovery words' public key; the words themselves are not needed."""
    return seal_for(box_public, b"pk1 root" + root.reveal())


def unwrap_with_recovery(wrapped: bytes, recovery: RecoveryKey) -> SealKey:
    body = recovery.open_box(wrapped)
    if len(body) != 40 or body[:8] != b"pk1 root":
        raise CannotOpen("The recovery slot holds something else than a root key.")
    return SealKey(body[8:])


def wrap_key(under: SealKey, key: SealKey, where: bytes) -> bytes:
    return seal(under, key.reveal(), where)


def unwrap_key(under: SealKey, wrapped: bytes, where: bytes) -> SealKey:
    return SealKey(open_sealed(under, wrapped, where))
