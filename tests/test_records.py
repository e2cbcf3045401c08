"""Records are read strictly: exact type, exact length, every limit; and whatever is wrong says the same."""

import resource
import traceback
from contextlib import suppress
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.errors import Malformed
from pk_tui.records import (
    U8,
    U16,
    U32,
    U63,
    Bytes16,
    Bytes20,
    Bytes24,
    Bytes32,
    Bytes64,
    Meta,
    NameText,
    Record,
    Time,
    decode,
    encode,
    replace,
)


class Row(Record, frozen=True, tag="row1"):
    key: Bytes16
    name: NameText
    number: U16
    parts: Annotated[tuple[Bytes20, ...], Meta(max_length=3)]
    at: Time
    maybe: bytes | None = None


class Other(Record, frozen=True, tag="other1"):
    key: Bytes16
    name: NameText
    number: U16
    parts: Annotated[tuple[Bytes20, ...], Meta(max_length=3)]
    at: Time
    maybe: bytes | None = None


class Anything(Record, frozen=True, tag="any1"):
    value: Any


class Chosen(Record, frozen=True, tag="chosen1"):
    value: Literal["a", "b"]


ROW = Row(b"k" * 16, "name", 7, (b"p" * 20,), 5)
RAW = encode(ROW)
FIELDS: list[object] = ["row1", b"k" * 16, "name", 7, [b"p" * 20], 5, None]

rows = st.builds(
    Row,
    st.binary(min_size=16, max_size=16),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=255),
    st.integers(0, 0xFFFF),
    st.lists(st.binary(min_size=20, max_size=20), max_size=3).map(tuple),
    st.integers(0, 2**63 - 1),
    st.none() | st.binary(max_size=50),
)


def refused(raw: bytes, kind: type[Any] = Row, limit: int = 16 * 1024) -> None:
    with pytest.raises(Malformed) as caught:
        decode(kind, raw, limit)
    assert str(caught.value).startswith("A record")


@settings(max_examples=60)
@given(rows)
def test_a_record_comes_back_as_it_went(row: Row) -> None:
    assert decode(Row, encode(row)) == row
    assert encode(decode(Row, encode(row))) == encode(row)


def test_the_layout_is_an_array_with_the_tag_first() -> None:
    assert msgspec.msgpack.decode(RAW) == FIELDS


@settings(max_examples=150)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_record_or_malformed_and_nothing_else(raw: bytes) -> None:
    with suppress(Malformed):
        decode(Row, raw)


@settings(max_examples=150)
@given(st.data())
def test_a_changed_record_is_another_record_or_malformed_and_nothing_else(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(RAW) - 1))
    changed = RAW[:at] + bytes((data.draw(st.integers(0, 255)),)) + RAW[at + 1 :]
    with suppress(Malformed):
        decode(Row, changed)


def test_a_record_cut_short_or_followed_by_more_is_refused() -> None:
    for size in range(len(RAW)):
        refused(RAW[:size])
    refused(RAW + b"\0")
    refused(RAW + RAW)


def test_surplus_and_missing_fields_are_refused() -> None:
    refused(msgspec.msgpack.encode([*FIELDS, 1]))
    refused(msgspec.msgpack.encode(FIELDS[:-2]))
    refused(msgspec.msgpack.encode([]))


def test_another_tag_is_another_type() -> None:
    refused(encode(Other(b"k" * 16, "name", 7, (), 5)))
    refused(msgspec.msgpack.encode(["row2", *FIELDS[1:]]))
    refused(msgspec.msgpack.encode(FIELDS[1:]))


def test_a_map_is_no_record_so_no_key_can_come_twice() -> None:
    refused(msgspec.msgpack.encode({"type": "row1", "key": b"k" * 16, "name": "n", "number": 7, "parts": [], "at": 5}))


