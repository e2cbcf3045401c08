"""What is signed is believed only for the right signer, purpose and type, and only byte for byte."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Malformed
from pk_tui.records import Bytes32, Record, Time, decode, encode
from pk_tui.trust import statement
from pk_tui.trust.statement import AROUND, STATEMENT_LIMIT, NotSigned, digest_of, read_statement, sign_statement

ADA, BEN = SigningKey(SealKey(b"a" * 32)), SigningKey(SealKey(b"b" * 32))


class Note(Record, frozen=True, tag="note1"):
    about: Bytes32
    time: Time


class Other(Record, frozen=True, tag="other1"):
    about: Bytes32
    time: Time


class Blob(Record, frozen=True, tag="blob1"):
    body: bytes


@settings(max_examples=30)
@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**63 - 1))
def test_what_is_signed_is_read_back(about: bytes, time: int) -> None:
    note = Note(about, time)
    raw = sign_statement(ADA, "note", note)

    assert read_statement(Note, raw).signed_by(ADA.node_id, "note") == note


NOTE = Note(b"x" * 32, 7)
RAW = sign_statement(ADA, "note", NOTE)


@pytest.mark.parametrize(("signer", "purpose"), [(BEN, "note"), (ADA, "grant"), (ADA, "not"), (ADA, "note ")])
def test_another_signer_or_purpose_is_refused(signer: SigningKey, purpose: str) -> None:
    with pytest.raises(Malformed):
        read_statement(Note, RAW).signed_by(signer.node_id, purpose)


def test_a_statement_of_another_type_with_the_same_fields_is_refused() -> None:
    with pytest.raises(Malformed):
        read_statement(Other, RAW)


def test_any_changed_bit_is_refused() -> None:
    for at in range(len(RAW)):
        changed = RAW[:at] + bytes((RAW[at] ^ 1 << at % 8,)) + RAW[at + 1 :]
        with pytest.raises(Malformed):
            read_statement(Note, changed).signed_by(ADA.node_id, "note")


def test_bytes_cut_short_or_followed_by_more_are_refused() -> None:
    for raw in [*(RAW[:size] for size in range(len(RAW))), RAW + b"\0", b"\0" * (STATEMENT_LIMIT + 1)]:
        with pytest.raises(Malformed):
            read_statement(Note, raw)


def test_a_bare_record_without_a_signature_is_refused() -> None:
    with pytest.raises(Malformed):
        read_statement(Note, encode(NOTE))


def test_nothing_is_signed_that_nobody_could_read() -> None:
    for record in [Note(b"short", 7), Note(b"x" * 32, -1), Blob(b"x" * 2000)]:
        with pytest.raises(Malformed):
            sign_statement(ADA, "note", record)


def test_a_reader_takes_what_its_limit_allows_and_no_byte_more() -> None:
    blob = Blob(b"x" * 2000)
    size = len(encode(blob))
    raw = sign_statement(ADA, "blob", blob, size)
    assert read_statement(Blob, raw, size).signed_by(ADA.node_id, "blob") == blob
    for limit in (size - 1, 1024):
        with pytest.raises(Malformed):
            read_statement(Blob, raw, limit)
        with pytest.raises(Malformed):
            sign_statement(ADA, "blob", blob, limit)


def test_what_is_too_large_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = sign_statement(ADA, "blob", Blob(b"x" * 1000))
    monkeypatch.setattr("msgspec.msgpack.Decoder", None)
    monkeypatch.setattr("pk_tui.records._decoders", {})
    with pytest.raises(Malformed, match="larger"):
        read_statement(Blob, raw, len(raw) - AROUND - 1)


def test_another_spelling_of_the_same_statement_is_refused() -> None:
    """It needs no key to make, has the same signature, and would have another digest."""
    signed = decode(statement._Signed, RAW)
    at = RAW.index(signed.body) - 2
    assert RAW[at : at + 2] == bytes((0xC4, len(signed.body)))
    for head in (b"\xc5" + len(signed.body).to_bytes(2, "big"), b"\xc6" + len(signed.body).to_bytes(4, "big")):
        longer = RAW[:at] + head + RAW[at + 2 :]
        assert decode(statement._Signed, longer) == signed
        assert digest_of(longer) != digest_of(RAW)
        with pytest.raises(Malformed):
            read_statement(Note, longer)


def test_a_record_in_another_spelling_is_refused_though_it_is_signed() -> None:
    body = encode(NOTE)
    assert body[-1] == 7
    longer = body[:-1] + b"\xcc\x07"
    assert decode(Note, longer) == NOTE
    with pytest.raises(Malformed):
        read_statement(Note, encode(statement._Signed(longer, ADA.sign("note", longer))))


def test_a_missing_signature_is_told_from_bytes_of_another_type() -> None:
    with pytest.raises(NotSigned):
        read_statement(Note, RAW).signed_by(BEN.node_id, "note")
    with pytest.raises(Malformed) as caught:
        read_statement(Other, RAW)
    assert not isinstance(caught.value, NotSigned)
