"""A signature means one signer, one purpose, one body. The recovery key signs and opens, and neither half shows itself."""

import json
from pathlib import Path
from typing import Any

import nacl.bindings
import nacl.exceptions
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.crypto import keys
from pk_tui.crypto.keys import SIGNATURE_SIZE, RecoveryKey, SigningKey, agreement_key, is_key, seal_for, verifies
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import CannotOpen, Misuse
from pk_tui.terms import NodeId

ADA, BEN = SigningKey(SealKey(b"a" * 32)), SigningKey(SealKey(b"b" * 32))
ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of the group Ed25519 signs in."""
FIELD = 2**255 - 19


def vectors(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / name).read_text())
    return found


CCTV = vectors("ed25519_cctv.json")


def test_a_published_key_pair_comes_from_its_seed() -> None:
    """RFC 8032, 7.1, test 1."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")

    assert (
        SigningKey(SealKey(seed)).node_id.raw.hex()
        == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    )


@settings(max_examples=50)
@given(st.text(max_size=30), st.binary(max_size=200))
def test_what_is_signed_verifies_for_its_signer_purpose_and_body_alone(purpose: str, body: bytes) -> None:
    signature = ADA.sign(purpose, body)
    signer = ADA.node_id.raw

    assert len(signature) == SIGNATURE_SIZE
    assert verifies(signer, purpose, body, signature)
    assert not verifies(BEN.node_id.raw, purpose, body, signature)
    assert not verifies(signer, purpose + "x", body, signature)
    assert not verifies(signer, purpose, body + b"\0", signature)


def test_bytes_cannot_be_pushed_from_the_purpose_into_the_body() -> None:
    signature = ADA.sign("head", b"!body")

    assert not verifies(ADA.node_id.raw, "head!", b"body", signature)


def test_what_is_signed_is_the_length_of_the_prefix_the_prefix_and_the_body() -> None:
    nacl.bindings.crypto_sign_open(ADA.sign("head", b"body") + b"\x0bpk-tui headbody", ADA.node_id.raw)


def test_a_signature_with_any_bit_changed_does_not_verify() -> None:
    signature = ADA.sign("head", b"body")
    for bit in range(SIGNATURE_SIZE * 8):
        changed = bytearray(signature)
        changed[bit // 8] ^= 1 << bit % 8
        assert not verifies(ADA.node_id.raw, "head", b"body", bytes(changed))


def test_the_other_form_of_the_same_signature_is_refused() -> None:
    """S + L satisfies the same equation; whoever takes it lets a second valid signature exist."""
    signature = ADA.sign("head", b"body")
    malleated = int.from_bytes(signature[32:], "little") + ORDER

    assert not verifies(ADA.node_id.raw, "head", b"body", signature[:32] + malleated.to_bytes(32, "little"))


@pytest.mark.parametrize(
    "signer",
    [
        bytes(32),
        b"\x01" + bytes(31),
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        b"\xff" * 32,
    ],
)
def test_a_key_of_small_order_or_no_point_at_all_verifies_nothing(signer: bytes) -> None:
    for signature in (bytes(64), b"\x01" + bytes(63), ADA.sign("head", b"body")):
        assert not verifies(signer, "head", b"body", signature)


def libsodium_takes(signer: bytes, message: bytes, signature: bytes) -> bool:
    try:
        nacl.bindings.crypto_sign_open(signature + message, signer)
    except nacl.exceptions.BadSignatureError:
        return False
    return True


@pytest.mark.parametrize(
    ("key", "message", "signature", "result"),
    [
        pytest.param(key, message, signature, result, id=f"{number} {flag}")
        for number, key, message, signature, result, flag in vectors("ed25519_wycheproof.json")["vectors"]
    ],
)
def test_wycheproof(key: str, message: str, signature: str, result: str) -> None:
    assert keys._holds(bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)) is (result == "valid")


def cctv() -> list[tuple[bytes, bytes, bytes, set[str]]]:
    return [
        (bytes.fromhex(key), message.encode(), bytes.fromhex(signature), {CCTV["flags"][flag] for flag in flags})
        for key, signature, message, flags in CCTV["vectors"]
    ]


def test_of_the_published_edge_cases_only_the_signature_without_any_is_taken() -> None:
    taken = [flags for key, message, signature, flags in cctv() if keys._holds(key, message, signature)]

    assert taken == [set()]


