"""Noise against published vectors, against a second implementation, and against bytes that are not what they should be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nacl.bindings
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from noise.connection import Keypair, NoiseConnection

from pk_tui.crypto import entropy
from pk_tui.crypto.noise import MAX_MESSAGE, NONCE_LIMIT, TAG_SIZE, CipherState, HandshakeState, KeyPair
from pk_tui.errors import CannotOpen

_PUBLISHED = Path(__file__).parents[1] / "vectors"
VECTORS = json.loads((_PUBLISHED / "noise_25519_chachapoly.json").read_text())["vectors"]
AGREEMENTS = json.loads((_PUBLISHED / "x25519_wycheproof.json").read_text())["vectors"]
XX = "Noise_XX_25519_ChaChaPoly_SHA256"
KEY = bytes(range(32))

LOW_ORDER = [
    bytes.fromhex(point)
    for point in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000080",
    )
]


def supply(monkeypatch: pytest.MonkeyPatch, *values: bytes) -> None:
    """The next random bytes are these: vectors fix the ephemeral keys."""
    left = list(values)

    def source(size: int) -> bytes:
        value = left.pop(0)
        assert len(value) == size
        return value

    monkeypatch.setattr(entropy, "_source", source)


def said(payload: bytes) -> Callable[[bytes], bytes]:
    return lambda _: payload


def pair(protocol: str = XX, **both: Any) -> tuple[HandshakeState, HandshakeState]:
    both.setdefault("prologue", b"")
    return (
        HandshakeState(protocol, initiator=True, static=KeyPair.generate(), **both),
        HandshakeState(protocol, initiator=False, static=KeyPair.generate(), **both),
    )


def run(first: HandshakeState, second: HandshakeState) -> None:
    while not first.finished:
        second.read(first.write(said(b"")))
        first, second = second, first


# Published vectors


def test_all_fifteen_vectors_are_here() -> None:
    assert len(VECTORS) == 15


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['protocol_name']}-{v['source']}")
def test_every_published_vector_comes_out(vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def octets(name: str) -> bytes | None:
        return bytes.fromhex(vector[name]) if vector.get(name) else None

    def psk(side: str) -> bytes | None:
        keys = vector.get(f"{side}_psks")
        return bytes.fromhex(keys[0]) if keys else None

    sides = [
        HandshakeState(
            vector["protocol_name"],
            initiator=side == "init",
            prologue=octets(f"{side}_prologue") or b"",
            static=KeyPair(octets(f"{side}_static") or b""),
            remote_static=octets(f"{side}_remote_static"),
            psk=psk(side),
        )
        for side in ("init", "resp")
    ]
    supply(monkeypatch, octets("init_ephemeral") or b"", octets("resp_ephemeral") or b"")
    ciphers: list[tuple[CipherState, CipherState]] = []
    for number, message in enumerate(vector["messages"]):
        sender, receiver = number % 2, 1 - number % 2
        payload, ciphertext = bytes.fromhex(message["payload"]), bytes.fromhex(message["ciphertext"])
        if not sides[0].finished:
            assert sides[sender].write(said(payload)) == ciphertext
            assert sides[receiver].read(ciphertext)[0] == payload
            if sides[0].finished:
                ciphers = [side.split() for side in sides]
        else:
            assert ciphers[sender][0].encrypt(payload) == ciphertext
            assert ciphers[receiver][1].decrypt(ciphertext) == payload
    assert len(ciphers) == 2
    assert sides[0].hash == sides[1].hash
    if vector.get("handshake_hash"):
        assert sides[0].hash.hex() == vector["handshake_hash"]


# A second implementation


@settings(max_examples=10, deadline=None)
@given(
    ours_first=st.booleans(),
    hash_name=st.sampled_from(["SHA256", "BLAKE2s", "BLAKE2b"]),
    prologue=st.binary(max_size=40),
    payloads=st.lists(st.binary(max_size=300), min_size=3, max_size=3),
    messages=st.lists(st.tuples(st.booleans(), st.binary(max_size=2000)), max_size=6),
)
def test_xx_agrees_with_a_second_implementation_in_both_roles(
    ours_first: bool, hash_name: str, prologue: bytes, payloads: list[bytes], messages: list[tuple[bool, bytes]]
) -> None:
    protocol = f"Noise_XX_25519_ChaChaPoly_{hash_name}"
    ours = HandshakeState(protocol, initiator=ours_first, prologue=prologue, static=KeyPair.generate())
    theirs = NoiseConnection.from_name(protocol.encode())
    if ours_first:
        theirs.set_as_responder()
    else:
        theirs.set_as_initiator()
    theirs.set_prologue(prologue)
    theirs.set_keypair_from_private_bytes(Keypair.STATIC, entropy.random_bytes(32))
    theirs.start_handshake()
    for number, payload in enumerate(payloads):
        if (number % 2 == 0) == ours_first:
            assert theirs.read_message(ours.write(said(payload))) == payload
        else:
            assert ours.read(bytes(theirs.write_message(payload)))[0] == payload
    assert ours.finished
    assert theirs.handshake_finished
    assert ours.hash == theirs.get_handshake_hash()
    send, receive = ours.split()
    for outward, body in messages:
        if outward:
            assert theirs.decrypt(send.encrypt(body)) == body
        else:
            assert receive.decrypt(theirs.encrypt(body)) == body
    send.rekey()
    theirs.noise_protocol.cipher_state_decrypt.rekey()
    assert theirs.decrypt(send.encrypt(b"after a change of keys")) == b"after a change of keys"


# The handshake state


def test_the_maker_of_a_payload_and_its_reader_see_the_same_hash_and_it_differs_per_message() -> None:
    first, second = pair()
    seen: list[bytes] = []

    def payload(bound: bytes) -> bytes:
        seen.append(bound)
        return b"x"

    read: list[bytes] = []
    while not first.finished:
        read.append(second.read(first.write(payload))[1])
        first, second = second, first
    assert seen == read
    assert len(set(seen)) == 3


def test_both_sides_learn_the_static_key_of_the_other() -> None:
    one, two = KeyPair.generate(), KeyPair.generate()
    first = HandshakeState(XX, initiator=True, prologue=b"", static=one)
    second = HandshakeState(XX, initiator=False, prologue=b"", static=two)
    run(first, second)
    assert (first.remote_static, second.remote_static) == (two.public, one.public)


def test_another_prologue_is_refused_at_the_second_message() -> None:
    first = HandshakeState(XX, initiator=True, prologue=b"one", static=KeyPair.generate())
    second = HandshakeState(XX, initiator=False, prologue=b"two", static=KeyPair.generate())
    second.read(first.write(said(b"")))
    with pytest.raises(CannotOpen):
        first.read(second.write(said(b"")))


def test_another_psk_is_refused_at_the_third_message() -> None:
    name = "Noise_XXpsk3_25519_ChaChaPoly_SHA256"
    first = HandshakeState(name, initiator=True, prologue=b"", static=KeyPair.generate(), psk=bytes(32))
    second = HandshakeState(name, initiator=False, prologue=b"", static=KeyPair.generate(), psk=KEY)
    second.read(first.write(said(b"")))
    first.read(second.write(said(b"")))
    with pytest.raises(CannotOpen):
        second.read(first.write(said(b"")))


def test_a_message_that_is_too_long_is_neither_written_nor_read() -> None:
    first, second = pair()
    with pytest.raises(ValueError, match="65,535"):
        first.write(said(bytes(MAX_MESSAGE - 31)))
    with pytest.raises(CannotOpen):
        second.read(bytes(MAX_MESSAGE + 1))


def test_every_truncation_of_every_message_is_refused() -> None:
    for cut_number in range(3):
        probe, other = pair()
        sizes = []
        while not probe.finished:
            message = probe.write(said(b""))
            sizes.append(len(message))
            other.read(message)
            probe, other = other, probe
        for size in range(0, sizes[cut_number], 7):
            first, second = pair()
            for _ in range(cut_number):
                second.read(first.write(said(b"")))
                first, second = second, first
            with pytest.raises(CannotOpen):
                second.read(first.write(said(b""))[:size])


def test_calling_out_of_turn_is_our_own_mistake() -> None:
    first, second = pair()
    with pytest.raises(ValueError, match="turn"):
        second.write(said(b""))
    with pytest.raises(ValueError, match="turn"):
        first.read(bytes(32))
    with pytest.raises(ValueError, match="not finished"):
        first.split()
    run(first, second)
    with pytest.raises(ValueError, match="turn"):
        first.write(said(b""))


def test_keys_that_a_pattern_needs_must_be_given_and_no_others() -> None:
    with pytest.raises(ValueError, match="key"):
        HandshakeState("Noise_IK_25519_ChaChaPoly_SHA256", initiator=True, prologue=b"", static=KeyPair.generate())
    for psk in (None, bytes(31)):
        with pytest.raises(ValueError, match="psk"):
            pair("Noise_XXpsk3_25519_ChaChaPoly_SHA256", psk=psk)
    with pytest.raises(ValueError, match="psk"):
        pair(XX, psk=bytes(32))
    with pytest.raises(ValueError, match="spoken"):
        pair("Noise_XX_448_ChaChaPoly_SHA256")


# Keys


@pytest.mark.parametrize("point", LOW_ORDER, ids=lambda p: p.hex()[:4] + p.hex()[-2:])
def test_low_order_points_are_refused(point: bytes) -> None:
    with pytest.raises(CannotOpen):
        KeyPair.generate().agree(point)


@pytest.mark.parametrize(
    ("public", "secret", "shared"), [pytest.param(*keys, id=f"{number}") for number, *keys, _ in AGREEMENTS]
)
def test_wycheproof_agrees_and_nothing_shared_is_refused(public: str, secret: str, shared: str) -> None:
    pair = KeyPair(bytes.fromhex(secret))
    if any(bytes.fromhex(shared)):
        assert pair.agree(bytes.fromhex(public)).hex() == shared
    else:
        with pytest.raises(CannotOpen):
            pair.agree(bytes.fromhex(public))


def test_the_published_agreements_hold_both_cases() -> None:
    nothing = [flags for _, _, _, shared, flags in AGREEMENTS if not any(bytes.fromhex(shared))]

    assert len(nothing) == 31
    assert len(AGREEMENTS) == 62


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_public_key_of_another_size_never_reaches_the_library(size: int) -> None:
    with pytest.raises(CannotOpen):
        KeyPair.generate().agree(b"\x09" * size)
    with pytest.raises(ValueError, match="32"):
        KeyPair(b"\x09" * size)


def test_nothing_secret_is_printed() -> None:
    assert "hidden" in repr(KeyPair(KEY))
    cipher = CipherState(KEY)
    assert repr(cipher) == "CipherState(‹hidden›, messages=0)"


# Cipher states


@given(st.binary(max_size=200), st.binary(max_size=40))
@settings(max_examples=30)
def test_what_was_encrypted_decrypts_once_in_order_with_the_same_associated_bytes(
    body: bytes, associated: bytes
) -> None:
    send, receive = CipherState(KEY), CipherState(KEY)
    sealed = send.encrypt(body, associated)
    assert len(sealed) == len(body) + TAG_SIZE
    with pytest.raises(CannotOpen):
        CipherState(KEY).decrypt(sealed, associated + b"x")
    assert receive.decrypt(sealed, associated) == body
    with pytest.raises(CannotOpen):
        receive.decrypt(sealed, associated)


@pytest.mark.parametrize("size", range(TAG_SIZE))
def test_a_ciphertext_shorter_than_its_tag_is_refused_like_any_other(size: int) -> None:
    with pytest.raises(CannotOpen):
        CipherState(KEY).decrypt(bytes(size))


def test_the_last_nonce_is_never_used_for_a_message() -> None:
    send, receive = CipherState(KEY, NONCE_LIMIT - 1), CipherState(KEY, NONCE_LIMIT - 1)
    sealed = send.encrypt(b"the last")
    assert receive.decrypt(sealed) == b"the last"
    with pytest.raises(CannotOpen):
        send.encrypt(b"one too many")
    beyond = nacl.bindings.crypto_aead_chacha20poly1305_ietf_encrypt(b"x", b"", bytes(4) + b"\xff" * 8, KEY)
    with pytest.raises(CannotOpen):
        receive.decrypt(beyond)


def test_a_new_key_is_another_key_and_both_sides_come_to_the_same() -> None:
    send, receive, left_behind = CipherState(KEY), CipherState(KEY), CipherState(KEY)
    send.rekey()
    receive.rekey()
    sealed = send.encrypt(b"x")
    with pytest.raises(CannotOpen):
        left_behind.decrypt(sealed)
    assert receive.decrypt(sealed) == b"x"
    assert send.messages == receive.messages == 1


def test_every_failure_has_the_same_words() -> None:
    words = set()
    for attempt in (
        lambda: CipherState(KEY).decrypt(b""),
        lambda: CipherState(KEY).decrypt(bytes(40)),
        lambda: CipherState(KEY, NONCE_LIMIT).encrypt(b""),
        lambda: KeyPair(KEY).agree(bytes(32)),
        lambda: pair()[1].read(bytes(31)),
    ):
        with pytest.raises(CannotOpen) as caught:
            attempt()
        words.add(str(caught.value))
    assert len(words) == 1
