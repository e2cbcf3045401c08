import hashlib
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Corrupt, Malformed
from pk_tui.store.framelayout import (
    DEFLATED,
    FIRST_SERIES,
    LONG_ENTRY,
    OLD_SERIES,
    PLACE,
    RECORD,
    SHORT_ENTRY,
    EpochKeys,
    IndexChain,
    delta_record,
    entry_of,
    facts_in,
    index_entries,
    index_row,
    put_together,
    read_record,
    sizes_in,
    whole_record,
)
from pk_tui.vault.delta import make_delta
from pk_tui.vault.objects import MAX_OBJECT, Facts, Kind


def test_an_index_entry_has_48_bytes_for_a_blob_and_68_for_others():
    assert (SHORT_ENTRY, LONG_ENTRY) == (48, 68)


def test_the_chain_tells_order_number_and_bytes_of_the_rows_apart():
    start = IndexChain()
    one = start.extended(1, b"a").extended(2, b"b")
    others = (
        start.extended(2, b"b").extended(1, b"a"),
        start.extended(1, b"a").extended(3, b"b"),
        start.extended(1, b"a").extended(2, b"c"),
        start.extended(1, b"a"),
    )
    assert (one.rows, one.last, one.series) == (2, 2, FIRST_SERIES)
    assert all(other != one for other in others)
    assert start.extended(1, b"a").extended(2, b"b") == one


def test_chains_of_two_series_are_two():
    assert IndexChain(series=3).extended(1, b"a").series == 3
    assert IndexChain(series=3).extended(1, b"a") != IndexChain().extended(1, b"a")


def test_keys_of_one_epoch_differ_by_use():
    keys = EpochKeys.of(SealKey(b"k" * 32))
    assert len({keys.frame.reveal(), keys.index.reveal(), keys.state.reveal(), b"k" * 32}) == 4


def chain_of(length):
    """Bodies that are each a difference of the one before."""
    kept = {b"0": (None, b"x" * 20)}
    for number in range(1, length + 1):
        kept[b"%d" % number] = (b"%d" % (number - 1), make_delta(20, [(0, 19), b"%d" % (number % 10)]))
    return kept


def test_a_chain_of_differences_is_put_together():
    kept = chain_of(24)
    base, delta = kept[b"24"]
    assert put_together(kept.__getitem__, base, delta, Corrupt) == b"x" * 19 + b"4"


@pytest.mark.parametrize(
    ("length", "lost", "says"), [(300, None, "too long"), (10, b"3", "is gone"), (10, b"0", "is gone")]
)
def test_a_chain_without_end_or_beginning_is_damage(length, lost, says):
    kept = chain_of(length)
    base, delta = kept[b"%d" % length]
    kept.pop(lost, None)
    with pytest.raises(Corrupt, match=says):
        put_together(kept.__getitem__, base, delta, Corrupt)


def test_a_difference_from_another_base_is_damage():
    with pytest.raises(Corrupt, match="does not fit"):
        put_together({b"a": (None, b"short")}.__getitem__, b"a", make_delta(20, [(0, 20)]), Corrupt)


@given(st.sampled_from([Kind.TREE, Kind.BLOB, Kind.COMMIT]), st.binary(max_size=300), st.integers(1, 200))
def test_a_record_gives_back_what_went_in(kind, body, times):
    whole = whole_record(kind, body * times)
    assert read_record(whole) == (kind, None, body * times)
    assert read_record(delta_record(kind, bytes(range(20)), body)) == (kind, bytes(range(20)), body)
    assert len(whole) <= 5 + len(body) * times


def test_only_trees_of_some_size_are_deflated_and_only_if_it_is_worth_it():
    body = b"100644 a name that is like the others" * 20
    assert whole_record(Kind.TREE, body)[0] == Kind.TREE | DEFLATED
    assert whole_record(Kind.BLOB, body)[0] == Kind.BLOB
    assert whole_record(Kind.TREE, body[:200])[0] == Kind.TREE
    assert whole_record(Kind.TREE, body * 100)[0] == Kind.TREE
    noise = hashlib.shake_256(b"noise").digest(4000)
    assert whole_record(Kind.TREE, noise)[0] == Kind.TREE


def deflated_record(size, stream):
    return RECORD.pack(Kind.TREE | DEFLATED, 4 + len(stream)) + size.to_bytes(4, "little") + stream


@pytest.mark.parametrize(
    "record",
    [
        deflated_record(10, zlib.compress(bytes(11))),
        deflated_record(10, zlib.compress(bytes(9))),
        deflated_record(10, zlib.compress(bytes(10))[:-1]),
        deflated_record(10, zlib.compress(bytes(10)) + b"x"),
        deflated_record(10, b"no stream"),
        deflated_record(MAX_OBJECT + 1, zlib.compress(bytes(MAX_OBJECT + 1))),
        deflated_record(10, zlib.compress(bytes(200_000_000))),
        b"",
        b"\x03\x01\x00\x00",
        b"\x03\x01\x00\x00\x00",
    ],
    ids=range(10),
)
def test_a_record_that_lies_is_refused_without_being_unpacked(record):
    with pytest.raises(Malformed):
        read_record(record)


facts = st.builds(
    Facts, st.sampled_from([Kind.TREE, Kind.COMMIT, Kind.CHUNKS]), st.integers(0, 64), st.integers(0, 1024),
    st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1), st.binary(min_size=32, max_size=32), st.integers(0, 2**32 - 1),
)  # fmt: skip
places = st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 255), st.integers(0, 2**24 - 1), st.integers(5, 2**32 - 1))


@given(facts, places)
def test_an_entry_says_what_an_object_is_and_where(known, where):
    frame, depth, offset, length = where
    entry = entry_of(known, *where)
    assert (facts_in(entry), len(entry)) == (known, LONG_ENTRY)
    assert PLACE.unpack_from(entry) == (frame, depth << 24 | offset, length)
    blob = Facts(Kind.BLOB, 0, 0, 1, length - RECORD.size, known.digest)
    short = entry_of(blob, *where)
    assert (facts_in(short), len(short)) == (blob, SHORT_ENTRY)
    assert sizes_in([entry, short, short]) == [known.size, length - 5, length - 5]


@given(st.lists(st.tuples(facts, st.booleans(), places), max_size=20), st.sampled_from([OLD_SERIES, FIRST_SERIES, 9]))
def test_a_row_of_the_index_gives_back_its_entries(rows, series):
    entries = {}
    for number, (known, is_blob, where) in enumerate(rows):
        known = Facts(Kind.BLOB, 0, 0, 1, where[3] - RECORD.size, known.digest) if is_blob else known
        entries[number.to_bytes(20, "big")] = entry_of(known, *where)
    row = index_row(list(entries.items()), series)
    assert dict(index_entries(row, series)) == entries
    if series == OLD_SERIES:
        assert len(row) == 88 * len(entries)


@pytest.mark.parametrize("row", [b"", b"\0", b"\1" + bytes(3), bytes(4) + b"x", b"\1" + bytes(70), b"\xff" * 72])
def test_a_row_of_another_length_than_it_says_is_refused(row):
    with pytest.raises(struct.error):
        dict(index_entries(row, FIRST_SERIES))