@pytest.mark.parametrize("flag", CCTV["flags"])
def test_each_published_edge_case_is_refused(flag: str) -> None:
    of_this = [(key, message, signature) for key, message, signature, flags in cctv() if flag in flags]

    assert of_this
    assert not [one for one in of_this if keys._holds(*one)]


def test_the_library_alone_would_take_keys_with_a_part_of_small_order() -> None:
    """Why the key is looked at before. If this fails the library has become stricter."""
    lenient = [flags for key, message, signature, flags in cctv() if libsodium_takes(key, message, signature) and flags]

    assert len(lenient) == 42
    assert all("low_order_component_A" in flags for flags in lenient)


def test_what_is_no_key_is_told_before_anything_is_signed_with_it() -> None:
    assert is_key(ADA.node_id.raw)
    for key, _, _, flags in cctv():
        assert is_key(key) is not bool(flags & {"low_order_A", "low_order_component_A", "non_canonical_A"})


@settings(max_examples=200)
@given(st.integers(min_value=FIELD, max_value=2**255 - 1), st.booleans())
def test_numbers_too_large_for_the_field_are_no_key_and_no_point_of_a_signature(number: int, sign: bool) -> None:
    raw = (number | sign << 255).to_bytes(32, "little")

    assert not is_key(raw)
    assert not keys._in_one_form(raw)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_another_size_is_none(size: int) -> None:
    assert not is_key(ADA.node_id.raw.ljust(size, b"\0")[:size])


@pytest.mark.parametrize(
    ("signer_size", "signature_size"), [(0, 64), (31, 64), (33, 64), (32, 0), (32, 63), (32, 65), (32, 128)]
)
def test_keys_and_signatures_of_another_size_do_not_verify(signer_size: int, signature_size: int) -> None:
    signer = ADA.node_id.raw.ljust(signer_size, b"\0")[:signer_size]
    signature = ADA.sign("head", b"body").ljust(signature_size, b"\0")[:signature_size]

    assert not verifies(signer, "head", b"body", signature)


def test_a_signing_key_shows_its_public_half_only() -> None:
    assert repr(ADA) == f"SigningKey({ADA.node_id.short})"
    assert not hasattr(ADA, "__dict__")


def test_both_forms_of_a_key_belong_together() -> None:
    assert ADA.agreement().public == agreement_key(ADA.node_id)
    assert ADA.agreement().agree(agreement_key(BEN.node_id)) == BEN.agreement().agree(agreement_key(ADA.node_id))
    assert ADA.agreement().public != ADA.node_id.raw


def test_an_id_that_is_no_key_has_no_other_form() -> None:
    for key, _, _, flags in cctv():
        if flags & {"low_order_A", "low_order_component_A", "non_canonical_A"}:
            with pytest.raises(Misuse):
                agreement_key(NodeId(key))


# ---- recovery ----

RECOVERY, OTHER = RecoveryKey(b"r" * 32), RecoveryKey(b"s" * 32)


def test_the_same_words_give_the_same_keys() -> None:
    again = RecoveryKey(b"r" * 32)

    assert (again.public, again.box_public) == (RECOVERY.public, RECOVERY.box_public)
    assert len({RECOVERY.public, RECOVERY.box_public, OTHER.public, OTHER.box_public, b"r" * 32}) == 5


def test_the_recovery_key_signs_with_the_key_that_claims_name() -> None:
    assert verifies(RECOVERY.public, "claim recovery", b"body", RECOVERY.signing.sign("claim recovery", b"body"))


def test_what_is_sealed_for_the_words_opens_with_them_alone() -> None:
    sealed = seal_for(RECOVERY.box_public, b"root key")

    assert RECOVERY.open_box(sealed) == b"root key"
    assert len(sealed) == len(b"root key") + 48
    with pytest.raises(CannotOpen):
        OTHER.open_box(sealed)


def test_a_box_that_was_changed_or_cut_does_not_open() -> None:
    sealed = seal_for(RECOVERY.box_public, b"root key")
    wrong = [sealed[:size] for size in range(len(sealed))]
    wrong += [sealed[:at] + bytes((sealed[at] ^ 1,)) + sealed[at + 1 :] for at in range(len(sealed))]
    for raw in [*wrong, sealed + b"\0"]:
        with pytest.raises(CannotOpen):
            RECOVERY.open_box(raw)


def test_a_recovery_key_does_not_show_itself() -> None:
    assert repr(RECOVERY) == "RecoveryKey(‹hidden›)"
    assert not hasattr(RECOVERY, "__dict__")


def test_entropy_of_another_size_makes_no_recovery_key() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        RecoveryKey(b"r" * 16)
