import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Corrupt, Malformed
from pk_tui.store.framelayout import (
    DEFLATED,
    ENTRY,
    FIRST_SERIES,
    OLD_SERIES,
    PLACE,
    RECORD,
    EpochKeys,
    IndexChain,
    delta_record,
    index_entries,
    index_row,
    put_together,
    read_record,
    whole_record,
)
from pk_tui.vault.delta import make_delta
from pk_tui.vault.objects import FACTS_SIZE, MAX_OBJECT, Kind


def test_an_index_entry_has_88_bytes():
    assert ENTRY.size == 20 + FACTS_SIZE + PLACE.size == 88


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


@given(st.integers(0, 300), st.sampled_from([OLD_SERIES, FIRST_SERIES, 9]))
def test_a_row_of_the_index_gives_back_its_entries(count, series):
    entries = b"".join(hashlib.shake_256(b"%d" % number).digest(52) + bytes(36) for number in range(count))
    row = index_row(entries, series)
    assert index_entries(row, series) == entries
    assert len(row) <= len(entries) + 1
    if count >= 64 and series != OLD_SERIES:
        assert len(row) < len(entries) * 3 // 4


@pytest.mark.parametrize("row", [b"", b"\2" + bytes(88), b"\1", b"\1no stream", b"\1" + zlib.compress(bytes(88))[:-2]])
def test_a_row_of_no_known_form_is_refused(row):
    with pytest.raises(Malformed):
        index_entries(row, FIRST_SERIES)
