import pytest
from dict_sink import DictSink

from pk_tui.errors import Misuse
from pk_tui.vault import chunks
from pk_tui.vault.check import checked_tree
from pk_tui.vault.chunks import CHUNK, MAX_WHOLE, MIN_CHUNKS, ChunkWriter, Named, piece_names, pieces
from pk_tui.vault.objects import Kind, blob

BYTES = bytes(range(251)) * 9000


def written(sink: DictSink, body: bytes, step: int) -> tuple:
    writer = ChunkWriter(sink)
    for at in range(0, len(body), step):
        writer.feed(body[at : at + step])
    return writer.finish()


@pytest.mark.parametrize("size", [0, 1, MAX_WHOLE])
def test_up_to_1_mib_a_secret_is_one_blob(sink: DictSink, size: int) -> None:
    oid, facts = written(sink, BYTES[:size], 100_000)
    assert (oid, facts) == blob(BYTES[:size])
    assert piece_names(sink, oid) == [oid]
    assert list(pieces(sink, oid)) == [BYTES[:size]]


@pytest.mark.parametrize("size", [MAX_WHOLE + 1, MIN_CHUNKS * CHUNK, MIN_CHUNKS * CHUNK + 1])
@pytest.mark.parametrize("step", [1000, CHUNK, 3_000_000])
def test_a_larger_secret_has_one_form_however_it_is_fed(size: int, step: int) -> None:
    sink = DictSink(strict=False)
    oid, facts = written(sink, BYTES[:size], step)
    assert facts.kind is Kind.CHUNKS
    assert (facts.secrets, facts.size, facts.height) == (1, size, 0)
    sizes = [len(piece) for piece in pieces(sink, oid)]
    assert sizes[:-1] == [CHUNK] * (len(sizes) - 1)
    assert 1 <= sizes[-1] <= CHUNK
    assert b"".join(pieces(sink, oid)) == BYTES[:size]
    assert checked_tree(sink.body(oid), sink.facts) == (facts, piece_names(sink, oid))


def test_the_writer_holds_little(sink: DictSink) -> None:
    writer = ChunkWriter(sink)
    for _ in range(40):
        writer.feed(bytes(100_000))
        assert writer._waiting <= MAX_WHOLE + CHUNK
    writer.finish()


def test_whole_chunks_are_passed_on_without_a_copy() -> None:
    named = Named()
    writer = ChunkWriter(named)
    pieces = [bytes([number]) * CHUNK for number in range(7)]
    for piece in pieces:
        writer.feed(piece)
    writer.finish()
    taken = named.taken()
    assert all(body is piece for (_, _, body), piece in zip(taken, pieces, strict=False))
    assert len(taken) == 8
    assert named.taken() == []


def test_what_is_named_first_and_added_later_is_the_same() -> None:
    direct, later, named = DictSink(), DictSink(), Named()
    written(direct, BYTES[: MAX_WHOLE + 5], CHUNK)
    written(named, BYTES[: MAX_WHOLE + 5], CHUNK)
    for oid, facts, body in named.taken():
        later.add(oid, facts, body)
    assert {oid: later.facts(oid) for oid in later} == {oid: direct.facts(oid) for oid in direct}


def test_a_secret_larger_than_a_secret_may_be_is_refused(sink: DictSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MAX_CHUNKS", 6)
    assert written(sink, bytes(6 * CHUNK), 99_999)[1].size == 6 * CHUNK
    with pytest.raises(Misuse, match="at most"):
        written(sink, bytes(6 * CHUNK + 1), 99_999)
