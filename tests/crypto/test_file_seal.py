"""What was sealed for a node opens there, whole and in order, or it does not open."""

from __future__ import annotations

import hashlib
import tracemalloc

import nacl.bindings
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.crypto.file_seal import CHUNK, HEADER_SIZE, MAGIC, TAG, FileOpener, FileSealer
from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.noise import KeyPair
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import CannotOpen, Misuse
from pk_tui.terms import NodeId

ADA, BEN = SigningKey(SealKey(b"a" * 32)), SigningKey(SealKey(b"b" * 32))
WHOLE = CHUNK + TAG


def cut(raw: bytes, step: int) -> list[bytes]:
    return [raw[at : at + step] for at in range(0, len(raw), step)]


def sealed(*pieces: bytes, node: NodeId = ADA.node_id) -> bytes:
    sealer = FileSealer(node)
    return b"".join([sealer.feed(piece) for piece in pieces]) + sealer.finish()


def opened(*pieces: bytes, signing: SigningKey = ADA) -> bytes:
    opener = FileOpener(signing)
    return b"".join([chunk for piece in pieces for chunk in opener.feed(piece)]) + opener.finish()


def noise(size: int) -> bytes:
    return hashlib.shake_256(b"noise").digest(size)


SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("step", [777, CHUNK, WHOLE, 10 * CHUNK])
def test_what_was_sealed_opens_however_it_comes(size: int, step: int) -> None:
    content = noise(size)
    there = sealed(*cut(content, step))

    assert len(there) == HEADER_SIZE + size + TAG * max(1, -(-size // CHUNK))
    assert opened(*cut(there, step)) == content


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 3 * CHUNK), st.lists(st.integers(1, 2 * CHUNK), max_size=6))
def test_pieces_of_any_size_give_the_same(size: int, sizes: list[int]) -> None:
    content = noise(size)
    pieces, at = [], 0
    for one in sizes:
        pieces.append(content[at : at + one])
        at += one
    there = sealed(*pieces, content[at:])

    assert opened(there) == content


def test_two_seals_of_one_content_have_nothing_in_common() -> None:
    one, other = sealed(b"content"), sealed(b"content")

    assert one[: len(MAGIC)] == other[: len(MAGIC)] == b"pk-tui sealed 1\n"
    assert one[len(MAGIC) :] != other[len(MAGIC) :]


def test_a_sealed_file_names_neither_sender_nor_receiver() -> None:
    there = sealed(b"content")

    assert ADA.node_id.raw not in there
    assert ADA.agreement().public not in there


def test_only_the_node_it_was_sealed_for_opens_it() -> None:
    with pytest.raises(CannotOpen, match="not sealed for this node"):
        opened(sealed(b"content"), signing=BEN)


def test_the_receiver_is_bound_in_and_not_only_its_key() -> None:
    """The formula, with another id beside the same secret."""
    ephemeral = KeyPair(b"e" * 32)
    shared = ephemeral.agree(ADA.agreement().public)

    def made(node: NodeId) -> bytes:
        both = hashlib.blake2b(
            MAGIC + shared + ephemeral.public + node.raw, digest_size=64, person=b"pk-tui sealed 1"
        ).digest()
        nonce = bytes(23) + b"\x01"
        body = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(b"content", b"", nonce, both[:32])
        return MAGIC + ephemeral.public + both[32:] + body

    assert opened(made(ADA.node_id)) == b"content"
    with pytest.raises(CannotOpen, match="not sealed for this node"):
        opened(made(BEN.node_id))


@pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f"])
def test_an_ephemeral_key_that_shares_nothing_is_refused(point: bytes) -> None:
    both = hashlib.blake2b(
        MAGIC + bytes(32) + point + ADA.node_id.raw, digest_size=64, person=b"pk-tui sealed 1"
    ).digest()
    with pytest.raises(CannotOpen, match="not sealed for this node"):
        opened(MAGIC + point + both[32:] + bytes(16))


