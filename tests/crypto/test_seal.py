"""A seal opens with its own key in its own place, whole, and in no other way; and its length tells little."""

import hashlib
import struct
from itertools import pairwise

import nacl.bindings
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.crypto.entropy import seeded
from pk_tui.crypto.seal import (
    OVERHEAD,
    SealKey,
    open_padded,
    open_sealed,
    padded_size,
    place,
    seal,
    seal_padded,
    seal_padded_large,
)
from pk_tui.errors import CannotOpen

KEY = SealKey(bytes(range(32)))
OTHER = SealKey(b"o" * 32)
HERE = place("frame", b"vault", 1, 7)
small = settings(max_examples=60)


@small
@given(st.binary(max_size=2000), st.binary(max_size=50))
def test_what_is_sealed_opens_again(plaintext: bytes, where: bytes) -> None:
    sealed = seal(KEY, plaintext, where)

    assert open_sealed(KEY, sealed, where) == plaintext
    assert len(sealed) == len(plaintext) + OVERHEAD


def test_the_construction_is_xchacha20_poly1305_with_the_nonce_in_front() -> None:
    sealed = seal(KEY, b"value", HERE)
    opened = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed[24:], HERE, sealed[:24], KEY.reveal())

    assert opened == b"value"


def test_the_same_bytes_never_look_the_same_twice() -> None:
    assert len({seal(KEY, b"value", HERE) for _ in range(100)}) == 100


def test_the_nonce_comes_from_entropy() -> None:
    with seeded(b"s"):
        first = seal(KEY, b"value", HERE)
    with seeded(b"s"):
        assert seal(KEY, b"value", HERE) == first


MOVED = {
    "another purpose": place("index", b"vault", 1, 7),
    "another vault": place("frame", b"vaulu", 1, 7),
    "another epoch": place("frame", b"vault", 2, 7),
    "another number": place("frame", b"vault", 1, 8),
    "parts exchanged": place("frame", b"vault", 7, 1),
    "a part less": place("frame", b"vault", 1),
    "a part more": place("frame", b"vault", 1, 7, 0),
    "no place": b"",
}


@pytest.mark.parametrize("where", MOVED.values(), ids=MOVED)
def test_a_seal_that_was_moved_does_not_open(where: bytes) -> None:
    with pytest.raises(CannotOpen):
        open_sealed(KEY, seal(KEY, b"value", HERE), where)


def test_a_seal_with_any_bit_changed_does_not_open() -> None:
    sealed = seal(KEY, b"value", HERE)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CannotOpen):
            open_sealed(KEY, bytes(changed), HERE)


def test_a_seal_cut_short_extended_or_reordered_does_not_open() -> None:
    sealed = seal(KEY, b"value" * 10, HERE)
    for wrong in [*(sealed[:size] for size in range(len(sealed))), sealed + b"\0", sealed[24:] + sealed[:24]]:
        with pytest.raises(CannotOpen):
            open_sealed(KEY, wrong, HERE)


def test_another_key_does_not_open_it_and_all_failures_say_the_same() -> None:
    sealed = seal(KEY, b"value", HERE)
    said = set()
    for key, raw, where in [(OTHER, sealed, HERE), (KEY, sealed, b""), (KEY, sealed[:-1], HERE), (KEY, b"", HERE)]:
        with pytest.raises(CannotOpen) as caught:
            open_sealed(key, raw, where)
        said.add(caught.value.message)

    assert len(said) == 1


# ---- places ----

purposes = st.sampled_from(["a", "b", "frame", "frame2"])
parts = st.lists(st.binary(max_size=5), max_size=4)


@settings(max_examples=200)
@given(purposes, parts, purposes, parts)
def test_two_places_never_give_the_same_bytes(purpose: str, one: list[bytes], purpose2: str, two: list[bytes]) -> None:
    assert (place(purpose, *one) == place(purpose2, *two)) is ((purpose, one) == (purpose2, two))


