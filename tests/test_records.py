"""Records are read strictly: exact type, exact length, every limit; and whatever is wrong says the same."""

import resource
import traceback
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.errors import Malformed, Misuse
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
    JsonRecord,
    Meta,
    NameText,
    Record,
    Time,
    ValueCodec,
    decode,
    decode_json,
    encode,
    encode_json,
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


# ---- plain values ----


class Colour(StrEnum):
    RED = "red"


class Wrapped:
    """What msgspec does not know."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw


@dataclass(frozen=True, slots=True)
class Even:
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise Misuse(f"{self.number} is odd.")


@dataclass(frozen=True, slots=True)
class Painted:
    name: str
    colour: Colour
    sizes: tuple[Even, ...] = ()
    maybe: Even | None = None


def plain(value: object) -> bytes:
    if isinstance(value, Wrapped):
        return value.raw
    raise TypeError


def wrapped(kind: type[Any], value: object) -> object:
    if kind is Wrapped and isinstance(value, bytes):
        return Wrapped(value)
    raise Misuse("hunter2 is not bytes")


def codec(kind: Any, limit: int = 10_000) -> ValueCodec[Any]:
    return ValueCodec(kind, limit, plain, wrapped)


PAINTED = Painted("ö", Colour.RED, (Even(2), Even(4)), Even(0))


def test_a_value_comes_back_as_it_went() -> None:
    assert codec(Painted).decode(codec(Painted).encode(PAINTED)) == PAINTED
    several = codec(list[Painted])
    assert several.decode(several.encode((PAINTED, PAINTED))) == [PAINTED, PAINTED]
    pair = codec(tuple[Even, str | None])
    assert pair.decode(pair.encode((Even(2), None))) == (Even(2), None)


def test_what_msgspec_does_not_know_goes_through_the_hooks() -> None:
    maybe = codec(tuple[Wrapped | None, Wrapped | None])
    nothing, something = maybe.decode(maybe.encode((None, Wrapped(b"x"))))

    assert nothing is None
    assert something.raw == b"x"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Even, {"number": 3}),
        (Even, {"number": "2"}),
        (Even, {"number": 2.0}),
        (Even, {}),
        (Even, [2]),
        (Even, None),
        (Painted, {"name": "n", "colour": "blue"}),
        (Painted, {"name": "n", "colour": "red", "sizes": [{"number": 1}]}),
        (tuple[Even, Even], [{"number": 2}]),
        (tuple[Even], [{"number": 2}, {"number": 2}]),
        (Wrapped, "hunter2"),
    ],
)
def test_a_value_not_exactly_of_its_type_is_refused_without_being_quoted(kind: Any, value: object) -> None:
    with pytest.raises(Malformed) as caught:
        codec(kind).decode(msgspec.msgpack.encode(value))

    assert str(caught.value) == "A value is not of the type it should be."
    assert caught.value.__suppress_context__


@settings(max_examples=150)
@given(st.binary(max_size=100))
def test_any_bytes_are_a_value_or_malformed_and_nothing_else(raw: bytes) -> None:
    for kind in (Painted, Wrapped, tuple[Even, ...], dict[str, object]):
        with suppress(Malformed):
            codec(kind).decode(raw)


def test_a_value_longer_than_the_limit_is_not_even_looked_at() -> None:
    raw = codec(Painted).encode(PAINTED)

    assert codec(Painted, len(raw)).decode(raw) == PAINTED
    with pytest.raises(Malformed, match="larger"):
        codec(Painted, len(raw) - 1).decode(raw)
    with pytest.raises(Malformed):
        codec(Painted).decode(raw + b"\0")


@pytest.mark.parametrize("bomb", [b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\x91" * 9_000])
def test_no_value_is_a_bomb(bomb: bytes) -> None:
    for kind in (list[Even], dict[str, object], object):
        with pytest.raises(Malformed):
            codec(kind).decode(bomb)


@pytest.mark.parametrize("value", ["\ud800", 2**64, object(), {1: object()}])
def test_what_cannot_be_written_down_is_refused_in_words(value: object) -> None:
    with pytest.raises(Malformed, match="cannot be written down"):
        codec(Any).encode(value)


def test_a_type_that_cannot_travel_is_noticed_at_once() -> None:
    with pytest.raises(TypeError):
        codec(Even | Painted)


# Records as JSON


class Line(JsonRecord, frozen=True, rename={"number": "a-number"}):
    name: Annotated[str, Meta(max_length=40)]
    number: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] = 0
    raw: bytes | None = None
    inner: tuple["Line", ...] = ()


LINES = st.recursive(
    st.builds(Line, st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.integers(-(2**63), 2**63 - 1)),
    lambda inner: st.builds(
        Line, st.just("x"), st.just(0), st.none() | st.binary(max_size=9), st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=6,
)


@given(LINES)
def test_a_json_record_is_read_back_and_has_one_form(line: Line) -> None:
    raw = encode_json(line)

    assert decode_json(Line, raw, len(raw)) == line
    assert encode_json(decode_json(Line, raw, len(raw))) == raw
    assert b"\n" not in raw


def test_a_json_record_leaves_defaults_out_and_forgives_spacing_and_order() -> None:
    assert encode_json(Line("a", 7)) == b'{"name":"a","a-number":7}'
    assert decode_json(Line, b' { "a-number": 7,\n "name": "\\u0061", "inner": [] }\n', 100) == Line("a", 7)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b'{"name":"canary"',
        b'{"name":"canary"}{}',
        b'{"name":"canary","more":1}',
        b'{"name":"canary","name":"b"}',
        b'{"name":"canary","a-number":1,"\\u0061-number":1}',
        b'{"name":"canary","inner":[{"name":"a","name":"a"}]}',
        b'{"name":"canary","a-number":1.0}',
        b'{"name":"canary","a-number":NaN}',
        b'{"name":"canary","a-number":9223372036854775808000}',
        b'{"name":"canary","raw":"canary!"}',
        b'{"name":"' + b"x" * 41 + b'"}',
        b'{"name":"\\ud800"}',
        b'{"name":"\xed\xa0\x80"}',
        b'{"name":"a","inner":' + b'[{"name":"a","inner":' * 200_000,
        b"[" * 200_000,
        b'{"name":"a"}' + b" " * 5_000_000,
    ],
)
def test_json_that_is_no_such_record_is_malformed_and_not_quoted(raw: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        decode_json(Line, raw, 5_000_000)
    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_a_json_record_with_half_of_a_character_is_not_written() -> None:
    with pytest.raises(Malformed):
        encode_json(Line("\ud800"))