@pytest.mark.parametrize("raw", [bytes(32), b"\x01" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f", b"\xff" * 32])
def test_nothing_is_sealed_for_an_id_that_nobody_holds(raw: bytes) -> None:
    with pytest.raises(Misuse, match="nobody can hold"):
        FileSealer(NodeId(raw))


# ---- what is not as it was ----

CONTENT = noise(2 * CHUNK + 100)
THERE = sealed(CONTENT)
HEADER, CHUNKS = THERE[:HEADER_SIZE], cut(THERE[HEADER_SIZE:], WHOLE)


def partly(*pieces: bytes) -> bytes:
    """What came out before it was noticed; fails if it is not."""
    out = bytearray()

    def take() -> None:
        opener = FileOpener(ADA)
        for piece in pieces:
            for chunk in opener.feed(piece):
                out.extend(chunk)
        out.extend(opener.finish())

    with pytest.raises(CannotOpen):
        take()
    return bytes(out)


@pytest.mark.parametrize(
    "kept",
    [
        0,
        1,
        len(MAGIC),
        *(HEADER_SIZE + more for more in (-1, 0, 15, WHOLE, 2 * WHOLE)),
        len(THERE) - 100,
        len(THERE) - 1,
    ],
)
def test_what_was_cut_off_is_noticed_and_nothing_false_comes_out(kept: int) -> None:
    assert CONTENT.startswith(partly(THERE[:kept]))


@pytest.mark.parametrize(
    "changed",
    [
        [CHUNKS[1], CHUNKS[0], CHUNKS[2]],
        [CHUNKS[0], CHUNKS[2]],
        [CHUNKS[0], CHUNKS[0], CHUNKS[1], CHUNKS[2]],
        [CHUNKS[0], CHUNKS[2], CHUNKS[1]],
        [CHUNKS[2]],
        [*CHUNKS, b"\0"],
        [*CHUNKS, CHUNKS[2]],
        [*CHUNKS, bytes(WHOLE)],
        [*CHUNKS[:2], CHUNKS[2][:-1] + bytes((CHUNKS[2][-1] ^ 1,))],
        [bytes((CHUNKS[0][0] ^ 1,)) + CHUNKS[0][1:], *CHUNKS[1:]],
    ],
    ids=["swapped", "one less", "one twice", "last sooner", "last only", "a byte", "last twice", "zeros", "tag", "bit"],
)
def test_chunks_that_are_not_in_their_places_do_not_open(changed: list[bytes]) -> None:
    assert CONTENT.startswith(partly(HEADER, *changed))


def test_a_chunk_of_another_file_does_not_open_in_its_place() -> None:
    other = sealed(CONTENT)

    assert partly(HEADER, other[HEADER_SIZE : HEADER_SIZE + WHOLE], *CHUNKS[1:]) == b""


def test_an_empty_last_chunk_behind_another_is_no_second_form_of_the_same_content() -> None:
    sealer = FileSealer(ADA.node_id)
    first = sealer.feed(noise(CHUNK) + b"x")
    sealer._buffer.clear()

    assert partly(first + sealer.finish()) == noise(CHUNK)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, HEADER_SIZE * 8 - 1))
def test_a_header_with_a_bit_changed_opens_nothing(bit: int) -> None:
    there = bytearray(sealed(b"content"))
    there[bit // 8] ^= 1 << bit % 8

    # The top bit of an X25519 point counts for nothing in the agreement, but it does in the key.
    assert partly(bytes(there)) == b""


def test_what_is_no_sealed_file_is_told_at_its_first_bytes() -> None:
    opener = FileOpener(ADA)
    with pytest.raises(CannotOpen, match="not a file sealed by pk-tui"):
        list(opener.feed(b"age-"))


def test_memory_stays_the_same_however_large_the_file_is() -> None:
    sealer, opener = FileSealer(ADA.node_id), FileOpener(ADA)
    piece = noise(256 * 1024)
    size = 0
    tracemalloc.start()
    try:
        for _ in range(64):
            for chunk in opener.feed(sealer.feed(piece)):
                size += len(chunk)
        for chunk in opener.feed(sealer.finish()):
            size += len(chunk)
        size += len(opener.finish())
        assert tracemalloc.get_traced_memory()[1] < 2 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert size == 64 * len(piece)


def test_nothing_secret_is_printed() -> None:
    assert repr(FileSealer(ADA.node_id)) == "FileSealer(‹hidden›)"
    assert repr(FileOpener(ADA)) == "FileOpener(‹hidden›)"
    assert not hasattr(FileOpener(ADA), "__dict__")
