"""Typed records to bytes and back: strict, bounded, versioned.

A record is a msgspec struct written as a tagged msgpack array. Each type states its limits in its annotations; `decode`
caps the length first, then checks every field, and turns each way of failing into `Malformed`. Whoever signs a record
signs the bytes of `encode` and keeps them: signed bytes are stored and forwarded verbatim, never encoded again.

Why arrays: with maps msgspec lets the last of two equal keys win; arrays have no keys and refuse surplus fields.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec

from pk_tui.errors import Malformed

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
