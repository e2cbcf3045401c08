"""A claim is signed as a whole, for one node and one place, and its bytes have one form."""

import pytest
from trust.chains import ADA, BEN, CYD, NOW, agreed, altered

from pk_tui.errors import Malformed
from pk_tui.records import decode, encode, replace
from pk_tui.terms import ClaimId
from pk_tui.trust.claim import (
    MAX_BODY_BYTES,
    MAX_CLAIM_BYTES,
    BodyRecord,
    ExpelledRecord,
    Identified,
    IdentifiedRecord,
    LinkRecord,
    Paired,
    PairedRecord,
    Retracted,
    RetractedRecord,
    RewordedRecord,
    SucceededRecord,
    UnverifiedLink,
    claim_id,
    names,
    read_body,
    sign_link,
    statement_in,
    verify_body,
)
from pk_tui.trust.expulsion import make_expulsion
from pk_tui.trust.identity import read_identity
from pk_tui.trust.pair import read_pair
from pk_tui.trust.rewording import make_rewording
from pk_tui.trust.statement import AROUND, STATEMENT_LIMIT, NotSigned, digest_of, sign_statement
from pk_tui.trust.successor import make_successor

BEFORE = ClaimId(b"p" * 32)
RAW = sign_link(ADA.signing, 7, BEFORE, RetractedRecord(3), NOW)
RECORD = LinkRecord(ADA.node.raw, 7, BEFORE.raw, NOW, encode(RetractedRecord(3)))
BODIES: list[BodyRecord] = [
    PairedRecord(agreed(ADA, BEN)),
    IdentifiedRecord(ADA.identity(), "aa5a315d61ae9438b18d"),
    RetractedRecord(1),
    ExpelledRecord(make_expulsion(ADA.words, BEN.node, NOW)),
    SucceededRecord(make_successor(ADA.words, ADA.node, BEN.node, NOW)),
    RewordedRecord(make_rewording(ADA.words, BEN.words, ADA.node, NOW)),
]


def test_it_says_what_its_node_signed() -> None:
    unverified = UnverifiedLink(RAW)
    assert (unverified.node, unverified.sequence) == (ADA.node, 7)

    said = unverified.verify()
    assert (said.node, said.sequence, said.previous, said.time) == (ADA.node, 7, BEFORE.raw, NOW)
    assert verify_body(read_body(said.body)) == Retracted(3)


def test_any_bit_changed_and_any_other_length_is_refused() -> None:
    for raw in altered(RAW):
        with pytest.raises(Malformed):
            UnverifiedLink(raw).verify()


