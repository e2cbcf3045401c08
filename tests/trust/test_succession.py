"""That one node goes on where another was is believed of nobody; it is kept for the node itself, and only whole."""

import pytest
from trust.chains import altered

from pk_tui.crypto.keys import RecoveryKey, SigningKey
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Malformed
from pk_tui.records import decode, encode
from pk_tui.trust import succession
from pk_tui.trust.genesis import UnverifiedClaim, make_genesis
from pk_tui.trust.succession import UnverifiedSuccession, make_succession, recovery_key_of

OLD = SigningKey(SealKey(b"o" * 32))
NEW = SigningKey(SealKey(b"n" * 32))
RECOVERY = RecoveryKey(b"r" * 32)
NOW = 1_800_000_000_000_000
RAW = make_succession(NEW, OLD, RECOVERY.public, RECOVERY.box_public, NOW)


def refused(raw: bytes) -> bool:
    with pytest.raises(Malformed):
        UnverifiedSuccession(raw).verify()
    return True


def test_it_says_what_was_put_in() -> None:
    said = UnverifiedSuccession(RAW).verify()

    assert (said.node, said.predecessor) == (NEW.node_id, OLD.node_id)
    assert (said.recovery, said.recovery_box, said.time) == (RECOVERY.public, RECOVERY.box_public, NOW)


def test_any_bit_changed_and_any_other_length_is_refused() -> None:
    assert all(map(refused, altered(RAW)))


def test_signatures_of_others_or_for_other_purposes_do_not_stand_in() -> None:
    body = decode(succession._Signed, RAW).body
    by_node, by_old = NEW.sign("claim succession", body), OLD.sign("claim succeeded", body)
    assert UnverifiedSuccession(encode(succession._Signed(body, by_node, by_old))).verify()
    for one, other in (
        (by_old, by_node),
        (by_node, by_node),
        (by_node, RECOVERY.signing.sign("claim succeeded", body)),
        (NEW.sign("claim genesis", body), by_old),
        (by_node, OLD.sign("claim recovery", body)),
    ):
        assert refused(encode(succession._Signed(body, one, other)))


def test_no_key_stands_for_two() -> None:
    assert refused(make_succession(NEW, NEW, RECOVERY.public, RECOVERY.box_public, NOW))
    assert refused(make_succession(NEW, OLD, NEW.node_id.raw, RECOVERY.box_public, NOW))
    assert refused(make_succession(NEW, OLD, OLD.node_id.raw, RECOVERY.box_public, NOW))


def test_nobody_takes_it_for_a_genesis_claim_nor_the_other_way_round() -> None:
    with pytest.raises(Malformed):
        UnverifiedClaim(RAW).verify()
    assert refused(make_genesis(NEW, RECOVERY, NOW))


def test_the_recovery_key_is_read_from_both_and_from_nothing_else() -> None:
    assert recovery_key_of(RAW) == RECOVERY.public
    assert recovery_key_of(make_genesis(NEW, RECOVERY, NOW)) == RECOVERY.public
    for raw in (b"", RAW[:-1], RAW[:-1] + bytes((RAW[-1] ^ 1,))):
        with pytest.raises(Malformed):
            recovery_key_of(raw)


def test_another_spelling_of_the_same_claim_is_refused() -> None:
    body = decode(succession._Signed, RAW).body
    at = RAW.index(body) - 2
    longer = RAW[:at] + b"\xc5" + len(body).to_bytes(2, "big") + RAW[at + 2 :]
    assert decode(succession._Signed, longer).body == body
    assert refused(longer)