def test_bytes_cannot_be_pushed_from_one_part_into_the_next() -> None:
    assert place("p", b"ab", b"c") != place("p", b"a", b"bc")
    assert place("p", b"abc") != place("p", b"abc", b"")
    assert place("pa", b"b") != place("p", b"ab")


# ---- keys ----


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_of_another_size_cannot_be_made(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SealKey(b"k" * size)


def test_a_key_does_not_show_itself() -> None:
    for shown in (repr(KEY), str(KEY), f"{KEY}", str([KEY])):
        assert "‹hidden›" in shown
        assert KEY.reveal().hex() not in shown
    assert not hasattr(KEY, "__dict__")


def test_generated_keys_differ() -> None:
    assert SealKey.generate().reveal() != SealKey.generate().reveal()


@pytest.mark.parametrize("number", [0, 1, 2**64 - 1])
@pytest.mark.parametrize("purpose", ["pk state", "sixteen letters!"])
def test_a_subkey_is_what_libsodium_computes(purpose: str, number: int) -> None:
    """crypto_kdf_derive_from_key is BLAKE2b with subkey number as salt and context as personalisation, both zero-padded."""
    expected = nacl.bindings.crypto_generichash_blake2b_salt_personal(
        b"", 32, KEY.reveal(), struct.pack("<QQ", number, 0), purpose.encode().ljust(16, b"\0")
    )

    assert KEY.subkey(purpose, number).reveal() == expected


def test_subkeys_of_other_purposes_numbers_and_keys_differ() -> None:
    keys = {key.subkey(purpose, n).reveal() for key in (KEY, OTHER) for purpose in ("a", "b", "ab") for n in (0, 1)}

    assert len(keys) == 12
    assert KEY.reveal() not in keys


def test_a_purpose_that_does_not_fit_is_refused_and_never_cut() -> None:
    with pytest.raises(ValueError, match="person"):
        KEY.subkey("seventeen letters")


def test_a_tag_is_a_keyed_hash() -> None:
    assert KEY.tag(b"name") == hashlib.blake2b(b"name", digest_size=16, key=KEY.reveal()).digest()
    assert len(KEY.tag(b"name", 32)) == 32
    assert (
        len(
            {KEY.tag(b"name"), KEY.tag(b"name2"), OTHER.tag(b"name"), hashlib.blake2b(b"name", digest_size=16).digest()}
        )
        == 4
    )


# ---- padding ----


@pytest.mark.parametrize(
    ("size", "floor", "padded"),
    [
        (0, 0, 0),
        (1, 0, 1),
        (9, 0, 10),
        (100, 0, 104),
        (1000, 0, 1024),
        (65_537, 0, 67_584),
        (5, 1024, 1024),
        (1025, 1024, 1088),
    ],
)
def test_known_padded_sizes(size: int, floor: int, padded: int) -> None:
    assert padded_size(size, floor) == padded


@settings(max_examples=300)
@given(st.integers(0, 2**40), st.sampled_from([0, 512, 1024]))
def test_padding_never_cuts_costs_little_and_is_stable(size: int, floor: int) -> None:
    padded = padded_size(size, floor)

    assert size <= padded <= max(floor, size * 1.12 + 1)
    assert padded_size(padded, floor) == padded
    assert padded_size(size + 1, floor) >= padded


def test_few_lengths_are_left_to_tell_apart() -> None:
    sizes = {padded_size(size, 1024) for size in range(65_536)}

    assert len(sizes) < 130
    assert all(after - before >= 32 for before, after in pairwise(sorted(sizes)))


@small
@given(st.binary(max_size=3000), st.sampled_from([64, 512, 1024]))
def test_what_is_sealed_padded_opens_to_exactly_the_bytes(plaintext: bytes, floor: int) -> None:
    sealed = seal_padded(KEY, plaintext, HERE, floor)

    assert open_padded(KEY, sealed, HERE) == plaintext
    assert len(sealed) == padded_size(len(plaintext) + 4, floor) + OVERHEAD


@small
@given(st.binary(max_size=3000), st.binary(max_size=50), st.sampled_from([64, 512, 1024]))
def test_what_is_sealed_where_it_lies_is_sealed_alike(plaintext: bytes, where: bytes, floor: int) -> None:
    with seeded(b"s"):
        expected = seal_padded(KEY, plaintext, where, floor)
    with seeded(b"s"):
        assert seal_padded_large(KEY, bytearray(plaintext), where, floor) == expected


LARGE = 16 * 1024
"""Bytes around which opening goes another way."""


@pytest.mark.parametrize("size", [LARGE - 200, LARGE, 65_532, 262_153, 2_000_000])
def test_large_or_small_the_same_bytes_open(size: int) -> None:
    plaintext = bytes(size - 3) + b"\1\2\0"
    sealed = seal_padded(KEY, plaintext, HERE, 64)
    before = bytes(sealed)

    opened = open_padded(KEY, sealed, HERE)

    assert type(opened) is bytes
    assert opened == plaintext
    assert sealed == before


@pytest.mark.parametrize("at", [0, 23, 24, 30, LARGE, -17, -16, -1])
def test_a_large_seal_with_one_bit_changed_does_not_open(at: int) -> None:
    sealed = bytearray(seal_padded(KEY, b"x" * 3 * LARGE, HERE, 64))
    sealed[at] ^= 1

    with pytest.raises(CannotOpen):
        open_padded(KEY, bytes(sealed), HERE)


@pytest.mark.parametrize("where", MOVED.values(), ids=MOVED)
def test_a_large_seal_that_was_moved_or_cut_or_is_of_another_key_does_not_open(where: bytes) -> None:
    sealed = seal_padded(KEY, b"x" * 3 * LARGE, HERE, 64)

    for key, raw, place_of in ((KEY, sealed, where), (KEY, sealed[:-1], HERE), (SealKey(bytes(32)), sealed, HERE)):
        with pytest.raises(CannotOpen):
            open_padded(key, raw, place_of)


@pytest.mark.parametrize("length", [3 * LARGE + 1, 0xFFFF_FFFF])
def test_a_large_seal_whose_length_lies_does_not_open(length: int) -> None:
    with pytest.raises(CannotOpen):
        open_padded(KEY, seal(KEY, length.to_bytes(4, "big") + bytes(3 * LARGE), HERE), HERE)


@pytest.mark.parametrize("found", [None, 7, "x" * 2 * LARGE])
def test_what_is_no_bytes_at_all_is_a_mistake_of_its_type(found: object) -> None:
    with pytest.raises(TypeError):
        open_padded(KEY, found, HERE)  # type: ignore[arg-type]


def test_a_large_seal_leaves_what_it_was_given_as_it_was() -> None:
    plaintext = bytearray(b"x" * 300_000)
    sealed = seal_padded_large(KEY, plaintext, HERE, 1024)

    assert plaintext == b"x" * 300_000
    assert open_padded(KEY, bytes(sealed), HERE) == plaintext


def test_zeros_at_the_end_are_not_taken_for_padding() -> None:
    assert open_padded(KEY, seal_padded(KEY, b"a\0\0\0", HERE, 512), HERE) == b"a\0\0\0"
    assert open_padded(KEY, seal_padded(KEY, b"", HERE, 512), HERE) == b""


def test_short_secrets_of_different_length_look_alike() -> None:
    assert len({len(seal_padded(KEY, b"x" * size, HERE, 512)) for size in range(509)}) == 1


@pytest.mark.parametrize("body", [b"", b"\0\0\0", b"\0\0\0\1", b"\xff\xff\xff\xffvalue", b"\0\0\0\6value"])
def test_a_padded_seal_whose_length_lies_does_not_open(body: bytes) -> None:
    with pytest.raises(CannotOpen):
        open_padded(KEY, seal(KEY, body, HERE), HERE)


@pytest.mark.parametrize("where", MOVED.values(), ids=MOVED)
def test_a_padded_seal_that_was_moved_does_not_open(where: bytes) -> None:
    with pytest.raises(CannotOpen):
        open_padded(KEY, seal_padded(KEY, b"value", HERE, 64), where)
