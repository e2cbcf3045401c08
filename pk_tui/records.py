"""Typed records to bytes and back: strict, bounded, versioned.

A record is a msgspec struct written as a tagged msgpack array. Each type states its limits in its annotations; `decode`
caps the length first, then checks every field, and turns each way of failing into `Malformed`. Whoever signs a record
signs the bytes of `encode` and keeps them: signed bytes are stored and forwarded verbatim, never encoded again.

Why arrays: with maps msgspec lets the last of two equal keys win; arrays have no keys and refuse surplus fields.

`JsonRecord` is for what people may look at and edit by hand: one line of JSON by its fields' names, as strictly read.

`ValueCodec` is for plain values (frozen dataclasses and what they hold) between two processes of one version and one user:
there speed counts, nothing is signed, and nothing is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from pk_tui.errors import Malformed, PkError

Meta = msgspec.Meta
field = msgspec.field
replace = msgspec.structs.replace

Bytes16 = Annotated[bytes, Meta(min_length=16, max_length=16)]
Bytes20 = Annotated[bytes, Meta(min_length=20, max_length=20)]
Bytes24 = Annotated[bytes, Meta(min_length=24, max_length=24)]
Bytes32 = Annotated[bytes, Meta(min_length=32, max_length=32)]
Bytes64 = Annotated[bytes, Meta(min_length=64, max_length=64)]
U8 = Annotated[int, Meta(ge=0, le=0xFF)]
U16 = Annotated[int, Meta(ge=0, le=0xFFFF)]
U32 = Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)]
U63 = Annotated[int, Meta(ge=0, le=0x7FFF_FFFF_FFFF_FFFF)]
Time = Annotated[int, Meta(ge=0, le=0x7FFF_FFFF_FFFF_FFFF)]
"""Microseconds since 1970 UTC."""
NameText = Annotated[str, Meta(min_length=1, max_length=255)]


class Record(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Base of all records. Subclasses give `tag="name1"`: the tag carries the version of the layout."""


R = TypeVar("R")
_encoder = msgspec.msgpack.Encoder()
_decoders: dict[Any, msgspec.msgpack.Decoder[Any]] = {}


def encode(record: Record) -> bytes:
    """The record's bytes: the tag, then the fields in order."""
    return _encoder.encode(record)


def decode(kind: type[R], data: bytes | memoryview, limit: int = 16 * 1024) -> R:
    """Read one record of `kind` (a record type, or a union of them) from exactly `data`.

    Raises Malformed if `data` is longer than `limit` bytes, is no msgpack, has surplus bytes or fields, or breaks a limit
    stated in the type. The error does not quote the data.
    """
    if len(data) > limit:
        raise Malformed(f"A record of {len(data)} bytes is larger than the {limit} allowed.")
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.msgpack.Decoder(kind)
    try:
        return decoder.decode(data)  # type: ignore[no-any-return]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # UnicodeDecodeError is a ValueError; a nesting bomb is a RecursionError; neither is a MsgspecError.
        # Their own texts can quote the data, so no traceback is to show them.
        raise Malformed("A record is not of the type it should be.") from None


class JsonRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of records kept as JSON. Fields stand in the order of the class; one with its default value is left out."""


J = TypeVar("J", bound=JsonRecord)
_json_encoder = msgspec.json.Encoder()
_json_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def encode_json(record: JsonRecord) -> bytes:
    """The record's one form: a line without spaces or line feed. Raises Malformed if a text in it is no UTF-8."""
    try:
        return _json_encoder.encode(record)
    except (msgspec.MsgspecError, ValueError, OverflowError):
        raise Malformed("A text is not valid UTF-8 and cannot be written down.") from None


def decode_json(kind: type[J], data: bytes, limit: int) -> J:
    """Read one record from exactly `data`, in whatever spacing and order a person or program wrote it.

    Raises Malformed, which does not quote the data, if it is longer than `limit` bytes, is no JSON, breaks a limit stated in
    the type, or has a field that is unknown or stands twice.
    """
    if len(data) > limit:
        raise Malformed(f"A record of {len(data)} bytes is larger than the {limit} allowed.")
    decoder = _json_decoders.get(kind)
    if decoder is None:
        decoder = _json_decoders[kind] = msgspec.json.Decoder(kind)
    try:
        record: J = decoder.decode(data)
        if _json_encoder.encode(record) != data:
            # Of two equal keys msgspec lets the last win, another reader may take the first. The one form has none; any other
            # is looked through, which is safe only now that its depth and size are known.
            json.loads(data, object_pairs_hook=_once_each)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        raise Malformed("A record is not of the type it should be.") from None
    return record


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError
    return fields


class ValueCodec(Generic[R]):
    """Values of one type to bytes and back. Dataclasses travel as maps by their fields' names and are made by their own
    constructor's rules (`__post_init__`); types are exact, nothing is converted. Fields not known are passed over.

    What msgspec does not know goes through the hooks: `plain` makes of such a value one that msgspec knows, or raises
    TypeError; `value` makes it of that again, for the type given, or raises ValueError, TypeError or a PkError.
    """

    __slots__ = ("_decoder", "_encoder", "_limit")

    def __init__(
        self, kind: Any, limit: int, plain: Callable[[Any], Any], value: Callable[[type[Any], Any], Any]
    ) -> None:
        """`limit`: bytes of a value that is still read. Raises TypeError if `kind` cannot travel."""
        self._encoder = msgspec.msgpack.Encoder(enc_hook=plain)
        self._decoder: msgspec.msgpack.Decoder[R] = msgspec.msgpack.Decoder(kind, dec_hook=value)
        self._limit = limit

    def encode(self, value: R) -> bytes:
        """Raises Malformed if it holds text that is no UTF-8, a number of more than 64 bits or a type that cannot travel. How
        large it may get is for the caller to say: the limit is the reader's."""
        try:
            return self._encoder.encode(value)
        except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError):
            raise Malformed("A value cannot be written down as it is.") from None

    def decode(self, raw: bytes | bytearray | memoryview) -> R:
        """Raises Malformed, which does not quote the bytes, if they are too many or not exactly one value of the type."""
        if len(raw) > self._limit:
            raise Malformed(f"A value of {len(raw)} bytes is larger than the {self._limit} allowed.")
        try:
            return self._decoder.decode(raw)
        except (msgspec.MsgspecError, ValueError, TypeError, RecursionError, PkError):
            raise Malformed("A value is not of the type it should be.") from None
