"""A signature of a file is one node's, over one content, and written in one way."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.crypto.file_signature import TEXT_SIZE, FileDigest, read_signature
from pk_tui.crypto.keys import SigningKey, verifies
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Misuse

ADA, BEN = SigningKey(SealKey(b"a" * 32)), SigningKey(SealKey(b"b" * 32))


def digest(*pieces: bytes) -> FileDigest:
    made = FileDigest()
    for piece in pieces:
        made.feed(piece)
    return made


@settings(max_examples=40)
@given(st.lists(st.binary(max_size=300), max_size=5))
def test_a_signature_is_of_the_content_however_it_comes_and_of_its_signer_alone(pieces: list[bytes]) -> None:
    text = digest(*pieces).signed_by(ADA)
    signature = read_signature(text)

    assert len(text) == TEXT_SIZE
    assert digest(b"".join(pieces)).is_signed(signature, ADA.node_id)
    assert not digest(b"".join(pieces)).is_signed(signature, BEN.node_id)
    assert not digest(*pieces, b"\0").is_signed(signature, ADA.node_id)


def test_what_is_signed_is_the_digest_for_files_and_nothing_else() -> None:
    signature = read_signature(digest(b"con", b"tent").signed_by(ADA))
    body = hashlib.blake2b(b"content").digest()

    assert verifies(ADA.node_id.raw, "file", body, signature)
    for purpose in ("head", "grant", "claim link", "pair", "", "file "):
        assert not verifies(ADA.node_id.raw, purpose, body, signature)
    assert not digest(b"content").is_signed(ADA.sign("head", body), ADA.node_id)


def test_each_other_way_to_write_a_signature_is_refused() -> None:
    text = digest(b"x").signed_by(ADA)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1]
    wrong = ["", "u", text[1:], text[:-1], text + "A", text + "=", "z" + text[1:], "U" + text[1:], spare]
    wrong += [text[:40] + bad + text[41:] for bad in ("+", "/", "=", " ", "\n", "é", "\0", "\u0661")]
    for one in wrong:
        with pytest.raises(Misuse, match="keys sign"):
            read_signature(one)
    assert read_signature(f" {text}\n") == read_signature(text)