def test_a_union_takes_each_of_its_types_and_no_other() -> None:
    either: Any = Row | Other
    assert decode(either, RAW) == ROW
    assert isinstance(decode(either, encode(Other(b"k" * 16, "n", 1, (), 0))), Other)
    refused(encode(Chosen("a")), either)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (1, b"k" * 15),
        (1, b"k" * 17),
        (1, "k" * 16),
        (2, ""),
        (2, "n" * 256),
        (2, b"name"),
        (3, -1),
        (3, 0x10000),
        (3, 7.0),
        (3, "7"),
        (3, True),
        (4, [b"p" * 20] * 4),
        (4, [b"p" * 19]),
        (4, None),
        (5, -1),
        (5, 2**63),
        (6, "text"),
    ],
)
def test_a_field_outside_its_limits_is_refused(field: int, value: object) -> None:
    refused(msgspec.msgpack.encode([*FIELDS[:field], value, *FIELDS[field + 1 :]]))


@pytest.mark.parametrize(
    ("limit", "good", "bad"),
    [
        (Bytes16, [b"x" * 16], [b"", b"x" * 15, b"x" * 17]),
        (Bytes20, [b"x" * 20], [b"x" * 19, b"x" * 21]),
        (Bytes24, [b"x" * 24], [b"x" * 23, b"x" * 25]),
        (Bytes32, [b"x" * 32], [b"x" * 31, b"x" * 33]),
        (Bytes64, [b"x" * 64], [b"x" * 63, b"x" * 65]),
        (U8, [0, 255], [-1, 256]),
        (U16, [0, 65535], [-1, 65536]),
        (U32, [0, 2**32 - 1], [-1, 2**32]),
        (U63, [0, 2**63 - 1], [-1, 2**63, 2**64 - 1]),
        (Time, [0, 2**63 - 1], [-1, 2**63]),
        (NameText, ["n", "n" * 255], ["", "n" * 256]),
    ],
)
def test_the_named_limits_are_what_they_say(limit: Any, good: list[object], bad: list[object]) -> None:
    for value in good:
        assert decode(limit, msgspec.msgpack.encode(value)) == value
    for value in bad:
        refused(msgspec.msgpack.encode(value), limit)


def test_a_name_that_is_not_utf_8_is_refused() -> None:
    refused(RAW.replace(b"\xa4name", b"\xa4na\xff\xfe"))


def test_what_is_longer_than_the_limit_is_not_even_looked_at() -> None:
    assert decode(Row, RAW, len(RAW)) == ROW
    refused(RAW, limit=len(RAW) - 1)
    refused(b"\xc6\xff\xff\xff\xff" + b"\0" * 20_000)


@pytest.mark.parametrize("kind", [Row, Anything])
@pytest.mark.parametrize(
    "bomb",
    [
        b"\xdd\xff\xff\xff\xff",
        b"\xdd\x04\x00\x00\x00",
        b"\xdf\x04\x00\x00\x00",
        b"\xc6\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
    ],
)
def test_a_length_that_promises_more_than_is_there_costs_no_memory(kind: type[Record], bomb: bytes) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(bomb, kind)
    refused(b"\x92\xa4any1" + bomb, kind)
    refused(msgspec.msgpack.encode(FIELDS)[:1] + b"\xa4row1" + bomb, kind)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 * 1024  # KiB


def test_a_nesting_bomb_is_refused() -> None:
    refused(b"\x92\xa4any1" + b"\x91" * 60_000, Anything, 100_000)
    refused(b"\x91" * 60_000, Row, 100_000)


@pytest.mark.parametrize(
    "raw", [b"\x92\xa7chosen1\xa8hunter22", b"\x92\xa8hunter22\xa1a", b"\x92\xa7chosen1\xa8hunter2\xff"]
)
def test_neither_the_error_nor_its_traceback_quotes_the_bytes(raw: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        decode(Chosen, raw)
    shown = "".join(traceback.format_exception(caught.value))

    assert "hunter2" not in shown.replace(repr(raw), "")


def test_a_record_does_not_change_but_is_replaced() -> None:
    with pytest.raises(AttributeError):
        ROW.number = 8

    assert replace(ROW, number=8) == Row(b"k" * 16, "name", 8, (b"p" * 20,), 5)


def test_bytes_may_lie_in_a_larger_buffer() -> None:
    assert decode(Row, memoryview(b"??" + RAW + b"??")[2:-2]) == ROW
