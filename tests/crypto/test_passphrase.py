"""A password becomes a key at a cost that is bounded on both sides and checked before anything is computed."""

import time
import unicodedata

import nacl.pwhash
import pytest

from pk_tui.crypto.passphrase import (
    MAX_MEMORY,
    MAX_PASSES,
    MAX_PASSWORD_BYTES,
    MIB,
    MIN_MEMORY,
    MIN_PASSES,
    SALT_SIZE,
    Cost,
    new_salt,
    password_bytes,
    password_key,
)
from pk_tui.errors import Corrupt, Misuse
from pk_tui.plaintext import Plaintext

LOWEST = Cost(MIN_PASSES, MIN_MEMORY)
SALT = b"s" * SALT_SIZE


def test_the_key_is_argon2id_of_password_and_salt() -> None:
    expected = nacl.pwhash.argon2id.kdf(32, b"correct horse", SALT, opslimit=3, memlimit=64 * MIB)

    assert password_key(Plaintext(b"correct horse"), SALT, LOWEST).reveal() == expected


def test_another_password_salt_or_cost_gives_another_key() -> None:
    keys = {
        password_key(Plaintext(password), salt, cost).reveal()
        for password, salt, cost in [
            (b"correct horse", SALT, LOWEST),
            (b"correct hors", SALT, LOWEST),
            (b"correct horse", b"t" * SALT_SIZE, LOWEST),
            (b"correct horse", SALT, Cost(MIN_PASSES, MIN_MEMORY + MIB)),
            (b"correct horse", SALT, Cost(MIN_PASSES + 1, MIN_MEMORY)),
        ]
    }

    assert len(keys) == 5


@pytest.mark.parametrize(
    "cost",
    [
        Cost(MIN_PASSES - 1, MIN_MEMORY),
        Cost(0, MIN_MEMORY),
        Cost(-1, MIN_MEMORY),
        Cost(MAX_PASSES + 1, MIN_MEMORY),
        Cost(2**32, MIN_MEMORY),
        Cost(MIN_PASSES, MIN_MEMORY - 1),
        Cost(MIN_PASSES, 0),
        Cost(MIN_PASSES, -1),
        Cost(MIN_PASSES, MAX_MEMORY + 1),
        Cost(MIN_PASSES, 2**63),
    ],
)
def test_costs_out_of_bounds_are_refused_before_anything_is_computed(cost: Cost) -> None:
    started = time.process_time()
    with pytest.raises(Corrupt):
        password_key(Plaintext(b"password"), SALT, cost)

    assert time.process_time() - started < 0.05  # the lowest allowed cost takes longer than that


@pytest.mark.parametrize("cost", [LOWEST, Cost(), Cost(MAX_PASSES, MAX_MEMORY)])
def test_costs_within_bounds_are_accepted(cost: Cost) -> None:
    cost.check()


def test_new_slots_cost_at_least_256_mib_and_three_passes() -> None:
    assert Cost() == Cost(3, 256 * MIB)


def test_salts_are_random_and_long_enough() -> None:
    assert len({new_salt() for _ in range(100)}) == 100
    assert len(new_salt()) == 16


@pytest.mark.parametrize(
    ("typed", "same"), [("caf\u00e9", "cafe\u0301"), ("\u212b", "\u00e5".upper()), ("ﬁx", "fix"), ("１２３", "123")]
)
def test_two_keyboards_give_the_same_password(typed: str, same: str) -> None:
    assert password_bytes(typed) == password_bytes(same)
    assert password_bytes(typed).reveal() == unicodedata.normalize("NFKC", typed).encode()


def test_case_and_inner_and_outer_spaces_count() -> None:
    assert len({password_bytes(text).reveal() for text in ("a b", "A b", "a  b", " a b", "a b ")}) == 5


@pytest.mark.parametrize(
    "typed", ["", " ", "\t\n", "\u00a0", "\u3000", "\ud800", "a\udcff", "a" * (MAX_PASSWORD_BYTES + 1)]
)
def test_a_password_that_is_empty_huge_or_no_text_is_refused(typed: str) -> None:
    with pytest.raises(Misuse) as caught:
        password_bytes(typed)

    assert "aaa" not in caught.value.message


def test_the_longest_password_is_taken() -> None:
    assert len(password_bytes("a" * MAX_PASSWORD_BYTES)) == MAX_PASSWORD_BYTES