def test_another_node_or_purpose_does_not_sign_it() -> None:
    for signing, purpose in ((BEN.signing, "claim link"), (ADA.signing, "claim genesis"), (ADA.signing, "head")):
        with pytest.raises(NotSigned):
            UnverifiedLink(sign_statement(signing, purpose, RECORD)).verify()
    assert sign_statement(ADA.signing, "claim link", RECORD) == RAW


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": 0},
        {"sequence": 2**32},
        {"previous": b"p" * 31},
        {"node": b""},
        {"time": -1},
        {"body": bytes(MAX_BODY_BYTES + 1)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_claim_outside_its_limits_is_not_even_signed(changes: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        sign_statement(ADA.signing, "claim link", replace(RECORD, **changes), MAX_CLAIM_BYTES)


def test_a_claim_over_its_size_is_refused_before_anything_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("msgspec.msgpack.Decoder", None)
    monkeypatch.setattr("pk_tui.records._decoders", {})
    with pytest.raises(Malformed, match="larger"):
        UnverifiedLink(bytes(MAX_CLAIM_BYTES + 1))


def test_the_largest_claim_is_within_the_limit() -> None:
    body = bytes(MAX_BODY_BYTES)
    record = LinkRecord(b"n" * 32, 0xFFFF_FFFF, b"p" * 32, 2**63 - 1, body)
    raw = sign_statement(ADA.signing, "claim link", record, MAX_CLAIM_BYTES - AROUND)
    assert len(raw) <= MAX_CLAIM_BYTES
    assert UnverifiedLink(raw)
    largest = IdentifiedRecord(bytes(STATEMENT_LIMIT), "x" * 512)
    assert len(encode(largest)) <= MAX_BODY_BYTES


def test_an_id_is_of_all_bytes() -> None:
    ids = {claim_id(RAW[:at] + bytes((RAW[at] ^ 1,)) + RAW[at + 1 :]) for at in range(len(RAW))}
    assert len(ids | {claim_id(RAW), ClaimId(digest_of(RAW))}) == len(RAW) + 2


@pytest.mark.parametrize("said", BODIES, ids=lambda said: type(said).__name__)
def test_every_body_is_read_back_and_its_statement_told(said: BodyRecord) -> None:
    assert read_body(encode(said)) == said
    body = verify_body(said)
    assert names(body, ADA.node)
    if isinstance(said, RetractedRecord):
        assert (body, statement_in(said)) == (Retracted(1), None)
    else:
        assert statement_in(said) == digest_of(said.statement)


def test_a_body_holds_its_statement_as_it_is_read_alone() -> None:
    assert verify_body(BODIES[0]) == Paired(read_pair(agreed_in(BODIES[0])))
    assert verify_body(BODIES[1]) == Identified(read_identity(ADA.identity()), "aa5a315d61ae9438b18d")


def agreed_in(said: BodyRecord) -> bytes:
    assert isinstance(said, PairedRecord)
    return said.statement


def test_a_statement_of_one_kind_is_none_of_another() -> None:
    statements = [said.statement for said in BODIES if not isinstance(said, RetractedRecord)]
    kinds = [PairedRecord, lambda raw: IdentifiedRecord(raw, ""), ExpelledRecord, SucceededRecord, RewordedRecord]
    for at, statement in enumerate(statements):
        for other, kind in enumerate(kinds):
            if at == other:
                assert verify_body(kind(statement))
            else:
                with pytest.raises(Malformed):
                    verify_body(kind(statement))


def test_only_expulsions_and_retractions_need_not_name_the_node() -> None:
    assert [names(verify_body(said), CYD.node) for said in BODIES] == [False, False, True, True, False, False]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0",
        encode(RECORD),
        encode(PairedRecord(b"")),
        encode(PairedRecord(bytes(STATEMENT_LIMIT + 1))),
        encode(IdentifiedRecord(b"x", "x" * 513)),
        encode(IdentifiedRecord(b"x", "a b")),
        encode(IdentifiedRecord(b"x", "a\n")),
        encode(IdentifiedRecord(b"x", "bücher")),
        encode(IdentifiedRecord(b"x", "\x1b")),
        encode(RetractedRecord(0)),
        encode(RetractedRecord(2**32)),
        encode(RetractedRecord(1)) + b"\0",
        encode(RetractedRecord(1))[:-1] + b"\xcc\x01",
        encode(RetractedRecord(1)).replace(b"retracted1", b"retracted2"),
    ],
)
def test_what_is_no_body_in_its_one_form_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_body(body)


def test_nothing_is_signed_that_nobody_could_read() -> None:
    with pytest.raises(Malformed):
        sign_link(ADA.signing, 1, BEFORE, IdentifiedRecord(ADA.identity(), "a b"), NOW)
    with pytest.raises(Malformed):
        sign_link(ADA.signing, 0, BEFORE, RetractedRecord(1), NOW)


def test_another_spelling_of_the_same_claim_is_refused() -> None:
    """Or who has no key could show a fork that its node never made."""
    body = encode(RECORD)
    at = RAW.index(body) - 2
    longer = RAW[:at] + b"\xc5" + len(body).to_bytes(2, "big") + RAW[at + 2 :]
    assert decode(LinkRecord, body) == RECORD
    with pytest.raises(Malformed):
        UnverifiedLink(longer)
