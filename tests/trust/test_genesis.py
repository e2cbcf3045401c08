"""A first claim is believed only if its two keys both signed exactly these bytes for exactly this purpose."""

import pytest

from pk_tui.crypto.keys import RecoveryKey, SigningKey
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Malformed
from pk_tui.records import decode, encode, replace
from pk_tui.trust import genesis
from pk_tui.trust.genesis import CLAIM_LIMIT, UnverifiedClaim, make_genesis
from pk_tui.trust.statement import NotSigned

NODE = SigningKey(SealKey(b"n" * 32))
OTHER = SigningKey(SealKey(b"o" * 32))
RECOVERY = RecoveryKey(b"r" * 32)
OTHER_RECOVERY = RecoveryKey(b"q" * 32)
NOW = 1_800_000_000_000_000
RAW = make_genesis(NODE, RECOVERY, NOW)


def parts() -> tuple[genesis._Claim, genesis._Genesis]:
    signed = decode(genesis._Claim, RAW)
    return signed, decode(genesis._Genesis, signed.body)


def signed_anew(said: genesis._Genesis, node: SigningKey = NODE, recovery: SigningKey = RECOVERY.signing) -> bytes:
    body = encode(said)
    return encode(
        genesis._Claim(body, node.sign("claim genesis", body), recovery.sign("claim recovery", body)),
    )


def refused(raw: bytes) -> bool:
    with pytest.raises(Malformed):
        UnverifiedClaim(raw).verify()
    return True


def test_a_genesis_claim_says_what_was_put_in() -> None:
    verified = UnverifiedClaim(RAW).verify()

    assert verified.node == NODE.node_id
    assert verified.recovery == RECOVERY.public
    assert verified.recovery_box == RECOVERY.box_public
    assert verified.time == NOW


def test_a_genesis_claim_stays_small() -> None:
    assert len(RAW) < CLAIM_LIMIT - 200


def test_a_claim_with_any_bit_changed_is_refused() -> None:
    for at in range(len(RAW)):
        assert refused(RAW[:at] + bytes((RAW[at] ^ 1 << at % 8,)) + RAW[at + 1 :])


def test_a_claim_cut_short_or_with_more_behind_it_is_refused() -> None:
    assert all(refused(RAW[:size]) for size in range(len(RAW)))
    assert refused(RAW + b"\0")
    assert refused(RAW + b"\0" * CLAIM_LIMIT)


def test_a_claim_signed_by_another_node_is_refused() -> None:
    said = parts()[1]

    assert refused(signed_anew(said, node=OTHER))


def test_a_claim_that_names_a_recovery_key_of_somebody_else_is_refused() -> None:
    said = parts()[1]

    assert refused(signed_anew(said, recovery=OTHER_RECOVERY.signing))
    assert refused(signed_anew(replace(said, recovery=OTHER_RECOVERY.public)))


def test_a_box_key_exchanged_after_signing_is_refused() -> None:
    signed, said = parts()

    assert refused(encode(replace(signed, body=encode(replace(said, recovery_box=OTHER_RECOVERY.box_public)))))


def test_a_claim_whose_two_signatures_are_swapped_is_refused() -> None:
    signed, _ = parts()

    assert refused(encode(replace(signed, by_node=signed.by_recovery, by_recovery=signed.by_node)))


def test_a_node_key_does_not_recover_itself() -> None:
    said = replace(parts()[1], recovery=NODE.node_id.raw)

    assert refused(signed_anew(said, recovery=NODE))


def test_a_signature_for_another_purpose_does_not_make_a_claim() -> None:
    signed, _ = parts()

    assert refused(encode(replace(signed, by_node=NODE.sign("claim recovery", signed.body))))
    assert refused(encode(replace(signed, by_recovery=RECOVERY.signing.sign("claim genesis", signed.body))))


def test_a_claim_with_an_impossible_time_is_refused() -> None:
    assert refused(signed_anew(replace(parts()[1], time=-1)))


def test_another_spelling_of_the_same_claim_is_refused() -> None:
    """Whoever has no key could make it and show it as a second first claim."""
    signed, _ = parts()
    at = RAW.index(signed.body) - 2
    longer = RAW[:at] + b"\xc5" + len(signed.body).to_bytes(2, "big") + RAW[at + 2 :]
    assert decode(type(signed), longer) == signed
    assert refused(longer)


def test_a_missing_signature_is_told_from_bytes_of_another_type() -> None:
    signed, _ = parts()
    with pytest.raises(NotSigned):
        UnverifiedClaim(encode(replace(signed, by_node=bytes(64)))).verify()
