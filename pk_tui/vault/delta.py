"""Git deltas of trees: a tree told as copies from its predecessor and insertions. Made here, applied here, bounded here.

A delta is two sizes (of base and target, 7 bits a byte, lowest first), then operations: copy (first byte over 0x7f, its low
bits say which bytes of offset and size follow) or insert (1 to 127 literal bytes). Applying looks at the promised size
before it takes memory and stops as soon as an operation goes beyond it, so a delta bomb costs what was sent.
"""

from __future__ import annotations

from collections.abc import Iterable

from pk_tui.errors import Malformed
from pk_tui.vault.objects import MAX_OBJECT

Operation = tuple[int, int] | bytes
"""Copy `(offset, size)` from the base, or insert these bytes."""


def make_delta(base_size: int, operations: Iterable[Operation]) -> bytes:
    """The delta that does `operations` one after the other on a base of `base_size` bytes."""
    target = 0
    parts: list[bytes] = []
    for operation in operations:
        if isinstance(operation, bytes):
            target += len(operation)
            parts.extend(
                bytes((len(operation[at : at + 127]),)) + operation[at : at + 127]
                for at in range(0, len(operation), 127)
            )
        elif operation[1]:
            target += operation[1]
            parts.append(_copy(*operation))
    return _varint(base_size) + _varint(target) + b"".join(parts)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _copy(offset: int, size: int) -> bytes:
    # Sizes have three bytes: enough, since no object is larger than 2 MiB.
    flags, follow = 0x80, bytearray()
    for bit in range(4):
        if byte := offset >> 8 * bit & 0xFF:
            flags |= 1 << bit
            follow.append(byte)
    if size != 0x10000:  # git writes 64 KiB as no size at all
        for bit in range(3):
            if byte := size >> 8 * bit & 0xFF:
                flags |= 0x10 << bit
                follow.append(byte)
    return bytes((flags,)) + follow


def _read_varint(delta: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(delta) and shift <= 28:
        byte = delta[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
    raise Malformed("The sizes of a delta cannot be read.")


def target_size(delta: bytes) -> int:
    """Bytes that applying the delta promises to give. Nothing is applied."""
    return _read_varint(delta, _read_varint(delta, 0)[1])[0]


def apply_delta(base: bytes, delta: bytes) -> bytes:
    """The target. Raises Malformed for any other delta than one that fits `base` and keeps its promise, at most MAX_OBJECT."""
    base_size, at = _read_varint(delta, 0)
    promised, at = _read_varint(delta, at)
    if base_size != len(base):
        raise Malformed("A delta was made for another base.")
    if promised > MAX_OBJECT:
        raise Malformed(f"A delta promises more than {MAX_OBJECT} bytes.")
    out = bytearray()
    end = len(delta)
    while at < end:
        code = delta[at]
        at += 1
        if code > 0x7F:
            offset = size = 0
            for bit in range(4):
                if code & 1 << bit:
                    offset |= delta[at] << 8 * bit if at < end else 0
                    at += 1
            for bit in range(3):
                if code & 0x10 << bit:
                    size |= delta[at] << 8 * bit if at < end else 0
                    at += 1
            size = size or 0x10000
            if at > end or offset + size > base_size or len(out) + size > promised:
                raise Malformed("A delta copies what is not there.")
            out += base[offset : offset + size]
        elif code and at + code <= end and len(out) + code <= promised:
            out += delta[at : at + code]
            at += code
        else:
            raise Malformed("A delta has an operation that is cut off, empty or too large.")
    if len(out) != promised:
        raise Malformed("A delta does not give what it promises.")
    return bytes(out)
