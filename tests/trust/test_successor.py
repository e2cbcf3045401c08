"""That one node goes on where another was is the recovery key's word, and nobody else's."""

import pytest
from trust.chains import ADA, BEN, CYD, NOW, altered

from pk_tui.errors import Malformed, Misuse
from pk_tui.records import replace
from pk_tui.terms import NodeId
from pk_tui.trust import successor
from pk_tui.trust.statement import NotSigned, sign_statement
from pk_tui.trust.succession import make_succession
from pk_tui.trust.successor import Succession, make_successor, read_successor

RAW = make_successor(ADA.words, ADA.node, BEN.node, NOW)
SAID = successor._Successor(ADA.node.raw, BEN.node.raw, ADA.words.public, NOW)


def test_it_says_what_the_words_signed() -> None:
    assert read_successor(RAW) == Succession(ADA.node, BEN.node, ADA.words.public, NOW)
    assert sign_statement(ADA.words.signing, "succession", SAID) == RAW


def test_any_bit_changed_and_any_other_length_is_refused() -> None:
    for raw in altered(RAW):
        with pytest.raises(Malformed):
            read_successor(raw)


def test_neither_node_nor_other_words_can_say_it_and_no_other_purpose_says_it() -> None:
    for signing, purpose in (
        (ADA.signing, "succession"),
        (BEN.signing, "succession"),
        (CYD.words.signing, "succession"),
        (ADA.words.signing, "expulsion"),
        (ADA.words.signing, "claim succession"),
    ):
        with pytest.raises(NotSigned):
            read_successor(sign_statement(signing, purpose, SAID))


def test_no_key_stands_for_two() -> None:
    for said in (
        replace(SAID, successor=SAID.predecessor),
        replace(SAID, successor=SAID.recovery),
        replace(SAID, predecessor=SAID.recovery),
    ):
        with pytest.raises(Malformed):
            read_successor(sign_statement(ADA.words.signing, "succession", said))
        with pytest.raises(Misuse):
            make_successor(ADA.words, NodeId(said.predecessor), NodeId(said.successor), NOW)


def test_nobody_takes_the_first_claim_of_a_restored_node_for_it() -> None:
    with pytest.raises(Malformed):
        read_successor(make_succession(BEN.signing, ADA.signing, ADA.words.public, ADA.words.box_public, NOW))
