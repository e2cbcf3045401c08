"""Only recovery words expel, and they name whom."""

import pytest
from trust.chains import ADA, BEN, NOW, altered

from pk_tui.errors import Malformed, Misuse
from pk_tui.terms import NodeId
from pk_tui.trust import expulsion
from pk_tui.trust.expulsion import Expulsion, make_expulsion, read_expulsion
from pk_tui.trust.statement import NotSigned, sign_statement

RAW = make_expulsion(ADA.words, BEN.node, NOW)
SAID = expulsion._Expulsion(BEN.node.raw, ADA.words.public, NOW)


def test_it_says_what_the_words_signed() -> None:
    assert read_expulsion(RAW) == Expulsion(BEN.node, ADA.words.public, NOW)
    assert sign_statement(ADA.words.signing, "expulsion", SAID) == RAW


def test_any_bit_changed_and_any_other_length_is_refused() -> None:
    for raw in altered(RAW):
        with pytest.raises(Malformed):
            read_expulsion(raw)


def test_a_device_without_the_words_expels_nobody() -> None:
    for signing, purpose in (
        (ADA.signing, "expulsion"),
        (BEN.words.signing, "expulsion"),
        (ADA.words.signing, "succession"),
        (ADA.words.signing, "claim recovery"),
    ):
        with pytest.raises(NotSigned):
            read_expulsion(sign_statement(signing, purpose, SAID))


def test_a_key_does_not_expel_itself() -> None:
    with pytest.raises(Misuse):
        make_expulsion(ADA.words, NodeId(ADA.words.public), NOW)
    said = expulsion._Expulsion(ADA.words.public, ADA.words.public, NOW)
    with pytest.raises(Malformed):
        read_expulsion(sign_statement(ADA.words.signing, "expulsion", said))
