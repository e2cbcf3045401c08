"""What is signed is believed only for the right signer, purpose and type, and only byte for byte."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Malformed
from pk_tui.records import Bytes32, Record, Time, encode
from pk_tui.trust.statement import STATEMENT_LIMIT, read_statement, sign_statement

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
