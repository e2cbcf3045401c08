"""New recovery words take over when the old ones agree and the new ones are there."""

import pytest
from trust.chains import ADA, BEN, CYD, NOW, altered

from pk_tui.crypto.keys import SigningKey
from pk_tui.errors import Malformed, Misuse
from pk_tui.records import encode, replace
from pk_tui.terms import NodeId
from pk_tui.trust import rewording
from pk_tui.trust.rewording import REWORDING_LIMIT, Rewording, make_rewording, read_rewording
from pk_tui.trust.statement import NotSigned

OLD, NEW = ADA.words, BEN.words
RAW = make_rewording(OLD, NEW, ADA.node, NOW)
SAID = rewording._Rewords(ADA.node.raw, OLD.public, NEW.public, NEW.box_public, NOW)


def signed(
    said: rewording._Rewords = SAID,
    old: SigningKey = OLD.signing,
    new: SigningKey = NEW.signing,
    by_old: str = "recovery old",
    by_new: str = "recovery new",
) -> bytes:
    body = encode(said)
    return encode(rewording._Signed(body, old.sign(by_old, body), new.sign(by_new, body)))


def test_it_says_what_both_signed() -> None:
    assert read_rewording(RAW) == Rewording(ADA.node, OLD.public, NEW.public, NEW.box_public, NOW)
    assert signed() == RAW
    assert len(RAW) < REWORDING_LIMIT - 100


def test_any_bit_changed_and_any_other_length_is_refused() -> None:
    for raw in altered(RAW):
        with pytest.raises(Malformed):
            read_rewording(raw)


def test_both_have_to_sign_each_for_its_own_purpose() -> None:
    for raw in (
        signed(old=NEW.signing, new=OLD.signing),
        signed(old=ADA.signing),
        signed(new=ADA.signing),
        signed(new=CYD.words.signing),
        signed(by_old="recovery new"),
        signed(by_new="recovery old"),
        signed(by_old="recovery new", by_new="recovery old"),
    ):
        with pytest.raises(NotSigned):
            read_rewording(raw)


def test_no_key_stands_for_two() -> None:
    for said, new in (
        (replace(SAID, new=SAID.old), OLD.signing),
        (replace(SAID, new=SAID.node), ADA.signing),
        (replace(SAID, node=SAID.old), NEW.signing),
    ):
        with pytest.raises(Malformed):
            read_rewording(signed(said, new=new))
    with pytest.raises(Misuse):
        make_rewording(OLD, OLD, ADA.node, NOW)
    with pytest.raises(Misuse):
        make_rewording(OLD, NEW, NodeId(NEW.public), NOW)
