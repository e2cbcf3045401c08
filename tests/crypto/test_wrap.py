"""Keys come out of their wraps with the right password, words or key, and nothing altered brings anything out."""

from dataclasses import replace

import pytest

from pk_tui.crypto.keys import RecoveryKey, seal_for
from pk_tui.crypto.passphrase import MIB, Cost
from pk_tui.crypto.seal import SealKey, place
from pk_tui.crypto.wrap import (
    PasswordSlot,
    unwrap_key,
    unwrap_with_password,
    unwrap_with_recovery,
    wrap_for_password,
    wrap_for_recovery,
    wrap_key,
)
from pk_tui.errors import CannotOpen, Corrupt, WrongPassword
from pk_tui.plaintext import Plaintext

ROOT = SealKey(b"r" * 32)
PASSWORD = Plaintext(b"correct horse")
SLOT = wrap_for_password(ROOT, PASSWORD, Cost(3, 64 * MIB))
HERE = place("vault key", b"v" * 16, 1)


def test_the_password_brings_the_root_key_back() -> None:
    assert unwrap_with_password(SLOT, PASSWORD).reveal() == ROOT.reveal()


def test_two_slots_of_one_password_have_nothing_in_common() -> None:
    other = wrap_for_password(ROOT, PASSWORD, Cost(3, 64 * MIB))

    assert other.salt != SLOT.salt
    assert other.wrapped != SLOT.wrapped


def test_another_password_is_wrong() -> None:
    with pytest.raises(WrongPassword):
        unwrap_with_password(SLOT, Plaintext(b"correct horsf"))


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :]


@pytest.mark.parametrize(
    "slot",
    [
        replace(SLOT, salt=flipped(SLOT.salt, 0)),
        replace(SLOT, cost=Cost(3, 65 * MIB)),
        replace(SLOT, cost=Cost(4, 64 * MIB)),
        replace(SLOT, wrapped=flipped(SLOT.wrapped, 0)),
        replace(SLOT, wrapped=flipped(SLOT.wrapped, 30)),
        replace(SLOT, wrapped=flipped(SLOT.wrapped, -1 % len(SLOT.wrapped))),
        replace(SLOT, wrapped=SLOT.wrapped[:-1]),
        replace(SLOT, wrapped=b""),
    ],
)
def test_a_slot_that_was_altered_does_not_open(slot: PasswordSlot) -> None:
    with pytest.raises(WrongPassword):
        unwrap_with_password(slot, PASSWORD)


@pytest.mark.parametrize("cost", [Cost(1, 64 * MIB), Cost(3, 8 * MIB), Cost(3, 64 * 1024 * MIB), Cost(1000, 64 * MIB)])
def test_a_slot_that_asks_for_impossible_costs_is_damage_and_no_wrong_password(cost: Cost) -> None:
    with pytest.raises(Corrupt):
        unwrap_with_password(replace(SLOT, cost=cost), PASSWORD)


# ---- recovery ----

WORDS, OTHER_WORDS = RecoveryKey(b"w" * 32), RecoveryKey(b"x" * 32)


def test_the_words_bring_the_root_key_back_though_they_were_not_there_when_it_was_wrapped() -> None:
    wrapped = wrap_for_recovery(ROOT, WORDS.box_public)

    assert unwrap_with_recovery(wrapped, WORDS).reveal() == ROOT.reveal()


def test_other_words_and_altered_wraps_do_not_open() -> None:
    wrapped = wrap_for_recovery(ROOT, WORDS.box_public)
    with pytest.raises(CannotOpen):
        unwrap_with_recovery(wrapped, OTHER_WORDS)
    for raw in (flipped(wrapped, 0), flipped(wrapped, 60), wrapped[:-1], b""):
        with pytest.raises(CannotOpen):
            unwrap_with_recovery(raw, WORDS)


@pytest.mark.parametrize(
    "body", [b"", b"r" * 32, b"pk1 root" + b"r" * 31, b"pk1 root" + b"r" * 33, b"pk1 boot" + b"r" * 32]
)
def test_something_else_sealed_for_the_words_is_no_root_key(body: bytes) -> None:
    """Anybody who knows the public key can seal for it, so what comes out must say what it is."""
    with pytest.raises(CannotOpen):
        unwrap_with_recovery(seal_for(WORDS.box_public, body), WORDS)


# ---- keys under keys ----

VAULT_KEY = SealKey(b"v" * 32)


def test_a_key_comes_out_of_its_wrap_in_its_place() -> None:
    assert unwrap_key(ROOT, wrap_key(ROOT, VAULT_KEY, HERE), HERE).reveal() == VAULT_KEY.reveal()


@pytest.mark.parametrize(
    "where", [place("vault key", b"v" * 16, 2), place("vault key", b"w" * 16, 1), place("node key"), b""]
)
def test_a_wrapped_key_that_was_moved_does_not_open(where: bytes) -> None:
    with pytest.raises(CannotOpen):
        unwrap_key(ROOT, wrap_key(ROOT, VAULT_KEY, HERE), where)


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(CannotOpen):
        unwrap_key(VAULT_KEY, wrap_key(ROOT, VAULT_KEY, HERE), HERE)


def test_a_slot_shows_no_key() -> None:
    assert ROOT.reveal().hex() not in repr(SLOT)
    assert repr(ROOT.reveal()) not in repr(SLOT)
