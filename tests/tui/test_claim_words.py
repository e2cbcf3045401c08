from __future__ import annotations

import pytest
from tui.people import HOSTILE, NOW, OWN, node_id

from pk_tui.api.trust import ClaimView
from pk_tui.terms import ClaimId, NodeId
from pk_tui.tui.claim_words import TYPES, kind, named_id, says, signers, taken_back


def claim(type_: str, sequence: int = 1, signed: tuple[str, ...] = (), **data: object) -> ClaimView:
    return ClaimView(sequence, ClaimId(b"c" * 32), type_, NOW, signed, data)


def name_of(node: NodeId) -> str:
    return {OWN: "this node", node_id(1): "laptop", node_id(2): "server"}.get(node, f"{node.short}…")


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (claim("genesis", recovery_key="00"), "Its key and its recovery key vouch for each other."),
        (claim("succession", predecessor=str(node_id(1))), "A new key in the place of laptop."),
        (claim("node", node_id=str(node_id(2))), "Belongs together with server."),
        (
            claim("identity", identity="github:4711", name="ada", locator="gist/1"),
            "Is github:4711 (ada), with a copy at gist/1.",
        ),
        (claim("retraction", seq=3), "Takes back claim 3."),
        (claim("expulsion", node_id=str(OWN)), "Expels this node for ever: it is lost."),
        (
            claim("successor", predecessor=str(node_id(1)), successor=str(node_id(2))),
            "server goes on in the place of laptop.",
        ),
        (claim("recovery", recovery_key="00"), "From now on other recovery words speak for this node."),
        (claim("of a later version"), "Something that this version does not know."),
    ],
)
def test_each_claim_is_a_sentence(one: ClaimView, sentence: str) -> None:
    assert says(one, name_of).plain == sentence


def test_each_type_has_a_word_and_an_unknown_one_is_shown_as_it_is() -> None:
    assert {kind(claim(one)).plain for one in TYPES} == set(TYPES.values())
    assert kind(claim("strange")).plain == "strange"


def test_who_has_signed_is_told_by_name() -> None:
    assert signers(claim("node", signed=(str(node_id(1)), str(OWN))), name_of).plain == "laptop and this node"
    assert signers(claim("genesis", signed=(str(OWN), "recovery")), name_of).plain == "this node and its recovery key"


def test_what_was_taken_back_is_found_with_what_took_it_back() -> None:
    claims = [claim("genesis", 0), claim("node", 1), claim("node", 2), claim("retraction", 3, seq=1)]

    assert taken_back(claims) == {1: 3}


def test_texts_of_others_do_nothing() -> None:
    hostile = claim("identity", identity=HOSTILE, name=HOSTILE, locator=HOSTILE)
    for one in (says(hostile, name_of), kind(claim(HOSTILE)), named_id(HOSTILE, name_of)):
        assert "\x1b" not in one.plain
        assert not any("click" in str(span.style) for span in one.spans)
